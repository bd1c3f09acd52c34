//! Subscriptions: who listens to what, and the delivery of what mutations gave, in the order in which it was written.
//!
//! Not here: the WebSocket itself, which the gateway holds; it hands texts in and takes texts out.

mod connection;
mod filter;
pub(in crate::cloud) mod protocol;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, OwnedMutexGuard, mpsc};

use super::authorize::Requester;
use super::compiled::CompiledApi;
use super::execute::{Answered, Setting, deliver};
use super::fault::Fault;
pub(in crate::cloud) use connection::{Handshake, converse, queue};
pub(in crate::cloud::appsync) use filter::Filter;

/// How many messages may wait for a client before its connection is given up.
const WAITING_LIMIT: usize = 1000;

/// The most subscriptions of one connection (AppSync quotas: 200).
const SUBSCRIPTIONS_LIMIT: usize = 200;

/// One subscription of one client.
pub(in crate::cloud::appsync) struct Subscription {
    /// The connection, and the client's own id.
    key: (String, String),
    field: String,
    mutations: Vec<String>,
    wanted: Wanted,
    /// Ends the subscription when a payload passes it.
    invalidation: Option<Filter>,
    api: Arc<CompiledApi>,
    document: Arc<Valid<ExecutableDocument>>,
    operation: Option<String>,
    variables: Map<String, Value>,
    requester: Arc<Requester>,
    fixed: Arc<str>,
    sender: mpsc::Sender<String>,
    /// Told when the client does not keep up.
    overrun: Arc<Notify>,
}

/// What a subscriber wants to see.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    /// Payloads whose fields have the values of the arguments.
    Arguments(Map<String, Value>),
    /// What passes a filter that a resolver set; the arguments count no more.
    Filter(Filter),
}

impl Wanted {
    fn admits(&self, payload: &Value) -> bool {
        match self {
            Self::Filter(filter) => filter.matches(payload),
            Self::Arguments(arguments) => arguments.iter().all(|(name, value)| {
                payload.get(name).map_or_else(|| value.is_null(), |found| filter::same(found, value))
            }),
        }
    }
}

/// Every subscription, and the turns of mutations.
#[derive(Default)]
pub(in crate::cloud::appsync) struct Hub {
    subscriptions: Mutex<Vec<Arc<Subscription>>>,
    /// By API: whoever writes what somebody listens to does so one after the other, so that the order holds.
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Hub").field("subscriptions", &self.lock().len()).finish_non_exhaustive()
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Subscription>>> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a subscription; its acknowledgement goes out before anything that it delivers.
    fn add(&self, subscription: Subscription) -> Result<(), Value> {
        let mut all = self.lock();
        let (connection, id) = &subscription.key;
        if all.iter().filter(|one| one.key.0 == *connection).count() >= SUBSCRIPTIONS_LIMIT {
            let message = format!("a connection takes {SUBSCRIPTIONS_LIMIT} subscriptions");
            return Err(protocol::entry("MaxSubscriptionsReachedError", &message));
        }
        if all.iter().any(|one| one.key == subscription.key) {
            return Err(protocol::entry("DuplicatedOperationError", "the id is in use"));
        }
        // A full queue is seen at the next delivery.
        let _ = subscription.sender.try_send(protocol::about("start_ack", id));
        all.push(Arc::new(subscription));
        Ok(())
    }

    /// Takes one subscription of a connection away, or all of them.
    fn remove(&self, connection: &str, id: Option<&str>) {
        self.lock().retain(|one| one.key.0 != connection || id.is_some_and(|id| one.key.1 != id));
    }

    fn listening(&self, api_id: &str, test: impl Fn(&Subscription) -> bool) -> Vec<Arc<Subscription>> {
        let all = self.lock();
        all.iter().filter(|one| one.api.api.id == api_id && test(one)).cloned().collect()
    }

    /// Waits for its turn when somebody listens to the API.
    pub(in crate::cloud::appsync) async fn turn(&self, api_id: &str) -> Option<OwnedMutexGuard<()>> {
        if self.listening(api_id, |_| true).is_empty() {
            return None;
        }
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(api_id.to_owned()).or_default())
        };
        Some(turn.lock_owned().await)
    }

    /// Delivers what a mutation gave (by field names, as its caller selected it) to those who want it.
    pub(in crate::cloud::appsync) async fn publish(&self, setting: &Setting<'_>, mutation: &str, payload: &Value) {
        let listens = |one: &Subscription| one.mutations.iter().any(|name| name == mutation);
        for subscription in self.listening(&setting.api.api.id, listens) {
            if !subscription.wanted.admits(payload) {
                continue;
            }
            let own = Setting {
                api: &subscription.api,
                requester: Arc::clone(&subscription.requester),
                fixed: Arc::clone(&subscription.fixed),
                ..setting.clone()
            };
            let root = json!({ subscription.field.as_str(): payload });
            let operation = subscription.operation.as_deref();
            let answered = deliver(own, &subscription.document, (operation, &subscription.variables), &root).await;
            let text = protocol::data(&subscription.key.1, &body(&answered));
            if subscription.sender.try_send(text).is_err() {
                subscription.overrun.notify_one();
                self.remove(&subscription.key.0, None);
            }
        }
    }

    /// Ends the subscriptions to a field whose invalidation filter a payload passes.
    pub(in crate::cloud::appsync) fn invalidate(&self, api_id: &str, field: &str, payload: &Value) {
        let ends = |one: &Subscription| {
            one.field == field && one.invalidation.as_ref().is_some_and(|filter| filter.matches(payload))
        };
        for subscription in self.listening(api_id, ends) {
            let (connection, id) = &subscription.key;
            // A client that does not keep up learns of it by the end of its connection.
            let _ = subscription.sender.try_send(protocol::about("complete", id));
            self.remove(connection, Some(id));
        }
    }
}

/// The payload of a `data` message.
fn body(answered: &Answered) -> Value {
    let mut body = json!({ "data": answered.data });
    if !answered.faults.is_empty() {
        body["errors"] = answered.faults.iter().map(Fault::to_json).collect();
    }
    body
}
