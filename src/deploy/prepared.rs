//! A reviewed deployment: what would change, and the hold on it.

use indexmap::IndexMap;

use super::package::Tree;
use super::stacks::{ChangeSetId, StackId};
use crate::base::{LogicalId, StackName};
use crate::cfn::ChangeSet;

/// What kind of deployment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushKind {
    /// The first one.
    First,
    /// One that changes what is there.
    Update,
    /// Nothing would change.
    NothingToDo,
}

/// A deployment that is ready.
#[derive(Debug)]
#[must_use = "a change set is waiting in the cloud: execute it or discard it"]
pub struct Prepared {
    /// What would change.
    pub changes: ChangeSet,
    /// What kind of deployment it is.
    pub kind: PushKind,
    pub(super) stack: StackName,
    pub(super) hold: Option<Hold>,
    pub(super) tree: Tree,
    pub(super) outputs: IndexMap<LogicalId, String>,
}

/// The change set that waits in the cloud.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) change_set: ChangeSetId,
    pub(super) stack: StackId,
}

/// What a deployment left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The outputs of the root stack.
    pub outputs: IndexMap<LogicalId, String>,
    /// How many resources moved.
    pub moved: usize,
}
