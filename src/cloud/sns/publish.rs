//! Publishing: a message becomes a parcel for each subscription that it fits.
//!
//! Source: `Publish` in the SNS API reference, "Parsing message formats" and "Message deduplication for FIFO topics" of the
//! guide. Notifications carry no signature: nobody here could check AWS's certificate.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::topics::{Engine, Recent, Subscription, Topic, invalid};
use crate::base::clock::iso_ms;
use crate::cloud::delivery::{DeadLetter, Parcel, Retry, Sender};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

/// The largest message with its attributes, in bytes.
pub(super) const MESSAGE_BYTES: usize = 256 * 1024;

/// How long a FIFO topic knows what it has taken, in milliseconds.
const KNOWN_MS: i64 = 5 * 60 * 1000;

/// How often and how long functions and queues are tried: "Message delivery retries" of the guide.
const RETRY: Retry = Retry { tries: 100_015, age_ms: 23 * 24 * 3600 * 1000 };

/// A message to be published.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub text: String,
    pub subject: Option<String>,
    /// Texts by protocol, when the message has such.
    pub by_protocol: Option<BTreeMap<String, String>>,
    /// As the API gives them.
    pub attributes: BTreeMap<String, Value>,
    pub group: Option<String>,
    pub deduplication: Option<String>,
}

impl Message {
    /// Reads a message from a request or an entry of one.
    pub(super) fn read(input: &Value) -> Result<Self, ApiError> {
        let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        let message = text("Message").filter(|text| !text.is_empty()).ok_or_else(|| invalid("Empty message"))?;
        let by_protocol = match text("MessageStructure").as_deref() {
            None | Some("") => None,
            Some("json") => {
                let all: BTreeMap<String, Value> = serde_json::from_str(&message)
                    .map_err(|_| invalid("Message Structure - JSON message body failed to parse"))?;
                if !all.contains_key("default") {
                    return Err(invalid("Message Structure - No default entry in JSON message body"));
                }
                Some(all.into_iter().filter_map(|(name, text)| Some((name, text.as_str()?.to_owned()))).collect())
            }
            Some(_) => return Err(invalid("MessageStructure")),
        };
        let subject = text("Subject").filter(|subject| !subject.is_empty());
        if subject.as_ref().is_some_and(|subject| subject.chars().count() > 100 || subject.contains(['\n', '\r'])) {
            return Err(invalid("Subject"));
        }
        let attributes = attributes(input.get("MessageAttributes"))?;
        let read = Self {
            text: message,
            subject,
            by_protocol,
            attributes,
            group: text("MessageGroupId"),
            deduplication: text("MessageDeduplicationId"),
        };
        if read.length() > MESSAGE_BYTES {
            return Err(invalid("Message too long"));
        }
        Ok(read)
    }

    /// Its length in bytes, as limits count it.
    pub(super) fn length(&self) -> usize {
        let one = |(name, value): (&String, &Value)| {
            let text = |member: &str| value.get(member).and_then(Value::as_str).map_or(0, str::len);
            name.len() + text("DataType") + text("StringValue") + text("BinaryValue")
        };
        self.text.len() + self.attributes.iter().map(one).sum::<usize>()
    }

    fn for_protocol(&self, protocol: &str) -> &str {
        let texts = self.by_protocol.as_ref();
        texts.and_then(|texts| texts.get(protocol).or_else(|| texts.get("default"))).unwrap_or(&self.text)
    }
}

/// The attributes of a message, checked.
fn attributes(value: Option<&Value>) -> Result<BTreeMap<String, Value>, ApiError> {
    let mut all = BTreeMap::new();
    for (name, value) in value.and_then(Value::as_object).into_iter().flatten() {
        let text = |member: &str| value.get(member).and_then(Value::as_str);
        let wanted = |member: &str| {
            if text(member).is_some_and(|text| !text.is_empty()) {
                Ok(())
            } else {
                Err(invalid(&format!("The message attribute '{name}' must contain non-empty message attribute value")))
            }
        };
        match text("DataType").and_then(|kind| kind.split('.').next()) {
            Some("String") => wanted("StringValue")?,
            Some("Number") => {
                wanted("StringValue")?;
                if text("StringValue").is_some_and(|number| number.parse::<f64>().is_err()) {
                    return Err(invalid(&format!("Could not cast message attribute '{name}' value to number.")));
                }
            }
            Some("Binary") => wanted("BinaryValue")?,
            _ => {
                return Err(invalid(&format!(
                    "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                     prefixes is Binary, Number, and String."
                )));
            }
        }
        all.insert(name.clone(), value.clone());
    }
    Ok(all)
}

impl Engine {
    /// Takes a message for a topic; when this returns, it is stored for everyone whom it is for.
    pub(super) fn publish(&self, topic: &Topic, mut message: Message) -> Result<Value, ApiError> {
        let now_ms = self.shared.clock.now_ms();
        let id = self.shared.ids.uuid();
        let mut batch = Batch::default();
        let mut sequence = None;
        if topic.fifo {
            complete(topic, &mut message)?;
            let known = format!("{}/{}", topic.arn, message.deduplication.as_deref().unwrap_or_default());
            if let Some(recent) = self.recent.get(&known).filter(|recent| now_ms - recent.at_ms < KNOWN_MS) {
                return Ok(json!({"MessageId": recent.id, "SequenceNumber": recent.sequence}));
            }
            self.forget(&topic.arn, now_ms, &mut batch);
            let number = self.next_sequence();
            self.recent.add(&mut batch, &known, &Recent { id: id.clone(), sequence: number.clone(), at_ms: now_ms });
            sequence = Some(number);
        } else if message.deduplication.is_some() {
            return Err(invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
            ));
        }
        let notification = Notification { topic, id: &id, now_ms, sequence: sequence.as_deref(), message: &message };
        let fits =
            |one: &Subscription| one.filter().is_none_or(|filter| filter.fits(&message.text, &message.attributes));
        let all = self.subscriptions_of(&topic.arn);
        let parcels = all.iter().filter(|one| fits(one)).map(|one| self.parcel(one, &notification)).collect();
        self.delivery.send(batch, parcels)?;
        let mut answer = json!({"MessageId": id});
        if let Some(sequence) = sequence {
            answer["SequenceNumber"] = json!(sequence);
        }
        Ok(answer)
    }

    fn forget(&self, topic_arn: &str, now_ms: i64, batch: &mut Batch) {
        for (key, recent) in self.recent.starting_with(&format!("{topic_arn}/")) {
            if now_ms - recent.at_ms >= KNOWN_MS {
                self.recent.drop(batch, &key);
            }
        }
    }

    /// What one subscription gets.
    fn parcel(&self, subscription: &Subscription, notification: &Notification<'_>) -> Parcel {
        let message = notification.message;
        let mut options = Map::new();
        let queue = subscription.protocol == "sqs";
        let payload = if !queue {
            notification.for_function(self, subscription)
        } else if subscription.is_raw() {
            if !message.attributes.is_empty() {
                options.insert("MessageAttributes".to_owned(), json!(message.attributes));
            }
            message.for_protocol("sqs").to_owned()
        } else {
            notification.for_queue(self, subscription)
        };
        // A standard queue knows groups and no deduplication.
        if let Some(group) = message.group.as_ref().filter(|_| queue) {
            options.insert("MessageGroupId".to_owned(), json!(group));
        }
        if let Some(id) = message.deduplication.as_ref().filter(|_| subscription.endpoint.ends_with(".fifo")) {
            options.insert("MessageDeduplicationId".to_owned(), json!(id));
        }
        let dead_letter =
            subscription.dead_letter().map(|queue| DeadLetter { queue, body: payload.clone(), attributes: None });
        Parcel {
            target: subscription.endpoint.clone(),
            payload,
            options,
            sender: Sender {
                service: "sns.amazonaws.com".to_owned(),
                source_arn: subscription.topic_arn.clone(),
                role: None,
            },
            retry: RETRY,
            dead_letter,
        }
    }
}

/// A FIFO message has a group and an id, or content that makes one.
fn complete(topic: &Topic, message: &mut Message) -> Result<(), ApiError> {
    if message.group.is_none() {
        return Err(invalid("The MessageGroupId parameter is required for FIFO topics"));
    }
    if message.deduplication.is_none() {
        if topic.attributes.get("ContentBasedDeduplication").is_none_or(|value| value != "true") {
            return Err(invalid(
                "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly",
            ));
        }
        message.deduplication = Some(hex::encode(Sha256::digest(&message.text)));
    }
    Ok(())
}

/// A message on its way from a topic.
struct Notification<'a> {
    topic: &'a Topic,
    id: &'a str,
    /// Milliseconds since 1970.
    now_ms: i64,
    sequence: Option<&'a str>,
    message: &'a Message,
}

impl Notification<'_> {
    /// The envelope that queues get.
    fn for_queue(&self, engine: &Engine, subscription: &Subscription) -> String {
        let mut envelope = json!({"Type": "Notification", "MessageId": self.id});
        if let Some(sequence) = self.sequence {
            envelope["SequenceNumber"] = json!(sequence);
        }
        envelope["TopicArn"] = json!(self.topic.arn);
        if let Some(subject) = &self.message.subject {
            envelope["Subject"] = json!(subject);
        }
        envelope["Message"] = json!(self.message.for_protocol("sqs"));
        envelope["Timestamp"] = json!(iso_ms(self.now_ms));
        envelope["UnsubscribeURL"] = json!(unsubscribe(engine, subscription));
        if !self.message.attributes.is_empty() {
            envelope["MessageAttributes"] = self.attributes();
        }
        envelope.to_string()
    }

    /// The event that functions get.
    fn for_function(&self, engine: &Engine, subscription: &Subscription) -> String {
        let notification = json!({
            "Type": "Notification", "MessageId": self.id, "TopicArn": self.topic.arn, "Subject": self.message.subject,
            "Message": self.message.for_protocol("lambda"), "Timestamp": iso_ms(self.now_ms),
            "UnsubscribeUrl": unsubscribe(engine, subscription), "MessageAttributes": self.attributes(),
        });
        let record = json!({
            "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription.arn,
            "Sns": notification,
        });
        json!({"Records": [record]}).to_string()
    }

    fn attributes(&self) -> Value {
        let one = |(name, value): (&String, &Value)| {
            let content = value.get("StringValue").or_else(|| value.get("BinaryValue")).cloned();
            (name.clone(), json!({"Type": value.get("DataType"), "Value": content}))
        };
        Value::Object(self.message.attributes.iter().map(one).collect())
    }
}

/// The address by which whoever has it ends a subscription.
fn unsubscribe(engine: &Engine, subscription: &Subscription) -> String {
    let endpoint = &engine.shared.endpoint;
    format!("{endpoint}/?Action=Unsubscribe&Version=2010-03-31&SubscriptionArn={}", subscription.arn)
}
