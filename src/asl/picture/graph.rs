//! A machine as nodes and edges, branches inside their states.

use super::label;
use crate::asl::{Branch, Machine, State, Target, Transition};

/// The states of a branch and how they lead to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The nodes; the first is where the branch begins.
    pub nodes: Vec<Node>,
    /// The edges between them, in the order of the definition.
    pub edges: Vec<Edge>,
}

/// A node of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The state's name; `Start` and `End` for the circles.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Edges that lead back to the node itself, by their labels.
    pub loops: Vec<String>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// The circle above.
    Start,
    /// The circle below.
    End,
    /// A state of a kind.
    State(&'static str),
    /// A state with branches in it.
    Container(&'static str, Vec<Graph>),
}

/// An edge of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it begins, by position.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// What it stands for.
    pub kind: EdgeKind,
    /// What is written beside it.
    pub label: Option<String>,
}

/// What an edge stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// `Next`, or from and to a circle.
    Next,
    /// A rule of a Choice state.
    Rule,
    /// `Default` of a Choice state.
    Default,
    /// A catcher.
    Catch,
}

impl Graph {
    /// The graph of a machine, between its circles.
    pub fn of(machine: &Machine) -> Self {
        let mut graph = Self::default();
        graph.nodes.push(Node::circle("Start", NodeKind::Start));
        graph.branch(&machine.root);
        let end = graph.nodes.len();
        graph.nodes.push(Node::circle("End", NodeKind::End));
        graph.edge(0, graph.position(&machine.root, &machine.root.start, 1), EdgeKind::Next, None);
        for (index, state) in machine.root.states.values().enumerate() {
            if ends(state) {
                graph.edge(index + 1, Some(end), EdgeKind::Next, None);
            }
        }
        graph
    }

    /// The graph of a branch inside a state.
    fn inner(branch: &Branch) -> Self {
        let mut graph = Self::default();
        graph.branch(branch);
        graph
    }

    fn branch(&mut self, branch: &Branch) {
        let first = self.nodes.len();
        for (name, state) in &branch.states {
            let kind = match state.branches() {
                [] => NodeKind::State(state.kind()),
                inner => NodeKind::Container(state.kind(), inner.iter().map(Self::inner).collect()),
            };
            self.nodes.push(Node { name: name.to_string(), kind, loops: Vec::new() });
        }
        for (index, state) in branch.states.values().enumerate() {
            let from = first + index;
            if let Some(Transition::Next(target)) = state.transition() {
                self.edge(from, self.position(branch, target, first), EdgeKind::Next, None);
            }
            if let State::Choice(choice) = state {
                for rule in &choice.rules {
                    let label = label::condition(&rule.condition);
                    self.edge(from, self.position(branch, &rule.next, first), EdgeKind::Rule, Some(label));
                }
                if let Some(default) = &choice.default {
                    let label = Some("Default".to_owned());
                    self.edge(from, self.position(branch, default, first), EdgeKind::Default, label);
                }
            }
            for (number, catcher) in state.catchers().iter().enumerate() {
                let label = Some(format!("Catch #{}", number + 1));
                self.edge(from, self.position(branch, &catcher.next, first), EdgeKind::Catch, label);
            }
        }
    }

    fn position(&self, branch: &Branch, target: &Target, first: usize) -> Option<usize> {
        let index = target.index.or_else(|| branch.states.get_index_of(&target.name))?;
        Some(first + index).filter(|position| *position < self.nodes.len())
    }

    fn edge(&mut self, from: usize, to: Option<usize>, kind: EdgeKind, label: Option<String>) {
        match to {
            Some(to) if to == from => self.nodes[from].loops.push(label.unwrap_or_default()),
            Some(to) => self.edges.push(Edge { from, to, kind, label }),
            None => {}
        }
    }
}

impl Node {
    fn circle(name: &str, kind: NodeKind) -> Self {
        Self { name: name.to_owned(), kind, loops: Vec::new() }
    }
}

/// Whether the machine ends with a state.
fn ends(state: &State) -> bool {
    matches!(state, State::Succeed(_) | State::Fail(_)) || state.transition() == Some(&Transition::End)
}
