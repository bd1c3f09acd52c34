//! Brings `ampup/stacks/` to what the settings make, or says that it is not.

use serde::Serialize;

use super::{OperationError, backend};
use crate::blueprint::stacks::StackFile;
use crate::error::Failure;
use crate::manifest::Edit;
use crate::project::Project;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenderMode {
    /// Write what is stale; a hand edit stops it.
    Write,
    /// Write what is stale, hand edits as well.
    Overwrite,
    /// Write nothing, fail when something is stale.
    Check,
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
pub struct RenderReport {
    /// Only looked at.
    pub check: bool,
    /// Nothing had to be written.
    pub fresh: bool,
    /// Files that were written, or would be.
    pub written: Vec<String>,
    /// Files that were removed, or would be.
    pub removed: Vec<String>,
    /// Files beside the user's that were written with them, or would be, by path relative to the project.
    pub kept: Vec<String>,
    /// How many stacks there are, the root counted.
    pub stacks: usize,
    /// How many cloud resources are in them.
    pub resources: usize,
}

/// Renders.
pub fn render(project: &mut Project, mode: RenderMode) -> Result<RenderReport, Failure> {
    let manifest = project.manifest().clone();
    let backend = backend::assemble(project, &manifest, &[])?;
    let plan = if mode == RenderMode::Overwrite { backend.plan.overwriting() } else { backend.plan };
    plan.refuse_edited()?;
    let paths = |files: &[StackFile]| -> Vec<String> { files.iter().map(|file| file.path.clone()).collect() };
    let report = RenderReport {
        check: mode == RenderMode::Check,
        fresh: plan.is_fresh(),
        written: paths(&plan.writes),
        removed: paths(&plan.removals),
        kept: plan.kept.iter().map(|kept| kept.path.clone()).collect(),
        stacks: backend.blueprint.stack_count(),
        resources: backend.blueprint.resource_count(),
    };
    if mode != RenderMode::Check && !report.fresh {
        project.apply(&Edit { manifest: Vec::new(), files: plan.file_changes() })?;
    }
    Ok(report)
}

impl RenderReport {
    /// The error that says the same, for those who cannot go on with stale stacks.
    pub fn stale(&self) -> Option<OperationError> {
        let files: Vec<String> = self.written.iter().chain(&self.removed).chain(&self.kept).cloned().collect();
        (self.check && !self.fresh).then_some(OperationError::Stale { files })
    }
}
