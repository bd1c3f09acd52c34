//! Topics and subscriptions as stored, and the rules for changing them.
//!
//! Source: the SNS API reference.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::filter::Filter;
use crate::cloud::delivery::Delivery;
use crate::cloud::iam::Iam;
use crate::cloud::iam::policy::{Policy, PolicyKind};
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::{Batch, Table};

/// The attributes that a topic can be given, and whether they are flags.
const TOPIC_ATTRIBUTES: &[(&str, bool)] = &[
    ("ContentBasedDeduplication", true),
    ("DeliveryPolicy", false),
    ("DisplayName", false),
    ("FifoThroughputScope", false),
    ("FifoTopic", true),
    ("KmsMasterKeyId", false),
    ("Policy", false),
    ("SignatureVersion", false),
    ("TracingConfig", false),
];

/// The attributes that a subscription can be given.
const SUBSCRIPTION_ATTRIBUTES: [&str; 4] = ["FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"];

/// A topic as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Topic {
    pub name: String,
    pub arn: String,
    pub fifo: bool,
    pub attributes: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
}

/// A subscription as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Subscription {
    pub arn: String,
    pub topic_arn: String,
    /// `lambda`, `sqs`.
    pub protocol: String,
    /// The ARN of the function or queue.
    pub endpoint: String,
    pub attributes: BTreeMap<String, String>,
}

/// A message of a FIFO topic that was taken in the last five minutes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Recent {
    pub id: String,
    pub sequence: String,
    /// Milliseconds since 1970.
    pub at_ms: i64,
}

/// The topics of the account.
pub(super) struct Engine {
    pub shared: Arc<Shared>,
    pub iam: Arc<Iam>,
    pub delivery: Arc<Delivery>,
    pub topics: Table<Topic>,
    /// By `topic ARN:id`.
    pub subscriptions: Table<Subscription>,
    /// By `topic/id`.
    pub recent: Table<Recent>,
    last: AtomicU64,
}

impl Topic {
    /// The policy of the topic.
    pub(super) fn policy(&self) -> Option<Policy> {
        self.attributes.get("Policy").and_then(|text| Policy::parse_text(text, PolicyKind::Resource).ok())
    }
}

impl Subscription {
    /// Which messages it is for.
    pub(super) fn filter(&self) -> Option<Filter> {
        let text = self.attributes.get("FilterPolicy")?;
        let scope = self.attributes.get("FilterPolicyScope").map_or("MessageAttributes", String::as_str);
        Filter::read(text, scope).ok()
    }

    /// Whether the message is delivered as it is.
    pub(super) fn is_raw(&self) -> bool {
        self.attributes.get("RawMessageDelivery").is_some_and(|value| value == "true")
    }

    /// The queue for what cannot be delivered.
    pub(super) fn dead_letter(&self) -> Option<String> {
        let value: Value = serde_json::from_str(self.attributes.get("RedrivePolicy")?).ok()?;
        value.get("deadLetterTargetArn").and_then(Value::as_str).map(str::to_owned)
    }
}

impl Engine {
    pub(super) fn new(shared: Arc<Shared>, iam: Arc<Iam>, delivery: Arc<Delivery>) -> Self {
        let store = || Arc::clone(&shared.store);
        Self {
            topics: Table::new(store(), "sns.topic"),
            subscriptions: Table::new(store(), "sns.subscription"),
            recent: Table::new(store(), "sns.recent"),
            last: AtomicU64::new(0),
            shared,
            iam,
            delivery,
        }
    }

    /// A number above every earlier one, after a restart too: they grow with the time.
    pub(super) fn next_sequence(&self) -> String {
        let by_time = self.shared.clock.now_ms().unsigned_abs().saturating_mul(1_000_000);
        let next = |last| Some(by_time.max(last + 1));
        let before = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
        format!("{:020}", by_time.max(before + 1))
    }

    /// The ARN of a topic.
    pub(super) fn arn(&self, name: &str) -> String {
        format!("arn:aws:sns:{}:{}:{name}", self.shared.region, self.shared.account)
    }

    /// A topic by its ARN.
    pub(super) fn topic(&self, arn: &str) -> Result<Topic, ApiError> {
        self.topics.get(arn).ok_or_else(|| not_found("Topic does not exist"))
    }

    /// The subscriptions of a topic.
    pub(super) fn subscriptions_of(&self, topic_arn: &str) -> Vec<Subscription> {
        let all = self.subscriptions.starting_with(&format!("{topic_arn}:"));
        all.into_iter().map(|(_, subscription)| subscription).collect()
    }

    /// Makes a topic; one with the same attributes is answered as it is.
    pub(super) fn create(
        &self,
        name: &str,
        attributes: BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
    ) -> Result<String, ApiError> {
        let fifo = attributes.get("FifoTopic").is_some_and(|value| value == "true");
        let stem = name.strip_suffix(".fifo");
        let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        let fits = (1..=256).contains(&name.len()) && stem.unwrap_or(name).chars().all(good);
        if !fits || fifo != stem.is_some() {
            return Err(invalid(if fifo {
                "Topic Name: FIFO topic names must end with .fifo and must be made up of only uppercase and lowercase \
                 ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
            } else {
                "Topic Name"
            }));
        }
        for (name, value) in &attributes {
            check_topic_attribute(name, value)?;
        }
        let arn = self.arn(name);
        if let Some(topic) = self.topics.get(&arn) {
            let other = attributes.iter().any(|(name, value)| topic.attributes.get(name) != Some(value));
            return if other {
                Err(invalid("Attributes Reason: Topic already exists with different attributes"))
            } else {
                Ok(arn)
            };
        }
        let topic = Topic { name: name.to_owned(), arn: arn.clone(), fifo, attributes, tags };
        self.topics.put(&arn, &topic)?;
        Ok(arn)
    }

    /// Changes a topic.
    pub(super) fn change(&self, arn: &str, change: impl FnOnce(&mut Topic)) -> Result<(), ApiError> {
        let mut topic = self.topic(arn)?;
        change(&mut topic);
        Ok(self.topics.put(arn, &topic)?)
    }

    /// Sets an attribute of a topic; nothing takes it away.
    pub(super) fn set(&self, arn: &str, name: &str, value: &str) -> Result<(), ApiError> {
        if name == "FifoTopic" {
            return Err(invalid("AttributeName"));
        }
        check_topic_attribute(name, value)?;
        self.change(arn, |topic| {
            if value.is_empty() {
                topic.attributes.remove(name);
            } else {
                topic.attributes.insert(name.to_owned(), value.to_owned());
            }
        })
    }

    /// Deletes a topic with its subscriptions; one that is gone is a success.
    pub(super) fn delete(&self, arn: &str) -> Result<(), ApiError> {
        let mut batch = Batch::default();
        self.topics.drop(&mut batch, arn);
        self.subscriptions_of(arn).iter().for_each(|one| self.subscriptions.drop(&mut batch, &one.arn));
        self.recent.starting_with(&format!("{arn}/")).iter().for_each(|(key, _)| self.recent.drop(&mut batch, key));
        Ok(self.shared.store.commit(batch)?)
    }

    /// Subscribes an endpoint; the same one again is answered as it is.
    pub(super) fn subscribe(
        &self,
        topic_arn: &str,
        protocol: &str,
        endpoint: &str,
        attributes: BTreeMap<String, String>,
    ) -> Result<String, ApiError> {
        let topic = self.topic(topic_arn)?;
        match protocol {
            "lambda" if endpoint.starts_with("arn:aws:lambda:") && !topic.fifo => {}
            "lambda" if topic.fifo => {
                return Err(invalid("Invalid protocol type: lambda: FIFO topics deliver to queues"));
            }
            "sqs" if endpoint.starts_with("arn:aws:sqs:") => {
                if endpoint.ends_with(".fifo") && !topic.fifo {
                    return Err(invalid(
                        "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
                    ));
                }
            }
            "lambda" => return Err(invalid("Lambda endpoint ARN")),
            "sqs" => return Err(invalid("SQS endpoint ARN")),
            "http" | "https" | "email" | "email-json" | "sms" | "application" | "firehose" => {
                return Err(ApiError::not_built("sns", &format!("Subscribe with the protocol {protocol}")));
            }
            _ => return Err(invalid(&format!("Amazon SNS does not support this protocol string: {protocol}"))),
        }
        check_subscription(&attributes)?;
        let known = self.subscriptions_of(topic_arn).into_iter();
        if let Some(known) = known.into_iter().find(|one| one.protocol == protocol && one.endpoint == endpoint) {
            return if known.attributes == attributes || attributes.is_empty() {
                Ok(known.arn)
            } else {
                Err(invalid("Attributes Reason: Subscription already exists with different attributes"))
            };
        }
        let arn = format!("{topic_arn}:{}", self.shared.ids.uuid());
        let subscription = Subscription {
            arn: arn.clone(),
            topic_arn: topic_arn.to_owned(),
            protocol: protocol.to_owned(),
            endpoint: endpoint.to_owned(),
            attributes,
        };
        self.subscriptions.put(&arn, &subscription)?;
        Ok(arn)
    }

    /// A subscription by its ARN.
    pub(super) fn subscription(&self, arn: &str) -> Result<Subscription, ApiError> {
        self.subscriptions.get(arn).ok_or_else(|| not_found("Subscription does not exist"))
    }

    /// Changes attributes of a subscription; nothing takes one away.
    pub(super) fn set_subscription(&self, arn: &str, wanted: BTreeMap<String, String>) -> Result<(), ApiError> {
        let mut subscription = self.subscription(arn)?;
        for (name, value) in wanted {
            if value.is_empty() {
                subscription.attributes.remove(&name);
            } else {
                subscription.attributes.insert(name, value);
            }
        }
        check_subscription(&subscription.attributes)?;
        Ok(self.subscriptions.put(arn, &subscription)?)
    }
}

fn check_topic_attribute(name: &str, value: &str) -> Result<(), ApiError> {
    let Some((_, flag)) = TOPIC_ATTRIBUTES.iter().find(|(known, _)| *known == name) else {
        return Err(invalid("AttributeName"));
    };
    let fits = match name {
        _ if *flag => matches!(value, "true" | "false"),
        "Policy" if !value.is_empty() => Policy::parse_text(value, PolicyKind::Resource).is_ok(),
        "DeliveryPolicy" if !value.is_empty() => serde_json::from_str::<Value>(value).is_ok(),
        "DisplayName" => value.chars().count() <= 100,
        _ => true,
    };
    if fits { Ok(()) } else { Err(invalid(&format!("Attributes Reason: {name}: the value does not fit"))) }
}

fn check_subscription(attributes: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let scope = attributes.get("FilterPolicyScope").map_or("MessageAttributes", String::as_str);
    if !matches!(scope, "MessageAttributes" | "MessageBody") {
        return Err(invalid("FilterPolicyScope: Invalid value. Please use either MessageBody or MessageAttributes"));
    }
    for (name, value) in attributes {
        match name.as_str() {
            "FilterPolicy" => Filter::read(value, scope).map(|_| ())?,
            "RawMessageDelivery" if !matches!(value.as_str(), "true" | "false") => {
                return Err(invalid("Attributes Reason: RawMessageDelivery: Invalid value. Must be true or false."));
            }
            "RedrivePolicy" => {
                let value: Value = serde_json::from_str(value).unwrap_or_default();
                let target = value.get("deadLetterTargetArn").and_then(Value::as_str);
                if !target.is_some_and(|target| target.starts_with("arn:aws:sqs:")) {
                    return Err(invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn"));
                }
            }
            name if SUBSCRIPTION_ATTRIBUTES.contains(&name) => {}
            name => return Err(ApiError::not_built("sns", &format!("the attribute {name} of subscriptions"))),
        }
    }
    Ok(())
}

/// `InvalidParameter`.
pub(super) fn invalid(what: &str) -> ApiError {
    ApiError::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

/// `NotFound`.
pub(super) fn not_found(message: &str) -> ApiError {
    ApiError::new("NotFound", message).status(404)
}
