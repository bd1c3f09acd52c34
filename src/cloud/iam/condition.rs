//! The `Condition` element of a policy: operators, sets, `IfExists`.
//!
//! Source: "IAM JSON policy elements: Condition operators" of the IAM user guide.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::policy::{expand, malformed, texts, wild};
use crate::cloud::service::ApiError;

/// One operator on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    test: Test,
    negated: bool,
    set: Set,
    if_exists: bool,
    /// In lower case: keys are compared without regard to case.
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// The key has one value.
    Single,
    ForAnyValue,
    ForAllValues,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equal,
    EqualIgnoringCase,
    Like,
    Arn,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    /// Whether it, or a pattern of its, asks what time it is.
    pub(super) fn asks_time(&self) -> bool {
        names_time(&self.key) || self.values.iter().any(|value| names_time(value))
    }
}

/// Whether a condition key or a pattern names the time.
pub(super) fn names_time(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["aws:currenttime", "aws:epochtime"].iter().any(|key| text.contains(key))
}

/// Reads a `Condition` element.
pub(super) fn conditions(element: &Value) -> Result<Vec<Condition>, ApiError> {
    let operators = element.as_object().ok_or_else(|| malformed("Syntax errors in policy."))?;
    let mut found = Vec::new();
    for (operator, keys) in operators {
        let keys = keys.as_object().ok_or_else(|| malformed("Syntax errors in policy."))?;
        for (key, values) in keys {
            found.push(condition(operator, key, texts(values)?)?);
        }
    }
    Ok(found)
}

fn condition(operator: &str, key: &str, values: Vec<String>) -> Result<Condition, ApiError> {
    if !key.contains(':') {
        return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    }
    let (set, name) = match operator.split_once(':') {
        Some(("ForAnyValue", name)) => (Set::ForAnyValue, name),
        Some(("ForAllValues", name)) => (Set::ForAllValues, name),
        Some(_) => return Err(malformed(&format!("Invalid Condition type : {operator}."))),
        None => (Set::Single, operator),
    };
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    let (test, negated) = match name {
        "StringEquals" => (Test::Equal, false),
        "StringNotEquals" => (Test::Equal, true),
        "StringEqualsIgnoreCase" => (Test::EqualIgnoringCase, false),
        "StringNotEqualsIgnoreCase" => (Test::EqualIgnoringCase, true),
        "StringLike" => (Test::Like, false),
        "StringNotLike" => (Test::Like, true),
        "ArnEquals" | "ArnLike" => (Test::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
        "NumericEquals" => (Test::Number(Order::Equal), false),
        "NumericNotEquals" => (Test::Number(Order::Equal), true),
        "NumericLessThan" => (Test::Number(Order::Less), false),
        "NumericLessThanEquals" => (Test::Number(Order::LessOrEqual), false),
        "NumericGreaterThan" => (Test::Number(Order::Greater), false),
        "NumericGreaterThanEquals" => (Test::Number(Order::GreaterOrEqual), false),
        "DateEquals" => (Test::Date(Order::Equal), false),
        "DateNotEquals" => (Test::Date(Order::Equal), true),
        "DateLessThan" => (Test::Date(Order::Less), false),
        "DateLessThanEquals" => (Test::Date(Order::LessOrEqual), false),
        "DateGreaterThan" => (Test::Date(Order::Greater), false),
        "DateGreaterThanEquals" => (Test::Date(Order::GreaterOrEqual), false),
        "Bool" => (Test::Bool, false),
        "BinaryEquals" => (Test::Binary, false),
        "IpAddress" => (Test::Address, false),
        "NotIpAddress" => (Test::Address, true),
        "Null" if !if_exists && set == Set::Single => (Test::Null, false),
        _ => return Err(malformed(&format!("Invalid Condition type : {operator}."))),
    };
    Ok(Condition { test, negated, set, if_exists, key: key.to_ascii_lowercase(), values })
}

impl Condition {
    /// Whether the condition holds in a request's context (keys in lower case).
    pub(super) fn holds(&self, context: &BTreeMap<String, Vec<String>>) -> bool {
        let given = context.get(&self.key).map(Vec::as_slice).unwrap_or_default();
        if self.test == Test::Null {
            return self.values.iter().any(|value| value.eq_ignore_ascii_case("true")) == given.is_empty();
        }
        // The wanted values are alternatives; for a negated operator none of them may fit.
        let fits = |actual: &String| {
            self.values
                .iter()
                .any(|wanted| expand(wanted, context).is_some_and(|wanted| self.test.fits(&wanted, actual)))
                != self.negated
        };
        match (given, self.set) {
            // A missing key: negated operators hold ("not equal to nothing"), so does `IfExists`.
            ([], Set::Single) => self.if_exists || self.negated,
            ([], Set::ForAllValues) => true,
            ([], Set::ForAnyValue) => self.if_exists,
            (given, Set::ForAllValues) => given.iter().all(fits),
            (given, Set::Single) if self.negated => given.iter().all(fits),
            (given, _) => given.iter().any(fits),
        }
    }
}

impl Test {
    fn fits(self, wanted: &str, actual: &str) -> bool {
        match self {
            Self::Equal | Self::Binary => restored(wanted) == actual,
            Self::EqualIgnoringCase | Self::Bool => restored(wanted).to_lowercase() == actual.to_lowercase(),
            Self::Like => wild(wanted, actual),
            Self::Arn => arn_like(wanted, actual),
            Self::Number(order) => both(wanted, actual, |text| text.trim().parse::<f64>().ok(), order),
            Self::Date(order) => both(wanted, actual, date, order),
            Self::Address => address_in(wanted, actual),
            Self::Null => false,
        }
    }
}

/// The text with the stand-ins of literal stars put back.
fn restored(text: &str) -> String {
    text.replace('\u{e000}', "*").replace('\u{e001}', "?")
}

fn both<T: PartialOrd>(wanted: &str, actual: &str, read: impl Fn(&str) -> Option<T>, order: Order) -> bool {
    let (Some(wanted), Some(actual)) = (read(wanted), read(actual)) else { return false };
    match order {
        Order::Equal => actual == wanted,
        Order::Less => actual < wanted,
        Order::LessOrEqual => actual <= wanted,
        Order::Greater => actual > wanted,
        Order::GreaterOrEqual => actual >= wanted,
    }
}

/// Milliseconds since 1970: ISO 8601, a bare day, or seconds.
fn date(text: &str) -> Option<i64> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let stamp = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    stamp
        .or_else(|| text.parse::<i64>().ok().map(|seconds| seconds.saturating_mul(1000)))
        .or_else(|| day().map(|day| day.timestamp().as_millisecond()))
}

/// Each of the six parts is compared by itself.
fn arn_like(pattern: &str, arn: &str) -> bool {
    let (pattern, arn): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    pattern.len() == arn.len() && pattern.iter().zip(&arn).all(|(pattern, part)| wild(pattern, part))
}

/// Whether an address lies in a range (`10.0.0.0/8`).
fn address_in(range: &str, address: &str) -> bool {
    let (network, bits) = range.split_once('/').map_or((range, None), |(network, bits)| (network, Some(bits)));
    let parse = |text: &str| text.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    let (Some(network), Some(address)) = (parse(network), parse(address)) else { return false };
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (u128::from(network.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let Ok(bits) = bits.map_or(Ok(width), str::parse::<u32>) else { return false };
    bits <= width && (bits == 0 || (network ^ address) >> (width - bits) == 0)
}
