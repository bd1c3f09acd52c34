//! The attributes of queues: names, ranges, defaults.
//!
//! Source: `SetQueueAttributes` in the SQS API reference.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fault::{bad_attribute, bad_attribute_because, invalid};
use crate::cloud::iam::policy::{Policy, PolicyKind};
use crate::cloud::service::ApiError;

/// The largest message, in bytes: the quota since August 2025.
pub(super) const MESSAGE_BYTES: i64 = 1024 * 1024;

/// What a value must be.
#[derive(Clone, Copy)]
enum Kind {
    /// A whole number between two.
    Number(i64, i64),
    Flag,
    Choice(&'static [&'static str]),
    Text,
    /// JSON, or nothing to take it away.
    Document,
}

/// The attributes that can be set, what they must be, and what they are when nothing is said.
const SETTINGS: &[(&str, Kind, Option<&str>)] = &[
    ("ContentBasedDeduplication", Kind::Flag, None),
    ("DeduplicationScope", Kind::Choice(&["queue", "messageGroup"]), None),
    ("DelaySeconds", Kind::Number(0, 900), Some("0")),
    ("FifoQueue", Kind::Flag, None),
    ("FifoThroughputLimit", Kind::Choice(&["perQueue", "perMessageGroupId"]), None),
    ("KmsDataKeyReusePeriodSeconds", Kind::Number(60, 86_400), None),
    ("KmsMasterKeyId", Kind::Text, None),
    ("MaximumMessageSize", Kind::Number(1024, MESSAGE_BYTES), Some("1048576")),
    ("MessageRetentionPeriod", Kind::Number(60, 1_209_600), Some("345600")),
    ("Policy", Kind::Document, None),
    ("ReceiveMessageWaitTimeSeconds", Kind::Number(0, 20), Some("0")),
    ("RedriveAllowPolicy", Kind::Document, None),
    ("RedrivePolicy", Kind::Document, None),
    ("SqsManagedSseEnabled", Kind::Flag, Some("true")),
    ("VisibilityTimeout", Kind::Number(0, 43_200), Some("30")),
];

/// The attributes that only FIFO queues have.
const FIFO_ONLY: [&str; 3] = ["ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];

/// The attributes that can be read and not set.
pub(super) const FACTS: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// Whether an attribute can be read.
pub(super) fn is_known(name: &str) -> bool {
    name == "All" || FACTS.contains(&name) || SETTINGS.iter().any(|(known, _, _)| *known == name)
}

/// What a queue has when nothing is said.
pub(super) fn defaults(fifo: bool) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> =
        SETTINGS.iter().filter_map(|(name, _, value)| Some(((*name).to_owned(), (*value)?.to_owned()))).collect();
    if fifo {
        let own = [
            ("ContentBasedDeduplication", "false"),
            ("DeduplicationScope", "queue"),
            ("FifoQueue", "true"),
            ("FifoThroughputLimit", "perQueue"),
        ];
        all.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    all
}

/// The attributes of a request, each checked; an empty document takes the attribute away.
pub(super) fn checked(value: Option<&Value>, fifo: bool) -> Result<BTreeMap<String, String>, ApiError> {
    let Some(fields) = value.and_then(Value::as_object) else { return Ok(BTreeMap::new()) };
    let mut all = BTreeMap::new();
    for (name, value) in fields {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        check(name, &text, fifo)?;
        all.insert(name.clone(), text);
    }
    Ok(all)
}

fn check(name: &str, value: &str, fifo: bool) -> Result<(), ApiError> {
    let Some((_, kind, _)) = SETTINGS.iter().find(|(known, _, _)| *known == name) else {
        return Err(unknown(name));
    };
    if !fifo && FIFO_ONLY.contains(&name) {
        let reason = "You can specify this attribute only for FIFO queues";
        return Err(ApiError::new("InvalidAttributeName", format!("Unknown Attribute {name}. {reason}.")));
    }
    let fits = match kind {
        Kind::Number(least, most) => value.parse::<i64>().is_ok_and(|number| (*least..=*most).contains(&number)),
        Kind::Flag => matches!(value, "true" | "false"),
        Kind::Choice(choices) => choices.contains(&value),
        Kind::Text => true,
        Kind::Document => return document(name, value),
    };
    if fits { Ok(()) } else { Err(bad_attribute(name)) }
}

/// An attribute that does not exist.
pub(super) fn unknown(name: &str) -> ApiError {
    ApiError::new("InvalidAttributeName", format!("Unknown Attribute {name}."))
}

fn document(name: &str, value: &str) -> Result<(), ApiError> {
    if value.is_empty() {
        return Ok(());
    }
    match name {
        "Policy" => Policy::parse_text(value, PolicyKind::Resource).map(|_| ()).map_err(|_| bad_attribute("Policy")),
        "RedrivePolicy" => Redrive::read(value).map(|_| ()),
        _ => RedriveAllow::read(value).map(|_| ()),
    }
}

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redrive {
    /// The ARN of the dead-letter queue.
    pub target: String,
    /// How often a message may be received.
    pub most: u32,
}

impl Redrive {
    /// Reads a `RedrivePolicy`.
    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        let refuse =
            |reason: &str| invalid(format!("Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}."));
        let value: Value = serde_json::from_str(text).map_err(|_| refuse("Redrive policy is not a valid JSON map"))?;
        let target = value.get("deadLetterTargetArn").and_then(Value::as_str);
        let target =
            target.ok_or_else(|| refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn"))?;
        let most = value.get("maxReceiveCount");
        let most =
            most.ok_or_else(|| refuse("Redrive policy does not contain mandatory attribute: maxReceiveCount"))?;
        let most = most.as_str().map_or_else(|| most.as_u64(), |most| most.parse().ok());
        match most.and_then(|most| u32::try_from(most).ok()).filter(|most| (1..=1000).contains(most)) {
            Some(most) => Ok(Self { target: target.to_owned(), most }),
            None => Err(refuse("Invalid value for maxReceiveCount: must be between 1 and 1000")),
        }
    }
}

/// Which queues may use a queue for their dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RedriveAllow {
    All,
    None,
    /// These, by ARN.
    Queues(Vec<String>),
}

impl RedriveAllow {
    /// Reads a `RedriveAllowPolicy`.
    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        let refuse = |reason: &str| bad_attribute_because(text, "RedriveAllowPolicy", reason);
        let value: Value = serde_json::from_str(text).map_err(|_| refuse("it is not a valid JSON map."))?;
        let queues = value.get("sourceQueueArns").and_then(Value::as_array);
        match (value.get("redrivePermission").and_then(Value::as_str), queues) {
            (Some("allowAll"), None) => Ok(Self::All),
            (Some("denyAll"), None) => Ok(Self::None),
            (Some("byQueue"), Some(queues)) if (1..=10).contains(&queues.len()) => {
                Ok(Self::Queues(queues.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
            }
            _ => Err(refuse("redrivePermission must be allowAll, denyAll, or byQueue with up to 10 sourceQueueArns.")),
        }
    }

    /// Whether a queue may.
    pub(super) fn allows(&self, arn: &str) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Queues(queues) => queues.iter().any(|queue| queue == arn),
        }
    }
}
