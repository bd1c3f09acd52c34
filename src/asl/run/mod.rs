//! What a state does, without doing it: its work and what comes after it, computed from values.
//!
//! An engine enters a state ([`Step::enter`]), does what [`Entered`] asks for (waits, calls a service, runs branches or
//! iterations), and hands the result to [`Code::leave`] or the failure to [`Code::judge`]. No clock, no store, no network.
//!
//! The events of a state come in this order: its entry; for a fault of an expression `EvaluationFailed`, which follows the
//! event that the entry followed; of a Parallel `ParallelStateStarted` with every attempt; of a Map `MapStateStarted`, then
//! [`Step::settings`] is asked, then `MapRunStarted` where it is distributed. A retry tells nothing of itself. Once no
//! retry is left, [`event::Event::state_failed`]; when the state is left, its exit.

mod code;
mod enter;
pub mod event;
mod fail;
mod inspect;
mod leave;
mod map;
mod references;
mod view;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::fault::Fault;
use super::resource::Resource;
use super::scope::Variables;
use crate::base::Ids;

pub use code::{Code, CodeError, Step};
pub use fail::{Attempts, Verdict};
pub use inspect::Inspection;
pub use map::{Batching, MapWork, Settings, batch, item_context, threshold_exceeded};

/// What a state finds when it is entered.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// Its input, as it came from the state before.
    pub input: &'a Value,
    /// The context object (`$$`, `$states.context`).
    pub context: &'a Value,
    /// Variables, those of outer scopes too; what is assigned holds from the next state on.
    pub variables: &'a Variables,
    /// Where random bytes come from.
    pub ids: &'a Arc<dyn Ids>,
    /// The time that expressions tell, in milliseconds after 1970.
    pub now_ms: i64,
}

impl fmt::Debug for Situation<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Situation").field("input", self.input).field("variables", self.variables).finish()
    }
}

/// What has to happen once a state is entered.
#[derive(Clone, Debug, PartialEq)]
pub enum Entered {
    /// Nothing: the state is left at once (Pass, Choice, Succeed).
    Left(Exit),
    /// The execution fails with this error and cause (Fail).
    Fails {
        /// The error's name.
        error: Option<String>,
        /// What happened.
        cause: Option<String>,
    },
    /// Time passes (Wait); then the state is left with its input as result.
    Waits(Until),
    /// A service works (Task).
    Works(Box<TaskWork>),
    /// Every branch runs with this input (Parallel).
    Branches(Value),
    /// Every item is handed to the processor (Map).
    Iterates(Box<MapWork>),
}

/// How long a state waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
    /// So many seconds.
    Seconds(u64),
    /// To a point in time.
    Timestamp(Timestamp),
}

/// What a task asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskWork {
    /// Who works.
    pub resource: Resource,
    /// What it is given.
    pub parameters: Value,
    /// How long it may take, in seconds.
    pub timeout_seconds: Option<u64>,
    /// How long it may be silent, in seconds.
    pub heartbeat_seconds: Option<u64>,
    /// The role that it works with instead of the machine's, as the state's `Credentials` say.
    pub credentials: Option<Value>,
}

/// How a state is left.
#[derive(Clone, Debug, PartialEq)]
pub struct Exit {
    /// The state's output.
    pub output: Value,
    /// Variables that it sets, as of the next state.
    pub assigned: Variables,
    /// The next state; `None` where the branch ends.
    pub next: Option<Arc<str>>,
}

/// A failure that Retry and Catch are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error's name.
    pub error: String,
    /// What happened, as it is told to the next state and to the history.
    pub cause: Option<String>,
}

impl Failure {
    /// A fault of the interpreter, in the state `name` that the event `entered` entered.
    pub fn of(fault: &Fault, name: &str, entered: i64) -> Self {
        Self { error: fault.error.to_string(), cause: Some(fault.told(name, entered)) }
    }

    /// The error output that a catcher hands on: `{"Error": …, "Cause": …}`.
    pub fn output(&self) -> Value {
        let mut fields = serde_json::Map::from_iter([("Error".to_owned(), Value::from(self.error.as_str()))]);
        if let Some(cause) = &self.cause {
            fields.insert("Cause".to_owned(), Value::from(cause.as_str()));
        }
        Value::Object(fields)
    }
}
