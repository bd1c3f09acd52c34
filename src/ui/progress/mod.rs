//! Progress: typed events become a tree, lines or JSON.
//!
//! One [`Board`] folds the events; tree and lines are views of it, so both are tested without a terminal.

mod board;
mod json;
mod lines;
mod tree;
mod words;

pub use board::{Board, ResourceLine, StackLine};
pub use lines::LineView;
pub use tree::view as tree_view;

use crate::base::{NullReporter, Reporter};

use super::style::Style;

/// How progress is shown on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressMode {
    /// A live tree.
    Tree,
    /// One line a fact.
    Lines,
    /// One JSON document a line.
    Json,
    /// Not at all.
    None,
}

/// Takes events in a mode.
pub(super) fn reporter(mode: ProgressMode, style: Style) -> Box<dyn Reporter> {
    match mode {
        ProgressMode::Tree => Box::new(tree::TreeReporter::new(style)),
        ProgressMode::Lines => Box::new(lines::LineReporter::new(style)),
        ProgressMode::Json => Box::new(json::JsonReporter),
        ProgressMode::None => Box::new(NullReporter),
    }
}
