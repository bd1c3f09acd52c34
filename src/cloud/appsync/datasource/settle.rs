//! Conflict handlers that are functions: what they are asked, and what they may answer.
//!
//! Source: AppSync guide, "Lambdas" of "Conflict detection and resolution". Not here: writing what they decided.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::item::plain_item;
use super::versioned::Versioned;
use super::{Backends, PRINCIPAL, wait};
use crate::cloud::lambda::{Asked, Invoker};

/// What a function decided.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    /// The write takes place with this item, in plain JSON.
    Resolve(Map<String, Value>),
    /// The item is deleted.
    Remove,
    /// The write is refused.
    Reject,
}

impl Versioned<'_> {
    /// Asks the function. It waits, so it must run where waiting holds nothing up. The error says what went wrong.
    pub(super) fn decide(
        &self,
        operation: &str,
        stored: &Map<String, Value>,
        foreseen: &Map<String, Value>,
    ) -> Result<Decision, String> {
        let config = self.origin.sync.and_then(|sync| sync.lambda_conflict_handler_config.as_ref());
        let function = config.map(|config| config.lambda_conflict_handler_arn.as_str()).unwrap_or_default();
        let (parent, field) = self.origin.field;
        let config = self.asking.config;
        let payload = json!({
            "newItem": plain_item(foreseen),
            "existingItem": plain_item(stored),
            "arguments": self.origin.arguments,
            "resolver": {
                "tableName": config.table_name, "awsRegion": config.aws_region, "parentType": parent, "field": field,
            },
            "identity": self.origin.identity,
        });
        let answer = call(self.asking.backends, self.source.service_role_arn.as_deref(), function, &payload)?;
        let malformed = || format!("the conflict handler gave no answer that {operation} takes: {answer}");
        let action = answer.get("action").and_then(Value::as_str).unwrap_or_default();
        match (action, operation) {
            ("REJECT", _) => Ok(Decision::Reject),
            ("REMOVE", "DeleteItem") => Ok(Decision::Remove),
            ("RESOLVE", "PutItem" | "UpdateItem") => {
                let item = answer.get("item").and_then(Value::as_object);
                item.cloned().map(Decision::Resolve).ok_or_else(malformed)
            }
            _ => Err(malformed()),
        }
    }
}

/// Invokes a function with the data source's role, and gives its answer.
pub(super) fn call(backends: &Backends, role: Option<&str>, function: &str, payload: &Value) -> Result<Value, String> {
    let caller = backends.iam.act_as(role.unwrap_or_default(), PRINCIPAL).map_err(|error| error.message)?;
    let asked = Asked::new(function, Bytes::from(payload.to_string()), Invoker::Caller(&caller));
    let invocation = match wait(backends.lambda.invoke(asked)) {
        Some(Ok(invocation)) => invocation,
        Some(Err(error)) => return Err(error.message),
        None => return Err("Execution timed out.".to_owned()),
    };
    let read: Value = serde_json::from_slice(&invocation.payload).unwrap_or_default();
    if invocation.failed {
        let message = read.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
        return Err(format!("the handler failed: {message}"));
    }
    Ok(read)
}
