//! What functions are and how they run; no HTTP, no CloudFormation.

mod code;
mod destinations;
mod events;
mod functions;
mod interpreters;
mod invocation;
mod journal;
mod layers;
mod mapping_queue;
mod mapping_record;
mod mapping_stream;
mod mappings;
mod names;
mod output;
mod policy;
mod pool;
mod process;
mod record;
mod runtime_api;
mod settings;
mod urls;
mod versions;
mod warden;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use super::Outlet;
use crate::cloud::dynamodb::DynamoDb;
use crate::cloud::iam::Iam;
use crate::cloud::logs::Logs;
use crate::cloud::s3::S3;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::sqs::Sqs;
use crate::cloud::store::Table;

pub(super) use code::inline;
pub(super) use destinations::EventConfig;
pub(super) use interpreters::{Family, Interpreters};
pub use interpreters::{InterpreterFound, find_interpreters};
pub(super) use invocation::Event;
pub(in crate::cloud) use invocation::Invocation;
pub(super) use layers::{LayerVersion, layer_arn};
pub(super) use mappings::Mapping;
pub(super) use names::{LATEST, Named};
pub(super) use policy::{add_statement, admits, parsed, remove_statement, statement};
pub(super) use record::{Code, Function};
pub(super) use settings::{Settings, invalid};
pub(in crate::cloud) use urls::URL_LABEL;
pub(super) use urls::{Cors, FunctionUrl};
pub(super) use versions::AliasInput;

use code::CodeStore;
use events::Kept;
use pool::Pool;
use warden::Warden;

/// How many invocations at the same time may be reserved: an account's quota but 100.
const RESERVABLE: u64 = 900;

/// The functions, their code and their processes.
pub(super) struct Engine {
    pub shared: Arc<Shared>,
    pub iam: Arc<Iam>,
    s3: Arc<S3>,
    sqs: Arc<Sqs>,
    dynamodb: Arc<DynamoDb>,
    functions: Table<Function>,
    versions: Table<Function>,
    urls: Table<FunctionUrl>,
    layers: Table<LayerVersion>,
    /// The number of the last version of each layer.
    layer_counts: Table<u64>,
    mappings: Table<Mapping>,
    /// Where the streams of mappings are read next.
    positions: Table<String>,
    /// The mappings whose sources are read at the moment.
    polling: Mutex<BTreeSet<String>>,
    events: Table<Kept>,
    code: CodeStore,
    interpreters: Interpreters,
    logs: Arc<Logs>,
    pool: Arc<Pool>,
    warden: Arc<Warden>,
    /// Who takes what goes beyond functions and queues.
    outlet: OnceLock<Weak<dyn Outlet>>,
    /// Held while a function is changed.
    changing: Mutex<()>,
}

/// The services on which this one stands.
pub(in crate::cloud) struct Below {
    pub iam: Arc<Iam>,
    pub s3: Arc<S3>,
    pub sqs: Arc<Sqs>,
    pub dynamodb: Arc<DynamoDb>,
    pub logs: Arc<Logs>,
}

/// Where new code comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The archive itself.
    Archive(Vec<u8>),
    /// An object with the archive.
    Object { bucket: String, key: String },
}

impl Engine {
    pub(super) fn new(shared: Arc<Shared>, below: Below, interpreters: Interpreters) -> Self {
        let Below { iam, s3, sqs, dynamodb, logs } = below;
        let store = || Arc::clone(&shared.store);
        Self {
            iam,
            s3,
            sqs,
            dynamodb,
            functions: Table::new(store(), "lambda.function"),
            versions: Table::new(store(), "lambda.version"),
            urls: Table::new(store(), "lambda.url"),
            layers: Table::new(store(), "lambda.layer"),
            layer_counts: Table::new(store(), "lambda.layer-count"),
            mappings: Table::new(store(), "lambda.mapping"),
            positions: Table::new(store(), "lambda.mapping-position"),
            polling: Mutex::default(),
            events: Table::new(store(), "lambda.event"),
            code: CodeStore::new(Arc::clone(&shared)),
            interpreters,
            logs,
            pool: Arc::default(),
            warden: Arc::default(),
            outlet: OnceLock::new(),
            changing: Mutex::default(),
            shared,
        }
    }

    /// Says who takes what goes beyond functions and queues.
    pub(super) fn connect(&self, outlet: &Arc<dyn Outlet>) {
        // A second one would be a fault of the assembly, in which the first goes on to be right.
        let _ = self.outlet.set(Arc::downgrade(outlet));
    }

    /// Where our own runtimes are written.
    fn runtime_folder(&self) -> PathBuf {
        self.shared.folder.join("lambda").join("runtime")
    }

    /// Ends every process.
    pub(super) async fn stop(&self) {
        self.pool.stop().await;
    }
}

/// A refusal of what does not exist.
pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("ResourceNotFoundException", message).status(404)
}
