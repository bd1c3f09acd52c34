//! Definitions against what Step Functions says of them.

mod parts;

use serde_json::{Value, json};

use super::*;

/// Each finding that AWS tells, as `CODE location`; doubts of ours as `doubt location`.
fn found(text: &str, machine_type: Type) -> Vec<String> {
    let checked = check(text, machine_type);
    let errors = checked.findings.iter().any(Finding::is_error);
    assert_eq!(checked.machine.is_none(), errors, "a machine, or errors: {:?}", checked.findings);
    let line = |finding: &Finding| {
        assert!(finding.reason.chars().next().is_some_and(|c| !c.is_ascii_uppercase()), "{finding:?}");
        assert!(!finding.reason.ends_with('.'), "{finding:?}");
        assert!(finding.span.end <= text.len() && finding.span.start <= finding.span.end, "{finding:?}");
        let code = if finding.told_by_aws { finding.code.name() } else { "doubt" };
        format!("{code} {}", finding.location.as_deref().unwrap_or("-"))
    };
    checked.findings.iter().map(line).collect()
}

#[track_caller]
fn expect(definition: &Value, machine_type: Type, expected: &[&str]) {
    assert_eq!(found(&definition.to_string(), machine_type), expected, "{definition:#}");
}

/// A machine of one state, named A.
fn alone(state: &Value) -> Value {
    json!({ "StartAt": "A", "States": { "A": state } })
}

/// A machine whose state A is followed by B.
fn followed(state: &Value) -> Value {
    json!({ "StartAt": "A", "States": { "A": state, "B": { "Type": "Succeed" } } })
}

/// A state and fields that are added to it.
fn with(mut state: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().expect("fields are an object") {
        state[name] = value.clone();
    }
    state
}

fn pass() -> Value {
    json!({ "Type": "Pass", "End": true })
}

fn task() -> Value {
    json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111122223333:function:f", "End": true })
}

fn map() -> Value {
    json!({ "Type": "Map", "End": true,
        "ItemProcessor": { "StartAt": "I", "States": { "I": { "Type": "Pass", "End": true } } } })
}

fn distributed() -> Value {
    let mut map = map();
    map["ItemProcessor"]["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
    map
}

const AT: &str = "SCHEMA_VALIDATION_FAILED /States/A";

#[test]
fn machines() {
    let good = alone(&pass());
    expect(&good, Type::Standard, &[]);
    expect(&json!({}), Type::Standard, &["SCHEMA_VALIDATION_FAILED /"]);
    for (field, value, expected) in [
        ("Version", json!("1.0"), &[][..]),
        ("Version", json!("2.0"), &["SCHEMA_VALIDATION_FAILED /Version"]),
        ("TimeoutSeconds", json!(60), &[]),
        ("TimeoutSeconds", json!(0), &["SCHEMA_VALIDATION_FAILED /TimeoutSeconds"]),
        ("TimeoutSeconds", json!("60"), &["SCHEMA_VALIDATION_FAILED /TimeoutSeconds"]),
        ("TimeoutSeconds", json!("${Timeout}"), &[]),
        ("QueryLanguage", json!("JSONata"), &[]),
        ("QueryLanguage", json!("jsonata"), &["SCHEMA_VALIDATION_FAILED /QueryLanguage"]),
        ("Comment", json!(1), &["SCHEMA_VALIDATION_FAILED /Comment"]),
        ("Startat", json!("A"), &["SCHEMA_VALIDATION_FAILED /"]),
        ("StartAt", json!("B"), &["MISSING_TRANSITION_TARGET /StartAt", "MISSING_TRANSITION_TARGET /States/A"]),
        ("States", json!({}), &["SCHEMA_VALIDATION_FAILED /States", "MISSING_TRANSITION_TARGET /StartAt"]),
        ("States", json!([]), &["SCHEMA_VALIDATION_FAILED /States"]),
    ] {
        expect(&with(good.clone(), &json!({ field: value })), Type::Standard, expected);
    }
}

#[test]
fn texts_that_are_no_definition() {
    for (text, expected) in [
        ("", "MISSING_DESCRIPTION -"),
        (" ", "SCHEMA_VALIDATION_FAILED -"),
        ("[]", "SCHEMA_VALIDATION_FAILED -"),
        ("hello", "SCHEMA_VALIDATION_FAILED -"),
        ("{\"StartAt\": \"A\",}", "INVALID_JSON_DESCRIPTION -"),
        ("{\"StartAt\" \"A\"}", "INVALID_JSON_DESCRIPTION -"),
    ] {
        assert_eq!(found(text, Type::Standard), [expected], "{text}");
    }
    let twice = r#"{"StartAt":"A","StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#;
    assert_eq!(found(twice, Type::Standard), ["INVALID_JSON_DESCRIPTION -"]);
    let deep = format!("{{\"A\":{}{}}}", "[".repeat(500), "]".repeat(500));
    assert_eq!(found(&deep, Type::Standard), ["TOO_DEEPLY_NESTED -"]);
    let large = alone(&with(pass(), &json!({ "Result": "x".repeat(1_100_000) })));
    expect(&large, Type::Standard, &["SCHEMA_VALIDATION_FAILED -"]);
}

#[test]
fn yaml_has_the_same_rules_and_its_own_places() {
    let text = "StartAt: A\nStates:\n  A:\n    Type: Wait\n    Seconds: 5\n    Next: C\n  B:\n    Type: Succeed\n";
    let checked = check(text, Type::Standard);
    let places: Vec<String> =
        checked.findings.iter().map(|finding| finding.problem("m.yaml", text).to_string()).collect();
    assert_eq!(
        places,
        ["m.yaml:6:11: /States/A/Next: there is no state `C`", "m.yaml:7:3: /States/B: nothing leads to `B`",]
    );
}

#[test]
fn transitions() {
    let both = with(pass(), &json!({ "Next": "B" }));
    expect(&followed(&both), Type::Standard, &[AT]);
    let neither = json!({ "Type": "Pass" });
    expect(&alone(&neither), Type::Standard, &[AT, "MISSING_END_STATE -"]);
    let not_the_end = json!({ "Type": "Pass", "End": false, "Next": "B" });
    expect(&followed(&not_the_end), Type::Standard, &[]);
    let round = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Next": "B" }, "B": { "Type": "Pass", "Next": "A" } } });
    expect(&round, Type::Standard, &["MISSING_END_STATE -"]);
    let out_of_branch = json!({ "StartAt": "P", "States": {
        "P": { "Type": "Parallel", "Next": "Z", "Branches": [
            { "StartAt": "X", "States": { "X": { "Type": "Pass", "Next": "Z" }, "Y": { "Type": "Succeed" } } } ] },
        "Z": { "Type": "Succeed" } } });
    let expected = [
        "MISSING_TRANSITION_TARGET /States/P/Branches[0]/States/X/Next",
        "MISSING_TRANSITION_TARGET /States/P/Branches[0]/States/Y",
    ];
    expect(&out_of_branch, Type::Standard, &expected);
    let by_all_ways = json!({ "StartAt": "C", "States": {
        "C": { "Type": "Choice", "Choices": [{ "Variable": "$.x", "IsNull": true, "Next": "N1" }], "Default": "N2" },
        "T": with(task(), &json!({ "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "N3" }] })) } });
    let expected = [
        "MISSING_TRANSITION_TARGET /States/C/Choices[0]/Next",
        "MISSING_TRANSITION_TARGET /States/C/Default",
        "MISSING_TRANSITION_TARGET /States/T/Catch[0]/Next",
        "MISSING_TRANSITION_TARGET /States/T",
    ];
    expect(&by_all_ways, Type::Standard, &expected);
}

#[test]
fn names() {
    let long = "x".repeat(81);
    let named = |name: &str| json!({ "StartAt": name, "States": { name: pass() } });
    expect(&named(&long), Type::Standard, &[format!("INVALID_STATE_NAME /States/{long}").as_str()]);
    expect(&named(&"é".repeat(80)), Type::Standard, &[]);
    let mut nested = map();
    nested["ItemProcessor"] = json!({ "StartAt": "A", "States": { "A": pass() } });
    expect(&alone(&nested), Type::Standard, &["DUPLICATE_STATE_NAME /States/A/ItemProcessor/States/A"]);
    let branch = json!({ "StartAt": "S", "States": { "S": pass() } });
    let beside = json!({ "Type": "Parallel", "End": true, "Branches": [branch, branch] });
    expect(&alone(&beside), Type::Standard, &["doubt /States/A/Branches[1]/States/S"]);
}

/// A field that a kind of state has in one language only, and one that it never has.
#[test]
fn fields_by_kind_and_language() {
    let kinds = [
        json!({ "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true }),
        pass(),
        json!({ "Type": "Wait", "Seconds": 1, "End": true }),
        json!({ "Type": "Succeed" }),
        json!({ "Type": "Parallel", "End": true,
            "Branches": [{ "StartAt": "X", "States": { "X": { "Type": "Succeed" } } }] }),
        map(),
        json!({ "Type": "Fail" }),
    ];
    for state in kinds {
        let kind = state["Type"].as_str().expect("each has a type").to_owned();
        let jsonata = with(state.clone(), &json!({ "QueryLanguage": "JSONata" }));
        for (field, value, path, other) in [
            ("OutputPath", json!("$"), kind != "Fail", false),
            ("Output", json!({}), false, kind != "Fail"),
            ("ResultPath", json!("$.r"), ["Task", "Pass", "Parallel", "Map"].contains(&kind.as_str()), false),
            ("ResultSelector", json!({}), ["Task", "Parallel", "Map"].contains(&kind.as_str()), false),
            ("Arguments", json!({}), false, ["Task", "Parallel"].contains(&kind.as_str())),
            (
                "Assign",
                json!({}),
                !["Succeed", "Fail"].contains(&kind.as_str()),
                !["Succeed", "Fail"].contains(&kind.as_str()),
            ),
            (
                "Retry",
                json!([]),
                ["Task", "Parallel", "Map"].contains(&kind.as_str()),
                ["Task", "Parallel", "Map"].contains(&kind.as_str()),
            ),
            ("TimeoutSeconds", json!(1), kind == "Task", kind == "Task"),
            ("Unheard", json!(1), false, false),
        ] {
            let fields = json!({ field: value });
            let expected = |taken: bool| if taken { &[][..] } else { &[AT][..] };
            expect(&alone(&with(state.clone(), &fields)), Type::Standard, expected(path));
            expect(&alone(&with(jsonata.clone(), &fields)), Type::Standard, expected(other));
        }
    }
}

#[test]
fn a_machine_of_jsonata_does_not_go_back() {
    let back = json!({ "QueryLanguage": "JSONata", "StartAt": "A",
        "States": { "A": { "Type": "Pass", "QueryLanguage": "JSONPath", "End": true } } });
    let checked = check(&back.to_string(), Type::Standard);
    let text = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
    assert_eq!(checked.findings[0].message, text);
    expect(&back, Type::Standard, &[AT]);
    let refused = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', \
                   but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/A'";
    let checked = check(&alone(&with(pass(), &json!({ "Output": 1 }))).to_string(), Type::Standard);
    assert_eq!(finding::refusal(&checked.findings), refused);
}

#[test]
fn paths_and_templates() {
    let parameters = |value: Value| alone(&with(pass(), &json!({ "Parameters": value, "Assign": { "name": {} } })));
    for good in [
        json!({ "a.$": "$.x", "b.$": "$$.Execution.Id", "c.$": "$name.part", "d.$": "$.x[*].y", "e": null }),
        json!({ "deep": [{ "f.$": "States.Format('{} {}', $.a, States.UUID())" }] }),
        json!("text"),
        json!([1, 2]),
    ] {
        expect(&parameters(good), Type::Standard, &[]);
    }
    for bad in [
        json!({ "a.$": "x" }),
        json!({ "a.$": 1 }),
        json!({ "a.$": " States.UUID()" }),
        json!({ "a.$": "States.Nothing()" }),
        json!({ "a.$": "States.Format('{}'" }),
        json!({ "a.$": "$." }),
        json!({ "a": 1, "a.$": "$.a" }),
    ] {
        expect(&parameters(bad), Type::Standard, &["SCHEMA_VALIDATION_FAILED /States/A/Parameters"]);
    }
    expect(
        &parameters(json!({ "d": { "a.$": "x" } })),
        Type::Standard,
        &["SCHEMA_VALIDATION_FAILED /States/A/Parameters/d"],
    );
    expect(&parameters(json!({ "a": "$.x" })), Type::Standard, &["NO_DOLLAR /States/A/Parameters"]);
    for (field, value, fits) in [
        ("InputPath", json!("$.a"), true),
        ("InputPath", json!(null), true),
        ("InputPath", json!("a"), false),
        ("InputPath", json!(1), false),
        ("OutputPath", json!("$$.Execution"), true),
        ("ResultPath", json!(null), true),
        ("ResultPath", json!("$.a.b[0]"), true),
        ("ResultPath", json!("$.a[*]"), false),
        ("ResultPath", json!("$$.a"), false),
        ("ResultPath", json!("$variable"), false),
    ] {
        let place = format!("SCHEMA_VALIDATION_FAILED /States/A/{field}");
        let expected: &[&str] = if fits { &[] } else { &[place.as_str()] };
        expect(&alone(&with(pass(), &json!({ field: value }))), Type::Standard, expected);
    }
}

#[test]
fn expressions() {
    let output = |value: Value| alone(&with(pass(), &json!({ "QueryLanguage": "JSONata", "Output": value })));
    for good in
        [json!("{% $states.input %}"), json!({ "a": ["{% 1 + 1 %}", "plain", 1, null] }), json!("no expression")]
    {
        expect(&output(good), Type::Standard, &[]);
    }
    let place = "/States/A/Output";
    for (bad, code) in [
        ("{% 1 +%}", "INVALID_JSONATA_EXPRESSION"),
        ("{% $sum(1 %}", "INVALID_JSONATA_EXPRESSION"),
        ("{% 1", "SCHEMA_VALIDATION_FAILED"),
        ("1 %}", "SCHEMA_VALIDATION_FAILED"),
        (" {% 1 %}", "SCHEMA_VALIDATION_FAILED"),
        ("{% phone %}", "UNSUPPORTED_JSONATA_EXPRESSION"),
        ("{% $states.errorOutput.Error %}", "UNSUPPORTED_JSONATA_EXPRESSION"),
    ] {
        expect(&output(json!(bad)), Type::Standard, &[format!("{code} {place}").as_str()]);
        let nested = output(json!({ "a": [bad] }));
        expect(&nested, Type::Standard, &[format!("{code} {place}/a[0]").as_str()]);
    }
}

#[test]
fn variables() {
    for (name, fits) in [
        ("a", true),
        ("größe", true),
        ("a1_b", true),
        ("1a", false),
        ("a-b", false),
        ("$a", false),
        ("states", false),
        ("", false),
    ] {
        let place = format!("SCHEMA_VALIDATION_FAILED /States/A/Assign/{name}");
        let expected: &[&str] = if fits { &[] } else { &[place.as_str()] };
        let assigned = json!({ "Assign": { name: 1 } });
        expect(&alone(&with(pass(), &assigned)), Type::Standard, expected);
        let jsonata = with(pass(), &json!({ "QueryLanguage": "JSONata" }));
        expect(&alone(&with(jsonata, &assigned)), Type::Standard, expected);
    }
    expect(&alone(&with(pass(), &json!({ "Assign": { "a.$": "$.x" } }))), Type::Standard, &[]);
    expect(
        &alone(&with(pass(), &json!({ "Assign": [] }))),
        Type::Standard,
        &["SCHEMA_VALIDATION_FAILED /States/A/Assign"],
    );
}

#[test]
fn waits() {
    let wait = |fields: Value| alone(&with(json!({ "Type": "Wait", "End": true }), &fields));
    for (fields, expected) in [
        (json!({ "Seconds": 0 }), &[][..]),
        (json!({ "Seconds": 99_999_999 }), &[]),
        (json!({ "SecondsPath": "$.a" }), &[]),
        (json!({ "TimestampPath": "$$.Execution.StartTime" }), &[]),
        (json!({ "Timestamp": "2030-01-31T18:00:00Z" }), &[]),
        (json!({ "Timestamp": "2030-01-31T18:00:00.5+02:00" }), &[]),
        (json!({}), &[AT]),
        (json!({ "Seconds": 1, "SecondsPath": "$.a" }), &[AT]),
        (json!({ "Seconds": 1, "Timestamp": "2030-01-31T18:00:00Z" }), &[AT]),
        (json!({ "Seconds": -1 }), &["SCHEMA_VALIDATION_FAILED /States/A/Seconds"]),
        (json!({ "Seconds": 100_000_000 }), &["SCHEMA_VALIDATION_FAILED /States/A/Seconds"]),
        (json!({ "Seconds": 1.5 }), &["SCHEMA_VALIDATION_FAILED /States/A/Seconds"]),
        (json!({ "SecondsPath": "$.a[*]" }), &["SCHEMA_VALIDATION_FAILED /States/A/SecondsPath"]),
        (json!({ "Timestamp": "2030-01-31" }), &["SCHEMA_VALIDATION_FAILED /States/A/Timestamp"]),
        (json!({ "Timestamp": "2030-01-31t18:00:00z" }), &["SCHEMA_VALIDATION_FAILED /States/A/Timestamp"]),
        (json!({ "Timestamp": "2030-01-31T18:00:00" }), &["SCHEMA_VALIDATION_FAILED /States/A/Timestamp"]),
        (json!({ "QueryLanguage": "JSONata", "Seconds": "{% 1 %}" }), &[]),
        (json!({ "QueryLanguage": "JSONata", "Timestamp": "{% $now() %}" }), &[]),
    ] {
        expect(&wait(fields), Type::Standard, expected);
    }
}

#[test]
fn fails() {
    let fail = |fields: Value| alone(&with(json!({ "Type": "Fail" }), &fields));
    for (fields, expected) in [
        (json!({}), &[][..]),
        (json!({ "Error": "E", "Cause": "why" }), &[]),
        (json!({ "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.c)" }), &[]),
        (json!({ "Error": "E", "ErrorPath": "$.e" }), &[AT]),
        (json!({ "CausePath": "why" }), &["SCHEMA_VALIDATION_FAILED /States/A/CausePath"]),
        (json!({ "CausePath": "States.MathAdd(1, 2)" }), &["SCHEMA_VALIDATION_FAILED /States/A/CausePath"]),
        (json!({ "Error": 1 }), &["SCHEMA_VALIDATION_FAILED /States/A/Error"]),
        (json!({ "QueryLanguage": "JSONata", "Error": "{% $states.input.e %}" }), &[]),
        (json!({ "End": true }), &[AT]),
    ] {
        expect(&fail(fields), Type::Standard, expected);
    }
}
