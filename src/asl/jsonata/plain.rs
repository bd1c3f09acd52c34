//! Expressions that are a path through objects: `$states.input.order.id`, `$total`.
//!
//! They are the most frequent ones. Looked up directly, a value keeps its digits, and nothing is copied into the
//! evaluator's own values.

use serde_json::Value;

/// A path of names that begins at a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    /// The variable, without the `$`.
    pub(super) root: String,
    /// The names after it.
    pub(super) names: Vec<String>,
}

/// What a plain path leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'a> {
    /// A value.
    Value(&'a Value),
    /// Nothing.
    Undefined,
    /// A list on the way, which the evaluator walks through.
    Unclear,
}

impl Plain {
    /// The path that a text is, unless it is more.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('$')?.split('.');
        let root = parts.next().filter(|root| is_name(root))?.to_owned();
        let names = parts.map(|part| Some(part).filter(|part| is_name(part)).map(str::to_owned));
        Some(Self { root, names: names.collect::<Option<Vec<_>>>()? })
    }

    /// Follows the names from `start`.
    pub(super) fn follow<'a>(names: &[String], start: &'a Value) -> Found<'a> {
        let mut place = start;
        for name in names {
            place = match place {
                Value::Object(fields) => match fields.get(name) {
                    Some(field) => field,
                    None => return Found::Undefined,
                },
                Value::Array(_) => return Found::Unclear,
                _ => return Found::Undefined,
            };
        }
        Found::Value(place)
    }
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(text, "and" | "or" | "in" | "function")
}
