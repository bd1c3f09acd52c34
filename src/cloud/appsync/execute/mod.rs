//! Execution of a checked document: fields that have resolvers run at the same time, mutations one after the other.
//!
//! Not here: what a resolver does, and who listens to what.

pub(in crate::cloud::appsync) mod coerce;
pub(in crate::cloud::appsync) mod introspect;
pub(in crate::cloud::appsync) mod scalars;
pub(in crate::cloud::appsync) mod validate;

mod complete;
mod fields;
mod kept;
mod listen;
mod path;
mod selection;
mod still;
mod together;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Node;
use apollo_compiler::ast::{OperationType, VariableDefinition};
use apollo_compiler::executable::{Field, Operation, SelectionSet};
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value};

use super::authorize::Requester;
use super::compiled::CompiledApi;
use super::datasource::Backends;
use super::fault::{Fault, Place};
use super::js::SandboxPool;
use super::realtime::Hub;
pub(in crate::cloud::appsync) use listen::{Listening, deliver, listen};
use path::Path;
use together::Gathering;

/// The most resolvers of one request (AppSync: `resolverCountLimit`, 10,000 at most).
pub(in crate::cloud::appsync) const RESOLVER_LIMIT: usize = 10_000;

/// The deepest nesting of fields of one request, when the API sets no limit of its own.
pub(in crate::cloud::appsync) const DEPTH_LIMIT: usize = 75;

/// The most fields of one answer.
pub(in crate::cloud::appsync) const FIELD_LIMIT: usize = 1_000_000;

/// One request, as it is executed.
pub(in crate::cloud::appsync) struct Execution<'a> {
    pub api: &'a CompiledApi,
    pub document: &'a Valid<ExecutableDocument>,
    pub backends: &'a Backends,
    pub pool: &'a SandboxPool,
    pub hub: &'a Hub,
    pub requester: Arc<Requester>,
    /// Members of every handler's context, as JSON without braces.
    pub fixed: Arc<str>,
    variables: Map<String, Value>,
    /// As they were sent, for `ctx.info`.
    given: &'a Map<String, Value>,
    faults: Mutex<Vec<Fault>>,
    headers: Mutex<BTreeMap<String, String>>,
    /// What resolvers said about subscriptions.
    filters: Mutex<Vec<Value>>,
    /// Resolvers are run; otherwise every field is read off its parent.
    resolves: bool,
    resolvers: AtomicUsize,
    fields: AtomicUsize,
    gathering: Gathering,
    /// Whether it is a query: only then the cache is looked at, and only otherwise entries are evicted.
    is_query: bool,
    evicted: AtomicUsize,
}

impl std::fmt::Debug for Execution<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Execution").field("requester", &self.requester).finish_non_exhaustive()
    }
}

/// What an execution stands on.
#[derive(Clone, Debug)]
pub(in crate::cloud::appsync) struct Setting<'a> {
    pub api: &'a CompiledApi,
    pub backends: &'a Backends,
    pub pool: &'a SandboxPool,
    pub hub: &'a Hub,
    pub requester: Arc<Requester>,
    pub fixed: Arc<str>,
}

/// The answer to a request.
#[derive(Debug, Default)]
pub(in crate::cloud::appsync) struct Answered {
    pub data: Value,
    pub faults: Vec<Fault>,
    /// Headers that handlers set.
    pub headers: BTreeMap<String, String>,
    /// How many entries of the API's cache handlers evicted.
    pub evicted: usize,
}

impl Answered {
    pub(in crate::cloud::appsync) fn refused(faults: Vec<Fault>) -> Self {
        Self { faults, ..Self::default() }
    }
}

/// Executes the operation `name` of a document, or its only one.
pub(in crate::cloud::appsync) async fn execute(
    setting: Setting<'_>,
    document: &Valid<ExecutableDocument>,
    name: Option<&str>,
    given: &Map<String, Value>,
) -> Answered {
    match prepare(setting, document, (name, given)) {
        Ok((execution, operation)) => execution.run(operation).await,
        Err(refused) => refused,
    }
}

/// An execution, ready to run the operation; or the answer that refuses it.
fn prepare<'a>(
    setting: Setting<'a>,
    document: &'a Valid<ExecutableDocument>,
    (name, given): (Option<&str>, &'a Map<String, Value>),
) -> Result<(Execution<'a>, &'a Operation), Answered> {
    let Ok(operation) = document.operations.get(name) else {
        let message = match name {
            Some(name) => format!("Unknown operation named '{name}'."),
            None => "Must provide operation name if query contains multiple operations.".to_owned(),
        };
        return Err(Answered::refused(vec![Fault::document(message, None)]));
    };
    let Setting { api, backends, pool, hub, requester, fixed } = setting;
    let variables = coerce::variables(&api.schema.schema, &operation.variables, given).map_err(|found| {
        let (message, definition) = found;
        Answered::refused(vec![Fault::document(message, place_of(document, definition))])
    })?;
    let execution = Execution {
        api,
        document,
        backends,
        pool,
        hub,
        requester,
        fixed,
        variables,
        given,
        faults: Mutex::default(),
        headers: Mutex::default(),
        filters: Mutex::default(),
        resolves: true,
        resolvers: AtomicUsize::default(),
        fields: AtomicUsize::default(),
        gathering: Gathering::default(),
        is_query: operation.is_query(),
        evicted: AtomicUsize::default(),
    };
    Ok((execution, operation))
}

fn place_of(document: &ExecutableDocument, definition: &Node<VariableDefinition>) -> Option<Place> {
    let place = definition.location()?.line_column(&document.sources)?;
    Some(Place { line: place.line, column: place.column })
}

impl<'a> Execution<'a> {
    async fn run(self, operation: &'a Operation) -> Answered {
        if let Some(fault) = self.beyond(operation) {
            return Answered::refused(vec![fault]);
        }
        let introspected = introspect::asks(self.document, operation).then(|| {
            let schema = &self.api.schema;
            let key = format!("{}{}", self.document.serialize(), Value::Object(self.variables.clone()));
            schema.introspect(&key, || introspect::answer(schema, self.document, operation, &self.variables))
        });
        self.select(operation, introspected.as_deref().unwrap_or(&Value::Null)).await
    }

    /// The answer of an operation whose root is `source`.
    async fn select(self, operation: &'a Operation, source: &Value) -> Answered {
        let root = operation.object_type().as_str();
        let serial = operation.operation_type == OperationType::Mutation;
        let fields = self.collect(root, &[&operation.selection_set]);
        let object = self.object((root, serial), fields, source, None);
        let data = self.gathering(object).await.unwrap_or(Value::Null);
        let faults = self.faults.into_inner().unwrap_or_else(PoisonError::into_inner);
        let headers = self.headers.into_inner().unwrap_or_else(PoisonError::into_inner);
        Answered { data, faults, headers, evicted: self.evicted.into_inner() }
    }

    /// The same ground for another execution.
    fn setting(&self) -> Setting<'_> {
        let Self { api, backends, pool, hub, .. } = self;
        Setting { api, backends, pool, hub, requester: Arc::clone(&self.requester), fixed: Arc::clone(&self.fixed) }
    }

    /// What the operation asks beyond the limits.
    fn beyond(&self, operation: &Operation) -> Option<Fault> {
        let settings = &self.api.api.settings;
        if operation.operation_type == OperationType::Subscription {
            let message = "subscriptions go over the API's WebSocket, not over HTTP";
            return Some(Fault::raised("UnsupportedOperation", message));
        }
        if settings.introspection_config == "DISABLED" && introspect::asks(self.document, operation) {
            return Some(Fault::document(
                "Validation error of type IntrospectionDisabled: Introspection is disabled for this API",
                None,
            ));
        }
        let limit = if settings.query_depth_limit == 0 { DEPTH_LIMIT } else { settings.query_depth_limit };
        // Introspection is deep by nature and costs nothing but reading.
        let depth = introspect::depth(self.document, &operation.selection_set, limit + 1);
        (depth > limit && !operation.is_introspection(self.document)).then(|| {
            Fault::raised("QueryDepthLimitReached", format!("The query is nested deeper than the limit of {limit}."))
        })
    }

    fn record(&self, mut fault: Fault, fields: &[&'a Node<Field>], path: Path<'_>) {
        fault.path = Some(path.to_values());
        if let Some(field) = fields.first().filter(|_| fault.data.is_object() || fault.data.is_array()) {
            let sets: Vec<&'a SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
            let data = self.selected(field.definition.ty.inner_named_type(), &sets, &fault.data);
            fault.data = Box::new(data);
        }
        let place = fields.first().and_then(|field| field.location()?.line_column(&self.document.sources));
        fault.place = fault
            .place
            .or(place.filter(|_| fault.raised).map(|place| Place { line: place.line, column: place.column }));
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }
}
