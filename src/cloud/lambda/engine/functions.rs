//! The functions themselves: made, changed, deleted, found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::PoisonError;

use serde_json::Value;

use super::{
    Code, Engine, Function, LATEST, Named, RESERVABLE, Settings, Source, invalid, layers, names, not_found, settings,
    versions,
};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

impl Engine {
    /// A function, or `ResourceNotFoundException`.
    pub(in crate::cloud::lambda) fn function(&self, named: &Named) -> Result<Function, ApiError> {
        self.functions
            .get(&named.name)
            .filter(|_| named.is_latest())
            .ok_or_else(|| not_found(format!("Function not found: {}", named.arn(&self.shared))))
    }

    /// The row of a function, whatever the qualifier, which must name something that there is.
    pub(in crate::cloud::lambda) fn function_of(&self, named: &Named) -> Result<Function, ApiError> {
        if !named.is_latest() {
            self.resolve(named)?;
        }
        self.function(&Named { name: named.name.clone(), qualifier: None })
            .map_err(|_| not_found(format!("Function not found: {}", named.arn(&self.shared))))
    }

    /// Every function, in order of the names.
    pub(in crate::cloud::lambda) fn all(&self) -> Vec<Function> {
        self.functions.all().into_iter().map(|(_, function)| function).collect()
    }

    /// The archive of code, for those who know the ticket.
    pub(in crate::cloud::lambda) fn archive(&self, code: &Code, ticket: &str) -> Option<PathBuf> {
        (code.ticket == ticket).then(|| self.code.archive(&code.key))
    }

    /// Makes a function.
    pub(in crate::cloud::lambda) fn create(
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
    pub(in crate::cloud::lambda) fn change(
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
    pub(in crate::cloud::lambda) fn delete(&self, named: &Named) -> Result<(), ApiError> {
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
    pub(in crate::cloud::lambda) fn change_policy(
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
    pub(in crate::cloud::lambda) fn reserve(&self, named: &Named, input: &Value) -> Result<(), ApiError> {
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
    pub(in crate::cloud::lambda) fn keep(&self, source: &Source) -> Result<Code, ApiError> {
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
    pub(super) fn check_runnable(&self, settings: &Settings) -> Result<(), ApiError> {
        self.iam
            .act_as(&settings.role, "lambda.amazonaws.com")
            .map_err(|_| invalid("The role defined for the function cannot be assumed by Lambda."))?;
        self.interpreters.check(&settings.runtime).map_err(|error| invalid(error.message))
    }

    /// Removes code that no function has and no process runs.
    pub(super) fn sweep(&self) {
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
}
