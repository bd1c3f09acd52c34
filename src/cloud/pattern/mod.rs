//! Event patterns: which events a rule or a subscription is for.
//!
//! Source: "Comparison operators for use in event patterns" of the EventBridge guide and "Filter policy constraints" of the
//! SNS guide.

mod compare;
mod parse;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use compare::Comparison;

/// A pattern: every field must fit, and one alternative of each `$or`.
#[derive(Clone, Debug, Default)]
pub(in crate::cloud) struct Pattern {
    fields: Vec<(String, Node)>,
    /// Each a list of alternatives.
    either: Vec<Vec<Pattern>>,
}

/// What a field must be.
#[derive(Clone, Debug)]
enum Node {
    /// An object with fields of its own.
    Inside(Pattern),
    /// One of these comparisons must hold.
    OneOf(Vec<Comparison>),
}

/// What is wrong with a pattern, and at which field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}{}", if path.is_empty() { String::new() } else { format!(" at `{path}`") })]
pub(in crate::cloud) struct PatternError {
    /// `detail.state`.
    pub path: String,
    pub reason: String,
}

impl Pattern {
    /// Whether a pattern fits an event.
    pub(in crate::cloud) fn fits(&self, event: &Value) -> bool {
        let empty = Map::new();
        let fields = event.as_object().unwrap_or(&empty);
        self.fields.iter().all(|(name, node)| node.fits(fields.get(name)))
            && self.either.iter().all(|alternatives| alternatives.iter().any(|pattern| pattern.fits(event)))
    }
}

impl Node {
    fn fits(&self, found: Option<&Value>) -> bool {
        match (self, found) {
            (Self::Inside(pattern), Some(Value::Array(items))) => items.iter().any(|item| pattern.fits(item)),
            (Self::Inside(pattern), found) => pattern.fits(found.unwrap_or(&Value::Null)),
            (Self::OneOf(comparisons), found) => comparisons.iter().any(|comparison| comparison.holds(found)),
        }
    }
}
