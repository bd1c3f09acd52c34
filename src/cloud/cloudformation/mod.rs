//! CloudFormation: stacks, change sets, nested stacks.

use std::sync::Arc;

use serde_json::Value;

use crate::base::BoxFuture;

use super::s3::S3;
use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};

/// CloudFormation: stacks, change sets, nested stacks.
pub(in crate::cloud) struct CloudFormation {
    shared: Arc<Shared>,
    s3: Arc<S3>,
    handlers: Vec<Box<dyn ResourceHandler>>,
}

impl Service for CloudFormation {
    fn id(&self) -> ServiceId {
        ServiceId::CloudFormation
    }

    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Requires(Vec::new())
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { Err(ApiError::not_built("cloudformation", &call.action)) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        Vec::new()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }
}

impl CloudFormation {
    /// `handlers` are those of all services before this one.
    pub(in crate::cloud) fn new(shared: Arc<Shared>, s3: Arc<S3>, handlers: Vec<Box<dyn ResourceHandler>>) -> Self {
        Self { shared, s3, handlers }
    }
}
