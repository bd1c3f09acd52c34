//! Sending: limits, delays, and the five minutes in which a FIFO queue knows what it has taken.
//!
//! Source: `SendMessage` in the SQS API reference and "Exactly-once processing" of the guide.

use sha2::{Digest as _, Sha256};

use super::engine::{Engine, key};
use super::fault::{invalid, invalid_value, missing, no_queue};
use super::message::{Attributes, Message, length, md5, md5_of_attributes};
use super::queue::{Live, Queue, Recent};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

/// How long a FIFO queue knows what it has taken, in milliseconds.
const KNOWN_MS: i64 = 5 * 60 * 1000;

/// A message that is to be sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Outgoing {
    pub body: String,
    pub attributes: Attributes,
    pub trace: Attributes,
    pub group: Option<String>,
    pub deduplication: Option<String>,
    /// In seconds; the queue's own when nothing is said.
    pub delay_s: Option<i64>,
    /// Who sends it.
    pub sender: String,
}

/// What the sender is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub id: String,
    pub md5: String,
    pub md5_of_attributes: Option<String>,
    pub md5_of_trace: Option<String>,
    /// In FIFO queues.
    pub sequence: Option<String>,
}

impl Engine {
    /// Takes a message; when this returns, it is stored.
    pub(super) fn send(&self, name: &str, outgoing: Outgoing) -> Result<Sent, ApiError> {
        let now_ms = self.now_ms();
        let mut all = self.all();
        let live = all.get_mut(name).ok_or_else(no_queue)?;
        let outgoing = checked(&live.queue, outgoing)?;
        let sent = |id: &str, sequence: u64| Sent {
            id: id.to_owned(),
            md5: md5(outgoing.body.as_bytes()),
            md5_of_attributes: md5_of_attributes(&outgoing.attributes),
            md5_of_trace: md5_of_attributes(&outgoing.trace),
            sequence: live.queue.fifo.then(|| sequence_text(sequence)),
        };
        let scope = scope(&live.queue, &outgoing);
        if let Some(known) = scope.as_ref().and_then(|scope| live.recent.get(scope))
            && now_ms - known.at_ms < KNOWN_MS
        {
            return Ok(sent(&known.id, known.sequence));
        }
        let sequence = self.next_sequence();
        let id = self.shared.ids.uuid();
        let answer = sent(&id, sequence);
        let delay_s = outgoing.delay_s.unwrap_or_else(|| live.queue.number("DelaySeconds"));
        let message = Message {
            id: id.clone(),
            body: outgoing.body,
            attributes: outgoing.attributes,
            trace: outgoing.trace,
            sender: outgoing.sender,
            sent_ms: now_ms,
            visible_ms: now_ms + delay_s * 1000,
            first_received_ms: None,
            received: 0,
            receipt: None,
            group: outgoing.group,
            deduplication: outgoing.deduplication,
            source_arn: None,
        };
        let mut batch = Batch::default();
        self.messages.add(&mut batch, &key(name, sequence), &message);
        self.remember(live, &mut batch, scope, Recent { id, sequence, at_ms: now_ms });
        self.shared.store.commit(batch)?;
        live.put(sequence, message);
        live.changed.notify_waiters();
        Ok(answer)
    }

    /// Keeps what was taken, and forgets what is too old.
    fn remember(&self, live: &mut Live, batch: &mut Batch, scope: Option<String>, recent: Recent) {
        let Some(scope) = scope else { return };
        let name = &live.queue.name;
        let old = |known: &Recent| recent.at_ms - known.at_ms >= KNOWN_MS;
        live.recent.iter().filter(|(_, known)| old(known)).for_each(|(id, _)| {
            self.recent.drop(batch, &format!("{name}/{id}"));
        });
        self.recent.add(batch, &format!("{name}/{scope}"), &recent);
        live.recent.retain(|_, known| !old(known));
        live.recent.insert(scope, recent);
    }
}

/// The sequence number as FIFO queues give it.
pub(super) fn sequence_text(sequence: u64) -> String {
    format!("{sequence:020}")
}

/// What a message is known by in a FIFO queue.
fn scope(queue: &Queue, outgoing: &Outgoing) -> Option<String> {
    let id = outgoing.deduplication.as_ref().filter(|_| queue.fifo)?;
    let group = outgoing.group.as_deref().filter(|_| queue.is("DeduplicationScope", "messageGroup"));
    // The id may hold any punctuation: its length keeps the two apart.
    Some(format!("{}:{id}{}", id.len(), group.unwrap_or_default()))
}

/// Checks a message against its queue, and gives it the id that its content makes.
fn checked(queue: &Queue, mut outgoing: Outgoing) -> Result<Outgoing, ApiError> {
    let limit = queue.number("MaximumMessageSize");
    if length(&outgoing.body, &outgoing.attributes) as u64 > limit.unsigned_abs() {
        let message =
            format!("One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes.");
        return Err(invalid(message));
    }
    if let Some(delay) = outgoing.delay_s {
        if queue.fifo && delay != 0 {
            let reason = "The request include parameter that is not valid for this queue type";
            return Err(invalid_value(&delay.to_string(), "DelaySeconds", reason));
        }
        if !(0..=900).contains(&delay) {
            return Err(invalid_value(&delay.to_string(), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."));
        }
        outgoing.delay_s = outgoing.delay_s.filter(|_| !queue.fifo);
    }
    check_id(outgoing.group.as_deref(), "MessageGroupId")?;
    check_id(outgoing.deduplication.as_deref(), "MessageDeduplicationId")?;
    if !queue.fifo {
        if let Some(id) = &outgoing.deduplication {
            let reason = "The request include parameter that is not valid for this queue type";
            return Err(invalid_value(id, "MessageDeduplicationId", reason));
        }
        return Ok(outgoing);
    }
    if outgoing.group.is_none() {
        return Err(missing("MessageGroupId"));
    }
    if outgoing.deduplication.is_none() {
        if !queue.is("ContentBasedDeduplication", "true") {
            return Err(invalid(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly",
            ));
        }
        outgoing.deduplication = Some(hex::encode(Sha256::digest(&outgoing.body)));
    }
    Ok(outgoing)
}

fn check_id(id: Option<&str>, parameter: &str) -> Result<(), ApiError> {
    let fits = |id: &str| (1..=128).contains(&id.len()) && id.chars().all(|letter| ('!'..='~').contains(&letter));
    match id {
        Some(id) if !fits(id) => {
            let reason =
                format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
            Err(invalid_value(id, parameter, &reason))
        }
        _ => Ok(()),
    }
}
