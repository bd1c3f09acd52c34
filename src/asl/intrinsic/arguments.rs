//! The evaluated arguments of a call, each taken as what the function wants.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Function, Wrong};

/// Arguments, and whose.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    pub(super) function: Function,
    pub(super) values: Vec<Cow<'a, Value>>,
}

impl Arguments<'_> {
    /// What the service says of an argument that it cannot use.
    pub(super) fn wrong(&self) -> Wrong {
        Wrong(format!("Invalid arguments in {}", self.function.name()))
    }

    /// The argument at a position.
    pub(super) fn at(&self, index: usize) -> Result<&Value, Wrong> {
        self.values.get(index).map(AsRef::as_ref).ok_or_else(|| self.wrong())
    }

    /// A list.
    pub(super) fn list(&self, index: usize) -> Result<&Vec<Value>, Wrong> {
        self.at(index)?.as_array().ok_or_else(|| self.wrong())
    }

    /// An object.
    pub(super) fn object(&self, index: usize) -> Result<&Map<String, Value>, Wrong> {
        self.at(index)?.as_object().ok_or_else(|| self.wrong())
    }

    /// A text.
    pub(super) fn text(&self, index: usize) -> Result<&str, Wrong> {
        self.at(index)?.as_str().ok_or_else(|| self.wrong())
    }

    /// A number.
    pub(super) fn number(&self, index: usize) -> Result<f64, Wrong> {
        self.at(index)?.as_f64().ok_or_else(|| self.wrong())
    }

    /// A number without its fraction.
    pub(super) fn whole(&self, index: usize) -> Result<i64, Wrong> {
        if let Some(whole) = self.at(index)?.as_i64() {
            return Ok(whole);
        }
        whole(self.number(index)?.trunc()).ok_or_else(|| self.wrong())
    }
}

/// A number that has no fraction, as an integer.
pub(super) fn whole(number: f64) -> Option<i64> {
    // Beyond this, neighbours of a number are not told apart.
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "the limit lies within i64")]
    (number.abs() <= LIMIT).then_some(number as i64)
}
