//! How a filter compares two values: as the service's library does, texts and numbers with each other too.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::super::{Path, Root};
use super::{Operand, Operator};

/// The value of a path in a filter, unless it leads nowhere.
pub(super) fn value<'a>(path: &Path, item: &'a Value, top: &'a Value) -> Option<Cow<'a, Value>> {
    let start = if path.root == Root::Current { item } else { top };
    path.from(start, top).ok()
}

/// Whether a comparison holds in `place`: the item under test, and `$`.
pub(super) fn holds(left: &Operand, operator: Operator, right: &Operand, place: (&Value, &Value)) -> bool {
    let (item, top) = place;
    if operator == Operator::Matches {
        return match (left, right) {
            (subject, Operand::Pattern(pattern)) | (Operand::Pattern(pattern), subject) => resolved(subject, item, top)
                .is_some_and(|subject| subject.as_str().is_some_and(|text| pattern.is_match(text))),
            _ => false,
        };
    }
    let (left, right) = (resolved(left, item, top), resolved(right, item, top));
    match operator {
        Operator::NotEqual => !matches!((&left, &right), (Some(left), Some(right)) if equal(left, right)),
        Operator::SameTypeNotEqual => {
            !matches!((&left, &right), (Some(left), Some(right)) if same_type(left, right) && equal(left, right))
        }
        _ => matches!((&left, &right), (Some(left), Some(right)) if test(operator, left, right)),
    }
}

fn resolved<'a>(operand: &'a Operand, item: &'a Value, top: &'a Value) -> Option<Cow<'a, Value>> {
    match operand {
        Operand::Path(path) => value(path, item, top),
        Operand::Literal(value) => Some(Cow::Borrowed(value)),
        Operand::Pattern(_) => None,
    }
}

fn test(operator: Operator, left: &Value, right: &Value) -> bool {
    let ordered = |wanted: &[Ordering]| order(left, right).is_some_and(|order| wanted.contains(&order));
    match operator {
        Operator::Equal => equal(left, right),
        Operator::SameTypeEqual => same_type(left, right) && equal(left, right),
        Operator::Less => ordered(&[Ordering::Less]),
        Operator::LessOrEqual => ordered(&[Ordering::Less, Ordering::Equal]),
        Operator::Greater => ordered(&[Ordering::Greater]),
        Operator::GreaterOrEqual => ordered(&[Ordering::Greater, Ordering::Equal]),
        Operator::In => right.as_array().is_some_and(|list| among(list, left)),
        Operator::NotIn => right.as_array().is_some_and(|list| !among(list, left)),
        Operator::Contains => match (left, right) {
            (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
            (Value::Array(list), part) => among(list, part),
            _ => false,
        },
        Operator::All => lists(left, right, |left, right| right.iter().all(|item| among(left, item))),
        Operator::SubsetOf => lists(left, right, |left, right| left.iter().all(|item| among(right, item))),
        Operator::AnyOf => lists(left, right, |left, right| left.iter().any(|item| among(right, item))),
        Operator::NoneOf => lists(left, right, |left, right| !left.iter().any(|item| among(right, item))),
        Operator::Size => right.as_u64().is_some() && length(left) == right.as_u64(),
        Operator::Empty => right.as_bool().is_some() && length(left).map(|length| length == 0) == right.as_bool(),
        Operator::NotEqual | Operator::SameTypeNotEqual | Operator::Matches => false,
    }
}

fn lists(left: &Value, right: &Value, holds: impl Fn(&[Value], &[Value]) -> bool) -> bool {
    matches!((left, right), (Value::Array(left), Value::Array(right)) if holds(left, right))
}

fn among(list: &[Value], wanted: &Value) -> bool {
    list.iter().any(|item| equal(item, wanted))
}

fn length(value: &Value) -> Option<u64> {
    let length = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => return None,
    };
    u64::try_from(length).ok()
}

fn same_type(left: &Value, right: &Value) -> bool {
    std::mem::discriminant(left) == std::mem::discriminant(right)
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Number(number), Value::String(text)) => text.parse().ok() == number.as_f64(),
        (Value::String(text), Value::Number(number)) => *text == number.to_string(),
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
