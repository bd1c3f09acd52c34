//! What is delivered, for whom, how often it is tried, and who takes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::BoxFuture;
use crate::cloud::iam::{Guest, Iam, ServiceVisitor};
use crate::cloud::service::ApiError;

/// Something to be delivered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cloud) struct Parcel {
    /// The ARN of who receives it.
    pub target: String,
    /// What is received: JSON, or the text of a message.
    pub payload: String,
    /// What only some receivers take: `MessageGroupId`, `MessageAttributes`, `Subject`.
    pub options: Map<String, Value>,
    pub sender: Sender,
    pub retry: Retry,
    pub dead_letter: Option<DeadLetter>,
}

/// Who sends a parcel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cloud) struct Sender {
    /// `events.amazonaws.com`.
    pub service: String,
    /// The resource for which the service acts.
    pub source_arn: String,
    /// The role with which it acts; without one the receiver's own policy must let the service in.
    pub role: Option<String>,
}

/// How long and how often it is tried.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::cloud) struct Retry {
    /// Tries after the first.
    pub tries: u32,
    /// In milliseconds.
    pub age_ms: i64,
}

/// Where a parcel goes that could not be delivered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cloud) struct DeadLetter {
    /// The ARN of a queue.
    pub queue: String,
    /// The body of the message.
    pub body: String,
    /// Attributes of the message besides those about the error (`RULE_ARN`); none means that nothing is told of it.
    pub attributes: Option<BTreeMap<String, String>>,
}

/// Something that receives parcels.
pub(in crate::cloud) trait Receiver: Send + Sync {
    /// Whether an ARN names one of its kind.
    fn takes(&self, arn: &str) -> bool;

    /// Whether the target is there and lets the guest in; the error is the service's own.
    fn check(&self, arn: &str, guest: &Guest<'_>) -> Result<(), ApiError>;

    /// Takes a parcel; when this returns, it is stored or handled.
    fn receive<'a>(&'a self, parcel: &'a Parcel, guest: Guest<'a>) -> BoxFuture<'a, Result<(), ApiError>>;
}

impl Sender {
    /// As whom the sender comes.
    pub(super) fn guest(&self, iam: &Iam) -> Result<Guest<'_>, ApiError> {
        match &self.role {
            Some(role) => Ok(Guest::Caller(iam.act_as(role, &self.service)?)),
            None => Ok(Guest::Service(ServiceVisitor { service: &self.service, source_arn: &self.source_arn })),
        }
    }
}
