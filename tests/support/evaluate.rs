//! Resolver code run by the cloud with a context that a test makes up.

use serde_json::{Value, json};

use super::functions::post;

/// What came of a handler.
#[derive(Debug)]
pub(crate) struct Evaluated {
    /// What it gave, unless it raised an error.
    pub result: Option<Value>,
    /// The errors that a query would answer with; one that was raised is the last.
    pub errors: Vec<Value>,
    pub stash: Value,
}

impl Evaluated {
    /// The type of the error that ended the handler.
    pub(crate) fn raised(&self) -> Option<&str> {
        if self.result.is_some() {
            return None;
        }
        self.errors.last().and_then(|error| error["errorType"].as_str())
    }

    /// What the handler gave; a failure when it raised an error.
    pub(crate) fn value(self) -> Value {
        let Self { result, errors, .. } = self;
        result.unwrap_or_else(|| panic!("the handler raised {errors:?}"))
    }
}

/// Runs `request` or `response` of some code.
pub(crate) fn evaluate(endpoint: &str, code: &str, function: &str, context: &Value) -> Evaluated {
    let body = json!({
        "runtime": { "name": "APPSYNC_JS", "runtimeVersion": "1.0.0" },
        "code": code, "context": context.to_string(), "function": function,
    });
    let headers = [("content-type", "application/json")];
    let answer = post(endpoint, "appsync", "/v1/dataplane-evaluatecode", &headers, body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let read = |name: &str| answer[name].as_str().map(|text| serde_json::from_str::<Value>(text).unwrap());
    let errors = read("outErrors").unwrap_or_else(|| panic!("the code cannot be run: {answer}"));
    Evaluated {
        result: read("evaluationResult"),
        errors: errors.as_array().unwrap().clone(),
        stash: read("stash").unwrap(),
    }
}
