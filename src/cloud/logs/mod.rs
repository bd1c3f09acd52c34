//! CloudWatch Logs: groups and streams of log events, kept in a file of their own, within bounds.
//!
//! Built: groups, streams, events, retention, filter patterns, tags. Refused by name: Insights queries, live tails,
//! metric and subscription filters, exports, destinations and data protection. A KMS key is kept as a name; the state
//! folder is the machine's to encrypt. Of all events the oldest go when they have more than 256 MiB.

mod api;
mod database;
mod engine;
mod pattern;
mod resources;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::iam::Iam;
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, ResourceHandler, Service, ServiceId, Shared,
};
use engine::Engine;

/// CloudWatch Logs: groups and streams of log events.
pub(in crate::cloud) struct Logs {
    engine: Arc<Engine>,
}

/// One event of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud) struct LogEvent {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    pub message: String,
}

impl Service for Logs {
    fn id(&self) -> ServiceId {
        ServiceId::Logs
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        Access::Requires(vec![api::permission(&self.engine.shared, call)])
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        // The file waits for the disk: away from the threads that answer requests.
        let engine = Arc::clone(&self.engine);
        Box::pin(async move {
            let work = tokio::task::spawn_blocking(move || api::answer(&engine, &call));
            work.await.map_err(|error| engine::fault(format!("the request ended early: {error}")))?.map(ApiReply::json)
        })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self.engine)
    }

    fn snapshot(&self) -> Value {
        let groups = self.engine.groups("").unwrap_or_default();
        let rows: Vec<Value> = groups
            .into_iter()
            .map(|group| json!({"group": group.name, "bytes": group.bytes, "retention days": group.retention_days}))
            .collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Log groups", "rows": rows}) }
    }
}

impl Logs {
    /// Opens the events of the cloud, `logs.sqlite` in its folder.
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>) -> Result<Self, ApiError> {
        Ok(Self { engine: Arc::new(Engine::open(shared, iam)?) })
    }

    /// Writes what one of our services logs on behalf of a role. Group and stream are made as they are needed. What the
    /// role may not do is left undone, as in AWS: nothing is written then, and nobody is told.
    ///
    /// It returns at once; what is read later has it.
    pub(in crate::cloud) fn write_for(&self, caller: &Caller, group: &str, stream: &str, events: Vec<LogEvent>) {
        self.engine.write_later(caller.clone(), group, stream, events);
    }
}
