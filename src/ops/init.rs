//! Makes a project. Nothing is deployed.

use std::path::PathBuf;

use serde::Serialize;

use crate::base::{EnvName, ProjectName, Target};
use crate::error::Failure;
use crate::manifest::Manifest;
use crate::project::Project;

/// What is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitRequest {
    /// The folder, made when it is not there.
    pub folder: PathBuf,
    /// The name of the project.
    pub name: ProjectName,
    /// Its first environment.
    pub environment: EnvName,
    /// Where that lives.
    pub target: Target,
}

/// What was made.
#[derive(Clone, Debug, Serialize)]
pub struct InitReport {
    /// The name of the project.
    pub project: ProjectName,
    /// Its first environment.
    pub environment: EnvName,
    /// Where that lives.
    pub target: Target,
    /// Its folder.
    pub folder: String,
    /// Files that are new.
    pub created: Vec<String>,
    /// Files with new lines.
    pub updated: Vec<String>,
}

/// Makes a project.
pub fn init(request: &InitRequest) -> Result<InitReport, Failure> {
    let InitRequest { folder, name, environment, target } = request;
    let manifest = Manifest::new(name.clone(), environment.clone(), target.clone());
    let (project, applied) = Project::create(folder, &manifest)?;
    Ok(InitReport {
        project: name.clone(),
        environment: environment.clone(),
        target: target.clone(),
        folder: project.root().display().to_string(),
        created: applied.created,
        updated: applied.updated,
    })
}
