//! Evaluating expressions over the same bindings.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::value::JValue;
use serde_json::{Map, Value};

use super::super::fault::Fault;
use super::super::scope::Variables;
use super::plain::{Found, Plain};
use super::{Expression, functions, messages, values};
use crate::base::Ids;

/// As deep as an evaluation may nest (measured by others on AWS: 100 levels are taken, one more is refused).
pub(super) const MAX_DEPTH: usize = 100;

/// As many items as a list may have that an expression makes (measured by others on AWS).
const MAX_ITEMS: usize = 873_782;

/// As many bytes as one value may have that an expression makes: eight for each of so many items.
pub(super) const MAX_BYTES: usize = MAX_ITEMS * 8;

/// As long as an evaluation may take, in milliseconds.
const MAX_MS: u64 = 5_000;

/// What an expression can see.
#[derive(Clone, Copy)]
pub struct Bindings<'a> {
    /// `$states.input`.
    pub input: &'a Value,
    /// `$states.result`, where there is one.
    pub result: Option<&'a Value>,
    /// `$states.errorOutput`, in a catcher.
    pub error_output: Option<&'a Value>,
    /// `$states.context`.
    pub context: &'a Value,
    /// Variables.
    pub variables: &'a Variables,
    /// Where `$uuid` and `$random` draw from.
    pub ids: &'a Arc<dyn Ids>,
    /// What `$millis` and `$now` tell, in milliseconds after 1970.
    pub now_ms: i64,
}

impl fmt::Debug for Bindings<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bindings").field("input", self.input).field("result", &self.result).finish()
    }
}

/// The kind of value that a field wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A list.
    Array,
    /// A list, or an object whose fields are items.
    Items,
    /// An object.
    Object,
    /// A text.
    String,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Array | Self::Items => "array",
            Self::Object => "object",
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }

    fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Array | Self::Items => value.is_array(),
            Self::Object => value.is_object(),
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
        }
    }
}

/// Evaluates expressions over the same bindings. What the evaluator needs is made when the first expression wants it.
pub struct Session<'a> {
    bindings: Bindings<'a>,
    evaluator: Option<Evaluator>,
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("bindings", &self.bindings).finish_non_exhaustive()
    }
}

impl<'a> Session<'a> {
    /// Over `bindings`.
    pub fn new(bindings: Bindings<'a>) -> Self {
        Self { bindings, evaluator: None }
    }

    /// The value of an expression of the field `field`. One that yields nothing is a failure.
    pub fn evaluate(&mut self, expression: &Expression, field: &str) -> Result<Value, Fault> {
        match self.value(expression, field)? {
            Some(value) => Ok(value),
            None => Err(Fault::query(field, format!("{} returned nothing (undefined).", sentence(expression, field)))),
        }
    }

    /// The value of an expression of the field `field`, which wants a certain kind.
    pub fn expect(&mut self, expression: &Expression, field: &str, kind: Kind) -> Result<Value, Fault> {
        let value = self.evaluate(expression, field)?;
        if kind.accepts(&value) {
            return Ok(value);
        }
        let (wanted, found) = (kind.name(), values::kind(&value));
        Err(Fault::query(
            field,
            format!(
                "{} returned an unexpected result type. Expected '{wanted}', but was '{found}' for value: {value}",
                sentence(expression, field)
            ),
        ))
    }

    fn value(&mut self, expression: &Expression, field: &str) -> Result<Option<Value>, Fault> {
        if let Some(plain) = expression.plain() {
            match self.plain(plain) {
                Found::Value(value) => return Ok(Some(value.clone())),
                Found::Undefined => return Ok(None),
                Found::Unclear => {}
            }
        }
        let failed = |message: &str| {
            Fault::query(field, format!("{} threw an error during evaluation{message}", sentence(expression, field)))
        };
        let evaluator = self.evaluator().map_err(|error| failed(&messages::told(error.message())))?;
        let tree = expression.tree();
        // The evaluator has faults of its own in some corners (pictures of dates); they must not end the program.
        let evaluated = catch_unwind(AssertUnwindSafe(|| match evaluator.evaluate(tree, &JValue::Undefined) {
            Ok(value) => Ok(values::json(&value)),
            Err(error) => Err(messages::explained(tree, evaluator, error.message())),
        }));
        match evaluated {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(message)) => Err(failed(&messages::told(&message))),
            Err(_) => {
                self.evaluator = None;
                let sentence = sentence(expression, field);
                Err(Fault::query(field, format!("{sentence} threw an internal error during evaluation.")))
            }
        }
    }

    /// What a path of names leads to.
    fn plain(&self, plain: &Plain) -> Found<'a> {
        let bindings = self.bindings;
        if plain.root != "states" {
            return match bindings.variables.get(&plain.root) {
                Some(value) => Plain::follow(&plain.names, value),
                // It may be a function of the language.
                None if plain.names.is_empty() => Found::Unclear,
                None => Found::Undefined,
            };
        }
        let Some((part, names)) = plain.names.split_first() else { return Found::Unclear };
        let start = match part.as_str() {
            "input" => Some(bindings.input),
            "result" => bindings.result,
            "errorOutput" => bindings.error_output,
            "context" => Some(bindings.context),
            _ => None,
        };
        start.map_or(Found::Undefined, |start| Plain::follow(names, start))
    }

    fn evaluator(&mut self) -> Result<&mut Evaluator, EvaluatorError> {
        if self.evaluator.is_none() {
            self.evaluator = Some(made(&self.bindings)?);
        }
        self.evaluator.as_mut().ok_or_else(|| EvaluatorError::EvaluationError(functions::MEMORY.to_owned()))
    }
}

fn made(bindings: &Bindings<'_>) -> Result<Evaluator, EvaluatorError> {
    let mut context = Context::new();
    for (name, value) in bindings.variables {
        context.bind(name.clone(), JValue::from(value.clone()));
    }
    let parts = [
        ("input", Some(bindings.input)),
        ("result", bindings.result),
        ("errorOutput", bindings.error_output),
        ("context", Some(bindings.context)),
    ];
    let states = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
    context.bind("states".to_owned(), JValue::from(Value::Object(states.collect::<Map<_, _>>())));
    let options = EvaluatorOptions {
        timeout_ms: Some(MAX_MS),
        max_stack_depth: Some(MAX_DEPTH),
        max_sequence_length: Some(MAX_ITEMS),
        ..EvaluatorOptions::default()
    };
    let mut evaluator = Evaluator::with_options(context, options);
    functions::register(&mut evaluator, bindings.ids, bindings.now_ms)?;
    Ok(evaluator)
}

fn sentence(expression: &Expression, field: &str) -> Cow<'static, str> {
    Cow::Owned(format!("The JSONata expression '{expression}' specified for the field '{field}'"))
}
