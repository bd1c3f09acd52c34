//! AppSync: GraphQL APIs over data sources, by APPSYNC_JS resolvers.

use std::sync::Arc;

use serde_json::Value;

use crate::base::BoxFuture;

use super::cognito::Cognito;
use super::dynamodb::DynamoDb;
use super::iam::Iam;
use super::s3::S3;
use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};

/// AppSync: GraphQL APIs over data sources, by APPSYNC_JS resolvers.
pub(in crate::cloud) struct AppSync {
    shared: Arc<Shared>,
    iam: Arc<Iam>,
    s3: Arc<S3>,
    dynamodb: Arc<DynamoDb>,
    cognito: Arc<Cognito>,
}

impl Service for AppSync {
    fn id(&self) -> ServiceId {
        ServiceId::AppSync
    }

    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Requires(Vec::new())
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { Err(ApiError::not_built("appsync", &call.action)) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        Vec::new()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }
}

/// What AppSync stands on.
pub(in crate::cloud) struct Below {
    pub iam: Arc<Iam>,
    pub s3: Arc<S3>,
    pub dynamodb: Arc<DynamoDb>,
    pub cognito: Arc<Cognito>,
}

impl AppSync {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, below: Below) -> Self {
        let Below { iam, s3, dynamodb, cognito } = below;
        Self { shared, iam, s3, dynamodb, cognito }
    }

    /// Answers a GraphQL request (`POST /graphql/{apiId}/graphql`). `caller` is the `SigV4` identity, if any; the
    /// API key and JWT are in the headers.
    pub(in crate::cloud) async fn graphql(&self, context: &CallContext, api_id: &str, call: &ApiCall) -> ApiReply {
        let _ = (context, api_id, call);
        ApiReply { status: 501, headers: Vec::new(), body: super::service::ReplyBody::Empty }
    }
}
