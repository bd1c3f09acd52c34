//! Which events of a bucket go where, and how they are written.
//!
//! Source: "Amazon S3 Event Notifications" ("Event message structure", "EventBridge event message structure") of the S3
//! user guide.

use serde_json::{Value, json};

use super::Engine;
use super::buckets::{Bucket, malformed, with};
use super::events::{Destination, Notice};
use super::record::StoredObject;
use crate::base::clock::iso_ms;
use crate::cloud::iam::policy::wild;
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, Element, element};
use crate::cloud::service::{ApiError, Shared};

/// The events that a bucket can be asked for. Those that this S3 never has (replication, restore, transitions) are taken,
/// as they would be of a bucket in which they never happen.
const EVENTS: &[&str] = &[
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectAcl:Put",
];

/// The elements of a configuration: of each rule its own and that of its destination.
const RULES: [(&str, &str); 3] =
    [("TopicConfiguration", "Topic"), ("QueueConfiguration", "Queue"), ("CloudFunctionConfiguration", "CloudFunction")];

/// What a request did, in the words of events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause<'a> {
    /// `ObjectCreated:Put`.
    pub event: &'static str,
    /// `AWS:AROA…:session`, or the account.
    pub principal: &'a str,
    pub request_id: &'a str,
}

impl Cause<'_> {
    /// The same for a delete marker that is made in the place of a deletion.
    pub(super) fn of_marker(self) -> Self {
        let lifecycle = self.event.starts_with("LifecycleExpiration");
        let event =
            if lifecycle { "LifecycleExpiration:DeleteMarkerCreated" } else { "ObjectRemoved:DeleteMarkerCreated" };
        Self { event, ..self }
    }
}

/// The version of an object that an event is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact<'a> {
    /// Absent when it is gone.
    pub object: Option<&'a StoredObject>,
    /// Its id, in a bucket with versions.
    pub version: Option<&'a str>,
    pub sequence: u64,
}

/// One line of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    id: String,
    destination: Destination,
    events: Vec<String>,
    prefix: String,
    suffix: String,
}

impl Rule {
    fn wants(&self, event: &str, key: &str) -> bool {
        let event = format!("s3:{event}");
        self.events.iter().any(|pattern| wild(pattern, &event))
            && key.starts_with(&self.prefix)
            && key.ends_with(&self.suffix)
            && key.len() >= self.prefix.len().max(self.suffix.len())
    }

    /// Whether one event could fit both.
    fn overlaps(&self, other: &Self) -> bool {
        let both = |one: &str, two: &str| wild(one, two) || wild(two, one);
        self.events.iter().any(|event| other.events.iter().any(|other| both(event, other)))
            && (self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix))
            && (self.suffix.ends_with(&other.suffix) || other.suffix.ends_with(&self.suffix))
    }
}

/// A configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Configuration {
    rules: Vec<Rule>,
    event_bridge: bool,
}

impl Configuration {
    /// Reads a configuration; whatever is wrong in it is refused.
    fn read(root: &Element) -> Result<Self, ApiError> {
        let mut found = Self { event_bridge: root.child("EventBridgeConfiguration").is_some(), rules: Vec::new() };
        for child in &root.children {
            let Some((_, name)) = RULES.iter().find(|(rule, _)| *rule == child.name) else {
                if child.name == "EventBridgeConfiguration" {
                    continue;
                }
                return Err(malformed());
            };
            found.rules.push(rule(child, name)?);
        }
        for (index, rule) in found.rules.iter().enumerate() {
            if found.rules[..index].iter().any(|other| rule.overlaps(other)) {
                let message = "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if \
                               the prefixes are overlapping for the same event type.";
                return Err(ApiError::new("InvalidArgument", message));
            }
        }
        Ok(found)
    }

    /// As it is given back.
    fn written(&self) -> String {
        let mut text = String::new();
        for rule in &self.rules {
            let (name, arn) = match &rule.destination {
                Destination::Topic(arn) => (RULES[0], arn),
                Destination::Queue(arn) => (RULES[1], arn),
                Destination::Function(arn) => (RULES[2], arn),
                Destination::EventBridge => continue,
            };
            let mut inside = vec![element("Id", &rule.id), element(name.1, arn)];
            inside.extend(rule.events.iter().map(|event| element("Event", event)));
            let filters = [("Prefix", &rule.prefix), ("Suffix", &rule.suffix)];
            let filters: Vec<String> = filters
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| xml::wrap("FilterRule", &[element("Name", name), element("Value", value)]))
                .collect();
            if !filters.is_empty() {
                inside.push(xml::wrap("Filter", &[xml::wrap("S3Key", &filters)]));
            }
            text.push_str(&xml::wrap(name.0, &inside));
        }
        if self.event_bridge {
            text.push_str("<EventBridgeConfiguration></EventBridgeConfiguration>");
        }
        xml::wrap("NotificationConfiguration", &[text])
    }
}

fn rule(element: &Element, destination: &str) -> Result<Rule, ApiError> {
    let argument = |message: &str| ApiError::new("InvalidArgument", message);
    let arn = element.child_text(destination).filter(|arn| !arn.is_empty()).ok_or_else(malformed)?.to_owned();
    let (service, destination) = match destination {
        "Topic" => ("sns", Destination::Topic(arn.clone())),
        "Queue" => ("sqs", Destination::Queue(arn.clone())),
        _ => ("lambda", Destination::Function(arn.clone())),
    };
    if arn.split(':').nth(2) != Some(service) || !arn.starts_with("arn:") {
        return Err(with("InvalidArgument", "The ARN is not well formed", "ArgumentValue", &arn));
    }
    let events: Vec<String> = element.all("Event").map(|event| event.text.trim().to_owned()).collect();
    if events.is_empty() {
        return Err(malformed());
    }
    if events.iter().any(|event| !EVENTS.contains(&event.as_str())) {
        return Err(argument("A specified event is not supported for notifications."));
    }
    let mut found = Rule {
        id: element.child_text("Id").unwrap_or_default().to_owned(),
        destination,
        events,
        prefix: String::new(),
        suffix: String::new(),
    };
    let filters = element.child("Filter").and_then(|filter| filter.child("S3Key"));
    for filter in filters.into_iter().flat_map(|key| key.all("FilterRule")) {
        let place = match filter.child_text("Name").unwrap_or_default().to_ascii_lowercase().as_str() {
            "prefix" => &mut found.prefix,
            "suffix" => &mut found.suffix,
            _ => return Err(argument("filter rule name must be either prefix or suffix")),
        };
        if !place.is_empty() {
            return Err(argument("Cannot specify more than one prefix or suffix rule in a filter."));
        }
        // White space belongs to keys.
        *place = filter.child("Value").map(|value| value.text.clone()).unwrap_or_default();
    }
    Ok(found)
}

/// Checks a configuration and its destinations, stores it, and sends the test messages that queues and topics get.
pub(super) fn put(engine: &Engine, bucket: &str, text: &str, checks: bool) -> Result<(), ApiError> {
    let root = xml::parse(text).map_err(|_| malformed())?;
    if root.name != "NotificationConfiguration" {
        return Err(malformed());
    }
    let mut found = Configuration::read(&root)?;
    let arn = format!("arn:aws:s3:::{bucket}");
    let mut notices = Vec::new();
    for rule in &mut found.rules {
        if rule.id.is_empty() {
            rule.id = engine.shared.ids.uuid();
        }
        let name = arn_of(&rule.destination).to_owned();
        match engine.objects.outbox.check(&rule.destination, &arn) {
            Err(reason) if checks => {
                let message = "Unable to validate the following destination configurations";
                let mut error = with("InvalidArgument", message, "ArgumentName", &name);
                error.extra.insert("ArgumentValue".to_owned(), reason.into());
                return Err(error);
            }
            Ok(()) if !matches!(rule.destination, Destination::Function(_)) => {
                notices.push(test_message(&engine.shared, bucket, rule));
            }
            _ => {}
        }
    }
    engine.objects.change(bucket, |bucket| {
        bucket.configurations.insert("notification".to_owned(), found.written());
    })?;
    engine.objects.outbox.send(&engine.shared, &notices)
}

/// The message by which S3 tries a queue or a topic.
fn test_message(shared: &Shared, bucket: &str, rule: &Rule) -> Notice {
    let body = json!({
        "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": iso_ms(shared.clock.now_ms()), "Bucket": bucket,
        "RequestId": shared.ids.short(16).to_uppercase(), "HostId": HOST_ID,
    });
    Notice { destination: rule.destination.clone(), bucket: bucket.to_owned(), body }
}

/// The id of the host that answers; there is one.
pub(super) const HOST_ID: &str = "ampup";

fn arn_of(destination: &Destination) -> &str {
    match destination {
        Destination::Function(arn) | Destination::Queue(arn) | Destination::Topic(arn) => arn,
        Destination::EventBridge => "EventBridge",
    }
}

/// What a bucket's configuration sends of an event.
pub(super) fn notices(shared: &Shared, bucket: &Bucket, key: &str, fact: &Fact<'_>, cause: &Cause<'_>) -> Vec<Notice> {
    let text = bucket.configurations.get("notification");
    let root = text.and_then(|text| xml::parse(text).ok());
    let Some(found) = root.and_then(|root| Configuration::read(&root).ok()) else { return Vec::new() };
    let notice = |destination: Destination, body: Value| Notice { destination, bucket: bucket.name.clone(), body };
    let mut notices: Vec<Notice> = found
        .rules
        .into_iter()
        .filter(|rule| rule.wants(cause.event, key))
        .map(|rule| {
            let record = record(shared, &bucket.name, (&rule.id, key), fact, cause);
            notice(rule.destination, json!({"Records": [record]}))
        })
        .collect();
    if found.event_bridge
        && let Some(event) = event(shared, &bucket.name, key, fact, cause)
    {
        notices.push(notice(Destination::EventBridge, event));
    }
    notices
}

/// One record of a message.
fn record(shared: &Shared, bucket: &str, (id, key): (&str, &str), fact: &Fact<'_>, cause: &Cause<'_>) -> Value {
    let mut object = json!({"key": percent::encode_path(key).replace("%20", "+")});
    if let Some(stored) = fact.object {
        object["size"] = stored.length.into();
        object["eTag"] = stored.etag.clone().into();
    }
    if let Some(version) = fact.version {
        object["versionId"] = version.into();
    }
    object["sequencer"] = sequencer(fact.sequence).into();
    let newer = cause.event.starts_with("ObjectTagging") || cause.event.starts_with("Lifecycle");
    let version = if newer { "2.3" } else { "2.1" };
    json!({
        "eventVersion": version,
        "eventSource": "aws:s3",
        "awsRegion": shared.region.as_str(),
        "eventTime": iso_ms(shared.clock.now_ms()),
        "eventName": cause.event,
        "userIdentity": {"principalId": cause.principal},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": cause.request_id, "x-amz-id-2": HOST_ID},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": id,
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": shared.account},
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": object,
        },
    })
}

/// The event that EventBridge gets; it has no word for some that the other destinations know.
fn event(shared: &Shared, bucket: &str, key: &str, fact: &Fact<'_>, cause: &Cause<'_>) -> Option<Value> {
    let (kind, reason) = match cause.event {
        "ObjectCreated:Put" => ("Object Created", "PutObject"),
        "ObjectCreated:Post" => ("Object Created", "POST Object"),
        "ObjectCreated:Copy" => ("Object Created", "CopyObject"),
        "ObjectCreated:CompleteMultipartUpload" => ("Object Created", "CompleteMultipartUpload"),
        "ObjectRemoved:Delete" | "ObjectRemoved:DeleteMarkerCreated" => ("Object Deleted", "DeleteObject"),
        "LifecycleExpiration:Delete" | "LifecycleExpiration:DeleteMarkerCreated" => {
            ("Object Deleted", "Lifecycle Expiration")
        }
        "ObjectTagging:Put" => ("Object Tags Added", ""),
        "ObjectTagging:Delete" => ("Object Tags Deleted", ""),
        _ => return None,
    };
    let mut object = json!({"key": key});
    if let Some(stored) = fact.object {
        if kind == "Object Created" {
            object["size"] = stored.length.into();
        }
        object["etag"] = stored.etag.clone().into();
    }
    if let Some(version) = fact.version {
        object["version-id"] = version.into();
    }
    if kind.starts_with("Object Tags") {
        object["etag"] = fact.object.map(|object| object.etag.clone()).into();
    } else {
        object["sequencer"] = sequencer(fact.sequence).into();
    }
    let mut detail = json!({
        "version": "0", "bucket": {"name": bucket}, "object": object, "request-id": cause.request_id,
        "requester": shared.account, "source-ip-address": "127.0.0.1",
    });
    if !reason.is_empty() {
        detail["reason"] = reason.into();
    }
    if kind == "Object Deleted" {
        let made = cause.event.ends_with(":DeleteMarkerCreated");
        detail["deletion-type"] = if made { "Delete Marker Created" } else { "Permanently Deleted" }.into();
    }
    let now_ms = shared.clock.now_ms();
    Some(json!({
        "version": "0",
        "id": shared.ids.uuid(),
        "detail-type": kind,
        "source": "aws.s3",
        "account": shared.account,
        "time": iso_ms(now_ms - now_ms.rem_euclid(1000)).replace(".000Z", "Z"),
        "region": shared.region.as_str(),
        "resources": [format!("arn:aws:s3:::{bucket}")],
        "detail": detail,
    }))
}

/// Later events of a key have higher ones, when compared as text.
fn sequencer(sequence: u64) -> String {
    format!("{sequence:018X}")
}
