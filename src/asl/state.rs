//! The states: one struct a kind, and what all of them have.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::template::{Placement, Selection};
use super::{
    Branch, Catcher, ChoiceRule, Dynamic, Map, Payload, QueryLanguage, Retrier, Span, Target, Task, Transition,
};

/// A state.
#[derive(Clone, Debug)]
pub enum State {
    /// Lets a service work.
    Task(Box<Task>),
    /// Hands its input on, changed or not.
    Pass(Pass),
    /// Decides where to go.
    Choice(Choice),
    /// Waits.
    Wait(Wait),
    /// Ends its branch, and the machine when it is the machine's.
    Succeed(Succeed),
    /// Ends the execution as failed.
    Fail(Fail),
    /// Runs branches at the same time.
    Parallel(Parallel),
    /// Runs the same states for every item.
    Map(Box<Map>),
}

impl State {
    /// What every state has.
    pub fn common(&self) -> &Common {
        match self {
            Self::Task(state) => &state.common,
            Self::Pass(state) => &state.common,
            Self::Choice(state) => &state.common,
            Self::Wait(state) => &state.common,
            Self::Succeed(state) => &state.common,
            Self::Fail(state) => &state.common,
            Self::Parallel(state) => &state.common,
            Self::Map(state) => &state.common,
        }
    }

    /// The name of its kind, as `Type` has it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Task(_) => "Task",
            Self::Pass(_) => "Pass",
            Self::Choice(_) => "Choice",
            Self::Wait(_) => "Wait",
            Self::Succeed(_) => "Succeed",
            Self::Fail(_) => "Fail",
            Self::Parallel(_) => "Parallel",
            Self::Map(_) => "Map",
        }
    }

    /// What comes after it; `None` for the kinds that have no `Next` and no `End`.
    pub fn transition(&self) -> Option<&Transition> {
        match self {
            Self::Task(state) => Some(&state.transition),
            Self::Pass(state) => Some(&state.transition),
            Self::Wait(state) => Some(&state.transition),
            Self::Parallel(state) => Some(&state.transition),
            Self::Map(state) => Some(&state.transition),
            Self::Choice(_) | Self::Succeed(_) | Self::Fail(_) => None,
        }
    }

    /// What is done when it fails, before `Catch`.
    pub fn retriers(&self) -> &[Retrier] {
        match self {
            Self::Task(state) => &state.retry,
            Self::Parallel(state) => &state.retry,
            Self::Map(state) => &state.retry,
            _ => &[],
        }
    }

    /// Where it goes when it fails.
    pub fn catchers(&self) -> &[Catcher] {
        match self {
            Self::Task(state) => &state.catch,
            Self::Parallel(state) => &state.catch,
            Self::Map(state) => &state.catch,
            _ => &[],
        }
    }

    /// The variables that it sets at its end, as a template of an object.
    pub fn assign(&self) -> Option<&Payload> {
        match self {
            Self::Task(state) => state.assign.as_ref(),
            Self::Pass(state) => state.assign.as_ref(),
            Self::Choice(state) => state.assign.as_ref(),
            Self::Wait(state) => state.assign.as_ref(),
            Self::Parallel(state) => state.assign.as_ref(),
            Self::Map(state) => state.assign.as_ref(),
            Self::Succeed(_) | Self::Fail(_) => None,
        }
    }

    /// The branches inside it.
    pub fn branches(&self) -> &[Branch] {
        match self {
            Self::Parallel(state) => &state.branches,
            Self::Map(state) => std::slice::from_ref(&state.processor.branch),
            _ => &[],
        }
    }
}

/// What every state has.
#[derive(Clone, Debug)]
pub struct Common {
    /// Its name.
    pub name: Arc<str>,
    /// What the definition says of it.
    pub comment: Option<String>,
    /// The language that it is written in.
    pub language: QueryLanguage,
    /// The way to it: `/States/Outer/Branches[0]/States/Inner`.
    pub location: Arc<str>,
    /// Its bytes in the definition: of its name.
    pub span: Span,
}

/// What a state does with its input and its result.
#[derive(Clone, Debug)]
pub enum Flow {
    /// The five steps of JSONPath.
    Path(Box<PathFlow>),
    /// The two templates of JSONata.
    Jsonata {
        /// What the work is given instead of the input (Task, Parallel).
        arguments: Option<Payload>,
        /// What the state gives instead of its result.
        output: Option<Payload>,
    },
}

/// The steps of JSONPath, in the order in which they are done. What a kind of state does not have is absent.
#[derive(Clone, Debug)]
pub struct PathFlow {
    /// What of the input is taken.
    pub input: Selection,
    /// What is made of that (Pass, Task, Parallel).
    pub parameters: Option<Payload>,
    /// What is made of the result (Task, Parallel, Map).
    pub result_selector: Option<Payload>,
    /// Where the result goes.
    pub result: Placement,
    /// What of that is given.
    pub output: Selection,
}

/// Hands its input on.
#[derive(Clone, Debug)]
pub struct Pass {
    /// What every state has.
    pub common: Common,
    /// Input and output.
    pub flow: Flow,
    /// What it gives instead of its input (JSONPath).
    pub result: Option<Arc<Value>>,
    /// Variables that it sets.
    pub assign: Option<Payload>,
    /// What comes after it.
    pub transition: Transition,
}

/// Decides where to go.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What every state has.
    pub common: Common,
    /// Input and output; the output is that of the matched rule when it has one.
    pub flow: Flow,
    /// The rules, at least one; the first that holds is followed.
    pub rules: Vec<ChoiceRule>,
    /// Where to go when none holds; without it that is `States.NoChoiceMatched`.
    pub default: Option<Target>,
    /// Variables that it sets when no rule holds.
    pub assign: Option<Payload>,
}

/// Waits.
#[derive(Clone, Debug)]
pub struct Wait {
    /// What every state has.
    pub common: Common,
    /// Input and output.
    pub flow: Flow,
    /// How long, or until when.
    pub until: WaitFor,
    /// Variables that it sets.
    pub assign: Option<Payload>,
    /// What comes after it.
    pub transition: Transition,
}

/// How long a state waits.
#[derive(Clone, Debug)]
pub enum WaitFor {
    /// So many seconds, 0 to 99,999,999.
    Seconds(Dynamic<u64>),
    /// Until a point in time.
    Timestamp(Dynamic<Timestamp>),
}

/// Ends its branch.
#[derive(Clone, Debug)]
pub struct Succeed {
    /// What every state has.
    pub common: Common,
    /// Input and output.
    pub flow: Flow,
}

/// Ends the execution as failed.
#[derive(Clone, Debug)]
pub struct Fail {
    /// What every state has.
    pub common: Common,
    /// The error's name.
    pub error: Option<Dynamic<String>>,
    /// What happened, for people.
    pub cause: Option<Dynamic<String>>,
}

/// Runs branches at the same time; its result is the list of their results.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// What every state has.
    pub common: Common,
    /// Input and output.
    pub flow: Flow,
    /// The branches, at least one.
    pub branches: Vec<Branch>,
    /// What is done when it fails.
    pub retry: Vec<Retrier>,
    /// Where it goes when it fails.
    pub catch: Vec<Catcher>,
    /// Variables that it sets.
    pub assign: Option<Payload>,
    /// What comes after it.
    pub transition: Transition,
}
