//! Task states, and what is done when a state fails.

use super::template::Placement;
use super::{Common, Dynamic, Flow, Payload, Resource, Target, Transition};

/// Lets a service work.
#[derive(Clone, Debug)]
pub struct Task {
    /// What every state has.
    pub common: Common,
    /// Input and output.
    pub flow: Flow,
    /// Who works.
    pub resource: Resource,
    /// The role that the task is done with instead of the machine's: a template with `RoleArn`.
    pub credentials: Option<Payload>,
    /// How long it may take, in seconds; 99,999,999 without it.
    pub timeout_seconds: Option<Dynamic<u64>>,
    /// How long it may be silent, in seconds; less than the timeout.
    pub heartbeat_seconds: Option<Dynamic<u64>>,
    /// What is done when it fails.
    pub retry: Vec<Retrier>,
    /// Where it goes when it fails.
    pub catch: Vec<Catcher>,
    /// Variables that it sets.
    pub assign: Option<Payload>,
    /// What comes after it.
    pub transition: Transition,
}

/// How often, and when, a state is tried again.
#[derive(Clone, Debug)]
pub struct Retrier {
    /// Names of errors, at least one; `States.ALL` stands alone.
    pub errors: Vec<String>,
    /// Seconds before the first retry.
    pub interval_seconds: u64,
    /// How many retries; 0 is none.
    pub max_attempts: u64,
    /// What the interval is multiplied with for every further retry; at least 1.
    pub backoff_rate: f64,
    /// The longest interval, in seconds.
    pub max_delay_seconds: Option<u64>,
    /// Whether intervals are drawn.
    pub jitter: Jitter,
}

/// Whether the intervals of retries are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// They are as long as they are.
    #[default]
    None,
    /// Each is drawn between 0 and its length.
    Full,
}

/// Where a state goes when it fails.
#[derive(Clone, Debug)]
pub struct Catcher {
    /// Names of errors, at least one; `States.ALL` stands alone.
    pub errors: Vec<String>,
    /// Where to go.
    pub next: Target,
    /// Where the error's output goes (JSONPath).
    pub result: Placement,
    /// What is given instead of the error's output (JSONata).
    pub output: Option<Payload>,
    /// Variables that are set instead of the state's.
    pub assign: Option<Payload>,
}

/// Whether one of the names of a retrier or catcher stands for an error.
///
/// `States.ALL` matches everything but `States.DataLimitExceeded` and `States.Runtime`, `States.TaskFailed` everything
/// but `States.Timeout` besides; `States.Timeout` a missed heartbeat too (AWS Step Functions Developer Guide, "Handling
/// errors in Step Functions workflows").
pub fn errors_match(names: &[String], error: &str) -> bool {
    const TERMINAL: [&str; 2] = ["States.DataLimitExceeded", "States.Runtime"];
    names.iter().any(|name| match name.as_str() {
        "States.ALL" => !TERMINAL.contains(&error),
        "States.TaskFailed" => error != "States.Timeout" && !TERMINAL.contains(&error),
        "States.Timeout" => matches!(error, "States.Timeout" | "States.HeartbeatTimeout"),
        other => other == error,
    })
}
