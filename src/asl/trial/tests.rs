//! Machines on trial with inputs that fit and inputs that do not.

use std::sync::Arc;

use serde_json::{Value, json};

use super::trial;
use crate::asl::{Type, check};
use crate::base::{Ids, SequenceIds};

fn faults(definition: &Value, input: &Value) -> Vec<String> {
    let checked = check(&definition.to_string(), Type::Standard);
    let machine = checked.machine.unwrap_or_else(|| panic!("{:?}", checked.findings));
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    let line = |finding: crate::asl::Finding| format!("{}: {}", finding.location.unwrap_or_default(), finding.reason);
    trial(&machine, input, &ids).into_iter().map(line).collect()
}

/// A pass, a task whose result is dropped, a decision, a map of a parallel, a task whose result decides.
fn machine() -> Value {
    json!({ "StartAt": "Read", "States": {
        "Read": { "Type": "Pass", "Parameters": { "id.$": "$.order.id", "lines.$": "$.order.lines" }, "Next": "Note" },
        "Note": { "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "ResultPath": null, "Next": "Some?",
            "Parameters": { "MessageBody.$": "$.id", "QueueUrl": "q" } },
        "Some?": { "Type": "Choice", "Choices": [{ "Variable": "$.lines[0]", "IsPresent": true, "Next": "Each" }],
            "Default": "Ask" },
        "Each": { "Type": "Map", "ItemsPath": "$.lines", "End": true, "ItemProcessor": { "StartAt": "Both", "States": {
            "Both": { "Type": "Parallel", "End": true, "Branches": [
                { "StartAt": "Price", "States": {
                    "Price": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.price * 2 %}", "End": true } } } ] } } } },
        "Ask": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": { "FunctionName": "f" }, "Next": "Never" },
        "Never": { "Type": "Pass", "InputPath": "$.nothing.of.this", "End": true } } })
}

#[test]
fn an_input_that_fits_has_no_faults() {
    assert_eq!(faults(&machine(), &json!({ "order": { "id": "a", "lines": [{ "price": 2 }] } })), Vec::<String>::new());
    // What comes after a task is not known.
    assert_eq!(faults(&machine(), &json!({ "order": { "id": "a", "lines": [] } })), Vec::<String>::new());
}

#[test]
fn what_is_missing_is_told_at_its_state() {
    for (input, state, part) in [
        (json!({}), "/States/Read", "$.order.id"),
        (json!({ "order": { "id": 1 } }), "/States/Read", "$.order.lines"),
        (
            json!({ "order": { "id": "a", "lines": [{}] } }),
            "/States/Each/ItemProcessor/States/Both/Branches[0]/States/Price/Output",
            "$states.input.price",
        ),
        (json!({ "order": { "id": "a", "lines": { "0": 1 } } }), "/States/Ask", ""),
    ] {
        let found = faults(&machine(), &input);
        if part.is_empty() {
            assert_eq!(found, Vec::<String>::new(), "{input}");
        } else {
            assert!(found.len() == 1 && found[0].starts_with(state) && found[0].contains(part), "{input}: {found:?}");
        }
    }
}

#[test]
fn a_loop_without_an_end_ends_the_trial() {
    let round = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Choice", "Choices": [{ "Variable": "$.x", "IsPresent": true, "Next": "B" }], "Default": "A2" },
        "A2": { "Type": "Pass", "Next": "A" }, "B": { "Type": "Succeed" } } });
    assert_eq!(faults(&round, &json!({})), Vec::<String>::new());
}
