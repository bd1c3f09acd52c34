//! What functions are and how they run; no HTTP, no CloudFormation.

mod code;
mod events;
mod interpreters;
mod invocation;
mod journal;
mod names;
mod output;
mod policy;
mod pool;
mod process;
mod record;
mod runtime_api;
mod settings;
mod warden;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cloud::iam::Iam;
use crate::cloud::s3::S3;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::Table;

pub(super) use code::inline;
pub(super) use interpreters::{Family, Interpreters};
pub(super) use invocation::Event;
pub(in crate::cloud) use invocation::Invocation;
pub(super) use names::{LATEST, Named, is_name};
pub(super) use policy::{add_statement, admits, parsed, remove_statement, statement};
pub(super) use record::Function;
pub(super) use settings::{Settings, invalid};

use code::CodeStore;
use events::Kept;
use journal::Journal;
use pool::Pool;
use record::Code;
use warden::Warden;

/// The functions, their code and their processes.
pub(super) struct Engine {
    pub shared: Arc<Shared>,
    pub iam: Arc<Iam>,
    s3: Arc<S3>,
    functions: Table<Function>,
    events: Table<Kept>,
    code: CodeStore,
    interpreters: Interpreters,
    journal: Journal,
    pool: Arc<Pool>,
    warden: Arc<Warden>,
    /// Held while a function is changed.
    changing: Mutex<()>,
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
    pub(super) fn new(shared: Arc<Shared>, iam: Arc<Iam>, s3: Arc<S3>, interpreters: Interpreters) -> Self {
        let store = || Arc::clone(&shared.store);
        Self {
            iam,
            s3,
            functions: Table::new(store(), "lambda.function"),
            events: Table::new(store(), "lambda.event"),
            code: CodeStore::new(Arc::clone(&shared)),
            interpreters,
            journal: Journal::new(shared.folder.join("lambda").join("logs")),
            pool: Arc::default(),
            warden: Arc::default(),
            changing: Mutex::default(),
            shared,
        }
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

    /// Every function, in order of the names.
    pub(super) fn all(&self) -> Vec<Function> {
        self.functions.all().into_iter().map(|(_, function)| function).collect()
    }

    /// The archive of a function's code, for those who know the ticket.
    pub(super) fn archive(&self, function: &Function, ticket: &str) -> Option<PathBuf> {
        (function.code.ticket == ticket).then(|| self.code.archive(&function.code.key))
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
            settings,
            code: self.keep(source)?,
            revision: self.shared.ids.uuid(),
            build: self.shared.ids.uuid(),
            modified_ms: self.shared.clock.now_ms(),
            tags,
            statements: indexmap::IndexMap::new(),
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
        if revision.is_some_and(|revision| revision != before.revision) {
            let message = "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias \
                           API to retrieve the latest RevisionId";
            return Err(ApiError::new("PreconditionFailedException", message).status(412));
        }
        let mut function = before.clone();
        change(&mut function)?;
        if function.settings != before.settings {
            function.settings.check_complete()?;
            self.check_runnable(&function.settings)?;
        }
        function.revision = self.shared.ids.uuid();
        function.modified_ms = self.shared.clock.now_ms();
        let rebuilt = function.settings != before.settings || function.code.key != before.code.key;
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
        let function = self.function(named)?;
        self.functions.remove(&named.name)?;
        self.pool.retire(&function);
        self.sweep();
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
        let mut keys: BTreeSet<String> = self.all().into_iter().map(|function| function.code.key).collect();
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
