//! The plain model of progress: events folded into steps and stacks. It draws nothing.

use std::time::Duration;

use indexmap::IndexMap;

use super::words::settled;
use crate::base::{Event, LogicalId, Outcome, ResourceStatus, StackName, Step};

/// What is known of a running operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    /// The step that runs, and when it began.
    pub running: Option<(Step, Duration)>,
    /// Steps that ended, in order.
    pub ended: Vec<(Step, Outcome, Duration)>,
    /// Stacks with resources in motion, in order of appearance.
    pub stacks: IndexMap<StackName, StackLine>,
    /// Artifacts uploaded and skipped, and bytes uploaded.
    pub uploads: (usize, usize, u64),
}

/// One stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StackLine {
    /// Its resources, in order of appearance.
    pub resources: IndexMap<LogicalId, ResourceLine>,
}

/// One resource of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceLine {
    /// What the user knows it as.
    pub label: String,
    /// Its state.
    pub status: ResourceStatus,
    /// Why, when it failed.
    pub reason: Option<String>,
    /// When it first moved.
    pub since: Duration,
    /// When it came to its present state.
    pub until: Duration,
}

impl StackLine {
    /// How many resources are settled, of how many.
    pub fn progress(&self) -> (usize, usize) {
        let done = self.resources.values().filter(|resource| settled(resource.status)).count();
        (done, self.resources.len())
    }

    /// True when one of them failed.
    pub fn failed(&self) -> bool {
        self.resources.values().any(|resource| resource.status == ResourceStatus::Failed)
    }
}

impl Board {
    /// Takes an event that came `now` after the beginning.
    pub fn fold(&mut self, event: &Event, now: Duration) {
        match event {
            Event::StepStarted { step } => {
                self.running = Some((*step, now));
                match step {
                    Step::Upload => self.uploads = (0, 0, 0),
                    Step::Deploy | Step::Remove => self.stacks.clear(),
                    _ => {}
                }
            }
            Event::StepFinished { step, outcome, elapsed } => {
                self.running = None;
                self.ended.push((*step, outcome.clone(), *elapsed));
            }
            Event::ArtifactUploaded { bytes, skipped, .. } => {
                if *skipped {
                    self.uploads.1 += 1;
                } else {
                    self.uploads.0 += 1;
                    self.uploads.2 += bytes;
                }
            }
            Event::ResourceChanged { stack, resource, label, status, reason, .. } => {
                let resources = &mut self.stacks.entry(stack.clone()).or_default().resources;
                let line = resources.entry(resource.clone()).or_insert_with(|| ResourceLine {
                    label: label.0.clone(),
                    status: *status,
                    reason: None,
                    since: now,
                    until: now,
                });
                line.status = *status;
                line.until = now;
                // The first reason is the cause; a roll-back that follows must not hide it.
                if line.reason.is_none() {
                    line.reason.clone_from(reason);
                }
            }
            Event::Noted { .. } => {}
        }
    }
}
