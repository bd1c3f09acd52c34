//! The local cloud with the project in it: start, push, watch the files, push again.
//!
//! A bad edit is told and the last good backend goes on serving. It ends when the caller stops waiting for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher};
use serde::Serialize;
use tokio::sync::{broadcast, mpsc};

use super::local::{DEFAULT_PORT, Port};
use super::outputs::{Address, RootOutputs};
use super::place::Place;
use super::push::PushReport;
use super::{OperationError, Session, backend, database, elapsed_ms, local, push, secret};
use crate::base::{Endpoint, EnvName, NullReporter, Target};
use crate::cloud::RunningCloud;

pub use crate::cloud::Happening;
use crate::error::{Code, Failure};
use crate::manifest::Environment;
use crate::project::Project;

/// Quiet time after a change before it is deployed: editors write a file in several steps.
const DEBOUNCE: Duration = Duration::from_millis(120);

/// How often to look whether the secrets that a push lacked have been set.
const SECRETS_PAUSE: Duration = Duration::from_millis(500);

/// Quiet time after the last happening was told: to be woken for each of thousands would cost their requests more than they
/// cost themselves.
const BREATH: Duration = Duration::from_millis(20);

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DevRequest {
    /// The environment; the one in use, or any local one, when absent.
    pub environment: Option<EnvName>,
    /// The port; the usual one when absent.
    pub port: Option<u16>,
    /// Begin with an empty cloud.
    pub fresh: bool,
}

/// What runs where.
#[derive(Clone, Debug, Serialize)]
pub struct DevBoard {
    /// The address of the cloud.
    pub endpoint: Endpoint,
    /// Its front page.
    pub studio: String,
    /// The environment.
    pub environment: EnvName,
    /// The addresses of what is deployed.
    pub addresses: Vec<Address>,
    /// The outputs of the root stack.
    pub outputs: RootOutputs,
    /// How long it took until the cloud answered, in milliseconds.
    pub cloud_ms: u64,
    /// How long it took until the backend was deployed, in milliseconds.
    pub deployed_ms: u64,
}

/// Something for the log of `dev`.
#[derive(Debug)]
pub enum DevEvent {
    /// Something happened in the cloud.
    Happening(Happening),
    /// Files changed and are deployed.
    Deployed {
        /// Which files, relative to the project.
        files: Vec<String>,
        /// What it did.
        report: Box<PushReport>,
    },
    /// Files changed and cannot be deployed; the last good backend goes on.
    Refused {
        /// Which files, relative to the project.
        files: Vec<String>,
        /// Why not.
        failure: Failure,
    },
}

/// A cloud with the project in it.
pub struct Dev {
    cloud: RunningCloud,
    project: Project,
    environment: Environment,
    /// What runs where.
    pub board: DevBoard,
    /// Why the first push failed, when it did: the cloud runs all the same, and a better edit mends it.
    pub refused: Option<Failure>,
    /// The last push lacked values of secrets, which somebody sets in another terminal.
    waits: bool,
}

impl std::fmt::Debug for Dev {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Dev").field("board", &self.board).finish_non_exhaustive()
    }
}

/// Starts the cloud and deploys the project into it.
pub async fn start(session: &Session, mut project: Project, request: &DevRequest) -> Result<Dev, Failure> {
    let began = Instant::now();
    let environment = local_environment(&project, request.environment.as_ref())?;
    if request.fresh {
        clear(&project.cloud_folder()?)?;
    }
    let port = Port::Exactly(request.port.unwrap_or(DEFAULT_PORT));
    let cloud = local::start(session, &project, environment.target.region(), port).await?;
    let endpoint = cloud.endpoint();
    project.set_cloud_address(Some(endpoint.as_str()))?;
    let cloud_ms = elapsed_ms(began);
    let pushed = deploy(session, &mut project, &environment, &endpoint).await;
    let (addresses, outputs, refused) = match pushed {
        Ok((report, _)) => (report.addresses, report.outputs, None),
        Err(failure) => (Vec::new(), RootOutputs::new(), Some(failure)),
    };
    let board = DevBoard {
        studio: format!("{endpoint}/"),
        environment: environment.name.clone(),
        endpoint,
        addresses,
        outputs,
        cloud_ms,
        deployed_ms: elapsed_ms(began),
    };
    let waits = refused.as_ref().is_some_and(lacks_secrets);
    Ok(Dev { cloud, project, environment, board, refused, waits })
}

/// The environment that `dev` runs: the wanted or current one when it is local, else the first local one.
fn local_environment(project: &Project, wanted: Option<&EnvName>) -> Result<Environment, Failure> {
    let is_local = |target: &Target| matches!(target, Target::Local { .. });
    let current = project.environment(wanted)?;
    if wanted.is_some() || is_local(&current.target) {
        return Ok(current);
    }
    let other = project.manifest().environments.iter().find(|(_, target)| is_local(target));
    Ok(other.map_or(current, |(name, target)| Environment { name: name.clone(), target: target.clone() }))
}

fn lacks_secrets(failure: &Failure) -> bool {
    failure.code() == Code::AMP0412
}

fn clear(folder: &Path) -> Result<(), Failure> {
    let failed = |source| OperationError::File { path: folder.display().to_string(), action: "removed", source };
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error).into()),
        _ => Ok(std::fs::create_dir_all(folder).map_err(failed)?),
    }
}

/// One push to the running cloud.
pub(super) async fn deploy(
    session: &Session,
    project: &mut Project,
    environment: &Environment,
    endpoint: &Endpoint,
) -> Result<(PushReport, Place), Failure> {
    let began = Instant::now();
    let backend = backend::render(session, project)?;
    database::check(session, project.manifest(), &backend, environment)?;
    let place = Place::connect(session, project, environment.clone(), Some(endpoint.clone())).await?;
    let prepared = push::prepare_at(session, project, backend, place, began).await?;
    prepared.execute_keeping(session, project).await
}

impl Dev {
    /// Where the project runs, reached anew.
    pub async fn place(&self, session: &Session) -> Result<Place, Failure> {
        let endpoint = Some(self.board.endpoint.clone());
        Place::connect(session, &self.project, self.environment.clone(), endpoint).await
    }

    /// The project that runs.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// Goes on: hands over what happens, and deploys what changes when `watch` is set. Ends only on failure.
    pub async fn run(&mut self, session: &Session, watch: bool, tell: &dyn Fn(DevEvent)) -> Result<(), Failure> {
        let mut feed = self.cloud.feed().listen();
        let (sender, mut changes) = mpsc::unbounded_channel();
        let _watcher = if watch { Some(watcher(self.project.root(), sender)?) } else { None };
        loop {
            tokio::select! {
                happening = feed.recv() => match happening {
                    Ok(happening) => {
                        tell(DevEvent::Happening(happening));
                        if feed.is_empty() {
                            tokio::time::sleep(BREATH).await;
                        }
                    }
                    // Too many to show: the newest are worth more than the lost ones.
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                },
                Some(first) = changes.recv(), if watch => {
                    let files = gather(first, &mut changes, self.project.root()).await;
                    if !files.is_empty() {
                        tell(self.again(session, files).await);
                    }
                }
                () = tokio::time::sleep(SECRETS_PAUSE), if self.waits => {
                    if self.has_secrets(session).await {
                        tell(self.again(session, vec!["secrets".to_owned()]).await);
                    }
                }
            }
        }
    }

    /// Whether the values that the last push lacked are there now.
    async fn has_secrets(&self, session: &Session) -> bool {
        let quiet = Session { reporter: Arc::new(NullReporter), ..session.clone() };
        let Ok(place) = self.place(&quiet).await else { return false };
        secret::missing(self.project.manifest(), &place).await.is_ok_and(|missing| missing.is_empty())
    }

    /// Reads the project anew and deploys it, quietly.
    async fn again(&mut self, session: &Session, files: Vec<String>) -> DevEvent {
        let quiet = Session { reporter: Arc::new(NullReporter), ..session.clone() };
        let result = match Project::discover(self.project.root()) {
            Err(failure) => Err(failure.into()),
            Ok(mut project) => {
                let result = deploy(&quiet, &mut project, &self.environment, &self.board.endpoint).await;
                self.project = project;
                result
            }
        };
        self.waits = result.as_ref().is_err_and(lacks_secrets);
        match result {
            Ok((report, _)) => DevEvent::Deployed { files, report: Box::new(report) },
            Err(failure) => DevEvent::Refused { files, failure },
        }
    }

    /// Stops the cloud.
    pub async fn stop(self) -> Result<(), Failure> {
        self.project.set_cloud_address(None)?;
        self.cloud.stop().await?;
        Ok(())
    }
}

fn watcher(root: &Path, sender: mpsc::UnboundedSender<PathBuf>) -> Result<notify::RecommendedWatcher, Failure> {
    let failed =
        |error: notify::Error| OperationError::Watch { path: root.display().to_string(), reason: error.to_string() };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if !matches!(event.kind, notify::EventKind::Access(_)) {
            for path in event.paths {
                // The receiver is gone when `dev` ends.
                let _ = sender.send(path);
            }
        }
    })
    .map_err(failed)?;
    // The root itself is watched flat for the manifest: front ends keep tens of thousands of files beside it.
    watcher.watch(root, RecursiveMode::NonRecursive).map_err(failed)?;
    let sources = root.join("ampup");
    if sources.is_dir() {
        watcher.watch(&sources, RecursiveMode::Recursive).map_err(failed)?;
    }
    Ok(watcher)
}

/// Collects changes until it is quiet; only those that make the backend another.
async fn gather(first: PathBuf, changes: &mut mpsc::UnboundedReceiver<PathBuf>, root: &Path) -> Vec<String> {
    let mut paths = vec![first];
    while let Ok(Some(path)) = tokio::time::timeout(DEBOUNCE, changes.recv()).await {
        paths.push(path);
    }
    let mut files: Vec<String> = paths.iter().filter_map(|path| relevant(path, root)).collect();
    files.sort();
    files.dedup();
    files
}

/// The path relative to the project, when the backend depends on it. What we render ourselves does not count.
fn relevant(path: &Path, root: &Path) -> Option<String> {
    let relative = path.strip_prefix(root).ok()?;
    let text = relative.to_str()?.replace('\\', "/");
    let name = relative.file_name()?.to_str()?;
    let is_scratch = name.starts_with('.')
        || name.ends_with('~')
        || relative.extension().is_some_and(|extension| extension == "swp")
        || name == "4913";
    // What interpreters and compilers leave beside the code, in the folder of a function.
    let is_trace = text.split('/').skip(3).any(|part| matches!(part, "__pycache__" | "target" | ".cache"));
    let is_ours = text.starts_with("ampup/stacks") || is_trace;
    let counts = text == crate::manifest::FILE || text.starts_with("ampup/");
    (counts && !is_ours && !is_scratch).then_some(text)
}
