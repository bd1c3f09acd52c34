//! SQS's CloudFormation types.
//!
//! Source: `AWS::SQS::Queue` and `AWS::SQS::QueuePolicy` in CloudFormation's reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::attributes::checked;
use super::engine::Engine;
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// The properties of a queue that are its attributes.
const ATTRIBUTES: [&str; 14] = [
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

/// The types of this service.
pub(super) fn handlers(engine: &Arc<Engine>) -> Vec<Box<dyn ResourceHandler>> {
    vec![Box::new(QueueType(Arc::clone(engine))), Box::new(QueuePolicyType(Arc::clone(engine)))]
}

struct QueueType(Arc<Engine>);
struct QueuePolicyType(Arc<Engine>);

impl ResourceHandler for QueueType {
    fn kind(&self) -> &'static str {
        "AWS::SQS::Queue"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "ContentBasedDeduplication",
            "DeduplicationScope",
            "DelaySeconds",
            "FifoQueue",
            "FifoThroughputLimit",
            "KmsDataKeyReusePeriodSeconds",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "QueueName",
            "ReceiveMessageWaitTimeSeconds",
            "RedriveAllowPolicy",
            "RedrivePolicy",
            "SqsManagedSseEnabled",
            "Tags",
            "VisibilityTimeout",
        ]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["FifoQueue", "QueueName"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "QueueName", "QueueUrl"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let fifo = request.flag("FifoQueue").unwrap_or(false);
            let suffix = if fifo { ".fifo" } else { "" };
            let generated = || format!("{}{suffix}", request.generated_name(&*self.0.shared.ids, 80 - suffix.len()));
            let name = request.text("QueueName").unwrap_or_else(generated);
            if self.0.queue(&name).is_ok() {
                return Err(ResourceError(format!("{name} already exists")));
            }
            self.0.create(&name, checked(Some(&wanted(request)), fifo)?, tags(request))?;
            let attributes = [("Arn", self.0.arn(&name)), ("QueueName", name.clone()), ("QueueUrl", self.0.url(&name))];
            let attributes = attributes.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
            Ok(Provisioned { physical_id: self.0.url(&name), attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let name = name_in(&current.physical_id);
            let fifo = self.0.queue(name)?.fifo;
            let mut all = super::attributes::defaults(fifo);
            // A property that was taken away is set back; the policy is a resource of its own.
            for name in ATTRIBUTES.iter().filter(|name| !all.contains_key(**name)).collect::<Vec<_>>() {
                all.insert((*name).to_owned(), String::new());
            }
            all.remove("FifoQueue");
            all.extend(checked(Some(&wanted(request)), fifo)?);
            self.0.set(name, all)?;
            self.0.change(name, |queue| {
                queue.tags = tags(request);
                Ok(())
            })?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { unless_gone(self.0.delete(name_in(&current.physical_id))) })
    }
}

impl ResourceHandler for QueuePolicyType {
    fn kind(&self) -> &'static str {
        "AWS::SQS::QueuePolicy"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["PolicyDocument", "Queues"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["PolicyDocument", "Queues"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &[]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.put(request, &[])?;
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
            self.put(request, &request.previous.as_ref().map(queues).unwrap_or_default())?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        _current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { queues(&request.properties).iter().try_for_each(|url| self.take_away(url)) })
    }
}

impl QueuePolicyType {
    /// Sets the policy of each queue, and takes it from those that are no longer meant.
    fn put(&self, request: &ResourceRequest, before: &[String]) -> Result<(), ResourceError> {
        let document = request.property("PolicyDocument");
        let text = document.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let now = queues(&request.properties);
        for url in &now {
            self.0.set(name_in(url), checked(Some(&json!({"Policy": text})), false)?)?;
        }
        before.iter().filter(|url| !now.contains(url)).try_for_each(|url| self.take_away(url))
    }

    fn take_away(&self, url: &str) -> Result<(), ResourceError> {
        unless_gone(self.0.set(name_in(url), BTreeMap::from([("Policy".to_owned(), String::new())])))
    }
}

/// The attributes that the properties ask for; documents as text.
fn wanted(request: &ResourceRequest) -> Value {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let one = |name: &&str| request.property(name).map(|value| ((*name).to_owned(), json!(text(value))));
    Value::Object(ATTRIBUTES.iter().filter_map(one).collect::<Map<_, _>>())
}

fn tags(request: &ResourceRequest) -> BTreeMap<String, String> {
    let own = request.property("Tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let pair = |tag: Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    request.tags.iter().cloned().chain(own.into_iter().filter_map(pair)).collect()
}

fn queues(properties: &Value) -> Vec<String> {
    let list = properties.get("Queues").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The name at the end of a queue's address.
fn name_in(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

fn unless_gone(outcome: Result<(), ApiError>) -> Result<(), ResourceError> {
    match outcome {
        Err(error) if error.code != "QueueDoesNotExist" => Err(error.into()),
        _ => Ok(()),
    }
}
