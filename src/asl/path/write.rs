//! Writing to a reference path: what `ResultPath` does with a state's result.

use std::fmt;

use serde_json::{Map, Value};

use super::{Path, Step};

/// A reference path that cannot be followed in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritable {
    /// The step that cannot be followed.
    pub step: String,
    /// The whole value in which the path was followed, as JSON.
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
        if let Some(step) = self.steps.get(self.followed(&target)) {
            return Err(Unwritable { step: spelt(step), value: target.to_string() });
        }
        let mut target = target;
        let mut place = &mut target;
        for step in &self.steps {
            place = match step {
                Step::Index(at) => &mut place[usize::try_from(*at).unwrap_or_default()],
                Step::Field(name) => {
                    // What this very walk has just made, or a null that stands where an object belongs.
                    if place.is_null() {
                        *place = Value::Object(Map::new());
                    }
                    &mut place[name.as_str()]
                }
                _ => place,
            };
        }
        *place = value;
        Ok(target)
    }

    /// The value at this place as a reference path finds it, or the step that cannot be followed.
    pub fn refer<'a>(&self, target: &'a Value) -> Result<&'a Value, Unwritable> {
        let mut place = target;
        for step in &self.steps {
            let found = match step {
                Step::Field(name) => place.as_object().and_then(|fields| fields.get(name)),
                Step::Index(at) => usize::try_from(*at).ok().and_then(|at| place.as_array()?.get(at)),
                _ => None,
            };
            place = found.ok_or_else(|| Unwritable { step: spelt(step), value: target.to_string() })?;
        }
        Ok(place)
    }

    /// How many steps can be followed in a value that is written to.
    fn followed(&self, target: &Value) -> usize {
        let mut place = target;
        for (index, step) in self.steps.iter().enumerate() {
            place = match (step, place) {
                (Step::Field(name), Value::Object(fields)) => fields.get(name).unwrap_or(&Value::Null),
                (Step::Field(_), Value::Null) => &Value::Null,
                (Step::Index(at), Value::Array(items)) => {
                    match usize::try_from(*at).ok().and_then(|at| items.get(at)) {
                        Some(item) => item,
                        None => return index,
                    }
                }
                _ => return index,
            };
        }
        self.steps.len()
    }
}

fn spelt(step: &Step) -> String {
    match step {
        Step::Field(name) => name.clone(),
        Step::Index(at) => at.to_string(),
        _ => "*".to_owned(),
    }
}
