//! Outputs of a deployed environment become the client configuration.

use std::path::PathBuf;

use serde::Serialize;

use super::place::Place;
use super::push::{client_config_text, write_client_files};
use super::{OperationError, Session};
use crate::base::{EnvName, ProjectName};
use crate::deploy::DeployError;
use crate::error::Failure;
use crate::project::Project;

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct PullReport {
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvName,
    /// The file.
    pub file: String,
}

/// Writes the client configuration of an environment, to `out` or to the place of the settings. Generated code is
/// brought up to date with the latter, as it belongs to the same front end.
pub async fn pull(
    session: &Session,
    project: &mut Project,
    environment: Option<&EnvName>,
    out: Option<PathBuf>,
) -> Result<PullReport, Failure> {
    let place = Place::open(session, project, environment).await?;
    let state = place.deployer(&*session.reporter).current(&place.stack).await?;
    let state = state.ok_or_else(|| DeployError::NotDeployed { stack: place.stack.clone() })?;
    let sources = project.sources()?;
    let file = match out {
        None => {
            let code = super::codegen::refresh(project, &sources)?;
            write_client_files(project, &place, &sources, &state.outputs, code)?
        }
        Some(path) => {
            let text = client_config_text(project, &place, &sources, &state.outputs)?;
            let shown = path.display().to_string();
            let failed = |source| OperationError::File { path: shown.clone(), action: "written", source };
            std::fs::write(&path, text).map_err(failed)?;
            shown
        }
    };
    let environment = place.environment.name.clone();
    place.close().await?;
    Ok(PullReport { project: project.manifest().name.clone(), environment, file })
}
