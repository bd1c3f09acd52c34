//! Receiving, waiting for messages, deleting them, hiding them for longer or shorter.
//!
//! Source: `ReceiveMessage` and `ChangeMessageVisibility` in the SQS API reference, "Amazon SQS visibility timeout" and
//! "Using dead-letter queues" of the guide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::engine::{Engine, Queues, key};
use super::fault::{bad_receipt, invalid, invalid_value, no_queue};
use super::message::Message;
use super::queue::{Attempt, Live};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;
use crate::cloud::timer;

/// How many messages of a queue may be in flight.
const IN_FLIGHT_LIMIT: usize = 120_000;

/// How long a message may be hidden in all, in milliseconds.
const HIDDEN_LIMIT_MS: i64 = 12 * 3600 * 1000;

/// How long a receive can be asked for again, in milliseconds.
const ATTEMPT_MS: i64 = 5 * 60 * 1000;

/// What a receiver asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Ask {
    /// How many messages, at most.
    pub most: usize,
    /// How long they are hidden, in seconds; as the queue says when nothing is said.
    pub visibility_s: Option<i64>,
    /// How long to wait for one, in seconds; as the queue says when nothing is said.
    pub wait_s: Option<i64>,
    /// FIFO queues answer the same again to the same id.
    pub attempt: Option<String>,
}

/// A message that was received.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub message: Message,
    pub receipt: String,
    /// Its number in the queue.
    pub number: u64,
    /// The same as FIFO queues give it.
    pub sequence: Option<String>,
}

/// What stands in a receipt handle.
struct Receipt {
    queue: String,
    sequence: u64,
    nonce: String,
}

impl Engine {
    /// Receives messages; waits for the first one as long as the receiver or the queue wants.
    pub(super) async fn receive(&self, name: &str, ask: &Ask) -> Result<Vec<Received>, ApiError> {
        let wait_s = match ask.wait_s {
            Some(wait_s) => wait_s,
            None => self.queue(name)?.number("ReceiveMessageWaitTimeSeconds"),
        };
        let deadline_ms = self.now_ms() + wait_s * 1000;
        loop {
            let changed = self.all().get(name).map(|live| std::sync::Arc::clone(&live.changed)).ok_or_else(no_queue)?;
            let told = changed.notified();
            tokio::pin!(told);
            // From here on a change is noticed, even when it comes before the wait.
            told.as_mut().enable();
            let received = self.receive_now(name, ask)?;
            if !received.is_empty() || self.now_ms() >= deadline_ms {
                return Ok(received);
            }
            let next_ms = self.all().get(name).and_then(Live::next_ms);
            let until_ms = next_ms.map_or(deadline_ms, |next_ms| next_ms.min(deadline_ms));
            tokio::select! {
                () = told => {}
                () = timer::reach(&*self.shared.clock, until_ms) => {}
            }
        }
    }

    /// Receives what is there now.
    fn receive_now(&self, name: &str, ask: &Ask) -> Result<Vec<Received>, ApiError> {
        let now_ms = self.now_ms();
        let mut all = self.all();
        self.expire(&mut all, name, now_ms)?;
        let queue = all.get(name).ok_or_else(no_queue)?.queue.clone();
        let redrive = queue.redrive().filter(|redrive| {
            let target = redrive.target.rsplit(':').next().unwrap_or_default();
            target != name && all.contains_key(target)
        });
        let live = all.get_mut(name).ok_or_else(no_queue)?;
        live.ripen(now_ms);
        if live.held() >= IN_FLIGHT_LIMIT && live.counts().in_flight >= IN_FLIGHT_LIMIT {
            let message = "Too many messages in flight: the queue has its limit of 120000.";
            return Err(ApiError::new("OverLimit", message).status(403));
        }
        let attempt = ask.attempt.as_ref().filter(|_| queue.fifo);
        let again = attempt.and_then(|attempt| repeated(live, attempt, now_ms));
        let hidden_ms = ask.visibility_s.unwrap_or_else(|| queue.number("VisibilityTimeout")) * 1000;
        let first_time = again.is_none();
        let mut taken = Vec::new();
        let mut dead = Vec::new();
        for sequence in again.unwrap_or_else(|| live.receivable()) {
            if taken.len() >= ask.most {
                break;
            }
            let Some(mut message) = live.messages.get(&sequence).cloned() else { continue };
            if first_time {
                if redrive.as_ref().is_some_and(|redrive| message.received >= redrive.most) {
                    dead.push(sequence);
                    continue;
                }
                message.received += 1;
                message.first_received_ms.get_or_insert(now_ms);
                message.receipt = Some(self.shared.ids.short(12));
            }
            message.visible_ms = now_ms + hidden_ms;
            taken.push((sequence, message));
        }
        let received = self.hand_out(live, taken)?;
        if let Some(attempt) = attempt.filter(|_| !received.is_empty()) {
            live.attempts.retain(|_, known| now_ms - known.at_ms < ATTEMPT_MS);
            let given = received.iter().map(|one| (one.number, one.message.receipt.clone())).collect();
            live.attempts.insert(attempt.clone(), Attempt { at_ms: now_ms, given });
        }
        if let Some(redrive) = redrive {
            self.bury(&mut all, name, &redrive.target, &dead)?;
        }
        Ok(received)
    }

    /// Stores that messages are in flight, and gives them.
    fn hand_out(&self, live: &mut Live, taken: Vec<(u64, Message)>) -> Result<Vec<Received>, ApiError> {
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        let name = live.queue.name.clone();
        let mut batch = Batch::default();
        for (sequence, message) in &taken {
            self.messages.add(&mut batch, &key(&name, *sequence), message);
        }
        self.shared.store.commit(batch)?;
        let fifo = live.queue.fifo;
        let one = |(sequence, message): (u64, Message)| {
            live.put(sequence, message.clone());
            Received {
                receipt: handle(&name, sequence, message.receipt.as_deref().unwrap_or_default()),
                number: sequence,
                sequence: fifo.then(|| super::send::sequence_text(sequence)),
                message,
            }
        };
        Ok(taken.into_iter().map(one).collect())
    }

    /// Moves messages to the dead-letter queue; they stay when there is none.
    fn bury(&self, all: &mut Queues<'_>, name: &str, target_arn: &str, dead: &[u64]) -> Result<(), ApiError> {
        if dead.is_empty() {
            return Ok(());
        }
        let target = target_arn.rsplit(':').next().unwrap_or_default().to_owned();
        let source_arn = self.arn(name);
        self.transfer(all, name, dead, &|message| {
            message.source_arn = Some(source_arn.clone());
            Some(target.clone())
        })?;
        Ok(())
    }

    /// Forgets the messages that are older than the queue keeps them.
    fn expire(&self, all: &mut Queues<'_>, name: &str, now_ms: i64) -> Result<(), ApiError> {
        let live = all.get_mut(name).ok_or_else(no_queue)?;
        let kept_ms = live.queue.number("MessageRetentionPeriod") * 1000;
        let old = |(_, message): &(&u64, &Message)| now_ms - message.sent_ms >= kept_ms;
        // In the order of their numbers messages are in the order of time, but for those that were moved here.
        let gone: Vec<u64> = live.messages.iter().take_while(old).map(|(sequence, _)| *sequence).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for sequence in &gone {
            self.messages.drop(&mut batch, &key(name, *sequence));
        }
        self.shared.store.commit(batch)?;
        for sequence in gone {
            live.take(sequence);
        }
        Ok(())
    }

    /// Brings a queue up to date: what is too old is gone, what was hidden long enough can be seen.
    pub(super) fn refresh(&self, name: &str) -> Result<(), ApiError> {
        let now_ms = self.now_ms();
        let mut all = self.all();
        self.expire(&mut all, name, now_ms)?;
        all.get_mut(name).ok_or_else(no_queue)?.ripen(now_ms);
        Ok(())
    }

    /// Deletes a message; one that is gone already is a success.
    pub(super) fn delete_message(&self, name: &str, handle: &str) -> Result<(), ApiError> {
        let receipt = read(name, handle)?;
        let now_ms = self.now_ms();
        let mut all = self.all();
        let live = all.get_mut(name).ok_or_else(no_queue)?;
        let Some(message) = live.messages.get(&receipt.sequence) else { return Ok(()) };
        let latest = message.receipt.as_deref() == Some(&receipt.nonce);
        if live.queue.fifo && !(latest && message.visible_ms > now_ms) {
            return Err(invalid_value(handle, "ReceiptHandle", "The receipt handle has expired."));
        }
        self.messages.remove(&key(name, receipt.sequence))?;
        live.take(receipt.sequence);
        live.changed.notify_waiters();
        Ok(())
    }

    /// Hides a message for so many seconds from now.
    pub(super) fn change_visibility(&self, name: &str, handle: &str, visibility_s: i64) -> Result<(), ApiError> {
        if !(0..=43_200).contains(&visibility_s) {
            let reason = "VisibilityTimeout must be an integer between 0 and 43200.";
            return Err(invalid_value(&visibility_s.to_string(), "VisibilityTimeout", reason));
        }
        let receipt = read(name, handle)?;
        let now_ms = self.now_ms();
        let mut all = self.all();
        let live = all.get_mut(name).ok_or_else(no_queue)?;
        let unavailable = "Message does not exist or is not available for visibility timeout change.";
        let Some(mut message) = live.messages.get(&receipt.sequence).cloned() else {
            return Err(invalid_value(handle, "ReceiptHandle", unavailable));
        };
        if message.receipt.as_deref() != Some(&receipt.nonce) || message.visible_ms <= now_ms {
            let message = format!("Value {handle} for parameter ReceiptHandle is invalid. Reason: {unavailable}");
            return Err(ApiError::new("MessageNotInflight", message));
        }
        message.visible_ms = now_ms + visibility_s * 1000;
        if message.first_received_ms.is_some_and(|first_ms| message.visible_ms - first_ms > HIDDEN_LIMIT_MS) {
            return Err(invalid(format!(
                "Value {visibility_s} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for \
                 the message is beyond the limit [43200 seconds]."
            )));
        }
        self.messages.put(&key(name, receipt.sequence), &message)?;
        live.put(receipt.sequence, message);
        live.changed.notify_waiters();
        Ok(())
    }
}

/// What an earlier receive of the same id has given, while all of it is in flight.
fn repeated(live: &Live, attempt: &str, now_ms: i64) -> Option<Vec<u64>> {
    let again = live.attempts.get(attempt).filter(|again| now_ms - again.at_ms < ATTEMPT_MS)?;
    let held = |(sequence, receipt): &(u64, Option<String>)| {
        live.messages.get(sequence).is_some_and(|found| found.receipt == *receipt && found.visible_ms > now_ms)
    };
    again.given.iter().all(held).then(|| again.given.iter().map(|(sequence, _)| *sequence).collect())
}

fn handle(name: &str, sequence: u64, nonce: &str) -> String {
    STANDARD.encode(format!("{name}/{sequence}/{nonce}"))
}

/// Reads a receipt handle of a queue.
fn read(name: &str, handle: &str) -> Result<Receipt, ApiError> {
    let text = STANDARD.decode(handle).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_deref().map(|text| text.split('/').collect::<Vec<_>>());
    let receipt = match parts.as_deref() {
        Some([queue, sequence, nonce]) => sequence.parse().ok().map(|sequence| Receipt {
            queue: (*queue).to_owned(),
            sequence,
            nonce: (*nonce).to_owned(),
        }),
        _ => None,
    };
    receipt.filter(|receipt| receipt.queue == name).ok_or_else(|| bad_receipt(handle))
}
