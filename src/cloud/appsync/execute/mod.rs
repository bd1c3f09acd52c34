//! Execution of a checked document: fields that have resolvers run at the same time, mutations one after the other.
//!
//! Not here: what a resolver does, and subscriptions.

pub(in crate::cloud::appsync) mod coerce;
pub(in crate::cloud::appsync) mod introspect;
pub(in crate::cloud::appsync) mod scalars;
pub(in crate::cloud::appsync) mod validate;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Node;
use apollo_compiler::ast::{DirectiveList, OperationType, Type, VariableDefinition};
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::base::BoxFuture;

use super::authorize::Requester;
use super::compiled::CompiledApi;
use super::datasource::Backends;
use super::fault::{Fault, Place};
use super::js::SandboxPool;
use super::resolve::{FieldCall, Resolved, not_authorized, resolve};

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
    pub requester: Arc<Requester>,
    /// Members of every handler's context, as JSON without braces.
    pub fixed: Arc<str>,
    variables: Map<String, Value>,
    /// As they were sent, for `ctx.info`.
    given: &'a Map<String, Value>,
    faults: Mutex<Vec<Fault>>,
    headers: Mutex<BTreeMap<String, String>>,
    resolvers: AtomicUsize,
    fields: AtomicUsize,
}

impl std::fmt::Debug for Execution<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Execution").field("requester", &self.requester).finish_non_exhaustive()
    }
}

/// What an execution stands on.
#[derive(Debug)]
pub(in crate::cloud::appsync) struct Setting<'a> {
    pub api: &'a CompiledApi,
    pub backends: &'a Backends,
    pub pool: &'a SandboxPool,
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
}

impl Answered {
    pub(in crate::cloud::appsync) fn refused(faults: Vec<Fault>) -> Self {
        Self { faults, ..Self::default() }
    }
}

/// A null that the parent cannot hold either; its error is recorded.
#[derive(Clone, Copy, Debug)]
struct Bubble;

/// Where a value stands in the answer.
#[derive(Clone, Copy)]
struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    segment: Segment<'p>,
}

#[derive(Clone, Copy)]
enum Segment<'p> {
    Key(&'p str),
    Index(usize),
}

impl Path<'_> {
    fn to_values(self) -> Vec<Value> {
        let mut values = self.parent.map(|parent| parent.to_values()).unwrap_or_default();
        values.push(match self.segment {
            Segment::Key(key) => key.into(),
            Segment::Index(index) => index.into(),
        });
        values
    }

    /// `/getPost/tags[0]`.
    fn text(self) -> String {
        let before = self.parent.map(|parent| parent.text()).unwrap_or_default();
        match self.segment {
            Segment::Key(key) => format!("{before}/{key}"),
            Segment::Index(index) => format!("{before}[{index}]"),
        }
    }
}

/// The fields of one response key.
type Merged<'a> = Vec<&'a Node<Field>>;

/// Executes the operation `name` of a document, or its only one.
pub(in crate::cloud::appsync) async fn execute(
    setting: Setting<'_>,
    document: &Valid<ExecutableDocument>,
    name: Option<&str>,
    given: &Map<String, Value>,
) -> Answered {
    let Ok(operation) = document.operations.get(name) else {
        let message = match name {
            Some(name) => format!("Unknown operation named '{name}'."),
            None => "Must provide operation name if query contains multiple operations.".to_owned(),
        };
        return Answered::refused(vec![Fault::document(message, None)]);
    };
    let Setting { api, backends, pool, requester, fixed } = setting;
    let variables = match coerce::variables(&api.schema.schema, &operation.variables, given) {
        Ok(variables) => variables,
        Err((message, definition)) => {
            return Answered::refused(vec![Fault::document(message, place_of(document, definition))]);
        }
    };
    let execution = Execution {
        api,
        document,
        backends,
        pool,
        requester,
        fixed,
        variables,
        given,
        faults: Mutex::default(),
        headers: Mutex::default(),
        resolvers: AtomicUsize::default(),
        fields: AtomicUsize::default(),
    };
    execution.run(operation).await
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
        let root = operation.object_type().as_str();
        let introspected = introspect::asks(self.document, operation).then(|| {
            let schema = &self.api.schema;
            let key = format!("{}{}", self.document.serialize(), Value::Object(self.variables.clone()));
            schema.introspect(&key, || introspect::answer(schema, self.document, operation, &self.variables))
        });
        let source = introspected.as_deref().unwrap_or(&Value::Null);
        let serial = operation.operation_type == OperationType::Mutation;
        let fields = self.collect(root, &[&operation.selection_set]);
        let data = self.object((root, serial), fields, source, None).await.unwrap_or(Value::Null);
        let faults = self.faults.into_inner().unwrap_or_else(PoisonError::into_inner);
        let headers = self.headers.into_inner().unwrap_or_else(PoisonError::into_inner);
        Answered { data, faults, headers }
    }

    /// What the operation asks beyond the limits.
    fn beyond(&self, operation: &Operation) -> Option<Fault> {
        let settings = &self.api.api.settings;
        if operation.operation_type == OperationType::Subscription {
            let message = "subscriptions need a WebSocket, which the embedded cloud does not have yet";
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

    fn record(&self, mut fault: Fault, fields: &[&Node<Field>], path: Path<'_>) {
        fault.path = Some(path.to_values());
        let place = fields.first().and_then(|field| field.location()?.line_column(&self.document.sources));
        fault.place = fault
            .place
            .or(place.filter(|_| fault.raised).map(|place| Place { line: place.line, column: place.column }));
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// The fields that a selection makes of an object type, by response key, in order.
    fn collect(&self, object: &str, sets: &[&'a SelectionSet]) -> IndexMap<&'a str, Merged<'a>> {
        let mut fields = IndexMap::new();
        for set in sets {
            self.collect_into(object, set, &mut fields);
        }
        fields
    }

    fn collect_into(&self, object: &str, set: &'a SelectionSet, fields: &mut IndexMap<&'a str, Merged<'a>>) {
        for selection in &set.selections {
            if !self.included(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => fields.entry(field.response_key().as_str()).or_default().push(field),
                Selection::InlineFragment(inline) => {
                    if inline.type_condition.as_ref().is_none_or(|condition| self.applies(condition, object)) {
                        self.collect_into(object, &inline.selection_set, fields);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let document: &'a ExecutableDocument = self.document;
                    let fragment = document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|one| self.applies(one.type_condition(), object)) {
                        self.collect_into(object, &fragment.selection_set, fields);
                    }
                }
            }
        }
    }

    fn applies(&self, condition: &str, object: &str) -> bool {
        condition == object || self.api.schema.schema.is_subtype(condition, object)
    }

    /// `@skip` and `@include`.
    fn included(&self, directives: &DirectiveList) -> bool {
        let holds = |name: &str| {
            let value = directives.get(name)?.specified_argument_by_name("if")?;
            match value.as_variable() {
                Some(variable) => self.variables.get(variable.as_str())?.as_bool(),
                None => value.to_bool(),
            }
        };
        holds("skip") != Some(true) && holds("include") != Some(false)
    }

    fn object<'f>(
        &'f self,
        (name, serial): (&'f str, bool),
        fields: IndexMap<&'a str, Merged<'a>>,
        source: &'f Value,
        path: Option<&'f Path<'f>>,
    ) -> BoxFuture<'f, Result<Value, Bubble>> {
        Box::pin(async move {
            let mut values = Vec::with_capacity(fields.len());
            let keys: Vec<&'a str> = fields.keys().copied().collect();
            if serial {
                for (key, merged) in fields {
                    values.push(self.field(name, (key, merged), source, path).await);
                }
            } else {
                let pending: Vec<_> = fields.into_iter().map(|entry| self.field(name, entry, source, path)).collect();
                values = together(pending).await;
            }
            let mut object = Map::new();
            for (key, value) in keys.into_iter().zip(values) {
                object.insert(key.to_owned(), value?);
            }
            Ok(Value::Object(object))
        })
    }

    fn field<'f>(
        &'f self,
        object: &'f str,
        (key, fields): (&'a str, Merged<'a>),
        source: &'f Value,
        parent: Option<&'f Path<'f>>,
    ) -> BoxFuture<'f, Result<Value, Bubble>> {
        Box::pin(async move {
            let path = Path { parent, segment: Segment::Key(key) };
            let field = fields[0];
            match field.name.as_str() {
                "__typename" => return Ok(object.into()),
                "__schema" | "__type" => return Ok(source.get(key).cloned().unwrap_or_default()),
                _ => {}
            }
            let name = field.name.as_str();
            if self.fields.fetch_add(1, Ordering::Relaxed) >= FIELD_LIMIT {
                let message = format!("The answer has more than {FIELD_LIMIT} fields.");
                self.record(Fault::raised("ResponseTooLarge", message), &fields, path);
                return null_for(&field.definition.ty);
            }
            if !self.requester.may_see(self.api, &self.backends.iam, (object, name)) {
                self.record(Fault::raised("Unauthorized", not_authorized(object, name)), &fields, path);
                return null_for(&field.definition.ty);
            }
            let Some(resolver) = self.api.resolver(object, name) else {
                let value = source.get(name).unwrap_or(&Value::Null);
                return self.complete(&field.definition.ty, (object, &fields), value, path).await;
            };
            let resolver = Arc::clone(resolver);
            let before = self.fault_count();
            let value = match self.call(resolver, (object, &fields), source, path).await {
                Ok(value) => value,
                Err(fault) => {
                    self.record(fault, &fields, path);
                    Value::Null
                }
            };
            // The error of the resolver is told once, not again for the null that it leaves.
            if value.is_null() && self.fault_count() > before && self.faulty(path) {
                return null_for(&field.definition.ty);
            }
            self.complete(&field.definition.ty, (object, &fields), &value, path).await
        })
    }

    fn fault_count(&self) -> usize {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether an error stands at a path already.
    fn faulty(&self, path: Path<'_>) -> bool {
        let path = path.to_values();
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|fault| fault.path.as_ref() == Some(&path))
    }

    async fn call(
        &self,
        resolver: Arc<super::compiled::Resolver>,
        (object, fields): (&str, &[&'a Node<Field>]),
        source: &Value,
        path: Path<'_>,
    ) -> Result<Value, Fault> {
        let field = fields[0];
        let limit = match self.api.api.settings.resolver_count_limit {
            0 => RESOLVER_LIMIT,
            limit => limit,
        };
        if self.resolvers.fetch_add(1, Ordering::Relaxed) >= limit {
            let message = format!("The request runs more than {limit} resolvers.");
            return Err(Fault::raised("ResolverExecutionLimitReached", message));
        }
        let arguments = coerce::arguments(&self.api.schema.schema, field, &self.variables);
        let arguments = arguments.map_err(|message| Fault::document(message, None))?;
        // A root field has no parent; what stands there is the answer to introspection.
        let source = if path.parent.is_none() { Value::Null } else { source.clone() };
        let call = FieldCall {
            info: self.info(&resolver, (object, fields)),
            resolver,
            backends: self.backends.clone(),
            requester: Arc::clone(&self.requester),
            fixed: Arc::clone(&self.fixed),
            arguments,
            source,
            type_name: object.to_owned(),
            field_name: field.name.to_string(),
        };
        let resolved = self.pool.run(move |sandbox| resolve(sandbox, &call)).await;
        let Resolved { value, faults, headers } =
            resolved.map_err(|error| Fault::raised("InternalFailure", error.to_string()))?;
        for fault in faults {
            self.record(fault, fields, path);
        }
        self.headers.lock().unwrap_or_else(PoisonError::into_inner).extend(headers);
        Ok(value)
    }

    /// `ctx.info`; the selections are written out only for code that looks at it.
    fn info(&self, resolver: &super::compiled::Resolver, (object, fields): (&str, &[&'a Node<Field>])) -> Value {
        let mut info = json!({
            "fieldName": fields[0].name.as_str(),
            "parentTypeName": object,
            "variables": self.given,
        });
        if resolver.uses_info() {
            let plain: Vec<&Field> = fields.iter().map(|field| &***field).collect();
            info["selectionSetList"] = introspect::paths(self.document, &plain).into();
            info["selectionSetGraphQL"] = introspect::text(&plain).into();
        }
        info
    }

    /// Makes the answer of a field out of what its resolver or its parent gave.
    fn complete<'f>(
        &'f self,
        kind: &'f Type,
        (object, fields): (&'f str, &'f [&'a Node<Field>]),
        value: &'f Value,
        path: Path<'f>,
    ) -> BoxFuture<'f, Result<Value, Bubble>> {
        Box::pin(async move {
            if value.is_null() {
                if kind.is_non_null() {
                    let message = format!(
                        "Cannot return null for non-nullable type: '{}' within parent '{object}' ({})",
                        kind.inner_named_type(),
                        path.text()
                    );
                    self.record(Fault::document(message, None), fields, path);
                }
                return null_for(kind);
            }
            if let Type::List(item) | Type::NonNullList(item) = kind {
                return self.list((kind, item), (object, fields), value, path).await;
            }
            let name = kind.inner_named_type();
            let refused = |message: String| {
                self.record(Fault::document(message, None), fields, path);
                null_for(kind)
            };
            match self.api.schema.schema.types.get(name) {
                Some(ExtendedType::Scalar(_)) => match scalars::output(name, value.clone()) {
                    Some(value) => Ok(value),
                    None => refused(format!(
                        "Can't serialize value ({}) : Expected type '{name}' but was '{}'.",
                        path.text(),
                        described(value)
                    )),
                },
                Some(ExtendedType::Enum(definition)) => match value.as_str() {
                    Some(text) if definition.values.contains_key(text) => Ok(value.clone()),
                    _ => refused(format!(
                        "Can't serialize value ({}) : Invalid input for Enum '{name}'. No value found for name '{}'",
                        path.text(),
                        plain_text(value)
                    )),
                },
                Some(ExtendedType::Object(_)) if value.is_object() => {
                    self.nested((kind, name), fields, value, path).await
                }
                Some(ExtendedType::Interface(_) | ExtendedType::Union(_)) if value.is_object() => {
                    let actual = value.get("__typename").and_then(Value::as_str);
                    match actual.filter(|actual| self.api.schema.schema.is_subtype(name, actual)) {
                        Some(actual) => self.nested((kind, actual), fields, value, path).await,
                        None => refused(format!(
                            "Abstract type '{name}' must resolve to an Object type at runtime for field {object}.{}: `__typename` is missing or not one of its types.",
                            fields[0].name
                        )),
                    }
                }
                _ => refused(format!(
                    "Can't resolve value ({}) : type mismatch error, expected type OBJECT",
                    path.text()
                )),
            }
        })
    }

    async fn nested(
        &self,
        (kind, name): (&Type, &str),
        fields: &[&'a Node<Field>],
        value: &Value,
        path: Path<'_>,
    ) -> Result<Value, Bubble> {
        let sets: Vec<&'a SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
        let inner = self.collect(name, &sets);
        self.object((name, false), inner, value, Some(&path)).await.or_else(|Bubble| null_for(kind))
    }

    async fn list(
        &self,
        (kind, item): (&Type, &Type),
        (object, fields): (&str, &[&'a Node<Field>]),
        value: &Value,
        path: Path<'_>,
    ) -> Result<Value, Bubble> {
        let Value::Array(items) = value else {
            let message = format!("Can't resolve value ({}) : type mismatch error, expected type LIST", path.text());
            self.record(Fault::document(message, None), fields, path);
            return null_for(kind);
        };
        let pending: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let path = Path { parent: Some(&path), segment: Segment::Index(index) };
                self.complete(item, (object, fields), value, path)
            })
            .collect();
        let values: Result<Vec<Value>, Bubble> = together(pending).await.into_iter().collect();
        values.map_or_else(|Bubble| null_for(kind), |values| Ok(Value::Array(values)))
    }
}

/// Null, when the type takes it.
fn null_for(kind: &Type) -> Result<Value, Bubble> {
    if kind.is_non_null() { Err(Bubble) } else { Ok(Value::Null) }
}

/// What a value is, in graphql-java's words.
fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "Double",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "ArrayList",
        Value::Object(_) => "LinkedHashMap",
    }
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Waits for all of them, each going on while others wait.
async fn together<T>(mut pending: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (slot, future) in done.iter_mut().zip(&mut pending) {
            if slot.is_none() {
                match Pin::as_mut(future).poll(context) {
                    Poll::Ready(value) => *slot = Some(value),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    done.into_iter().flatten().collect()
}
