//! CloudFront: sites served from buckets.
//!
//! Origins are buckets with an origin access control; other origins are refused by name. It keeps no cache, so cache
//! policies are kept and have no effect, and an invalidation is complete at once. It serves plain HTTP on the loopback
//! address: `redirect-to-https` has nowhere to send anyone and is not followed.

mod function;
mod headers;
mod resources;
mod rows;
mod site;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::s3::S3;
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Permission, ReplyBody, ResourceHandler, Service, ServiceId,
    Shared,
};
use rows::Rows;

/// CloudFront: sites served from buckets.
pub(in crate::cloud) struct CloudFront {
    rows: Arc<Rows>,
    s3: Arc<S3>,
}

impl Service for CloudFront {
    fn id(&self) -> ServiceId {
        ServiceId::CloudFront
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        let (action, id) = wire::operation(call);
        let resource = id.map_or_else(|| "*".to_owned(), |id| self.rows.arn(&id));
        Access::Requires(vec![Permission::new(format!("cloudfront:{action}"), resource)])
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { wire::answer(&self.rows, &call) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self.rows)
    }

    fn snapshot(&self) -> Value {
        let port = self.rows.shared.endpoint.rsplit(':').next().unwrap_or_default();
        let row = |(id, distribution): &(String, rows::Distribution)| json!({"distribution": id, "url": format!("http://{}:{port}/", distribution.host)});
        let rows: Vec<Value> = self.rows.distributions.all().iter().map(row).collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Sites", "rows": rows}) }
    }
}

impl CloudFront {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, s3: Arc<S3>) -> Self {
        Self { rows: Arc::new(Rows::new(shared)), s3 }
    }

    /// Whether a host name (`d123.cloudfront.localhost`, an alias) is one of our sites.
    pub(in crate::cloud) fn knows(&self, host: &str) -> bool {
        self.rows.by_host(host).is_some()
    }

    /// Answers a request for a site.
    pub(in crate::cloud) async fn serve(&self, host: &str, call: &ApiCall) -> ApiReply {
        let (rows, s3, host, call) = (Arc::clone(&self.rows), Arc::clone(&self.s3), host.to_owned(), call.clone());
        // A function of a distribution may run for a while; the threads that answer requests must not wait for it.
        let work = tokio::task::spawn_blocking(move || site::answer(&rows, &s3, &host, &call));
        work.await.unwrap_or_else(|_| ApiReply { status: 500, headers: Vec::new(), body: ReplyBody::Empty })
    }
}
