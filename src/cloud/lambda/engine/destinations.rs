//! What asynchronous invocations are held to, and where their outcomes go.
//!
//! Source: "Capturing records of Lambda asynchronous invocations" and "Adding a dead-letter queue" of the Lambda guide,
//! and `PutFunctionEventInvokeConfig` of the API reference. The function's own role must be allowed to send.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Engine;
use super::events::Kept;
use super::invocation::{Event, Invocation};
use super::names::{LATEST, Named};
use super::not_found;
use super::record::Function;
use super::settings::{constraint, invalid, number};
use crate::cloud::iam::Guest;
use crate::cloud::lambda::Outgoing;
use crate::cloud::service::{ApiError, Caller, Permission, RoleSession};

/// What asynchronous invocations of a function or alias are held to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct EventConfig {
    /// How old an event may become, in seconds.
    pub max_age_s: Option<u64>,
    /// How often it is tried again.
    pub retries: Option<usize>,
    /// ARNs.
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
    pub modified_ms: i64,
}

/// How an event ended.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    Success(Invocation),
    Failed(Invocation),
    TooOld,
}

impl EventConfig {
    /// This configuration with the members of an input in their place.
    pub(in crate::cloud::lambda) fn with(mut self, input: &Value) -> Result<Self, ApiError> {
        if let Some(age) = number(input, "MaximumEventAgeInSeconds", "maximumEventAgeInSeconds", 60..=21_600)? {
            self.max_age_s = Some(age);
        }
        if let Some(retries) = number(input, "MaximumRetryAttempts", "maximumRetryAttempts", 0..=2)? {
            self.retries = usize::try_from(retries).ok();
        }
        for (name, member) in [("OnSuccess", &mut self.on_success), ("OnFailure", &mut self.on_failure)] {
            if let Some(given) = input.pointer(&format!("/DestinationConfig/{name}")) {
                let arn = given.get("Destination").and_then(Value::as_str).filter(|arn| !arn.is_empty());
                *member = arn.map(|arn| checked(arn).map(|()| arn.to_owned())).transpose()?;
            }
        }
        Ok(self)
    }

    fn described(&self, arn: &str) -> Value {
        let destination =
            |arn: &Option<String>| arn.as_ref().map_or_else(|| json!({}), |arn| json!({"Destination": arn}));
        #[expect(clippy::cast_precision_loss, reason = "the API gives seconds with a fraction; a date is small enough")]
        let modified = self.modified_ms as f64 / 1000.0;
        let mut told = json!({
            "LastModified": modified, "FunctionArn": arn,
            "DestinationConfig": {"OnSuccess": destination(&self.on_success), "OnFailure": destination(&self.on_failure)},
        });
        if let Some(age) = self.max_age_s {
            told["MaximumEventAgeInSeconds"] = json!(age);
        }
        if let Some(retries) = self.retries {
            told["MaximumRetryAttempts"] = json!(retries);
        }
        told
    }
}

/// Refuses what is no destination.
pub(super) fn checked(arn: &str) -> Result<(), ApiError> {
    let mut parts = arn.split(':');
    match (parts.next(), parts.nth(1)) {
        (Some("arn"), Some("lambda" | "sqs" | "sns" | "events")) => Ok(()),
        (Some("arn"), Some("s3")) => Err(ApiError::not_built("lambda", "destinations that are buckets of S3")),
        _ => Err(constraint(
            arn,
            "destination",
            "satisfy regular expression pattern: ^$|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)",
        )),
    }
}

impl Engine {
    /// What is set for asynchronous invocations by this name; an alias has its own.
    pub(in crate::cloud::lambda) fn event_config_of(&self, named: &Named) -> Result<EventConfig, ApiError> {
        let function = self.function_of(named)?;
        let key = named.qualifier.as_deref().unwrap_or(LATEST);
        Ok(function.event_configs.get(key).cloned().unwrap_or_default())
    }

    /// The configuration as the API gives it, or `ResourceNotFoundException`.
    pub(in crate::cloud::lambda) fn event_config(&self, named: &Named) -> Result<Value, ApiError> {
        let key = named.qualifier.as_deref().unwrap_or(LATEST);
        let (function, arn) =
            (self.function_of(named)?, format!("{}:{key}", super::names::arn(&self.shared, &named.name)));
        let config = function
            .event_configs
            .get(key)
            .ok_or_else(|| not_found(format!("The function {arn} doesn't have an EventInvokeConfig")))?;
        Ok(config.described(&arn))
    }

    /// The configurations of a function and its aliases.
    pub(in crate::cloud::lambda) fn event_configs(&self, named: &Named) -> Result<Vec<Value>, ApiError> {
        let function = self.function(named)?;
        let all = function.event_configs.iter();
        Ok(all.map(|(key, config)| config.described(&format!("{}:{key}", function.arn))).collect())
    }

    /// Sets or takes away what asynchronous invocations are held to.
    pub(in crate::cloud::lambda) fn put_event_config(
        &self,
        named: &Named,
        config: Option<EventConfig>,
    ) -> Result<(), ApiError> {
        self.check_qualifier(named)?;
        let key = named.qualifier.clone().unwrap_or_else(|| LATEST.to_owned());
        let now_ms = self.shared.clock.now_ms();
        let whole = Named { name: named.name.clone(), qualifier: None };
        self.change(&whole, None, |function| {
            match config {
                Some(config) => {
                    function.event_configs.insert(key, EventConfig { modified_ms: now_ms, ..config });
                }
                None => drop(function.event_configs.remove(&key)),
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Tells the destinations of an event how it ended.
    pub(super) fn tell(self: &Arc<Self>, id: &str, kept: &Kept, fate: Fate) {
        let Ok(named) = Named::read(&self.shared, &kept.arn) else { return };
        let (Ok(function), Ok(config)) = (self.resolve(&named), self.event_config_of(&named)) else { return };
        let (condition, destination, invocation) = match fate {
            Fate::Success(invocation) => ("Success", config.on_success, Some(invocation)),
            Fate::Failed(invocation) => ("RetriesExhausted", config.on_failure, Some(invocation)),
            Fate::TooOld => ("EventAgeExceeded", config.on_failure, None),
        };
        if let Some(arn) = destination {
            let record = record(&self.shared.clock, id, kept, &function, condition, invocation.as_ref());
            self.send(&function, &arn, &record.to_string(), &json!({}));
        }
        if let Some(queue) = function.settings.dead_letters.as_ref().filter(|_| condition != "Success") {
            let message = invocation.as_ref().and_then(|invocation| {
                let error: Value = serde_json::from_slice(&invocation.payload).ok()?;
                error.get("errorMessage")?.as_str().map(str::to_owned)
            });
            let text = |value: &str| json!({"DataType": "String", "StringValue": value});
            let attributes = json!({
                "RequestID": text(id), "ErrorCode": {"DataType": "Number", "StringValue": "200"},
                "ErrorMessage": text(message.as_deref().unwrap_or("the event was too old")),
            });
            self.send(&function, queue, &String::from_utf8_lossy(&kept.payload()), &attributes);
        }
    }

    /// Sends a text to a destination on behalf of the function's role. What cannot be sent is told in the log of the
    /// cloud and dropped, as on AWS.
    pub(super) fn send(self: &Arc<Self>, function: &Function, arn: &str, body: &str, attributes: &Value) {
        let caller = self.caller_of(function);
        let sent = match arn.split(':').nth(2) {
            Some("lambda") => self.send_to_function(&caller, arn, body),
            Some("sqs") => {
                let input = json!({"MessageBody": body, "MessageAttributes": attributes});
                self.sqs.send_for(&Guest::Caller(caller), arn, &input).map(|_| ())
            }
            Some("sns" | "events") => self.send_beyond(function, arn, body),
            _ => Err(invalid(format!("{arn} is no destination"))),
        };
        if let Err(error) = sent {
            tracing::warn!(%error, function = function.name, destination = arn, "a record could not be sent");
        }
    }

    fn send_beyond(&self, function: &Function, target: &str, body: &str) -> Result<(), ApiError> {
        let outlet = self.outlet.get().and_then(std::sync::Weak::upgrade);
        let outlet = outlet.ok_or_else(|| invalid(format!("nobody here delivers to {target}")))?;
        let failed = serde_json::from_str::<Value>(body).is_ok_and(|record| {
            record.pointer("/requestContext/condition").is_some_and(|condition| condition != "Success")
        });
        let detail_type = if failed {
            "Lambda Function Invocation Result - Failure"
        } else {
            "Lambda Function Invocation Result - Success"
        };
        let role = &function.settings.role;
        outlet.send(&Outgoing { function: &function.arn, role, target, body, detail_type })
    }

    fn send_to_function(self: &Arc<Self>, caller: &Caller, arn: &str, body: &str) -> Result<(), ApiError> {
        self.iam.authorize(caller, &Permission::new("lambda:InvokeFunction", arn))?;
        let named = Named::read(&self.shared, arn)?;
        self.resolve(&named)?;
        let event = Event {
            id: self.shared.ids.uuid(),
            payload: body.to_owned().into(),
            arn: arn.to_owned(),
            client_context: None,
        };
        self.accept(event)
    }

    /// The function's role as a caller of other services.
    pub(super) fn caller_of(&self, function: &Function) -> Caller {
        Caller::Service(RoleSession {
            role_arn: function.settings.role.clone(),
            session_name: function.name.clone(),
            access_key: String::new(),
            context: std::collections::BTreeMap::new(),
        })
    }
}

/// The record of an invocation, version 1.0.
fn record(
    clock: &Arc<dyn crate::base::Clock>,
    id: &str,
    kept: &Kept,
    function: &Function,
    condition: &str,
    invocation: Option<&Invocation>,
) -> Value {
    let payload = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let qualified = if kept.arn.split(':').count() > 7 { kept.arn.clone() } else { format!("{}:{LATEST}", kept.arn) };
    let mut record = json!({
        "version": "1.0", "timestamp": crate::base::clock::iso_ms(clock.now_ms()),
        "requestContext": {
            "requestId": id, "functionArn": qualified, "condition": condition,
            "approximateInvokeCount": kept.asked() + usize::from(condition == "Success"),
        },
        "requestPayload": payload(&kept.payload()),
    });
    if let Some(invocation) = invocation {
        record["responseContext"] = json!({"statusCode": 200, "executedVersion": function.version});
        if invocation.failed {
            record["responseContext"]["functionError"] = json!("Unhandled");
        }
        record["responsePayload"] = payload(&invocation.payload);
    }
    record
}
