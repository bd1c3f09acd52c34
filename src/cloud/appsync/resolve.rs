//! Runs the resolver of a field: handlers in a sandbox, data sources between them.
//!
//! A resolver runs on one worker from beginning to end, unless a step of it asks a function: then it stops there, holds
//! no worker, and goes on with the answer. Not here: what becomes of its value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::authorize::Requester;
use super::compiled::{Code, Resolver, Step};
use super::datasource::{self, Answer, Backends, Origin};
use super::fault::Fault;
use super::js::{Outcome, Problem, Sandbox, SandboxError};

/// One field to resolve, with all that its handlers may see.
#[derive(Debug)]
pub(in crate::cloud::appsync) struct FieldCall {
    pub resolver: Arc<Resolver>,
    pub backends: Backends,
    pub requester: Arc<Requester>,
    /// The members of the context that are the same for all fields of a request, as JSON without braces.
    pub fixed: Arc<str>,
    pub arguments: Map<String, Value>,
    pub source: Value,
    /// `ctx.info`.
    pub info: Value,
    pub type_name: String,
    pub field_name: String,
}

/// What came of it.
#[derive(Debug, Default)]
pub(in crate::cloud::appsync) struct Resolved {
    pub value: Value,
    /// Raised and appended errors, without their paths.
    pub faults: Vec<Fault>,
    /// `util.http.addResponseHeader`.
    pub headers: BTreeMap<String, String>,
    /// `extensions.setSubscriptionFilter` and the like.
    pub filters: Vec<Value>,
}

/// The state of one resolver's run.
struct Run<'a> {
    sandbox: &'a mut Sandbox,
    call: &'a FieldCall,
    /// The part of the context that no step changes, without the closing brace.
    base: String,
    stash: Value,
    resolved: Resolved,
}

/// The step ended with a value, or the whole resolver did.
enum Next {
    Value(Value),
    End(Value),
}

/// What became of a request handler.
enum Requested {
    /// It returned early.
    Early(Next),
    Answered(Answer),
    /// It asks a function.
    Waits(Value),
}

/// How far a resolver came.
#[derive(Debug)]
pub(in crate::cloud::appsync) enum Progress {
    Done(Resolved),
    Waits(Box<Waiting>),
}

/// A resolver that stopped at a step which asks a function.
#[derive(Debug)]
pub(in crate::cloud::appsync) struct Waiting {
    /// Which step, from 0.
    pub step: usize,
    /// What its request handler returned.
    pub request: Value,
    previous: Value,
    stash: Value,
    resolved: Resolved,
}

impl Waiting {
    /// What is left of the resolver when it cannot go on.
    pub(in crate::cloud::appsync) fn failed(mut self, fault: Fault) -> Resolved {
        self.resolved.faults.push(fault);
        self.resolved
    }
}

/// Where a resolver begins or goes on.
struct Place {
    step: usize,
    previous: Value,
    answer: Option<Answer>,
}

/// Resolves a field, from the beginning or from where it waited for an answer.
pub(in crate::cloud::appsync) fn resolve(
    sandbox: &mut Sandbox,
    call: &FieldCall,
    resumed: Option<(Waiting, Answer)>,
) -> Progress {
    let base = format!(
        "{{{},\"arguments\":{},\"source\":{},\"info\":{}",
        call.fixed,
        Value::Object(call.arguments.clone()),
        call.source,
        call.info
    );
    let (place, stash, resolved) = match resumed {
        Some((Waiting { step, previous, stash, resolved, .. }, answer)) => {
            (Some(Place { step, previous, answer: Some(answer) }), stash, resolved)
        }
        None => (None, json!({}), Resolved::default()),
    };
    let mut run = Run { sandbox, call, base, stash, resolved };
    let flow = match &*call.resolver {
        Resolver::Unit(step) => run.steps(&[&**step], place.unwrap_or_else(Place::start)),
        Resolver::Pipeline { code, steps } => run.pipeline(code, steps, place),
        Resolver::Broken(reason) => Err(Fault::raised("NotFoundException", reason.clone())),
    };
    match flow {
        Ok(Flow::Value(value)) => run.resolved.value = value,
        Ok(Flow::Waits { step, request, previous }) => {
            let Run { stash, resolved, .. } = run;
            return Progress::Waits(Box::new(Waiting { step, request, previous, stash, resolved }));
        }
        Err(fault) => run.resolved.faults.push(fault),
    }
    Progress::Done(run.resolved)
}

impl Place {
    fn start() -> Self {
        Self { step: 0, previous: Value::Null, answer: None }
    }
}

/// What came of the steps.
enum Flow {
    Value(Value),
    Waits { step: usize, request: Value, previous: Value },
}

impl Run<'_> {
    fn pipeline(&mut self, code: &Code, steps: &[Arc<Step>], place: Option<Place>) -> Result<Flow, Fault> {
        let place = match place {
            Some(place) => place,
            None => {
                let before = self.handler(code, "request", &[])?;
                let step = if before.early { steps.len() } else { 0 };
                Place { step, previous: before.value, answer: None }
            }
        };
        let steps: Vec<&Step> = steps.iter().map(|step| &**step).collect();
        let previous = match self.steps(&steps, place)? {
            Flow::Value(value) => value,
            waits @ Flow::Waits { .. } => return Ok(waits),
        };
        let prev = json!({ "result": previous });
        let after = self.handler(code, "response", &[("prev", &prev), ("result", &previous)])?;
        Ok(Flow::Value(if after.through { previous } else { after.value }))
    }

    /// One step after the other, from a place.
    fn steps(&mut self, steps: &[&Step], place: Place) -> Result<Flow, Fault> {
        let Place { step: first, mut previous, mut answer } = place;
        for (position, step) in steps.iter().enumerate().skip(first) {
            let requested = match answer.take() {
                Some(answer) => Requested::Answered(answer),
                None => self.request(step, &previous)?,
            };
            let next = match requested {
                Requested::Early(next) => next,
                Requested::Answered(answer) => self.response(step, &previous, answer)?,
                Requested::Waits(request) => return Ok(Flow::Waits { step: position, request, previous }),
            };
            match next {
                Next::Value(value) => previous = value,
                Next::End(value) => return Ok(Flow::Value(value)),
            }
        }
        Ok(Flow::Value(previous))
    }

    /// The request handler of a step, and its data source.
    fn request(&mut self, step: &Step, previous: &Value) -> Result<Requested, Fault> {
        let prev = json!({ "result": previous });
        let request = self.handler(&step.code, "request", &[("prev", &prev)])?;
        if request.early {
            let next = if request.end { Next::End(request.value) } else { Next::Value(request.value) };
            return Ok(Requested::Early(next));
        }
        if datasource::is_awaited(&step.source) {
            return Ok(Requested::Waits(request.value));
        }
        let call = self.call;
        let origin = Origin {
            caller: call.requester.caller(),
            identity: &call.requester.identity,
            arguments: &call.arguments,
            field: (&call.type_name, &call.field_name),
            sync: step.sync.as_ref(),
        };
        datasource::invoke(&call.backends, &step.source, &origin, request.value).map(Requested::Answered)
    }

    /// The response handler of a step.
    fn response(&mut self, step: &Step, previous: &Value, answer: Answer) -> Result<Next, Fault> {
        let prev = json!({ "result": previous });
        let Answer { result, error } = answer;
        let error = error.map_or(Value::Null, |(kind, message)| json!({ "type": kind, "message": message }));
        let response =
            self.handler(&step.code, "response", &[("prev", &prev), ("result", &result), ("error", &error)])?;
        let value = if response.through { result } else { response.value };
        Ok(if response.end { Next::End(value) } else { Next::Value(value) })
    }

    /// Runs one handler with a context of its own: only the stash outlives it.
    fn handler(&mut self, code: &Code, name: &str, members: &[(&str, &Value)]) -> Result<Outcome, Fault> {
        let program = code.program().map_err(|reason| Fault::raised("Code", reason))?;
        let mut context = format!("{},\"stash\":{}", self.base, self.stash);
        let result = members.iter().find(|(name, _)| *name == "result").map(|(_, value)| *value);
        let through = program.hands_through && result.is_some_and(|result| result.is_object() || result.is_array());
        let members: Vec<_> = members.iter().filter(|(name, _)| !through || *name != "result").collect();
        for member in ["prev", "result", "error"] {
            let given = members.iter().find(|(name, _)| *name == member).map_or(&Value::Null, |(_, value)| value);
            // Writing to text cannot fail.
            let _ = write!(context, ",\"{member}\":{given}");
        }
        context.push('}');
        let outcome = if through {
            self.sandbox.run_through(&code.name, program, &context)
        } else {
            self.sandbox.run(&code.name, program, name, &context)
        };
        let mut outcome = outcome.map_err(|error| stopped(&error))?;
        if outcome.absent {
            return Err(Fault::raised("Code", format!("the code exports no function `{name}`")));
        }
        for problem in std::mem::take(&mut outcome.appended) {
            let fault = self.fault(problem);
            self.resolved.faults.push(fault);
        }
        self.resolved.headers.append(&mut outcome.headers);
        self.resolved.filters.append(&mut outcome.filters);
        self.stash = std::mem::take(&mut outcome.stash);
        match outcome.error.take() {
            Some(problem) => Err(self.fault(problem)),
            None => Ok(outcome),
        }
    }

    fn fault(&self, problem: Problem) -> Fault {
        let Problem { mut message, kind, data, info } = problem;
        if message.is_empty() && kind.as_deref() == Some("Unauthorized") {
            message = not_authorized(&self.call.type_name, &self.call.field_name);
        }
        let (data, info) = (Box::new(data.unwrap_or_default()), Box::new(info.unwrap_or_default()));
        Fault { kind, data, info, message, raised: true, ..Fault::default() }
    }
}

/// AppSync's words for a field that a caller may not see.
pub(in crate::cloud::appsync) fn not_authorized(type_name: &str, field_name: &str) -> String {
    format!("Not Authorized to access {field_name} on type {type_name}")
}

fn stopped(error: &SandboxError) -> Fault {
    let info = json!({ "codeErrors": [{ "errorType": "RUNTIME_ERROR", "value": error.to_string() }] });
    Fault { info: Box::new(info), ..Fault::raised("Code", "Runtime Error") }
}
