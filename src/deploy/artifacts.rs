//! Where files of a deployment go: content-addressed keys in a bucket, each uploaded once.

use std::sync::Arc;

use bytes::Bytes;
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use super::DeployError;
use crate::base::{BoxFuture, Event, Reporter};

/// Uploads at the same time.
const PARALLEL: usize = 16;

/// The key of an artifact: what it holds decides it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactKey(pub String);

impl ArtifactKey {
    /// The key of a content. `extension` keeps the kind of file readable, without a dot.
    pub fn of(content: &[u8], extension: &str) -> Self {
        Self(format!("artifacts/{}.{extension}", sha256(content)))
    }
}

/// The SHA-256 of a content in hexadecimal.
pub fn sha256(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

/// A file to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// What the user knows it as.
    pub name: String,
    /// Its content.
    pub content: Bytes,
}

/// How an object is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectMeta {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// What it was made of: a change of content or headers changes it.
    pub fingerprint: Option<String>,
}

/// What bootstrapping found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// It was there.
    Kept,
    /// It was made just now, and is empty.
    Made,
}

/// The objects of one bucket. One real implementation, one in memory for tests.
pub trait ObjectStore: Send + Sync {
    /// Makes the bucket when it is missing: encrypted, closed to the public.
    fn ensure(&self) -> BoxFuture<'_, Result<Bucket, DeployError>>;
    /// How an object is stored; `None` when there is none.
    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<ObjectMeta>, DeployError>>;
    /// Stores an object.
    fn put<'a>(&'a self, key: &'a str, content: Bytes, meta: ObjectMeta) -> BoxFuture<'a, Result<(), DeployError>>;
    /// The keys of all objects.
    fn list(&self) -> BoxFuture<'_, Result<Vec<String>, DeployError>>;
    /// Deletes objects.
    fn delete(&self, keys: Vec<String>) -> BoxFuture<'_, Result<(), DeployError>>;
    /// The URL of an object, as CloudFormation takes it for templates.
    fn url(&self, key: &str) -> String;
    /// The URI of an object: `s3://bucket/key`.
    fn uri(&self, key: &str) -> String;
}

/// What an upload did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Files that were new.
    pub new: usize,
    /// Files that were there.
    pub kept: usize,
    /// Bytes that were sent.
    pub bytes: u64,
}

/// Uploads what the bucket lacks, several at a time.
pub async fn upload(
    objects: &Arc<dyn ObjectStore>,
    bucket: Bucket,
    uploads: &IndexMap<ArtifactKey, Upload>,
    reporter: &dyn Reporter,
) -> Result<Uploaded, DeployError> {
    let mut waiting = uploads.iter();
    let mut running = JoinSet::new();
    let mut done = Uploaded::default();
    loop {
        while running.len() < PARALLEL {
            let Some((key, file)) = waiting.next() else { break };
            running.spawn(put_missing(Arc::clone(objects), bucket, key.clone(), file.clone()));
        }
        let Some(one) = running.join_next().await else { return Ok(done) };
        let (name, bytes, skipped) = one.map_err(|error| DeployError::Unexpected {
            operation: "s3:PutObject".to_owned(),
            source: error.into(),
        })??;
        if skipped {
            done.kept += 1;
        } else {
            done.new += 1;
            done.bytes += bytes;
        }
        reporter.report(Event::ArtifactUploaded { name, bytes, skipped });
    }
}

async fn put_missing(
    objects: Arc<dyn ObjectStore>,
    bucket: Bucket,
    key: ArtifactKey,
    file: Upload,
) -> Result<(String, u64, bool), DeployError> {
    let Upload { name, content } = file;
    let bytes = content.len() as u64;
    let failed = |source| DeployError::Upload { name: name.clone(), source: Box::new(source) };
    // An empty bucket lacks everything.
    if bucket == Bucket::Kept && objects.head(&key.0).await.map_err(failed)?.is_some() {
        return Ok((name, bytes, true));
    }
    objects.put(&key.0, content, ObjectMeta::default()).await.map_err(failed)?;
    Ok((name, bytes, false))
}
