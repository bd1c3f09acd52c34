//! The way of data through a state of the JSONPath language: InputPath, Parameters, ResultSelector, ResultPath,
//! OutputPath.

use serde_json::{Map, Value};

use super::super::fault::{self, Fault};
use super::super::path::{Path, Root};
use super::super::scope::Scope;

/// What `InputPath` and `OutputPath` select.
#[derive(Clone, Debug, Default)]
pub enum Selection {
    /// All of it; the field is absent or `$`.
    #[default]
    Whole,
    /// Nothing: null gives `{}`.
    Nothing,
    /// What is at a path; one without variables, context or the value itself is an error.
    At(Path),
}

impl Selection {
    /// The selected value.
    pub fn select(&self, scope: &Scope<'_>) -> Result<Value, Fault> {
        match self {
            Self::Whole => Ok(scope.input.clone()),
            Self::Nothing => Ok(Value::Object(Map::new())),
            Self::At(path) => {
                if *path.root() == Root::Input && !path.is_root() && scope.input.is_null() {
                    return Err(Fault::runtime("Unable to apply Path transformation to null or empty input."));
                }
                let found = path.evaluate(scope).map(std::borrow::Cow::into_owned);
                found.map_err(|missing| Fault::runtime(format!("Invalid path '{path}' : {missing}")))
            }
        }
    }
}

/// Where `ResultPath` puts a result.
#[derive(Clone, Debug, Default)]
pub enum Placement {
    /// In place of the input; the field is absent or `$`.
    #[default]
    Replace,
    /// Nowhere: null keeps the input as it is.
    Discard,
    /// At a reference path of the input.
    At(Path),
}

impl Placement {
    /// The input with the result where it belongs.
    pub fn place(&self, input: Value, result: Value) -> Result<Value, Fault> {
        match self {
            Self::Replace => Ok(result),
            Self::Discard => Ok(input),
            Self::At(path) => {
                path.write(input, result).map_err(|error| Fault::new(fault::REFERENCE_PATH, error.to_string()))
            }
        }
    }
}
