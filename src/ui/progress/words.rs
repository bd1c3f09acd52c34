//! The text of steps, states and notes.

use crate::base::{Note, ResourceStatus, Step};

/// What a step is called while it runs and when it is done.
pub(super) fn step(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::ReadProject => ("Reading the project", "Read the project"),
        Step::CheckBlueprint => ("Checking the blueprint", "Checked the blueprint"),
        Step::StartCloud => ("Starting the local cloud", "Started the local cloud"),
        Step::Connect => ("Connecting", "Connected"),
        Step::Bootstrap => ("Preparing the artifact bucket", "Prepared the artifact bucket"),
        Step::Upload => ("Uploading artifacts", "Uploaded artifacts"),
        Step::ChangeSet => ("Comparing with the cloud", "Compared with the cloud"),
        Step::Deploy => ("Deploying", "Deployed"),
        Step::Remove => ("Deleting", "Deleted"),
        Step::Build => ("Building the site", "Built the site"),
        Step::Publish => ("Publishing the site", "Published the site"),
        Step::ClientConfig => ("Writing the client configuration", "Wrote the client configuration"),
        Step::FirstQuery => ("Asking the first question", "Asked the first question"),
    }
}

/// What a state is called.
pub(super) fn status(status: ResourceStatus) -> &'static str {
    match status {
        ResourceStatus::Creating => "creating",
        ResourceStatus::Created => "created",
        ResourceStatus::Updating => "updating",
        ResourceStatus::Updated => "updated",
        ResourceStatus::Deleting => "deleting",
        ResourceStatus::Deleted => "deleted",
        ResourceStatus::Retained => "kept in the cloud",
        ResourceStatus::RollingBack => "rolling back",
        ResourceStatus::RolledBack => "rolled back",
        ResourceStatus::Failed => "failed",
    }
}

/// The line of a note.
pub(super) fn note(note: &Note) -> String {
    match note {
        Note::RemovedFailedStack { stack } => {
            format!("stack {stack} had failed to be created; it was removed first")
        }
        Note::StillDeploying { stack } => {
            format!("still deploying {stack} in the cloud; follow it with `ampup status`")
        }
        Note::TooManyAtOnce { count, most } => {
            format!(
                "{count} resources would move: AWS takes {most} in one operation on nested stacks, so push a part of the \
                 models first and the rest afterwards, or make several projects of them"
            )
        }
        Note::Circle { functions } => {
            format!(
                "functions use each other in a circle, {}: they find each other by name, so none waits for another",
                functions.join(" → ")
            )
        }
        Note::UsingRunningCloud { address } => format!("using the local cloud that runs at {address}"),
        Note::Output { line } => line.clone(),
    }
}

/// True when a resource will not move any more.
pub(super) fn settled(status: ResourceStatus) -> bool {
    !matches!(
        status,
        ResourceStatus::Creating | ResourceStatus::Updating | ResourceStatus::Deleting | ResourceStatus::RollingBack
    )
}
