//! A graph with a place for everything: boxes, lines and their labels, in whole units.

use super::graph::{EdgeKind, Graph, Node, NodeKind};
use super::layers::{Layers, layers};
use super::order::order;
use super::place::place;
use super::{Mark, Progress};

/// How large things are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Metrics {
    /// The width of a character, and the height of a line of text.
    pub character: i32,
    /// The height of a line of text.
    pub line: i32,
    /// What is left free in a box, beside its text.
    pub padding: i32,
    /// The height of a box with one line.
    pub box_height: i32,
    /// Width and height of a circle.
    pub circle: (i32, i32),
    /// What is left free between neighbours.
    pub gap: i32,
    /// What is left free between layers.
    pub layer_gap: i32,
    /// What is left free inside a container, at its sides and below; above, its title has its height besides.
    pub inset: i32,
    /// The height of a container's title.
    pub title: i32,
    /// Whether lines go by rows and columns.
    pub orthogonal: bool,
}

impl Metrics {
    /// In characters of a terminal.
    pub fn characters() -> Self {
        Self {
            character: 1,
            line: 1,
            padding: 2,
            box_height: 3,
            circle: (9, 1),
            gap: 3,
            layer_gap: 1,
            inset: 2,
            title: 1,
            orthogonal: true,
        }
    }

    /// In pixels, for texts of 13 pixels.
    pub fn pixels() -> Self {
        Self {
            character: 8,
            line: 18,
            padding: 18,
            box_height: 48,
            circle: (56, 56),
            gap: 32,
            layer_gap: 40,
            inset: 20,
            title: 30,
            orthogonal: false,
        }
    }

    fn width_of(&self, text: &str) -> i32 {
        i32::try_from(text.chars().map(|c| if u32::from(c) >= 0x1100 { 2 } else { 1 }).sum::<usize>())
            .unwrap_or(i32::MAX / 64)
            .min(10_000)
            * self.character
    }
}

/// A rectangle; `x` and `y` are its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
    /// Its width.
    pub width: i32,
    /// Its height.
    pub height: i32,
}

/// A box with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedBox {
    /// Its place.
    pub rect: Rect,
    /// The node, without the branches inside it.
    pub name: String,
    /// What it is: `Start`, `End`, or the state's kind.
    pub kind: &'static str,
    /// Whether other boxes stand in it.
    pub contains: bool,
    /// What leads back to it at once.
    pub loops: Vec<String>,
    /// How far it has come.
    pub mark: Option<Mark>,
}

/// A line with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its points, from where it begins to where its arrow is.
    pub points: Vec<(i32, i32)>,
    /// What it stands for.
    pub kind: EdgeKind,
    /// What is written at it, and where.
    pub label: Option<(String, Rect)>,
}

/// Everything with its place; what contains comes before what is inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// How wide it is.
    pub width: i32,
    /// How high it is.
    pub height: i32,
    /// The boxes.
    pub boxes: Vec<PlacedBox>,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Scene {
    /// Gives everything in a graph its place.
    pub fn of(graph: &Graph, progress: &Progress, metrics: &Metrics) -> Self {
        let inner: Vec<Self> = graph.nodes.iter().map(|node| inside(node, progress, metrics)).collect();
        let size = |index: usize| size_of(&graph.nodes[index], &inner[index], progress, metrics);
        let label = |number: usize| {
            let text = graph.edges[number].label.as_deref().unwrap_or_default();
            (metrics.width_of(text) + metrics.character * 2, metrics.line)
        };
        let mut layered = layers(graph, &size, &label);
        order(&mut layered);
        place(&mut layered, metrics.gap);
        let rows = Rows::of(&layered, metrics);
        let mut scene = Self { width: 0, height: rows.height, ..Self::default() };
        for (item, node, content) in layered.items.iter().zip(&graph.nodes).zip(inner).map(|((i, n), c)| (i, n, c)) {
            let left = whole(item.x) - item.width / 2;
            let top = rows.tops[item.layer] + (rows.heights[item.layer] - item.height) / 2;
            let rect = Rect { x: left, y: top, width: item.width, height: item.height };
            scene.width = scene.width.max(left + item.width);
            scene.boxes.push(placed(node, rect, progress));
            let spare = (item.width - content.width) / 2;
            scene.take(content, left + spare.max(0), top + metrics.title);
        }
        for (number, edge) in graph.edges.iter().enumerate() {
            let points = rows.line(&layered, number, metrics);
            let label =
                layered.chains[number].iter().find(|item| layered.items[**item].labels == Some(number)).map(|at| {
                    let item = &layered.items[*at];
                    let top = rows.tops[item.layer] + (rows.heights[item.layer] - item.height) / 2;
                    let rect =
                        Rect { x: whole(item.x) - item.width / 2, y: top, width: item.width, height: item.height };
                    (edge.label.clone().unwrap_or_default(), rect)
                });
            let right =
                label.iter().map(|(_, rect)| rect.x + rect.width).chain(points.iter().map(|(x, _)| x + 1)).max();
            scene.width = scene.width.max(right.unwrap_or(0));
            scene.lines.push(Line { points, kind: edge.kind, label });
        }
        scene
    }

    /// Takes in what stands inside one of its boxes.
    fn take(&mut self, inner: Self, x: i32, y: i32) {
        for mut found in inner.boxes {
            found.rect.x += x;
            found.rect.y += y;
            self.boxes.push(found);
        }
        for mut line in inner.lines {
            line.points.iter_mut().for_each(|point| *point = (point.0 + x, point.1 + y));
            if let Some((_, rect)) = &mut line.label {
                rect.x += x;
                rect.y += y;
            }
            self.lines.push(line);
        }
    }
}

/// The branches of a state, side by side, inside its frame.
fn inside(node: &Node, progress: &Progress, metrics: &Metrics) -> Scene {
    let NodeKind::Container(_, branches) = &node.kind else { return Scene::default() };
    let mut whole = Scene::default();
    let mut x = metrics.inset;
    for branch in branches {
        let scene = Scene::of(branch, progress, metrics);
        let (width, height) = (scene.width, scene.height);
        whole.take(scene, x, 0);
        x += width + metrics.gap;
        whole.height = whole.height.max(height);
    }
    whole.width = x - metrics.gap + metrics.inset;
    whole.height += metrics.inset / 2;
    whole
}

fn size_of(node: &Node, inner: &Scene, progress: &Progress, metrics: &Metrics) -> (i32, i32) {
    let mark = progress.get(&node.name).and_then(|mark| mark.note.as_deref());
    let text = |text: &str| metrics.width_of(text) + 2 * metrics.padding;
    let notes = mark.into_iter().map(str::to_owned).chain(loops(&node.loops));
    let widest = notes.map(|note| text(&note)).max().unwrap_or(0);
    match &node.kind {
        NodeKind::Start | NodeKind::End => metrics.circle,
        NodeKind::State(kind) => {
            let lines = i32::try_from(usize::from(mark.is_some()) + usize::from(!node.loops.is_empty())).unwrap_or(0);
            let width = text(&node.name).max(text(kind) + 2 * metrics.character).max(widest);
            (width, metrics.box_height + lines * metrics.line)
        }
        NodeKind::Container(kind, _) => {
            let title = metrics.width_of(&node.name) + metrics.width_of(kind) + 4 * metrics.character;
            let width = (title + 2 * metrics.padding).max(inner.width).max(widest);
            (width, inner.height + metrics.title + metrics.inset / 2)
        }
    }
}

/// The edges that lead back at once, as one line.
pub(super) fn loops(labels: &[String]) -> Option<String> {
    let named: Vec<&str> = labels.iter().map(String::as_str).filter(|label| !label.is_empty()).collect();
    match labels {
        [] => None,
        _ if named.is_empty() => Some("again".to_owned()),
        _ => Some(format!("again: {}", named.join(", "))),
    }
}

fn placed(node: &Node, rect: Rect, progress: &Progress) -> PlacedBox {
    let kind = match &node.kind {
        NodeKind::Start => "Start",
        NodeKind::End => "End",
        NodeKind::State(kind) | NodeKind::Container(kind, _) => kind,
    };
    PlacedBox {
        rect,
        name: node.name.clone(),
        kind,
        contains: matches!(node.kind, NodeKind::Container(..)),
        loops: node.loops.clone(),
        mark: match node.kind {
            NodeKind::Start | NodeKind::End => None,
            _ => progress.get(&node.name).cloned(),
        },
    }
}

/// The nearest whole unit; places are whole already.
#[expect(clippy::cast_possible_truncation, reason = "places are far below the limits of whole numbers")]
pub(super) fn whole(x: f64) -> i32 {
    x.round() as i32
}

/// Where the layers stand, and on which rows lines turn.
struct Rows {
    tops: Vec<i32>,
    heights: Vec<i32>,
    height: i32,
    /// The rows on which the lines from an item turn, below its layer: those that lead down, and those that lead up to it.
    turns: Vec<[i32; 2]>,
}

impl Rows {
    fn of(layers: &Layers, metrics: &Metrics) -> Self {
        let heights: Vec<i32> = layers
            .rows
            .iter()
            .map(|row| row.iter().map(|item| layers.items[*item].height).max().unwrap_or(0))
            .collect();
        let mut rows = Self { tops: Vec::new(), heights, height: 0, turns: vec![[0; 2]; layers.items.len()] };
        let mut stretches: Vec<Vec<Stretch>> = vec![Vec::new(); layers.rows.len()];
        for (chain, upward) in layers.chains.iter().zip(&layers.upward) {
            for pair in chain.windows(2) {
                let ends = (port(layers, pair[0], *upward), port(layers, pair[1], *upward));
                stretches[layers.items[pair[0]].layer].push((*upward, pair[0], ends));
            }
        }
        let mut top = 0;
        for (at, row) in layers.rows.iter().enumerate() {
            rows.tops.push(top);
            top += rows.heights[at];
            rows.height = top;
            let tracks = if metrics.orthogonal { turns(&stretches[at], &mut rows.turns) } else { 0 };
            let to_box =
                row.iter().flat_map(|item| &layers.below[*item]).any(|item| layers.items[*item].node.is_some());
            let from_box = row.iter().any(|item| layers.items[*item].node.is_some());
            let straight = i32::from(tracks == 0 && to_box && from_box && metrics.orthogonal);
            let arrow = if to_box || !metrics.orthogonal { metrics.layer_gap } else { 0 };
            top += (tracks + arrow + straight).max(metrics.line.min(metrics.layer_gap));
        }
        rows
    }

    /// The points of an edge, from where it begins.
    fn line(&self, layers: &Layers, number: usize, metrics: &Metrics) -> Vec<(i32, i32)> {
        let upward = layers.upward[number];
        let mut points: Vec<(i32, i32)> = Vec::new();
        for pair in layers.chains[number].windows(2) {
            let (upper, lower) = (&layers.items[pair[0]], &layers.items[pair[1]]);
            let (from, to) = (port(layers, pair[0], upward), port(layers, pair[1], upward));
            let above = self.tops[upper.layer] + self.heights[upper.layer];
            let bottom = match upper.node {
                Some(_) => self.tops[upper.layer] + i32::midpoint(self.heights[upper.layer], upper.height),
                None => above,
            };
            let top = match lower.node {
                Some(_) => self.tops[lower.layer] + (self.heights[lower.layer] - lower.height) / 2,
                None => self.tops[lower.layer],
            };
            points.push((from, bottom));
            if metrics.orthogonal && from != to {
                let turn = above + self.turns[pair[0]][usize::from(upward)];
                points.extend([(from, turn), (to, turn)]);
            }
            points.push((to, top));
        }
        if upward {
            points.reverse();
        }
        points
    }
}

/// Where a line leaves or enters an item: lines that lead up stand apart from those that lead down.
fn port(layers: &Layers, item: usize, upward: bool) -> i32 {
    let found = &layers.items[item];
    let aside = if upward && found.node.is_some() { (found.width / 4).max(1) } else { 0 };
    whole(found.x) + aside
}

/// A line between two layers: whether it leads up, the item above, and the places where it begins and ends.
type Stretch = (bool, usize, (i32, i32));

/// Gives the items of a row the rows below them on which their lines turn, and says how many there are. Lines of one item
/// share a row; those of two items share one where they do not meet.
fn turns(stretches: &[Stretch], turns: &mut [[i32; 2]]) -> i32 {
    let mut spans: std::collections::BTreeMap<(bool, usize), (i32, i32)> = std::collections::BTreeMap::new();
    for (upward, item, (from, to)) in stretches.iter().filter(|(.., (from, to))| from != to) {
        let span = spans.entry((*upward, *item)).or_insert((i32::MAX, i32::MIN));
        *span = (span.0.min(*from).min(*to), span.1.max(*from).max(*to));
    }
    let mut spans: Vec<(bool, i32, i32, usize)> =
        spans.into_iter().map(|((upward, item), (left, right))| (upward, left, right, item)).collect();
    spans.sort_unstable();
    let mut ends: Vec<i32> = Vec::new();
    let mut begun_upward = 0;
    for (upward, left, right, item) in spans {
        // Lines that lead up turn below those that lead down, so that the two are told apart.
        if upward && begun_upward == 0 {
            begun_upward = ends.len() + 1;
        }
        let first = begun_upward.saturating_sub(1);
        let free = ends.iter().skip(first).position(|end| *end < left).map(|at| at + first);
        let track = free.unwrap_or(ends.len());
        if track == ends.len() {
            ends.push(right);
        } else {
            ends[track] = right;
        }
        turns[item][usize::from(upward)] = i32::try_from(track).unwrap_or(0);
    }
    i32::try_from(ends.len()).unwrap_or(0)
}
