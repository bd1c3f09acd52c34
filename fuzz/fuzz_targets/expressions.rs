//! Any text as an expression of JSONata: it is read or refused at a place within it, and it has a value or a fault within
//! its bounds. No panic, no hang, no memory without bound.

#![no_main]

use std::sync::Arc;

use ampup::asl::Variables;
use ampup::asl::jsonata::{Bindings, Expression, Session};
use ampup::base::{Ids, SequenceIds};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    let expression = match Expression::compile(text) {
        Ok(compiled) => compiled,
        Err(error) => {
            assert!(error.at <= text.len(), "{error:?} lies behind {text:?}");
            return;
        }
    };
    expression.survey();
    let input = json!({"a": [1, {"b": "c"}, [2, 3]], "d": null, "t": "text"});
    let variables = Variables::from_iter([("v".to_owned(), input.clone())]);
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    let bindings = Bindings {
        input: &input,
        result: None,
        error_output: None,
        context: &input,
        variables: &variables,
        ids: &ids,
        now_ms: 0,
    };
    if let Err(fault) = Session::new(bindings).evaluate(&expression, "Output") {
        assert_eq!(fault.error, "States.QueryEvaluationError");
    }
});
