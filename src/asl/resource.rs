//! `Resource`: who does the work of a Task state.

use std::fmt;

/// Who does the work of a Task state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A Lambda function by its ARN, with the qualifier when it has one.
    Lambda(String),
    /// An activity by its ARN.
    Activity(String),
    /// An integration that Step Functions made for a service: `arn:aws:states:::sqs:sendMessage`.
    Service {
        /// The ARN as it was written.
        arn: String,
        /// `sqs`, `states`, `http`, …
        service: String,
        /// `sendMessage`, `startExecution`, `invoke`, …
        action: String,
        /// What the state waits for.
        pattern: Pattern,
    },
    /// Any action of any service: `arn:aws:states:::aws-sdk:sqs:sendMessage`.
    Sdk {
        /// The ARN as it was written.
        arn: String,
        /// `sqs`, `secretsmanager`, …
        service: String,
        /// `sendMessage`, …
        action: String,
        /// What the state waits for.
        pattern: Pattern,
    },
    /// A text with `${Name}` in it, which deployment replaces.
    Substituted(String),
    /// An ARN of a service that works for no task any more, or not yet.
    Other(String),
}

/// What a state waits for after its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pattern {
    /// The answer of the request.
    #[default]
    RequestResponse,
    /// The end of the job (`.sync`); its output stays text where it is JSON.
    Sync,
    /// The end of the job (`.sync:2`); its output is parsed.
    SyncTwo,
    /// Somebody who answers with the token (`.waitForTaskToken`).
    WaitForTaskToken,
}

impl Pattern {
    /// As it stands at the end of an ARN.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::RequestResponse => "",
            Self::Sync => ".sync",
            Self::SyncTwo => ".sync:2",
            Self::WaitForTaskToken => ".waitForTaskToken",
        }
    }
}

impl Resource {
    /// As it was written.
    pub fn text(&self) -> &str {
        match self {
            Self::Lambda(text) | Self::Activity(text) | Self::Substituted(text) | Self::Other(text) => text,
            Self::Service { arn, .. } | Self::Sdk { arn, .. } => arn,
        }
    }

    /// What the state waits for.
    pub fn pattern(&self) -> Pattern {
        match self {
            Self::Service { pattern, .. } | Self::Sdk { pattern, .. } => *pattern,
            _ => Pattern::RequestResponse,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}
