//! The layers of a graph: each edge leads down, long edges get a bend in every layer that they cross.

use super::graph::{Graph, NodeKind};

/// What stands in a layer: a node, or the bend of an edge.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The node, when it is one.
    pub node: Option<usize>,
    /// The edge that is labelled here, when it is the bend with the label.
    pub labels: Option<usize>,
    pub layer: usize,
    pub width: i32,
    pub height: i32,
    /// The middle of it.
    pub x: f64,
}

/// A graph in layers.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    pub items: Vec<Item>,
    /// The items of each layer, from the left.
    pub rows: Vec<Vec<usize>>,
    /// The items that each edge passes, from the top.
    pub chains: Vec<Vec<usize>>,
    /// The edges that lead up.
    pub upward: Vec<bool>,
    /// The items above and below each item.
    pub above: Vec<Vec<usize>>,
    pub below: Vec<Vec<usize>>,
}

/// How many bends the edges of a graph have in all, those inside its states included.
pub(super) fn bends(graph: &Graph) -> usize {
    let upward = upward(graph);
    let layer = ranks(graph, &upward);
    let own: usize = graph.edges.iter().map(|edge| layer[edge.from].abs_diff(layer[edge.to])).sum();
    let inner = graph.nodes.iter().flat_map(|node| match &node.kind {
        NodeKind::Container(_, branches) => &branches[..],
        _ => &[],
    });
    own + inner.map(bends).sum::<usize>()
}

/// Puts a graph into layers. `size` tells how large a node is, `label` how large the label of an edge.
pub(super) fn layers(graph: &Graph, size: &dyn Fn(usize) -> (i32, i32), label: &dyn Fn(usize) -> (i32, i32)) -> Layers {
    let upward = upward(graph);
    let layer = ranks(graph, &upward);
    let mut found = Layers { upward, ..Layers::default() };
    for (index, layer) in layer.iter().enumerate() {
        let (width, height) = size(index);
        found.item(Item { node: Some(index), labels: None, layer: *layer, width, height, x: 0.0 });
    }
    for (number, edge) in graph.edges.iter().enumerate() {
        let (top, bottom) = if found.upward[number] { (edge.to, edge.from) } else { (edge.from, edge.to) };
        let mut chain = vec![top];
        let middle = usize::midpoint(layer[top], layer[bottom]).max(layer[top] + 1);
        // An edge that comes from above has its label near its beginning, where it is told from its siblings.
        let labelled = if found.upward[number] { middle } else { layer[top] + 1 };
        for at in layer[top] + 1..layer[bottom] {
            let has_label = edge.label.is_some() && at == labelled;
            let (width, height) = if has_label { label(number) } else { (1, 1) };
            let item = Item { node: None, labels: has_label.then_some(number), layer: at, width, height, x: 0.0 };
            chain.push(found.item(item));
        }
        chain.push(bottom);
        for pair in chain.windows(2) {
            found.below[pair[0]].push(pair[1]);
            found.above[pair[1]].push(pair[0]);
        }
        found.chains.push(chain);
    }
    found
}

impl Layers {
    fn item(&mut self, item: Item) -> usize {
        let index = self.items.len();
        if self.rows.len() <= item.layer {
            self.rows.resize(item.layer + 1, Vec::new());
        }
        self.rows[item.layer].push(index);
        self.items.push(item);
        self.above.push(Vec::new());
        self.below.push(Vec::new());
        index
    }
}

/// The edges that would close a circle, seen from the first node in the order of the definition.
fn upward(graph: &Graph) -> Vec<bool> {
    let mut outgoing = vec![Vec::new(); graph.nodes.len()];
    for (number, edge) in graph.edges.iter().enumerate() {
        outgoing[edge.from].push(number);
    }
    let mut upward = vec![false; graph.edges.len()];
    // 0: not seen, 1: on the way, 2: done.
    let mut seen = vec![0_u8; graph.nodes.len()];
    for root in 0..graph.nodes.len() {
        if seen[root] != 0 {
            continue;
        }
        let mut open = vec![(root, 0)];
        seen[root] = 1;
        while let Some((node, next)) = open.last_mut() {
            let Some(number) = outgoing[*node].get(*next).copied() else {
                seen[*node] = 2;
                open.pop();
                continue;
            };
            *next += 1;
            let to = graph.edges[number].to;
            match seen[to] {
                0 => {
                    seen[to] = 1;
                    open.push((to, 0));
                }
                1 => upward[number] = true,
                _ => {}
            }
        }
    }
    upward
}

/// The layer of each node: below everything that leads to it; labelled edges leave a layer for their label.
fn ranks(graph: &Graph, upward: &[bool]) -> Vec<usize> {
    let count = graph.nodes.len();
    let mut outgoing = vec![Vec::new(); count];
    let mut waiting = vec![0_usize; count];
    for (number, edge) in graph.edges.iter().enumerate() {
        let (top, bottom) = if upward[number] { (edge.to, edge.from) } else { (edge.from, edge.to) };
        let length = if edge.label.is_some() { 2 } else { 1 };
        outgoing[top].push((bottom, length));
        waiting[bottom] += 1;
    }
    let mut layer = vec![0; count];
    let mut ready: Vec<usize> = (0..count).filter(|node| waiting[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for (to, length) in &outgoing[node] {
            layer[*to] = layer[*to].max(layer[node] + length);
            waiting[*to] -= 1;
            if waiting[*to] == 0 {
                ready.push(*to);
            }
        }
    }
    layer
}
