//! Fields whose functions are invoked together: those of one level and one resolver become one invocation.
//!
//! A batch is sent when nobody can join it any more: no field above it is being resolved, and none of its own, or when it
//! is full. Source: "Lambda function batched response" and "Configuring the maximum batching size", AppSync guide.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;

use super::Execution;
use super::path::{Path, Segment};
use crate::cloud::appsync::compiled::Step;
use crate::cloud::appsync::datasource::{Answer, Backends, invoke_together};
use crate::cloud::appsync::fault::Fault;

/// Fields that are resolved by one resolver, at one level.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Siblings {
    level: usize,
    object: String,
    field: String,
}

impl Siblings {
    pub(super) fn of(object: &str, field: &str, path: Path<'_>) -> Self {
        let mut level = 0;
        let mut place = Some(&path);
        while let Some(path) = place {
            level += usize::from(matches!(path.segment, Segment::Key(_)));
            place = path.parent;
        }
        Self { level, object: object.to_owned(), field: field.to_owned() }
    }
}

type Reply = oneshot::Sender<Result<Answer, Fault>>;

/// Requests that are invoked together.
struct Batch {
    step: Arc<Step>,
    /// In the order in which the fields stand in the answer.
    requests: BTreeMap<usize, (Value, Reply)>,
}

/// The step of a resolver at which siblings meet.
type Meeting = (Siblings, usize);

#[derive(Default)]
struct State {
    /// How many fields are being resolved, and do not wait for a batch.
    busy: BTreeMap<Siblings, usize>,
    /// How many fields wait for a batch that was sent.
    sent: BTreeMap<Meeting, usize>,
    /// By where they meet, and by whether the function is waited for.
    batches: BTreeMap<(Meeting, String), Batch>,
}

/// What is gathered in an execution.
#[derive(Default)]
pub(super) struct Gathering(Mutex<State>);

/// A field that is being resolved.
pub(super) struct Busy<'g> {
    gathering: &'g Gathering,
    siblings: Siblings,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        less(&mut self.gathering.lock().busy, &self.siblings);
    }
}

/// Counts one less.
fn less<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl State {
    /// Whether a field is being resolved that may bring others to a batch, or join it itself.
    fn may_grow(&self, (siblings, step): &Meeting) -> bool {
        let above = |other: &Siblings| other.level < siblings.level;
        self.busy.keys().any(|busy| above(busy) || busy == siblings)
            || self.sent.keys().any(|(other, earlier)| above(other) || (other == siblings && earlier < step))
    }

    /// Invokes the function for a batch.
    fn go(&mut self, meeting: &Meeting, batch: Batch, backends: &Backends) {
        *self.sent.entry(meeting.clone()).or_default() += batch.requests.len();
        let backends = backends.clone();
        tokio::spawn(async move {
            let (requests, replies): (Vec<Value>, Vec<Reply>) = batch.requests.into_values().unzip();
            let answers = invoke_together(&backends, &batch.step.source, &requests).await;
            for (reply, answer) in replies.into_iter().zip(answers) {
                // A request that went away needs no answer.
                let _ = reply.send(answer);
            }
        });
    }
}

impl Gathering {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a field is being resolved until the result is dropped.
    pub(super) fn busy(&self, siblings: Siblings) -> Busy<'_> {
        *self.lock().busy.entry(siblings.clone()).or_default() += 1;
        Busy { gathering: self, siblings }
    }

    /// Sends every batch that nobody can join any more. Their fields are being resolved from then on.
    fn send(&self, backends: &Backends) {
        let mut state = self.lock();
        let ready: Vec<_> = state.batches.keys().filter(|(meeting, _)| !state.may_grow(meeting)).cloned().collect();
        for key in ready {
            if let Some(batch) = state.batches.remove(&key) {
                state.go(&key.0, batch, backends);
            }
        }
    }
}

impl Execution<'_> {
    /// Waits for the answer to a request that is invoked together with those of its siblings.
    pub(super) async fn together_with(
        &self,
        siblings: &Siblings,
        (position, step): (usize, &Arc<Step>),
        (number, request): (usize, Value),
    ) -> Result<Answer, Fault> {
        let later = request.get("invocationType").map(Value::to_string).unwrap_or_default();
        let meeting = (siblings.clone(), position);
        let key = (meeting.clone(), later);
        let (reply, answer) = oneshot::channel();
        {
            let mut state = self.gathering.lock();
            less(&mut state.busy, siblings);
            let fresh = || Batch { step: Arc::clone(step), requests: BTreeMap::new() };
            let batch = state.batches.entry(key.clone()).or_insert_with(fresh);
            batch.requests.insert(number, (request, reply));
            if batch.requests.len() >= step.batch_size
                && let Some(full) = state.batches.remove(&key)
            {
                state.go(&meeting, full, self.backends);
            }
        }
        let answer = answer.await;
        let mut state = self.gathering.lock();
        less(&mut state.sent, &meeting);
        *state.busy.entry(siblings.clone()).or_default() += 1;
        drop(state);
        answer.map_err(|_| Fault::raised("InternalFailure", "the batch was given up"))?
    }

    /// Carries out work in which fields may wait for each other.
    pub(super) async fn gathering<T>(&self, work: impl Future<Output = T>) -> T {
        if !self.api.gathers {
            return work.await;
        }
        let mut work = pin!(work);
        std::future::poll_fn(|context| {
            let polled = work.as_mut().poll(context);
            if polled.is_pending() {
                // Everything that could go on did: who is not here by now comes after something that is awaited.
                self.gathering.send(self.backends);
            }
            polled
        })
        .await
    }
}
