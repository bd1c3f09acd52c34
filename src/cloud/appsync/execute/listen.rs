//! Subscriptions: the resolver runs when a client begins to listen; what mutations give is then selected, field by
//! field, as that client may see it.
//!
//! Not here: who listens, and whom a payload concerns.

use std::sync::{Arc, PoisonError};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Node;
use apollo_compiler::ast::OperationType;
use apollo_compiler::executable::Field;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value};

use super::path::{Path, Segment};
use super::{Answered, Execution, Setting, coerce, prepare};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::resolve::not_authorized;

/// What a client listens to.
#[derive(Clone, Debug)]
pub(in crate::cloud::appsync) struct Listening {
    /// The subscription's field.
    pub field: String,
    /// Scalar arguments that were given: what payloads must have when no filter is set.
    pub arguments: Map<String, Value>,
    /// What the resolver set: `{ kind, filter }`.
    pub filters: Vec<Value>,
    /// The fields of the mutation type that it listens to.
    pub mutations: Vec<String>,
}

/// Begins a subscription: checks it and runs its resolver.
pub(in crate::cloud::appsync) async fn listen(
    setting: Setting<'_>,
    document: &Valid<ExecutableDocument>,
    (name, given): (Option<&str>, &Map<String, Value>),
) -> Result<Listening, Vec<Fault>> {
    let (execution, operation) = prepare(setting, document, (name, given)).map_err(|refused| refused.faults)?;
    if operation.operation_type != OperationType::Subscription {
        let message = "only subscriptions are taken here: send queries and mutations to the address of the API";
        return Err(vec![Fault::raised("UnsupportedOperation", message)]);
    }
    let root = operation.object_type().as_str();
    let fields = execution.collect(root, &[&operation.selection_set]);
    let [(key, merged)] = &fields.iter().collect::<Vec<_>>()[..] else {
        return Err(vec![Fault::document("a subscription has one field at its root", None)]);
    };
    let (field, path) = (merged[0], Path { parent: None, segment: Segment::Key(key) });
    if let Err(fault) = execution.gathering(execution.begin(root, merged, path)).await {
        execution.record(fault, merged, path);
    }
    let faults = execution.faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !faults.is_empty() {
        return Err(faults);
    }
    let schema = &execution.api.schema.schema;
    let arguments = coerce::arguments(schema, field, &execution.variables);
    let mut arguments = arguments.map_err(|message| vec![Fault::document(message, None)])?;
    arguments.retain(|name, _| {
        let kind = field.definition.argument_by_name(name).map(|argument| argument.ty.inner_named_type());
        !matches!(kind.and_then(|kind| schema.types.get(kind)), Some(ExtendedType::InputObject(_)))
    });
    Ok(Listening {
        field: field.name.to_string(),
        arguments,
        filters: execution.filters.into_inner().unwrap_or_else(PoisonError::into_inner),
        mutations: execution.api.schema.mutations_of(&field.name),
    })
}

/// The answer of a subscription for a payload; `root` holds it under the name of the field.
pub(in crate::cloud::appsync) async fn deliver(
    setting: Setting<'_>,
    document: &Valid<ExecutableDocument>,
    (name, given): (Option<&str>, &Map<String, Value>),
    root: &Value,
) -> Answered {
    match prepare(setting, document, (name, given)) {
        Ok((mut execution, operation)) => {
            execution.resolves = false;
            execution.select(operation, root).await
        }
        Err(refused) => refused,
    }
}

impl<'a> Execution<'a> {
    /// Runs the resolver of a subscription, where it has one.
    async fn begin(&self, root: &str, fields: &[&'a Node<Field>], path: Path<'_>) -> Result<(), Fault> {
        let name = fields[0].name.as_str();
        if !self.requester.may_see(self.api, &self.backends.iam, (root, name)) {
            return Err(Fault::raised("Unauthorized", not_authorized(root, name)));
        }
        let Some(resolver) = self.api.resolver(root, name) else { return Ok(()) };
        self.call(Arc::clone(resolver), (root, fields), &Value::Null, path).await.map(|_| ())
    }
}
