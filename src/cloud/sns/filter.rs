//! Filter policies: which messages of a topic a subscription is for.
//!
//! Source: "Amazon SNS message filtering" of the SNS guide.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::topics::invalid;
use crate::cloud::pattern::Pattern;
use crate::cloud::service::ApiError;

/// A filter policy, and what it looks at.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pattern: Pattern,
    body: bool,
}

impl Filter {
    /// Reads a policy for a scope, `MessageAttributes` or `MessageBody`.
    pub(super) fn read(text: &str, scope: &str) -> Result<Self, ApiError> {
        let refuse = |reason: &str| invalid(&format!("FilterPolicy: {reason}"));
        let value: Value =
            serde_json::from_str(text).map_err(|error| refuse(&format!("failed to parse JSON. {error}")))?;
        let body = scope == "MessageBody";
        let nested = value.as_object().into_iter().flatten().any(|(_, value)| value.is_object());
        if nested && !body {
            return Err(refuse("Filter policy scope MessageAttributes does not support nested filter policy"));
        }
        if value.as_object().is_some_and(Map::is_empty) {
            // No condition at all: every message fits.
            return Ok(Self { pattern: Pattern::default(), body: false });
        }
        let pattern = Pattern::parse(&value).map_err(|error| refuse(&error.to_string()))?;
        Ok(Self { pattern, body })
    }

    /// Whether a message fits. `attributes` are those of the message, as JSON.
    pub(super) fn fits(&self, message: &str, attributes: &BTreeMap<String, Value>) -> bool {
        if self.body {
            let body: Result<Value, _> = serde_json::from_str(message);
            return body.is_ok_and(|body| body.is_object() && self.pattern.fits(&body));
        }
        let shown = attributes.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?)));
        self.pattern.fits(&Value::Object(shown.collect()))
    }
}

/// An attribute as patterns see it; binary ones are not seen.
fn plain(attribute: &Value) -> Option<Value> {
    let text = attribute.get("StringValue").and_then(Value::as_str)?;
    match attribute.get("DataType").and_then(Value::as_str)? {
        "String.Array" => serde_json::from_str(text).ok(),
        "Number" => text.parse::<i64>().map(Value::from).ok().or_else(|| text.parse::<f64>().map(Value::from).ok()),
        _ => Some(Value::from(text)),
    }
}
