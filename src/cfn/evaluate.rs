//! Values of a template to plain JSON: every intrinsic function carried out, with a [`Lookup`] for what lies outside.

mod cidr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::substitute::{self, Part};
use super::{Intrinsic, Value};
use crate::base::LogicalId;

/// What lies outside the values: parameters, resources, conditions, mappings, exports.
pub trait Lookup {
    /// What `Ref` of a parameter, a resource or a pseudo parameter gives. `AWS::NoValue` is never asked for.
    fn reference(&self, name: &str) -> Result<Json, EvaluateError>;

    /// What `Fn::GetAtt` gives.
    fn attribute(&self, resource: &str, path: &str) -> Result<Json, EvaluateError>;

    /// Whether a condition holds.
    fn condition(&self, name: &LogicalId) -> Result<bool, EvaluateError>;

    /// A value of a mapping.
    fn mapping(&self, map: &str, top: &str, second: &str) -> Result<Json, EvaluateError>;

    /// The value of an export of another stack.
    fn import(&self, name: &str) -> Result<Json, EvaluateError>;

    /// The availability zones of a region; of the stack's own region when it is empty.
    fn zones(&self, region: &str) -> Result<Vec<String>, EvaluateError>;
}

/// Why a value could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// A name that leads nowhere.
    #[error("`{0}` is no resource or parameter")]
    UnknownName(String),
    /// An attribute that the resource does not have.
    #[error("the resource `{resource}` has no attribute `{attribute}`")]
    UnknownAttribute {
        /// Its logical id.
        resource: String,
        /// What was asked for.
        attribute: String,
    },
    /// A condition that does not exist.
    #[error("there is no condition `{0}`")]
    UnknownCondition(String),
    /// A place of a mapping that does not exist.
    #[error("the mapping `{map}` has nothing at `{top}`, `{second}`")]
    NotInMapping {
        /// The mapping.
        map: String,
        /// The first key.
        top: String,
        /// The second key.
        second: String,
    },
    /// No stack exports it.
    #[error("no export named {0} found")]
    UnknownExport(String),
    /// The value is known only when the resource has been made or changed.
    #[error("it is known only after `{0}` was deployed")]
    Pending(String),
    /// A function was given what it cannot use.
    #[error("`{function}` {reason}")]
    Misused {
        /// The function.
        function: &'static str,
        /// What is wrong.
        reason: String,
    },
}

fn misused(function: &'static str, reason: impl Into<String>) -> EvaluateError {
    EvaluateError::Misused { function, reason: reason.into() }
}

/// The plain value. A value that is `AWS::NoValue` as a whole is null.
///
/// # Errors
/// [`EvaluateError`] when a name leads nowhere or a function is given what it cannot use.
pub fn evaluate(value: &Value, lookup: &dyn Lookup) -> Result<Json, EvaluateError> {
    Ok(evaluate_optional(value, lookup)?.unwrap_or(Json::Null))
}

/// Whether the value of a condition holds.
///
/// # Errors
/// [`EvaluateError`] when it cannot be evaluated, or is neither true nor false.
pub fn evaluate_condition(value: &Value, lookup: &dyn Lookup) -> Result<bool, EvaluateError> {
    match evaluate(value, lookup)? {
        Json::Bool(flag) => Ok(flag),
        Json::String(text) if text == "true" => Ok(true),
        Json::String(text) if text == "false" => Ok(false),
        _ => Err(misused("Condition", "must be true or false")),
    }
}

/// A scalar as CloudFormation writes it into text; `None` for lists, maps and null.
pub fn scalar_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// `None` is `AWS::NoValue`.
fn evaluate_optional(value: &Value, lookup: &dyn Lookup) -> Result<Option<Json>, EvaluateError> {
    Ok(Some(match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => Json::Number(number.clone()),
        Value::Text(text) => Json::String(text.clone()),
        Value::List(list) => Json::Array(evaluate_list(list, lookup)?),
        Value::Map(map) => {
            let mut evaluated = Map::new();
            for (key, value) in map {
                if let Some(value) = evaluate_optional(value, lookup)? {
                    evaluated.insert(key.clone(), value);
                }
            }
            Json::Object(evaluated)
        }
        Value::Call(call) => return evaluate_call(call, lookup),
    }))
}

fn evaluate_list(list: &[Value], lookup: &dyn Lookup) -> Result<Vec<Json>, EvaluateError> {
    list.iter().filter_map(|item| evaluate_optional(item, lookup).transpose()).collect()
}

fn evaluate_call(call: &Intrinsic, lookup: &dyn Lookup) -> Result<Option<Json>, EvaluateError> {
    Ok(Some(match call {
        Intrinsic::Ref(name) if name == "AWS::NoValue" => return Ok(None),
        Intrinsic::Ref(name) => lookup.reference(name)?,
        Intrinsic::GetAtt(resource, path) => lookup.attribute(resource.as_str(), path)?,
        Intrinsic::Sub(text, variables) => Json::String(substituted(text, variables, lookup)?),
        Intrinsic::Join(separator, list) => {
            let texts: Result<Vec<String>, EvaluateError> = list_of("Fn::Join", list, lookup)?
                .iter()
                .map(|item| scalar_text(item).ok_or_else(|| misused("Fn::Join", "can join texts only")))
                .collect();
            Json::String(texts?.join(separator))
        }
        Intrinsic::Select(index, list) => select(index, list, lookup)?,
        Intrinsic::Split(separator, value) => {
            let text = text_of("Fn::Split", value, lookup)?;
            Json::Array(text.split(separator.as_str()).map(|part| Json::String(part.to_owned())).collect())
        }
        Intrinsic::If(condition, then, otherwise) => {
            let chosen = if lookup.condition(condition)? { then } else { otherwise };
            return evaluate_optional(chosen, lookup);
        }
        Intrinsic::Equals(left, right) => Json::Bool(equal(&evaluate(left, lookup)?, &evaluate(right, lookup)?)),
        Intrinsic::And(list) => {
            let flags: Result<Vec<bool>, _> = list.iter().map(|item| evaluate_condition(item, lookup)).collect();
            Json::Bool(flags?.into_iter().all(|flag| flag))
        }
        Intrinsic::Or(list) => {
            let flags: Result<Vec<bool>, _> = list.iter().map(|item| evaluate_condition(item, lookup)).collect();
            Json::Bool(flags?.into_iter().any(|flag| flag))
        }
        Intrinsic::Not(value) => Json::Bool(!evaluate_condition(value, lookup)?),
        Intrinsic::Condition(name) => Json::Bool(lookup.condition(name)?),
        Intrinsic::FindInMap(map, top, second) => {
            let [map, top, second] = [map, top, second].map(|key| text_of("Fn::FindInMap", key, lookup));
            lookup.mapping(&map?, &top?, &second?)?
        }
        Intrinsic::Base64(value) => Json::String(STANDARD.encode(text_of("Fn::Base64", value, lookup)?)),
        Intrinsic::GetAzs(region) => {
            let zones = lookup.zones(&text_of("Fn::GetAZs", region, lookup)?)?;
            Json::Array(zones.into_iter().map(Json::String).collect())
        }
        Intrinsic::ImportValue(name) => lookup.import(&text_of("Fn::ImportValue", name, lookup)?)?,
        Intrinsic::Cidr(block, count, bits) => {
            let [block, count] = [block, count].map(|part| text_of("Fn::Cidr", part, lookup));
            let bits = if *bits == Value::Null { None } else { Some(text_of("Fn::Cidr", bits, lookup)?) };
            let blocks =
                cidr::blocks(&block?, &count?, bits.as_deref()).map_err(|reason| misused("Fn::Cidr", reason))?;
            Json::Array(blocks.into_iter().map(Json::String).collect())
        }
        Intrinsic::ToJsonString(value) => Json::String(evaluate(value, lookup)?.to_string()),
        Intrinsic::Length(list) => Json::Number(list_of("Fn::Length", list, lookup)?.len().into()),
    }))
}

fn text_of(function: &'static str, value: &Value, lookup: &dyn Lookup) -> Result<String, EvaluateError> {
    scalar_text(&evaluate(value, lookup)?).ok_or_else(|| misused(function, "wants text"))
}

fn list_of(function: &'static str, value: &Value, lookup: &dyn Lookup) -> Result<Vec<Json>, EvaluateError> {
    match evaluate(value, lookup)? {
        Json::Array(list) => Ok(list),
        _ => Err(misused(function, "wants a list")),
    }
}

fn select(index: &Value, list: &Value, lookup: &dyn Lookup) -> Result<Json, EvaluateError> {
    let index = text_of("Fn::Select", index, lookup)?;
    let mut list = list_of("Fn::Select", list, lookup)?;
    match index.parse::<usize>() {
        Ok(position) if position < list.len() => Ok(list.swap_remove(position)),
        Ok(_) => Err(misused("Fn::Select", format!("cannot select nonexistent value at index {index}"))),
        Err(_) => Err(misused("Fn::Select", format!("has an index that is no number: {}", index.escape_debug()))),
    }
}

fn substituted(text: &str, variables: &super::Map, lookup: &dyn Lookup) -> Result<String, EvaluateError> {
    let mut result = String::new();
    for part in substitute::parts(text).map_err(|reason| misused("Fn::Sub", reason))? {
        let name = match part {
            Part::Text(plain) => {
                result.push_str(&plain);
                continue;
            }
            Part::Name(name) => name,
        };
        let value = match (variables.get(&name), name.split_once('.')) {
            (Some(value), _) => evaluate(value, lookup)?,
            (None, Some((resource, path))) => lookup.attribute(resource, path)?,
            (None, None) if name == "AWS::NoValue" => Json::String(String::new()),
            (None, None) => lookup.reference(&name)?,
        };
        let value = scalar_text(&value).ok_or_else(|| misused("Fn::Sub", format!("cannot write `{name}` as text")))?;
        result.push_str(&value);
    }
    Ok(result)
}

/// Scalars are equal when they are written alike: parameters are always text.
fn equal(left: &Json, right: &Json) -> bool {
    match (scalar_text(left), scalar_text(right)) {
        (Some(left), Some(right)) => left == right,
        _ => match (left, right) {
            (Json::Array(left), Json::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
            }
            _ => left == right,
        },
    }
}

#[cfg(test)]
mod tests;
