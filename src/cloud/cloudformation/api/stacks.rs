//! Creating, updating and deleting stacks: the checks before an operation begins. The work goes on in the background.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{flag, required, tags, templates, text, texts};
use crate::base::StackName;
use crate::cloud::cloudformation::dynamic;
use crate::cloud::cloudformation::engine::Engine;
use crate::cloud::cloudformation::foretell::Foretold;
use crate::cloud::cloudformation::parameters;
use crate::cloud::cloudformation::prepare::{
    Ready, check_capabilities, read_template, refusal, refuse_unbuilt, wanted_capability,
};
use crate::cloud::cloudformation::record::{Definition, OnFailure, Stack, Status};
use crate::cloud::service::ApiError;

/// Members of requests that the embedded cloud would have to pretend.
const UNBUILT: &[&str] = &[
    "StackPolicyBody",
    "StackPolicyURL",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "RollbackConfiguration",
    "NotificationARNs",
    "ResourceTypes",
    "ResourcesToImport",
    "ImportExistingResources",
    "DeploymentMode",
    "RoleARN",
    "RetainExceptOnCreate",
];

pub(super) fn create(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    refuse_unbuilt(input, UNBUILT)?;
    refuse_unbuilt(input, &["TimeoutInMinutes"])?;
    let name = stack_name(&required(input, "StackName")?)?;
    let token = text(input, "ClientRequestToken");
    let existing = engine.model.memory().stack(&name).map(|stack| (stack.id.clone(), stack.tokens.clone()));
    if let Some((id, tokens)) = existing {
        if token.as_ref().is_some_and(|token| tokens.get(token).is_some_and(|action| action == "CreateStack")) {
            return Ok(json!({"StackId": id}));
        }
        return Err(ApiError::new("AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    let id = engine.new_stack_id(&name);
    let (ready, foretold) = ready(engine, input, (&id, &name), None)?;
    check_nested_capabilities(&ready, &foretold)?;
    let mut stack = new_stack(engine, &id, &name, on_failure(input)?);
    stack.definition = ready.definition.clone();
    stack.protected = flag(input, "EnableTerminationProtection");
    stack.status = Status::CreateInProgress;
    remember_token(&mut stack, token, "CreateStack");
    engine.model.insert_stack(stack)?;
    engine.model.stack_event(&id, Status::CreateInProgress, Some("User Initiated"));
    let work = Arc::clone(engine).create_stack(id.clone(), ready);
    tokio::spawn(async move {
        let _ = work.await;
    });
    Ok(json!({"StackId": id}))
}

pub(super) fn update(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    refuse_unbuilt(input, UNBUILT)?;
    refuse_unbuilt(input, &["DisableRollback"])?;
    let name = required(input, "StackName")?;
    let token = text(input, "ClientRequestToken");
    let stack = engine.model.memory().stack(&name).cloned();
    let Some(stack) = stack.filter(|stack| stack.status != Status::DeleteComplete) else {
        return Err(refusal(format!("Stack [{name}] does not exist")));
    };
    let repeated = |token: &String| stack.tokens.get(token).is_some_and(|action| action == "UpdateStack");
    if token.as_ref().is_some_and(repeated) {
        return Ok(json!({"StackId": stack.id}));
    }
    check_updatable(&stack)?;
    let (ready, foretold) = ready(engine, input, (&stack.id, &stack.name), Some(&stack))?;
    check_nested_capabilities(&ready, &foretold)?;
    if !foretold.has_changes() {
        return Err(refusal("No updates are to be performed."));
    }
    begin_update(engine, &stack.id, ready, token, "UpdateStack")?;
    Ok(json!({"StackId": stack.id}))
}

/// Begins an update in the background, unless another one was quicker.
pub(super) fn begin_update(
    engine: &Arc<Engine>,
    id: &str,
    ready: Ready,
    token: Option<String>,
    action: &str,
) -> Result<(), ApiError> {
    let claimed = engine.model.change_stack(id, |stack| {
        check_updatable(stack)?;
        stack.status = Status::UpdateInProgress;
        remember_token(stack, token.clone(), action);
        Ok(())
    });
    claimed.unwrap_or_else(|| Err(refusal(format!("Stack [{id}] does not exist"))))?;
    engine.begin_update(id, ready.definition.clone(), token);
    let (engine, id) = (Arc::clone(engine), id.to_owned());
    tokio::spawn(async move {
        if Arc::clone(&engine).update_stack(id.clone(), ready).await.is_ok() {
            engine.clean_up(id).await;
        }
    });
    Ok(())
}

pub(super) fn check_updatable(stack: &Stack) -> Result<(), ApiError> {
    if stack.status.is_updatable() {
        return Ok(());
    }
    let Stack { id, status, .. } = stack;
    Err(refusal(format!("Stack:{id} is in {} state and can not be updated.", status.text())))
}

pub(super) fn delete(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    refuse_unbuilt(input, &["RoleARN"])?;
    if let Some(mode) = text(input, "DeletionMode").filter(|mode| mode != "STANDARD") {
        return Err(ApiError::not_built("cloudformation", &format!("DeletionMode {mode}")));
    }
    let name = required(input, "StackName")?;
    let Some((id, status)) = engine.model.memory().stack(&name).map(|stack| (stack.id.clone(), stack.status)) else {
        return Ok(json!({}));
    };
    let retained: BTreeSet<String> = texts(input, "RetainResources").into_iter().collect();
    if !retained.is_empty() && status != Status::DeleteFailed {
        return Err(refusal(format!(
            "Invalid operation on stack [{id}]. To delete a stack with RetainResources specified, the stack must be in \
             DELETE_FAILED state"
        )));
    }
    let token = text(input, "ClientRequestToken");
    let claimed = engine.model.change_stack(&id, |stack| {
        if matches!(stack.status, Status::DeleteComplete | Status::DeleteInProgress) {
            return Ok(false);
        }
        if stack.protected {
            return Err(refusal(format!(
                "Stack [{}] cannot be deleted while TerminationProtection is enabled",
                stack.name
            )));
        }
        if stack.status.is_busy() {
            let (name, status) = (&stack.name, stack.status.text());
            return Err(refusal(format!("Stack [{name}] cannot be deleted while in status {status}")));
        }
        stack.status = Status::DeleteInProgress;
        remember_token(stack, token, "DeleteStack");
        Ok(true)
    });
    if claimed.transpose()? != Some(true) {
        return Ok(json!({}));
    }
    let change_sets: Vec<String> = {
        let memory = engine.model.memory();
        memory.change_sets.values().filter(|set| set.stack_id == id).map(|set| set.id.clone()).collect()
    };
    for change_set in change_sets {
        engine.model.remove_change_set(&change_set)?;
    }
    engine.model.stack_event(&id, Status::DeleteInProgress, Some("User Initiated"));
    let work = Arc::clone(engine).delete_stack(id, retained);
    tokio::spawn(async move {
        let _ = work.await;
    });
    Ok(json!({}))
}

pub(super) fn cancel_update(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let Some((id, status)) = engine.model.memory().stack(&name).map(|stack| (stack.id.clone(), stack.status)) else {
        return Err(refusal(format!("Stack [{name}] does not exist")));
    };
    if status != Status::UpdateInProgress {
        return Err(refusal("CancelUpdateStack cannot be called from current stack status"));
    }
    engine.model.change_stack(&id, |stack| stack.cancelled = true);
    Ok(json!({}))
}

pub(super) fn continue_rollback(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    refuse_unbuilt(input, &["RoleARN"])?;
    let name = required(input, "StackName")?;
    let Some(id) = engine.model.memory().stack(&name).map(|stack| stack.id.clone()) else {
        return Err(refusal(format!("Stack [{name}] does not exist")));
    };
    let claimed = engine.model.change_stack(&id, |stack| {
        if stack.status != Status::UpdateRollbackFailed {
            let status = stack.status.text();
            return Err(refusal(format!("Stack:{} is in {status} state and can not continue rollback.", stack.id)));
        }
        stack.status = Status::UpdateRollbackInProgress;
        Ok(())
    });
    claimed.transpose()?;
    for logical_id in texts(input, "ResourcesToSkip") {
        // What is skipped is taken for rolled back, as it is.
        engine.model.change_resource(&id, &logical_id, |record| record.touched = None);
    }
    engine.model.stack_event(&id, Status::UpdateRollbackInProgress, Some("User Initiated"));
    tokio::spawn(Arc::clone(engine).roll_back_update(id));
    Ok(json!({}))
}

pub(super) fn protect(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let found = super::find(engine, &name, |stack| (stack.id.clone(), stack.parent.is_some()))?;
    if found.1 {
        return Err(refusal("Termination protection can only be enabled on the root stack"));
    }
    let wanted = flag(input, "EnableTerminationProtection");
    engine.model.change_stack(&found.0, |stack| stack.protected = wanted);
    Ok(json!({"StackId": found.0}))
}

/// What a request wants a stack to be, ready, and what that would change.
pub(super) fn ready(
    engine: &Engine,
    input: &Value,
    (id, name): (&str, &str),
    previous: Option<&Stack>,
) -> Result<(Ready, Foretold), ApiError> {
    let body = match (templates::body(engine, input)?, previous) {
        (Some(body), _) => body,
        (None, Some(stack)) if flag(input, "UsePreviousTemplate") => stack.definition.body.clone(),
        _ => return Err(refusal("Either Template URL or Template Body must be specified.")),
    };
    let template = read_template(&body, &engine.handlers)?;
    let capabilities = texts(input, "Capabilities");
    check_capabilities(wanted_capability(&template), &capabilities)?;
    let given = parameters::given(input)?;
    let values = parameters::settle(&template, &given, previous.map(|stack| &stack.definition.parameters))?;
    let tags = match (tags(input), previous) {
        (Some(tags), _) => tags,
        (None, Some(stack)) => stack.definition.tags.clone(),
        (None, None) => Vec::new(),
    };
    let resolved = dynamic::of_parameters(&*engine.values, &template, &values)?;
    let definition = Definition { body, parameters: values, resolved, tags, capabilities };
    let ready = engine.prepare(&definition, &engine.facts(id, name))?;
    let mut foretold = engine.foretell(id, &ready, 0)?;
    name.clone_into(&mut foretold.stack_name);
    Ok((ready, foretold))
}

/// The capabilities that nested templates want must have been acknowledged for the whole.
pub(super) fn check_nested_capabilities(ready: &Ready, foretold: &Foretold) -> Result<(), ApiError> {
    fn check(foretold: &Foretold, given: &[String]) -> Result<(), ApiError> {
        for (definition, inner) in foretold.nested.values() {
            let template = crate::cfn::parse(&definition.body, "template").unwrap_or_default();
            check_capabilities(wanted_capability(&template), given)?;
            check(inner, given)?;
        }
        Ok(())
    }
    check(foretold, &ready.definition.capabilities)
}

fn stack_name(text: &str) -> Result<String, ApiError> {
    StackName::new(text).map(|name| name.to_string()).map_err(|_| {
        refusal(format!(
            "1 validation error detected: Value '{text}' at 'stackName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        ))
    })
}

pub(super) fn on_failure(input: &Value) -> Result<OnFailure, ApiError> {
    let disabled = flag(input, "DisableRollback");
    let wanted = text(input, "OnFailure").or_else(|| text(input, "OnStackFailure"));
    match (disabled, wanted.as_deref()) {
        (true, Some(_)) => Err(refusal("You can specify either OnFailure or DisableRollback, but not both.")),
        (true, None) | (false, Some("DO_NOTHING")) => Ok(OnFailure::DoNothing),
        (false, Some("ROLLBACK") | None) => Ok(OnFailure::Rollback),
        (false, Some("DELETE")) => Ok(OnFailure::Delete),
        (false, Some(other)) => Err(refusal(format!(
            "1 validation error detected: Value '{other}' at 'onFailure' failed to satisfy constraint: Member must \
             satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]"
        ))),
    }
}

pub(super) fn new_stack(engine: &Engine, id: &str, name: &str, on_failure: OnFailure) -> Stack {
    Stack {
        id: id.to_owned(),
        name: name.to_owned(),
        status: Status::ReviewInProgress,
        reason: None,
        definition: Definition::default(),
        outputs: Vec::new(),
        imports: Vec::new(),
        before: None,
        leftovers: Vec::new(),
        created_ms: engine.shared.clock.now_ms(),
        updated_ms: None,
        deleted_ms: None,
        parent: None,
        root: None,
        change_set: None,
        protected: false,
        on_failure,
        tokens: BTreeMap::new(),
        token: None,
        cancelled: false,
        resources: IndexMap::new(),
        events: Vec::new(),
    }
}

pub(super) fn remember_token(stack: &mut Stack, token: Option<String>, action: &str) {
    if let Some(token) = &token {
        stack.tokens.insert(token.clone(), action.to_owned());
    }
    stack.token = token;
}
