//! SNS's CloudFormation types.
//!
//! Source: `AWS::SNS::Topic`, `AWS::SNS::Subscription` and `AWS::SNS::TopicPolicy` in CloudFormation's reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::tags;
use super::topics::Engine;
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// The properties of a topic that are its attributes.
const TOPIC: [&str; 7] = [
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "FifoTopic",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
];

/// The properties of a subscription that are its attributes.
const SUBSCRIPTION: [&str; 4] = ["FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"];

/// The types of this service.
pub(super) fn handlers(engine: &Arc<Engine>) -> Vec<Box<dyn ResourceHandler>> {
    vec![
        Box::new(TopicType(Arc::clone(engine))),
        Box::new(SubscriptionType(Arc::clone(engine))),
        Box::new(TopicPolicyType(Arc::clone(engine))),
    ]
}

struct TopicType(Arc<Engine>);
struct SubscriptionType(Arc<Engine>);
struct TopicPolicyType(Arc<Engine>);

impl ResourceHandler for TopicType {
    fn kind(&self) -> &'static str {
        "AWS::SNS::Topic"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "ContentBasedDeduplication",
            "DisplayName",
            "FifoThroughputScope",
            "FifoTopic",
            "KmsMasterKeyId",
            "SignatureVersion",
            "Subscription",
            "Tags",
            "TopicName",
            "TracingConfig",
        ]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["FifoTopic", "TopicName"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["TopicArn", "TopicName"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let suffix = if request.flag("FifoTopic").unwrap_or(false) { ".fifo" } else { "" };
            let generated = || format!("{}{suffix}", request.generated_name(&*self.0.shared.ids, 256 - suffix.len()));
            let name = request.text("TopicName").unwrap_or_else(generated);
            if self.0.topics.get(&self.0.arn(&name)).is_some() {
                return Err(ResourceError(format!("{name} already exists")));
            }
            let mut attributes = wanted(request, &TOPIC);
            if suffix.is_empty() {
                attributes.remove("FifoTopic");
            }
            let arn = self.0.create(&name, attributes, all_tags(request))?;
            self.subscribe(&arn, request)?;
            let attributes = [("TopicArn", json!(arn)), ("TopicName", json!(name))];
            let attributes = attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            Ok(Provisioned { physical_id: arn, attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let arn = &current.physical_id;
            let wanted = wanted(request, &TOPIC);
            for name in TOPIC.iter().filter(|name| **name != "FifoTopic") {
                let value = wanted.get(*name).map(String::as_str).unwrap_or_default();
                if !value.is_empty() || self.0.topic(arn)?.attributes.contains_key(*name) {
                    let value = if value.is_empty() && *name == "ContentBasedDeduplication" { "false" } else { value };
                    self.0.set(arn, name, value)?;
                }
            }
            self.0.change(arn, |topic| topic.tags = all_tags(request))?;
            let list = |properties: &Value| properties.get("Subscription").and_then(Value::as_array).cloned();
            let now = list(&request.properties).unwrap_or_default();
            let before = request.previous.as_ref().and_then(list).unwrap_or_default();
            for gone in before.iter().filter(|one| !now.contains(one)) {
                let known = self.0.subscriptions_of(arn).into_iter();
                for one in known.filter(|one| gone["Protocol"] == one.protocol && gone["Endpoint"] == one.endpoint) {
                    self.0.subscriptions.remove(&one.arn).map_err(ApiError::from)?;
                }
            }
            self.subscribe(arn, request)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { Ok(self.0.delete(&current.physical_id)?) })
    }
}

impl TopicType {
    /// Makes the subscriptions that stand in the topic.
    fn subscribe(&self, arn: &str, request: &ResourceRequest) -> Result<(), ResourceError> {
        for one in request.property("Subscription").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
            self.0.subscribe(arn, text("Protocol"), text("Endpoint"), BTreeMap::new())?;
        }
        Ok(())
    }
}

impl ResourceHandler for SubscriptionType {
    fn kind(&self) -> &'static str {
        "AWS::SNS::Subscription"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "Endpoint",
            "FilterPolicy",
            "FilterPolicyScope",
            "Protocol",
            "RawMessageDelivery",
            "RedrivePolicy",
            "TopicArn",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Endpoint", "Protocol", "TopicArn"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Endpoint", "Protocol", "TopicArn"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let text = |name: &str| request.text(name).unwrap_or_default();
            let attributes = wanted(request, &SUBSCRIPTION);
            let arn = self.0.subscribe(&text("TopicArn"), &text("Protocol"), &text("Endpoint"), attributes)?;
            let attributes = BTreeMap::from([("Arn".to_owned(), json!(arn))]);
            Ok(Provisioned { physical_id: arn, attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let mut all: BTreeMap<String, String> =
                SUBSCRIPTION.iter().map(|name| ((*name).to_owned(), String::new())).collect();
            all.extend(wanted(request, &SUBSCRIPTION));
            self.0.set_subscription(&current.physical_id, all)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { Ok(self.0.subscriptions.remove(&current.physical_id).map_err(ApiError::from)?) })
    }
}

impl ResourceHandler for TopicPolicyType {
    fn kind(&self) -> &'static str {
        "AWS::SNS::TopicPolicy"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["PolicyDocument", "Topics"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["PolicyDocument", "Topics"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &[]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.put(request)?;
            let id = request.generated_name(&*self.0.shared.ids, 128);
            let attributes = BTreeMap::from([("Id".to_owned(), json!(id))]);
            Ok(Provisioned { physical_id: id, attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let now = topics(&request.properties);
            let before = request.previous.as_ref().map(topics).unwrap_or_default();
            before.iter().filter(|arn| !now.contains(arn)).try_for_each(|arn| self.take_away(arn))?;
            self.put(request)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        _current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { topics(&request.properties).iter().try_for_each(|arn| self.take_away(arn)) })
    }
}

impl TopicPolicyType {
    fn put(&self, request: &ResourceRequest) -> Result<(), ResourceError> {
        let document = wanted(request, &["PolicyDocument"]).remove("PolicyDocument").unwrap_or_default();
        topics(&request.properties).iter().try_for_each(|arn| Ok(self.0.set(arn, "Policy", &document)?))
    }

    fn take_away(&self, arn: &str) -> Result<(), ResourceError> {
        match self.0.set(arn, "Policy", "") {
            Err(error) if error.code != "NotFound" => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The properties that are attributes; documents as text.
fn wanted(request: &ResourceRequest, names: &[&str]) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    names.iter().filter_map(|name| Some(((*name).to_owned(), text(request.property(name)?)))).collect()
}

fn all_tags(request: &ResourceRequest) -> BTreeMap<String, String> {
    request.tags.iter().cloned().chain(tags(request.property("Tags"))).collect()
}

fn topics(properties: &Value) -> Vec<String> {
    let list = properties.get("Topics").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
