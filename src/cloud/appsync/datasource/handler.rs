//! Functions that say what becomes of a write whose condition failed.
//!
//! Source: AppSync guide, "Handling a condition check failure". Not here: conflicts of versions, which are in `settle`.

use serde_json::{Value, json};

use super::dynamodb::{Asking, refused};
use super::{Answer, Origin, settle};
use crate::cloud::service::ApiError;

/// How often a function may have a write repeated: a function that always says so must end.
const REPEATS_LIMIT: usize = 5;

/// What a function is called with and told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handling<'a> {
    /// The role of the data source.
    pub role: Option<&'a str>,
    pub origin: &'a Origin<'a>,
    /// How often the write was repeated already.
    pub repeated: usize,
}

impl Asking<'_> {
    /// Asks the function of the condition. It waits, so it must run where waiting holds nothing up.
    pub(super) fn handle(&self, error: &ApiError, current: Value) -> Answer {
        let function = self.request.pointer("/condition/conditionalCheckFailedHandler/lambdaArn");
        let function = function.and_then(Value::as_str).unwrap_or_default();
        let origin = self.handling.origin;
        let (parent, field) = origin.field;
        let payload = json!({
            "arguments": origin.arguments,
            "requestMapping": self.request,
            "currentValue": current,
            "resolver": {
                "tableName": self.config.table_name, "awsRegion": self.config.aws_region,
                "parentType": parent, "field": field,
            },
            "identity": origin.identity,
        });
        let answer = match settle::call(self.backends, self.handling.role, function, &payload) {
            Ok(answer) => answer,
            Err(message) => return Answer::error("DynamoDB:ConditionalCheckFailedHandler", message, current),
        };
        match answer.get("action").and_then(Value::as_str) {
            Some("discard") => Answer::result(current),
            Some("retry") if self.handling.repeated < REPEATS_LIMIT => {
                self.again(answer.get("retryMapping").unwrap_or(&Value::Null), current)
            }
            Some("reject" | "retry") => refused(self.backends, error, current),
            _ => {
                let message = format!("the handler gave no action that is one of reject, discard, retry: {answer}");
                Answer::error("DynamoDB:ConditionalCheckFailedHandler", message, current)
            }
        }
    }

    /// The write that the function wants instead.
    fn again(&self, request: &Value, current: Value) -> Answer {
        let operation = request.get("operation").and_then(Value::as_str).unwrap_or_default();
        if !["PutItem", "UpdateItem", "DeleteItem"].contains(&operation) {
            let message = format!("the handler wants the operation '{operation}', which is no write");
            return Answer::error("DynamoDB:ConditionalCheckFailedHandler", message, current);
        }
        let handling = Handling { repeated: self.handling.repeated + 1, ..self.handling };
        let asking =
            Asking { backends: self.backends, caller: self.caller.clone(), config: self.config, request, handling };
        asking.carry_out().unwrap_or_else(|fault| Answer::error(fault.kind.unwrap_or_default(), fault.message, current))
    }
}
