//! Tasks, retries, rules and Map states against what Step Functions says of them.

use serde_json::{Value, json};

use super::super::*;
use super::*;

#[test]
fn resources() {
    let at = "SCHEMA_VALIDATION_FAILED /States/A/Resource";
    for (resource, expected) in [
        ("arn:aws:lambda:us-east-1:111122223333:function:f", &[][..]),
        ("arn:aws:lambda:us-east-1:111122223333:function:f:$LATEST", &[]),
        ("arn:aws:lambda:us-east-1:111122223333:function:f:live", &[]),
        ("arn:aws-cn:states:cn-north-1:111122223333:activity:a", &[]),
        ("arn:aws:states:::dynamodb:getItem", &[]),
        ("arn:aws:states:::ecs:runTask.sync", &[]),
        ("arn:aws:states:::states:startExecution.sync:2", &[]),
        ("arn:aws:states:::aws-sdk:secretsmanager:getSecretValue", &[]),
        ("${GreetFunctionArn}", &[]),
        ("arn:aws:lambda:${AWS::Region}:111122223333:function:f", &[]),
        ("", &[at]),
        ("<LAMBDA FUNCTION ARN>", &[at]),
        ("greet", &[at]),
        ("arn:aws:lambda:us-east-1:111122223333:function:f:", &[at]),
        ("arn:aws:lambda:us-east-1:111122223333:function:f:$*#$7", &[at]),
        ("arn:aws:lambda:us-east-1:111122223333:layer:f", &[at]),
        ("arn:aws:states:::ecs:runTask.synk", &[at]),
        ("arn:aws:states:::dynamo:getItem", &["doubt /States/A/Resource"]),
        ("arn:aws:states:::dynamodb:getItm", &["doubt /States/A/Resource"]),
        ("arn:<PARTITION>:states:::sns:publish", &["doubt /States/A/Resource"]),
    ] {
        expect(&alone(&with(task(), &json!({ "Resource": resource }))), Type::Standard, expected);
    }
}

#[test]
fn a_placeholder_is_told_with_what_to_write() {
    let text = alone(&with(task(), &json!({ "Resource": "<LAMBDA FUNCTION ARN>" }))).to_string();
    let checked = check(&text, Type::Standard);
    let [finding] = &checked.findings[..] else { panic!("{:?}", checked.findings) };
    assert_eq!(finding.message, "Value is not a valid resource ARN");
    assert_eq!(finding.reason, "`<LAMBDA FUNCTION ARN>` is a placeholder, not an ARN");
    assert_eq!(&text[finding.span.clone()], "\"<LAMBDA FUNCTION ARN>\"");
    assert!(finding.hint.as_ref().is_some_and(|hint| hint.contains("arn:aws:lambda:")), "{finding:?}");
}

#[test]
fn names_of_substitutions_are_named_once() {
    let fields = json!({ "Resource": "${F}", "TimeoutSeconds": "${T}", "Parameters": { "a": "x ${T} ${not one", "b": ["${G.Arn}"] } });
    let checked = check(&alone(&with(task(), &fields)).to_string(), Type::Standard);
    assert!(checked.is_valid(), "{:?}", checked.findings);
    assert_eq!(checked.substitutions, ["F", "T", "G.Arn"]);
}

#[test]
fn express_machines_cannot_wait() {
    let at = "SCHEMA_VALIDATION_FAILED /States/A/Resource";
    for (resource, expected) in [
        ("arn:aws:states:::sqs:sendMessage", &[][..]),
        ("arn:aws:states:::ecs:runTask.sync", &[at]),
        ("arn:aws:states:::states:startExecution.sync:2", &[at]),
        ("arn:aws:states:us-east-1:111122223333:activity:a", &[at]),
    ] {
        let machine = alone(&with(task(), &json!({ "Resource": resource })));
        expect(&machine, Type::Express, expected);
        expect(&machine, Type::Standard, &[]);
    }
    expect(&alone(&distributed()), Type::Express, &["SCHEMA_VALIDATION_FAILED /States/A"]);
    let waiting = json!({ "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true });
    let mut outer = distributed();
    outer["ItemProcessor"]["States"]["I"] = waiting;
    expect(&alone(&outer), Type::Standard, &[]);
    outer["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = json!("EXPRESS");
    expect(&alone(&outer), Type::Standard, &["SCHEMA_VALIDATION_FAILED /States/A/ItemProcessor/States/I/Resource"]);
    let text = "Express state machine does not support '.sync' service integration ";
    let checked = check(
        &alone(&with(task(), &json!({ "Resource": "arn:aws:states:::ecs:runTask.sync" }))).to_string(),
        Type::Express,
    );
    assert_eq!(checked.findings[0].message, text);
}

#[test]
fn tasks() {
    for (fields, expected) in [
        (json!({ "TimeoutSeconds": 10, "HeartbeatSeconds": 5 }), &[][..]),
        (json!({ "TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$$.h" }), &[]),
        (json!({ "TimeoutSeconds": 0 }), &["SCHEMA_VALIDATION_FAILED /States/A/TimeoutSeconds"]),
        (json!({ "TimeoutSeconds": 10, "TimeoutSecondsPath": "$.t" }), &[AT]),
        (json!({ "HeartbeatSeconds": 10, "HeartbeatSecondsPath": "$.t" }), &[AT]),
        (
            json!({ "TimeoutSeconds": 5, "HeartbeatSeconds": 5 }),
            &["SCHEMA_VALIDATION_FAILED /States/A/HeartbeatSeconds"],
        ),
        (json!({ "Credentials": { "RoleArn": "arn:aws:iam::111122223333:role/r" } }), &[]),
        (json!({ "Credentials": { "RoleArn.$": "$.role" } }), &[]),
        (json!({ "Credentials": {} }), &["SCHEMA_VALIDATION_FAILED /States/A/Credentials"]),
        (json!({ "Credentials": null }), &["SCHEMA_VALIDATION_FAILED /States/A/Credentials"]),
        (json!({ "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken" }), &["doubt /States/A/Resource"]),
        (
            json!({ "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": { "T.$": "$$.Task.Token" } }),
            &[],
        ),
    ] {
        expect(&alone(&with(task(), &fields)), Type::Standard, expected);
    }
}

#[test]
fn retriers_and_catchers() {
    let retry = |retrier: Value| json!({ "Retry": [retrier] });
    let at = |field: &str| format!("SCHEMA_VALIDATION_FAILED /States/A/Retry[0]{field}");
    for (fields, expected) in [
        (json!({ "ErrorEquals": ["A", "B"] }), None),
        (
            json!({ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 3, "MaxAttempts": 0, "BackoffRate": 1, "MaxDelaySeconds": 5, "JitterStrategy": "FULL", "Comment": "why" }),
            None,
        ),
        (json!({}), Some(at(""))),
        (json!({ "ErrorEquals": [] }), Some(at("/ErrorEquals"))),
        (json!({ "ErrorEquals": "A" }), Some(at("/ErrorEquals"))),
        (json!({ "ErrorEquals": [1] }), Some(at("/ErrorEquals[0]"))),
        (json!({ "ErrorEquals": ["States.ALL", "A"] }), Some(at("/ErrorEquals"))),
        (json!({ "ErrorEquals": ["States.Time"] }), Some(at("/ErrorEquals[0]"))),
        (json!({ "ErrorEquals": ["A"], "IntervalSeconds": 0 }), Some(at("/IntervalSeconds"))),
        (json!({ "ErrorEquals": ["A"], "IntervalSeconds": 3.5 }), Some(at("/IntervalSeconds"))),
        (json!({ "ErrorEquals": ["A"], "MaxAttempts": -1 }), Some(at("/MaxAttempts"))),
        (json!({ "ErrorEquals": ["A"], "BackoffRate": 0.5 }), Some(at("/BackoffRate"))),
        (json!({ "ErrorEquals": ["A"], "MaxDelaySeconds": 31_622_401 }), Some(at("/MaxDelaySeconds"))),
        (json!({ "ErrorEquals": ["A"], "IntervalSeconds": 9, "MaxDelaySeconds": 9 }), Some(at("/MaxDelaySeconds"))),
        (json!({ "ErrorEquals": ["A"], "JitterStrategy": "SOME" }), Some(at("/JitterStrategy"))),
        (json!({ "ErrorEquals": ["A"], "Next": "B" }), Some(at(""))),
    ] {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        expect(&alone(&with(task(), &retry(fields))), Type::Standard, &expected);
    }
    let all_first = json!({ "Retry": [{ "ErrorEquals": ["States.ALL"] }, { "ErrorEquals": ["A"] }] });
    expect(
        &alone(&with(task(), &all_first)),
        Type::Standard,
        &["SCHEMA_VALIDATION_FAILED /States/A/Retry[0]/ErrorEquals"],
    );
    let caught = |catcher: Value| with(with(task(), &json!({ "Catch": [catcher] })), &json!({}));
    for (catcher, expected) in [
        (
            json!({ "ErrorEquals": ["A"], "Next": "B", "ResultPath": "$.error", "Assign": { "e.$": "$.Error" } }),
            &[][..],
        ),
        (json!({ "ErrorEquals": ["A"], "Next": "B", "ResultPath": null, "Comment": "c" }), &[]),
        (json!({ "ErrorEquals": ["A"], "Next": "B", "Output": {} }), &["SCHEMA_VALIDATION_FAILED /States/A/Catch[0]"]),
        (
            json!({ "ErrorEquals": ["A"], "Next": "B", "OneInvalid": 1 }),
            &["SCHEMA_VALIDATION_FAILED /States/A/Catch[0]"],
        ),
    ] {
        expect(&followed(&caught(catcher)), Type::Standard, expected);
    }
    let nowhere = followed(&with(caught(json!({ "ErrorEquals": ["A"] })), &json!({ "Next": "B", "End": false })));
    expect(&nowhere, Type::Standard, &["SCHEMA_VALIDATION_FAILED /States/A/Catch[0]"]);
}

#[test]
fn rules() {
    let at = "SCHEMA_VALIDATION_FAILED /States/A/Choices[0]";
    let rule = |fields: &Value| {
        followed(&json!({ "Type": "Choice", "Choices": [with(fields.clone(), &json!({ "Next": "B" }))] }))
    };
    for (fields, expected) in [
        (json!({ "Variable": "$.x", "StringEquals": "a" }), &[][..]),
        (json!({ "Variable": "$$.Execution.Id", "StringMatches": "*a*" }), &[]),
        (json!({ "Variable": "$.v", "NumericLessThanEqualsPath": "$.y" }), &[]),
        (json!({ "Variable": "$.x", "TimestampLessThan": "2030-01-31T18:00:00Z" }), &[]),
        (json!({ "Not": { "Variable": "$.x", "IsPresent": true } }), &[]),
        (
            json!({ "And": [{ "Or": [{ "Variable": "$.x", "BooleanEquals": true }] }, { "Variable": "$.y", "IsNull": false }] }),
            &[],
        ),
        (
            json!({ "Variable": "$.x", "StringEquals": 1 }),
            &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/StringEquals"],
        ),
        (
            json!({ "Variable": "$.x", "NumericEquals": "1" }),
            &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/NumericEquals"],
        ),
        (
            json!({ "Variable": "$.x", "BooleanEquals": "true" }),
            &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/BooleanEquals"],
        ),
        (
            json!({ "Variable": "$.x", "TimestampEquals": "2020-01-01" }),
            &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/TimestampEquals"],
        ),
        (json!({ "Variable": "$.x", "IsNull": 1 }), &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/IsNull"]),
        (
            json!({ "Variable": "$.x", "StringEqualsPath": "y" }),
            &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/StringEqualsPath"],
        ),
        (json!({ "Variable": "x", "IsNull": true }), &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/Variable"]),
        (json!({ "Variable": "$.x" }), &[at]),
        (json!({ "IsNull": true }), &[at]),
        (json!({ "Variable": "$.x", "IsNull": true, "IsString": true }), &[at]),
        (json!({ "And": [] }), &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/And"]),
        (
            json!({ "Not": { "Variable": "$.x", "IsNull": true, "Next": "B" } }),
            &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/Not"],
        ),
        (json!({ "Condition": "{% true %}" }), &[at, at]),
    ] {
        expect(&rule(&fields), Type::Standard, expected);
    }
    let jsonata = |rule: Value| followed(&json!({ "Type": "Choice", "QueryLanguage": "JSONata", "Choices": [rule] }));
    for (fields, expected) in [
        (json!({ "Condition": "{% $states.input.x > 1 %}", "Next": "B", "Output": 1, "Assign": { "a": 1 } }), &[][..]),
        (json!({ "Condition": true, "Next": "B" }), &[]),
        (json!({ "Condition": "true", "Next": "B" }), &["SCHEMA_VALIDATION_FAILED /States/A/Choices[0]/Condition"]),
        (json!({ "Next": "B" }), &[at]),
        (json!({ "Condition": true, "Variable": "$.x", "Next": "B" }), &[at]),
    ] {
        expect(&jsonata(fields), Type::Standard, expected);
    }
    let none = json!({ "Type": "Choice", "Choices": [], "Default": "B" });
    expect(&followed(&none), Type::Standard, &["SCHEMA_VALIDATION_FAILED /States/A/Choices"]);
}

#[test]
fn maps() {
    for (fields, expected) in [
        (
            json!({ "ItemsPath": "$.list", "ItemSelector": { "v.$": "$$.Map.Item.Value" }, "MaxConcurrency": 0 }),
            &[][..],
        ),
        (json!({ "Parameters": { "v.$": "$.x" } }), &[]),
        (json!({ "Parameters": {}, "ItemSelector": {} }), &[AT]),
        (json!({ "MaxConcurrency": -1 }), &["SCHEMA_VALIDATION_FAILED /States/A/MaxConcurrency"]),
        (json!({ "MaxConcurrency": 1, "MaxConcurrencyPath": "$.m" }), &[AT]),
        (json!({ "Items": [1] }), &[AT]),
        (json!({ "Label": "a" }), &[AT]),
        (
            json!({ "ItemProcessor": { "StartAt": "I", "States": { "I": pass() }, "QueryLanguage": "JSONata" } }),
            &["SCHEMA_VALIDATION_FAILED /States/A/ItemProcessor"],
        ),
        (json!({ "Iterator": { "StartAt": "J", "States": { "J": pass() } } }), &[AT]),
    ] {
        expect(&alone(&with(map(), &fields)), Type::Standard, expected);
    }
    let bare = json!({ "Type": "Map", "End": true });
    expect(&alone(&bare), Type::Standard, &[AT]);
    let at = |part: &str| format!("SCHEMA_VALIDATION_FAILED /States/A/{part}");
    let reader = |config: Value| json!({ "ItemReader": { "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "b", "Key.$": "$.k" }, "ReaderConfig": config } });
    for (fields, expected) in [
        (json!({ "Label": "a-b_1", "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 5.5 }), None),
        (json!({ "ToleratedFailurePercentage": 101 }), Some(at("ToleratedFailurePercentage"))),
        (json!({ "Label": "" }), Some("INVALID_LABEL_NAME /States/A/Label".to_owned())),
        (json!({ "Label": "a b" }), Some("INVALID_LABEL_NAME /States/A/Label".to_owned())),
        (json!({ "Label": "label_$" }), Some("INVALID_LABEL_NAME /States/A/Label".to_owned())),
        (json!({ "Label": "x".repeat(41) }), Some("INVALID_LABEL_NAME /States/A/Label".to_owned())),
        (reader(json!({ "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 5 })), None),
        (
            reader(
                json!({ "InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "CSVDelimiter": "TAB" }),
            ),
            None,
        ),
        (reader(json!({ "InputType": "CSV" })), Some(at("ItemReader/ReaderConfig"))),
        (reader(json!({ "InputType": "CSV", "CSVHeaderLocation": "GIVEN" })), Some(at("ItemReader/ReaderConfig"))),
        (reader(json!({ "InputType": "XML" })), Some(at("ItemReader/ReaderConfig/InputType"))),
        (reader(json!({ "InputType": "JSON", "MaxItems": 0 })), Some(at("ItemReader/ReaderConfig/MaxItems"))),
        (reader(json!({ "MaxItems": 1, "MaxItemsPath": "$.m" })), Some(at("ItemReader/ReaderConfig"))),
        (json!({ "ItemBatcher": { "MaxItemsPerBatch": 10, "BatchInput": { "a.$": "$.a" } } }), None),
        (json!({ "ItemBatcher": {} }), Some(at("ItemBatcher"))),
        (json!({ "ItemBatcher": { "MaxInputBytesPerBatch": 262_145 } }), Some(at("ItemBatcher/MaxInputBytesPerBatch"))),
        (
            json!({ "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": "b", "Prefix": "p" } } }),
            None,
        ),
        (json!({ "ResultWriter": { "WriterConfig": { "OutputType": "JSONL", "Transformation": "FLATTEN" } } }), None),
        (json!({ "ResultWriter": { "WriterConfig": {} } }), Some(at("ResultWriter/WriterConfig"))),
        (json!({ "ResultWriter": {} }), Some(at("ResultWriter"))),
    ] {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        expect(&alone(&with(distributed(), &fields)), Type::Standard, &expected);
    }
}

#[test]
fn names_are_resolved() {
    let machine = check(&followed(&json!({ "Type": "Pass", "Next": "B" })).to_string(), Type::Standard).machine;
    let machine = machine.expect("it is valid");
    let first = machine.root.state(&machine.root.start).expect("it begins with a state");
    assert_eq!(&*first.common().name, "A");
    let Some(Transition::Next(target)) = first.transition() else { panic!("{first:?}") };
    assert_eq!(machine.root.state(target).map(State::kind), Some("Succeed"));
    let alone = check_state(r#"{"Type":"Pass","Next":"Elsewhere"}"#, "P", Type::Standard).expect("it is a state");
    let Some(Transition::Next(target)) = alone.transition() else { panic!("{alone:?}") };
    assert_eq!((&*target.name, target.index), ("Elsewhere", None));
}

#[test]
fn errors_are_matched_by_name_and_by_family() {
    let matches = |name: &str, error: &str| task::errors_match(&[name.to_owned()], error);
    for (name, error, expected) in [
        ("A", "A", true),
        ("A", "B", false),
        ("States.ALL", "B", true),
        ("States.ALL", "States.Runtime", false),
        ("States.Runtime", "States.Runtime", true),
        ("States.TaskFailed", "B", true),
        ("States.TaskFailed", "States.Timeout", false),
        ("States.Timeout", "States.HeartbeatTimeout", true),
    ] {
        assert_eq!(matches(name, error), expected, "{name} {error}");
    }
}

#[test]
fn variables_that_are_read_and_never_set_are_doubted() {
    let definition = json!({ "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "bias": 4, "list.$": "$.list" }, "Next": "Each" },
        "Each": { "Type": "Map", "ItemsPath": "$list", "Next": "Decide", "ItemSelector": { "b.$": "$bias", "text": "$list" },
            "ItemProcessor": { "StartAt": "Add", "States": {
                "Add": { "Type": "Pass", "Parameters": { "s.$": "States.MathAdd($.b, $bias)" }, "End": true } } } },
        "Decide": { "Type": "Choice", "Default": "Last",
            "Choices": [{ "Variable": "$bias", "NumericGreaterThanPath": "$.limit", "Next": "Last" }] },
        "Last": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $map($list, function($v) { $v + $missing }) %}", "End": true } } });
    let checked = check(&definition.to_string(), Type::Standard);
    let doubts: Vec<&str> =
        checked.findings.iter().filter(|found| !found.is_error()).map(|found| found.reason.as_str()).collect();
    assert_eq!(doubts, ["`$missing` is read here, and no state sets it"]);
}
