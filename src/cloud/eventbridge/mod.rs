//! EventBridge: buses, rules with patterns or schedules, and their targets.
//!
//! Built: the default bus and others, patterns with every operator, inputs and transformers, targets that are functions,
//! queues, topics and buses, retries and dead-letter queues. Refused by name: other targets, archives and replays, API
//! destinations, global endpoints, partner sources. While the cloud is not running no schedule comes.

mod api;
mod put;
mod records;
mod resources;
mod transform;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::base::BoxFuture;

use super::delivery::{Delivery, Parcel, Receiver};
use super::iam::{Guest, Iam};
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, Permission, ResourceHandler, Service, ServiceId, Shared,
};
use put::Origin;
use records::Engine;

/// EventBridge: buses, rules with patterns or schedules, and their targets.
pub(in crate::cloud) struct EventBridge {
    engine: Arc<Engine>,
}

impl Service for EventBridge {
    fn id(&self) -> ServiceId {
        ServiceId::EventBridge
    }

    /// The bus's own policy may allow it: both are asked where the bus is known.
    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Open
    }

    fn call<'a>(&'a self, context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(
            async move { api::answer(&self.engine, &context.caller, &call.action, &call.input).map(ApiReply::json) },
        )
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self.engine)
    }

    fn snapshot(&self) -> Value {
        let row = |rule: records::Rule| json!({"rule": rule.name, "bus": rule.bus, "when": rule.schedule.or(rule.pattern), "targets": rule.targets.len()});
        let rows: Vec<Value> = self.engine.rules.all().into_iter().map(|(_, rule)| row(rule)).collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Rules", "rows": rows}) }
    }
}

impl EventBridge {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>, delivery: Arc<Delivery>) -> Self {
        Self { engine: Arc::new(Engine::new(shared, iam, delivery)) }
    }

    /// `PutEvents` for someone who may; the error is EventBridge's.
    pub(in crate::cloud) fn put_events(&self, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
        api::answer(&self.engine, caller, "PutEvents", input)
    }

    /// Lets rules come when their time is there, until the cloud stops.
    pub(in crate::cloud) async fn run(self: Arc<Self>, stopped: watch::Receiver<bool>) {
        Arc::clone(&self.engine).run(stopped).await;
    }
}

impl Engine {
    /// Whether someone may put events on a bus.
    fn check_put(&self, guest: &Guest<'_>, bus: &str) -> Result<(), ApiError> {
        let permission = Permission::new("events:PutEvents", self.bus_arn(bus));
        self.iam.admit(guest, &permission, self.policy(bus).as_ref())
    }
}

impl Receiver for EventBridge {
    fn takes(&self, arn: &str) -> bool {
        arn.starts_with("arn:aws:events:") && arn.contains(":event-bus/")
    }

    fn check(&self, arn: &str, guest: &Guest<'_>) -> Result<(), ApiError> {
        let bus = self.engine.bus(arn)?.name;
        self.engine.check_put(guest, &bus)
    }

    /// Takes an event as it is, or what a schedule gives for `PutEvents`.
    fn receive<'a>(&'a self, parcel: &'a Parcel, guest: Guest<'a>) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(async move {
            // S3 writes to the default bus by itself, without a policy.
            let own = matches!(&guest, Guest::Service(visitor) if visitor.service == "s3.amazonaws.com");
            if !own {
                self.check(&parcel.target, &guest)?;
            }
            let bus = self.engine.bus(&parcel.target)?.name;
            let payload: Value = serde_json::from_str(&parcel.payload).unwrap_or_default();
            if parcel.options.contains_key("Event") {
                // S3 sends events as they are, too, and is no bus.
                let origin = if own { Origin::Sender } else { Origin::Bus };
                return self.engine.take(&bus, &payload, origin);
            }
            let entry = json!({
                "Source": parcel.options.get("Source"), "DetailType": parcel.options.get("DetailType"),
                "Detail": parcel.payload,
            });
            let event = self.engine.event(&entry).map_err(|(code, message)| ApiError::new(code, message))?;
            self.engine.take(&bus, &event, Origin::Sender)
        })
    }
}
