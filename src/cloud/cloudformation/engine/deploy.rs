//! A stack created or updated as a whole: its resources, its outputs, and how it ends.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::Engine;
use super::step::Deployment;
use crate::base::BoxFuture;
use crate::cfn::evaluate::scalar_text;
use crate::cfn::{EvaluateError, Intrinsic};
use crate::cloud::cloudformation::dynamic;
use crate::cloud::cloudformation::prepare::{Prepared, Ready};
use crate::cloud::cloudformation::record::{OnFailure, OutputRecord, Status};
use crate::cloud::cloudformation::schedule::{self, AfterFailure};

impl Engine {
    /// Creates what the stack, which is `CREATE_IN_PROGRESS`, wants. The error is the reason of the failure; the stack
    /// has been rolled back then, as its user wished.
    pub(in crate::cloud) fn create_stack(
        self: Arc<Self>,
        stack_id: String,
        ready: Ready,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let reason = match self.deploy(&stack_id, &ready).await {
                Ok(()) => {
                    self.forget_touched(&stack_id);
                    self.model.stack_event(&stack_id, Status::CreateComplete, None);
                    return Ok(());
                }
                Err(reason) => reason,
            };
            let on_failure = self.model.with_stack(&stack_id, |stack| stack.on_failure).unwrap_or_default();
            match on_failure {
                OnFailure::DoNothing => {
                    self.forget_touched(&stack_id);
                    self.model.stack_event(&stack_id, Status::CreateFailed, Some(&reason));
                }
                OnFailure::Rollback => {
                    let told = format!("{reason}Rollback requested by user.");
                    self.model.stack_event(&stack_id, Status::RollbackInProgress, Some(&told));
                    Arc::clone(&self).roll_back_creation(&stack_id).await;
                }
                OnFailure::Delete => {
                    let told = format!("{reason}Delete requested by user.");
                    self.model.stack_event(&stack_id, Status::DeleteInProgress, Some(&told));
                    let _ = Arc::clone(&self).delete_stack(stack_id.clone(), BTreeSet::new()).await;
                }
            }
            Err(reason)
        })
    }

    /// Updates the stack, which is `UPDATE_IN_PROGRESS`, up to where only the cleanup is left. The error is the reason
    /// of the failure; the stack has been rolled back then.
    pub(in crate::cloud) fn update_stack(
        self: Arc<Self>,
        stack_id: String,
        ready: Ready,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let Err(reason) = self.deploy(&stack_id, &ready).await else {
                self.model.stack_event(&stack_id, Status::UpdateCleanup, None);
                return Ok(());
            };
            self.model.stack_event(&stack_id, Status::UpdateRollbackInProgress, Some(&reason));
            self.roll_back_update(stack_id).await;
            Err(reason)
        })
    }

    /// Brings every resource and the outputs to what is wanted.
    async fn deploy(self: &Arc<Self>, stack_id: &str, ready: &Ready) -> Result<(), String> {
        let stack_name = self.model.with_stack(stack_id, |stack| stack.name.clone()).unwrap_or_default();
        let deployment = Arc::new(Deployment {
            stack_id: stack_id.to_owned(),
            stack_name,
            ready: Arc::clone(ready),
            silenced: Mutex::default(),
        });
        let creating = self.model.memory().stacks.get(stack_id).is_some_and(|stack| stack.before.is_none());
        let start = |id: &str| {
            if self.is_cancelled(stack_id) {
                return Box::pin(async { false }) as BoxFuture<'static, bool>;
            }
            Arc::clone(self).step(Arc::clone(&deployment), id.to_owned())
        };
        let failed = |id: &str, running: &BTreeSet<String>| {
            self.tell_panic(&deployment, id);
            self.silence(&deployment, running);
        };
        let failures = schedule::run(&ready.waits(), AfterFailure::Stop, start, failed).await;
        if self.is_cancelled(stack_id) {
            return Err("User Initiated".to_owned());
        }
        if !failures.is_empty() {
            let done = if creating { "create" } else { self.failed_word(stack_id, &failures) };
            return Err(format!("The following resource(s) failed to {done}: [{}]. ", failures.join(", ")));
        }
        self.settle_outputs(stack_id, ready)
    }

    /// What the failed resources of an update failed to do.
    fn failed_word(&self, stack_id: &str, failures: &[String]) -> &'static str {
        let memory = self.model.memory();
        let status = |id: &String| memory.stacks.get(stack_id)?.resources.get(id).map(|record| record.status);
        let all_new = failures.iter().all(|id| status(id) == Some(Status::CreateFailed));
        if all_new { "create" } else { "update" }
    }

    fn is_cancelled(&self, stack_id: &str) -> bool {
        self.model.memory().stacks.get(stack_id).is_some_and(|stack| stack.cancelled)
    }

    /// A handler that panicked has not told its failure.
    fn tell_panic(&self, deployment: &Deployment, id: &str) {
        let status = {
            let memory = self.model.memory();
            let record = memory.stacks.get(&deployment.stack_id).and_then(|stack| stack.resources.get(id));
            record.map(|record| record.status)
        };
        let failed = match status {
            Some(Status::CreateInProgress) => Status::CreateFailed,
            Some(Status::UpdateInProgress) => Status::UpdateFailed,
            _ => return,
        };
        let kind = deployment.ready.template.resources[id].kind.as_str();
        self.tell_failure(deployment, (id, kind), failed, "Internal Failure");
    }

    fn forget_touched(&self, stack_id: &str) {
        let touched: Vec<String> = {
            let memory = self.model.memory();
            let resources = memory.stacks.get(stack_id).into_iter().flat_map(|stack| stack.resources.values());
            resources.filter(|record| record.touched.is_some()).map(|record| record.logical_id.clone()).collect()
        };
        for id in touched {
            self.model.change_resource(stack_id, &id, |record| record.touched = None);
        }
    }

    /// Evaluates the outputs, and checks the exports against other stacks.
    fn settle_outputs(&self, stack_id: &str, ready: &Ready) -> Result<(), String> {
        let (outputs, imports) = {
            let memory = self.model.memory();
            let Some(stack) = memory.stacks.get(stack_id) else { return Err("the stack is gone".to_owned()) };
            let evaluate = |value: &crate::cfn::Value| {
                self.evaluate(&memory, stack, ready, value)
                    .map_err(|error| match error {
                        EvaluateError::UnknownExport(name) => format!("No export named {name} found. "),
                        other => format!("{other}. "),
                    })
                    .and_then(|value| dynamic::plain(&*self.values, value).map_err(|reason| format!("{reason} ")))
            };
            let mut outputs = Vec::new();
            for (id, output) in &ready.template.outputs {
                let condition = output.condition.as_ref();
                if condition.is_some_and(|name| !ready.conditions.get(name.as_str()).copied().unwrap_or(false)) {
                    continue;
                }
                let text = |value: Value| {
                    let refused = format!("Template format error: Output {id} is malformed. ");
                    scalar_text(&value).ok_or(refused)
                };
                let export = match &output.export {
                    Some(name) => Some(text(evaluate(name)?)?),
                    None => None,
                };
                outputs.push(OutputRecord {
                    key: id.to_string(),
                    value: text(evaluate(&output.value)?)?,
                    description: output.description.clone(),
                    export,
                });
            }
            for name in outputs.iter().filter_map(|output| output.export.as_deref()) {
                let other = memory.export(name).filter(|(other, _)| other.id != stack_id);
                if let Some((other, _)) = other {
                    return Err(format!("Export with name {name} is already exported by stack {}. ", other.name));
                }
            }
            for old in &stack.outputs {
                let Some(name) = &old.export else { continue };
                let new = outputs.iter().find(|output| output.export.as_ref() == Some(name));
                let users = memory.importers(name);
                let Some(user) = users.first() else { continue };
                match new {
                    None => return Err(format!("Export {name} cannot be deleted as it is in use by {user}. ")),
                    Some(new) if new.value != old.value => {
                        return Err(format!("Export {name} cannot be updated as it is in use by {user}. "));
                    }
                    Some(_) => {}
                }
            }
            (outputs, Self::imports(&evaluate, ready))
        };
        self.model.change_stack(stack_id, |stack| {
            stack.outputs = outputs;
            stack.imports = imports;
        });
        Ok(())
    }

    /// The exports that the stack's values use.
    fn imports(evaluate: &dyn Fn(&crate::cfn::Value) -> Result<Value, String>, ready: &Prepared) -> Vec<String> {
        let mut names = BTreeSet::new();
        let resources = ready.active().map(|(_, resource)| &resource.properties);
        for value in resources.chain(ready.template.outputs.values().map(|output| &output.value)) {
            collect_imports(value, ready, &mut |name| {
                if let Ok(Value::String(name)) = evaluate(name) {
                    names.insert(name);
                }
            });
        }
        names.into_iter().collect()
    }
}

/// Calls `found` with the name of every `Fn::ImportValue` that is reached under the conditions.
fn collect_imports(value: &crate::cfn::Value, ready: &Prepared, found: &mut dyn FnMut(&crate::cfn::Value)) {
    match value {
        crate::cfn::Value::List(list) => list.iter().for_each(|item| collect_imports(item, ready, found)),
        crate::cfn::Value::Map(map) => map.values().for_each(|item| collect_imports(item, ready, found)),
        crate::cfn::Value::Call(call) => match &**call {
            Intrinsic::ImportValue(name) => found(name),
            Intrinsic::If(condition, then, otherwise) => {
                let holds = ready.conditions.get(condition.as_str()).copied().unwrap_or(false);
                collect_imports(if holds { then } else { otherwise }, ready, found);
            }
            other => other.arguments().into_iter().for_each(|argument| collect_imports(argument, ready, found)),
        },
        _ => {}
    }
}
