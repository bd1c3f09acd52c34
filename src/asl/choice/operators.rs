//! The operators of Choice rules.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::choice_rule::Order;
use super::super::timestamp;

/// How a variable is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `String…`.
    Text(Order),
    /// `Numeric…`.
    Numeric(Order),
    /// `Timestamp…`.
    Timestamp(Order),
    /// `BooleanEquals`.
    BooleanEquals,
    /// `StringMatches`, with `*` for any characters.
    StringMatches,
    /// `IsNull`.
    IsNull,
    /// `IsPresent`.
    IsPresent,
    /// `IsNumeric`.
    IsNumeric,
    /// `IsString`.
    IsString,
    /// `IsBoolean`.
    IsBoolean,
    /// `IsTimestamp`.
    IsTimestamp,
}

/// Whether two values that stand to each other as `found` are in the wanted order.
fn ordered(wanted: Order, found: Ordering) -> bool {
    match wanted {
        Order::Equals => found == Ordering::Equal,
        Order::LessThan => found == Ordering::Less,
        Order::LessThanEquals => found != Ordering::Greater,
        Order::GreaterThan => found == Ordering::Greater,
        Order::GreaterThanEquals => found != Ordering::Less,
    }
}

impl Operator {
    /// Whether `value` passes the test against `operand`, which is `written` in the rule or came from a path.
    pub(super) fn holds(self, value: &Value, operand: &Value, written: bool) -> bool {
        match self {
            Self::Text(wanted) => match (value, operand) {
                // Java's order, by the units of UTF-16.
                (Value::String(left), Value::String(right)) => {
                    ordered(wanted, left.encode_utf16().cmp(right.encode_utf16()))
                }
                _ => false,
            },
            Self::Numeric(wanted) => {
                let right = if written || wanted == Order::Equals { operand.as_f64() } else { Some(loose(operand)) };
                let left = value.is_number().then(|| value.as_f64()).flatten();
                let order = left.zip(right).and_then(|(left, right)| left.partial_cmp(&right));
                order.is_some_and(|order| ordered(wanted, order))
            }
            Self::Timestamp(wanted) => {
                let point = |value: &Value| value.as_str().and_then(timestamp::parse);
                point(value).zip(point(operand)).is_some_and(|(left, right)| ordered(wanted, left.cmp(&right)))
            }
            Self::BooleanEquals => value.is_boolean() && value == operand,
            Self::StringMatches => match (value, operand) {
                (Value::String(text), Value::String(pattern)) => matches(text, pattern),
                _ => false,
            },
            Self::IsNull => is(value.is_null(), operand),
            Self::IsPresent => is(true, operand),
            Self::IsNumeric => is(value.is_number(), operand),
            Self::IsString => is(value.is_string(), operand),
            Self::IsBoolean => is(value.is_boolean(), operand),
            Self::IsTimestamp => is(value.as_str().and_then(timestamp::parse).is_some(), operand),
        }
    }
}

fn is(holds: bool, operand: &Value) -> bool {
    operand.as_bool() == Some(holds)
}

/// What the service takes a value for that a path gives as the other side of a numeric order: false and all that is no
/// number count as zero, true as one.
fn loose(value: &Value) -> f64 {
    match value {
        Value::Bool(true) => 1.0,
        Value::String(text) => text.trim().parse().unwrap_or_default(),
        other => other.as_f64().unwrap_or_default(),
    }
}

/// Whether a text fits a pattern: `*` stands for any characters, `\*` for itself, `\\` for a backslash.
fn matches(text: &str, pattern: &str) -> bool {
    let mut tokens = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(next) = characters.next() {
        match next {
            '*' => tokens.push(None),
            '\\' if characters.peek().is_some_and(|c| *c == '*' || *c == '\\') => tokens.push(characters.next()),
            other => tokens.push(Some(other)),
        }
    }
    let text: Vec<char> = text.chars().collect();
    // The usual walk with one place to go back to: the last star.
    let (mut at, mut token, mut back) = (0, 0, None);
    while at < text.len() {
        match tokens.get(token) {
            Some(None) => {
                back = Some((token, at));
                token += 1;
            }
            Some(Some(c)) if *c == text[at] => {
                at += 1;
                token += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    (token, at) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(Option::is_none)
}
