//! S3: buckets and objects; objects are files, not rows.
//!
//! It keeps one version of an object, whatever the versioning status says; lifecycle rules are kept and not carried
//! out; there are no access lists, no events, no website hosts. A body is held in memory while it is checked.

mod address;
mod buckets;
mod checksums;
pub(in crate::cloud) mod conditions;
mod cors;
#[expect(dead_code, reason = "the service that delivers events is made after this one")]
pub(in crate::cloud) mod events;
mod listing;
mod multipart;
mod object_wire;
mod objects;
mod resources;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::iam::Iam;
use super::iam::policy::{Question, Verdict};
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, Permission, ResourceHandler, Service, ServiceId, Shared,
};
use buckets::Bucket;
use objects::Objects;

/// From this size on a body is worked on apart from the threads that answer requests, in bytes.
const LARGE_BYTES: usize = 256 * 1024;

/// S3: buckets and objects; objects are files, not rows.
pub(in crate::cloud) struct S3 {
    engine: Arc<Engine>,
}

/// What calls are carried out on.
struct Engine {
    shared: Arc<Shared>,
    iam: Arc<Iam>,
    objects: Objects,
    uploads: multipart::Uploads,
    outbox: events::Outbox,
}

impl Service for S3 {
    fn id(&self) -> ServiceId {
        ServiceId::S3
    }

    /// A bucket's policy may admit anyone, so permission is asked where the bucket is known: in [`wire`].
    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Open
    }

    fn call<'a>(&'a self, context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move {
            if call.body.len() < LARGE_BYTES {
                return wire::answer(&self.engine, &context.caller, &call);
            }
            let (engine, caller) = (Arc::clone(&self.engine), context.caller.clone());
            let work = tokio::task::spawn_blocking(move || wire::answer(&engine, &caller, &call));
            work.await.map_err(|_| ApiError::new("InternalError", "the upload was given up").status(500))?
        })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self.engine)
    }

    fn snapshot(&self) -> Value {
        let buckets = self.engine.objects.buckets.all();
        let row = |(name, _): &(String, Bucket)| {
            let objects = self.engine.objects.list(name, "");
            let bytes: u64 = objects.iter().map(|(_, object)| object.length).sum();
            json!({"bucket": name, "objects": objects.len(), "bytes": bytes})
        };
        let rows: Vec<Value> = buckets.iter().map(row).collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Buckets", "rows": rows}) }
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
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>) -> Self {
        let objects = Objects::new(Arc::clone(&shared));
        let uploads = multipart::Uploads::new(&shared);
        let outbox = events::Outbox::new(&shared);
        Self { engine: Arc::new(Engine { shared, iam, objects, uploads, outbox }) }
    }

    /// Says which destinations the events of buckets can have.
    #[expect(dead_code, reason = "the service that delivers events is made after this one")]
    pub(in crate::cloud) fn connect(&self, destinations: Arc<dyn events::Destinations>) {
        self.engine.outbox.connect(destinations);
    }

    /// The events of buckets that are not delivered yet.
    #[expect(dead_code, reason = "the service that delivers events is made after this one")]
    pub(in crate::cloud) fn outbox(&self) -> &events::Outbox {
        &self.engine.outbox
    }

    /// An object, or `NoSuchBucket`, `NoSuchKey`.
    pub(in crate::cloud) fn object(&self, bucket: &str, key: &str) -> Result<StoredObject, ApiError> {
        self.engine.objects.bucket(bucket)?;
        self.engine.objects.object(bucket, key)
    }

    /// The bytes of an object that is small enough for memory (templates, resolver code).
    pub(in crate::cloud) fn read(&self, bucket: &str, key: &str) -> Result<Vec<u8>, ApiError> {
        let object = self.object(bucket, key)?;
        std::fs::read(&object.path).map_err(|error| ApiError::new("InternalError", error.to_string()).status(500))
    }

    /// Bucket and key of an `s3://`, path-style, virtual-host or local URL.
    #[expect(clippy::unused_self, reason = "which URLs are ours is this service's matter")]
    pub(in crate::cloud) fn locate(&self, url: &str) -> Option<(String, String)> {
        address::of_url(url)
    }

    /// Whether the bucket's policy lets one of AWS's services act on an object on behalf of a resource
    /// (`AWS:SourceArn`).
    pub(in crate::cloud) fn admits(&self, bucket: &str, key: &str, visitor: &ServiceVisitor<'_>) -> bool {
        let Some(policy) = self.engine.objects.buckets.get(bucket).and_then(|bucket| bucket.policy()) else {
            return false;
        };
        let principals = [("Service".to_owned(), visitor.service.to_owned())];
        let facts = [
            ("aws:sourcearn", visitor.source_arn),
            ("aws:sourceaccount", self.engine.shared.account),
            ("aws:principalservicename", visitor.service),
            ("aws:principalisawsservice", "true"),
            ("aws:securetransport", "true"),
        ];
        let context: BTreeMap<String, Vec<String>> =
            facts.into_iter().map(|(name, value)| (name.to_owned(), vec![value.to_owned()])).collect();
        let resource =
            if key.is_empty() { format!("arn:aws:s3:::{bucket}") } else { format!("arn:aws:s3:::{bucket}/{key}") };
        let question =
            Question { action: visitor.action, resource: &resource, principals: &principals, context: &context };
        policy.verdict(&question) == Verdict::Allow
    }

    /// The headers for browsers by the bucket's own CORS rules; `None` when the request names no bucket or does not
    /// come from a page.
    pub(in crate::cloud) fn browser_headers(
        &self,
        host: &str,
        path: &str,
        parts: &http::request::Parts,
    ) -> Option<Vec<(String, String)>> {
        let (bucket, _) = address::of_request(host, path);
        let bucket = bucket?;
        if !parts.headers.contains_key("origin") {
            return Some(Vec::new());
        }
        let rules = self.engine.objects.buckets.get(&bucket).map(|bucket| cors::rules(&bucket)).unwrap_or_default();
        let asked = cors::Asked::of(&parts.method, &parts.headers);
        Some(cors::answer(&rules, &asked).unwrap_or_default())
    }
}

/// One of AWS's services that wants an object.
#[derive(Clone, Copy, Debug)]
pub(in crate::cloud) struct ServiceVisitor<'a> {
    /// `cloudfront.amazonaws.com`.
    pub service: &'a str,
    /// The resource for which it acts.
    pub source_arn: &'a str,
    /// `s3:GetObject`.
    pub action: &'a str,
}

impl Engine {
    /// Whether a caller may do something to a bucket or an object: by the caller's policies and the bucket's.
    fn authorize(
        &self,
        caller: &Caller,
        action: &str,
        target: &Target<'_>,
        context: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), ApiError> {
        if *caller == Caller::Root {
            return Ok(());
        }
        let resource = match (target.bucket, target.key) {
            (None, _) => "*".to_owned(),
            (Some(bucket), None) => format!("arn:aws:s3:::{bucket}"),
            (Some(bucket), Some(key)) => format!("arn:aws:s3:::{bucket}/{key}"),
        };
        let bucket = target.bucket.and_then(|name| self.objects.buckets.get(name));
        let mut policy = bucket.as_ref().and_then(Bucket::policy);
        if *caller == Caller::Anonymous
            && bucket.is_some_and(|bucket| bucket.blocks("RestrictPublicBuckets"))
            && policy.as_ref().is_some_and(super::iam::policy::Policy::is_public)
        {
            policy = None;
        }
        self.iam.authorize_with(caller, &Permission::new(action, resource), context, policy.as_ref())
    }
}

/// What a call is about.
#[derive(Clone, Copy, Debug)]
struct Target<'a> {
    bucket: Option<&'a str>,
    key: Option<&'a str>,
}
