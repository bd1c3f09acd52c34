//! Where records of invocations go that other services take: a door that those services open.

use crate::cloud::service::ApiError;

/// Takes what functions send to others than functions and queues: topics, buses of events.
pub(in crate::cloud) trait Outlet: Send + Sync {
    /// Keeps a record durably; it is delivered soon, with the rights of the role.
    fn send(&self, record: &Outgoing<'_>) -> Result<(), ApiError>;
}

/// A record of an invocation on its way.
#[derive(Clone, Copy, Debug)]
pub(in crate::cloud) struct Outgoing<'a> {
    /// The ARN of the function that sends.
    pub function: &'a str,
    /// Its role.
    pub role: &'a str,
    /// The ARN of who receives.
    pub target: &'a str,
    pub body: &'a str,
    /// What a bus of events is told that it is.
    pub detail_type: &'a str,
}
