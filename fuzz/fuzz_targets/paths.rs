//! Any text as a path of JSONPath over any JSON: it is read or refused at a place within it, and what it yields is a
//! value or a reason. No panic, no hang, no memory without bound.

#![no_main]

use std::sync::Arc;

use ampup::asl::{Path, Scope, Variables};
use ampup::base::{Ids, SequenceIds};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    // The first line is the path, the rest the input.
    let (path, rest) = text.split_once('\n').unwrap_or((text, ""));
    let path = match Path::parse(path) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(error.at <= path.len(), "{error:?} lies behind {path:?}");
            return;
        }
    };
    let input = serde_json::from_str(rest).unwrap_or_else(|_| json!({"a": [1, {"b": "c"}], "d": null}));
    let variables = Variables::from_iter([("v".to_owned(), input.clone())]);
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    let scope = Scope { input: &input, context: &input, variables: &variables, ids: &ids };
    let found = path.evaluate(&scope);
    if !path.is_definite() {
        assert!(found.as_ref().map_or(true, |found| found.is_array()), "{path} yields {found:?}");
    }
    if path.is_reference()
        && let Ok(written) = path.write(input.clone(), Value::from(7))
    {
        let scope = Scope { input: &written, context: &written, variables: &variables, ids: &ids };
        let read = path.evaluate(&scope).map(|found| found.into_owned());
        assert!(path.variable().is_some() || read == Ok(Value::from(7)), "{path} wrote {written}, read {read:?}");
    }
});
