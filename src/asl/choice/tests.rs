//! Rules and whether they hold, by table.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Condition;
use crate::asl::choice_rule::{Comparison, Kind, Operand, Order, Test};
use crate::asl::{Path, Scope};
use crate::base::{Ids, SequenceIds};

/// A test as a definition writes it.
fn read(rule: &Value) -> Test {
    let many = |name: &str| rule[name].as_array().unwrap().iter().map(read).collect();
    if rule.get("And").is_some() {
        return Test::All(many("And"));
    }
    if rule.get("Or").is_some() {
        return Test::Any(many("Or"));
    }
    if let Some(inner) = rule.get("Not") {
        return Test::Not(Box::new(read(inner)));
    }
    let fields = rule.as_object().unwrap();
    let (name, operand) = fields.iter().find(|(name, _)| *name != "Variable").unwrap();
    let variable = Path::parse(fields["Variable"].as_str().unwrap()).unwrap();
    Test::Compare { variable, comparison: comparison(name, operand) }
}

fn comparison(name: &str, value: &Value) -> Comparison {
    let (plain, by_path) = name.strip_suffix("Path").map_or((name, false), |plain| (plain, true));
    let text = || value.as_str().unwrap().to_owned();
    let path = || Path::parse(value.as_str().unwrap()).unwrap();
    let order = |kind: &str| match plain.strip_prefix(kind)? {
        "Equals" => Some(Order::Equals),
        "LessThan" => Some(Order::LessThan),
        "LessThanEquals" => Some(Order::LessThanEquals),
        "GreaterThan" => Some(Order::GreaterThan),
        "GreaterThanEquals" => Some(Order::GreaterThanEquals),
        _ => None,
    };
    if let Some(order) = order("String") {
        return Comparison::String(order, if by_path { Operand::Path(path()) } else { Operand::Value(text()) });
    }
    if let Some(order) = order("Numeric") {
        let number = || Operand::Value(value.as_number().unwrap().clone());
        return Comparison::Numeric(order, if by_path { Operand::Path(path()) } else { number() });
    }
    if let Some(order) = order("Timestamp") {
        let point = || Operand::Value(text().parse().unwrap());
        return Comparison::Timestamp(order, if by_path { Operand::Path(path()) } else { point() });
    }
    let flag = || value.as_bool().unwrap();
    match plain {
        "BooleanEquals" => Comparison::Boolean(if by_path { Operand::Path(path()) } else { Operand::Value(flag()) }),
        "StringMatches" => Comparison::Matches(text()),
        "IsNull" => Comparison::Is(Kind::Null, flag()),
        "IsPresent" => Comparison::Is(Kind::Present, flag()),
        "IsNumeric" => Comparison::Is(Kind::Numeric, flag()),
        "IsString" => Comparison::Is(Kind::String, flag()),
        "IsBoolean" => Comparison::Is(Kind::Boolean, flag()),
        "IsTimestamp" => Comparison::Is(Kind::Timestamp, flag()),
        other => panic!("{other} is no operator"),
    }
}

fn holds(rule: &Value, input: &Value) -> Result<bool, String> {
    let condition = Condition::compile(&read(rule)).unwrap();
    let context = json!({"Execution": {"Name": "run"}});
    let variables = Map::from_iter([("limit".to_owned(), json!(5))]);
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    let scope = Scope { input, context: &context, variables: &variables, ids: &ids };
    condition.holds(&scope).map_err(|fault| fault.to_string())
}

/// Every kind of value that a variable may have.
fn values() -> Vec<Value> {
    let early = "2012-10-09T19:00:55Z";
    vec![
        json!(null),
        json!(0),
        json!(0.0),
        json!(1),
        json!(1.5),
        json!(""),
        json!(" "),
        json!("a"),
        json!("1"),
        json!([]),
        json!([""]),
        json!({}),
        json!({"A": 0}),
        json!(false),
        json!(true),
        json!(early),
        json!("2012-10-09"),
    ]
}

/// The values for which `{"Variable": "$", operator: operand}` holds.
fn chosen(operator: &str, operand: &Value) -> Vec<Value> {
    let rule = json!({"Variable": "$.v", operator: operand});
    values().into_iter().filter(|value| holds(&rule, &json!({"v": value})).unwrap()).collect()
}

#[test]
fn each_operator_takes_its_own_kind_of_value() {
    let table = [
        ("StringEquals", json!("a"), json!(["a"])),
        ("StringEquals", json!(""), json!([""])),
        ("StringLessThan", json!("1"), json!(["", " "])),
        ("StringLessThanEquals", json!("1"), json!(["", " ", "1"])),
        ("StringGreaterThan", json!("1"), json!(["a", "2012-10-09T19:00:55Z", "2012-10-09"])),
        ("StringGreaterThanEquals", json!("a"), json!(["a"])),
        ("NumericEquals", json!(0), json!([0, 0.0])),
        ("NumericEquals", json!(1.0), json!([1])),
        ("NumericLessThan", json!(1), json!([0, 0.0])),
        ("NumericLessThanEquals", json!(1), json!([0, 0.0, 1])),
        ("NumericGreaterThan", json!(0), json!([1, 1.5])),
        ("NumericGreaterThanEquals", json!(0), json!([0, 0.0, 1, 1.5])),
        ("BooleanEquals", json!(true), json!([true])),
        ("BooleanEquals", json!(false), json!([false])),
        ("TimestampEquals", json!("2012-10-09T21:00:55+02:00"), json!(["2012-10-09T19:00:55Z"])),
        ("TimestampLessThan", json!("2012-10-09T19:00:56Z"), json!(["2012-10-09T19:00:55Z"])),
        ("TimestampLessThan", json!("2012-10-09T19:00:55Z"), json!([])),
        ("TimestampGreaterThanEquals", json!("2012-10-09T19:00:55Z"), json!(["2012-10-09T19:00:55Z"])),
        ("IsNull", json!(true), json!([null])),
        ("IsNumeric", json!(true), json!([0, 0.0, 1, 1.5])),
        ("IsBoolean", json!(true), json!([false, true])),
        ("IsString", json!(true), json!(["", " ", "a", "1", "2012-10-09T19:00:55Z", "2012-10-09"])),
        ("IsTimestamp", json!(true), json!(["2012-10-09T19:00:55Z"])),
        ("IsPresent", json!(false), json!([])),
    ];
    for (operator, operand, expected) in table {
        assert_eq!(Value::Array(chosen(operator, &operand)), expected, "{operator} {operand}");
    }
    let all = values().len();
    for (operator, others) in [("IsNull", 1), ("IsNumeric", 4), ("IsBoolean", 2), ("IsString", 6), ("IsTimestamp", 1)] {
        assert_eq!(chosen(operator, &json!(false)).len(), all - others, "{operator} false");
    }
    assert_eq!(chosen("IsPresent", &json!(true)).len(), all);
}

#[test]
fn the_other_side_may_come_from_a_path() {
    let table = [
        ("StringEqualsPath", json!("a"), json!("a"), true),
        ("StringEqualsPath", json!("a"), json!(1), false),
        ("NumericEqualsPath", json!(1), json!(1.0), true),
        ("NumericEqualsPath", json!(0), json!(false), false),
        ("NumericLessThanEqualsPath", json!(0), json!(1), true),
        ("NumericLessThanEqualsPath", json!(1), json!(0), false),
        ("NumericGreaterThanEqualsPath", json!(8), json!(false), true),
        ("NumericGreaterThanPath", json!(7), json!([6]), true),
        ("NumericGreaterThanPath", json!("7"), json!(6), false),
        ("BooleanEqualsPath", json!(true), json!(true), true),
        ("BooleanEqualsPath", json!(false), json!(0), false),
        ("TimestampGreaterThanEqualsPath", json!("2012-10-09T19:00:55Z"), json!("2012-10-09T19:00:56Z"), false),
        ("TimestampEqualsPath", json!("2012-10-09T19:00:55Z"), json!("2012-10-09T19:00:55.000Z"), true),
        ("TimestampEqualsPath", json!("x"), json!("x"), false),
    ];
    for (operator, value, other, expected) in table {
        let rule = json!({"Variable": "$.v", operator: "$.o"});
        assert_eq!(holds(&rule, &json!({"v": value, "o": other})), Ok(expected), "{value} {operator} {other}");
    }
}

#[test]
fn a_pattern_has_stars() {
    let table = [
        ("*Stephane*", "Hello Stephane!", true),
        ("*Stephane*", "Stephane", true),
        ("*Stephane*", "Stefan", false),
        ("log-*.txt", "log-2026.txt", true),
        ("log-*.txt", "log-2026.txt.gz", false),
        ("*.*", "a.b", true),
        ("a*b*c", "aXbXbXc", true),
        ("a*b*c", "aXbXbX", false),
        ("*", "", true),
        ("", "", true),
        ("", "x", false),
        (r"100\*", "100*", true),
        (r"100\*", "1000", false),
        (r"a\\*", r"a\b", true),
        ("*é", "café", true),
    ];
    for (pattern, text, expected) in table {
        let rule = json!({"Variable": "$", "StringMatches": pattern});
        assert_eq!(holds(&rule, &json!(text)), Ok(expected), "{pattern} {text}");
    }
}

#[test]
fn conditions_combine_and_see_context_and_variables() {
    let big = json!({"Variable": "$.n", "NumericGreaterThanPath": "$limit"});
    let named = json!({"Variable": "$$.Execution.Name", "StringEquals": "run"});
    let absent = json!({"Variable": "$.m", "IsPresent": false});
    let table = [
        (json!({"And": [big, named, absent]}), json!({"n": 6}), true),
        (json!({"And": [big, named]}), json!({"n": 5}), false),
        (json!({"Or": [big, absent]}), json!({"n": 1}), true),
        (json!({"Or": [big, {"Not": named}]}), json!({"n": 1}), false),
        (json!({"Not": {"And": [big, named]}}), json!({"n": 1}), true),
        (
            json!({"And": [{"Variable": "$.m", "IsPresent": true}, {"Variable": "$.m", "IsNull": true}]}),
            json!({}),
            false,
        ),
        (json!({"Variable": "$unknown", "IsPresent": true}), json!({}), false),
    ];
    for (rule, input, expected) in table {
        assert_eq!(holds(&rule, &input), Ok(expected), "{rule}");
    }
}

#[test]
fn a_variable_that_is_not_there_is_a_failure() {
    let table = [
        (json!({"Variable": "$.m.n", "IsNull": true}), "$.m.n"),
        (json!({"Variable": "$.m", "StringEquals": "x"}), "$.m"),
        (json!({"Variable": "$.v", "NumericEqualsPath": "$.m"}), "$.m"),
        (json!({"Not": {"Variable": "$m", "BooleanEquals": true}}), "$m"),
    ];
    for (rule, path) in table {
        let expected = format!(
            "States.Runtime: Invalid path '{path}': The choice state's condition path references an invalid value."
        );
        assert_eq!(holds(&rule, &json!({"v": 1})), Err(expected), "{rule}");
    }
}
