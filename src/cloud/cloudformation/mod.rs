//! CloudFormation: stacks, change sets, nested stacks.
//!
//! Deliberately absent, and refused by name: macros and transforms, stack sets, drift, imports of existing resources,
//! stack policies, custom resources, hooks, notifications, rollback triggers, secure strings as dynamic references.

mod api;
mod dynamic;
mod engine;
mod foretell;
mod lookup;
mod model;
mod moved;
mod parameters;
mod prepare;
mod record;
mod schedule;
mod wait_handle;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::s3::S3;
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Permission, ResourceHandler, Service, ServiceId, Shared,
};
use crate::base::BoxFuture;
pub(in crate::cloud) use dynamic::{Stores, Values};
use engine::Engine;
use record::Status;

/// CloudFormation: stacks, change sets, nested stacks.
pub(in crate::cloud) struct CloudFormation {
    engine: Arc<Engine>,
    resumed: AtomicBool,
}

impl CloudFormation {
    /// `handlers` are those of all services before this one. Stacks that were moving when the cloud went down are
    /// brought to an end: at once inside a runtime, with the first call otherwise.
    pub(in crate::cloud) fn new(
        shared: Arc<Shared>,
        s3: Arc<S3>,
        values: Box<dyn Values>,
        handlers: Vec<Box<dyn ResourceHandler>>,
    ) -> Self {
        let engine = Engine::new(shared, s3, values, handlers);
        let cloudformation = Self { engine, resumed: AtomicBool::new(false) };
        cloudformation.resume();
        cloudformation
    }

    fn resume(&self) {
        if self.resumed.load(Ordering::Acquire) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.resumed.swap(true, Ordering::AcqRel) {
            return;
        }
        for (stack_id, status) in self.engine.interrupted() {
            runtime.spawn(Arc::clone(&self.engine).resume(stack_id, status));
        }
    }
}

impl Service for CloudFormation {
    fn id(&self) -> ServiceId {
        ServiceId::CloudFormation
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        let Shared { region, account, .. } = &*self.engine.shared;
        let resource = match call.input.get("StackName").and_then(Value::as_str) {
            Some(id) if id.starts_with("arn:") => id.to_owned(),
            Some(name) => format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/*"),
            None => "*".to_owned(),
        };
        Access::Requires(vec![Permission::new(format!("cloudformation:{}", call.action), resource)])
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move {
            self.resume();
            api::answer(&self.engine, &call.action, &call.input).map(ApiReply::json)
        })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        // Nested stacks are the engine's own business.
        Vec::new()
    }

    fn snapshot(&self) -> Value {
        let memory = self.engine.model.memory();
        let live = memory.stacks.values().filter(|stack| stack.status != Status::DeleteComplete);
        let rows: Vec<Value> = live
            .map(|stack| {
                let outputs = stack.outputs.iter().map(|output| (output.key.clone(), json!(output.value)));
                let resources = stack.resources.values().map(|record| {
                    json!({
                        "logicalId": record.logical_id,
                        "physicalId": record.physical_id(),
                        "type": record.kind,
                        "status": record.status.text(),
                        "reason": record.reason,
                    })
                });
                json!({
                    "name": stack.name,
                    "id": stack.id,
                    "status": stack.status.text(),
                    "reason": stack.reason,
                    "nestedIn": stack.parent,
                    "outputs": outputs.collect::<serde_json::Map<_, _>>(),
                    "resources": resources.collect::<Vec<_>>(),
                })
            })
            .collect();
        json!({"title": "Stacks", "rows": rows})
    }
}
