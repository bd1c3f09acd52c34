//! A machine on trial: what fails with an input that is given, as far as no service has to answer for it.
//!
//! States are entered one after the other, from the first. After a task whose result decides what comes next nothing is
//! known any more, and the trial ends there.

use std::sync::Arc;

use serde_json::{Value, json};

use super::fault::Fault;
use super::finding::{Finding, FindingCode};
use super::run::{Code, Entered, Situation, Step, item_context};
use super::template::Placement;
use super::{Branch, Flow, Machine, State, Variables};
use crate::base::Ids;

/// How many states are entered; loops end here.
const MOST_STATES: usize = 1_000;

/// Every fault of the states that can be entered without an answer of a service.
pub fn trial(machine: &Machine, input: &Value, ids: &Arc<dyn Ids>) -> Vec<Finding> {
    let Ok(code) = Code::compile(&machine.root) else { return Vec::new() };
    let context = json!({
        "Execution": {
            "Id": "arn:aws:states:us-east-1:000000000000:execution:trial:trial", "Input": input, "Name": "trial",
            "RoleArn": "arn:aws:iam::000000000000:role/trial", "StartTime": "2026-01-01T00:00:00.000Z",
        },
        "StateMachine": { "Id": "arn:aws:states:us-east-1:000000000000:stateMachine:trial", "Name": "trial" },
    });
    let mut trial = Trial { ids, findings: Vec::new(), entered: 0 };
    trial.branch(&machine.root, &code, input.clone(), &mut Variables::new(), &context);
    trial.findings
}

struct Trial<'t> {
    ids: &'t Arc<dyn Ids>,
    findings: Vec<Finding>,
    entered: usize,
}

impl Trial<'_> {
    /// The output of a branch, when it is known.
    fn branch(
        &mut self,
        branch: &Branch,
        code: &Code,
        mut input: Value,
        variables: &mut Variables,
        context: &Value,
    ) -> Option<Value> {
        let mut name = Arc::clone(code.start());
        loop {
            let (step, state) = (code.step(&name)?, branch.states.get(&name)?);
            self.entered += 1;
            if self.entered > MOST_STATES {
                return None;
            }
            let context = with_state(context, state);
            // A trial has no time of its own: expressions see the beginning of 1970.
            let situation = Situation { input: &input, context: &context, variables, ids: self.ids, now_ms: 0 };
            let exit = match self.state(state, step, &situation) {
                Ok(exit) => exit?,
                Err(fault) => {
                    self.fault(state, &fault);
                    return None;
                }
            };
            input = exit.output;
            variables.extend(exit.assigned);
            match exit.next {
                Some(next) => name = next,
                None => return Some(input),
            }
        }
    }

    /// How a state is left; `None` where only a service knows.
    fn state(
        &mut self,
        state: &State,
        step: &Step,
        situation: &Situation<'_>,
    ) -> Result<Option<super::run::Exit>, Fault> {
        match step.enter(situation)? {
            Entered::Left(exit) => Ok(Some(exit)),
            Entered::Waits(_) => step.waited(situation).map(Some),
            Entered::Works(_) if drops_result(state) => step.leave(situation, Value::Null).map(Some),
            Entered::Fails { .. } | Entered::Works(_) => Ok(None),
            Entered::Branches(given) => {
                let mut outputs = Vec::new();
                for (inner, code) in state.branches().iter().zip(step.branches()) {
                    let mut variables = situation.variables.clone();
                    outputs.push(self.branch(inner, code, given.clone(), &mut variables, situation.context));
                }
                match outputs.into_iter().collect::<Option<Vec<Value>>>() {
                    Some(outputs) => step.leave(situation, Value::Array(outputs)).map(Some),
                    None => Ok(None),
                }
            }
            Entered::Iterates(work) => {
                step.settings(situation)?;
                // One item stands for all of them: they are alike, and their number has no end.
                let Some(item) = work.items.as_ref().and_then(|items| items.first()) else { return Ok(None) };
                let mut context = situation.context.clone();
                context["Map"] = item_context(0, item);
                let given = step.iteration(&Situation { context: &context, ..*situation }, item)?;
                if let (Some(code), [inner]) = (step.processor(), state.branches()) {
                    let mut variables = situation.variables.clone();
                    self.branch(inner, code, given, &mut variables, &context);
                }
                Ok(None)
            }
        }
    }

    fn fault(&mut self, state: &State, fault: &Fault) {
        let common = state.common();
        let location = match &fault.location {
            Some(field) => format!("{}/{field}", common.location),
            None => common.location.to_string(),
        };
        let reason = format!("with this input it fails, {fault}");
        let finding = Finding::new(FindingCode::Runtime, &location, &common.span, fault.to_string())
            .because(reason.trim_end_matches('.'))
            .hint("mend the path or the expression, or let the input have what it reads");
        self.findings.push(Finding { told_by_aws: false, ..finding });
    }
}

/// Whether what a task gives is dropped, so that its input goes on.
fn drops_result(state: &State) -> bool {
    let State::Task(task) = state else { return false };
    match &task.flow {
        Flow::Path(flow) => {
            matches!(flow.result, Placement::Discard) && flow.result_selector.is_none() && task.assign.is_none()
        }
        Flow::Jsonata { .. } => false,
    }
}

/// The context object in a state.
fn with_state(context: &Value, state: &State) -> Value {
    let mut context = context.clone();
    let name = &*state.common().name;
    context["State"] = json!({ "Name": name, "EnteredTime": "2026-01-01T00:00:00.000Z", "RetryCount": 0 });
    if let State::Task(_) = state {
        context["Task"] = json!({ "Token": "trial" });
    }
    context
}

#[cfg(test)]
mod tests;
