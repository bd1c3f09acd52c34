//! SNS: topics that hand their messages to functions and queues.
//!
//! Built: standard and FIFO topics, filter policies over attributes and bodies, raw delivery, dead-letter queues, batches.
//! Refused by name: subscriptions over HTTP, e-mail, text messages, push and Firehose, archives and replays. Notifications
//! carry no signature.

mod api;
mod filter;
mod publish;
mod resources;
mod topics;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::delivery::{Delivery, Parcel, Receiver};
use super::iam::{Guest, Iam};
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Permission, ResourceHandler, Service, ServiceId, Shared,
};
use publish::Message;
use topics::Engine;

/// SNS: topics that hand their messages to functions and queues.
pub(in crate::cloud) struct Sns {
    engine: Arc<Engine>,
}

impl Service for Sns {
    fn id(&self) -> ServiceId {
        ServiceId::Sns
    }

    /// The topic's own policy may allow it: both are asked where the topic is known.
    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Open
    }

    fn call<'a>(&'a self, context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move {
            let answer = api::answer(&self.engine, &context.caller, &call.action, &call.input);
            answer.map(ApiReply::json).map_err(|mut error| {
                if error.code == "AccessDenied" {
                    "AuthorizationError".clone_into(&mut error.code);
                }
                error
            })
        })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self.engine)
    }

    fn snapshot(&self) -> Value {
        let row = |(arn, topic): (String, topics::Topic)| json!({"topic": topic.name, "subscriptions": self.engine.subscriptions_of(&arn).len()});
        let rows: Vec<Value> = self.engine.topics.all().into_iter().map(row).collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Topics", "rows": rows}) }
    }
}

impl Sns {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>, delivery: Arc<Delivery>) -> Self {
        Self { engine: Arc::new(Engine::new(shared, iam, delivery)) }
    }
}

impl Receiver for Sns {
    fn takes(&self, arn: &str) -> bool {
        arn.starts_with("arn:aws:sns:")
    }

    fn check(&self, arn: &str, guest: &Guest<'_>) -> Result<(), ApiError> {
        let topic = self.engine.topic(arn)?;
        self.engine.iam.admit(guest, &Permission::new("sns:Publish", arn), topic.policy().as_ref())
    }

    fn receive<'a>(&'a self, parcel: &'a Parcel, guest: Guest<'a>) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(async move {
            self.check(&parcel.target, &guest)?;
            let topic = self.engine.topic(&parcel.target)?;
            let mut input = json!({"Message": parcel.payload});
            for name in ["Subject", "MessageGroupId", "MessageDeduplicationId"] {
                if let Some(value) = parcel.options.get(name) {
                    input[name] = value.clone();
                }
            }
            self.engine.publish(&topic, Message::read(&input)?).map(|_| ())
        })
    }
}
