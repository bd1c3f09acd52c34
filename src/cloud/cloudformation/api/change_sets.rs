//! Change sets: what a deployment would change, kept until it is executed or deleted; nested stacks have their own.

use std::sync::Arc;

use serde_json::{Value, json};

use super::stacks::{
    begin_update, check_nested_capabilities, check_updatable, new_stack, on_failure, ready, remember_token,
};
use super::{PAGE, flag, object, page, required, text};
use crate::base::clock::iso_ms;
use crate::cloud::cloudformation::engine::Engine;
use crate::cloud::cloudformation::foretell::Foretold;
use crate::cloud::cloudformation::prepare::{refusal, refuse_unbuilt};
use crate::cloud::cloudformation::record::{ChangeSetRecord, Definition, Stack, Status};
use crate::cloud::service::{ApiError, Shared};

const UNBUILT: &[&str] = &[
    "RollbackConfiguration",
    "NotificationARNs",
    "ResourceTypes",
    "ResourcesToImport",
    "ImportExistingResources",
    "DeploymentMode",
    "RoleARN",
];

/// The reason of a change set without changes.
const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

pub(super) fn create(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    refuse_unbuilt(input, UNBUILT)?;
    let (stack_name, name) = (required(input, "StackName")?, required(input, "ChangeSetName")?);
    let valid = name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !valid {
        return Err(refusal(format!(
            "1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    let creates = match text(input, "ChangeSetType").as_deref() {
        Some("CREATE") => true,
        Some("UPDATE") | None => false,
        Some(other) => return Err(ApiError::not_built("cloudformation", &format!("ChangeSetType {other}"))),
    };
    let existing = engine.model.memory().stack(&stack_name).cloned();
    let stack = target(engine, existing, (&stack_name, &name), creates, input)?;
    let taken = {
        let memory = engine.model.memory();
        memory.change_sets.values().any(|set| set.stack_id == stack.id && set.name == name)
    };
    if taken {
        let message = format!("ChangeSet {name} already exists for stack {}", stack.id);
        return Err(ApiError::new("AlreadyExistsException", message));
    }
    let previous = (!creates).then_some(&stack);
    let (ready, foretold) = ready(engine, input, (&stack.id, &stack.name), previous)?;
    check_nested_capabilities(&ready, &foretold)?;
    if creates && engine.model.memory().stacks.get(&stack.id).is_none() {
        engine.model.insert_stack(stack.clone())?;
        engine.model.stack_event(&stack.id, Status::ReviewInProgress, Some("User Initiated"));
    }
    let maker = Maker {
        engine,
        name,
        description: text(input, "Description"),
        creates,
        include_nested: flag(input, "IncludeNestedStacks"),
        on_failure: on_failure(input)?,
    };
    let id = maker.make(&foretold, (&stack.id, &stack.name), ready.definition.clone(), None)?;
    Ok(json!({"Id": id, "StackId": stack.id}))
}

/// The stack that a change set is for: one that exists, or one that is reserved for it.
fn target(
    engine: &Engine,
    existing: Option<Stack>,
    (stack_name, name): (&str, &str),
    creates: bool,
    input: &Value,
) -> Result<Stack, ApiError> {
    match existing {
        Some(stack) if creates && stack.status == Status::ReviewInProgress => Ok(stack),
        Some(stack) if creates => {
            let message =
                format!("Stack [{stack_name}] already exists and cannot be created again with the changeSet [{name}].");
            let busy = stack.status.is_busy();
            Err(if busy { refusal(message) } else { ApiError::new("AlreadyExistsException", message) })
        }
        Some(stack) => check_updatable(&stack).map(|()| stack),
        None if creates => {
            if crate::base::StackName::new(stack_name).is_err() {
                return Err(refusal(format!(
                    "1 validation error detected: Value '{stack_name}' at 'stackName' failed to satisfy constraint: Member \
                     must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
                )));
            }
            Ok(new_stack(engine, &engine.new_stack_id(stack_name), stack_name, on_failure(input)?))
        }
        None => Err(refusal(format!("Stack [{stack_name}] does not exist"))),
    }
}

/// Makes the records of a change set and of those nested in it.
struct Maker<'a> {
    engine: &'a Engine,
    name: String,
    description: Option<String>,
    creates: bool,
    include_nested: bool,
    on_failure: crate::cloud::cloudformation::record::OnFailure,
}

impl Maker<'_> {
    fn make(
        &self,
        foretold: &Foretold,
        (stack_id, stack_name): (&str, &str),
        definition: Definition,
        above: Option<(&str, &str)>,
    ) -> Result<String, ApiError> {
        let Shared { region, account, ids, clock, .. } = &*self.engine.shared;
        let name = match above {
            None => self.name.clone(),
            Some(_) => format!("{}-{}", self.name, ids.short(8)),
        };
        let id = format!("arn:aws:cloudformation:{region}:{account}:changeSet/{name}/{}", ids.uuid());
        let root = above.map_or(id.as_str(), |(_, root)| root);
        let mut changes = Vec::new();
        for change in &foretold.changes {
            let nested = match foretold.nested.get(&change.logical_id) {
                Some((inner_definition, inner)) if self.include_nested => {
                    let inner_id = inner.stack_id.clone().unwrap_or_default();
                    let names = (inner_id.as_str(), inner.stack_name.as_str());
                    Some(self.make(inner, names, inner_definition.clone(), Some((&id, root)))?)
                }
                _ => None,
            };
            changes.push(change.to_json(nested.as_deref()));
        }
        let good = foretold.has_changes();
        self.engine.model.put_change_set(ChangeSetRecord {
            id: id.clone(),
            name,
            stack_id: stack_id.to_owned(),
            stack_name: stack_name.to_owned(),
            description: self.description.clone(),
            status: if good { "CREATE_COMPLETE" } else { "FAILED" }.to_owned(),
            reason: (!good).then(|| NO_CHANGES.to_owned()),
            execution: if good { "AVAILABLE" } else { "UNAVAILABLE" }.to_owned(),
            creates: self.creates,
            definition,
            changes,
            created_ms: clock.now_ms(),
            include_nested: self.include_nested,
            parent: above.map(|(parent, _)| parent.to_owned()),
            root: above.map(|(_, root)| root.to_owned()),
            on_failure: self.on_failure,
        })?;
        Ok(id)
    }
}

/// The change set of `ChangeSetName` (a name needs `StackName` beside it).
pub(super) fn find(engine: &Engine, input: &Value, name: &str) -> Result<ChangeSetRecord, ApiError> {
    let memory = engine.model.memory();
    if let Some(set) = memory.change_sets.get(name) {
        return Ok(set.clone());
    }
    let missing = || ApiError::new("ChangeSetNotFound", format!("ChangeSet [{name}] does not exist")).status(404);
    if name.starts_with("arn:") {
        return Err(missing());
    }
    let Some(stack) = text(input, "StackName") else {
        return Err(refusal("StackName must be specified if ChangeSetName is not specified as an ARN."));
    };
    let Some(stack) = memory.stack(&stack) else {
        return Err(refusal(format!("Stack [{stack}] does not exist")));
    };
    let found = memory.change_sets.values().rfind(|set| set.stack_id == stack.id && set.name == name);
    found.cloned().ok_or_else(missing)
}

pub(super) fn describe(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let set = find(engine, input, &required(input, "ChangeSetName")?)?;
    let template = crate::cfn::parse(&set.definition.body, "template").unwrap_or_default();
    let parameters: Vec<Value> = set
        .definition
        .parameters
        .iter()
        .map(|(key, value)| {
            let hidden = template.parameters.get(key.as_str()).is_some_and(|parameter| parameter.no_echo);
            let pending = value == crate::cloud::cloudformation::lookup::PENDING;
            let shown = if hidden { "****" } else { value };
            let shown = if pending { "{{changeSet:KNOWN_AFTER_APPLY}}" } else { shown };
            let mut parameter = json!({"ParameterKey": key, "ParameterValue": shown});
            if let Some(resolved) = set.definition.resolved.get(key) {
                parameter["ResolvedValue"] = json!(if hidden { "****" } else { resolved });
            }
            parameter
        })
        .collect();
    let tags: Vec<Value> = set.definition.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let (changes, next) = page(input, PAGE, &set.changes, Value::clone)?;
    Ok(object([
        ("ChangeSetName", json!(set.name)),
        ("ChangeSetId", json!(set.id)),
        ("StackId", json!(set.stack_id)),
        ("StackName", json!(set.stack_name)),
        ("Description", json!(set.description)),
        ("Parameters", json!(parameters)),
        ("CreationTime", json!(iso_ms(set.created_ms))),
        ("ExecutionStatus", json!(set.execution)),
        ("Status", json!(set.status)),
        ("StatusReason", json!(set.reason)),
        ("NotificationARNs", json!([])),
        ("RollbackConfiguration", json!({})),
        ("Capabilities", json!(set.definition.capabilities)),
        ("Tags", json!(tags)),
        ("Changes", changes),
        ("NextToken", next),
        ("IncludeNestedStacks", json!(set.include_nested)),
        ("ParentChangeSetId", json!(set.parent)),
        ("RootChangeSetId", json!(set.root)),
    ]))
}

pub(super) fn list(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let sets: Vec<ChangeSetRecord> = {
        let memory = engine.model.memory();
        let Some(stack) = memory.stack(&name) else { return Err(refusal(format!("Stack [{name}] does not exist"))) };
        memory.change_sets.values().filter(|set| set.stack_id == stack.id).cloned().collect()
    };
    let (summaries, next) = page(input, PAGE, &sets, |set| {
        object([
            ("StackId", json!(set.stack_id)),
            ("StackName", json!(set.stack_name)),
            ("ChangeSetId", json!(set.id)),
            ("ChangeSetName", json!(set.name)),
            ("ExecutionStatus", json!(set.execution)),
            ("Status", json!(set.status)),
            ("StatusReason", json!(set.reason)),
            ("CreationTime", json!(iso_ms(set.created_ms))),
            ("Description", json!(set.description)),
            ("IncludeNestedStacks", json!(set.include_nested)),
            ("ParentChangeSetId", json!(set.parent)),
            ("RootChangeSetId", json!(set.root)),
        ])
    })?;
    Ok(object([("Summaries", summaries), ("NextToken", next)]))
}

pub(super) fn execute(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    refuse_unbuilt(input, &["RetainExceptOnCreate", "DisableRollback"])?;
    let set = find(engine, input, &required(input, "ChangeSetName")?)?;
    if set.parent.is_some() {
        return Err(refusal("ExecuteChangeSet is not permitted on nested change sets, execute the root change set"));
    }
    if set.execution != "AVAILABLE" {
        let message = format!(
            "ChangeSet [{}] cannot be executed in its current status of [{}]",
            set.id,
            if set.status == "FAILED" { &set.status } else { &set.execution }
        );
        return Err(ApiError::new("InvalidChangeSetStatus", message));
    }
    let token = text(input, "ClientRequestToken");
    let ready = engine.prepare(&set.definition, &engine.facts(&set.stack_id, &set.stack_name))?;
    if set.creates {
        let claimed = engine.model.change_stack(&set.stack_id, |stack| {
            if stack.status != Status::ReviewInProgress {
                let (id, status) = (&stack.id, stack.status.text());
                return Err(refusal(format!("Stack:{id} is in {status} state and can not be updated.")));
            }
            stack.status = Status::CreateInProgress;
            stack.definition = ready.definition.clone();
            stack.on_failure = set.on_failure;
            remember_token(stack, token, "ExecuteChangeSet");
            Ok(())
        });
        claimed.unwrap_or_else(|| Err(refusal(format!("Stack [{}] does not exist", set.stack_name))))?;
        finish_sets(engine, &set)?;
        engine.model.stack_event(&set.stack_id, Status::CreateInProgress, Some("User Initiated"));
        let work = Arc::clone(engine).create_stack(set.stack_id.clone(), ready);
        tokio::spawn(async move {
            let _ = work.await;
        });
    } else {
        begin_update(engine, &set.stack_id, ready, token, "ExecuteChangeSet")?;
        finish_sets(engine, &set)?;
    }
    Ok(json!({}))
}

/// The change set is done with, and so is every other one of its stack.
fn finish_sets(engine: &Engine, executed: &ChangeSetRecord) -> Result<(), ApiError> {
    let related: Vec<ChangeSetRecord> = {
        let memory = engine.model.memory();
        let sets = memory
            .change_sets
            .values()
            .filter(|set| set.stack_id == executed.stack_id || set.root.as_ref() == Some(&executed.id));
        sets.cloned().collect()
    };
    for mut set in related {
        let own = set.id == executed.id || set.root.as_ref() == Some(&executed.id);
        if own {
            "EXECUTE_COMPLETE".clone_into(&mut set.execution);
        } else if set.execution == "AVAILABLE" {
            "OBSOLETE".clone_into(&mut set.execution);
        }
        engine.model.put_change_set(set)?;
    }
    engine.model.change_stack(&executed.stack_id, |stack| stack.change_set = Some(executed.id.clone()));
    Ok(())
}

pub(super) fn delete(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let set = match find(engine, input, &required(input, "ChangeSetName")?) {
        Ok(set) => set,
        // Deleting what is gone succeeds, as in AWS.
        Err(error) if error.code == "ChangeSetNotFound" => return Ok(json!({})),
        Err(error) => return Err(error),
    };
    let nested: Vec<String> = {
        let memory = engine.model.memory();
        let inner = memory.change_sets.values().filter(|other| other.root.as_ref() == Some(&set.id));
        inner.map(|other| other.id.clone()).collect()
    };
    for id in nested.iter().chain([&set.id]) {
        engine.model.remove_change_set(id)?;
    }
    Ok(json!({}))
}
