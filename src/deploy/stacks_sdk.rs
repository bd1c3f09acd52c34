//! [`StackApi`] over the AWS SDK. The only file that knows `aws-sdk-cloudformation`.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types as sdk;
use indexmap::IndexMap;

use super::DeployError;
use super::sdk_error::Callee;
use super::stacks::{
    ChangeSetId, ChangeSetRequest, ChangeSetState, EventCursor, RawChange, StackApi, StackEvent, StackId,
    StackResource, StackState, Status,
};
use crate::base::{BoxFuture, LogicalId};
use crate::cfn::{Action, Replacement};

/// The stacks of an account in a region.
#[derive(Debug)]
pub struct SdkStacks {
    client: Client,
    callee: Callee,
}

impl SdkStacks {
    pub(super) fn new(config: &aws_types::SdkConfig, callee: Callee) -> Self {
        Self { client: Client::new(config), callee }
    }
}

/// CloudFormation has no code of its own for a stack that is not there, nor for a change set without changes: the only
/// sign is the text ("Recorded": AWS, LocalStack and MiniStack agree on these words).
fn says_absent(message: &str) -> bool {
    message.contains("does not exist")
}

fn says_empty(message: &str) -> bool {
    message.contains("didn't contain changes")
        || message.contains("No updates are to be performed")
        || message.contains("no changes")
}

impl StackApi for SdkStacks {
    fn describe<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<Option<StackState>, DeployError>> {
        Box::pin(async move {
            let answer = self.client.describe_stacks().stack_name(stack).send().await;
            match answer.map_err(|error| self.callee.error("cloudformation:DescribeStacks", error)) {
                Ok(answer) => Ok(answer.stacks().first().map(state)),
                Err(DeployError::Service { message, .. }) if says_absent(&message) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn template<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<String, DeployError>> {
        Box::pin(async move {
            let answer = self.client.get_template().stack_name(stack).send().await;
            let answer = answer.map_err(|error| self.callee.error("cloudformation:GetTemplate", error))?;
            Ok(answer.template_body().unwrap_or_default().to_owned())
        })
    }

    fn create_change_set(
        &self,
        request: ChangeSetRequest,
    ) -> BoxFuture<'_, Result<(ChangeSetId, StackId), DeployError>> {
        Box::pin(async move {
            let kind = if request.create { sdk::ChangeSetType::Create } else { sdk::ChangeSetType::Update };
            let parameters = request.parameters.iter().map(|(name, value)| {
                sdk::Parameter::builder().parameter_key(name.as_str()).parameter_value(value).build()
            });
            let answer = self
                .client
                .create_change_set()
                .stack_name(request.stack.as_str())
                .change_set_name(&request.name)
                .change_set_type(kind)
                .template_url(&request.template_url)
                .set_parameters(Some(parameters.collect()))
                .capabilities(sdk::Capability::CapabilityNamedIam)
                .capabilities(sdk::Capability::CapabilityAutoExpand)
                .include_nested_stacks(true)
                .send()
                .await;
            let answer = answer.map_err(|error| self.callee.error("cloudformation:CreateChangeSet", error))?;
            let id = ChangeSetId(answer.id().unwrap_or_default().to_owned());
            Ok((id, StackId(answer.stack_id().unwrap_or(request.stack.as_str()).to_owned())))
        })
    }

    fn change_set<'a>(&'a self, id: &'a ChangeSetId) -> BoxFuture<'a, Result<ChangeSetState, DeployError>> {
        Box::pin(async move {
            let mut changes = Vec::new();
            let mut token = None;
            loop {
                let call = self.client.describe_change_set().change_set_name(&id.0).set_next_token(token);
                let page = call.send().await;
                let page = page.map_err(|error| self.callee.error("cloudformation:DescribeChangeSet", error))?;
                if let Some(state) = unready(&page) {
                    return Ok(state);
                }
                changes.extend(page.changes().iter().filter_map(sdk::Change::resource_change).map(change));
                token = page.next_token().map(str::to_owned);
                if token.is_none() {
                    return Ok(ChangeSetState::Ready(changes));
                }
            }
        })
    }

    fn execute_change_set<'a>(&'a self, id: &'a ChangeSetId) -> BoxFuture<'a, Result<(), DeployError>> {
        Box::pin(async move {
            let answer = self.client.execute_change_set().change_set_name(&id.0).send().await;
            answer.map_err(|error| self.callee.error("cloudformation:ExecuteChangeSet", error))?;
            Ok(())
        })
    }

    fn delete_change_set<'a>(&'a self, id: &'a ChangeSetId) -> BoxFuture<'a, Result<(), DeployError>> {
        Box::pin(async move {
            let answer = self.client.delete_change_set().change_set_name(&id.0).send().await;
            answer.map_err(|error| self.callee.error("cloudformation:DeleteChangeSet", error))?;
            Ok(())
        })
    }

    fn events_since<'a>(
        &'a self,
        stack: &'a StackId,
        cursor: &'a EventCursor,
    ) -> BoxFuture<'a, Result<Vec<StackEvent>, DeployError>> {
        Box::pin(async move {
            let mut events = Vec::new();
            let mut token = None;
            loop {
                let call = self.client.describe_stack_events().stack_name(&stack.0).set_next_token(token);
                let page = call.send().await;
                let page = page.map_err(|error| self.callee.error("cloudformation:DescribeStackEvents", error))?;
                // Newest first: the first known or too old one ends the reading.
                for found in page.stack_events() {
                    let found = event(found);
                    if Some(&found.id) == cursor.after.as_ref() || found.at_ms < cursor.not_before_ms {
                        events.reverse();
                        return Ok(events);
                    }
                    events.push(found);
                }
                token = page.next_token().map(str::to_owned);
                if token.is_none() {
                    events.reverse();
                    return Ok(events);
                }
            }
        })
    }

    fn resources<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<Vec<StackResource>, DeployError>> {
        Box::pin(async move {
            let mut found = Vec::new();
            let mut token = None;
            loop {
                let call = self.client.list_stack_resources().stack_name(stack).set_next_token(token);
                let page = call.send().await;
                let page = page.map_err(|error| self.callee.error("cloudformation:ListStackResources", error))?;
                found.extend(page.stack_resource_summaries().iter().map(|one| StackResource {
                    logical_id: one.logical_resource_id().unwrap_or_default().to_owned(),
                    kind: one.resource_type().unwrap_or_default().to_owned(),
                    physical_id: one.physical_resource_id().unwrap_or_default().to_owned(),
                }));
                token = page.next_token().map(str::to_owned);
                if token.is_none() {
                    return Ok(found);
                }
            }
        })
    }

    fn delete_stack<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<(), DeployError>> {
        Box::pin(async move {
            let answer = self.client.delete_stack().stack_name(stack).send().await;
            answer.map_err(|error| self.callee.error("cloudformation:DeleteStack", error))?;
            Ok(())
        })
    }
}

fn state(stack: &sdk::Stack) -> StackState {
    let parameters = stack
        .parameters()
        .iter()
        .filter_map(|parameter| Some((parameter.parameter_key()?.to_owned(), parameter.parameter_value()?.to_owned())));
    let outputs = stack.outputs().iter().filter_map(|output| {
        // A name that is no logical id cannot come from a template.
        Some((LogicalId::new(output.output_key()?).ok()?, output.output_value()?.to_owned()))
    });
    let changed = stack.last_updated_time().or_else(|| stack.creation_time());
    StackState {
        id: StackId(stack.stack_id().or_else(|| stack.stack_name()).unwrap_or_default().to_owned()),
        status: Status(stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default()),
        reason: stack.stack_status_reason().map(str::to_owned),
        parameters: parameters.collect::<IndexMap<_, _>>(),
        outputs: outputs.collect(),
        changed_ms: changed.and_then(|time| time.to_millis().ok()),
    }
}

/// The state of a change set that cannot be executed.
fn unready(page: &DescribeChangeSetOutput) -> Option<ChangeSetState> {
    match page.status() {
        Some(sdk::ChangeSetStatus::CreateComplete) => None,
        Some(sdk::ChangeSetStatus::Failed) => {
            let reason = page.status_reason().unwrap_or("no reason given");
            Some(if says_empty(reason) { ChangeSetState::Empty } else { ChangeSetState::Failed(reason.to_owned()) })
        }
        _ => Some(ChangeSetState::Pending),
    }
}

fn change(change: &sdk::ResourceChange) -> RawChange {
    let mut why: Vec<String> = Vec::new();
    for detail in change.details() {
        let Some(target) = detail.target() else { continue };
        let attribute = target.attribute().map_or("", |attribute| attribute.as_str());
        let name = match target.name() {
            Some(name) => name.to_owned(),
            None => attribute.to_owned(),
        };
        if !name.is_empty() && !why.contains(&name) {
            why.push(name);
        }
    }
    if why.is_empty() {
        why.extend(change.scope().iter().map(|scope| scope.as_str().to_owned()));
    }
    RawChange {
        resource: change.logical_resource_id().unwrap_or_default().to_owned(),
        kind: change.resource_type().unwrap_or_default().to_owned(),
        physical_id: change.physical_resource_id().map(str::to_owned),
        action: match change.action() {
            Some(sdk::ChangeAction::Add) => Action::Add,
            Some(sdk::ChangeAction::Remove) => Action::Remove,
            Some(sdk::ChangeAction::Import) => Action::Import,
            _ => Action::Modify,
        },
        replacement: match change.replacement() {
            Some(sdk::Replacement::True) => Replacement::Always,
            Some(sdk::Replacement::Conditional) => Replacement::Conditional,
            _ => Replacement::Never,
        },
        why,
        nested: change.change_set_id().map(|id| ChangeSetId(id.to_owned())),
    }
}

fn event(event: &sdk::StackEvent) -> StackEvent {
    StackEvent {
        id: event.event_id().unwrap_or_default().to_owned(),
        at_ms: event.timestamp().and_then(|time| time.to_millis().ok()).unwrap_or(0),
        stack: StackId(event.stack_id().unwrap_or_default().to_owned()),
        stack_name: event.stack_name().unwrap_or_default().to_owned(),
        resource: event.logical_resource_id().unwrap_or_default().to_owned(),
        physical_id: event.physical_resource_id().unwrap_or_default().to_owned(),
        kind: event.resource_type().unwrap_or_default().to_owned(),
        status: Status(event.resource_status().map(|status| status.as_str().to_owned()).unwrap_or_default()),
        reason: event.resource_status_reason().map(str::to_owned),
    }
}
