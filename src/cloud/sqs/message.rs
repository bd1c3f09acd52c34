//! Messages: what they hold, what they must hold, and the MD5s by which clients check them.
//!
//! Source: "Amazon SQS message metadata" and "Calculating the MD5 message digest for message attributes" of the SQS guide.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fault::{invalid, missing};
use crate::cloud::service::ApiError;

/// How many attributes a message may have.
const ATTRIBUTES_LIMIT: usize = 10;

/// A message as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub id: String,
    pub body: String,
    pub attributes: Attributes,
    /// `AWSTraceHeader`.
    pub trace: Attributes,
    /// Who sent it: an account, or a role's id with the session's name.
    pub sender: String,
    /// Milliseconds since 1970.
    pub sent_ms: i64,
    /// When it can be received (again), in milliseconds since 1970.
    pub visible_ms: i64,
    /// When it was received for the first time, in milliseconds since 1970.
    pub first_received_ms: Option<i64>,
    /// How often it was received.
    pub received: u32,
    /// What tells the latest receipt handle from earlier ones.
    pub receipt: Option<String>,
    pub group: Option<String>,
    pub deduplication: Option<String>,
    /// The queue from which it was moved here after too many receives.
    pub source_arn: Option<String>,
}

/// Attributes by name.
pub(super) type Attributes = BTreeMap<String, Attribute>;

/// An attribute of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    /// `String`, `Number`, `Binary`, each with a label of the user's: `Number.int`.
    pub data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// In Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

impl Attribute {
    fn bytes(&self) -> Vec<u8> {
        match (&self.string_value, &self.binary_value) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(binary)) => STANDARD.decode(binary).unwrap_or_default(),
            (None, None) => Vec::new(),
        }
    }
}

impl Message {
    /// The system attributes that a receiver may ask for.
    pub(super) fn system(&self, sequence: Option<&str>) -> Map<String, Value> {
        let mut all = Map::new();
        let mut set = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                all.insert(name.to_owned(), json!(value));
            }
        };
        set("SenderId", Some(self.sender.clone()));
        set("ApproximateFirstReceiveTimestamp", self.first_received_ms.map(|at| at.to_string()));
        set("ApproximateReceiveCount", Some(self.received.to_string()));
        set("SentTimestamp", Some(self.sent_ms.to_string()));
        set("SequenceNumber", sequence.map(str::to_owned));
        set("MessageDeduplicationId", self.deduplication.clone());
        set("MessageGroupId", self.group.clone());
        set("DeadLetterQueueSourceArn", self.source_arn.clone());
        set("AWSTraceHeader", self.trace.get("AWSTraceHeader").and_then(|header| header.string_value.clone()));
        all
    }
}

/// The attributes of a request (`MessageAttributes`, `MessageSystemAttributes`), checked.
pub(super) fn attributes(value: Option<&Value>) -> Result<Attributes, ApiError> {
    let Some(fields) = value.and_then(Value::as_object) else { return Ok(Attributes::new()) };
    if fields.len() > ATTRIBUTES_LIMIT {
        let message = format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{ATTRIBUTES_LIMIT}].",
            fields.len()
        );
        return Err(invalid(message));
    }
    fields.iter().map(|(name, value)| Ok((name.clone(), attribute(name, value)?))).collect()
}

fn attribute(name: &str, value: &Value) -> Result<Attribute, ApiError> {
    check_name(name)?;
    let text = |member: &str| value.get(member).and_then(Value::as_str);
    let Some(data_type) = text("DataType").filter(|kind| !kind.is_empty()) else {
        return Err(invalid(format!("The message attribute '{name}' must contain non-empty message attribute type.")));
    };
    let prefix = data_type.split('.').next().unwrap_or_default();
    let binary = match prefix {
        "String" | "Number" => false,
        "Binary" => true,
        _ => {
            return Err(invalid(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
                 type prefixes: Binary, Number, String."
            )));
        }
    };
    let member = if binary { "BinaryValue" } else { "StringValue" };
    let Some(content) = text(member).filter(|content| !content.is_empty()) else {
        return Err(invalid(format!(
            "The message (user) attribute '{name}' must contain a non-empty value of type '{prefix}'."
        )));
    };
    if prefix == "Number" && content.parse::<f64>().is_err() {
        return Err(invalid(format!("Can't cast the value of message (user) attribute '{name}' to a number.")));
    }
    if binary && STANDARD.decode(content).is_err() {
        return Err(invalid(format!("The value of message (user) attribute '{name}' is not valid Base64.")));
    }
    if !binary {
        check_characters(content)?;
    }
    let content = content.to_owned();
    Ok(Attribute {
        data_type: data_type.to_owned(),
        string_value: (!binary).then(|| content.clone()),
        binary_value: binary.then_some(content),
    })
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    let lower = name.to_ascii_lowercase();
    let reserved = (lower.starts_with("aws.") || lower.starts_with("amazon.")) && name != "AWSTraceHeader";
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    if name.is_empty() || name.len() > 256 || reserved || dots || !name.chars().all(good) {
        return Err(invalid(format!(
            "Message (user) attribute name '{name}' is invalid: it can contain A-Z, a-z, 0-9, underscore (_), hyphen \
             (-), and period (.), must not begin with AWS. or Amazon., and must not begin or end with a period."
        )));
    }
    Ok(())
}

/// The body of a request, checked but for its length.
pub(super) fn body(value: Option<&Value>) -> Result<String, ApiError> {
    let body = value.and_then(Value::as_str).filter(|body| !body.is_empty()).ok_or_else(|| missing("MessageBody"))?;
    check_characters(body)?;
    Ok(body.to_owned())
}

fn check_characters(text: &str) -> Result<(), ApiError> {
    let fits = |letter: char| matches!(letter, '\u{9}' | '\u{a}' | '\u{d}' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(fits) {
        return Ok(());
    }
    let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to \
                   #xFFFD | #x10000 to #x10FFFF";
    Err(ApiError::new("InvalidMessageContents", message))
}

/// The length of a message in bytes, as limits count it.
pub(super) fn length(body: &str, attributes: &Attributes) -> usize {
    let one =
        |(name, attribute): (&String, &Attribute)| name.len() + attribute.data_type.len() + attribute.bytes().len();
    body.len() + attributes.iter().map(one).sum::<usize>()
}

/// MD5 in hexadecimal.
pub(super) fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// The MD5 of attributes; none when there are none.
pub(super) fn md5_of_attributes(attributes: &Attributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut whole = Vec::new();
    let mut add = |kind: Option<u8>, bytes: &[u8]| {
        whole.extend(kind);
        whole.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        whole.extend_from_slice(bytes);
    };
    for (name, attribute) in attributes {
        add(None, name.as_bytes());
        add(None, attribute.data_type.as_bytes());
        add(Some(if attribute.string_value.is_some() { 1 } else { 2 }), &attribute.bytes());
    }
    Some(md5(&whole))
}

/// The attributes whose names a receiver asked for: `All`, `.*`, `Name`, `prefix.*`.
pub(super) fn chosen(attributes: &Attributes, wanted: &[String]) -> Attributes {
    let asked = |name: &str| {
        wanted.iter().any(|wanted| {
            wanted == "All"
                || wanted == ".*"
                || wanted == name
                || wanted.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
        })
    };
    attributes.iter().filter(|(name, _)| asked(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
