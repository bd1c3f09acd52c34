//! Reading patterns; what is wrong is named with its field.

use serde_json::Value;

use super::compare::{Bound, Comparison, Text};
use super::{Node, Pattern, PatternError};

/// The operators, for refusals.
const OPERATORS: &str = "prefix, suffix, anything-but, numeric, exists, cidr, wildcard, equals-ignore-case";

impl Pattern {
    /// Reads a pattern that stands as JSON text.
    pub(in crate::cloud) fn parse_text(text: &str) -> Result<Self, PatternError> {
        let value: Value = serde_json::from_str(text).map_err(|error| fault("", format!("it is not JSON: {error}")))?;
        Self::parse(&value)
    }

    /// Reads a pattern.
    pub(in crate::cloud) fn parse(value: &Value) -> Result<Self, PatternError> {
        pattern(value, "")
    }
}

fn fault(path: &str, reason: impl Into<String>) -> PatternError {
    PatternError { path: path.to_owned(), reason: reason.into() }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn pattern(value: &Value, path: &str) -> Result<Pattern, PatternError> {
    let fields = value.as_object().ok_or_else(|| fault(path, "a pattern must be an object"))?;
    if fields.is_empty() {
        return Err(fault(path, "empty objects are not allowed"));
    }
    let mut read = Pattern::default();
    for (name, value) in fields {
        let path = below(path, name);
        match value {
            Value::Array(items) if name == "$or" && items.iter().all(Value::is_object) => {
                if items.len() < 2 {
                    return Err(fault(&path, "`$or` needs two alternatives at least"));
                }
                let alternatives: Result<_, _> = items.iter().map(|item| pattern(item, &path)).collect();
                read.either.push(alternatives?);
            }
            Value::Object(_) => read.fields.push((name.clone(), Node::Inside(pattern(value, &path)?))),
            Value::Array(items) if items.is_empty() => return Err(fault(&path, "empty arrays are not allowed")),
            Value::Array(items) => {
                let comparisons: Result<_, _> = items.iter().map(|item| comparison(item, &path)).collect();
                read.fields.push((name.clone(), Node::OneOf(comparisons?)));
            }
            _ => return Err(fault(&path, format!("\"{name}\" must be an object or an array"))),
        }
    }
    Ok(read)
}

fn comparison(item: &Value, path: &str) -> Result<Comparison, PatternError> {
    let Value::Object(fields) = item else {
        return if item.is_array() {
            Err(fault(path, "arrays in arrays are not allowed"))
        } else {
            Ok(Comparison::Equal(item.clone()))
        };
    };
    let (Some((operator, value)), 1) = (fields.iter().next(), fields.len()) else {
        return Err(fault(path, "a comparison has one operator"));
    };
    let path = below(path, operator);
    match operator.as_str() {
        "exists" => value.as_bool().map(Comparison::Exists).ok_or_else(|| fault(&path, "it must be true or false")),
        "numeric" => numeric(value, &path),
        "cidr" => cidr(value, &path),
        "anything-but" => anything_but(value, &path),
        "prefix" | "suffix" | "equals-ignore-case" | "wildcard" => text(operator, value, &path).map(Comparison::Text),
        _ => Err(fault(&path, format!("unrecognised match type {operator}: there are {OPERATORS}"))),
    }
}

fn text(operator: &str, value: &Value, path: &str) -> Result<Text, PatternError> {
    let plain = value.as_str().map(str::to_owned);
    let any_case = value.get("equals-ignore-case").and_then(Value::as_str).map(str::to_owned);
    let both = plain.clone().map(|text| (text, false)).or_else(|| any_case.map(|text| (text, true)));
    match (operator, both, plain) {
        ("prefix", Some((text, any_case)), _) => Ok(Text::Prefix { text, any_case }),
        ("suffix", Some((text, any_case)), _) => Ok(Text::Suffix { text, any_case }),
        ("equals-ignore-case", _, Some(text)) => Ok(Text::AnyCase(text)),
        ("wildcard", _, Some(text)) => wildcard(&text, path),
        _ => Err(fault(path, "it must be a text")),
    }
}

/// The texts between the stars; `\*` and `\\` are themselves.
fn wildcard(text: &str, path: &str) -> Result<Text, PatternError> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    let mut after_star = false;
    while let Some(letter) = letters.next() {
        let literal = match letter {
            '*' if after_star => return Err(fault(path, "two stars in a row are not allowed")),
            '*' => None,
            '\\' => match letters.next() {
                Some(escaped @ ('*' | '\\')) => Some(escaped),
                _ => return Err(fault(path, "a backslash stands only before a star or a backslash")),
            },
            other => Some(other),
        };
        after_star = literal.is_none();
        match (literal, parts.last_mut()) {
            (Some(letter), Some(part)) => part.push(letter),
            _ => parts.push(String::new()),
        }
    }
    Ok(Text::Wildcard(parts))
}

fn anything_but(value: &Value, path: &str) -> Result<Comparison, PatternError> {
    let scalar = |item: &Value| item.is_string() || item.is_number();
    match value {
        Value::Object(fields) => {
            let (Some((operator, value)), 1) = (fields.iter().next(), fields.len()) else {
                return Err(fault(path, "a comparison has one operator"));
            };
            let path = below(path, operator);
            if !matches!(operator.as_str(), "prefix" | "suffix" | "equals-ignore-case" | "wildcard") {
                return Err(fault(&path, format!("`anything-but` does not know {operator}")));
            }
            let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            if items.is_empty() {
                return Err(fault(&path, "empty arrays are not allowed"));
            }
            let texts: Result<_, _> = items.iter().map(|item| text(operator, item, &path)).collect();
            Ok(Comparison::NotText(texts?))
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(scalar) => Ok(Comparison::NotEqual(items.clone())),
        Value::String(_) | Value::Number(_) => Ok(Comparison::NotEqual(vec![value.clone()])),
        _ => Err(fault(path, "it must be a text, a number, a list of them, or a comparison of texts")),
    }
}

fn numeric(value: &Value, path: &str) -> Result<Comparison, PatternError> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    if !matches!(items.len(), 2 | 4) {
        return Err(fault(path, "it must be a list of one or two operators, each with a number"));
    }
    let mut bounds = Vec::new();
    for pair in items.chunks(2) {
        let bound = match pair[0].as_str() {
            Some("=") => Bound::Equal,
            Some("<") => Bound::Less,
            Some("<=") => Bound::LessOrEqual,
            Some(">") => Bound::Greater,
            Some(">=") => Bound::GreaterOrEqual,
            _ => return Err(fault(path, format!("unrecognised numeric range operator: {}", pair[0]))),
        };
        let number = pair[1].as_f64().ok_or_else(|| fault(path, format!("{} is no number", pair[1])))?;
        bounds.push((bound, number));
    }
    if let [(first, low), (second, high)] = bounds.as_slice() {
        let lower = matches!(first, Bound::Greater | Bound::GreaterOrEqual);
        let upper = matches!(second, Bound::Less | Bound::LessOrEqual);
        if !lower || !upper || low >= high {
            return Err(fault(path, "a range has its lower bound first, and it must be below the upper one"));
        }
    }
    Ok(Comparison::Numeric(bounds))
}

fn cidr(value: &Value, path: &str) -> Result<Comparison, PatternError> {
    let refuse = || fault(path, "it must be a network, as in 10.0.0.0/24");
    let (address, length) = value.as_str().and_then(|text| text.split_once('/')).ok_or_else(refuse)?;
    let address: std::net::IpAddr = address.parse().map_err(|_| refuse())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.parse().ok().filter(|length| *length <= most).ok_or_else(refuse)?;
    Ok(Comparison::Network(address, length))
}
