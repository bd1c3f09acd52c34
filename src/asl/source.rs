//! What a field of a state may hold besides plain values: expressions, settings that are found later, templates.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::intrinsic::Intrinsic;
use super::path::Path;
use super::template::Template;

/// An expression of JSONata, without the `{%` and `%}` around it and the blanks inside them. Its syntax was checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expression(Arc<str>);

impl Expression {
    /// One whose syntax was checked.
    pub(in crate::asl) fn new(source: &str) -> Self {
        Self(Arc::from(source))
    }

    /// The expression alone.
    pub fn source(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A value of the definition in which something is filled in when the state runs.
#[derive(Clone, Debug)]
pub struct Payload {
    /// As it was written.
    pub written: Arc<Value>,
    /// How it is filled in.
    pub filling: Filling,
}

/// How a payload is filled in.
#[derive(Clone, Debug)]
pub enum Filling {
    /// JSONPath: keys that end in `.$` take the value of a path or of a function.
    Path(Arc<Template>),
    /// JSONata: texts in `{% %}` are expressions.
    Jsonata,
}

/// A setting that is written down, or that is found when the state runs.
#[derive(Clone, Debug)]
pub enum Dynamic<T> {
    /// Written in the definition.
    Literal(T),
    /// Read from the input (JSONPath: `SecondsPath` and its kin).
    Path(Path),
    /// Computed (JSONPath: `ErrorPath`, `CausePath`).
    Intrinsic(Intrinsic),
    /// Computed (JSONata).
    Expression(Expression),
}
