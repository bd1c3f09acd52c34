//! The one port: accept, route, authenticate, call, answer.
//!
//! It listens on the loopback address only and has no way to listen elsewhere. Each connection is plain or TLS, as the
//! client begins it.

mod answer;
mod folder;
pub(in crate::cloud) mod origin;
mod route;
mod server;
mod socket;
mod tls;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::base::Endpoint;
use crate::error::{Code, Diagnose, Hint};

use super::config::{ACCOUNT_ID, CloudConfig};
use super::feed::Feed;
use super::lambda::Lambda;
use super::service::Shared;
use super::services::Services;
use super::store::disk::DiskStore;
use super::store::memory::MemoryStore;
use super::store::{Store, StoreError};
use folder::StateFolder;

/// How long requests in flight may take to end when the cloud stops.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// A cloud that is not running yet.
#[derive(Clone, Copy, Debug)]
pub struct Cloud;

/// A cloud that runs until it is stopped or dropped.
pub struct RunningCloud {
    /// Where it listens.
    pub address: SocketAddr,
    endpoint: Endpoint,
    feed: Feed,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    lambda: Arc<Lambda>,
    folder: StateFolder,
}

/// Why a cloud did not start or stop.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// Another program listens on the port.
    #[error("port {port} cannot be used: another program listens on it")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The state is damaged or may not be read.
    #[error("the state in {} cannot be opened: {reason}", path.display())]
    State {
        /// The folder.
        path: PathBuf,
        /// The system's or the store's words.
        reason: String,
    },
    /// Something else.
    #[error("the embedded cloud cannot {doing}: {reason}")]
    Failed {
        /// "listen on port 4700", "open its services".
        doing: String,
        /// The system's words.
        reason: String,
    },
    /// Another process has the state open.
    #[error("the state in {} cannot be opened: another cloud uses it", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
}

impl Diagnose for CloudError {
    fn code(&self) -> Code {
        match self {
            Self::PortInUse { .. } => Code::AMP0601,
            Self::State { .. } => Code::AMP0602,
            Self::Failed { .. } => Code::AMP0603,
            Self::Locked { .. } => Code::AMP0604,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::PortInUse { port } => {
                let next = port.checked_add(1).unwrap_or(4700);
                vec![Hint::new(format!("choose another port: `ampup dev --port {next}`"))]
            }
            Self::Locked { .. } => vec![Hint::new("stop the `ampup dev` that runs for this project")],
            Self::State { path, .. } => {
                vec![Hint::new(format!("delete `{}` to begin with an empty cloud", path.display()))]
            }
            Self::Failed { .. } => Vec::new(),
        }
    }
}

impl Cloud {
    /// Starts a cloud; when this returns, it answers.
    ///
    /// # Errors
    /// [`CloudError`] when the port or the state cannot be had.
    pub async fn start(config: CloudConfig) -> Result<RunningCloud, CloudError> {
        let folder = StateFolder::open(config.state.as_deref())?;
        let listeners = listen(config.port).await?;
        let address = listeners
            .first()
            .map(TcpListener::local_addr)
            .transpose()
            .map_err(|error| failed("learn its address", &error))?
            .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, config.port)));
        let store: Arc<dyn Store> = if config.state.is_some() {
            let opened = DiskStore::open(&folder.path.join("cloud.db"));
            Arc::new(opened.map_err(|error: StoreError| folder.damaged(&error))?)
        } else {
            Arc::new(MemoryStore::default())
        };
        let endpoint = Endpoint::new(format!("http://localhost:{}", address.port()))
            .map_err(|error| CloudError::Failed { doing: "name its address".to_owned(), reason: error.to_string() })?;
        let feed = Feed::default();
        let shared = Arc::new(Shared {
            store,
            clock: config.clock,
            ids: config.ids,
            region: config.region,
            account: ACCOUNT_ID,
            folder: folder.path.clone(),
            endpoint: endpoint.as_str().to_owned(),
            feed: feed.clone(),
            outside: config.endpoints,
        });
        let services = Services::open(shared, config.root_key).map_err(|error| folder.damaged(&error))?;
        services.lambda.resume();
        let lambda = Arc::clone(&services.lambda);
        let (stop, stopped) = watch::channel(false);
        let workers = services.work(&stopped);
        let gateway = Arc::new(server::Gateway::new(services, stopped.clone()));
        let acceptor = tls::Authority::open(&folder.path).and_then(tls::Authority::acceptor);
        let acceptor = acceptor.map_err(|error| folder.damaged(&error))?;
        let serve = |listener| {
            let listener = tls::Listener::new(listener, acceptor.clone());
            tokio::spawn(server::serve(listener, Arc::clone(&gateway), stopped.clone()))
        };
        let tasks = listeners.into_iter().map(serve).chain(workers).collect();
        Ok(RunningCloud { address, endpoint, feed, stop, tasks, lambda, folder })
    }
}

impl RunningCloud {
    /// The address for clients: `http://localhost:4700`.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// What happens in the cloud.
    pub fn feed(&self) -> Feed {
        self.feed.clone()
    }

    /// Stops: no new requests, those in flight end, state is released.
    ///
    /// # Errors
    /// [`CloudError::Failed`] when the temporary folder of a cloud without state cannot be removed.
    pub async fn stop(self) -> Result<(), CloudError> {
        let Self { stop, tasks, lambda, folder, .. } = self;
        // Nobody listening means that the servers have ended already.
        let _ = stop.send(true);
        for task in tasks {
            let abort = task.abort_handle();
            if tokio::time::timeout(STOP_LIMIT, task).await.is_err() {
                abort.abort();
            }
        }
        lambda.stop().await;
        // The last one to let go of it ends what watches over its processes.
        drop(lambda);
        folder.close()
    }
}

impl std::fmt::Debug for RunningCloud {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RunningCloud").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Listens on the loopback addresses of both families, IPv6 where the system has it.
async fn listen(port: u16) -> Result<Vec<TcpListener>, CloudError> {
    let refused = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => CloudError::PortInUse { port },
        _ => failed(&format!("listen on port {port}"), &error),
    };
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
    let port = first.local_addr().map_err(refused)?.port();
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(second) => Ok(vec![first, second]),
        // `localhost` may mean either address: half a port would send some clients to a stranger.
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(CloudError::PortInUse { port }),
        Err(_) => Ok(vec![first]),
    }
}

fn failed(doing: &str, error: &std::io::Error) -> CloudError {
    CloudError::Failed { doing: doing.to_owned(), reason: error.to_string() }
}
