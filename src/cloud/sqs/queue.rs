//! A queue: what is stored of it, and its messages by when they can be received.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::attributes::{Redrive, RedriveAllow};
use super::message::Message;
use crate::cloud::iam::policy::{Policy, PolicyKind};

/// How many messages of a standard queue one receive looks at, dead ones among them.
const LOOKED_AT: usize = 1000;

/// A queue as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Queue {
    pub name: String,
    pub fifo: bool,
    /// Every attribute that is set, the defaults among them.
    pub attributes: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// Seconds since 1970.
    pub created_s: i64,
    /// Seconds since 1970.
    pub modified_s: i64,
    /// When it was emptied for the last time, in milliseconds since 1970.
    pub purged_ms: Option<i64>,
}

impl Queue {
    /// An attribute that is a number.
    pub(super) fn number(&self, name: &str) -> i64 {
        self.attributes.get(name).and_then(|value| value.parse().ok()).unwrap_or_default()
    }

    /// Whether an attribute is `value`.
    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.attributes.get(name).is_some_and(|found| found == value)
    }

    /// Where messages go that were received too often.
    pub(super) fn redrive(&self) -> Option<Redrive> {
        self.attributes.get("RedrivePolicy").and_then(|text| Redrive::read(text).ok())
    }

    /// Which queues may send their dead letters here.
    pub(super) fn redrive_allow(&self) -> RedriveAllow {
        let read = self.attributes.get("RedriveAllowPolicy").and_then(|text| RedriveAllow::read(text).ok());
        read.unwrap_or(RedriveAllow::All)
    }

    /// The policy of the queue.
    pub(super) fn policy(&self) -> Option<Policy> {
        self.attributes.get("Policy").and_then(|text| Policy::parse_text(text, PolicyKind::Resource).ok())
    }
}

/// A message that was taken in the last five minutes: what is sent again is answered with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Recent {
    pub id: String,
    pub sequence: u64,
    /// Milliseconds since 1970.
    pub at_ms: i64,
}

/// A receive that may be asked for again.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// The messages that were given, with their receipts.
    pub given: Vec<(u64, Option<String>)>,
}

/// A queue with its messages, by their sequence numbers.
pub(super) struct Live {
    pub queue: Queue,
    pub messages: BTreeMap<u64, Message>,
    /// Those that can be received.
    ready: BTreeSet<u64>,
    /// Those that cannot yet, by when they can.
    waiting: BTreeSet<(i64, u64)>,
    /// By scope and deduplication id.
    pub recent: BTreeMap<String, Recent>,
    /// By `ReceiveRequestAttemptId`.
    pub attempts: BTreeMap<String, Attempt>,
    /// Told when something can be received that could not before.
    pub changed: Arc<Notify>,
}

/// How many messages there are: to be received, delayed, in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub visible: usize,
    pub delayed: usize,
    pub in_flight: usize,
}

impl Live {
    pub(super) fn new(queue: Queue) -> Self {
        Self {
            queue,
            messages: BTreeMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            recent: BTreeMap::new(),
            attempts: BTreeMap::new(),
            changed: Arc::default(),
        }
    }

    /// Puts a message in, or in another state.
    pub(super) fn put(&mut self, sequence: u64, message: Message) {
        self.take(sequence);
        self.waiting.insert((message.visible_ms, sequence));
        self.messages.insert(sequence, message);
    }

    /// Takes a message out.
    pub(super) fn take(&mut self, sequence: u64) -> Option<Message> {
        let message = self.messages.remove(&sequence)?;
        self.ready.remove(&sequence);
        self.waiting.remove(&(message.visible_ms, sequence));
        Some(message)
    }

    /// Takes every message out and gives their sequence numbers.
    pub(super) fn empty(&mut self) -> Vec<u64> {
        self.ready.clear();
        self.waiting.clear();
        std::mem::take(&mut self.messages).into_keys().collect()
    }

    /// Messages that have waited long enough can be received from now on.
    pub(super) fn ripen(&mut self, now_ms: i64) {
        while let Some((due_ms, sequence)) = self.waiting.first().copied().filter(|(due_ms, _)| *due_ms <= now_ms) {
            self.waiting.remove(&(due_ms, sequence));
            self.ready.insert(sequence);
        }
    }

    /// When the next message can be received that cannot yet, in milliseconds since 1970.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.waiting.first().map(|(due_ms, _)| *due_ms)
    }

    /// The sequence numbers of those that can be received, in order; in a FIFO queue a message waits for those before
    /// it in its group.
    pub(super) fn receivable(&self) -> Vec<u64> {
        if !self.queue.fifo {
            return self.ready.iter().take(LOOKED_AT).copied().collect();
        }
        let mut held: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        for (_, sequence) in &self.waiting {
            let group = self.messages.get(sequence).and_then(|message| message.group.as_deref());
            held.entry(group).and_modify(|first| *first = (*first).min(*sequence)).or_insert(*sequence);
        }
        let free = |sequence: &&u64| {
            let group = self.messages.get(sequence).and_then(|message| message.group.as_deref());
            held.get(&group).is_none_or(|first| first > *sequence)
        };
        self.ready.iter().filter(free).copied().collect()
    }

    /// How many messages cannot be received now.
    pub(super) fn held(&self) -> usize {
        self.waiting.len()
    }

    /// How many messages there are.
    pub(super) fn counts(&self) -> Counts {
        let in_flight = self.waiting.iter().filter(|(_, sequence)| self.was_received(*sequence)).count();
        Counts { visible: self.ready.len(), delayed: self.waiting.len() - in_flight, in_flight }
    }

    fn was_received(&self, sequence: u64) -> bool {
        self.messages.get(&sequence).is_some_and(|message| message.receipt.is_some())
    }
}
