//! A deployed API that takes an API key: questions to it, and what they answer.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};

use super::http::{Answer, graphql};
use super::sandbox::Sandbox;

/// An API and a key of it.
pub(crate) struct Api {
    pub url: String,
    pub key: String,
}

impl Api {
    /// The one of a deployed project.
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let data = sandbox.outputs()["data"].clone();
        let text = |name: &str| data[name].as_str().unwrap_or_else(|| panic!("{name}: {data}")).to_owned();
        Self { url: text("url"), key: text("api_key") }
    }

    /// A whole answer with its status.
    pub(crate) fn send(&self, query: &str, variables: &Value) -> Answer {
        graphql(&self.url, ("x-api-key", &self.key), query, variables)
    }

    /// The body of an answer.
    pub(crate) fn ask(&self, query: &str, variables: &Value) -> Value {
        self.send(query, variables).json()
    }

    /// The value of the one field that a query has; without errors.
    pub(crate) fn value(&self, query: &str, variables: &Value) -> Value {
        let answer = self.ask(query, variables);
        assert!(answer.get("errors").is_none(), "{query} {variables}: {answer}");
        answer["data"].as_object().unwrap().values().next().unwrap().clone()
    }

    /// The first error of a query that fails.
    pub(crate) fn error(&self, query: &str, variables: &Value) -> Value {
        let answer = self.ask(query, variables);
        assert!(answer["errors"][0].is_object(), "{query} {variables}: {answer}");
        answer["errors"][0].clone()
    }

    /// A mutation with an input: `write("createNote", &json!({ … }), "id title")`.
    pub(crate) fn write(&self, field: &str, input: &Value, selected: &str) -> Value {
        self.value(&mutation(field, selected), &json!({ "input": input }))
    }

    /// The same, which fails.
    pub(crate) fn refused(&self, field: &str, input: &Value, selected: &str) -> Value {
        self.error(&mutation(field, selected), &json!({ "input": input }))
    }
}

fn mutation(field: &str, selected: &str) -> String {
    let mut input = field.to_owned();
    input[..1].make_ascii_uppercase();
    format!("mutation Go($input: {input}Input!) {{ {field}(input: $input) {{ {selected} }} }}")
}

/// Where tests that run at the same time keep what they share.
pub(crate) type Shared<T> = Mutex<Weak<T>>;

/// What others use, or a new one; it ends with the last who holds it.
pub(crate) fn shared<T>(kept: &Shared<T>, make: impl FnOnce() -> T) -> Arc<T> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let world = kept.upgrade().unwrap_or_else(|| Arc::new(make()));
    *kept = Arc::downgrade(&world);
    world
}
