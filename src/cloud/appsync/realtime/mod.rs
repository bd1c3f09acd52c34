//! Subscriptions: who listens to what, and the delivery of what mutations gave, in the order in which it was written.
//!
//! Not here: the WebSocket itself, which the gateway holds; it hands texts in and takes texts out.

mod connection;
mod filter;
mod listeners;
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
use super::fixed::Fixed;
pub(in crate::cloud) use connection::{Handshake, converse, queue};
pub(in crate::cloud::appsync) use filter::Filter;
use listeners::Listeners;

/// How many different answers to one payload are kept while it is delivered.
const ANSWERS_KEPT: usize = 16;

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
    fixed: Arc<Fixed>,
    sender: mpsc::Sender<String>,
    /// Told when the connection must end: the client does not keep up, or a subscription was made invalid.
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

impl Subscription {
    /// Whether both are told the same of every payload that both want.
    fn sees_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.document, &other.document)
            && Arc::ptr_eq(&self.api, &other.api)
            && self.operation == other.operation
            && self.variables == other.variables
            && self.requester.sees_as(&other.requester)
    }
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
    listeners: Mutex<Listeners>,
    /// By API: whoever writes what somebody listens to does so one after the other, so that the order holds.
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a subscription; its acknowledgement goes out before anything that it delivers.
    fn add(&self, subscription: Subscription) -> Result<(), Value> {
        let mut all = self.lock();
        let (connection, id) = &subscription.key;
        let own = all.of(connection);
        if own >= SUBSCRIPTIONS_LIMIT {
            let message = format!("a connection takes {SUBSCRIPTIONS_LIMIT} subscriptions");
            return Err(protocol::entry("MaxSubscriptionsReachedError", &message));
        }
        if all.has(&subscription.key) {
            return Err(protocol::entry("DuplicatedOperationError", "the id is in use"));
        }
        // A full queue is seen at the next delivery.
        let _ = subscription.sender.try_send(protocol::about("start_ack", id));
        all.add(subscription);
        Ok(())
    }

    /// Takes one subscription of a connection away, or all of them.
    fn remove(&self, connection: &str, id: Option<&str>) {
        self.lock().remove(connection, id);
    }

    /// Waits for its turn when somebody listens to the mutation.
    pub(in crate::cloud::appsync) async fn turn(&self, api_id: &str, mutation: &str) -> Option<OwnedMutexGuard<()>> {
        if !self.lock().is_heard(api_id, mutation) {
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
        let listeners = self.lock().listening(&setting.api.api.id, mutation);
        let mut answers: Vec<(Arc<Subscription>, String)> = Vec::new();
        for subscription in listeners {
            if !subscription.wanted.admits(payload) {
                continue;
            }
            let known = answers.iter().find(|(other, _)| subscription.sees_as(other)).map(|(_, body)| body.clone());
            let body = if let Some(body) = known {
                body
            } else {
                let body = answer(setting, &subscription, payload).await;
                if answers.len() < ANSWERS_KEPT {
                    answers.push((Arc::clone(&subscription), body.clone()));
                }
                body
            };
            if subscription.sender.try_send(protocol::data(&subscription.key.1, &body)).is_err() {
                subscription.overrun.notify_one();
                self.remove(&subscription.key.0, None);
            }
        }
    }

    /// Ends the subscriptions to a field whose invalidation filter a payload passes, and their connections (AppSync guide,
    /// "Unsubscribing WebSocket connections using filters").
    pub(in crate::cloud::appsync) fn invalidate(&self, api_id: &str, field: &str, payload: &Value) {
        let ends = |one: &Subscription| {
            one.api.api.id == api_id
                && one.field == field
                && one.invalidation.as_ref().is_some_and(|filter| filter.matches(payload))
        };
        let ended = self.lock().all(ends);
        for subscription in ended {
            let (connection, id) = &subscription.key;
            // A client that does not keep up learns of it by the end of its connection alone.
            let _ = subscription.sender.try_send(protocol::about("complete", id));
            subscription.overrun.notify_one();
            self.remove(connection, None);
        }
    }
}

/// What a subscriber is told of a payload, as the text of a `data` message's payload.
async fn answer(setting: &Setting<'_>, subscription: &Subscription, payload: &Value) -> String {
    let own = Setting {
        api: &subscription.api,
        requester: Arc::clone(&subscription.requester),
        fixed: Arc::clone(&subscription.fixed),
        ..setting.clone()
    };
    let root = json!({ subscription.field.as_str(): payload });
    let operation = subscription.operation.as_deref();
    let answered = deliver(own, &subscription.document, (operation, &subscription.variables), &root).await;
    body(&answered).to_string()
}

/// The payload of a `data` message.
fn body(answered: &Answered) -> Value {
    let mut body = json!({ "data": answered.data });
    if !answered.faults.is_empty() {
        body["errors"] = answered.faults.iter().map(Fault::to_json).collect();
    }
    body
}
