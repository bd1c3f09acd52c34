//! What functions are and how they run; no HTTP, no CloudFormation.

mod code;
mod destinations;
mod events;
mod interpreters;
mod invocation;
mod journal;
mod layers;
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

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use serde_json::Value;

use super::Outlet;
use crate::cloud::dynamodb::DynamoDb;
use crate::cloud::iam::Iam;
use crate::cloud::logs::Logs;
use crate::cloud::s3::S3;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::sqs::Sqs;
use crate::cloud::store::{Batch, Table};

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

    /// A function, or `ResourceNotFoundException`.
    pub(super) fn function(&self, named: &Named) -> Result<Function, ApiError> {
        self.functions
            .get(&named.name)
            .filter(|_| named.is_latest())
            .ok_or_else(|| not_found(format!("Function not found: {}", named.arn(&self.shared))))
    }

    /// The row of a function, whatever the qualifier, which must name something that there is.
    pub(super) fn function_of(&self, named: &Named) -> Result<Function, ApiError> {
        if !named.is_latest() {
            self.resolve(named)?;
        }
        self.function(&Named { name: named.name.clone(), qualifier: None })
            .map_err(|_| not_found(format!("Function not found: {}", named.arn(&self.shared))))
    }

    /// Every function, in order of the names.
    pub(super) fn all(&self) -> Vec<Function> {
        self.functions.all().into_iter().map(|(_, function)| function).collect()
    }

    /// The archive of code, for those who know the ticket.
    pub(super) fn archive(&self, code: &Code, ticket: &str) -> Option<PathBuf> {
        (code.ticket == ticket).then(|| self.code.archive(&code.key))
    }

    /// Makes a function.
    pub(super) fn create(
        &self,
        name: &str,
        settings: Settings,
        source: &Source,
        tags: BTreeMap<String, String>,
    ) -> Result<Function, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        settings.check_complete()?;
        if self.functions.get(name).is_some() {
            return Err(
                ApiError::new("ResourceConflictException", format!("Function already exist: {name}")).status(409)
            );
        }
        self.check_runnable(&settings)?;
        let function = Function {
            name: name.to_owned(),
            arn: names::arn(&self.shared, name),
            version: LATEST.to_owned(),
            layers: self.attached(&settings.layers)?,
            settings,
            code: self.keep(source)?,
            revision: self.shared.ids.uuid(),
            build: self.shared.ids.uuid(),
            modified_ms: self.shared.clock.now_ms(),
            tags,
            statements: indexmap::IndexMap::new(),
            policies: BTreeMap::new(),
            aliases: BTreeMap::new(),
            event_configs: BTreeMap::new(),
            last_version: 0,
        };
        self.functions.put(name, &function)?;
        self.sweep();
        Ok(function)
    }

    /// Changes a function. Other code or another configuration is run by new processes.
    pub(super) fn change(
        &self,
        named: &Named,
        revision: Option<&str>,
        change: impl FnOnce(&mut Function) -> Result<(), ApiError>,
    ) -> Result<Function, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.function(named)?;
        versions::check_revision(revision, &before.revision)?;
        let mut function = before.clone();
        change(&mut function)?;
        if function.settings != before.settings {
            function.settings.check_complete()?;
            self.check_runnable(&function.settings)?;
        }
        function.revision = self.shared.ids.uuid();
        function.modified_ms = self.shared.clock.now_ms();
        if function.settings.layers != before.settings.layers {
            function.layers = self.attached(&function.settings.layers)?;
        }
        // How many may run is no matter of a process.
        let mut running = function.settings.clone();
        running.reserved = before.settings.reserved;
        let rebuilt = running != before.settings || function.code.key != before.code.key;
        if rebuilt {
            function.build = self.shared.ids.uuid();
        }
        self.functions.put(&function.name, &function)?;
        if rebuilt {
            self.pool.retire(&before);
            self.sweep();
        }
        Ok(function)
    }

    /// Deletes a function and ends its processes.
    pub(super) fn delete(&self, named: &Named) -> Result<(), ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.versions(named)?;
        let mut batch = Batch::default();
        self.functions.drop(&mut batch, &named.name);
        for (key, _) in self.versions.starting_with(&format!("{}:", named.name)) {
            self.versions.drop(&mut batch, &key);
        }
        for url in self.urls_of(&named.name) {
            self.urls.drop(&mut batch, &url.id);
        }
        self.shared.store.commit(batch)?;
        for version in &all {
            self.pool.retire(version);
        }
        self.sweep();
        Ok(())
    }

    /// Changes the resource policy of a function, a version or an alias; each has its own.
    pub(super) fn change_policy(
        &self,
        named: &Named,
        revision: Option<&str>,
        change: impl FnOnce(&mut indexmap::IndexMap<String, Value>) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        self.check_qualifier(named)?;
        let whole = Named { name: named.name.clone(), qualifier: None };
        self.change(&whole, revision, |function| change(function.statements_of_mut(named.qualifier.as_deref())))?;
        Ok(())
    }

    /// Reserves so many invocations at the same time, or takes the reservation away.
    pub(super) fn reserve(&self, named: &Named, input: &Value) -> Result<(), ApiError> {
        let reserved = settings::reserved(input)?;
        let others = self.all().into_iter().filter(|other| other.name != named.name);
        let taken: u64 = others.filter_map(|other| other.settings.reserved).sum();
        if reserved.is_some_and(|reserved| taken + reserved > RESERVABLE) {
            return Err(invalid(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
                 below its minimum value of [100].",
            ));
        }
        self.change(named, None, |function| {
            function.settings.reserved = reserved;
            Ok(())
        })?;
        Ok(())
    }

    /// Keeps the code of a source.
    pub(super) fn keep(&self, source: &Source) -> Result<Code, ApiError> {
        match source {
            Source::Archive(archive) => self.code.put_direct(archive),
            Source::Object { bucket, key } => {
                let archive = self.s3.read(bucket, key).map_err(|error| {
                    invalid(format!(
                        "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
                        error.code, error.message
                    ))
                })?;
                self.code.put(&archive)
            }
        }
    }

    /// Whether a function with these settings can run here: its role lets Lambda in, its interpreter is there.
    fn check_runnable(&self, settings: &Settings) -> Result<(), ApiError> {
        self.iam
            .act_as(&settings.role, "lambda.amazonaws.com")
            .map_err(|_| invalid("The role defined for the function cannot be assumed by Lambda."))?;
        self.interpreters.check(&settings.runtime).map_err(|error| invalid(error.message))
    }

    /// Removes code that no function has and no process runs.
    fn sweep(&self) {
        let versions = self.versions.all().into_iter().map(|(_, version)| version);
        let mut keys = BTreeSet::new();
        for function in self.all().into_iter().chain(versions) {
            if !function.layers.is_empty() {
                keys.insert(layers::opt_key(&function));
            }
            keys.extend(function.layers.into_iter().map(|layer| layer.key));
            keys.insert(function.code.key);
        }
        keys.extend(self.layers.all().into_iter().map(|(_, layer)| layer.code.key));
        keys.extend(self.pool.code_in_use());
        self.code.keep_only(&keys);
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
