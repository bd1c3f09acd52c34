//! A picture of a state machine: boxes from the top down, as text for a terminal, as SVG, as Mermaid.
//!
//! A machine becomes a [`Graph`], the graph a [`Scene`] of boxes and lines in whole units (characters or pixels), and the
//! scene lines of text or a drawing. How far an execution has come is given from outside, state by state.

mod graph;
mod label;
mod layers;
mod mermaid;
mod order;
mod place;
mod scene;
mod svg;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::Machine;

pub use graph::{Edge, EdgeKind, Graph, Node, NodeKind};
pub use scene::{Line, Metrics, PlacedBox, Rect, Scene};
pub use text::{Run, Tone};

/// How far each state of an execution has come, by the state's name; states that are not there were not reached.
pub type Progress = BTreeMap<String, Mark>;

/// How far a state has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its colour.
    pub status: Status,
    /// What is said below its name: `2 retries`, `12 of 50`.
    pub note: Option<String>,
}

/// The colours of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Blue: it works.
    InProgress,
    /// Green.
    Succeeded,
    /// Red.
    Failed,
    /// Orange: it failed, and a catcher took the error.
    Caught,
    /// Grey.
    Aborted,
}

impl Status {
    /// Each, with its name in classes and in words.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::InProgress, "in-progress"),
        (Self::Succeeded, "succeeded"),
        (Self::Failed, "failed"),
        (Self::Caught, "caught"),
        (Self::Aborted, "aborted"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or("", |(_, name)| name)
    }
}

/// How many layers all edges of a picture may cross together; nobody could follow the lines of a larger one.
const MOST_BENDS: usize = 50_000;

/// A machine whose picture nobody could read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine is too large for a picture")]
pub struct TooLarge;

/// The machine as lines of characters; `unicode` tells whether lines of boxes may be drawn.
///
/// # Errors
/// That it is too large.
pub fn as_text(machine: &Machine, progress: &Progress, unicode: bool) -> Result<Vec<Vec<Run>>, TooLarge> {
    let graph = drawable(machine)?;
    Ok(text::draw(&Scene::of(&graph, progress, &Metrics::characters()), unicode))
}

/// The machine as an SVG document.
///
/// # Errors
/// That it is too large.
pub fn as_svg(machine: &Machine, progress: &Progress, title: &str) -> Result<String, TooLarge> {
    let graph = drawable(machine)?;
    Ok(svg::draw(&Scene::of(&graph, progress, &Metrics::pixels()), title))
}

fn drawable(machine: &Machine) -> Result<Graph, TooLarge> {
    let graph = Graph::of(machine);
    if layers::bends(&graph) > MOST_BENDS { Err(TooLarge) } else { Ok(graph) }
}

/// The machine as a Mermaid flowchart.
pub fn as_mermaid(machine: &Machine, progress: &Progress) -> String {
    mermaid::draw(&Graph::of(machine), progress)
}
