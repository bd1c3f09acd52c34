//! Scalars: what AppSync takes for each, and what it gives.
//!
//! Sources: the GraphQL specification, and "Scalar types in GraphQL" of the AppSync guide. Not here: enums, lists, inputs.

use std::net::IpAddr;

use jiff::civil::{Date, Time};
use serde_json::Value;

/// The value that resolvers see for an input of a scalar type; none when it is not a valid one.
pub(in crate::cloud::appsync) fn input(name: &str, value: &Value) -> Option<Value> {
    match (name, value) {
        ("Int", Value::Number(number)) => number.as_i64().and_then(|whole| i32::try_from(whole).ok()).map(Value::from),
        ("Float", Value::Number(_)) | ("Boolean", Value::Bool(_)) | ("String" | "ID", Value::String(_)) => {
            Some(value.clone())
        }
        ("ID", Value::Number(number)) if number.is_i64() || number.is_u64() => Some(number.to_string().into()),
        ("AWSTimestamp", Value::Number(number)) => number.as_i64().map(Value::from),
        // The guide: valid JSON "is automatically parsed and loaded" for the resolver.
        ("AWSJSON", Value::String(text)) => serde_json::from_str(text).ok(),
        (_, Value::String(text)) if is_text_scalar(name) => valid_text(name, text).then(|| value.clone()),
        _ => None,
    }
}

/// The value that a caller sees for what a resolver gave; none when it cannot be one of the type.
pub(in crate::cloud::appsync) fn output(name: &str, value: Value) -> Option<Value> {
    match (name, value) {
        ("Int", value) => whole(&value).and_then(|whole| i32::try_from(whole).ok()).map(Value::from),
        ("AWSTimestamp", value) => whole(&value).map(Value::from),
        ("Float", Value::Number(number)) => Some(Value::Number(number)),
        ("Float", Value::String(text)) => text.parse().ok().and_then(serde_json::Number::from_f64).map(Value::Number),
        ("Boolean", Value::Bool(flag)) => Some(flag.into()),
        ("Boolean", Value::String(text)) => text.parse::<bool>().ok().map(Value::from),
        ("Boolean", Value::Number(number)) => number.as_f64().map(|number| (number != 0.0).into()),
        ("String" | "ID", Value::String(text)) => Some(text.into()),
        ("String" | "ID", Value::Number(number)) => Some(number.to_string().into()),
        ("String", Value::Bool(flag)) => Some(flag.to_string().into()),
        // A document that is text already stays as it is; any other value becomes its text.
        ("AWSJSON", Value::String(text)) if is_document(&text) => Some(text.into()),
        ("AWSJSON", value) => Some(value.to_string().into()),
        (name, Value::String(text)) if is_text_scalar(name) && valid_text(name, &text) => Some(text.into()),
        _ => None,
    }
}

fn is_document(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Object(_) | Value::Array(_)))
}

fn is_text_scalar(name: &str) -> bool {
    matches!(name, "AWSDate" | "AWSTime" | "AWSDateTime" | "AWSEmail" | "AWSURL" | "AWSPhone" | "AWSIPAddress")
}

/// A number without a fraction, also as text.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole_of(number.as_f64()?)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole_of(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
}

fn valid_text(name: &str, text: &str) -> bool {
    match name {
        "AWSDate" => date(text),
        "AWSTime" => time(text, false),
        "AWSDateTime" => {
            text.split_once('T').is_some_and(|(day, rest)| day.len() == 10 && date(day) && time(rest, true))
        }
        "AWSEmail" => email(text),
        "AWSURL" => url(text),
        "AWSPhone" => phone(text),
        _ => address(text),
    }
}

/// `YYYY-MM-DD` with an optional offset.
fn date(text: &str) -> bool {
    let Some((day, offset)) = text.split_at_checked(10) else { return false };
    digits_like(day, "dddd-dd-dd") && day.parse::<Date>().is_ok() && (offset.is_empty() || is_offset(offset))
}

/// `hh:mm[:ss[.sss]]` with an offset.
fn time(text: &str, offset_required: bool) -> bool {
    let at = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, offset) = text.split_at(at);
    let (whole, fraction) = clock.split_once('.').map_or((clock, None), |(whole, fraction)| (whole, Some(fraction)));
    let formed = match fraction {
        Some(fraction) => {
            digits_like(whole, "dd:dd:dd")
                && (1..=9).contains(&fraction.len())
                && fraction.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => digits_like(whole, "dd:dd:dd") || digits_like(whole, "dd:dd"),
    };
    formed && whole.parse::<Time>().is_ok() && if offset.is_empty() { !offset_required } else { is_offset(offset) }
}

/// `Z`, `±hh:mm`, `±hh:mm:ss`.
fn is_offset(text: &str) -> bool {
    if text == "Z" {
        return true;
    }
    let Some(clock) = text.strip_prefix(['+', '-']) else { return false };
    (digits_like(clock, "dd:dd") || digits_like(clock, "dd:dd:dd"))
        && clock[..2].parse::<u8>().is_ok_and(|hours| hours <= 18)
        && clock[3..5].parse::<u8>().is_ok_and(|minutes| minutes < 60)
}

/// Whether `text` has digits where `shape` has `d`, and is equal to it elsewhere.
fn digits_like(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, model)| if model == b'd' { byte.is_ascii_digit() } else { byte == model })
}

fn email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|one: char| one.is_whitespace() || one.is_control() || one == '@')
    };
    plain(local)
        && plain(domain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|one| one.is_alphanumeric() || one == '-')
        })
}

fn url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let named = scheme.starts_with(|one: char| one.is_ascii_alphabetic())
        && scheme.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.'));
    let clean = !rest.contains(|one: char| one.is_whitespace() || one.is_control() || matches!(one, '<' | '>' | '"'));
    let host = rest.strip_prefix("//").is_none_or(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
    named && clean && host && !rest.is_empty()
}

/// Digits with spaces and hyphens between them, with or without a country code.
fn phone(text: &str) -> bool {
    let body = text.strip_prefix('+').unwrap_or(text);
    let digits = body.bytes().filter(u8::is_ascii_digit).count();
    let formed = body.chars().all(|one| one.is_ascii_digit() || matches!(one, ' ' | '-' | '(' | ')'));
    formed
        && (3..=15).contains(&digits)
        && body.starts_with(|one: char| one.is_ascii_digit() || one == '(')
        && body.ends_with(|one: char| one.is_ascii_digit())
}

fn address(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| {
        prefix.bytes().all(|byte| byte.is_ascii_digit()) && prefix.parse::<u8>().is_ok_and(|length| length <= longest)
    })
}
