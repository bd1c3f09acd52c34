//! Between the evaluator's values and JSON.

use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

/// The largest whole number, in either direction, that is written without an exponent.
const LARGEST_WHOLE: f64 = 9_223_372_036_854_775_807.0;

/// As many levels as a value may have.
const MAX_LEVELS: usize = 500;

/// A value of the evaluator as JSON; `None` where there is none, or where it is a function.
///
/// JSON has no numbers without end: they become the texts that the service writes.
pub(super) fn json(value: &JValue) -> Option<Value> {
    convert(value, 0)
}

fn convert(value: &JValue, level: usize) -> Option<Value> {
    if level > MAX_LEVELS {
        return None;
    }
    Some(match value {
        JValue::Null => Value::Null,
        JValue::Bool(flag) => Value::Bool(*flag),
        JValue::Number(number) => self::number(*number),
        JValue::String(text) => Value::String(text.to_string()),
        JValue::Array(items) => Value::Array(items.iter().filter_map(|item| convert(item, level + 1)).collect()),
        JValue::Object(fields) => {
            let converted = fields.iter().filter_map(|(name, field)| Some((name.clone(), convert(field, level + 1)?)));
            Value::Object(converted.collect::<Map<_, _>>())
        }
        JValue::Undefined | JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => return None,
    })
}

/// A number as the service writes it: whole ones without a fraction.
pub(super) fn number(number: f64) -> Value {
    if number.is_nan() {
        return Value::from("NaN");
    }
    if number.is_infinite() {
        return Value::from(if number > 0.0 { "Infinity" } else { "-Infinity" });
    }
    if number.fract() == 0.0 && number.abs() < LARGEST_WHOLE {
        #[expect(clippy::cast_possible_truncation, reason = "the number is whole and lies within i64")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// The kind of a value, as the service names it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
