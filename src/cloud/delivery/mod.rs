//! What services send to other services by themselves: kept until it is delivered, tried again, or given to a dead-letter
//! queue.
//!
//! Events of rules, schedules, topics and buckets become parcels, stored before anything is acknowledged. Who receives them
//! is told once: later services are receivers too, and are called through [`Receiver`] alone.

mod buckets;
mod outlet;
mod parcel;
mod receivers;

#[cfg(test)]
pub(in crate::cloud) mod tests;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use super::iam::{Guest, Iam};
use super::service::{ApiError, Shared};
use super::sqs::Sqs;
use super::store::{Batch, Table};
use super::timer;

pub(in crate::cloud) use buckets::Buckets;
pub(in crate::cloud) use parcel::{DeadLetter, Parcel, Receiver, Retry, Sender};
pub(in crate::cloud) use receivers::{Functions, Queues};

/// The longest pause between two tries, in milliseconds.
const LONGEST_PAUSE_MS: i64 = 10 * 60 * 1000;

/// A parcel as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    parcel: Parcel,
    /// Milliseconds since 1970.
    since_ms: i64,
    failed: u32,
    /// When it is tried next, in milliseconds since 1970.
    due_ms: i64,
}

/// Parcels that are not delivered yet.
pub(in crate::cloud) struct Delivery {
    shared: Arc<Shared>,
    iam: Arc<Iam>,
    sqs: Arc<Sqs>,
    rows: Table<Kept>,
    /// By when they are due, then by their numbers.
    due: Mutex<BTreeSet<(i64, u64)>>,
    last: AtomicU64,
    changed: Notify,
    receivers: OnceLock<Vec<Arc<dyn Receiver>>>,
}

impl Delivery {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>, sqs: Arc<Sqs>) -> Self {
        let rows: Table<Kept> = Table::new(Arc::clone(&shared.store), "delivery.parcel");
        let mut due = BTreeSet::new();
        for (key, kept) in rows.all() {
            if let Ok(number) = key.parse::<u64>() {
                due.insert((kept.due_ms, number));
            }
        }
        let last = due.iter().map(|(_, number)| *number).max().unwrap_or_default();
        Self {
            shared,
            iam,
            sqs,
            rows,
            due: Mutex::new(due),
            last: AtomicU64::new(last),
            changed: Notify::new(),
            receivers: OnceLock::new(),
        }
    }

    /// Says who receives; the first word counts.
    pub(in crate::cloud) fn connect(&self, receivers: Vec<Arc<dyn Receiver>>) {
        // A second one would be a fault of the assembly, in which the first goes on to be right.
        let _ = self.receivers.set(receivers);
    }

    /// Keeps parcels, durably, with other writes of the same moment; they are delivered soon.
    pub(in crate::cloud) fn send(&self, mut batch: Batch, parcels: Vec<Parcel>) -> Result<(), ApiError> {
        let now_ms = self.shared.clock.now_ms();
        let mut numbers = Vec::new();
        for parcel in parcels {
            let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
            let kept = Kept { parcel, since_ms: now_ms, failed: 0, due_ms: now_ms };
            self.rows.add(&mut batch, &key(number), &kept);
            numbers.push((now_ms, number));
        }
        if batch.writes.is_empty() {
            return Ok(());
        }
        self.shared.store.commit(batch)?;
        if !numbers.is_empty() {
            self.due().extend(numbers);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Whether a target is there and lets a service in; targets of other services are refused by name.
    pub(in crate::cloud) fn check(&self, arn: &str, guest: &Guest<'_>) -> Result<(), ApiError> {
        self.receiver(arn)?.check(arn, guest)
    }

    /// Whether targets of this kind are delivered to.
    pub(in crate::cloud) fn takes(&self, arn: &str) -> bool {
        self.receiver(arn).is_ok()
    }

    fn receiver(&self, arn: &str) -> Result<&Arc<dyn Receiver>, ApiError> {
        let mut all = self.receivers.get().into_iter().flatten();
        let service = arn.split(':').nth(2).unwrap_or(arn);
        all.find(|receiver| receiver.takes(arn)).ok_or_else(|| ApiError::not_built(service, "targets of events"))
    }

    fn due(&self) -> std::sync::MutexGuard<'_, BTreeSet<(i64, u64)>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers until the cloud stops.
    pub(in crate::cloud) async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let next_ms = self.work().await;
            tokio::select! {
                // An error means that the cloud was dropped.
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = timer::reach_or_change(&*self.shared.clock, next_ms, &self.changed) => {}
            }
        }
    }

    /// Delivers what is due, in its order; gives when the next is.
    pub(in crate::cloud) async fn work(&self) -> Option<i64> {
        loop {
            let first = self.due().first().copied();
            let (due_ms, number) = first?;
            if due_ms > self.shared.clock.now_ms() {
                return Some(due_ms);
            }
            let Some(kept) = self.rows.get(&key(number)) else {
                self.due().remove(&(due_ms, number));
                continue;
            };
            let again = self.attempt(kept).await;
            let written = match &again {
                Some(kept) => self.rows.put(&key(number), kept),
                None => self.rows.remove(&key(number)),
            };
            if let Err(error) = written {
                tracing::warn!(%error, "a delivery could not be noted");
            }
            let mut due = self.due();
            due.remove(&(due_ms, number));
            due.extend(again.map(|kept| (kept.due_ms, number)));
        }
    }

    /// One try; gives what is to be tried again.
    async fn attempt(&self, mut kept: Kept) -> Option<Kept> {
        let Err(error) = self.deliver(&kept.parcel).await else { return None };
        let now_ms = self.shared.clock.now_ms();
        let Retry { tries, age_ms } = kept.parcel.retry;
        // What is refused is refused again; a fault or too much at once may pass.
        let passing = error.status >= 500 && error.status != 501 || error.status == 429;
        let condition = match (passing, kept.failed >= tries, now_ms - kept.since_ms >= age_ms) {
            (false, _, _) => None,
            (true, true, _) => Some("MaximumRetryAttempts"),
            (true, false, true) => Some("MaximumEventAgeInSeconds"),
            (true, false, false) => {
                let pause_ms = 1000_i64.checked_shl(kept.failed).unwrap_or(LONGEST_PAUSE_MS).min(LONGEST_PAUSE_MS);
                kept.failed += 1;
                kept.due_ms = now_ms + pause_ms.max(1000);
                return Some(kept);
            }
        };
        tracing::warn!(%error, target = kept.parcel.target, "an event could not be delivered");
        self.bury(&kept, &error, condition);
        None
    }

    async fn deliver(&self, parcel: &Parcel) -> Result<(), ApiError> {
        let receiver = self.receiver(&parcel.target)?;
        receiver.receive(parcel, parcel.sender.guest(&self.iam)?).await
    }

    /// Sends what could not be delivered to the dead-letter queue.
    fn bury(&self, kept: &Kept, error: &ApiError, condition: Option<&str>) {
        let Parcel { target, sender, dead_letter, options, .. } = &kept.parcel;
        let Some(DeadLetter { queue, body, attributes }) = dead_letter else { return };
        let mut message = json!({"MessageBody": body});
        if let Some(attributes) = attributes {
            let mut all = attributes.clone();
            all.insert("TARGET_ARN".to_owned(), target.clone());
            all.insert("ERROR_CODE".to_owned(), error_name(error));
            all.insert("ERROR_MESSAGE".to_owned(), error.message.chars().take(1024).collect());
            all.insert("RETRY_ATTEMPTS".to_owned(), kept.failed.to_string());
            all.extend(condition.map(|name| ("EXHAUSTED_RETRY_CONDITION".to_owned(), name.to_owned())));
            let text = |(name, value): (String, String)| (name, json!({"DataType": "String", "StringValue": value}));
            message["MessageAttributes"] = Value::Object(all.into_iter().map(text).collect());
        }
        for name in ["MessageGroupId", "MessageDeduplicationId"] {
            if let Some(value) = options.get(name).filter(|_| queue.strip_suffix(".fifo").is_some()) {
                message[name] = value.clone();
            }
        }
        let sent = sender.guest(&self.iam).and_then(|guest| self.sqs.send_for(&guest, queue, &message));
        if let Err(error) = sent {
            tracing::warn!(%error, queue, "a dead letter was refused");
        }
    }
}

/// The error as dead letters tell it.
fn error_name(error: &ApiError) -> String {
    match error.code.as_str() {
        "AccessDenied" | "AccessDeniedException" => "NO_PERMISSIONS".to_owned(),
        "QueueDoesNotExist" | "ResourceNotFoundException" | "NotFound" => "NO_RESOURCE".to_owned(),
        "TooManyRequestsException" => "THROTTLING".to_owned(),
        _ => "SDK_CLIENT_ERROR".to_owned(),
    }
}

fn key(number: u64) -> String {
    format!("{number:020}")
}
