//! Tears an environment down: its sites are emptied, its stacks deleted.

use std::time::Instant;

use serde::Serialize;

use super::outputs::{RootOutputs, find};
use super::place::Place;
use super::{Session, elapsed_ms};
use crate::base::{EnvName, ProjectName};
use crate::category::ResourceSpec;
use crate::error::Failure;
use crate::project::Project;

/// What was deleted.
#[derive(Clone, Debug, Serialize)]
pub struct DeleteReport {
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvName,
    /// The root stack.
    pub stack: String,
    /// False when there was nothing to delete.
    pub deleted: bool,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Deletes everything that an environment has in its cloud. The environment stays in the manifest.
pub async fn delete(
    session: &Session,
    project: &Project,
    environment: Option<&EnvName>,
) -> Result<DeleteReport, Failure> {
    let began = Instant::now();
    let place = Place::open(session, project, environment).await?;
    let deployer = place.deployer(&*session.reporter);
    if let Some(state) = crate::deploy::StackApi::describe(deployer.stacks, place.stack.as_str()).await? {
        empty_sites(project, &place, &state.outputs).await?;
    }
    let deleted = deployer.remove(&place.stack).await?;
    let report = DeleteReport {
        project: project.manifest().name.clone(),
        environment: place.environment.name.clone(),
        stack: place.stack.to_string(),
        deleted,
        elapsed_ms: elapsed_ms(began),
    };
    place.close().await?;
    Ok(report)
}

/// CloudFormation does not delete a bucket that holds something.
async fn empty_sites(project: &Project, place: &Place, outputs: &RootOutputs) -> Result<(), Failure> {
    for (name, spec) in &project.manifest().resources {
        if !matches!(spec, ResourceSpec::Hosting(_)) {
            continue;
        }
        let Ok(bucket) = find(outputs, name, "BucketName") else { continue };
        let objects = place.bucket(bucket);
        let keys = objects.list().await?;
        if !keys.is_empty() {
            objects.delete(keys).await?;
        }
    }
    Ok(())
}
