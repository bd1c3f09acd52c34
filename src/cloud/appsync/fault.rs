//! Errors in the shape of AppSync's answers.
//!
//! Not here: deciding what is an error.

use serde_json::{Map, Value, json};

/// A line and a column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cloud::appsync) struct Place {
    pub line: usize,
    pub column: usize,
}

/// One entry of `errors`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::cloud::appsync) struct Fault {
    /// Keys and indexes from the root; none before execution.
    pub path: Option<Vec<Value>>,
    pub data: Value,
    pub kind: Option<String>,
    pub info: Value,
    pub place: Option<Place>,
    pub message: String,
    /// Whether a resolver raised it: only then AppSync writes `data`, `errorType` and `errorInfo`.
    pub raised: bool,
}

impl Fault {
    /// An error before execution, at a place in the document.
    pub(in crate::cloud::appsync) fn document(message: impl Into<String>, place: Option<Place>) -> Self {
        Self { message: message.into(), place, ..Self::default() }
    }

    /// An error that a field's resolver raised.
    pub(in crate::cloud::appsync) fn raised(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: Some(kind.into()), message: message.into(), raised: true, ..Self::default() }
    }

    /// The entry as AppSync writes it.
    pub(in crate::cloud::appsync) fn to_json(&self) -> Value {
        let mut entry = Map::new();
        entry.insert("path".to_owned(), self.path.clone().map_or(Value::Null, Value::Array));
        if self.raised {
            entry.insert("data".to_owned(), self.data.clone());
            entry.insert("errorType".to_owned(), self.kind.clone().map_or(Value::Null, Value::String));
            entry.insert("errorInfo".to_owned(), self.info.clone());
        }
        let place = |place: Place| json!([{ "line": place.line, "column": place.column, "sourceName": null }]);
        entry.insert("locations".to_owned(), self.place.map_or(Value::Null, place));
        entry.insert("message".to_owned(), Value::String(self.message.clone()));
        Value::Object(entry)
    }
}
