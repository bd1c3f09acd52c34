//! EventBridge Scheduler: schedules with a time zone, a window, a start and an end, each with a target and a role.
//!
//! Built: `rate`, `cron` and `at`, groups, targets that are functions, queues, topics and buses, retries and dead-letter
//! queues. Refused by name: other targets, universal ones among them.

mod api;
mod come;
mod records;
mod resources;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::base::BoxFuture;

use super::delivery::Delivery;
use super::iam::Iam;
use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};
use records::{Engine, Entry};

/// EventBridge Scheduler: schedules with a time zone, a window, a start and an end.
pub(in crate::cloud) struct Scheduler {
    engine: Arc<Engine>,
}

impl Service for Scheduler {
    fn id(&self) -> ServiceId {
        ServiceId::Scheduler
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        api::access(&self.engine, call)
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { api::answer(&self.engine, &call).map(ApiReply::json) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self.engine)
    }

    fn snapshot(&self) -> Value {
        let row = |entry: Entry| json!({"schedule": entry.name, "group": entry.group, "when": entry.text("ScheduleExpression")});
        let rows: Vec<Value> = self.engine.entries.all().into_iter().map(|(_, entry)| row(entry)).collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Schedules", "rows": rows}) }
    }
}

impl Scheduler {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>, delivery: Arc<Delivery>) -> Self {
        Self { engine: Arc::new(Engine::new(shared, iam, delivery)) }
    }

    /// Lets schedules come when their time is there, until the cloud stops.
    pub(in crate::cloud) async fn run(self: Arc<Self>, stopped: watch::Receiver<bool>) {
        Arc::clone(&self.engine).run(stopped).await;
    }
}
