//! The queues of the account: made, changed, deleted; messages are in memory and in the store at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::attributes::{self, Redrive};
use super::fault::{bad_attribute_because, invalid, no_queue};
use super::message::Message;
use super::moves::MoveTask;
use super::queue::{Live, Queue, Recent};
use crate::cloud::iam::Iam;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::{Batch, Table};

/// How long after a purge the next one is refused, in milliseconds.
const PURGE_PAUSE_MS: i64 = 60_000;

/// The queues of the account.
pub(super) struct Engine {
    pub shared: Arc<Shared>,
    pub iam: Arc<Iam>,
    queues: Table<Queue>,
    pub messages: Table<Message>,
    pub recent: Table<Recent>,
    pub tasks: Table<MoveTask>,
    live: Mutex<BTreeMap<String, Live>>,
    last: AtomicU64,
}

/// The queues while they are looked at or changed.
pub(super) type Queues<'a> = MutexGuard<'a, BTreeMap<String, Live>>;

impl Engine {
    pub(super) fn new(shared: Arc<Shared>, iam: Arc<Iam>) -> Self {
        let store = || Arc::clone(&shared.store);
        let engine = Self {
            iam,
            queues: Table::new(store(), "sqs.queue"),
            messages: Table::new(store(), "sqs.message"),
            recent: Table::new(store(), "sqs.recent"),
            tasks: Table::new(store(), "sqs.move"),
            live: Mutex::default(),
            last: AtomicU64::new(0),
            shared,
        };
        engine.load();
        engine
    }

    /// Reads what an earlier run has kept.
    fn load(&self) {
        let mut all = self.all();
        for (name, queue) in self.queues.all() {
            all.insert(name, Live::new(queue));
        }
        for (key, message) in self.messages.all() {
            let Some((name, sequence)) = key.split_once('/') else { continue };
            if let (Some(live), Ok(sequence)) = (all.get_mut(name), sequence.parse()) {
                self.last.fetch_max(sequence, Ordering::Relaxed);
                live.put(sequence, message);
            }
        }
        for (key, recent) in self.recent.all() {
            let Some((name, id)) = key.split_once('/') else { continue };
            if let Some(live) = all.get_mut(name) {
                self.last.fetch_max(recent.sequence, Ordering::Relaxed);
                live.recent.insert(id.to_owned(), recent);
            }
        }
    }

    /// Every queue by its name.
    pub(super) fn all(&self) -> Queues<'_> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.shared.clock.now_ms()
    }

    /// A number above every earlier one, after a restart too: they grow with the time.
    pub(super) fn next_sequence(&self) -> u64 {
        let by_time = u64::try_from(self.now_ms()).unwrap_or_default().saturating_mul(1_000_000);
        let next = |last| Some(by_time.max(last + 1));
        let before = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
        by_time.max(before + 1)
    }

    /// The ARN of a queue.
    pub(super) fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.shared.region, self.shared.account)
    }

    /// The address of a queue, on this cloud's port.
    pub(super) fn url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.shared.endpoint, self.shared.account)
    }

    /// A queue as stored.
    pub(super) fn queue(&self, name: &str) -> Result<Queue, ApiError> {
        self.all().get(name).map(|live| live.queue.clone()).ok_or_else(no_queue)
    }

    /// Makes a queue; one with the same attributes is answered as it is.
    pub(super) fn create(
        &self,
        name: &str,
        wanted: BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        let fifo = check_name(name, &wanted)?;
        let mut all = self.all();
        if let Some(live) = all.get(name) {
            let standing = defaults_then(fifo, wanted);
            let mut names = live.queue.attributes.keys().chain(standing.keys());
            let other = names.find(|name| live.queue.attributes.get(*name) != standing.get(*name));
            return other.map_or(Ok(()), |attribute| {
                let message = format!(
                    "A queue already exists with the same name and a different value for attribute {attribute}"
                );
                Err(ApiError::new("QueueNameExists", message))
            });
        }
        let now_s = self.shared.clock.now_s();
        let attributes = defaults_then(fifo, wanted);
        let queue = Queue {
            name: name.to_owned(),
            fifo,
            attributes,
            tags,
            created_s: now_s,
            modified_s: now_s,
            purged_ms: None,
        };
        self.check_redrive(&all, &queue)?;
        self.queues.put(name, &queue)?;
        all.insert(name.to_owned(), Live::new(queue));
        Ok(())
    }

    /// Changes a queue.
    pub(super) fn change(
        &self,
        name: &str,
        change: impl FnOnce(&mut Queue) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut all = self.all();
        let mut queue = all.get(name).ok_or_else(no_queue)?.queue.clone();
        change(&mut queue)?;
        self.check_redrive(&all, &queue)?;
        self.queues.put(name, &queue)?;
        if let Some(live) = all.get_mut(name) {
            live.queue = queue;
            live.changed.notify_waiters();
        }
        Ok(())
    }

    /// Changes attributes; an empty document takes the attribute away.
    pub(super) fn set(&self, name: &str, wanted: BTreeMap<String, String>) -> Result<(), ApiError> {
        let now_s = self.shared.clock.now_s();
        self.change(name, |queue| {
            if wanted.get("FifoQueue").is_some_and(|value| (value == "true") != queue.fifo) {
                return Err(ApiError::new("InvalidAttributeName", "Unknown Attribute FifoQueue."));
            }
            for (name, value) in wanted {
                if value.is_empty() {
                    queue.attributes.remove(&name);
                } else {
                    queue.attributes.insert(name, value);
                }
            }
            queue.modified_s = now_s;
            Ok(())
        })
    }

    /// A dead-letter queue must be there, of the same kind, and willing.
    fn check_redrive(&self, all: &Queues<'_>, queue: &Queue) -> Result<(), ApiError> {
        let Some(text) = queue.attributes.get("RedrivePolicy") else { return Ok(()) };
        let Redrive { target, .. } = Redrive::read(text)?;
        let refuse = |reason: &str| {
            Err(invalid(format!("Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}")))
        };
        let found = target.rsplit(':').next().and_then(|name| all.get(name));
        let Some(found) = found.filter(|found| self.arn(&found.queue.name) == target) else {
            return refuse("Dead letter target does not exist.");
        };
        if found.queue.fifo != queue.fifo {
            return refuse("Dead-letter queue must be same type of queue as the source.");
        }
        if found.queue.name != queue.name && !found.queue.redrive_allow().allows(&self.arn(&queue.name)) {
            let reason = "The RedriveAllowPolicy of the dead-letter queue does not allow this queue.";
            return Err(bad_attribute_because(text, "RedrivePolicy", reason));
        }
        Ok(())
    }

    /// Deletes a queue with its messages.
    pub(super) fn delete(&self, name: &str) -> Result<(), ApiError> {
        let mut all = self.all();
        let live = all.get(name).ok_or_else(no_queue)?;
        let mut batch = Batch::default();
        live.messages.keys().for_each(|sequence| self.messages.drop(&mut batch, &key(name, *sequence)));
        live.recent.keys().for_each(|id| self.recent.drop(&mut batch, &format!("{name}/{id}")));
        self.queues.drop(&mut batch, name);
        self.shared.store.commit(batch)?;
        if let Some(live) = all.remove(name) {
            live.changed.notify_waiters();
        }
        Ok(())
    }

    /// Deletes every message of a queue.
    pub(super) fn purge(&self, name: &str) -> Result<(), ApiError> {
        let now_ms = self.now_ms();
        let mut all = self.all();
        let live = all.get_mut(name).ok_or_else(no_queue)?;
        if live.queue.purged_ms.is_some_and(|at_ms| now_ms - at_ms < PURGE_PAUSE_MS) {
            let message = format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds.");
            return Err(ApiError::new("PurgeQueueInProgress", message).status(403));
        }
        let mut batch = Batch::default();
        let queue = Queue { purged_ms: Some(now_ms), ..live.queue.clone() };
        self.queues.add(&mut batch, name, &queue);
        live.messages.keys().for_each(|sequence| self.messages.drop(&mut batch, &key(name, *sequence)));
        self.shared.store.commit(batch)?;
        live.empty();
        live.queue = queue;
        live.changed.notify_waiters();
        Ok(())
    }

    /// The queues that use a queue for their dead letters, in order of their names.
    pub(super) fn sources(&self, name: &str) -> Result<Vec<String>, ApiError> {
        let arn = self.arn(name);
        let all = self.all();
        all.get(name).ok_or_else(no_queue)?;
        let uses = |live: &&Live| live.queue.redrive().is_some_and(|redrive| redrive.target == arn);
        Ok(all.values().filter(uses).map(|live| live.queue.name.clone()).collect())
    }
}

/// The key of a message in the store.
pub(super) fn key(name: &str, sequence: u64) -> String {
    format!("{name}/{sequence:020}")
}

fn defaults_then(fifo: bool, wanted: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all = attributes::defaults(fifo);
    all.extend(wanted);
    all.retain(|name, value| !value.is_empty() && (name != "FifoQueue" || fifo));
    all
}

/// Checks a name and tells whether the queue is a FIFO queue.
fn check_name(name: &str, wanted: &BTreeMap<String, String>) -> Result<bool, ApiError> {
    let fifo = wanted.get("FifoQueue").is_some_and(|value| value == "true");
    let stem = name.strip_suffix(".fifo");
    let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let fits = (1..=80).contains(&name.len()) && stem.unwrap_or(name).chars().all(good);
    match (fits, fifo, stem) {
        (true, true, Some(stem)) if !stem.is_empty() => Ok(true),
        (true, false, None) => Ok(false),
        (_, true, _) => Err(invalid(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with \
             .fifo suffix and be 1 to 80 in length.",
        )),
        _ => Err(invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")),
    }
}
