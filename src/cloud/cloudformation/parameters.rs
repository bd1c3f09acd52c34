//! The values of a stack's parameters: given, kept or by default, and checked against their declaration.
//!
//! What Parameter Store fills is in [`super::dynamic`]; types of existing resources are refused by name.

use indexmap::IndexMap;
use serde_json::Value;

use super::dynamic::stored_type;
use crate::cfn::evaluate::scalar_text;
use crate::cfn::{Parameter, Template};
use crate::cloud::service::ApiError;

/// A parameter as a caller gives it.
#[derive(Clone, Debug)]
pub(super) enum Given {
    Value(String),
    /// `UsePreviousValue`.
    Previous,
}

/// `Parameters` of a request.
pub(super) fn given(input: &Value) -> Result<IndexMap<String, Given>, ApiError> {
    let mut found = IndexMap::new();
    for entry in input.get("Parameters").and_then(Value::as_array).into_iter().flatten() {
        let Some(key) = entry.get("ParameterKey").and_then(Value::as_str) else {
            return Err(refusal("Each parameter must have a ParameterKey"));
        };
        let previous = entry.get("UsePreviousValue").and_then(scalar_text).as_deref() == Some("true");
        let value = entry.get("ParameterValue").and_then(scalar_text);
        let given = match (previous, value) {
            (true, Some(_)) => {
                return Err(refusal(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                )));
            }
            (true, None) => Given::Previous,
            (false, value) => Given::Value(value.unwrap_or_default()),
        };
        found.insert(key.to_owned(), given);
    }
    Ok(found)
}

/// The value of every parameter of the template. Texts of refusals as AWS gives them.
pub(super) fn settle(
    template: &Template,
    given: &IndexMap<String, Given>,
    previous: Option<&IndexMap<String, String>>,
) -> Result<IndexMap<String, String>, ApiError> {
    let unknown: Vec<&str> =
        given.keys().filter(|key| !template.parameters.contains_key(key.as_str())).map(String::as_str).collect();
    if !unknown.is_empty() {
        return Err(refusal(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
    }
    let mut values = IndexMap::new();
    let mut missing = Vec::new();
    for (id, parameter) in &template.parameters {
        let value = match given.get(id.as_str()) {
            Some(Given::Value(value)) => Some(value.clone()),
            Some(Given::Previous) => previous.and_then(|values| values.get(id.as_str()).cloned()),
            None => parameter.default.clone(),
        };
        match value {
            Some(value) => {
                values.insert(id.to_string(), value);
            }
            None => missing.push(id.as_str()),
        }
    }
    if !missing.is_empty() {
        return Err(refusal(format!("Parameters: [{}] must have values", missing.join(", "))));
    }
    for (id, parameter) in &template.parameters {
        check(id.as_str(), parameter, &values[id.as_str()])?;
    }
    Ok(values)
}

fn refusal(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

fn check(id: &str, parameter: &Parameter, value: &str) -> Result<(), ApiError> {
    let kind = parameter.kind.as_str();
    let known = ["String", "Number", "CommaDelimitedList", "List<Number>", "List<String>", "AWS::SSM::Parameter::Name"];
    if !known.contains(&kind) && stored_type(kind).is_none() {
        return Err(refusal(format!(
            "Parameter {id} has the type {kind}, which is not supported by the embedded cloud; it has: String, Number, \
             CommaDelimitedList, List<Number>, List<String>, AWS::SSM::Parameter::Name, AWS::SSM::Parameter::Value<…>"
        )));
    }
    let failed = |rule: String| match parameter.constraints.get("ConstraintDescription").and_then(|text| text.as_text())
    {
        Some(description) => refusal(format!("Parameter {id} failed to satisfy constraint: {description}")),
        None => refusal(format!("Parameter '{id}' {rule}")),
    };
    let items: Vec<&str> = match kind {
        "CommaDelimitedList" | "List<Number>" | "List<String>" => value.split(',').map(str::trim).collect(),
        _ => vec![value],
    };
    if kind.contains("Number") && items.iter().any(|item| !item.trim().parse::<f64>().is_ok_and(f64::is_finite)) {
        return Err(refusal(format!("Parameter '{id}' must be a number")));
    }
    let allowed = &parameter.allowed_values;
    if !allowed.is_empty() && items.iter().any(|item| !allowed.iter().any(|one| one == item)) {
        return Err(failed("must be one of AllowedValues".to_owned()));
    }
    if let Some(pattern) = &parameter.allowed_pattern {
        let whole = regex::Regex::new(&format!("^(?:{pattern})$")).map_err(|_| {
            refusal(format!("Parameter '{id}' has a pattern that is not supported by the embedded cloud: {pattern}"))
        })?;
        if !items.iter().all(|item| whole.is_match(item)) {
            return Err(failed(format!("must match pattern {pattern}")));
        }
    }
    limits(parameter, &items).map_err(failed)
}

/// Lengths of texts and sizes of numbers.
fn limits(parameter: &Parameter, items: &[&str]) -> Result<(), String> {
    let limit = |name: &str| match parameter.constraints.get(name).map(crate::cfn::Value::to_json) {
        Some(value) => scalar_text(&value).and_then(|text| text.parse::<f64>().ok()).map(|number| (number, value)),
        None => None,
    };
    for item in items {
        #[expect(clippy::cast_precision_loss, reason = "a parameter has at most 4096 characters")]
        let length = item.chars().count() as f64;
        if let Some((least, _)) = limit("MinLength").filter(|(least, _)| length < *least) {
            return Err(format!("must contain at least {least} characters"));
        }
        if let Some((most, _)) = limit("MaxLength").filter(|(most, _)| length > *most) {
            return Err(format!("must contain at most {most} characters"));
        }
        let Ok(number) = item.trim().parse::<f64>() else { continue };
        if let Some((least, _)) = limit("MinValue").filter(|(least, _)| number < *least) {
            return Err(format!("must be a number not less than {least}"));
        }
        if let Some((most, _)) = limit("MaxValue").filter(|(most, _)| number > *most) {
            return Err(format!("must be a number not greater than {most}"));
        }
    }
    Ok(())
}

/// What `Ref` of a parameter gives: text, or a list for the list types.
pub(super) fn reference(parameter: &Parameter, value: &str) -> Value {
    let kind = parameter.kind.as_str();
    match stored_type(kind).unwrap_or(kind) {
        kind if kind == "CommaDelimitedList" || kind.starts_with("List<") => {
            value.split(',').map(|item| Value::String(item.trim().to_owned())).collect()
        }
        _ => Value::String(value.to_owned()),
    }
}
