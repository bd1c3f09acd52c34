//! What must happen to `ampup/stacks/` so that it holds a blueprint, without losing a hand edit.

use std::collections::BTreeMap;

use super::Blueprint;
use crate::manifest::FileChange;

/// What must happen to `ampup/stacks/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderPlan {
    /// Files to write, with what they hold now.
    pub writes: Vec<StackFile>,
    /// Files of ours that nothing needs any more.
    pub removals: Vec<StackFile>,
    /// Files that were edited by hand; they stay as they are.
    pub edited: Vec<StackFile>,
}

/// A file below `ampup/stacks/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackFile {
    /// Path relative to `ampup/stacks/`.
    pub path: String,
    /// What it holds now.
    pub before: Option<String>,
    /// What it should hold; `None` when it should go.
    pub after: Option<String>,
}

/// What must happen so that the files (`current`: path relative to `ampup/stacks/` to text) hold the blueprint.
pub fn render_plan(blueprint: &Blueprint, current: &BTreeMap<String, String>) -> RenderPlan {
    todo!()
}

impl RenderPlan {
    /// Nothing is to be done.
    pub fn is_fresh(&self) -> bool {
        self.writes.is_empty() && self.removals.is_empty() && self.edited.is_empty()
    }

    /// The error for hand edits (AMP0107), when there are any.
    pub fn refuse_edited(&self) -> Result<(), crate::error::Problems> {
        todo!()
    }

    /// Gives the hand edits up: they are overwritten.
    pub fn overwriting(self) -> Self {
        todo!()
    }

    /// The changes of files, for an `Edit`. Hand-edited files are left alone.
    pub fn file_changes(&self) -> Vec<FileChange> {
        todo!()
    }
}
