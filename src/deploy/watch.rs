//! Events of a moving stack, nested ones too, become progress events; with back-off. It decides no outcome but the end.

use std::time::Duration;

use super::DeployError;
use super::failure::{Placed, is_echo, label};
use super::package::Tree;
use super::stacks::{EventCursor, StackApi, StackEvent, StackId, Status};
use crate::base::{Event, LogicalId, Reporter, StackName};

/// How often to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Pace {
    /// For AWS, which limits how often one may ask.
    pub fn remote() -> Self {
        Self { first: Duration::from_millis(800), longest: Duration::from_secs(5) }
    }

    /// For another emulator.
    pub fn near() -> Self {
        Self { first: Duration::from_millis(100), longest: Duration::from_secs(1) }
    }

    /// For the embedded cloud.
    pub fn local() -> Self {
        Self { first: Duration::from_millis(20), longest: Duration::from_millis(200) }
    }

    /// The wait after one of `wait`: half as long again, up to the longest.
    pub fn after(self, wait: Duration) -> Duration {
        (wait * 3 / 2).min(self.longest)
    }
}

/// Looks without a sign of the end after which the stack itself is asked: emulators may write no event for it.
const LOOKS_BEFORE_ASKING: u32 = 5;
/// Throttled looks in a row that are forgiven.
const FORGIVEN: u32 = 10;

/// How a watched operation ended.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// The last state of the stack.
    pub(super) status: Status,
    /// Why it is in that state.
    pub(super) reason: Option<String>,
    /// Everything that happened.
    pub(super) events: Vec<Placed>,
}

/// A stack that is watched.
struct Watching {
    path: Vec<String>,
    id: StackId,
    cursor: EventCursor,
}

/// Watches one operation.
pub(super) struct Watch<'a> {
    pub(super) api: &'a dyn StackApi,
    pub(super) reporter: &'a dyn Reporter,
    pub(super) tree: &'a Tree,
    pub(super) root: &'a StackName,
    pub(super) pace: Pace,
}

impl Watch<'_> {
    /// The cursor behind the events that are there before the operation begins.
    pub(super) async fn mark(&self, stack: &StackId) -> Result<EventCursor, DeployError> {
        let events = self.api.events_since(stack, &EventCursor::default()).await?;
        Ok(EventCursor { after: events.last().map(|event| event.id.clone()), not_before_ms: 0 })
    }

    /// Follows an operation to its end.
    pub(super) async fn follow(&self, stack: &StackId, since: EventCursor) -> Result<Watched, DeployError> {
        let mut stacks = vec![Watching { path: Vec::new(), id: stack.clone(), cursor: since }];
        let mut seen: Vec<Placed> = Vec::new();
        let (mut wait, mut quiet, mut throttled) = (self.pace.first, 0, 0);
        loop {
            let before = seen.len();
            match self.look(&mut stacks, &mut seen).await {
                Ok(()) => throttled = 0,
                Err(DeployError::Service { code, .. }) if code.contains("Throttl") && throttled < FORGIVEN => {
                    throttled += 1;
                }
                Err(error) => return Err(error),
            }
            let last = seen.iter().rev().find(|(path, event)| path.is_empty() && event.is_own());
            if let Some((_, event)) = last.filter(|(_, event)| !event.status.0.ends_with("_IN_PROGRESS")) {
                let (status, reason) = (event.status.clone(), event.reason.clone());
                return Ok(Watched { status, reason, events: seen });
            }
            if seen.len() > before {
                (wait, quiet) = (self.pace.first, 0);
            } else {
                quiet += 1;
            }
            if quiet >= LOOKS_BEFORE_ASKING {
                quiet = 0;
                if let Some((status, reason)) = self.ask(stack).await? {
                    self.look(&mut stacks, &mut seen).await?;
                    return Ok(Watched { status, reason, events: seen });
                }
            }
            tokio::time::sleep(wait).await;
            wait = self.pace.after(wait);
        }
    }

    /// The state of a stack that does not move any more.
    async fn ask(&self, stack: &StackId) -> Result<Option<(Status, Option<String>)>, DeployError> {
        Ok(match self.api.describe(&stack.0).await? {
            Some(state) if state.status.0.ends_with("_IN_PROGRESS") => None,
            Some(state) => Some((state.status, state.reason)),
            None => Some((Status("DELETE_COMPLETE".to_owned()), None)),
        })
    }

    /// Reads what is new in every stack; stacks found on the way are read as well.
    async fn look(&self, stacks: &mut Vec<Watching>, seen: &mut Vec<Placed>) -> Result<(), DeployError> {
        let mut index = 0;
        while index < stacks.len() {
            let events = match self.api.events_since(&stacks[index].id, &stacks[index].cursor).await {
                // A nested stack is gone when its deletion has ended.
                Err(DeployError::Service { .. }) if index > 0 => Vec::new(),
                other => other?,
            };
            let path = stacks[index].path.clone();
            for event in events {
                stacks[index].cursor.after = Some(event.id.clone());
                if let Some(nested) = nested(&event, stacks) {
                    let mut path = path.clone();
                    path.push(event.resource.clone());
                    // A new stack has no past; an old one has events that are none of this operation.
                    let new = event.status.0.starts_with("CREATE");
                    let cursor = EventCursor { after: None, not_before_ms: if new { 0 } else { event.at_ms } };
                    stacks.push(Watching { path, id: nested, cursor });
                }
                self.tell(&path, &event);
                seen.push((path.clone(), event));
            }
            index += 1;
        }
        Ok(())
    }

    /// Reports a change of a resource. Stacks are told by what is in them.
    fn tell(&self, path: &[String], event: &StackEvent) {
        let echo = event.reason.as_deref().is_some_and(is_echo);
        if event.kind == "AWS::CloudFormation::Stack" || echo {
            return;
        }
        let Ok(resource) = LogicalId::new(event.resource.clone()) else { return };
        self.reporter.report(Event::ResourceChanged {
            stack: self.tree.get(path).map_or_else(|| self.root.clone(), |node| node.name.clone()),
            resource,
            label: label(self.tree, path, &event.resource),
            kind: event.kind.clone(),
            status: event.status.resource_status(),
            reason: event.reason.clone().filter(|_| event.status.is_failure()),
        });
    }
}

/// The nested stack that an event is about, when it is not watched yet.
fn nested(event: &StackEvent, stacks: &[Watching]) -> Option<StackId> {
    let about_stack = event.kind == "AWS::CloudFormation::Stack" && !event.is_own() && !event.physical_id.is_empty();
    // The name alone, before the ARN is known, is of no use: names repeat.
    let id = StackId(event.physical_id.clone());
    (about_stack && event.physical_id.starts_with("arn:") && !stacks.iter().any(|stack| stack.id == id)).then_some(id)
}
