//! Templates and the way of data through a state, by table.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Placement, Selection, Template, size};
use crate::asl::path::Path;
use crate::asl::{Fault, Scope};
use crate::base::{Ids, SequenceIds};

fn within<T>(input: &Value, work: impl FnOnce(&Scope<'_>) -> T) -> T {
    let context = json!({"Execution": {"Id": "arn"}});
    let variables = Map::from_iter([("v".to_owned(), json!([1, 2]))]);
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    work(&Scope { input, context: &context, variables: &variables, ids: &ids })
}

fn fill(template: &Value, input: &Value) -> Result<Value, String> {
    let template = Template::compile(template).unwrap();
    within(input, |scope| template.fill(scope)).map_err(|fault| fault.to_string())
}

#[test]
fn fields_that_end_in_a_dollar_are_filled_in() {
    let input = json!({"a": {"b": 1}, "list": [1, 2, 3]});
    let table = [
        (json!({"x": "$.a"}), json!({"x": "$.a"})),
        (json!({"x.$": "$.a.b"}), json!({"x": 1})),
        (json!({"x.$": "$"}), json!({"x": {"a": {"b": 1}, "list": [1, 2, 3]}})),
        (json!({"x.$": "$$.Execution.Id", "y.$": "$v[1]"}), json!({"x": "arn", "y": 2})),
        (json!({"x": {"y": [{"z.$": "$.list[1:]"}, "$.a"]}}), json!({"x": {"y": [{"z": [2, 3]}, "$.a"]}})),
        (json!({"x.$": "States.Format('{}', $.a.b)", "Comment": "c"}), json!({"x": "1", "Comment": "c"})),
        (json!({"none.$": "$.missing[*]"}), json!({"none": []})),
        (json!("$.a"), json!("$.a")),
        (json!([1, {"a.$": "$.a.b"}]), json!([1, {"a": 1}])),
        (json!(null), json!(null)),
    ];
    for (template, expected) in table {
        assert_eq!(fill(&template, &input), Ok(expected), "{template}");
    }
}

#[test]
fn what_is_not_there_is_a_failure_with_the_field_s_name() {
    let table = [
        (
            json!({"x.$": "$.a.c"}),
            "The JSONPath '$.a.c' specified for the field 'x.$' could not be found in the input '{\"a\":1}'",
        ),
        (
            json!({"o": {"deep.$": "$nothing"}}),
            "The JSONPath '$nothing' specified for the field 'deep.$' could not be found in the input '{\"a\":1}'",
        ),
        (
            json!({"x.$": "States.ArrayLength($.b)"}),
            "The function 'States.ArrayLength($.b)' had the following error: The JsonPath argument for the field '$.b' could not be found in the input '{\"a\":1}'",
        ),
    ];
    for (template, expected) in table {
        assert_eq!(fill(&template, &json!({"a": 1})), Err(format!("States.Runtime: {expected}")), "{template}");
    }
}

#[test]
fn every_place_that_cannot_be_read_is_told() {
    let template = json!({"a.$": "x", "b": [{"c/d.$": 1}], "e.$": "States.Nope()", "f.$": "$.f"});
    let errors = Template::compile(&template).unwrap_err();
    let told: Vec<_> = errors.iter().map(|error| (error.pointer.as_str(), error.error.to_string())).collect();
    assert_eq!(told[0], ("/a.$", "a path begins with `$` at character 1".to_owned()));
    assert_eq!(told[1].0, "/b/0/c~1d.$");
    assert!(told[2].1.starts_with("there is no function `States.Nope`"), "{told:?}");
    assert_eq!(told.len(), 3);
}

#[test]
fn a_selection_takes_all_nothing_or_a_part() {
    let at = |path: &str| Selection::At(Path::parse(path).unwrap());
    let input = json!({"a": {"b": [1, 2]}, "n": null});
    let table = [
        (Selection::Whole, Ok(input.clone())),
        (Selection::Nothing, Ok(json!({}))),
        (at("$.a.b"), Ok(json!([1, 2]))),
        (at("$.a.b[*]"), Ok(json!([1, 2]))),
        (at("$.n"), Ok(json!(null))),
        (at("$$"), Ok(json!({"Execution": {"Id": "arn"}}))),
        (at("$v[0]"), Ok(json!(1))),
        (at("$.c"), Err("Invalid path '$.c' : No results for path: $['c']")),
        (at("$.c.d"), Err("Invalid path '$.c.d' : Missing property in path $['c']")),
    ];
    for (selection, expected) in table {
        let found = within(&input, |scope| selection.select(scope)).map_err(|fault| fault.cause);
        assert_eq!(found, expected.map_err(str::to_owned), "{selection:?}");
    }
    let fault = within(&json!(null), |scope| at("$.a").select(scope)).unwrap_err();
    assert_eq!(fault, Fault::runtime("Unable to apply Path transformation to null or empty input."));
}

#[test]
fn a_result_is_placed() {
    let at = |path: &str| Placement::At(Path::parse(path).unwrap());
    let table = [
        (Placement::Replace, Ok(json!(7))),
        (Placement::Discard, Ok(json!({"a": 1}))),
        (at("$.b.c"), Ok(json!({"a": 1, "b": {"c": 7}}))),
        (at("$.a.b"), Err("States.ReferencePathConflict: Unable to apply step \"b\" to input {\"a\":1}")),
    ];
    for (placement, expected) in table {
        let placed = placement.place(json!({"a": 1}), json!(7)).map_err(|fault| fault.to_string());
        assert_eq!(placed, expected.map_err(str::to_owned), "{placement:?}");
    }
}

#[test]
fn a_size_is_that_of_the_text() {
    for value in [json!(null), json!("é\"\n"), json!({"a": [1, 2.5, true], "b": "x".repeat(300)})] {
        assert_eq!(size(&value), value.to_string().len(), "{value}");
    }
}
