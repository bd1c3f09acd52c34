//! States entered, left and judged, by table.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::event::{Direct, Event};
use super::{Attempts, Code, Entered, Exit, Failure, Inspection, Settings, Situation, Until, Verdict};
use crate::asl::{Fault, Type, Variables, check_json};
use crate::base::{Ids, SequenceIds};

/// A machine whose first state is `S`, followed by `T`.
fn code(language: &str, state: &Value) -> Code {
    let mut state = state.clone();
    let kind = state["Type"].as_str().unwrap().to_owned();
    if !matches!(kind.as_str(), "Choice" | "Succeed" | "Fail") {
        state["Next"] = json!("T");
    }
    let mut states = json!({"S": state});
    if !matches!(kind.as_str(), "Succeed" | "Fail") {
        states["T"] = json!({"Type": "Pass", "End": true});
    }
    let text = json!({"QueryLanguage": language, "StartAt": "S", "States": states}).to_string();
    let checked = check_json(&text, Type::Standard);
    let machine = checked.machine.unwrap_or_else(|| panic!("{text}: {:?}", checked.findings));
    Code::compile(&machine.root).unwrap()
}

fn situated<T>(input: &Value, work: impl FnOnce(&Situation<'_>) -> T) -> T {
    let context = json!({"Execution": {"Id": "arn", "Input": input}, "State": {"Name": "S"}, "Map": {"Item": {"Index": 1, "Value": "i"}}});
    let variables = Map::from_iter([("v".to_owned(), json!({"w": 7}))]);
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    work(&Situation { input, context: &context, variables: &variables, ids: &ids, now_ms: 0 })
}

fn enter(language: &str, state: &Value, input: &Value) -> Result<Entered, Fault> {
    let code = code(language, state);
    situated(input, |situation| code.step("S").unwrap().enter(situation))
}

fn leave(language: &str, state: &Value, input: &Value, result: &Value) -> Result<Exit, Fault> {
    let code = code(language, state);
    situated(input, |situation| code.step("S").unwrap().leave(situation, result.clone()))
}

fn to(next: &str, output: Value, assigned: &Value) -> Entered {
    let next = (!next.is_empty()).then(|| Arc::from(next));
    Entered::Left(Exit { output, assigned: assigned.as_object().cloned().unwrap_or_default(), next })
}

#[test]
fn pass_choice_and_succeed_are_left_at_once() {
    let input = json!({"a": {"b": 1}, "c": 2});
    let table = [
        ("JSONPath", json!({"Type": "Pass"}), to("T", input.clone(), &json!({}))),
        ("JSONPath", json!({"Type": "Pass", "Result": {"x.$": "$.a"}}), to("T", json!({"x.$": "$.a"}), &json!({}))),
        (
            "JSONPath",
            json!({"Type": "Pass", "InputPath": "$.a", "Parameters": {"p.$": "$.b"}, "ResultPath": "$.r", "Assign": {"n.$": "$.p"}}),
            to("T", json!({"a": {"b": 1}, "c": 2, "r": {"p": 1}}), &json!({"n": 1})),
        ),
        (
            "JSONPath",
            json!({"Type": "Pass", "Result": 5, "ResultPath": null, "OutputPath": "$.c"}),
            to("T", json!(2), &json!({})),
        ),
        ("JSONPath", json!({"Type": "Pass", "InputPath": null}), to("T", json!({}), &json!({}))),
        ("JSONPath", json!({"Type": "Pass", "OutputPath": null}), to("T", json!({}), &json!({}))),
        ("JSONPath", json!({"Type": "Pass", "OutputPath": "$$.Execution.Id"}), to("T", json!("arn"), &json!({}))),
        (
            "JSONPath",
            json!({"Type": "Choice", "InputPath": "$.a", "OutputPath": "$.b", "Choices": [{"Variable": "$.b", "NumericEquals": 1, "Next": "T", "Assign": {"hit.$": "$.b"}}], "Assign": {"missed": 1}}),
            to("T", json!(1), &json!({"hit": 1})),
        ),
        (
            "JSONPath",
            json!({"Type": "Choice", "Choices": [{"Variable": "$.c", "NumericEqualsPath": "$v.w", "Next": "S"}], "Default": "T", "Assign": {"missed": 1}}),
            to("T", input.clone(), &json!({"missed": 1})),
        ),
        ("JSONPath", json!({"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}), to("", json!(1), &json!({}))),
        ("JSONata", json!({"Type": "Pass"}), to("T", input.clone(), &json!({}))),
        (
            "JSONata",
            json!({"Type": "Pass", "Output": {"x": "{% $states.input.c + $v.w %}", "s": "a"}, "Assign": {"v": "{% $v.w + 1 %}", "old": "{% $v %}"}}),
            to("T", json!({"x": 9, "s": "a"}), &json!({"v": 8, "old": {"w": 7}})),
        ),
        (
            "JSONata",
            json!({"Type": "Choice", "Choices": [{"Condition": "{% $states.input.c > 5 %}", "Next": "S"}, {"Condition": true, "Next": "T", "Output": "{% $states.input.a %}"}], "Output": "state's"}),
            to("T", json!({"b": 1}), &json!({})),
        ),
        (
            "JSONata",
            json!({"Type": "Succeed", "Output": "{% $states.context.Execution.Id %}"}),
            to("", json!("arn"), &json!({})),
        ),
    ];
    for (language, state, expected) in table {
        assert_eq!(enter(language, &state, &input), Ok(expected), "{state}");
    }
}

#[test]
fn what_is_found_when_a_state_is_entered() {
    let input = json!({"n": 3, "t": "2016-03-14T01:59:00Z", "e": "E", "list": [1, 2]});
    let point = "2016-03-14T01:59:00Z".parse().unwrap();
    let fails =
        |error: &str, cause: &str| Entered::Fails { error: Some(error.to_owned()), cause: Some(cause.to_owned()) };
    let table = [
        ("JSONPath", json!({"Type": "Wait", "Seconds": 4}), Entered::Waits(Until::Seconds(4))),
        ("JSONPath", json!({"Type": "Wait", "SecondsPath": "$.n"}), Entered::Waits(Until::Seconds(3))),
        ("JSONPath", json!({"Type": "Wait", "TimestampPath": "$.t"}), Entered::Waits(Until::Timestamp(point))),
        ("JSONata", json!({"Type": "Wait", "Seconds": "{% $states.input.n * 2 %}"}), Entered::Waits(Until::Seconds(6))),
        (
            "JSONata",
            json!({"Type": "Wait", "Timestamp": "{% $states.input.t %}"}),
            Entered::Waits(Until::Timestamp(point)),
        ),
        (
            "JSONPath",
            json!({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('n {}', $.n)"}),
            fails("E", "n 3"),
        ),
        ("JSONata", json!({"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "c"}), fails("E", "c")),
        (
            "JSONPath",
            json!({"Type": "Parallel", "Parameters": {"p.$": "$.n"}, "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}}]}),
            Entered::Branches(json!({"p": 3})),
        ),
    ];
    for (language, state, expected) in table {
        assert_eq!(enter(language, &state, &input), Ok(expected), "{state}");
    }
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "TimeoutSecondsPath": "$.n", "HeartbeatSeconds": 2, "Parameters": {"QueueUrl": "u", "MessageBody.$": "$.list"}});
    let Ok(Entered::Works(work)) = enter("JSONPath", &task, &input) else { panic!("a task works") };
    assert_eq!(work.parameters, json!({"QueueUrl": "u", "MessageBody": [1, 2]}));
    assert_eq!((work.timeout_seconds, work.heartbeat_seconds), (Some(3), Some(2)));
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Arguments": {"QueueUrl": "{% $states.input.e %}", "MessageBody": "b"}});
    let Ok(Entered::Works(work)) = enter("JSONata", &task, &input) else { panic!("a task works") };
    assert_eq!(work.parameters, json!({"QueueUrl": "E", "MessageBody": "b"}));
}

#[test]
fn a_value_that_a_state_cannot_use_is_a_fault() {
    let input = json!({"n": -1, "t": "05-12-2016T21:29:29Z", "o": {}, "s": "NoNumber", "half": 0.5, "big": "x".repeat(263_000)});
    let map = |field: &str, value: &str| json!({"Type": "Map", "ItemsPath": "$.o", field: value, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}});
    let table = [
        (
            "JSONPath",
            json!({"Type": "Wait", "SecondsPath": "$.n"}),
            "States.Runtime: The SecondsPath parameter references a negative value: $.n == -1",
        ),
        (
            "JSONPath",
            json!({"Type": "Wait", "SecondsPath": "$.x.y"}),
            "States.Runtime: The SecondsPath parameter does not reference an input value: $.x.y",
        ),
        (
            "JSONPath",
            json!({"Type": "Wait", "TimestampPath": "$.t"}),
            "States.Runtime: The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.t == 05-12-2016T21:29:29Z",
        ),
        (
            "JSONPath",
            json!({"Type": "Pass", "InputPath": "$.none"}),
            "States.Runtime: Invalid path '$.none' : No results for path: $['none']",
        ),
        (
            "JSONPath",
            json!({"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "T"}]}),
            "States.Runtime: Failed to transition out of the state. The state does not point to a next state.",
        ),
        (
            "JSONPath",
            map("ToleratedFailureCountPath", "$.s"),
            "States.Runtime: Reference path \"$.o\" must point to array.",
        ),
        (
            "JSONPath",
            json!({"Type": "Pass"}),
            "States.DataLimitExceeded: The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit.",
        ),
        (
            "JSONata",
            json!({"Type": "Wait", "Seconds": "{% $states.input.s %}"}),
            "States.QueryEvaluationError: The JSONata expression '$states.input.s' specified for the field 'Seconds' returned an unexpected result type. Expected 'number', but was 'string' for value: \"NoNumber\"",
        ),
        (
            "JSONata",
            json!({"Type": "Wait", "Seconds": "{% $states.input.half %}"}),
            "States.QueryEvaluationError: The Seconds field cannot be parsed as an integer: 0.5",
        ),
        (
            "JSONata",
            json!({"Type": "Wait", "Seconds": "{% $states.input.n %}"}),
            "States.QueryEvaluationError: Seconds must be between 0 and 99999999 but was: -1",
        ),
        (
            "JSONPath",
            json!({"Type": "Map", "InputPath": "$.o", "ItemsPath": "$.d.objects", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}}),
            "States.ReferencePathConflict: Unable to apply step \"d\" to input {}",
        ),
        (
            "JSONata",
            json!({"Type": "Choice", "Choices": [{"Condition": "{% $states.input.s %}", "Next": "T"}]}),
            "States.QueryEvaluationError: The JSONata expression '$states.input.s' specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'string' for value: \"NoNumber\"",
        ),
    ];
    for (language, state, expected) in table {
        let fault = enter(language, &state, &input).unwrap_err();
        assert_eq!(fault.to_string(), expected, "{state}");
    }
}

#[test]
fn a_result_is_shaped_placed_and_selected() {
    let input = json!({"a": 1});
    let result = json!({"r": {"s": 2}, "t": 3});
    let task = |fields: Value| {
        let mut task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"});
        task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        task
    };
    let table = [
        ("JSONPath", json!({}), result.clone(), json!({})),
        ("JSONPath", json!({"ResultPath": "$.b.c"}), json!({"a": 1, "b": {"c": result}}), json!({})),
        (
            "JSONPath",
            json!({"ResultSelector": {"s.$": "$.r.s", "id.$": "$$.Execution.Id"}, "ResultPath": "$.x", "OutputPath": "$.x.s", "Assign": {"t.$": "$.t"}}),
            json!(2),
            json!({"t": 3}),
        ),
        ("JSONPath", json!({"ResultPath": null}), json!({"a": 1}), json!({})),
        ("JSONata", json!({}), result.clone(), json!({})),
        (
            "JSONata",
            json!({"Output": "{% $merge([$states.input, $states.result]) %}", "Assign": {"t": "{% $states.result.t %}"}}),
            json!({"a": 1, "r": {"s": 2}, "t": 3}),
            json!({"t": 3}),
        ),
    ];
    for (language, fields, output, assigned) in table {
        let exit = leave(language, &task(fields.clone()), &input, &result).unwrap();
        assert_eq!((&exit.output, Value::Object(exit.assigned)), (&output, assigned), "{fields}");
    }
}

#[test]
fn a_map_finds_items_inputs_and_settings() {
    let map = |language: &str, fields: Value| {
        let mut map = json!({"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}});
        map.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        code(language, &map)
    };
    let input = json!({"list": [1, 2], "p": 12.5, "c": 3, "bad": "x"});
    let path = map(
        "JSONPath",
        json!({"ItemsPath": "$.list", "ItemSelector": {"n.$": "$$.Map.Item.Index", "c.$": "$.c"}, "MaxConcurrencyPath": "$.c", "ToleratedFailurePercentagePath": "$.p"}),
    );
    let jsonata = map(
        "JSONata",
        json!({"Items": "{% $states.input.list %}", "ItemSelector": {"i": "{% $states.context.Map.Item.Value %}"}, "ToleratedFailureCount": "{% $states.input.c %}"}),
    );
    situated(&input, |situation| {
        for (code, given) in [(&path, json!({"n": 1, "c": 3})), (&jsonata, json!({"i": "i"}))] {
            let step = code.step("S").unwrap();
            let Ok(Entered::Iterates(work)) = step.enter(situation) else { panic!("a Map iterates") };
            assert_eq!(work.items, Some(vec![json!(1), json!(2)]));
            assert_eq!(step.iteration(situation, &json!(1)), Ok(given));
        }
        let settings = path.step("S").unwrap().settings(situation).unwrap();
        assert_eq!((settings.max_concurrency, settings.tolerated_percentage), (3, Some(12.5)));
        assert_eq!(jsonata.step("S").unwrap().settings(situation).unwrap().tolerated_count, Some(3));
    });
    let bad = [
        (
            json!({"ToleratedFailureCountPath": "$.bad"}),
            "The ToleratedFailureCountPath field refers to value \"x\" which is not a valid integer: $.bad",
        ),
        (
            json!({"ToleratedFailurePercentagePath": "$.bad"}),
            "The ToleratedFailurePercentagePath field refers to value \"x\" which is not a valid float: $.bad",
        ),
    ];
    for (fields, cause) in bad {
        let code = map("JSONPath", fields);
        let fault = situated(&input, |situation| code.step("S").unwrap().settings(situation)).unwrap_err();
        assert_eq!(fault, Fault::runtime(cause));
    }
    let tolerance = |count, percentage| Settings {
        tolerated_count: count,
        tolerated_percentage: percentage,
        ..Settings::default()
    };
    let table = [
        (tolerance(None, None), 1, 10, true),
        (tolerance(None, None), 0, 10, false),
        (tolerance(Some(2), None), 2, 10, false),
        (tolerance(Some(2), None), 3, 10, true),
        (tolerance(None, Some(50.0)), 5, 10, false),
        (tolerance(None, Some(50.0)), 6, 10, true),
        (tolerance(Some(1), Some(90.0)), 2, 10, true),
    ];
    for (settings, failed, total, exceeded) in table {
        assert_eq!(settings.exceeded(failed, total), exceeded, "{settings:?} {failed}/{total}");
    }
}

#[test]
fn a_failure_is_retried_then_caught() {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Retry": [
            {"ErrorEquals": ["A"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 3, "MaxDelaySeconds": 10},
            {"ErrorEquals": ["B"], "MaxAttempts": 0},
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "JitterStrategy": "FULL"}
        ],
        "Catch": [
            {"ErrorEquals": ["B"], "Next": "T", "ResultPath": "$.error", "Assign": {"why.$": "$.Cause"}},
            {"ErrorEquals": ["States.TaskFailed"], "Next": "T"}
        ]
    });
    let code = code("JSONPath", &state);
    let step = code.step("S").unwrap();
    let failure = |error: &str| Failure { error: error.to_owned(), cause: Some("c".to_owned()) };
    let input = json!({"a": 1});
    situated(&input, |situation| {
        let mut attempts = Attempts::default();
        let mut judge = |error: &str| step.judge(situation, &failure(error), &mut attempts).unwrap();
        let delays: Vec<_> = (0..3).map(|_| judge("A")).collect();
        assert_eq!(delays, [2000, 6000, 10_000].map(|after_ms| Verdict::Retry { after_ms }));
        let whole = json!({"Error": "A", "Cause": "c"});
        assert_eq!(
            judge("A"),
            Verdict::Caught(Exit { output: whole, assigned: Variables::new(), next: Some("T".into()) })
        );
        let placed = json!({"a": 1, "error": {"Error": "B", "Cause": "c"}});
        let assigned = Variables::from_iter([("why".to_owned(), json!("c"))]);
        assert_eq!(judge("B"), Verdict::Caught(Exit { output: placed, assigned, next: Some("T".into()) }));
        assert!(matches!(judge("C"), Verdict::Retry { after_ms } if after_ms <= 1000));
        assert!(matches!(judge("C"), Verdict::Caught(_)));
        for terminal in ["States.Runtime", "States.DataLimitExceeded"] {
            assert_eq!(judge(terminal), Verdict::Uncaught);
        }
        assert_eq!(attempts.total(), 4);
        assert_eq!(Attempts::from_counts(attempts.counts().to_vec()), attempts);
    });
}

#[test]
fn a_jsonata_catcher_sees_the_error() {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T", "Output": {"e": "{% $states.errorOutput.Error %}", "i": "{% $states.input.a %}"}, "Assign": {"x": "{% $states.errorOutput %}"}}]
    });
    let code = code("JSONata", &state);
    let failure = Failure { error: "E".to_owned(), cause: None };
    let verdict = situated(&json!({"a": 1}), |situation| {
        code.step("S").unwrap().judge(situation, &failure, &mut Attempts::default())
    });
    let assigned = Variables::from_iter([("x".to_owned(), json!({"Error": "E"}))]);
    assert_eq!(
        verdict,
        Ok(Verdict::Caught(Exit { output: json!({"e": "E", "i": 1}), assigned, next: Some("T".into()) }))
    );
}

#[test]
fn a_fault_is_told_with_the_state_s_name() {
    let told = |fault: &Fault| Failure::of(fault, "S", 4).cause.unwrap();
    assert_eq!(
        told(&Fault::runtime("Why.")),
        "An error occurred while executing the state 'S' (entered at the event id #4). Why."
    );
    assert!(told(&Fault::data_limit("S")).starts_with("The state/task 'S' returned a result"));
}

#[test]
fn events_have_the_shapes_of_the_api() {
    let failure = Failure { error: "E".to_owned(), cause: Some("c".to_owned()) };
    let assigned = Variables::from_iter([("n".to_owned(), json!("x"))]);
    let query = Fault::query("Output/a", "why");
    let table = [
        (
            Event::state_entered("Pass", "P", &json!({"a": 1})),
            json!({"type": "PassStateEntered", "stateEnteredEventDetails": {"name": "P", "input": "{\"a\":1}", "inputDetails": {"truncated": false}}}),
        ),
        (
            Event::state_exited("Pass", "P", &json!(1), &assigned),
            json!({"type": "PassStateExited", "stateExitedEventDetails": {"name": "P", "output": "1", "outputDetails": {"truncated": false}, "assignedVariables": {"n": "\"x\""}, "assignedVariablesDetails": {"truncated": false}}}),
        ),
        (
            Event::execution_failed(None, Some("c")),
            json!({"type": "ExecutionFailed", "executionFailedEventDetails": {"cause": "c"}}),
        ),
        (
            Event::evaluation_failed(&query, &failure, "P").unwrap(),
            json!({"type": "EvaluationFailed", "evaluationFailedEventDetails": {"error": "E", "cause": "c", "state": "P", "location": "Output/a"}}),
        ),
        (
            Event::task_scheduled(("sqs", "sendMessage"), "eu-west-1", &json!({}), (Some(5), Some(2))),
            json!({"type": "TaskScheduled", "taskScheduledEventDetails": {"resourceType": "sqs", "resource": "sendMessage", "region": "eu-west-1", "parameters": "{}", "timeoutInSeconds": 5, "heartbeatInSeconds": 2}}),
        ),
        (
            Event::task_failed(true, ("sqs", "sendMessage"), &failure),
            json!({"type": "TaskTimedOut", "taskTimedOutEventDetails": {"resourceType": "sqs", "resource": "sendMessage", "error": "E", "cause": "c"}}),
        ),
        (
            Event::direct_failed(Direct::Activity, true, &failure),
            json!({"type": "ActivityTimedOut", "activityTimedOutEventDetails": {"error": "E", "cause": "c"}}),
        ),
        (
            Event::iteration("Failed", "M", 2),
            json!({"type": "MapIterationFailed", "mapIterationFailedEventDetails": {"name": "M", "index": 2}}),
        ),
        (Event::state_failed("Map", &failure).unwrap(), json!({"type": "MapStateFailed"})),
    ];
    for (event, expected) in table {
        assert_eq!(Value::Object(event.fields()), expected);
    }
    assert_eq!(Event::evaluation_failed(&Fault::runtime("x"), &failure, "P"), None);
    let runtime = Failure { error: "States.Runtime".to_owned(), cause: None };
    assert_eq!((Event::state_failed("Map", &runtime), Event::state_failed("Task", &failure)), (None, None));
}

#[test]
fn the_values_on_the_way_are_told() {
    let task = |fields: Value| {
        let mut task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"});
        task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        task
    };
    let (input, result) = (json!({"a": {"b": 1}}), json!({"r": 2}));
    let path = json!({"InputPath": "$.a", "Parameters": {"p.$": "$.b"}, "ResultSelector": {"s.$": "$.r"}, "ResultPath": "$.x"});
    let table = [
        (
            "JSONPath",
            task(path),
            Inspection {
                after_input_path: Some(json!({"b": 1})),
                after_parameters: Some(json!({"p": 1})),
                after_result_selector: Some(json!({"s": 2})),
                after_result_path: Some(json!({"a": {"b": 1}, "x": {"s": 2}})),
                ..Inspection::default()
            },
        ),
        (
            "JSONata",
            task(json!({"Arguments": {"q": "{% $states.input.a.b %}"}})),
            Inspection { after_arguments: Some(json!({"q": 1})), ..Inspection::default() },
        ),
        (
            "JSONPath",
            json!({"Type": "Succeed"}),
            Inspection { after_input_path: Some(input.clone()), ..Inspection::default() },
        ),
    ];
    for (language, state, expected) in table {
        let code = code(language, &state);
        let mut found = Inspection::default();
        let followed =
            situated(&input, |situation| code.step("S").unwrap().inspect(situation, Some(&result), &mut found));
        assert_eq!((followed, found), (Ok(()), expected), "{state}");
    }
}

#[test]
fn the_variables_that_states_read_are_found() {
    let text = json!({
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "InputPath": "$in", "Assign": {"x": "$no", "y.$": "States.Array($b, $a.c)"}, "Next": "M"},
            "M": {"Type": "Map", "ItemSelector": {"v": "$no"}, "Next": "W", "ItemProcessor": {
                "StartAt": "I", "States": {"I": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% ($t := $u; $t + $states.input) %}", "End": true}}}},
            "W": {"Type": "Wait", "SecondsPath": "$seconds", "Next": "C"},
            "C": {"Type": "Choice", "Choices": [{"Variable": "$guess", "StringEqualsPath": "$answer", "Next": "W"}], "Default": "E"},
            "E": {"Type": "Succeed"}
        }
    });
    let machine = check_json(&text.to_string(), Type::Standard).machine.unwrap();
    let found = Code::compile(&machine.root).unwrap().references();
    let told: Value = found.iter().map(|(name, names)| (name.to_string(), json!(names))).collect::<Map<_, _>>().into();
    assert_eq!(told, json!({"A": ["a", "b", "in"], "I": ["u"], "W": ["seconds"], "C": ["answer", "guess"]}));
}
