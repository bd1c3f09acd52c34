//! JSONPath as Step Functions speaks it: Jayway's dialect, the context object `$$`, variables `$name`.
//!
//! A definite path names one place and yields its value, or an error when there is none. An indefinite one (`*`, `..`,
//! a slice, a filter, several names) yields a list, which may be empty. A reference path is a definite path of plain
//! steps; a result can be written to it.

mod evaluate;
mod filter;
mod parse;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;

pub use evaluate::Missing;
pub use write::Unwritable;

use super::cursor::SyntaxError;
use filter::Filter;

/// A path that was read once and can be evaluated many times.
#[derive(Clone, Debug)]
pub struct Path {
    text: String,
    root: Root,
    steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$`.
    Input,
    /// `$$`.
    Context,
    /// `$name`.
    Variable(String),
    /// `@`, in a filter: the item under test.
    Current,
}

/// One step of a path.
#[derive(Clone, Debug)]
enum Step {
    Field(String),
    Fields(Vec<String>),
    Index(i64),
    Indexes(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    Every,
    Deep,
    Filters(Vec<Filter>),
    Function(Function),
}

/// A function at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Length,
    /// One that Jayway knows, and that finds nothing in the service: `$.list.sum()` "could not be found in the input".
    Fruitless(&'static str),
}

impl Path {
    /// Reads a path. It begins with `$`, `$$` or `$name`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        parse::whole(text)
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it begins.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The variable that it reads, without the `$`.
    pub fn variable(&self) -> Option<&str> {
        match &self.root {
            Root::Variable(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it names one place.
    pub fn is_definite(&self) -> bool {
        let last = self.steps.len().saturating_sub(1);
        self.steps.iter().enumerate().all(|(index, step)| match step {
            Step::Field(_) | Step::Index(_) | Step::Function(_) => true,
            // Several names at the end make one object of those fields.
            Step::Fields(_) => index == last,
            _ => false,
        })
    }

    /// Whether it is made of names and positions alone, so that a result can be written there.
    pub fn is_reference(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Field(_)) || matches!(step, Step::Index(at) if *at >= 0))
    }

    /// Whether it is its root alone.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
