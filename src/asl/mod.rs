//! State machines as data: the Amazon States Language; parse and check.
//!
//! A [`Machine`] is what a definition means once every rule holds: names are resolved, numbers are typed, paths and
//! expressions are told apart. [`check`] makes one, or gives every problem at once, each with the code and the
//! text that AWS has for it. Nothing here runs a machine, and nothing knows of services but the names in `Resource`.

pub mod check;
pub mod choice;
pub mod choice_rule;
pub mod cursor;
pub mod fault;
pub mod finding;
pub mod intrinsic;
pub mod jsonata;
pub mod map;
pub mod path;
pub mod picture;
mod reach;
mod read;
pub mod resource;
pub mod run;
pub mod scope;
pub mod source;
pub mod state;
pub mod task;
pub mod template;
pub mod timestamp;
pub mod trial;
mod variables;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;

pub use check::{Checked, check, check_json, check_state};
pub use choice_rule::{ChoiceRule, Comparison, Condition, Kind, Operand, Order, Test};
pub use cursor::SyntaxError;
pub use fault::Fault;
pub use finding::{Finding, FindingCode, Severity};
pub use intrinsic::Intrinsic;
pub use map::{ItemBatcher, ItemReader, Items, Map, Processor, ReaderConfig, ResultWriter, WriterConfig};
pub use path::Path;
pub use resource::{Pattern, Resource};
pub use scope::{Scope, Variables};
pub use source::{Dynamic, Expression, Filling, Payload};
pub use state::{Choice, Common, Fail, Flow, Parallel, Pass, PathFlow, State, Succeed, Wait, WaitFor};
pub use task::{Catcher, Jitter, Retrier, Task};

/// A whole state machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// What the definition says of itself.
    pub comment: Option<String>,
    /// The language of states that name none.
    pub language: QueryLanguage,
    /// How long an execution may last, in seconds.
    pub timeout_seconds: Option<u64>,
    /// Its states.
    pub root: Branch,
}

/// States that lead to each other: of the machine, of a branch of a Parallel state, of the processor of a Map state.
#[derive(Clone, Debug)]
pub struct Branch {
    /// What the definition says of it.
    pub comment: Option<String>,
    /// The state that it begins with.
    pub start: Target,
    /// Its states, by name, in the order of the definition.
    pub states: IndexMap<Arc<str>, State>,
}

impl Branch {
    /// The state that a transition leads to; `None` for a target of another branch.
    pub fn state(&self, target: &Target) -> Option<&State> {
        let found = target.index.and_then(|index| self.states.get_index(index));
        found.filter(|(name, _)| **name == target.name).map(|(_, state)| state)
    }

    /// How many states it has, those of the branches inside it included.
    pub fn count(&self) -> usize {
        self.states.values().map(|state| 1 + state.branches().iter().map(Self::count).sum::<usize>()).sum()
    }
}

/// The state that a transition leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: Arc<str>,
    /// Its place among the states of the branch; `None` where a state was read alone.
    pub index: Option<usize>,
}

/// What comes after a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Another state of the branch.
    Next(Target),
    /// The branch ends.
    End,
}

/// The language that paths, templates and expressions of a state are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum QueryLanguage {
    /// `$.order.id`, in AWS's dialect.
    #[default]
    #[serde(rename = "JSONPath")]
    JsonPath,
    /// `{% $states.input.order.id %}`.
    #[serde(rename = "JSONata")]
    Jsonata,
}

impl QueryLanguage {
    /// As definitions write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }
}

/// The type of a machine, and of the child executions of a distributed Map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Type {
    /// Lasts up to a year, each transition is made exactly once.
    #[default]
    Standard,
    /// Lasts up to five minutes, and has no callbacks, activities, `.sync` and distributed Maps.
    Express,
}

impl Type {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Express => "EXPRESS",
        }
    }
}

/// The bytes of the definition that something was read from.
pub type Span = Range<usize>;
