//! A branch of a machine, with everything in it read once.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use super::super::choice::Condition as PathCondition;
use super::super::cursor::SyntaxError;
use super::super::intrinsic::Intrinsic;
use super::super::jsonata::{self, Expression};
use super::super::path::Path;
use super::super::template::{self, Placement, Selection};
use super::super::{
    Branch, Catcher, ChoiceRule, Condition, Dynamic, Flow, ItemBatcher, Items, Map, PathFlow, Payload, QueryLanguage,
    Resource, Retrier, State, Transition, WaitFor, source,
};

/// A branch that can be run.
#[derive(Debug)]
pub struct Code {
    pub(super) start: Arc<str>,
    pub(super) steps: IndexMap<Arc<str>, Step>,
}

/// A state that can be run.
#[derive(Debug)]
pub struct Step {
    pub(super) name: Arc<str>,
    pub(super) kind: &'static str,
    pub(super) flow: Ways,
    pub(super) work: Work,
    pub(super) retry: Vec<Retrier>,
    pub(super) catch: Vec<Catch>,
    pub(super) assign: Option<Filling>,
    pub(super) next: Option<Arc<str>>,
}

/// The way of data through a state.
#[derive(Debug)]
pub(super) enum Ways {
    Path {
        input: Selection,
        parameters: Option<Arc<template::Template>>,
        selector: Option<Arc<template::Template>>,
        result: Placement,
        output: Selection,
    },
    Jsonata {
        arguments: Option<jsonata::Template>,
        output: Option<jsonata::Template>,
    },
}

/// A template of either language.
#[derive(Debug)]
pub(super) enum Filling {
    Path(Arc<template::Template>),
    Jsonata(jsonata::Template),
}

/// A setting that is written down or found when the state runs.
#[derive(Debug)]
pub(super) enum Setting<T> {
    Literal(T),
    Path(Path),
    Intrinsic(Intrinsic),
    Expression(Expression),
}

/// What a state does.
#[derive(Debug)]
pub(super) enum Work {
    Pass { result: Option<Arc<Value>> },
    Choice { rules: Vec<Rule>, default: Option<Arc<str>> },
    Seconds(Setting<u64>),
    Timestamp(Setting<Timestamp>),
    Succeed,
    Fail(Box<Ending>),
    Task(Box<Job>),
    Parallel { branches: Vec<Code> },
    Map(Box<Iteration>),
}

/// What a Fail state tells.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) error: Option<Setting<String>>,
    pub(super) cause: Option<Setting<String>>,
}

/// What a Task state asks for.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) resource: Resource,
    pub(super) timeout: Option<Setting<u64>>,
    pub(super) heartbeat: Option<Setting<u64>>,
    pub(super) credentials: Option<Filling>,
}

/// Who reads items or writes results.
#[derive(Debug)]
pub(super) struct Outside {
    pub(super) parameters: Option<Filling>,
}

/// What a Map state needs besides.
#[derive(Debug)]
pub(super) struct Iteration {
    pub(super) items: Source,
    pub(super) selector: Option<Filling>,
    pub(super) processor: Code,
    pub(super) max_concurrency: Option<Setting<u64>>,
    pub(super) tolerated_count: Option<Setting<u64>>,
    pub(super) tolerated_percentage: Option<Setting<f64>>,
    pub(super) reader: Option<Outside>,
    pub(super) reader_max_items: Option<Setting<u64>>,
    pub(super) writer: Option<Outside>,
    pub(super) batch: Option<Batch>,
}

/// Where items come from.
#[derive(Debug)]
pub(super) enum Source {
    Input,
    Path(Path),
    Template(jsonata::Template),
    Expression(Expression),
}

/// How items are batched.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) input: Option<Filling>,
    pub(super) max_items: Option<Setting<u64>>,
    pub(super) max_bytes: Option<Setting<u64>>,
}

/// A rule of a Choice state.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) when: When,
    pub(super) next: Arc<str>,
    pub(super) assign: Option<Filling>,
    pub(super) output: Option<jsonata::Template>,
}

/// When a rule holds.
#[derive(Debug)]
pub(super) enum When {
    Path(PathCondition),
    Expression(Expression),
    Constant(bool),
}

/// A catcher.
#[derive(Debug)]
pub(super) struct Catch {
    pub(super) errors: Vec<String>,
    pub(super) next: Arc<str>,
    pub(super) result: Placement,
    pub(super) output: Option<jsonata::Template>,
    pub(super) assign: Option<Filling>,
}

/// A path, call or expression of a machine that cannot be read. A machine that was checked has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeError {
    /// The state.
    pub state: Arc<str>,
    /// Why.
    pub error: SyntaxError,
}

impl fmt::Display for CodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "state `{}`: {}", self.state, self.error)
    }
}

impl std::error::Error for CodeError {}

type Read<T> = Result<T, SyntaxError>;

impl Code {
    /// Reads everything in a branch.
    pub fn compile(branch: &Branch) -> Result<Self, CodeError> {
        let step = |(name, state): (&Arc<str>, &State)| Ok((Arc::clone(name), Step::compile(name, state)?));
        let steps = branch.states.iter().map(step).collect::<Result<_, _>>()?;
        Ok(Self { start: Arc::clone(&branch.start.name), steps })
    }

    /// The state that the branch begins with.
    pub fn start(&self) -> &Arc<str> {
        &self.start
    }

    /// A state by name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.get(name)
    }
}

impl Step {
    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its kind, as `Type` has it.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The branches of a Parallel state.
    pub fn branches(&self) -> &[Code] {
        match &self.work {
            Work::Parallel { branches } => branches,
            _ => &[],
        }
    }

    /// The states that a Map state runs for every item.
    pub fn processor(&self) -> Option<&Code> {
        match &self.work {
            Work::Map(iteration) => Some(&iteration.processor),
            _ => None,
        }
    }

    /// Reads everything in a state.
    pub fn compile(name: &Arc<str>, state: &State) -> Result<Self, CodeError> {
        let located = |error| CodeError { state: Arc::clone(name), error };
        let language = state.common().language;
        let next = match state.transition() {
            Some(Transition::Next(target)) => Some(Arc::clone(&target.name)),
            _ => None,
        };
        let catch = state.catchers().iter().map(caught).collect::<Read<_>>();
        Ok(Self {
            name: Arc::clone(name),
            kind: state.kind(),
            flow: ways(state, language).map_err(located)?,
            work: work(state, located)?,
            retry: state.retriers().to_vec(),
            catch: catch.map_err(located)?,
            assign: filling(state.assign()).map_err(located)?,
            next,
        })
    }
}

fn work(state: &State, located: impl Fn(SyntaxError) -> CodeError) -> Result<Work, CodeError> {
    Ok(match state {
        State::Pass(pass) => Work::Pass { result: pass.result.clone() },
        State::Choice(choice) => {
            let rules = choice.rules.iter().map(ruled).collect::<Read<_>>().map_err(located)?;
            Work::Choice { rules, default: choice.default.as_ref().map(|target| Arc::clone(&target.name)) }
        }
        State::Wait(wait) => match &wait.until {
            WaitFor::Seconds(seconds) => Work::Seconds(setting(seconds).map_err(located)?),
            WaitFor::Timestamp(point) => Work::Timestamp(setting(point).map_err(located)?),
        },
        State::Succeed(_) => Work::Succeed,
        State::Fail(fail) => Work::Fail(Box::new(Ending {
            error: optional(fail.error.as_ref()).map_err(&located)?,
            cause: optional(fail.cause.as_ref()).map_err(&located)?,
        })),
        State::Task(task) => Work::Task(Box::new(Job {
            resource: task.resource.clone(),
            timeout: optional(task.timeout_seconds.as_ref()).map_err(&located)?,
            heartbeat: optional(task.heartbeat_seconds.as_ref()).map_err(&located)?,
            credentials: filling(task.credentials.as_ref()).map_err(&located)?,
        })),
        State::Parallel(parallel) => {
            Work::Parallel { branches: parallel.branches.iter().map(Code::compile).collect::<Result<_, _>>()? }
        }
        State::Map(map) => {
            let processor = Code::compile(&map.processor.branch)?;
            Work::Map(Box::new(iteration(map, processor).map_err(located)?))
        }
    })
}

fn iteration(map: &Map, processor: Code) -> Read<Iteration> {
    let items = match &map.items {
        Items::Input => Source::Input,
        Items::Path(path) => Source::Path(path.clone()),
        Items::Template(template) => Source::Template(jsonata_template(template)?),
        Items::Expression(expression) => Source::Expression(Expression::compile(expression.source())?),
    };
    let selector = filling(map.item_selector.as_ref())?;
    let outside = |template: Option<&Payload>| Ok(Outside { parameters: filling(template)? });
    Ok(Iteration {
        items,
        selector,
        processor,
        max_concurrency: optional(map.max_concurrency.as_ref())?,
        tolerated_count: optional(map.tolerated_failure_count.as_ref())?,
        tolerated_percentage: optional(map.tolerated_failure_percentage.as_ref())?,
        reader: map.reader.as_ref().map(|reader| outside(reader.parameters.as_ref())).transpose()?,
        reader_max_items: optional(map.reader.as_ref().and_then(|reader| reader.config.max_items.as_ref()))?,
        writer: map.writer.as_ref().map(|writer| outside(writer.parameters.as_ref())).transpose()?,
        batch: map.batcher.as_ref().map(batch).transpose()?,
    })
}

fn batch(batcher: &ItemBatcher) -> Read<Batch> {
    Ok(Batch {
        input: filling(batcher.input.as_ref())?,
        max_items: optional(batcher.max_items.as_ref())?,
        max_bytes: optional(batcher.max_bytes.as_ref())?,
    })
}

fn ruled(rule: &ChoiceRule) -> Read<Rule> {
    let when = match &rule.condition {
        Condition::Test(test) => When::Path(test.1.clone()),
        Condition::Expression(expression) => When::Expression(Expression::compile(expression.source())?),
        Condition::Constant(holds) => When::Constant(*holds),
    };
    Ok(Rule {
        when,
        next: Arc::clone(&rule.next.name),
        assign: filling(rule.assign.as_ref())?,
        output: rule.output.as_ref().map(jsonata_template).transpose()?,
    })
}

fn caught(catcher: &Catcher) -> Read<Catch> {
    Ok(Catch {
        errors: catcher.errors.clone(),
        next: Arc::clone(&catcher.next.name),
        result: catcher.result.clone(),
        output: catcher.output.as_ref().map(jsonata_template).transpose()?,
        assign: filling(catcher.assign.as_ref())?,
    })
}

fn ways(state: &State, language: QueryLanguage) -> Read<Ways> {
    let flow = match state {
        State::Task(state) => &state.flow,
        State::Pass(state) => &state.flow,
        State::Choice(state) => &state.flow,
        State::Wait(state) => &state.flow,
        State::Succeed(state) => &state.flow,
        State::Parallel(state) => &state.flow,
        State::Map(state) => &state.flow,
        State::Fail(_) => return Ok(unchanged(language)),
    };
    match flow {
        Flow::Path(flow) => {
            let PathFlow { input, parameters, result_selector, result, output } = &**flow;
            Ok(Ways::Path {
                input: input.clone(),
                parameters: parameters.as_ref().and_then(path_template),
                selector: result_selector.as_ref().and_then(path_template),
                result: result.clone(),
                output: output.clone(),
            })
        }
        Flow::Jsonata { arguments, output } => Ok(Ways::Jsonata {
            arguments: arguments.as_ref().map(jsonata_template).transpose()?,
            output: output.as_ref().map(jsonata_template).transpose()?,
        }),
    }
}

fn unchanged(language: QueryLanguage) -> Ways {
    match language {
        QueryLanguage::Jsonata => Ways::Jsonata { arguments: None, output: None },
        QueryLanguage::JsonPath => Ways::Path {
            input: Selection::Whole,
            parameters: None,
            selector: None,
            result: Placement::Replace,
            output: Selection::Whole,
        },
    }
}

fn path_template(payload: &Payload) -> Option<Arc<template::Template>> {
    match &payload.filling {
        source::Filling::Path(template) => Some(Arc::clone(template)),
        source::Filling::Jsonata => None,
    }
}

fn jsonata_template(payload: &Payload) -> Read<jsonata::Template> {
    jsonata::Template::compile(&payload.written).map_err(|errors| {
        let first = errors.into_iter().next().map(|error| error.error);
        first.unwrap_or_else(|| SyntaxError { at: 0, reason: "the template cannot be read".to_owned() })
    })
}

fn filling(payload: Option<&Payload>) -> Read<Option<Filling>> {
    let Some(payload) = payload else { return Ok(None) };
    match &payload.filling {
        source::Filling::Path(template) => Ok(Some(Filling::Path(Arc::clone(template)))),
        source::Filling::Jsonata => jsonata_template(payload).map(Filling::Jsonata).map(Some),
    }
}

fn optional<T: Clone>(dynamic: Option<&Dynamic<T>>) -> Read<Option<Setting<T>>> {
    dynamic.map(setting).transpose()
}

fn setting<T: Clone>(dynamic: &Dynamic<T>) -> Read<Setting<T>> {
    Ok(match dynamic {
        Dynamic::Literal(value) => Setting::Literal(value.clone()),
        Dynamic::Path(path) => Setting::Path(path.clone()),
        Dynamic::Intrinsic(call) => Setting::Intrinsic(call.clone()),
        Dynamic::Expression(expression) => Setting::Expression(Expression::compile(expression.source())?),
    })
}
