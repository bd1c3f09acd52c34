//! S3: buckets and objects; objects are files, not rows.

use std::sync::Arc;

use serde_json::Value;

use crate::base::BoxFuture;

use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};

/// S3: buckets and objects; objects are files, not rows.
pub(in crate::cloud) struct S3 {
    shared: Arc<Shared>,
}

impl Service for S3 {
    fn id(&self) -> ServiceId {
        ServiceId::S3
    }

    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Requires(Vec::new())
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { Err(ApiError::not_built("s3", &call.action)) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        Vec::new()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }
}

/// An object as stored.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::cloud) struct StoredObject {
    /// The file with its bytes.
    pub path: std::path::PathBuf,
    pub length: u64,
    /// Without quotes.
    pub etag: String,
    pub content_type: String,
    /// Headers that come back as they were sent: `Cache-Control`, `Content-Encoding`, `x-amz-meta-…`.
    pub headers: Vec<(String, String)>,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
}

impl S3 {
    pub(in crate::cloud) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(in crate::cloud) fn browser_headers(
        &self,
        host: &str,
        path: &str,
        parts: &http::request::Parts,
    ) -> Option<Vec<(String, String)>> {
        let _ = (host, path, parts);
        None
    }

    /// An object, or `NoSuchBucket`, `NoSuchKey`.
    pub(in crate::cloud) fn object(&self, bucket: &str, key: &str) -> Result<StoredObject, ApiError> {
        Err(ApiError::not_built("s3", &format!("GetObject {bucket}/{key}")))
    }

    /// The bytes of an object that is small enough for memory (templates, resolver code).
    pub(in crate::cloud) fn read(&self, bucket: &str, key: &str) -> Result<Vec<u8>, ApiError> {
        let object = self.object(bucket, key)?;
        std::fs::read(&object.path).map_err(|error| ApiError::new("InternalError", error.to_string()).status(500))
    }

    /// Bucket and key of an `s3://`, path-style, virtual-host or local URL.
    pub(in crate::cloud) fn locate(&self, url: &str) -> Option<(String, String)> {
        let _ = url;
        None
    }
}
