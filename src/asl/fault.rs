//! Why a state fails: an error name that Retry and Catch can match, and a cause in the service's words.

use std::borrow::Cow;
use std::fmt;

/// `States.Runtime`: a path or a value that cannot be used; neither retried nor caught by `States.ALL`.
pub const RUNTIME: &str = "States.Runtime";
/// `States.QueryEvaluationError`: a JSONata expression failed, yielded nothing, or a value of the wrong type.
pub const QUERY_EVALUATION: &str = "States.QueryEvaluationError";
/// `States.DataLimitExceeded`: a value is larger than the service carries; neither retried nor caught by `States.ALL`.
pub const DATA_LIMIT: &str = "States.DataLimitExceeded";
/// `States.ReferencePathConflict`: a result cannot be put where `ResultPath` says, or `ItemsPath` leads nowhere.
pub const REFERENCE_PATH: &str = "States.ReferencePathConflict";

/// A failure that the interpreter itself finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The error name.
    pub error: Cow<'static, str>,
    /// What happened, without the sentence that names the state.
    pub cause: String,
    /// The field of a JSONata expression (`Output/total`, `Choices[1]/Condition`); the history records it.
    pub location: Option<String>,
    /// Whether the cause begins with the sentence that names the state.
    pub names_state: bool,
}

impl Fault {
    /// A fault of `error`, whose cause the state's name will precede.
    pub fn new(error: &'static str, cause: impl Into<String>) -> Self {
        Self { error: Cow::Borrowed(error), cause: cause.into(), location: None, names_state: true }
    }

    /// `States.Runtime`.
    pub fn runtime(cause: impl Into<String>) -> Self {
        Self::new(RUNTIME, cause)
    }

    /// `States.QueryEvaluationError` of the field at `location`.
    pub fn query(location: &str, cause: impl Into<String>) -> Self {
        Self { location: Some(location.to_owned()), ..Self::new(QUERY_EVALUATION, cause) }
    }

    /// `States.DataLimitExceeded` of the state or task `name`.
    pub fn data_limit(name: &str) -> Self {
        let cause = format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        );
        Self { names_state: false, ..Self::new(DATA_LIMIT, cause) }
    }

    /// The cause as the history tells it, of the state `name` that event `entered` entered.
    pub fn told(&self, name: &str, entered: i64) -> String {
        if !self.names_state {
            return self.cause.clone();
        }
        format!(
            "An error occurred while executing the state '{name}' (entered at the event id #{entered}). {}",
            self.cause
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.error, self.cause)
    }
}

impl std::error::Error for Fault {}
