//! Lambda: functions that run as child processes of this cloud, over the Lambda Runtime API.
//!
//! Built: functions of ZIP archives for Node.js, Python and custom runtimes; invocation, waited for or not, with retries,
//! destinations and dead letters; versions, aliases, layers, function URLs, reserved concurrency, event source mappings of
//! queues and of streams of tables, the resource policy. Refused by name: container images, other event sources, networks,
//! provisioned concurrency, streamed responses, JSON logs. Absent: extensions, and the detection of recursive loops.
//! Node.js and Python are the machine's, in the version that it has; the AWS SDK is not part of them. Memory is limited
//! where the system shows what a process uses (Linux), the heap of Node.js everywhere. Code runs with the rights of the user
//! who started the cloud; what is Lambda's alone (a read-only folder of code, a `/tmp` of its own, processors by memory) is
//! absent.

mod api;
mod engine;
mod outlet;
mod resources;
mod url;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::base::BoxFuture;

pub(in crate::cloud) use super::iam::ServiceVisitor;
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, Permission, ResourceHandler, Service, ServiceId, Shared,
};
pub(in crate::cloud) use engine::{Below, Invocation, URL_LABEL};
use engine::{Engine, Event, Interpreters, LATEST, Named};
pub use engine::{InterpreterFound, find_interpreters};
pub(in crate::cloud) use outlet::{Outgoing, Outlet};

/// The largest event that is waited for, in bytes ("Lambda quotas").
const EVENT_BYTES: usize = 6_291_456;

/// The largest event that is not waited for, in bytes.
const LATER_EVENT_BYTES: usize = 1024 * 1024;

/// Lambda: functions that run as child processes of this cloud.
pub(in crate::cloud) struct Lambda {
    engine: Arc<Engine>,
}

/// Who invokes a function.
#[derive(Clone, Copy, Debug)]
pub(in crate::cloud) enum Invoker<'a> {
    /// A caller (a service acting with a role among them): its policies or the function's must allow it.
    Caller(&'a Caller),
    /// One of AWS's services by itself: the function's policy must allow it.
    Service(ServiceVisitor<'a>),
}

/// Whether the caller waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cloud) enum InvocationType {
    /// `RequestResponse`: the answer is waited for.
    Wait,
    /// `Event`: the event is taken, the function runs later.
    Later,
    /// `DryRun`: only whether it would be allowed.
    Check,
}

/// An invocation that is asked for.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Asked<'a> {
    /// A name or an ARN, with or without qualifier.
    pub function: &'a str,
    /// JSON; nothing stands for `{}`.
    pub payload: Bytes,
    pub kind: InvocationType,
    pub invoker: Invoker<'a>,
    /// The client's context as JSON.
    pub client_context: Option<String>,
}

impl<'a> Asked<'a> {
    /// An invocation whose answer is waited for.
    pub(in crate::cloud) fn new(function: &'a str, payload: impl Into<Bytes>, invoker: Invoker<'a>) -> Self {
        Self { function, payload: payload.into(), kind: InvocationType::Wait, invoker, client_context: None }
    }
}

impl Service for Lambda {
    fn id(&self) -> ServiceId {
        ServiceId::Lambda
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        api::access(&self.engine, call)
    }

    fn call<'a>(&'a self, context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { api::answer(self, context, call).await.map_err(in_lambdas_shape) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self.engine)
    }

    fn snapshot(&self) -> Value {
        let row = |function: engine::Function| json!({"function": function.name, "runtime": function.settings.runtime, "handler": function.settings.handler});
        let rows: Vec<Value> = self.engine.all().into_iter().map(row).collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Functions", "rows": rows}) }
    }
}

impl Lambda {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, below: Below) -> Self {
        Self { engine: Arc::new(Engine::new(shared, below, Interpreters::default())) }
    }

    /// Goes on with events that were accepted before the cloud stopped, and with the sources of mappings.
    pub(in crate::cloud) fn resume(&self) {
        self.engine.resume();
        self.engine.resume_mappings();
    }

    /// Says who takes what goes beyond functions and queues; the first word counts. It is not kept alive by this.
    pub(in crate::cloud) fn connect(&self, outlet: &Arc<dyn Outlet>) {
        self.engine.connect(outlet);
    }

    /// Ends every process of every function.
    pub(in crate::cloud) async fn stop(&self) {
        self.engine.stop().await;
    }

    /// Invokes a function. An error of the function is an [`Invocation`] that failed; `Err` is a refusal.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, `AccessDeniedException`, `InvalidRequestContentException`,
    /// `RequestEntityTooLargeException`, `TooManyRequestsException`, `InvalidRuntimeException`.
    pub(in crate::cloud) async fn invoke(&self, asked: Asked<'_>) -> Result<Invocation, ApiError> {
        let Asked { function, payload, kind, invoker, client_context } = asked;
        let shared = &self.engine.shared;
        let named = Named::read(shared, function)?;
        let found = self.engine.function_of(&named);
        self.check_allowed(&named, found.as_ref().ok(), invoker)?;
        found?;
        let function = self.engine.resolve(&named)?;
        let limit = if kind == InvocationType::Later { LATER_EVENT_BYTES } else { EVENT_BYTES };
        if payload.len() > limit {
            let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
            return Err(ApiError::new("RequestEntityTooLargeException", message).status(413));
        }
        let payload = checked(payload)?;
        let event = Event { id: shared.ids.uuid(), payload, arn: named.arn(shared), client_context };
        match kind {
            InvocationType::Wait => self.engine.run(&function, event).await,
            InvocationType::Check => Ok(nothing(event.id)),
            InvocationType::Later => {
                let id = event.id.clone();
                self.engine.accept(event)?;
                Ok(nothing(id))
            }
        }
    }

    /// Whether someone may invoke a function, by its name or ARN.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, `AccessDeniedException`.
    pub(in crate::cloud) fn may_invoke(&self, function: &str, invoker: Invoker<'_>) -> Result<(), ApiError> {
        let named = Named::read(&self.engine.shared, function)?;
        let found = self.engine.function_of(&named);
        self.check_allowed(&named, found.as_ref().ok(), invoker)?;
        found.map(|_| ())
    }

    /// Whether someone may invoke; what does not exist has no policy of its own.
    fn check_allowed(
        &self,
        named: &Named,
        function: Option<&engine::Function>,
        invoker: Invoker<'_>,
    ) -> Result<(), ApiError> {
        let Engine { shared, iam, .. } = &*self.engine;
        let resource = named.arn(shared);
        match invoker {
            Invoker::Caller(caller) => {
                let policy = function
                    .map(|function| engine::parsed(function, named.qualifier.as_deref()))
                    .transpose()?
                    .flatten();
                let permission = Permission::new("lambda:InvokeFunction", resource);
                iam.authorize_with(caller, &permission, &BTreeMap::new(), policy.as_ref())
            }
            Invoker::Service(visitor) => {
                let admitted = match function {
                    Some(function) => {
                        engine::admits(shared, function, named.qualifier.as_deref(), &resource, &visitor)?
                    }
                    None => false,
                };
                if admitted {
                    return Ok(());
                }
                Err(visitor.refusal(&Permission::new("lambda:InvokeFunction", resource)))
            }
        }
    }
}

/// What is answered when nothing is waited for.
fn nothing(id: String) -> Invocation {
    Invocation { id, payload: Bytes::new(), failed: false, log: String::new(), version: LATEST.to_owned() }
}

/// An event that is JSON; nothing stands for an empty object.
fn checked(payload: Bytes) -> Result<Bytes, ApiError> {
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => {
            let message = format!("Could not parse request body into json: {error}");
            Err(ApiError::new("InvalidRequestContentException", message))
        }
    }
}

/// Lambda's own errors say whose fault they are.
fn in_lambdas_shape(mut error: ApiError) -> ApiError {
    if error.code.ends_with("Exception") && !error.extra.contains_key("Type") {
        let fault = if error.status < 500 { "User" } else { "Service" };
        error.extra.insert("Type".to_owned(), fault.into());
    }
    error
}
