//! CloudFront: sites served from buckets.

use std::sync::Arc;

use serde_json::Value;

use crate::base::BoxFuture;

use super::s3::S3;
use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};

/// CloudFront: sites served from buckets.
pub(in crate::cloud) struct CloudFront {
    shared: Arc<Shared>,
    s3: Arc<S3>,
}

impl Service for CloudFront {
    fn id(&self) -> ServiceId {
        ServiceId::CloudFront
    }

    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Requires(Vec::new())
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { Err(ApiError::not_built("cloudfront", &call.action)) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        Vec::new()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }
}

impl CloudFront {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, s3: Arc<S3>) -> Self {
        Self { shared, s3 }
    }

    /// Whether a host name (`d123.cloudfront.localhost`, an alias) is one of our sites.
    pub(in crate::cloud) fn knows(&self, host: &str) -> bool {
        let _ = host;
        false
    }

    /// Answers a request for a site.
    pub(in crate::cloud) async fn serve(&self, host: &str, call: &ApiCall) -> ApiReply {
        let _ = (host, call);
        ApiReply { status: 404, headers: Vec::new(), body: super::service::ReplyBody::Empty }
    }
}
