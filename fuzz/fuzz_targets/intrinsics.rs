//! Any text as a call of an intrinsic function: it is read or refused at a place within it, and it has a value or a fault.
//! No panic, no hang, no memory without bound.

#![no_main]

use std::sync::Arc;

use ampup::asl::{Intrinsic, Scope, Variables};
use ampup::base::{Ids, SequenceIds};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    // The first line is the call, the rest the input.
    let (call, rest) = text.split_once('\n').unwrap_or((text, ""));
    let call = match Intrinsic::parse(call) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(error.at <= call.len(), "{error:?} lies behind {call:?}");
            return;
        }
    };
    let input = serde_json::from_str(rest).unwrap_or_else(|_| json!({"a": [1, 2.5, "x"], "t": "text", "n": -3}));
    let variables = Variables::from_iter([("v".to_owned(), input.clone())]);
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    let scope = Scope { input: &input, context: &input, variables: &variables, ids: &ids };
    if let Err(fault) = call.evaluate(&scope) {
        assert_eq!(fault.error, "States.Runtime");
    }
});
