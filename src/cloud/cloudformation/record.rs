//! What is remembered of stacks, their resources, events and change sets. Plain data, written to the store as it is.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cloud::service::Provisioned;

macro_rules! statuses {
    ($($name:ident $text:literal;)+) => {
        /// The status of a stack or of a resource, in AWS's words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(in crate::cloud) enum Status {
            $(#[serde(rename = $text)] $name,)+
        }

        impl Status {
            pub(in crate::cloud) const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

statuses! {
    ReviewInProgress "REVIEW_IN_PROGRESS";
    CreateInProgress "CREATE_IN_PROGRESS";
    CreateFailed "CREATE_FAILED";
    CreateComplete "CREATE_COMPLETE";
    RollbackInProgress "ROLLBACK_IN_PROGRESS";
    RollbackFailed "ROLLBACK_FAILED";
    RollbackComplete "ROLLBACK_COMPLETE";
    DeleteInProgress "DELETE_IN_PROGRESS";
    DeleteFailed "DELETE_FAILED";
    DeleteComplete "DELETE_COMPLETE";
    DeleteSkipped "DELETE_SKIPPED";
    UpdateInProgress "UPDATE_IN_PROGRESS";
    UpdateFailed "UPDATE_FAILED";
    UpdateComplete "UPDATE_COMPLETE";
    UpdateCleanup "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS";
    UpdateRollbackInProgress "UPDATE_ROLLBACK_IN_PROGRESS";
    UpdateRollbackFailed "UPDATE_ROLLBACK_FAILED";
    UpdateRollbackCleanup "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS";
    UpdateRollbackComplete "UPDATE_ROLLBACK_COMPLETE";
}

impl Status {
    /// Something is being done.
    pub(in crate::cloud) fn is_busy(self) -> bool {
        self != Self::ReviewInProgress && self.text().ends_with("_IN_PROGRESS")
    }

    /// An update may begin.
    pub(in crate::cloud) fn is_updatable(self) -> bool {
        matches!(self, Self::CreateComplete | Self::UpdateComplete | Self::UpdateRollbackComplete | Self::UpdateFailed)
    }
}

/// What a stack is to be: everything that its user gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud) struct Definition {
    /// The template as it was given.
    pub body: String,
    /// The value of every parameter, defaults included.
    pub parameters: IndexMap<String, String>,
    /// The values of those that name a parameter of Parameter Store.
    #[serde(default)]
    pub resolved: IndexMap<String, String>,
    pub tags: Vec<(String, String)>,
    pub capabilities: Vec<String>,
}

/// An output of a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud) struct OutputRecord {
    pub key: String,
    pub value: String,
    pub description: Option<String>,
    pub export: Option<String>,
}

/// What happens when the creation of a stack fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloud) enum OnFailure {
    DoNothing,
    #[default]
    Rollback,
    Delete,
}

/// A stack.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cloud) struct Stack {
    /// Its ARN.
    pub id: String,
    pub name: String,
    pub status: Status,
    pub reason: Option<String>,
    pub definition: Definition,
    pub outputs: Vec<OutputRecord>,
    /// Exports of other stacks that its values use.
    pub imports: Vec<String>,
    /// While an update runs: what to go back to.
    pub before: Option<(Definition, Vec<OutputRecord>)>,
    /// Resources of no further use, deleted when the operation ends.
    pub leftovers: Vec<Leftover>,
    pub created_ms: i64,
    pub updated_ms: Option<i64>,
    pub deleted_ms: Option<i64>,
    /// The stack that this one is nested in, and the outermost one.
    pub parent: Option<String>,
    pub root: Option<String>,
    pub change_set: Option<String>,
    pub protected: bool,
    pub on_failure: OnFailure,
    /// `ClientRequestToken`s that were used, with their action.
    pub tokens: BTreeMap<String, String>,
    /// The token of the running or last operation, which its events carry.
    pub token: Option<String>,
    /// The user asked to stop the running update.
    pub cancelled: bool,
    /// By logical id; rows of their own.
    #[serde(skip)]
    pub resources: IndexMap<String, ResourceRecord>,
    /// Oldest first; rows of their own.
    #[serde(skip)]
    pub events: Vec<Event>,
}

/// A resource as it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud) struct Made {
    pub kind: String,
    pub provisioned: Provisioned,
    /// The evaluated properties.
    pub properties: Value,
    pub tags: Vec<(String, String)>,
}

/// What the running operation did to a resource, for the way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud) enum Touched {
    Created,
    /// From this.
    Updated(Made),
    /// Instead of this, which still exists.
    Replaced(Made),
}

/// A resource that is deleted in the cleanup of an update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud) struct Leftover {
    pub logical_id: String,
    pub made: Made,
    /// It stays in the cloud: its policy says so.
    pub retain: bool,
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud) struct ResourceRecord {
    pub logical_id: String,
    pub kind: String,
    pub status: Status,
    pub reason: Option<String>,
    pub updated_ms: i64,
    /// `None` while it does not exist.
    pub made: Option<Made>,
    pub touched: Option<Touched>,
}

impl ResourceRecord {
    pub(in crate::cloud) fn physical_id(&self) -> Option<&str> {
        self.made.as_ref().map(|made| made.provisioned.physical_id.as_str())
    }
}

/// Something that happened to a stack or to one of its resources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud) struct Event {
    pub id: String,
    pub at_ms: i64,
    pub logical_id: String,
    pub physical_id: String,
    pub kind: String,
    pub status: Status,
    pub reason: Option<String>,
    /// The evaluated properties as JSON text, of resources.
    pub properties: Option<String>,
    pub token: Option<String>,
}

/// A change set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cloud) struct ChangeSetRecord {
    /// Its ARN.
    pub id: String,
    pub name: String,
    pub stack_id: String,
    pub stack_name: String,
    pub description: Option<String>,
    /// `CREATE_COMPLETE`, `FAILED`.
    pub status: String,
    pub reason: Option<String>,
    /// `AVAILABLE`, `UNAVAILABLE`, `EXECUTE_IN_PROGRESS`, `EXECUTE_COMPLETE`, `OBSOLETE`.
    pub execution: String,
    /// It makes a stack.
    pub creates: bool,
    pub definition: Definition,
    /// In the form of the API.
    pub changes: Vec<Value>,
    pub created_ms: i64,
    pub include_nested: bool,
    pub parent: Option<String>,
    pub root: Option<String>,
    pub on_failure: OnFailure,
}
