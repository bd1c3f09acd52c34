//! DynamoDB's typed values: as resolvers write them, as DynamoDB takes them, and as plain JSON.
//!
//! Not here: checking their types; DynamoDB does that.

use serde_json::{Map, Value, json};

/// A typed value as DynamoDB takes it: numbers as text, `NULL` as true.
pub(super) fn strict(value: &Value) -> Value {
    let Value::Object(map) = value else { return value.clone() };
    let Some((kind, inner)) = map.iter().next().filter(|_| map.len() == 1) else { return value.clone() };
    let inner = match (kind.as_str(), inner) {
        ("NULL", _) => Value::Bool(true),
        ("N", Value::Number(number)) => Value::String(number.to_string()),
        ("NS", Value::Array(items)) => items.iter().map(as_text).collect(),
        ("L", Value::Array(items)) => items.iter().map(strict).collect(),
        ("M", Value::Object(members)) => Value::Object(strict_entries(members)),
        (_, other) => other.clone(),
    };
    json!({ kind: inner })
}

/// The same for every entry of a map.
pub(super) fn strict_entries(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter().map(|(name, value)| (name.clone(), strict(value))).collect()
}

fn as_text(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        other => other.clone(),
    }
}

/// Plain JSON as a typed value; a list is a set where `like` is one and its elements fit.
fn typed(value: &Value, like: Option<&Value>) -> Value {
    let kind = like.and_then(Value::as_object).and_then(|map| map.keys().next()).map(String::as_str);
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(flag) => json!({ "BOOL": flag }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::String(text) => json!({ "S": text }),
        Value::Array(items) if kind == Some("SS") && !items.is_empty() && items.iter().all(Value::is_string) => {
            json!({ "SS": items })
        }
        Value::Array(items) if kind == Some("NS") && !items.is_empty() && items.iter().all(Value::is_number) => {
            json!({ "NS": items.iter().map(as_text).collect::<Vec<_>>() })
        }
        Value::Array(items) => json!({ "L": items.iter().map(|item| typed(item, None)).collect::<Vec<_>>() }),
        Value::Object(members) => {
            let inner = like.and_then(|like| like.get("M")).and_then(Value::as_object).cloned().unwrap_or_default();
            json!({ "M": typed_item(members, &inner) })
        }
    }
}

/// An item in plain JSON as typed values, whose sets are known by another item.
pub(super) fn typed_item(item: &Map<String, Value>, like: &Map<String, Value>) -> Map<String, Value> {
    item.iter().map(|(name, value)| (name.clone(), typed(value, like.get(name)))).collect()
}

/// A typed value as plain JSON.
pub(super) fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|map| map.iter().next()) else { return Value::Null };
    match (kind.as_str(), inner) {
        ("NULL", _) => Value::Null,
        ("N", Value::String(text)) => number(text),
        ("NS", Value::Array(items)) => items.iter().map(|item| number(item.as_str().unwrap_or_default())).collect(),
        ("L", Value::Array(items)) => items.iter().map(plain).collect(),
        ("M", Value::Object(members)) => plain_item(members),
        (_, other) => other.clone(),
    }
}

/// An item as plain JSON.
pub(super) fn plain_item(item: &Map<String, Value>) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
}

/// A member of an answer that is an item, as plain JSON; null when it is not there.
pub(super) fn plain_member(answer: &Value, name: &str) -> Value {
    answer.get(name).and_then(Value::as_object).map_or(Value::Null, plain_item)
}

fn number(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    text.parse().ok().and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number)
}
