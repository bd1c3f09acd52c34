//! S3: buckets and objects; objects are files, not rows.
//!
//! Lifecycle rules are carried out, but for transitions: there is one kind of disk. Everything belongs to one account, so there are no
//! access lists. Objects are as durable as the rows of every service; no key of KMS encrypts them, and none is taken.

mod address;
mod ask;
mod buckets;
mod checksums;
pub(in crate::cloud) mod conditions;
mod copy;
mod cors;
mod delete;
mod digest;
pub(in crate::cloud) mod events;
mod form;
mod get;
mod intake;
mod lifecycle;
mod listing;
mod multipart;
mod notification;
mod objects;
mod properties;
mod put;
mod record;
mod resources;
mod tagging;
mod upload;
mod upload_lists;
mod uploads;
mod website;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::iam::policy::{Question, Verdict};
use super::iam::{Iam, Payload};
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, ResourceHandler, Service, ServiceId, Shared,
};
use ask::Ask;
use buckets::Bucket;
pub(in crate::cloud) use intake::Incoming;
use objects::{Objects, Place};
pub(in crate::cloud) use record::StoredObject;

/// S3: buckets and objects; objects are files, not rows.
pub(in crate::cloud) struct S3 {
    engine: Arc<Engine>,
}

/// What calls are carried out on.
struct Engine {
    shared: Arc<Shared>,
    iam: Arc<Iam>,
    objects: Objects,
    uploads: uploads::Uploads,
}

impl Service for S3 {
    fn id(&self) -> ServiceId {
        ServiceId::S3
    }

    /// A bucket's policy may admit anyone, so permission is asked where the bucket is known: in [`ask`].
    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Open
    }

    fn call<'a>(&'a self, context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        let incoming = Incoming { body: call.body.clone().into(), payload: Payload::Unsigned };
        Box::pin(self.receive(context, call, incoming))
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

impl S3 {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>) -> Self {
        let objects = Objects::new(Arc::clone(&shared));
        let uploads = uploads::Uploads::new(&shared);
        Self { engine: Arc::new(Engine { shared, iam, objects, uploads }) }
    }

    /// Carries out a call whose body was not read yet. The body of an object goes into a file while it arrives, once it is
    /// known that the caller may store it.
    pub(in crate::cloud) async fn receive(
        &self,
        context: &CallContext,
        mut call: ApiCall,
        incoming: Incoming,
    ) -> Result<ApiReply, ApiError> {
        let request_id = self.engine.shared.ids.short(16).to_uppercase();
        let host = call.headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let (bucket, key) = address::of_request(&host, &call.path);
        let place = bucket.as_deref().zip(key.as_deref()).map(|(bucket, key)| Place { bucket, key });
        let request = upload::Request { engine: &self.engine, caller: &context.caller, id: &request_id };
        let site = address::website(&host);
        let mut reply = if let Some(place) = place.filter(|_| site.is_none() && upload::is_one(&call)) {
            upload::receive(&request, call, place, incoming).await?
        } else if let Some(bucket) = bucket.as_deref()
            && (site.is_none() && key.is_none() && form::is_one(&call))
        {
            form::receive(&request, call, bucket, incoming).await?
        } else {
            call.body = intake::document(&mut call.headers, incoming).await?;
            self.answer(&context.caller, call, request_id.clone()).await?
        };
        reply.headers.push(("x-amz-request-id".to_owned(), request_id));
        Ok(reply)
    }

    /// Carries out a call that is here as a whole; one that writes on a thread that may wait for the disk.
    async fn answer(&self, caller: &Caller, call: ApiCall, request_id: String) -> Result<ApiReply, ApiError> {
        if matches!(call.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return wire::answer(&Ask::new(&self.engine, caller, &call, &request_id));
        }
        let (engine, caller) = (Arc::clone(&self.engine), caller.clone());
        let work = tokio::task::spawn_blocking(move || wire::answer(&Ask::new(&engine, &caller, &call, &request_id)));
        work.await.map_err(|_| ApiError::new("InternalError", "the request was given up").status(500))?
    }

    /// Carries out lifecycle rules, until the cloud stops.
    pub(in crate::cloud) async fn run(self: Arc<Self>, stopped: tokio::sync::watch::Receiver<bool>) {
        Arc::clone(&self.engine).keep_house(stopped).await;
    }

    /// Says which destinations the events of buckets can have.
    pub(in crate::cloud) fn connect(&self, destinations: Arc<dyn events::Destinations>) {
        self.engine.objects.outbox.connect(destinations);
    }

    /// The events of buckets that are not delivered yet.
    pub(in crate::cloud) fn outbox(&self) -> &events::Outbox {
        &self.engine.objects.outbox
    }

    /// An object, or `NoSuchBucket`, `NoSuchKey`.
    pub(in crate::cloud) fn object(&self, bucket: &str, key: &str) -> Result<StoredObject, ApiError> {
        self.engine.objects.bucket(bucket)?;
        self.engine.objects.object(Place { bucket, key })
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

    /// The bucket in a host of virtual-host style.
    #[expect(clippy::unused_self, reason = "which hosts are ours is this service's matter")]
    pub(in crate::cloud) fn bucket_in_host(&self, host: &str) -> Option<String> {
        address::bucket_in_host(host)
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
