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
use super::fixed::Fixed;
use super::js::{Looks, Outcome, Problem, Sandbox, SandboxError};

/// One field to resolve, with all that its handlers may see.
#[derive(Debug)]
pub(in crate::cloud::appsync) struct FieldCall {
    pub resolver: Arc<Resolver>,
    pub backends: Backends,
    pub requester: Arc<Requester>,
    pub fixed: Arc<Fixed>,
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
    pub value: Arc<Value>,
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
    stash: Value,
    resolved: Resolved,
}

/// The step ended with a value, or the whole resolver did.
enum Next {
    Value(Arc<Value>),
    End(Arc<Value>),
}

/// What a handler is given besides what is the same for all.
#[derive(Clone, Copy, Default)]
struct Given<'a> {
    /// `ctx.prev.result`
    prev: Option<&'a Value>,
    result: Option<&'a Value>,
    error: Option<&'a Value>,
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
    previous: Arc<Value>,
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
    previous: Arc<Value>,
    answer: Option<Answer>,
}

/// Resolves a field, from the beginning or from where it waited for an answer.
pub(in crate::cloud::appsync) fn resolve(
    sandbox: &mut Sandbox,
    call: &FieldCall,
    resumed: Option<(Waiting, Answer)>,
) -> Progress {
    let (place, stash, resolved) = match resumed {
        Some((Waiting { step, previous, stash, resolved, .. }, answer)) => {
            (Some(Place { step, previous, answer: Some(answer) }), stash, resolved)
        }
        None => (None, json!({}), Resolved::default()),
    };
    let mut run = Run { sandbox, call, stash, resolved };
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
        Self { step: 0, previous: Arc::default(), answer: None }
    }
}

/// What came of the steps.
enum Flow {
    Value(Arc<Value>),
    Waits { step: usize, request: Value, previous: Arc<Value> },
}

impl Run<'_> {
    fn pipeline(&mut self, code: &Code, steps: &[Arc<Step>], place: Option<Place>) -> Result<Flow, Fault> {
        let place = if let Some(place) = place {
            place
        } else {
            let before = self.handler(code, "request", Given::default())?;
            let step = if before.early { steps.len() } else { 0 };
            Place { step, previous: Arc::new(before.value), answer: None }
        };
        let steps: Vec<&Step> = steps.iter().map(|step| &**step).collect();
        let previous = match self.steps(&steps, place)? {
            Flow::Value(value) => value,
            waits @ Flow::Waits { .. } => return Ok(waits),
        };
        let given = Given { prev: Some(&previous), result: Some(&previous), error: None };
        let after = self.handler(code, "response", given)?;
        Ok(Flow::Value(if after.through { previous } else { Arc::new(after.value) }))
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
        let request = self.handler(&step.code, "request", Given { prev: Some(previous), ..Given::default() })?;
        if request.early {
            let value = Arc::new(request.value);
            let next = if request.end { Next::End(value) } else { Next::Value(value) };
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
        let Answer { result, error } = answer;
        let error = error.map(|(kind, message)| json!({ "type": kind, "message": message }));
        let given = Given { prev: Some(previous), result: Some(&result), error: error.as_ref() };
        let response = self.handler(&step.code, "response", given)?;
        let value = if response.through { result } else { Arc::new(response.value) };
        Ok(if response.end { Next::End(value) } else { Next::Value(value) })
    }

    /// Runs one handler with a context of its own: only the stash outlives it.
    fn handler(&mut self, code: &Code, name: &str, given: Given<'_>) -> Result<Outcome, Fault> {
        let program = code.program().map_err(|reason| Fault::raised("Code", reason))?;
        let through =
            program.hands_through && given.result.is_some_and(|result| result.is_object() || result.is_array());
        let looks = &program.looks[usize::from(name == "response")];
        let mut context = Written::new(self.call, looks);
        context.member("stash", &self.stash);
        context.prev(given.prev);
        context.member("result", given.result.filter(|_| !through).unwrap_or(&Value::Null));
        context.member("error", given.error.unwrap_or(&Value::Null));
        let context = context.finish();
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
        if shown(looks, "stash") {
            self.stash = std::mem::take(&mut outcome.stash);
        }
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

/// Whether a member is written for a handler that looks at some.
fn shown(looks: &Looks, name: &str) -> bool {
    looks.as_ref().is_none_or(|looks| looks.contains(name))
}

/// A context as JSON, of what its handler may look at.
struct Written<'a> {
    text: String,
    looks: &'a Looks,
}

impl<'a> Written<'a> {
    /// With the members that no step changes.
    fn new(call: &FieldCall, looks: &'a Looks) -> Self {
        let mode = call.requester.mode.title();
        let mut written = Self { text: format!("{{\"authType\":\"{mode}\""), looks };
        let fixed = &call.fixed;
        written.text_of("identity", || fixed.identity());
        written.text_of("request", || fixed.request());
        written.text_of("env", || fixed.env());
        if shown(looks, "args") || shown(looks, "arguments") {
            written.put("arguments", serde_json::to_string(&call.arguments).unwrap_or_default());
        }
        written.member("source", &call.source);
        written.member("info", &call.info);
        written
    }

    fn text_of<'t>(&mut self, name: &str, text: impl FnOnce() -> &'t str) {
        if shown(self.looks, name) {
            self.put(name, text());
        }
    }

    fn member(&mut self, name: &str, value: &Value) {
        if shown(self.looks, name) {
            self.put(name, value);
        }
    }

    fn prev(&mut self, result: Option<&Value>) {
        match result {
            Some(result) if shown(self.looks, "prev") => self.put("prev", format_args!("{{\"result\":{result}}}")),
            _ => self.member("prev", &Value::Null),
        }
    }

    fn put(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to text cannot fail.
        let _ = write!(self.text, ",\"{name}\":{value}");
    }

    fn finish(mut self) -> String {
        self.text.push('}');
        self.text
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
