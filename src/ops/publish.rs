//! The front end to its hosting: build it, push the backend, upload what changed.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use bytes::Bytes;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::outputs::{RootOutputs, find, site_url};
use super::place::Place;
use super::push::client_config_text;
use super::{OperationError, Session, elapsed_ms};
use crate::base::{EnvName, Event, Note, ProjectName, ResourceName, Step};
use crate::category::{HostingSpec, ResourceSpec, Sources};
use crate::deploy::publish::{Published, publish as upload, read_site};
use crate::error::Failure;
use crate::project::Project;

/// The file that sits beside the site, so that it knows its backend.
const CLIENT_CONFIG: &str = "amplify_outputs.json";

/// What is published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishRequest {
    /// The hosting resource, when there are several.
    pub name: Option<ResourceName>,
    /// Another folder than the setting's.
    pub source: Option<PathBuf>,
    /// Run the build command.
    pub build: bool,
}

/// What publishing did.
#[derive(Clone, Debug, Serialize)]
pub struct PublishReport {
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvName,
    /// The hosting resource.
    pub resource: ResourceName,
    /// Where the site is.
    pub url: String,
    /// What happened to files.
    #[serde(flatten)]
    pub files: Published,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// The hosting resource that is meant.
pub fn hosting<'a>(
    project: &'a Project,
    wanted: Option<&ResourceName>,
) -> Result<(&'a ResourceName, &'a HostingSpec), Failure> {
    if let Some(wanted) = wanted {
        super::backend::resource(project.manifest(), wanted.as_str())?;
    }
    let all = project.manifest().resources.iter().filter_map(|(name, spec)| match spec {
        ResourceSpec::Hosting(spec) => Some((name, spec)),
        _ => None,
    });
    let all: Vec<_> = all.filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name)).collect();
    match all[..] {
        [one] => Ok(one),
        [] => Err(OperationError::NoneOfKind { kind: "hosting" }.into()),
        _ => {
            let names = all.iter().map(|(name, _)| name.to_string()).collect();
            Err(OperationError::Several { kind: "hosting", names }.into())
        }
    }
}

/// Runs the build command of a site, its output as notes.
pub async fn build(session: &Session, project: &Project, request: &PublishRequest) -> Result<(), Failure> {
    let (_, spec) = hosting(project, request.name.as_ref())?;
    let Some(command) = spec.build.clone().filter(|_| request.build) else { return Ok(()) };
    let running = async {
        let failed = |how: String| OperationError::Build { command: command.clone(), how };
        let mut child = tokio::process::Command::new("sh")
            .args(["-c", &command])
            .current_dir(project.root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(format!("could not be started: {error}")))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        tokio::join!(tell(session, out), tell(session, err));
        let status = child.wait().await.map_err(|error| failed(error.to_string()))?;
        if status.success() { Ok(()) } else { Err(failed(format!("ended with {status}")).into()) }
    };
    session.step_async(Step::Build, running, |()| String::new()).await
}

async fn tell(session: &Session, stream: Option<impl AsyncRead + Unpin>) {
    let Some(stream) = stream else { return };
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        session.reporter.report(Event::Noted { note: Note::Output { line } });
    }
}

/// Uploads a site to an environment whose backend is deployed.
pub async fn publish(
    session: &Session,
    project: &Project,
    place: &Place,
    request: &PublishRequest,
) -> Result<PublishReport, Failure> {
    let began = Instant::now();
    let state = place.deployer(&*session.reporter).current(&place.stack).await?;
    let Some(state) = state else {
        return Err(crate::deploy::DeployError::NotDeployed { stack: place.stack.clone() }.into());
    };
    let sources = project.sources()?;
    publish_to(session, project, place, request, (&sources, &state.outputs), began).await
}

/// The same, with outputs that are known.
pub(super) async fn publish_to(
    session: &Session,
    project: &Project,
    place: &Place,
    request: &PublishRequest,
    (sources, outputs): (&Sources, &RootOutputs),
    began: Instant,
) -> Result<PublishReport, Failure> {
    let (name, spec) = hosting(project, request.name.as_ref())?;
    let folder = request.source.clone().unwrap_or_else(|| project.root().join(&spec.source));
    let bucket = place.bucket(find(outputs, name, "BucketName")?);
    let url = site_url(find(outputs, name, "DomainName")?);
    let publishing = async {
        let mut site = read_site(&folder)?;
        let config = client_config_text(project, place, sources, outputs)?;
        site.insert(CLIENT_CONFIG.to_owned(), Bytes::from(config));
        Ok(upload(&bucket, &site, &*session.reporter).await?)
    };
    let facts = |done: &Published| format!("{} new, {} removed", done.uploaded.len(), done.removed.len());
    let files = session.step_async(Step::Publish, publishing, facts).await?;
    Ok(PublishReport {
        project: project.manifest().name.clone(),
        environment: place.environment.name.clone(),
        resource: name.clone(),
        url,
        files,
        elapsed_ms: elapsed_ms(began),
    })
}
