//! The scalars of GraphQL and AppSync: which exist, and which texts and literals are values of them.
//!
//! Source: the AppSync developer guide, "Scalar types in GraphQL".

use std::net::IpAddr;

use super::schema::{Literal, Value};

/// Every scalar that AppSync knows.
pub const SCALARS: [&str; 14] = [
    "ID",
    "String",
    "Int",
    "Float",
    "Boolean",
    "AWSDate",
    "AWSTime",
    "AWSDateTime",
    "AWSTimestamp",
    "AWSEmail",
    "AWSJSON",
    "AWSURL",
    "AWSPhone",
    "AWSIPAddress",
];

/// Whether a name is that of a scalar.
pub fn is_scalar(name: &str) -> bool {
    SCALARS.contains(&name)
}

/// Whether a text, read as `scalar`, is a value of it. Numbers and truth values are given as text too.
pub fn accepts_text(scalar: &str, text: &str) -> bool {
    match scalar {
        "Int" => text.parse::<i32>().is_ok(),
        "Float" => text.parse::<f64>().is_ok_and(f64::is_finite),
        "Boolean" => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
        "AWSTimestamp" => text.parse::<i64>().is_ok(),
        "AWSJSON" => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
        "AWSDate" => date_with_offset(text),
        "AWSTime" => time_with_offset(text, false),
        "AWSDateTime" => {
            text.split_once('T').is_some_and(|(day, time)| plain_date(day) && time_with_offset(time, true))
        }
        "AWSEmail" => email(text),
        "AWSURL" => url(text),
        "AWSPhone" => phone(text),
        "AWSIPAddress" => ip_address(text),
        _ => true,
    }
}

/// Whether a literal in a document is a value of a scalar.
pub fn accepts_literal(scalar: &str, literal: &Literal) -> bool {
    match (&literal.value, scalar) {
        (Value::Null, _) | (Value::Boolean(_), "Boolean") | (Value::Int(_), "ID") => true,
        (Value::Int(number), "Int" | "Float" | "AWSTimestamp") | (Value::Float(number), "Float") => {
            accepts_text(scalar, number)
        }
        (Value::String(_), "Int" | "Float" | "Boolean" | "AWSTimestamp") => false,
        (Value::String(text), _) => accepts_text(scalar, text),
        _ => false,
    }
}

fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn plain_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let year = parts.next().and_then(|part| digits(part, 4));
    let month = parts.next().and_then(|part| digits(part, 2));
    let day = parts.next().and_then(|part| digits(part, 2));
    let (Some(year), Some(month), Some(day)) = (year, month, day) else { return false };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=length).contains(&day)
}

fn date_with_offset(text: &str) -> bool {
    text.get(..10).is_some_and(plain_date) && text.get(10..).is_some_and(|rest| rest.is_empty() || offset(rest))
}

/// `Z`, `±hh:mm`, `±hh:mm:ss`.
fn offset(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['+', '-']) else { return text == "Z" };
    let parts: Vec<&str> = rest.split(':').collect();
    let limits = [23, 59, 59];
    (2..=3).contains(&parts.len())
        && parts.iter().zip(limits).all(|(part, limit)| digits(part, 2).is_some_and(|value| value <= limit))
}

/// `hh:mm`, `hh:mm:ss`, `hh:mm:ss.sss` and an offset.
fn time_with_offset(text: &str, offset_required: bool) -> bool {
    let (clock, zone) = text.find(['Z', '+', '-']).map_or((text, ""), |position| text.split_at(position));
    let zone_fits = if zone.is_empty() { !offset_required } else { offset(zone) };
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let parts: Vec<&str> = whole.split(':').collect();
    let limits = [23, 59, 59];
    zone_fits
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && (parts.len() == 3 || (parts.len() == 2 && !clock.contains('.')))
        && parts.iter().zip(limits).all(|(part, limit)| digits(part, 2).is_some_and(|value| value <= limit))
}

fn email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    !local.is_empty() && local.bytes().all(letter) && domain.split('.').all(label)
}

/// An absolute URL: a scheme, a colon and something after it, without spaces.
fn url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_fits = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let rest_fits = match rest.strip_prefix("//") {
        Some(host) => !host.is_empty() && !host.starts_with('/'),
        None => !rest.is_empty(),
    };
    scheme_fits && rest_fits && !text.contains(char::is_whitespace)
}

/// Digits, perhaps with spaces and hyphens, perhaps after a country code.
fn phone(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let count = rest.bytes().filter(u8::is_ascii_digit).count();
    (3..=15).contains(&count)
        && rest.starts_with(|letter: char| letter.is_ascii_digit() || letter == '(')
        && rest.bytes().all(|byte| byte.is_ascii_digit() || b" -()".contains(&byte))
}

fn ip_address(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let limit = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    prefix.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= limit))
}
