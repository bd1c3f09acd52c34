//! Queues: messages in batches, deleted when the function has taken them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Engine;
use super::mappings::{Mapping, Step, failures, wanted};
use super::record::Function;
use super::settings::invalid;
use crate::cloud::service::ApiError;

/// How long one question waits for a message, in seconds.
const WAIT_S: u64 = 1;

/// The most messages of one question.
const MOST_AT_ONCE: usize = 10;

/// How many batches of a queue are worked on at the same time when nothing is said.
const CONCURRENT: usize = 5;

/// What the role of the function needs on the queue.
const ACTIONS: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

impl Engine {
    /// Refuses a queue that is not there, that the function's role may not read, or whose messages become visible again
    /// while the function still works.
    pub(super) fn check_queue(&self, function: &Function, mapping: &Mapping) -> Result<(), ApiError> {
        let arn = &mapping.source;
        self.sqs.url(arn).map_err(|_| {
            invalid(format!(
                "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error \
                 Message: The specified queue does not exist. ({arn})"
            ))
        })?;
        if let Some(action) = self.lacks(function, &ACTIONS, arn) {
            let action = action.trim_start_matches("sqs:");
            let message = format!("The provided execution role does not have permissions to call {action} on SQS");
            return Err(invalid(message));
        }
        let visible_s = self.sqs.attribute(arn, "VisibilityTimeout").and_then(|text| text.parse().ok()).unwrap_or(30);
        if visible_s < function.settings.timeout_s {
            return Err(invalid(format!(
                "Queue visibility timeout: {visible_s} seconds is less than Function timeout: {} seconds",
                function.settings.timeout_s
            )));
        }
        Ok(())
    }

    /// Reads what is there and has it worked on.
    pub(super) async fn read_queue(self: &Arc<Self>, mapping: &Mapping) -> Step {
        let function = match self.target(mapping) {
            Ok(function) => function,
            Err(error) => return Step::Problem(error.to_string()),
        };
        let most = mapping.most_concurrent.and_then(|most| usize::try_from(most).ok()).unwrap_or(CONCURRENT);
        let mut working = tokio::task::JoinSet::new();
        // As long as full batches come, several are worked on at the same time.
        loop {
            let messages = match self.receive(&function, mapping).await {
                Ok(messages) => messages,
                Err(error) => return Step::Problem(error.to_string()),
            };
            let full = messages.len() >= mapping.batch_size;
            if !messages.is_empty() {
                let (engine, function, mapping) = (Arc::clone(self), function.clone(), mapping.clone());
                working.spawn(async move { engine.work_on(&function, &mapping, messages).await });
            }
            if working.len() >= most {
                // The end of one of them is enough.
                let _ = working.join_next().await;
            }
            if !full {
                break;
            }
        }
        while working.join_next().await.is_some() {}
        Step::Pause(Duration::ZERO)
    }

    /// One batch of messages, gathered while the window is open.
    async fn receive(&self, function: &Function, mapping: &Mapping) -> Result<Vec<Value>, ApiError> {
        let caller = Self::caller_of(function);
        let url = self.sqs.url(&mapping.source)?;
        let begun = Instant::now();
        let window = Duration::from_secs(mapping.window_s);
        let mut messages = Vec::new();
        loop {
            let input = json!({
                "QueueUrl": url, "MaxNumberOfMessages": (mapping.batch_size - messages.len()).min(MOST_AT_ONCE),
                "WaitTimeSeconds": WAIT_S, "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
            });
            let mut answer = self.sqs.request(&caller, "ReceiveMessage", &input).await?;
            if let Value::Array(more) = answer["Messages"].take() {
                messages.extend(more);
            }
            if messages.is_empty() || messages.len() >= mapping.batch_size || begun.elapsed() >= window {
                return Ok(messages);
            }
        }
    }

    /// Hands a batch over and deletes what was taken.
    async fn work_on(self: &Arc<Self>, function: &Function, mapping: &Mapping, messages: Vec<Value>) {
        let region = self.shared.region.as_str();
        let records: Vec<Value> = messages.iter().map(|message| record(message, &mapping.source, region)).collect();
        let (kept, dropped): (Vec<Value>, Vec<Value>) =
            records.into_iter().partition(|record| wanted(mapping, record, seen));
        self.delete_messages(function, mapping, &dropped).await;
        if kept.is_empty() {
            return;
        }
        let outcome = self.hand_over(function, mapping, &kept).await;
        let invocation = match outcome {
            Ok(invocation) if !invocation.failed => invocation,
            // The messages become visible again when their time is over.
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, function = function.name, "messages wait");
                return;
            }
        };
        let failed = if mapping.partial { failures(&invocation) } else { Ok(Vec::new()) };
        let Ok(failed) = failed else { return };
        let id = |record: &Value| record["messageId"].as_str().unwrap_or_default().to_owned();
        if failed.iter().any(|failed| !kept.iter().any(|record| id(record) == *failed)) {
            // An identifier that is not in the batch fails all of it.
            return;
        }
        let taken: Vec<Value> = kept.into_iter().filter(|record| !failed.contains(&id(record))).collect();
        self.delete_messages(function, mapping, &taken).await;
    }

    async fn delete_messages(&self, function: &Function, mapping: &Mapping, records: &[Value]) {
        let Ok(url) = self.sqs.url(&mapping.source) else { return };
        let caller = Self::caller_of(function);
        for some in records.chunks(MOST_AT_ONCE) {
            let entries: Vec<Value> = some
                .iter()
                .enumerate()
                .map(|(at, record)| json!({"Id": at.to_string(), "ReceiptHandle": record["receiptHandle"]}))
                .collect();
            let input = json!({"QueueUrl": url, "Entries": entries});
            if let Err(error) = self.sqs.request(&caller, "DeleteMessageBatch", &input).await {
                tracing::warn!(%error, function = function.name, "messages could not be deleted");
            }
        }
    }
}

/// A message as functions get it.
fn record(message: &Value, arn: &str, region: &str) -> Value {
    let mut attributes = serde_json::Map::new();
    for (name, attribute) in message["MessageAttributes"].as_object().into_iter().flatten() {
        let mut told = json!({"stringListValues": [], "binaryListValues": [], "dataType": attribute["DataType"]});
        for (from, to) in [("StringValue", "stringValue"), ("BinaryValue", "binaryValue")] {
            if let Some(value) = attribute.get(from) {
                told[to] = value.clone();
            }
        }
        attributes.insert(name.clone(), told);
    }
    let mut record = json!({
        "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
        "attributes": message.get("Attributes").cloned().unwrap_or_else(|| json!({})),
        "messageAttributes": attributes, "md5OfBody": message["MD5OfBody"], "eventSource": "aws:sqs",
        "eventSourceARN": arn, "awsRegion": region,
    });
    if let Some(digest) = message.get("MD5OfMessageAttributes") {
        record["md5OfMessageAttributes"] = digest.clone();
    }
    record
}

/// What filters look at: the record with its body as JSON, when it is that, and as text.
fn seen(record: &Value) -> Vec<Value> {
    let body = record["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
    let read = body.map(|body| {
        let mut read = record.clone();
        read["body"] = body;
        read
    });
    read.into_iter().chain([record.clone()]).collect()
}
