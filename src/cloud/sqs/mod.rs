//! SQS: queues with visibility timeouts, delays, long polling, dead letters, and FIFO order.
//!
//! Both protocols are spoken: JSON, and the older Query protocol. Left out: encryption at rest (keys can be named and mean
//! nothing here), the minute in which AWS refuses the name of a deleted queue, rates of message moves.

mod api;
mod attributes;
mod batch;
mod engine;
mod fault;
mod message;
mod moves;
mod query;
mod queue;
mod receive;
mod resources;
mod send;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::iam::{Guest, Iam};
use super::protocol::is_form;
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, Permission, ResourceHandler, Service, ServiceId, Shared,
};
use engine::Engine;

/// SQS: queues with visibility timeouts, delays, long polling, dead letters, and FIFO order.
pub(in crate::cloud) struct Sqs {
    engine: Arc<Engine>,
}

impl Service for Sqs {
    fn id(&self) -> ServiceId {
        ServiceId::Sqs
    }

    /// The queue's own policy may allow it: both are asked where the queue is known.
    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Open
    }

    fn call<'a>(&'a self, context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move {
            if !is_form(&call) {
                return Ok(ApiReply::json(self.request(&context.caller, &call.action, &call.input).await?));
            }
            let input = query::input(&call.input, &call.path);
            let answer = self.request(&context.caller, &call.action, &input).await?;
            Ok(ApiReply::json(query::answer(&call.action, answer)))
        })
    }

    /// Messages are hidden in the moment in which they are answered, so that none is hidden from everybody.
    fn waits(&self, call: &ApiCall) -> bool {
        call.action == "ReceiveMessage"
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self.engine)
    }

    fn snapshot(&self) -> Value {
        let all = self.engine.all();
        let row = |live: &queue::Live| {
            let counts = live.counts();
            json!({"queue": live.queue.name, "messages": counts.visible + counts.delayed, "in flight": counts.in_flight})
        };
        let rows: Vec<Value> = all.values().map(row).collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Queues", "rows": rows}) }
    }
}

impl Sqs {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>) -> Self {
        Self { engine: Arc::new(Engine::new(shared, iam)) }
    }

    /// Carries out an action (`ReceiveMessage`) for a caller, in the names of the JSON protocol; the caller's policies or
    /// the queue's must allow it.
    ///
    /// # Errors
    /// Those of the action, by the names of the JSON protocol.
    pub(in crate::cloud) async fn request(
        &self,
        caller: &Caller,
        action: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        api::answer(&self.engine, caller, action, input).await
    }

    /// The address of a queue by its ARN.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub(in crate::cloud) fn url(&self, arn: &str) -> Result<String, ApiError> {
        let name = arn.rsplit(':').next().unwrap_or_default();
        let queue = self.engine.queue(name)?;
        if self.engine.arn(&queue.name) == arn { Ok(self.engine.url(name)) } else { Err(fault::no_queue()) }
    }

    /// An attribute of a queue by its ARN (`VisibilityTimeout`), when it has it.
    pub(in crate::cloud) fn attribute(&self, arn: &str, name: &str) -> Option<String> {
        self.engine.queue(arn.rsplit(':').next()?).ok()?.attributes.remove(name)
    }

    /// Whether someone may send to a queue.
    ///
    /// # Errors
    /// `QueueDoesNotExist`, `AccessDenied`, `AccessDeniedException`.
    pub(in crate::cloud) fn check_send(&self, guest: &Guest<'_>, arn: &str) -> Result<(), ApiError> {
        let queue = self.engine.queue(arn.rsplit(':').next().unwrap_or_default())?;
        let permission = Permission::new("sqs:SendMessage", arn);
        self.engine.iam.admit(guest, &permission, queue.policy().as_ref())
    }

    /// Sends a message by the ARN of its queue, when the guest may. `input` is that of `SendMessage` without the queue;
    /// the answer is that of `SendMessage`.
    ///
    /// # Errors
    /// Those of [`Self::check_send`] and of `SendMessage`.
    pub(in crate::cloud) fn send_for(&self, guest: &Guest<'_>, arn: &str, input: &Value) -> Result<Value, ApiError> {
        self.check_send(guest, arn)?;
        // For a service the account is told as the sender.
        let caller = if let Guest::Caller(caller) = guest { caller } else { &Caller::Root };
        let request = api::Request { engine: &self.engine, caller, input };
        let name = arn.rsplit(':').next().unwrap_or_default();
        Ok(api::sent(self.engine.send(name, request.outgoing(input)?)?))
    }
}
