//! The EventBridge data source: events of a handler to the bus of the data source, with its role.
//!
//! Source: "AWS AppSync JavaScript resolver function reference for EventBridge data source".

use serde_json::{Map, Value, json};

use super::dynamodb::malformed;
use super::{Answer, Backends, PRINCIPAL};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::DataSource;
use crate::cloud::service::ApiError;

/// Puts the events of a request.
pub(super) fn invoke(backends: &Backends, source: &DataSource, request: &Value) -> Result<Answer, Fault> {
    let operation = request.get("operation").and_then(Value::as_str).unwrap_or_default();
    if operation != "PutEvents" {
        return Err(malformed(&format!("Unsupported operation '{operation}'. Expected one of PutEvents")));
    }
    let bus = source.event_bridge_config.as_ref().map(|config| config.event_bus_arn.as_str()).unwrap_or_default();
    let events = request.get("events").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if events.is_empty() {
        return Err(malformed("Value for field '$[events]' not found."));
    }
    let entries = events.iter().map(|event| entry(bus, event)).collect::<Result<Vec<_>, _>>()?;
    let role = source.service_role_arn.as_deref().unwrap_or_default();
    let put = backends.iam.act_as(role, PRINCIPAL);
    let put = put.and_then(|caller| backends.eventbridge.put_events(&caller, &json!({ "Entries": entries })));
    Ok(put.map_or_else(|error| refused(&error), Answer::result))
}

fn refused(error: &ApiError) -> Answer {
    let code = if error.code == "AccessDenied" { "AccessDeniedException" } else { error.code.as_str() };
    Answer::error(format!("EventBridge:{code}"), error.message.clone(), Value::Null)
}

/// An entry of `PutEvents`.
fn entry(bus: &str, event: &Value) -> Result<Value, Fault> {
    let mut entry = Map::new();
    entry.insert("EventBusName".to_owned(), bus.into());
    for (name, target) in [("source", "Source"), ("detailType", "DetailType"), ("resources", "Resources")] {
        if let Some(value) = event.get(name).filter(|value| !value.is_null()) {
            entry.insert(target.to_owned(), value.clone());
        }
    }
    if let Some(detail) = event.get("detail").filter(|detail| !detail.is_null()) {
        entry.insert("Detail".to_owned(), detail.to_string().into());
    }
    if let Some(time) = event.get("time").and_then(Value::as_str) {
        let read: jiff::Timestamp =
            time.parse().map_err(|_| malformed(&format!("The time of an event is not RFC 3339: {time}")))?;
        entry.insert("Time".to_owned(), read.as_second().into());
    }
    Ok(entry.into())
}
