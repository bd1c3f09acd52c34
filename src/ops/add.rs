//! Adds a resource, or gives one other settings: manifest, the user's files and the rendered stacks, all or nothing.

use serde::Serialize;

use super::{OperationError, backend};
use crate::base::ResourceName;
use crate::category::{ResourceSpec, SourceFile};
use crate::error::Failure;
use crate::manifest::{Edit, Existing, FileChange, ManifestChange};
use crate::project::{Applied, Project};

/// A resource with its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddRequest {
    /// Its name.
    pub name: ResourceName,
    /// Its settings.
    pub spec: ResourceSpec,
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
pub struct AddReport {
    /// Its name.
    pub resource: ResourceName,
    /// `auth`, `api`, `hosting`.
    pub kind: &'static str,
    /// True when it was there before.
    pub updated: bool,
    /// Its settings now.
    pub settings: ResourceSpec,
    /// What happened to files.
    pub files: Applied,
}

/// Adds a resource.
pub fn add(project: &mut Project, request: &AddRequest) -> Result<AddReport, Failure> {
    let AddRequest { name, spec } = request;
    let resources = &project.manifest().resources;
    if resources.contains_key(name) {
        return Err(OperationError::ResourceExists(name.clone()).into());
    }
    // One user pool serves the whole project.
    let same = resources.iter().find(|(_, other)| other.kind() == "auth" && spec.kind() == "auth");
    if let Some((name, _)) = same {
        return Err(OperationError::KindExists { kind: "auth", name: name.clone() }.into());
    }
    let scaffold = spec.scaffold(name, &project.renderer()?).map_err(backend::problems)?;
    put(project, request, scaffold)
}

/// Gives a resource other settings.
pub fn update(project: &mut Project, request: &AddRequest) -> Result<AddReport, Failure> {
    backend::resource(project.manifest(), request.name.as_str())?;
    let mut report = put(project, request, Vec::new())?;
    report.updated = true;
    Ok(report)
}

fn put(project: &mut Project, request: &AddRequest, scaffold: Vec<SourceFile>) -> Result<AddReport, Failure> {
    let AddRequest { name, spec } = request;
    // A file that the user asked for by name must not lose silently to one that is there; a sample may.
    let asked = matches!(spec, ResourceSpec::Api(api) if api.initial_schema.is_some());
    let existing = if asked { Existing::Refuse } else { Existing::Keep };
    let sources = project.sources()?;
    let (kept, new): (Vec<_>, Vec<_>) =
        scaffold.into_iter().partition(|file| !asked && sources.text(&file.path).is_some());
    let mut manifest = project.manifest().clone();
    manifest.resources.insert(name.clone(), spec.clone());
    let backend = backend::assemble(project, &manifest, &new)?;
    backend.plan.refuse_edited()?;
    let mut files: Vec<FileChange> =
        new.into_iter().map(|SourceFile { path, text }| FileChange::Create { path, text, existing }).collect();
    files.extend(backend.plan.file_changes());
    let edit = Edit { manifest: vec![ManifestChange::PutResource(name.clone(), spec.clone())], files };
    let mut applied = project.apply(&edit)?;
    applied.kept.extend(kept.into_iter().map(|file| file.path));
    Ok(AddReport { resource: name.clone(), kind: spec.kind(), updated: false, settings: spec.clone(), files: applied })
}
