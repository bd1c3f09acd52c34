//! DynamoDB: tables and items, over an embedded engine.

use std::sync::Arc;

use serde_json::Value;

use crate::base::BoxFuture;

use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};

/// DynamoDB: tables and items, over an embedded engine.
pub(in crate::cloud) struct DynamoDb {
    shared: Arc<Shared>,
}

impl Service for DynamoDb {
    fn id(&self) -> ServiceId {
        ServiceId::DynamoDb
    }

    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Requires(Vec::new())
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { Err(ApiError::not_built("dynamodb", &call.action)) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        Vec::new()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }
}

impl DynamoDb {
    pub(in crate::cloud) fn new(shared: Arc<Shared>) -> Result<Self, ApiError> {
        Ok(Self { shared })
    }

    /// Carries out an action of DynamoDB's JSON protocol. Synchronous; permission was checked by the caller.
    pub(in crate::cloud) fn execute(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        let _ = input;
        Err(ApiError::not_built("dynamodb", action))
    }
}
