//! The environments of a project: list, add, use, remove.

use serde::Serialize;

use super::OperationError;
use crate::base::{EnvName, Target};
use crate::error::Failure;
use crate::manifest::{Edit, ManifestChange};
use crate::project::{Project, ProjectError};

/// One environment.
#[derive(Clone, Debug, Serialize)]
pub struct EnvironmentLine {
    /// Its name.
    pub name: EnvName,
    /// Where it lives.
    pub target: Target,
    /// It is the one in use on this computer.
    pub current: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentAction {
    /// Nothing.
    Listed,
    /// One was added.
    Added,
    /// Another one is in use.
    Switched,
    /// One was taken out.
    Removed,
}

/// The environments after it.
#[derive(Clone, Debug, Serialize)]
pub struct EnvironmentReport {
    /// What was done.
    pub action: EnvironmentAction,
    /// To which.
    pub environment: Option<EnvName>,
    /// All of them.
    pub environments: Vec<EnvironmentLine>,
}

/// All environments.
pub fn list(project: &Project) -> EnvironmentReport {
    report(project, EnvironmentAction::Listed, None)
}

/// Adds one.
pub fn add(project: &mut Project, name: &EnvName, target: &Target) -> Result<EnvironmentReport, Failure> {
    if project.manifest().environments.contains_key(name) {
        return Err(OperationError::EnvironmentExists(name.clone()).into());
    }
    change(project, ManifestChange::PutEnvironment(name.clone(), target.clone()))?;
    Ok(report(project, EnvironmentAction::Added, Some(name)))
}

/// Makes one the one in use on this computer.
pub fn switch(project: &Project, name: &EnvName) -> Result<EnvironmentReport, Failure> {
    project.environment(Some(name))?;
    project.use_environment(name)?;
    Ok(report(project, EnvironmentAction::Switched, Some(name)))
}

/// Takes one out of the manifest. What is deployed stays: `delete` tears it down.
pub fn remove(project: &mut Project, name: &EnvName) -> Result<EnvironmentReport, Failure> {
    project.environment(Some(name))?;
    if project.manifest().environments.len() == 1 {
        return Err(ProjectError::NoEnvironments.into());
    }
    change(project, ManifestChange::RemoveEnvironment(name.clone()))?;
    Ok(report(project, EnvironmentAction::Removed, Some(name)))
}

fn change(project: &mut Project, change: ManifestChange) -> Result<(), Failure> {
    project.apply(&Edit { manifest: vec![change], files: Vec::new() })?;
    Ok(())
}

fn report(project: &Project, action: EnvironmentAction, environment: Option<&EnvName>) -> EnvironmentReport {
    // A project whose environment in use was removed has none in use.
    let current = project.environment(None).ok().map(|current| current.name);
    let environments = project.manifest().environments.iter().map(|(name, target)| EnvironmentLine {
        current: current.as_ref() == Some(name),
        name: name.clone(),
        target: target.clone(),
    });
    EnvironmentReport { action, environment: environment.cloned(), environments: environments.collect() }
}
