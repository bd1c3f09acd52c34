//! Intrinsic functions of the JSONPath language: `States.Format('{} of {}', $.part, States.ArrayLength($.all))`.
//!
//! Source: "Intrinsic functions for JSONPath states" in the Step Functions developer guide. Where that guide speaks of
//! rounding, the service cuts the fraction off; only `States.MathAdd` rounds, half up.

mod arguments;
mod arrays;
mod numbers;
mod parse;
mod texts;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::cursor::SyntaxError;
use super::fault::Fault;
use super::path::Path;
use super::scope::Scope;
use arguments::Arguments;

pub(super) use numbers::JavaRandom;
pub(super) use texts::digest;

/// How deep calls may nest.
pub const MAX_NESTING: usize = 10;

/// A call that was read once and can be evaluated many times.
#[derive(Clone, Debug)]
pub struct Intrinsic {
    text: String,
    call: Call,
}

/// One call and its arguments.
#[derive(Clone, Debug)]
struct Call {
    function: Function,
    arguments: Vec<Argument>,
}

/// An argument as it is written.
#[derive(Clone, Debug)]
enum Argument {
    Literal(Value),
    /// A text in quotes: what it says, and its spelling between the quotes, in which `\{` is no place to fill.
    Text(String, String),
    Path(Path),
    Call(Box<Call>),
}

/// The functions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `States.Format(template, value, …)`.
    Format,
    /// `States.StringToJson(text)`.
    StringToJson,
    /// `States.JsonToString(value)`.
    JsonToString,
    /// `States.Array(value, …)`.
    Array,
    /// `States.ArrayPartition(list, size)`.
    ArrayPartition,
    /// `States.ArrayContains(list, value)`.
    ArrayContains,
    /// `States.ArrayRange(first, last, step)`.
    ArrayRange,
    /// `States.ArrayGetItem(list, position)`.
    ArrayGetItem,
    /// `States.ArrayLength(list)`.
    ArrayLength,
    /// `States.ArrayUnique(list)`.
    ArrayUnique,
    /// `States.Base64Encode(text)`.
    Base64Encode,
    /// `States.Base64Decode(text)`.
    Base64Decode,
    /// `States.Hash(value, algorithm)`.
    Hash,
    /// `States.JsonMerge(object, object, false)`.
    JsonMerge,
    /// `States.MathRandom(first, end, seed)`.
    MathRandom,
    /// `States.MathAdd(number, number)`.
    MathAdd,
    /// `States.StringSplit(text, separators)`.
    StringSplit,
    /// `States.UUID()`.
    Uuid,
}

/// Each function's name after `States.`, and how many arguments it takes.
pub(super) const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("Format", Function::Format, 1, usize::MAX),
    ("StringToJson", Function::StringToJson, 1, 1),
    ("JsonToString", Function::JsonToString, 1, 1),
    ("Array", Function::Array, 0, usize::MAX),
    ("ArrayPartition", Function::ArrayPartition, 2, 2),
    ("ArrayContains", Function::ArrayContains, 2, 2),
    ("ArrayRange", Function::ArrayRange, 3, 3),
    ("ArrayGetItem", Function::ArrayGetItem, 2, 2),
    ("ArrayLength", Function::ArrayLength, 1, 1),
    ("ArrayUnique", Function::ArrayUnique, 1, 1),
    ("Base64Encode", Function::Base64Encode, 1, 1),
    ("Base64Decode", Function::Base64Decode, 1, 1),
    ("Hash", Function::Hash, 2, 2),
    ("JsonMerge", Function::JsonMerge, 3, 3),
    ("MathRandom", Function::MathRandom, 2, 3),
    ("MathAdd", Function::MathAdd, 2, 2),
    ("StringSplit", Function::StringSplit, 2, 2),
    ("UUID", Function::Uuid, 0, 0),
];

impl Function {
    /// Its name, with `States.` before it.
    fn name(self) -> String {
        let known = FUNCTIONS.iter().find(|(_, function, ..)| *function == self);
        format!("States.{}", known.map_or("", |(name, ..)| name))
    }
}

/// Why a call has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong(String);

impl Intrinsic {
    /// Reads a call: `States.Name(argument, …)`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Ok(Self { text: text.to_owned(), call: parse::whole(text)? })
    }

    /// Whether a text is meant as a call.
    pub fn is_meant(text: &str) -> bool {
        text.trim_start().starts_with("States.")
    }

    /// The call as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every path among the arguments, those of inner calls too.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        let mut open = vec![&self.call];
        while let Some(call) = open.pop() {
            for argument in &call.arguments {
                match argument {
                    Argument::Path(path) => paths.push(path),
                    Argument::Call(inner) => open.push(inner),
                    Argument::Literal(_) | Argument::Text(..) => {}
                }
            }
        }
        paths
    }

    /// The call's value. A failure names the whole call, whichever inner one it comes from.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Fault> {
        self.call.evaluate(scope).map_err(|Wrong(reason)| {
            Fault::runtime(format!("The function '{}' had the following error: {reason}", self.text))
        })
    }
}

impl fmt::Display for Intrinsic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Call {
    fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Wrong> {
        if self.function == Function::Format {
            return texts::format(&self.arguments, scope);
        }
        let values = self.arguments.iter().map(|argument| argument.evaluate(scope)).collect::<Result<Vec<_>, _>>()?;
        if self.function == Function::Array {
            return Ok(Value::Array(values.into_iter().map(Cow::into_owned).collect()));
        }
        let values = Arguments { function: self.function, values };
        match self.function {
            Function::Format | Function::Array => Err(values.wrong()),
            Function::StringToJson => texts::string_to_json(&values),
            Function::JsonToString => Ok(Value::String(values.at(0)?.to_string())),
            Function::ArrayPartition => arrays::partition(&values),
            Function::ArrayContains => arrays::contains(&values),
            Function::ArrayRange => arrays::range(&values),
            Function::ArrayGetItem => arrays::get_item(&values),
            Function::ArrayLength => Ok(Value::from(values.list(0)?.len())),
            Function::ArrayUnique => arrays::unique(&values),
            Function::Base64Encode => texts::base64_encode(&values),
            Function::Base64Decode => texts::base64_decode(&values),
            Function::Hash => texts::hash(&values),
            Function::JsonMerge => arrays::merge(&values),
            Function::MathRandom => numbers::random(&values, scope),
            Function::MathAdd => numbers::add(&values),
            Function::StringSplit => texts::split(&values),
            Function::Uuid => Ok(Value::String(scope.ids.uuid())),
        }
    }
}

impl Argument {
    fn evaluate<'a>(&'a self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, Wrong> {
        match self {
            Self::Literal(value) => Ok(Cow::Borrowed(value)),
            Self::Text(text, _) => Ok(Cow::Owned(Value::String(text.clone()))),
            Self::Path(path) => path.evaluate(scope).map_err(|missing| {
                // The service tells its library's own words where the value is of another kind.
                if missing.reason.starts_with("Filter: ") {
                    return Wrong(missing.reason);
                }
                let input = scope.input;
                Wrong(format!("The JsonPath argument for the field '{path}' could not be found in the input '{input}'"))
            }),
            Self::Call(call) => call.evaluate(scope).map(Cow::Owned),
        }
    }
}
