//! Messages that change their queue: dead letters, and back again.
//!
//! A task that moves dead letters back is carried out at once, so there is nothing to cancel and no rate to keep.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::engine::{Engine, Queues, key};
use super::fault::{missing, no_queue};
use super::message::Message;
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

/// How many tasks of a queue are told of.
const TOLD: usize = 10;

/// A task that was carried out, as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MoveTask {
    pub source_arn: String,
    pub destination_arn: Option<String>,
    pub moved: usize,
    /// Milliseconds since 1970.
    pub started_ms: i64,
}

impl Engine {
    /// Moves messages from a queue to where `target` says; those without a target stay. Gives how many were moved.
    pub(super) fn transfer(
        &self,
        all: &mut Queues<'_>,
        name: &str,
        sequences: &[u64],
        target: &dyn Fn(&mut Message) -> Option<String>,
    ) -> Result<usize, ApiError> {
        let now_ms = self.now_ms();
        let live = all.get(name).ok_or_else(no_queue)?;
        let fifo = live.queue.fifo;
        let mut batch = Batch::default();
        let mut moved = Vec::new();
        for sequence in sequences {
            let Some(mut message) = live.messages.get(sequence).cloned() else { continue };
            let Some(target) = target(&mut message).filter(|target| all.contains_key(target)) else { continue };
            message.visible_ms = now_ms;
            message.receipt = None;
            // FIFO queues begin to count a message's age again.
            message.sent_ms = if fifo { now_ms } else { message.sent_ms };
            let other = self.next_sequence();
            self.messages.drop(&mut batch, &key(name, *sequence));
            self.messages.add(&mut batch, &key(&target, other), &message);
            moved.push((*sequence, target, other, message));
        }
        self.shared.store.commit(batch)?;
        let count = moved.len();
        for (sequence, target, other, message) in moved {
            if let Some(live) = all.get_mut(name) {
                live.take(sequence);
                live.changed.notify_waiters();
            }
            if let Some(live) = all.get_mut(&target) {
                live.put(other, message);
                live.changed.notify_waiters();
            }
        }
        Ok(count)
    }

    /// Moves the messages of a dead-letter queue back to where they came from, or elsewhere.
    pub(super) fn start_move(&self, input: &Value) -> Result<Value, ApiError> {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let source_arn = text("SourceArn").ok_or_else(|| missing("SourceArn"))?.to_owned();
        if input.get("MaxNumberOfMessagesPerSecond").is_some_and(|rate| !rate.is_null()) {
            return Err(ApiError::not_built("sqs", "StartMessageMoveTask with MaxNumberOfMessagesPerSecond"));
        }
        let destination = text("DestinationArn").map(str::to_owned);
        let name = self.name_of(&source_arn)?;
        if self.sources(&name)?.is_empty() {
            let message = "Source queue must be configured as a Dead Letter Queue.";
            return Err(ApiError::new("InvalidParameterValueException", message));
        }
        let mut all = self.all();
        let fixed = destination.as_deref().map(|arn| self.name_in(&all, arn)).transpose()?;
        let now_ms = self.now_ms();
        let live = all.get_mut(&name).ok_or_else(no_queue)?;
        live.ripen(now_ms);
        let sequences = live.receivable();
        let moved = self.transfer(&mut all, &name, &sequences, &|message| {
            let origin = message.source_arn.take();
            message.received = 0;
            message.first_received_ms = None;
            fixed.clone().or_else(|| origin?.rsplit(':').next().map(str::to_owned))
        })?;
        let task = MoveTask { source_arn, destination_arn: destination, moved, started_ms: now_ms };
        let id = self.shared.ids.uuid();
        self.tasks.put(&format!("{name}/{now_ms:015}/{id}"), &task)?;
        Ok(json!({"TaskHandle": id}))
    }

    /// The latest tasks of a queue, newest first.
    pub(super) fn list_moves(&self, input: &Value) -> Result<Value, ApiError> {
        let source_arn = input.get("SourceArn").and_then(Value::as_str).ok_or_else(|| missing("SourceArn"))?;
        let name = self.name_of(source_arn)?;
        let most = input.get("MaxResults").and_then(whole).unwrap_or(1).clamp(1, TOLD);
        let tasks = self.tasks.starting_with(&format!("{name}/"));
        let row = |task: &MoveTask| {
            let mut row = json!({
                "Status": "COMPLETED", "SourceArn": task.source_arn, "StartedTimestamp": task.started_ms,
                "ApproximateNumberOfMessagesMoved": task.moved, "ApproximateNumberOfMessagesToMove": task.moved,
            });
            if let Some(destination) = &task.destination_arn {
                row["DestinationArn"] = json!(destination);
            }
            row
        };
        Ok(json!({"Results": tasks.iter().rev().take(most).map(|(_, task)| row(task)).collect::<Vec<_>>()}))
    }

    fn name_of(&self, arn: &str) -> Result<String, ApiError> {
        self.name_in(&self.all(), arn)
    }

    fn name_in(&self, all: &Queues<'_>, arn: &str) -> Result<String, ApiError> {
        let name = arn.rsplit(':').next().unwrap_or_default();
        if all.contains_key(name) && self.arn(name) == arn {
            return Ok(name.to_owned());
        }
        let message = "The resource that you specified for the SourceArn parameter doesn't exist.";
        Err(ApiError::new("ResourceNotFoundException", message).status(404))
    }
}

fn whole(value: &Value) -> Option<usize> {
    value
        .as_str()
        .map_or_else(|| value.as_u64().and_then(|number| usize::try_from(number).ok()), |text| text.parse().ok())
}
