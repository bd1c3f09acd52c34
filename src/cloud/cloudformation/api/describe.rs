//! Stacks, resources, events and exports, told.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{PAGE, find, object, page, required, text, texts};
use crate::base::clock::iso_ms;
use crate::cloud::cloudformation::engine::Engine;
use crate::cloud::cloudformation::prepare::refusal;
use crate::cloud::cloudformation::record::{Event, OnFailure, ResourceRecord, Stack, Status};
use crate::cloud::service::ApiError;

pub(super) fn stacks(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let chosen: Vec<Stack> = if let Some(name) = text(input, "StackName") {
        vec![find(engine, &name, Stack::clone)?]
    } else {
        let memory = engine.model.memory();
        memory.stacks.values().rev().filter(|stack| stack.status != Status::DeleteComplete).cloned().collect()
    };
    let (stacks, next) = page(input, PAGE, &chosen, stack_json)?;
    Ok(object([("Stacks", stacks), ("NextToken", next)]))
}

fn stack_json(stack: &Stack) -> Value {
    let template = crate::cfn::parse(&stack.definition.body, "template").unwrap_or_default();
    let parameters: Vec<Value> = stack
        .definition
        .parameters
        .iter()
        .map(|(key, value)| {
            let hidden = template.parameters.get(key.as_str()).is_some_and(|parameter| parameter.no_echo);
            let mut shown = json!({"ParameterKey": key, "ParameterValue": if hidden { "****" } else { value }});
            if let Some(resolved) = stack.definition.resolved.get(key) {
                shown["ResolvedValue"] = json!(if hidden { "****" } else { resolved });
            }
            shown
        })
        .collect();
    let outputs: Vec<Value> = stack
        .outputs
        .iter()
        .map(|output| {
            object([
                ("OutputKey", json!(output.key)),
                ("OutputValue", json!(output.value)),
                ("Description", json!(output.description)),
                ("ExportName", json!(output.export)),
            ])
        })
        .collect();
    let tags: Vec<Value> =
        stack.definition.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    object([
        ("StackId", json!(stack.id)),
        ("StackName", json!(stack.name)),
        ("ChangeSetId", json!(stack.change_set)),
        ("Description", json!(template.description)),
        ("Parameters", json!(parameters)),
        ("CreationTime", json!(iso_ms(stack.created_ms))),
        ("LastUpdatedTime", json!(stack.updated_ms.map(iso_ms))),
        ("DeletionTime", json!(stack.deleted_ms.map(iso_ms))),
        ("RollbackConfiguration", json!({})),
        ("StackStatus", json!(stack.status.text())),
        ("StackStatusReason", json!(stack.reason)),
        ("DisableRollback", json!(stack.on_failure == OnFailure::DoNothing)),
        ("NotificationARNs", json!([])),
        ("Capabilities", json!(stack.definition.capabilities)),
        ("Outputs", json!(outputs)),
        ("Tags", json!(tags)),
        ("EnableTerminationProtection", json!(stack.protected)),
        ("ParentId", json!(stack.parent)),
        ("RootId", json!(stack.root)),
        ("DriftInformation", json!({"StackDriftStatus": "NOT_CHECKED"})),
    ])
}

pub(super) fn list_stacks(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let wanted = texts(input, "StackStatusFilter");
    let chosen: Vec<Stack> = {
        let memory = engine.model.memory();
        let is_wanted = |stack: &&Stack| wanted.is_empty() || wanted.iter().any(|status| status == stack.status.text());
        memory.stacks.values().rev().filter(is_wanted).cloned().collect()
    };
    let (summaries, next) = page(input, PAGE, &chosen, |stack| {
        let template = crate::cfn::parse(&stack.definition.body, "template").unwrap_or_default();
        object([
            ("StackId", json!(stack.id)),
            ("StackName", json!(stack.name)),
            ("TemplateDescription", json!(template.description)),
            ("CreationTime", json!(iso_ms(stack.created_ms))),
            ("LastUpdatedTime", json!(stack.updated_ms.map(iso_ms))),
            ("DeletionTime", json!(stack.deleted_ms.map(iso_ms))),
            ("StackStatus", json!(stack.status.text())),
            ("StackStatusReason", json!(stack.reason)),
            ("ParentId", json!(stack.parent)),
            ("RootId", json!(stack.root)),
            ("DriftInformation", json!({"StackDriftStatus": "NOT_CHECKED"})),
        ])
    })?;
    Ok(object([("StackSummaries", summaries), ("NextToken", next)]))
}

pub(super) fn events(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let memory = engine.model.memory();
    let Some(stack) = memory.stack(&name) else { return Err(refusal(format!("Stack [{name}] does not exist"))) };
    // Newest first. New events do not move the pages: a token names the oldest event that was not told yet.
    let end = match text(input, "NextToken") {
        None => stack.events.len(),
        Some(token) => {
            let position = token.strip_prefix("before-").and_then(|number| number.parse::<usize>().ok());
            position.filter(|end| *end <= stack.events.len()).ok_or_else(|| refusal("Invalid NextToken"))?
        }
    };
    let start = end.saturating_sub(PAGE);
    let told: Vec<Value> = stack.events[start..end].iter().rev().map(|event| event_json(stack, event)).collect();
    let next = if start > 0 { json!(format!("before-{start}")) } else { Value::Null };
    Ok(object([("StackEvents", json!(told)), ("NextToken", next)]))
}

fn event_json(stack: &Stack, event: &Event) -> Value {
    object([
        ("StackId", json!(stack.id)),
        ("EventId", json!(event.id)),
        ("StackName", json!(stack.name)),
        ("LogicalResourceId", json!(event.logical_id)),
        ("PhysicalResourceId", json!(event.physical_id)),
        ("ResourceType", json!(event.kind)),
        ("Timestamp", json!(iso_ms(event.at_ms))),
        ("ResourceStatus", json!(event.status.text())),
        ("ResourceStatusReason", json!(event.reason)),
        ("ResourceProperties", json!(event.properties)),
        ("ClientRequestToken", json!(event.token)),
    ])
}

pub(super) fn resource(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let (name, id) = (required(input, "StackName")?, required(input, "LogicalResourceId")?);
    let memory = engine.model.memory();
    let Some(stack) = memory.stack(&name) else { return Err(refusal(format!("Stack '{name}' does not exist"))) };
    let Some(record) = stack.resources.get(&id) else {
        return Err(refusal(format!("Resource {id} does not exist for stack {}", stack.name)));
    };
    let template = crate::cfn::parse(&stack.definition.body, "template").unwrap_or_default();
    let metadata = template.resources.get(id.as_str()).and_then(|resource| resource.metadata.as_ref());
    let mut detail = resource_json(stack, record, "LastUpdatedTimestamp");
    if let Some(metadata) = metadata {
        detail["Metadata"] = json!(metadata.to_json().to_string());
    }
    Ok(json!({"StackResourceDetail": detail}))
}

pub(super) fn resources(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let memory = engine.model.memory();
    let stack = match (text(input, "StackName"), text(input, "PhysicalResourceId")) {
        (Some(name), _) => {
            memory.stack(&name).ok_or_else(|| refusal(format!("Stack with id {name} does not exist")))?
        }
        (None, Some(physical)) => {
            let has = |stack: &&Stack| stack.resources.values().any(|record| record.physical_id() == Some(&*physical));
            let stack = memory.stacks.values().find(has);
            stack.ok_or_else(|| refusal(format!("Stack for {physical} does not exist")))?
        }
        (None, None) => return Err(refusal("Either StackName or PhysicalResourceId must be specified")),
    };
    let wanted = text(input, "LogicalResourceId");
    let chosen = stack.resources.values().filter(|record| wanted.as_ref().is_none_or(|id| *id == record.logical_id));
    // The API gives at most 100 here, without pages.
    let told: Vec<Value> = chosen.take(PAGE).map(|record| resource_json(stack, record, "Timestamp")).collect();
    Ok(json!({"StackResources": told}))
}

fn resource_json(stack: &Stack, record: &ResourceRecord, time: &str) -> Value {
    object([
        ("StackName", json!(stack.name)),
        ("StackId", json!(stack.id)),
        ("LogicalResourceId", json!(record.logical_id)),
        ("PhysicalResourceId", json!(record.physical_id())),
        ("ResourceType", json!(record.kind)),
        (time, json!(iso_ms(record.updated_ms))),
        ("ResourceStatus", json!(record.status.text())),
        ("ResourceStatusReason", json!(record.reason)),
        ("DriftInformation", json!({"StackResourceDriftStatus": "NOT_CHECKED"})),
    ])
}

pub(super) fn list_resources(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let records: Vec<ResourceRecord> = find(engine, &name, |stack| stack.resources.values().cloned().collect())?;
    let (summaries, next) = page(input, PAGE, &records, |record| {
        object([
            ("LogicalResourceId", json!(record.logical_id)),
            ("PhysicalResourceId", json!(record.physical_id())),
            ("ResourceType", json!(record.kind)),
            ("LastUpdatedTimestamp", json!(iso_ms(record.updated_ms))),
            ("ResourceStatus", json!(record.status.text())),
            ("ResourceStatusReason", json!(record.reason)),
            ("DriftInformation", json!({"StackResourceDriftStatus": "NOT_CHECKED"})),
        ])
    })?;
    Ok(object([("StackResourceSummaries", summaries), ("NextToken", next)]))
}

pub(super) fn exports(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let exports: Vec<Value> = {
        let memory = engine.model.memory();
        let live = memory.stacks.values().filter(|stack| stack.status != Status::DeleteComplete);
        live.flat_map(|stack| stack.outputs.iter().map(move |output| (stack, output)))
            .filter_map(|(stack, output)| {
                let name = output.export.as_ref()?;
                Some(json!({"ExportingStackId": stack.id, "Name": name, "Value": output.value}))
            })
            .collect()
    };
    let (exports, next) = page(input, PAGE, &exports, Value::clone)?;
    Ok(object([("Exports", exports), ("NextToken", next)]))
}

pub(super) fn imports(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "ExportName")?;
    let importers = {
        let memory = engine.model.memory();
        if memory.export(&name).is_none() {
            return Err(refusal(format!("Export '{name}' does not exist.")));
        }
        memory.importers(&name)
    };
    if importers.is_empty() {
        return Err(refusal(format!("Export '{name}' is not imported by any stack.")));
    }
    let (imports, next) = page(input, PAGE, &importers, |name| json!(name))?;
    Ok(object([("Imports", imports), ("NextToken", next)]))
}
