//! The CloudFormation calls that we use, in our own words. No type of an SDK appears here.

use indexmap::IndexMap;

use super::DeployError;
use crate::base::{BoxFuture, LogicalId, ResourceStatus, StackName};
use crate::cfn::{Action, Replacement};

/// The ARN of a stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackId(pub String);

/// The ARN of a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetId(pub String);

/// The state of a stack or resource in CloudFormation's words: `UPDATE_COMPLETE`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Status(pub String);

impl Status {
    /// Something is going on. A stack in review is not busy: it waits for us.
    pub fn is_busy(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS") && self.0 != "REVIEW_IN_PROGRESS"
    }

    /// The last operation did what it should.
    pub fn is_good(&self) -> bool {
        matches!(self.0.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "DELETE_COMPLETE" | "IMPORT_COMPLETE")
    }

    /// Something failed.
    pub fn is_failure(&self) -> bool {
        self.0.ends_with("_FAILED")
    }

    /// A stack that was never created: it holds nothing and can only be deleted.
    pub fn is_stillborn(&self) -> bool {
        matches!(self.0.as_str(), "ROLLBACK_COMPLETE" | "REVIEW_IN_PROGRESS" | "CREATE_FAILED" | "ROLLBACK_FAILED")
    }

    /// The state in our words.
    pub fn resource_status(&self) -> ResourceStatus {
        match self.0.as_str() {
            "CREATE_IN_PROGRESS" | "IMPORT_IN_PROGRESS" | "REVIEW_IN_PROGRESS" => ResourceStatus::Creating,
            "CREATE_COMPLETE" | "IMPORT_COMPLETE" => ResourceStatus::Created,
            "UPDATE_IN_PROGRESS" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => ResourceStatus::Updating,
            "UPDATE_COMPLETE" => ResourceStatus::Updated,
            "DELETE_IN_PROGRESS" => ResourceStatus::Deleting,
            "DELETE_COMPLETE" => ResourceStatus::Deleted,
            "DELETE_SKIPPED" => ResourceStatus::Retained,
            other if other.ends_with("_FAILED") => ResourceStatus::Failed,
            other if other.ends_with("ROLLBACK_COMPLETE") => ResourceStatus::RolledBack,
            _ => ResourceStatus::RollingBack,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A stack as the cloud describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackState {
    /// Its ARN.
    pub id: StackId,
    /// Its state.
    pub status: Status,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// The values of its parameters.
    pub parameters: IndexMap<String, String>,
    /// Its outputs.
    pub outputs: IndexMap<LogicalId, String>,
    /// When it was last changed, in milliseconds since 1970.
    pub changed_ms: Option<i64>,
}

/// What a change set is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetRequest {
    /// The stack.
    pub stack: StackName,
    /// The name of the change set.
    pub name: String,
    /// The stack is new.
    pub create: bool,
    /// Where the template lies.
    pub template_url: String,
    /// The values of its parameters.
    pub parameters: IndexMap<LogicalId, String>,
}

/// How far a change set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeSetState {
    /// It is being made.
    Pending,
    /// It can be executed.
    Ready(Vec<RawChange>),
    /// Nothing would change.
    Empty,
    /// It could not be made.
    Failed(String),
}

/// One change as the cloud describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawChange {
    /// The resource.
    pub resource: String,
    /// Its type.
    pub kind: String,
    /// What the cloud knows it as, when it is there already.
    pub physical_id: Option<String>,
    /// What would be done.
    pub action: Action,
    /// Whether a new one is made.
    pub replacement: Replacement,
    /// The properties that differ.
    pub why: Vec<String>,
    /// The change set of the nested stack, when it is one.
    pub nested: Option<ChangeSetId>,
}

/// From where events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventCursor {
    /// The last event that is known.
    pub after: Option<String>,
    /// Older ones are of no interest. Milliseconds since 1970, by the cloud's clock.
    pub not_before_ms: i64,
}

/// One event of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackEvent {
    /// Its id.
    pub id: String,
    /// When, in milliseconds since 1970, by the cloud's clock.
    pub at_ms: i64,
    /// The stack it belongs to.
    pub stack: StackId,
    /// The name of that stack.
    pub stack_name: String,
    /// The resource.
    pub resource: String,
    /// What the cloud knows the resource as.
    pub physical_id: String,
    /// Its type.
    pub kind: String,
    /// Its state.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
}

impl StackEvent {
    /// True when the event is about the stack itself, not about something in it.
    pub fn is_own(&self) -> bool {
        self.kind == "AWS::CloudFormation::Stack" && self.physical_id == self.stack.0
    }
}

/// A resource of a deployed stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// Its name in the cloud; empty while it has none.
    pub physical_id: String,
}

/// The calls. One real implementation, one that is scripted in tests.
pub trait StackApi: Send + Sync {
    /// A stack by name or ARN; `None` when there is none. A deleted one is only found by its ARN.
    fn describe<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<Option<StackState>, DeployError>>;
    /// The template of a stack as it was handed over.
    fn template<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<String, DeployError>>;
    /// Begins to make a change set, nested stacks included. Gives its ARN and the stack's.
    fn create_change_set(
        &self,
        request: ChangeSetRequest,
    ) -> BoxFuture<'_, Result<(ChangeSetId, StackId), DeployError>>;
    /// How far a change set is.
    fn change_set<'a>(&'a self, id: &'a ChangeSetId) -> BoxFuture<'a, Result<ChangeSetState, DeployError>>;
    /// Begins to execute a change set.
    fn execute_change_set<'a>(&'a self, id: &'a ChangeSetId) -> BoxFuture<'a, Result<(), DeployError>>;
    /// Forgets a change set.
    fn delete_change_set<'a>(&'a self, id: &'a ChangeSetId) -> BoxFuture<'a, Result<(), DeployError>>;
    /// The events of a stack since a cursor, oldest first.
    fn events_since<'a>(
        &'a self,
        stack: &'a StackId,
        cursor: &'a EventCursor,
    ) -> BoxFuture<'a, Result<Vec<StackEvent>, DeployError>>;
    /// What a stack holds, nested stacks as one resource each.
    fn resources<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<Vec<StackResource>, DeployError>>;
    /// Begins to delete a stack.
    fn delete_stack<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<(), DeployError>>;
}
