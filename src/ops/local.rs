//! The embedded cloud for an operation: the one that runs already, or one for the length of the command.

use std::sync::Arc;

use super::Session;
use crate::base::{Endpoint, Event, Note, Region, Step};
use crate::cloud::{Cloud, CloudConfig, CloudError, RunningCloud};
use crate::deploy::wire::Wire;
use crate::error::Failure;
use crate::project::Project;

/// The port when none is named.
pub(super) const DEFAULT_PORT: u16 = 4700;
/// Where a cloud of ours says that it is well.
const HEALTH: &str = "/_ampup/health";

/// Which port a cloud listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// This one and no other.
    Exactly(u16),
    /// The usual one, or any when that is taken.
    Usual,
}

/// A cloud that an operation may talk to.
pub(super) struct LocalCloud {
    pub(super) endpoint: Endpoint,
    pub(super) running: Option<RunningCloud>,
}

/// The cloud of a running `ampup dev` of this project, or one started now.
pub(super) async fn find_or_start(
    session: &Session,
    project: &Project,
    region: &Region,
) -> Result<LocalCloud, Failure> {
    if let Some(endpoint) = find(project).await? {
        let note = Note::UsingRunningCloud { address: endpoint.to_string() };
        session.reporter.report(Event::Noted { note });
        return Ok(LocalCloud { endpoint, running: None });
    }
    let running = start(session, project, region, Port::Usual).await?;
    Ok(LocalCloud { endpoint: running.endpoint(), running: Some(running) })
}

/// The cloud of a running `ampup dev`, when it answers. A file left by a killed one names an address where nobody, or
/// somebody else, listens.
pub(super) async fn find(project: &Project) -> Result<Option<Endpoint>, Failure> {
    let Some(address) = project.cloud_address()? else { return Ok(None) };
    let Ok(endpoint) = Endpoint::new(address.trim()) else { return Ok(None) };
    let healthy = Wire::default().get(&endpoint, HEALTH).await.is_ok_and(|answer| answer.status == 200);
    Ok(healthy.then_some(endpoint))
}

/// Starts a cloud on the project's state.
pub(super) async fn start(
    session: &Session,
    project: &Project,
    region: &Region,
    port: Port,
) -> Result<RunningCloud, Failure> {
    let state = project.cloud_folder()?;
    let config = |port| CloudConfig {
        port,
        state: Some(state.clone()),
        region: region.clone(),
        clock: Arc::clone(&session.clock),
        ids: Arc::clone(&session.ids),
        root_key: None,
        endpoints: session.endpoints.clone(),
    };
    let starting = async {
        let started = match port {
            Port::Exactly(port) => Cloud::start(config(port)).await,
            Port::Usual => match Cloud::start(config(DEFAULT_PORT)).await {
                Err(CloudError::PortInUse { .. }) => Cloud::start(config(0)).await,
                other => other,
            },
        };
        Ok(started?)
    };
    session.step_async(Step::StartCloud, starting, |cloud: &RunningCloud| cloud.endpoint().to_string()).await
}
