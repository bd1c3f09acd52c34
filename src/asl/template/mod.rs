//! Payload templates of the JSONPath language: `{"order.$": "$.id", "kind": "new"}`.
//!
//! A field whose name ends in `.$` takes what its path or call yields; everything else stands as it is.

mod flow;
mod size;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::cursor::SyntaxError;
use super::fault::Fault;
use super::intrinsic::Intrinsic;
use super::path::Path;
use super::scope::Scope;

pub use flow::{Placement, Selection};
pub use size::{MAX_BYTES, MAX_VARIABLES_BYTES, size};

/// How deep a template may nest.
const MAX_DEPTH: usize = 200;

/// A template that was read once and can be filled many times.
#[derive(Clone, Debug)]
pub enum Template {
    /// A value without anything to fill in.
    Constant(Value),
    /// An object.
    Object(Vec<(String, Template)>),
    /// A list.
    List(Vec<Template>),
    /// The value of the field `name.$`.
    Dynamic(String, Dynamic),
}

/// What a field takes its value from.
#[derive(Clone, Debug)]
pub enum Dynamic {
    /// A path.
    Path(Path),
    /// A call of an intrinsic function.
    Intrinsic(Intrinsic),
}

/// A template that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Where in the template, as a JSON pointer: `/order.$`.
    pub pointer: String,
    /// Why.
    pub error: SyntaxError,
}

impl Dynamic {
    /// Reads a path or a call.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        if Intrinsic::is_meant(text) {
            return Intrinsic::parse(text).map(Self::Intrinsic);
        }
        Path::parse(text).map(Self::Path)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        match self {
            Self::Path(path) => path.text(),
            Self::Intrinsic(call) => call.text(),
        }
    }

    /// The paths in it.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Path(path) => vec![path],
            Self::Intrinsic(call) => call.paths(),
        }
    }

    /// Its value, for the field `field` (with its `.$`).
    pub fn evaluate(&self, field: &str, scope: &Scope<'_>) -> Result<Value, Fault> {
        match self {
            Self::Intrinsic(call) => call.evaluate(scope),
            Self::Path(path) => path.evaluate(scope).map(std::borrow::Cow::into_owned).map_err(|_| {
                let input = scope.input;
                Fault::runtime(format!(
                    "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'"
                ))
            }),
        }
    }
}

impl Template {
    /// Reads a template; every place that cannot be read is told.
    pub fn compile(value: &Value) -> Result<Self, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let template = compile(value, "", 0, &mut errors);
        if errors.is_empty() { Ok(template) } else { Err(errors) }
    }

    /// The value, with everything filled in.
    pub fn fill(&self, scope: &Scope<'_>) -> Result<Value, Fault> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::List(items) => items.iter().map(|item| item.fill(scope)).collect::<Result<_, _>>().map(Value::Array),
            Self::Object(fields) => {
                let filled = fields.iter().map(|(name, field)| Ok((name.clone(), field.fill(scope)?)));
                filled.collect::<Result<Map<_, _>, Fault>>().map(Value::Object)
            }
            Self::Dynamic(name, dynamic) => dynamic.evaluate(name, scope),
        }
    }

    /// Every path and call of the template, with the name of its field.
    pub fn dynamics(&self) -> Vec<(&str, &Dynamic)> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Object(fields) => fields.iter().flat_map(|(_, field)| field.dynamics()).collect(),
            Self::List(items) => items.iter().flat_map(Self::dynamics).collect(),
            Self::Dynamic(name, dynamic) => vec![(name, dynamic)],
        }
    }
}

fn compile(value: &Value, pointer: &str, depth: usize, errors: &mut Vec<TemplateError>) -> Template {
    if depth > MAX_DEPTH {
        let error = SyntaxError { at: 0, reason: "a template nests too deep".to_owned() };
        errors.push(TemplateError { pointer: pointer.to_owned(), error });
        return Template::Constant(Value::Null);
    }
    match value {
        Value::Object(fields) => {
            let compiled: Vec<_> =
                fields.iter().map(|(name, value)| field(name, value, pointer, depth, errors)).collect();
            if compiled.iter().all(|(_, field)| matches!(field, Template::Constant(_))) {
                return Template::Constant(value.clone());
            }
            Template::Object(compiled)
        }
        Value::Array(items) => {
            let at = |(index, item)| compile(item, &format!("{pointer}/{index}"), depth + 1, errors);
            let compiled: Vec<_> = items.iter().enumerate().map(at).collect();
            if compiled.iter().all(|item| matches!(item, Template::Constant(_))) {
                return Template::Constant(value.clone());
            }
            Template::List(compiled)
        }
        other => Template::Constant(other.clone()),
    }
}

fn field(
    name: &str,
    value: &Value,
    pointer: &str,
    depth: usize,
    errors: &mut Vec<TemplateError>,
) -> (String, Template) {
    let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
    let Some(plain) = name.strip_suffix(".$") else {
        return (name.to_owned(), compile(value, &pointer, depth + 1, errors));
    };
    let parsed = match value {
        Value::String(text) => Dynamic::parse(text),
        _ => Err(SyntaxError {
            at: 0,
            reason: "the value of a field whose name ends in `.$` is a path or a call".to_owned(),
        }),
    };
    match parsed {
        Ok(dynamic) => (plain.to_owned(), Template::Dynamic(name.to_owned(), dynamic)),
        Err(error) => {
            errors.push(TemplateError { pointer, error });
            (plain.to_owned(), Template::Constant(Value::Null))
        }
    }
}
