//! Writing to a reference path: what `ResultPath` does with a state's result.

use std::fmt;

use serde_json::{Map, Value};

use super::{Path, Step};

/// A reference path that cannot be followed in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritable {
    /// The step that cannot be followed.
    pub step: String,
    /// The value in which it was looked for, as JSON.
    pub value: String,
}

impl fmt::Display for Unwritable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Unable to apply step \"{}\" to input {}", self.step, self.value)
    }
}

impl std::error::Error for Unwritable {}

impl Path {
    /// Puts `value` at this place of `target`; fields on the way that are missing are made.
    pub fn write(&self, target: Value, value: Value) -> Result<Value, Unwritable> {
        if self.steps.is_empty() {
            return Ok(value);
        }
        let mut target = target;
        let mut place = &mut target;
        for step in &self.steps {
            place = match step {
                Step::Field(name) if place.is_object() => {
                    let fields = place.as_object_mut().ok_or_else(|| refused(step, &Value::Null))?;
                    fields.entry(name.clone()).or_insert(Value::Null)
                }
                // What this very walk has just made, or a null that stands where an object belongs.
                Step::Field(name) if place.is_null() => {
                    *place = Value::Object(Map::from_iter([(name.clone(), Value::Null)]));
                    &mut place[name.as_str()]
                }
                Step::Index(at) => {
                    let found =
                        usize::try_from(*at).ok().filter(|at| place.as_array().is_some_and(|list| *at < list.len()));
                    match found {
                        Some(at) => &mut place[at],
                        None => return Err(refused(step, place)),
                    }
                }
                _ => return Err(refused(step, place)),
            };
        }
        *place = value;
        Ok(target)
    }
}

fn refused(step: &Step, value: &Value) -> Unwritable {
    let step = match step {
        Step::Field(name) => name.clone(),
        Step::Index(at) => at.to_string(),
        _ => "*".to_owned(),
    };
    Unwritable { step, value: value.to_string() }
}
