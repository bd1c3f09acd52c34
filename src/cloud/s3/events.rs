//! What happened in buckets, as a durable queue that a later service drains.
//!
//! S3 stands before Lambda and the queues, so it calls none of them. It writes a [`Notice`] for each destination in the
//! same batch as the row of the object: a kill loses neither or both. Whoever delivers them does, in a loop:
//!
//! 1. [`Outbox::take`] for the oldest notices; the same ones come again until they are done, after a restart too;
//! 2. delivers each (at least once, in no promised order, as S3 itself);
//! 3. [`Outbox::done`] with the keys of those that were delivered or have nowhere to go;
//! 4. [`Outbox::wait`] when there were none.
//!
//! Who delivers also says which destinations there are: [`Destinations`], given to S3 once by [`super::S3::connect`].
//! Until then a bucket can be told of no destination but EventBridge.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;

use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::{Batch, Table};

/// Where the events of a bucket can go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::cloud) enum Destination {
    /// The ARN of a function, perhaps with a version or an alias; invoked asynchronously with the body.
    Function(String),
    /// The ARN of a queue; the body is the text of the message.
    Queue(String),
    /// The ARN of a topic; the body is the message, its subject `Amazon S3 Notification`.
    Topic(String),
    /// The default event bus; the body is the whole event with its `id`, as rules see it.
    EventBridge,
}

/// One event for one destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud) struct Notice {
    pub destination: Destination,
    /// The bucket, whose ARN is the source of what is sent.
    pub bucket: String,
    /// `{"Records": […]}`, or the event of EventBridge.
    pub body: Value,
}

/// What delivers notices, asked when a bucket is told of a destination.
pub(in crate::cloud) trait Destinations: Send + Sync {
    /// Whether the destination exists and its own policy lets S3 send to it from this bucket (`s3.amazonaws.com` with
    /// `aws:SourceArn`). The error is AWS's words: `The destination queue does not exist`, `Not authorized to invoke
    /// function [arn]`.
    fn check(&self, destination: &Destination, bucket_arn: &str) -> Result<(), String>;
}

/// The notices that are not delivered yet.
pub(in crate::cloud) struct Outbox {
    rows: Table<Notice>,
    last: AtomicU64,
    added: Notify,
    destinations: OnceLock<Arc<dyn Destinations>>,
}

impl Outbox {
    pub(super) fn new(shared: &Shared) -> Self {
        let rows = Table::new(Arc::clone(&shared.store), "s3.notice");
        let last = rows.all().last().and_then(|(key, _)| u64::from_str_radix(key, 16).ok()).unwrap_or_default();
        Self { rows, last: AtomicU64::new(last), added: Notify::new(), destinations: OnceLock::new() }
    }

    /// Says what delivers; the first word counts.
    pub(super) fn connect(&self, destinations: Arc<dyn Destinations>) {
        // A second one would be a fault of the assembly, in which the first goes on to be right.
        let _ = self.destinations.set(destinations);
    }

    /// Asks for a destination as [`Destinations::check`] does.
    pub(super) fn check(&self, destination: &Destination, bucket_arn: &str) -> Result<(), String> {
        match (self.destinations.get(), destination) {
            (_, Destination::EventBridge) => Ok(()),
            (Some(destinations), _) => destinations.check(destination, bucket_arn),
            (None, _) => Err("the embedded cloud has no such destination".to_owned()),
        }
    }

    /// Adds notices to the batch of what they tell of. Call [`Self::wake`] when the batch is written.
    pub(super) fn add(&self, batch: &mut Batch, notices: &[Notice]) {
        for notice in notices {
            let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
            self.rows.add(batch, &format!("{number:016x}"), notice);
        }
    }

    /// Writes notices of their own.
    pub(super) fn send(&self, shared: &Shared, notices: &[Notice]) -> Result<(), ApiError> {
        if notices.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        self.add(&mut batch, notices);
        shared.store.commit(batch)?;
        self.wake();
        Ok(())
    }

    /// Tells who waits that there is something.
    pub(super) fn wake(&self) {
        self.added.notify_one();
    }

    /// The oldest notices, at most so many, with the keys for [`Self::done`]. They stay until they are done.
    pub(in crate::cloud) fn take(&self, limit: usize) -> Vec<(String, Notice)> {
        self.rows.all().into_iter().take(limit).collect()
    }

    /// Forgets notices, durably.
    pub(in crate::cloud) fn done(&self, shared: &Shared, keys: &[String]) -> Result<(), ApiError> {
        let mut batch = Batch::default();
        for key in keys {
            self.rows.drop(&mut batch, key);
        }
        Ok(shared.store.commit(batch)?)
    }

    /// Waits until something is added, at once when something was since the last wait. For one waiter.
    pub(in crate::cloud) async fn wait(&self) {
        self.added.notified().await;
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Outbox").finish_non_exhaustive()
    }
}
