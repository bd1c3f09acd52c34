//! The backend of a project, assembled from its files, with what that means for `ampup/stacks/`.

use crate::base::{ResourceName, Step};
use crate::blueprint::{self, Blueprint, RenderPlan};
use crate::category::{SourceFile, Sources};
use crate::error::{Failure, Problem, Problems};
use crate::manifest::Manifest;
use crate::project::Project;

use super::Session;

/// A backend and what it was made of.
#[derive(Debug)]
pub struct Backend {
    /// The user's files.
    pub sources: Sources,
    /// The stacks.
    pub blueprint: Blueprint,
    /// What must happen to `ampup/stacks/`.
    pub plan: RenderPlan,
}

/// Assembles the backend that a project has, or would have with another manifest and more files.
pub fn assemble(project: &Project, manifest: &Manifest, added: &[SourceFile]) -> Result<Backend, Failure> {
    let mut sources = project.sources()?;
    for file in added {
        sources.insert(file.path.clone(), file.text.clone());
    }
    let stacks = project.stacks()?;
    sources.set_rendered(stacks.keys().cloned());
    let render = project.renderer()?;
    let blueprint = blueprint::assemble(manifest, &sources, &render).map_err(problems)?;
    let plan = blueprint::render_plan(&blueprint, &stacks);
    Ok(Backend { sources, blueprint, plan })
}

/// Assembles what a project has and brings `ampup/stacks/` up to date; a hand edit there stops it.
pub fn render(session: &Session, project: &mut Project) -> Result<Backend, Failure> {
    let manifest = project.manifest().clone();
    if manifest.resources.is_empty() {
        return Err(super::OperationError::Empty.into());
    }
    let read = || assemble(project, &manifest, &[]);
    let backend = session.step(Step::CheckBlueprint, read, |backend| {
        let (resources, stacks) = (backend.blueprint.resource_count(), backend.blueprint.stack_count() - 1);
        format!("{resources} cloud resources in {stacks} stacks")
    })?;
    backend.plan.refuse_edited()?;
    if !backend.plan.is_fresh() {
        project.apply(&crate::manifest::Edit { manifest: Vec::new(), files: backend.plan.file_changes() })?;
    }
    Ok(backend)
}

/// Problems as the failure of an operation.
pub(super) fn problems(problems: Vec<Problem>) -> Failure {
    match Problems::some(problems) {
        Some(problems) => problems.into(),
        None => Problems::some(vec![Problem::new(crate::error::Code::AMP0901, "a check failed without a problem")])
            .expect("a list of one is not empty")
            .into(),
    }
}

/// The resource of a name.
pub fn resource(manifest: &Manifest, wanted: &str) -> Result<ResourceName, Failure> {
    let found = manifest.resources.keys().find(|name| name.as_str() == wanted);
    found.cloned().ok_or_else(|| {
        let known = manifest.resources.keys().map(ToString::to_string).collect();
        super::OperationError::NoResource { wanted: wanted.to_owned(), known }.into()
    })
}
