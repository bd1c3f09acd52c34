//! DynamoDB: tables and items, over an embedded engine.
//!
//! It does not decide who may do what: [`Service::access`] names the permissions and the gateway asks IAM. Backups,
//! restores, exports and global tables are absent and refused by name.

mod access;
mod alone;
mod backups;
mod names;
mod records;
mod resources;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};
pub(in crate::cloud) use alone::Alone;
use alone::Rehearsal;
use backups::Backups;
use names::Names;
use tables::{Dynoxide, TableEngine};

/// How long expired items may stay before the next sweep: AWS promises days, we take a minute of traffic.
const SWEEP_EVERY_MS: i64 = 60_000;

/// DynamoDB: tables and items, over an embedded engine.
pub(in crate::cloud) struct DynamoDb {
    core: Arc<Core>,
}

/// What the wire, the other services and CloudFormation share.
struct Core {
    shared: Arc<Shared>,
    engine: Box<dyn TableEngine>,
    names: Names,
    backups: Backups,
    /// Held by all who read or write; alone by whoever does several actions as one.
    turns: RwLock<()>,
    rehearsal: Rehearsal,
    swept_at_ms: AtomicI64,
    /// Counts what may have changed something.
    age: AtomicU64,
}

/// Actions that change no item and no table.
const READS: [&str; 13] = [
    "GetItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "TransactGetItems",
    "DescribeTable",
    "ListTables",
    "DescribeTimeToLive",
    "ListTagsOfResource",
    // Whoever follows a stream asks all the time.
    "ListStreams",
    "DescribeStream",
    "GetShardIterator",
    "GetRecords",
];

impl Service for DynamoDb {
    fn id(&self) -> ServiceId {
        ServiceId::DynamoDb
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        access::required(&self.core.names, &call.action, &call.input)
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        // The engine waits for the disk: on a thread of its own, so that other requests go on.
        let core = Arc::clone(&self.core);
        Box::pin(async move { blocking(move || core.execute(&call.action, call.input)).await.map(ApiReply::json) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        vec![Box::new(resources::TableHandler::new(Arc::clone(&self.core)))]
    }

    fn snapshot(&self) -> Value {
        let names = self.execute("ListTables", json!({})).ok().and_then(|reply| reply.get("TableNames").cloned());
        let rows: Vec<Value> = names
            .as_ref()
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|name| self.execute("DescribeTable", json!({ "TableName": name })).ok())
            .map(|reply| {
                let table = &reply["Table"];
                json!({ "name": table["TableName"], "items": table["ItemCount"], "arn": table["TableArn"] })
            })
            .collect();
        if rows.is_empty() { Value::Null } else { json!({ "title": "Tables", "rows": rows }) }
    }
}

impl DynamoDb {
    /// Opens the tables of the cloud, `dynamodb.sqlite` in its folder.
    pub(in crate::cloud) fn new(shared: Arc<Shared>) -> Result<Self, ApiError> {
        let engine = Box::new(Dynoxide::open(&shared.folder)?);
        let names = Names::new(shared.region.as_str(), shared.account);
        let backups = Backups::new(Arc::clone(&shared.store));
        let swept_at_ms = AtomicI64::new(shared.clock.now_ms());
        let (turns, rehearsal, age) = (RwLock::default(), Rehearsal::default(), AtomicU64::default());
        Ok(Self { core: Arc::new(Core { shared, engine, names, backups, turns, rehearsal, swept_at_ms, age }) })
    }

    /// Carries out an action of DynamoDB's JSON protocol. Synchronous; permission was checked by the caller.
    pub(in crate::cloud) fn execute(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        self.core.execute(action, input)
    }

    /// A number that is another one after every write: a read whose number is the same before and now is still true.
    pub(in crate::cloud) fn age(&self) -> u64 {
        self.core.age.load(Ordering::SeqCst)
    }
}

impl Core {
    fn execute(self: &Arc<Self>, action: &str, input: Value) -> Result<Value, ApiError> {
        let _turn = self.turns.read().unwrap_or_else(PoisonError::into_inner);
        self.carry_out(action, input)
    }

    fn carry_out(self: &Arc<Self>, action: &str, input: Value) -> Result<Value, ApiError> {
        self.sweep_when_due();
        let answer = self.act(action, input);
        if !READS.contains(&action) {
            self.age.fetch_add(1, Ordering::SeqCst);
        }
        answer
    }

    fn act(self: &Arc<Self>, action: &str, mut input: Value) -> Result<Value, ApiError> {
        let stream = names::stream_of(&input);
        self.names.inward(&mut input);
        if let Some(answer) = backups::execute(self, action, &input) {
            return answer;
        }
        let mut output = self.engine.execute(action, input).map_err(|error| self.names.outward_error(error))?;
        self.names.outward(action, &mut output);
        if let Some(stream) = stream {
            names::name_iterators(&mut output, &stream);
        }
        Ok(output)
    }

    /// Deletes expired items and old records of streams on a thread of its own, at most once a minute of traffic.
    fn sweep_when_due(self: &Arc<Self>) {
        let now_ms = self.shared.clock.now_ms();
        let swept_at_ms = self.swept_at_ms.load(Ordering::Relaxed);
        let won = now_ms - swept_at_ms >= SWEEP_EVERY_MS
            && self.swept_at_ms.compare_exchange(swept_at_ms, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if won {
            let core = Arc::clone(self);
            std::thread::spawn(move || {
                if let Err(error) = core.engine.sweep() {
                    tracing::warn!(%error, "expired items could not be deleted");
                }
                core.age.fetch_add(1, Ordering::SeqCst);
                if let Err(error) = core.engine.trim(now_ms.div_euclid(1000)) {
                    tracing::warn!(%error, "old records of streams could not be deleted");
                }
            });
        }
    }
}

/// Runs work that waits for the disk away from the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => {
            Err(ApiError::new("InternalServerError", format!("the request ended early: {error}")).status(500))
        }
    }
}
