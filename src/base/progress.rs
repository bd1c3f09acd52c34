//! What happened while an operation ran, as typed events. Text is made of them elsewhere.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::names::{Label, LogicalId, StackName};

/// Something happened. Rendered for the terminal, recorded by tests, streamed as JSON lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A step began.
    StepStarted {
        /// Which.
        step: Step,
    },
    /// A step ended.
    StepFinished {
        /// Which.
        step: Step,
        /// How.
        outcome: Outcome,
        /// How long it took.
        elapsed: Duration,
    },
    /// A file of the deployment was uploaded, or found to be there already.
    ArtifactUploaded {
        /// Its path in the project.
        name: String,
        /// Its size in bytes.
        bytes: u64,
        /// It was there already.
        skipped: bool,
    },
    /// A resource of a stack changed its state.
    ResourceChanged {
        /// The stack (of the nested one, for its resources).
        stack: StackName,
        /// The resource in it.
        resource: LogicalId,
        /// What the user knows it as.
        label: Label,
        /// Its CloudFormation type.
        kind: String,
        /// Its state now.
        status: ResourceStatus,
        /// Why, when something failed.
        reason: Option<String>,
    },
    /// Something worth a line.
    Noted {
        /// What.
        note: Note,
    },
}

/// A part of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Reading the project from disk.
    ReadProject,
    /// Assembling and checking the blueprint.
    CheckBlueprint,
    /// Starting the embedded cloud.
    StartCloud,
    /// Reaching the target and learning who we are there.
    Connect,
    /// Making the bucket for artifacts.
    Bootstrap,
    /// Uploading artifacts.
    Upload,
    /// Making the change set.
    ChangeSet,
    /// Executing the change set.
    Deploy,
    /// Removing stacks.
    Remove,
    /// Running the user's build command.
    Build,
    /// Uploading the site.
    Publish,
    /// Writing the client configuration.
    ClientConfig,
    /// Asking the deployed API as a signed-in user.
    FirstQuery,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Well, with a few facts for the line ("3 resources").
    Done {
        /// The facts, may be empty.
        facts: String,
    },
    /// There was nothing to do.
    Skipped,
    /// Badly; the error follows by its own way.
    Failed,
}

/// The state of a resource in a stack, without the words for what was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceStatus {
    /// Being created.
    Creating,
    /// Created.
    Created,
    /// Being updated.
    Updating,
    /// Updated.
    Updated,
    /// Being deleted.
    Deleting,
    /// Deleted.
    Deleted,
    /// Left in the cloud when its stack let go of it.
    Retained,
    /// Being taken back to what it was.
    RollingBack,
    /// Taken back.
    RolledBack,
    /// Failed.
    Failed,
}

/// Something worth a line, as data; its text lives with the screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// A stack that failed to be created was removed before trying again.
    RemovedFailedStack {
        /// Its name.
        stack: StackName,
    },
    /// Watching stopped, the deployment goes on in the cloud.
    StillDeploying {
        /// Its name.
        stack: StackName,
    },
    /// CloudFormation will refuse the deployment: it moves more at once than nested stacks may.
    TooManyAtOnce {
        /// How many resources it would add, change and remove.
        count: usize,
        /// How many it may.
        most: usize,
    },
    /// Functions use each other: a circle that no stack waits in.
    Circle {
        /// Their names, the first again at the end.
        functions: Vec<String>,
    },
    /// The embedded cloud of another command is used.
    UsingRunningCloud {
        /// Its address.
        address: String,
    },
    /// Another writer's line, ready to print (build output).
    Output {
        /// The line.
        line: String,
    },
}

/// Takes events.
pub trait Reporter: Send + Sync {
    /// Takes one. Must not block for long.
    fn report(&self, event: Event);
}

/// Takes events and forgets them.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullReporter;

impl Reporter for NullReporter {
    fn report(&self, _event: Event) {}
}

/// Keeps events, for tests.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    /// What came so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Reporter for Recorder {
    fn report(&self, event: Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}
