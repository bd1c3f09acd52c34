//! Streams of tables: records in order, batches that are tried again, halved or given up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Engine;
use super::invocation::Invocation;
use super::mappings::{Mapping, Step, failures, wanted};
use super::record::Function;
use super::settings::invalid;
use crate::cloud::service::ApiError;

/// How often a stream is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The first and the longest pause before a batch is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What the role of the function needs on the stream.
const ACTIONS: [&str; 3] = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];

/// A batch that waits for its turn.
struct Batch {
    records: Vec<Value>,
    /// How often the function has failed it.
    failed: i64,
    /// How often it was tried, for the pause.
    tries: u32,
}

impl Engine {
    /// Refuses a stream that is not there or that the function's role may not read.
    pub(super) fn check_stream(&self, function: &Function, mapping: &Mapping) -> Result<(), ApiError> {
        let arn = &mapping.source;
        let table = arn.split('/').nth(1).unwrap_or_default();
        let described = self.dynamodb.execute("DescribeTable", json!({"TableName": table})).ok();
        if described.is_none_or(|table| table["Table"]["LatestStreamArn"] != **arn) {
            return Err(invalid(format!("Stream not found: {arn}")));
        }
        match self.lacks(function, &ACTIONS, arn) {
            None => Ok(()),
            Some(_) => Err(invalid(format!(
                "Cannot access stream {arn}. Please ensure the role can perform the GetRecords, GetShardIterator, \
                 DescribeStream, and ListStreams Actions on your stream in IAM."
            ))),
        }
    }

    /// The place in a stream at which a new mapping begins.
    pub(super) fn stream_start(&self, mapping: &Mapping) -> Result<String, ApiError> {
        self.iterator(mapping, mapping.starting.as_deref().unwrap_or("LATEST"), None)
    }

    fn iterator(&self, mapping: &Mapping, kind: &str, after: Option<&str>) -> Result<String, ApiError> {
        let stream = self.dynamodb.execute("DescribeStream", json!({"StreamArn": mapping.source}))?;
        let shard = &stream["StreamDescription"]["Shards"][0]["ShardId"];
        let mut input = json!({"StreamArn": mapping.source, "ShardId": shard, "ShardIteratorType": kind});
        if let Some(after) = after {
            input["SequenceNumber"] = json!(after);
        }
        let answer = self.dynamodb.execute("GetShardIterator", input)?;
        Ok(answer["ShardIterator"].as_str().unwrap_or_default().to_owned())
    }

    /// Reads what is there and hands it over.
    pub(super) async fn read_stream(self: &Arc<Self>, mapping: &Mapping) -> Step {
        let function = match self.target(mapping) {
            Ok(function) => function,
            Err(error) => return Step::Problem(error.to_string()),
        };
        if let Some(action) = self.lacks(&function, &ACTIONS, &mapping.source) {
            return Step::Problem(format!("the role of the function may not {action}"));
        }
        match self.gather(mapping).await {
            Err(error) => Step::Problem(error.to_string()),
            Ok((records, _)) if records.is_empty() => Step::Pause(LOOK_EVERY),
            Ok((mut records, next)) => {
                records.retain(|record| wanted(mapping, record, |record| vec![record.clone()]));
                if self.work_off(&function, mapping, records).await {
                    self.advance(mapping, &next);
                }
                Step::More
            }
        }
    }

    /// The next records and the place after them; waits for more while the window is open.
    async fn gather(self: &Arc<Self>, mapping: &Mapping) -> Result<(Vec<Value>, String), ApiError> {
        let begun = Instant::now();
        let window = Duration::from_secs(mapping.window_s);
        loop {
            let (engine, own) = (Arc::clone(self), mapping.clone());
            let read = tokio::task::spawn_blocking(move || engine.read_records(&own)).await;
            let (records, next) = read.map_err(|error| invalid(format!("reading ended early: {error}")))??;
            if records.is_empty() || records.len() >= mapping.batch_size || begun.elapsed() >= window {
                return Ok((records, next));
            }
            tokio::time::sleep(LOOK_EVERY.min(window)).await;
        }
    }

    fn read_records(&self, mapping: &Mapping) -> Result<(Vec<Value>, String), ApiError> {
        let iterator = match self.positions.get(&mapping.id) {
            Some(iterator) => iterator,
            None => self.stream_start(mapping)?,
        };
        let input = json!({"ShardIterator": iterator, "Limit": mapping.batch_size.min(1000)});
        let mut answer = self.dynamodb.execute("GetRecords", input)?;
        let next = answer["NextShardIterator"].as_str().unwrap_or(&iterator).to_owned();
        let mut records = match answer["Records"].take() {
            Value::Array(records) => records,
            _ => Vec::new(),
        };
        for record in &mut records {
            record["eventSourceARN"] = json!(mapping.source);
        }
        Ok((records, next))
    }

    fn advance(&self, mapping: &Mapping, place: &str) {
        // A mapping that was deleted meanwhile has no place any more.
        if self.mappings.get(&mapping.id).is_some()
            && let Err(error) = self.positions.put(&mapping.id, &place.to_owned())
        {
            tracing::warn!(%error, "the place in a stream could not be written");
        }
    }

    /// Hands records over, in order, until each was taken or given up; false when the mapping ended before.
    async fn work_off(self: &Arc<Self>, function: &Function, mapping: &Mapping, records: Vec<Value>) -> bool {
        let mut stack = vec![Batch { records, failed: 0, tries: 0 }];
        while let Some(mut batch) = stack.pop() {
            if self.pool.is_closed() || self.mappings.get(&mapping.id).is_none_or(|mapping| !mapping.enabled) {
                return false;
            }
            self.drop_old(function, mapping, &mut batch);
            if batch.records.is_empty() {
                continue;
            }
            let outcome = self.hand_over(function, mapping, &batch.records).await;
            // Whoever changed the function meanwhile is asked by the next batch.
            match outcome {
                Ok(invocation) => {
                    let done = if invocation.failed { Some(0) } else { taken(mapping, &batch.records, &invocation) };
                    let Some(from) = done else {
                        self.note(&mapping.id, "OK");
                        self.remember(mapping, batch.records.last());
                        continue;
                    };
                    self.note(&mapping.id, "PROBLEM: Function call failed");
                    self.remember(mapping, from.checked_sub(1).and_then(|last| batch.records.get(last)));
                    batch.records.drain(..from);
                    self.again(function, mapping, batch, &invocation, &mut stack).await;
                }
                Err(error) => {
                    self.note(&mapping.id, &format!("PROBLEM: {}", error.code));
                    batch.tries += 1;
                    tokio::time::sleep(pause(batch.tries)).await;
                    stack.push(batch);
                }
            }
        }
        true
    }

    /// What comes of a batch that has failed: halves, another try, or the end.
    async fn again(
        self: &Arc<Self>,
        function: &Function,
        mapping: &Mapping,
        mut batch: Batch,
        invocation: &Invocation,
        stack: &mut Vec<Batch>,
    ) {
        if mapping.bisect && batch.records.len() > 1 {
            // Cutting in two does not count as a try.
            let second = batch.records.split_off(batch.records.len() / 2);
            stack.push(Batch { records: second, failed: batch.failed, tries: 0 });
            stack.push(Batch { tries: 0, ..batch });
            return;
        }
        batch.failed += 1;
        batch.tries += 1;
        if mapping.retries >= 0 && batch.failed > mapping.retries {
            self.give_up(function, mapping, &batch.records, ("RetryAttemptsExhausted", batch.failed), Some(invocation));
            self.remember(mapping, batch.records.last());
            return;
        }
        tokio::time::sleep(pause(batch.tries)).await;
        stack.push(batch);
    }

    /// Gives up the records that are older than they may be.
    fn drop_old(self: &Arc<Self>, function: &Function, mapping: &Mapping, batch: &mut Batch) {
        if mapping.max_age_s < 0 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "ages in seconds are small numbers")]
        let oldest = (self.shared.clock.now_s() - mapping.max_age_s) as f64;
        let fresh = |record: &Value| {
            record
                .pointer("/dynamodb/ApproximateCreationDateTime")
                .and_then(Value::as_f64)
                .is_none_or(|at| at >= oldest)
        };
        let (kept, old): (Vec<Value>, Vec<Value>) = std::mem::take(&mut batch.records).into_iter().partition(fresh);
        batch.records = kept;
        if !old.is_empty() {
            self.give_up(function, mapping, &old, ("RecordAgeExceeded", batch.failed), None);
            self.remember(mapping, old.last());
        }
    }

    /// After a restart the stream is read from behind this record.
    fn remember(&self, mapping: &Mapping, record: Option<&Value>) {
        let place = record
            .and_then(sequence)
            .and_then(|number| self.iterator(mapping, "AFTER_SEQUENCE_NUMBER", Some(&number)).ok());
        if let Some(place) = place {
            self.advance(mapping, &place);
        }
    }

    /// Tells the destination of what is given up.
    fn give_up(
        self: &Arc<Self>,
        function: &Function,
        mapping: &Mapping,
        records: &[Value],
        (condition, count): (&str, i64),
        invocation: Option<&Invocation>,
    ) {
        let (Some(arn), Some(first), Some(last)) = (&mapping.on_failure, records.first(), records.last()) else {
            return;
        };
        let arrival = |record: &Value| {
            let at = record.pointer("/dynamodb/ApproximateCreationDateTime").and_then(Value::as_i64);
            at.map(|seconds| crate::base::clock::iso_ms(seconds * 1000))
        };
        let table = mapping.source.split('/').nth(1).unwrap_or_default();
        let id = invocation.map_or_else(|| self.shared.ids.uuid(), |invocation| invocation.id.clone());
        let mut told = json!({
            "requestContext": {
                "requestId": id, "functionArn": mapping.function, "condition": condition, "approximateInvokeCount": count,
            },
            "version": "1.0", "timestamp": crate::base::clock::iso_ms(self.shared.clock.now_ms()),
            "DDBStreamBatchInfo": {
                "shardId": format!("shardId-00000001-{table}"), "startSequenceNumber": sequence(first),
                "endSequenceNumber": sequence(last), "approximateArrivalOfFirstRecord": arrival(first),
                "approximateArrivalOfLastRecord": arrival(last), "batchSize": records.len(), "streamArn": mapping.source,
            },
        });
        if let Some(invocation) = invocation {
            told["responseContext"] = json!({"statusCode": 200, "executedVersion": invocation.version});
            if invocation.failed {
                told["responseContext"]["functionError"] = json!("Unhandled");
            }
        }
        self.send(function, arn, &told.to_string(), &json!({}));
    }
}

fn sequence(record: &Value) -> Option<String> {
    record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).map(str::to_owned)
}

fn pause(tries: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST_PAUSE)
}

/// From which record on a batch has failed, when the function tells of some; nothing when it took all.
fn taken(mapping: &Mapping, records: &[Value], invocation: &Invocation) -> Option<usize> {
    if !mapping.partial {
        return None;
    }
    let Ok(failed) = failures(invocation) else { return Some(0) };
    let place = |number: &String| records.iter().position(|record| sequence(record).as_ref() == Some(number));
    // A number that is not in the batch fails all of it.
    failed.iter().map(|number| place(number).unwrap_or(0)).min()
}
