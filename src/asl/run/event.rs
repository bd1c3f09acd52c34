//! Events of an execution's history as data: their types and details, without ids and times.
//!
//! Source: "HistoryEvent" in the API reference. Values are texts of JSON, as the API has them.

use serde_json::{Map, Value, json};

use super::super::fault::{DATA_LIMIT, Fault, QUERY_EVALUATION, RUNTIME};
use super::super::scope::Variables;
use super::Failure;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its type: `PassStateEntered`.
    pub kind: String,
    /// The name of its details, and the details: `stateEnteredEventDetails`.
    pub details: Option<(&'static str, Value)>,
}

impl Event {
    /// One without details.
    pub fn plain(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), details: None }
    }

    fn with(kind: impl Into<String>, name: &'static str, details: Value) -> Self {
        Self { kind: kind.into(), details: Some((name, details)) }
    }

    /// The fields of the event that tell its type and details, as the API has them.
    pub fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::from_iter([("type".to_owned(), Value::from(self.kind.as_str()))]);
        if let Some((name, details)) = &self.details {
            fields.insert((*name).to_owned(), details.clone());
        }
        fields
    }

    /// The execution starts.
    pub fn execution_started(input: &str, role: &str) -> Self {
        let details = json!({"input": input, "inputDetails": {"truncated": false}, "roleArn": role});
        Self::with("ExecutionStarted", "executionStartedEventDetails", details)
    }

    /// The execution ends well.
    pub fn execution_succeeded(output: &str) -> Self {
        let details = json!({"output": output, "outputDetails": {"truncated": false}});
        Self::with("ExecutionSucceeded", "executionSucceededEventDetails", details)
    }

    /// The execution fails.
    pub fn execution_failed(error: Option<&str>, cause: Option<&str>) -> Self {
        Self::with("ExecutionFailed", "executionFailedEventDetails", error_and_cause(error, cause))
    }

    /// The execution is stopped.
    pub fn execution_aborted(error: Option<&str>, cause: Option<&str>) -> Self {
        Self::with("ExecutionAborted", "executionAbortedEventDetails", error_and_cause(error, cause))
    }

    /// The execution takes longer than it may.
    pub fn execution_timed_out() -> Self {
        Self::with("ExecutionTimedOut", "executionTimedOutEventDetails", error_and_cause(Some("States.Timeout"), None))
    }

    /// A state of a kind (`Pass`) is entered.
    pub fn state_entered(kind: &str, name: &str, input: &Value) -> Self {
        let details = json!({"name": name, "input": input.to_string(), "inputDetails": {"truncated": false}});
        Self::with(format!("{kind}StateEntered"), "stateEnteredEventDetails", details)
    }

    /// A state is left; variables are told where it sets any.
    pub fn state_exited(kind: &str, name: &str, output: &Value, assigned: &Variables) -> Self {
        let mut details = json!({"name": name, "output": output.to_string(), "outputDetails": {"truncated": false}});
        if !assigned.is_empty() {
            let told = assigned.iter().map(|(name, value)| (name.clone(), Value::from(value.to_string())));
            details["assignedVariables"] = Value::Object(told.collect());
            details["assignedVariablesDetails"] = json!({"truncated": false});
        }
        Self::with(format!("{kind}StateExited"), "stateExitedEventDetails", details)
    }

    /// An expression fails: told of `States.QueryEvaluationError` before anything else happens. It follows the event that
    /// the state's entry followed.
    pub fn evaluation_failed(fault: &Fault, failure: &Failure, state: &str) -> Option<Self> {
        if fault.error != QUERY_EVALUATION {
            return None;
        }
        let mut details = error_and_cause(Some(&failure.error), failure.cause.as_deref());
        details["state"] = Value::from(state);
        if let Some(location) = &fault.location {
            details["location"] = Value::from(location.as_str());
        }
        Some(Self::with("EvaluationFailed", "evaluationFailedEventDetails", details))
    }

    /// A Parallel or Map state fails for good: told before the state is left by a catcher, or its branch fails. A failure
    /// that nothing can catch ends the execution without it.
    pub fn state_failed(kind: &str, failure: &Failure) -> Option<Self> {
        let fails = matches!(kind, "Parallel" | "Map") && !matches!(failure.error.as_str(), RUNTIME | DATA_LIMIT);
        fails.then(|| Self::plain(format!("{kind}StateFailed")))
    }

    /// A Map starts with so many items.
    pub fn map_started(length: usize) -> Self {
        Self::with("MapStateStarted", "mapStateStartedEventDetails", json!({"length": length}))
    }

    /// An iteration of a Map: `Started`, `Succeeded`, `Failed` or `Aborted`.
    pub fn iteration(what: &str, name: &str, index: usize) -> Self {
        let details = match what {
            "Started" => "mapIterationStartedEventDetails",
            "Succeeded" => "mapIterationSucceededEventDetails",
            "Failed" => "mapIterationFailedEventDetails",
            _ => "mapIterationAbortedEventDetails",
        };
        Self::with(format!("MapIteration{what}"), details, json!({"name": name, "index": index}))
    }

    /// A distributed Map starts.
    pub fn map_run_started(arn: &str) -> Self {
        Self::with("MapRunStarted", "mapRunStartedEventDetails", json!({"mapRunArn": arn}))
    }

    /// A distributed Map fails.
    pub fn map_run_failed(failure: &Failure) -> Self {
        let details = error_and_cause(Some(&failure.error), failure.cause.as_deref());
        Self::with("MapRunFailed", "mapRunFailedEventDetails", details)
    }

    /// A task of a service: `Scheduled` with its parameters.
    pub fn task_scheduled(
        service: (&str, &str),
        region: &str,
        parameters: &Value,
        limits: (Option<u64>, Option<u64>),
    ) -> Self {
        let (kind, action) = service;
        let mut details =
            json!({"resourceType": kind, "resource": action, "region": region, "parameters": parameters.to_string()});
        limit(&mut details, limits);
        Self::with("TaskScheduled", "taskScheduledEventDetails", details)
    }

    /// A task of a service starts.
    pub fn task_started(service: (&str, &str)) -> Self {
        let details = json!({"resourceType": service.0, "resource": service.1});
        Self::with("TaskStarted", "taskStartedEventDetails", details)
    }

    /// A task of a service gave something: `Submitted` (it works on) or `Succeeded`.
    pub fn task_gave(submitted: bool, service: (&str, &str), output: &Value) -> Self {
        let details = json!({
            "resourceType": service.0, "resource": service.1,
            "output": output.to_string(), "outputDetails": {"truncated": false}
        });
        if submitted {
            return Self::with("TaskSubmitted", "taskSubmittedEventDetails", details);
        }
        Self::with("TaskSucceeded", "taskSucceededEventDetails", details)
    }

    /// A task of a service failed, or took too long.
    pub fn task_failed(timed_out: bool, service: (&str, &str), failure: &Failure) -> Self {
        let mut details = error_and_cause(Some(&failure.error), failure.cause.as_deref());
        details["resourceType"] = Value::from(service.0);
        details["resource"] = Value::from(service.1);
        if timed_out {
            return Self::with("TaskTimedOut", "taskTimedOutEventDetails", details);
        }
        Self::with("TaskFailed", "taskFailedEventDetails", details)
    }

    /// A Lambda function by its ARN, or an activity, is asked to work.
    pub fn direct_scheduled(kind: Direct, resource: &str, input: &Value, limits: (Option<u64>, Option<u64>)) -> Self {
        let mut details =
            json!({"resource": resource, "input": input.to_string(), "inputDetails": {"truncated": false}});
        limit(&mut details, limits);
        let (prefix, name) = match kind {
            Direct::Lambda => ("LambdaFunction", "lambdaFunctionScheduledEventDetails"),
            Direct::Activity => ("Activity", "activityScheduledEventDetails"),
        };
        Self::with(format!("{prefix}Scheduled"), name, details)
    }

    /// A worker takes an activity's task.
    pub fn activity_started(worker: Option<&str>) -> Self {
        let details = worker.map_or_else(|| json!({}), |worker| json!({"workerName": worker}));
        Self::with("ActivityStarted", "activityStartedEventDetails", details)
    }

    /// A Lambda function or an activity gave a result.
    pub fn direct_succeeded(kind: Direct, output: &Value) -> Self {
        let details = json!({"output": output.to_string(), "outputDetails": {"truncated": false}});
        match kind {
            Direct::Lambda => Self::with("LambdaFunctionSucceeded", "lambdaFunctionSucceededEventDetails", details),
            Direct::Activity => Self::with("ActivitySucceeded", "activitySucceededEventDetails", details),
        }
    }

    /// A Lambda function or an activity failed, or took too long.
    pub fn direct_failed(kind: Direct, timed_out: bool, failure: &Failure) -> Self {
        let details = error_and_cause(Some(&failure.error), failure.cause.as_deref());
        let (event, name) = match (kind, timed_out) {
            (Direct::Lambda, false) => ("LambdaFunctionFailed", "lambdaFunctionFailedEventDetails"),
            (Direct::Lambda, true) => ("LambdaFunctionTimedOut", "lambdaFunctionTimedOutEventDetails"),
            (Direct::Activity, false) => ("ActivityFailed", "activityFailedEventDetails"),
            (Direct::Activity, true) => ("ActivityTimedOut", "activityTimedOutEventDetails"),
        };
        Self::with(event, name, details)
    }
}

/// Who works without an integration of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direct {
    /// A Lambda function by its ARN.
    Lambda,
    /// An activity.
    Activity,
}

fn error_and_cause(error: Option<&str>, cause: Option<&str>) -> Value {
    let all = [("error", error), ("cause", cause)];
    let told = all.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))));
    Value::Object(told.collect())
}

/// The timeout and the heartbeat of a task, in seconds.
fn limit(details: &mut Value, limits: (Option<u64>, Option<u64>)) {
    if let Some(timeout) = limits.0 {
        details["timeoutInSeconds"] = Value::from(timeout);
    }
    if let Some(heartbeat) = limits.1 {
        details["heartbeatInSeconds"] = Value::from(heartbeat);
    }
}
