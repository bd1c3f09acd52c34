//! The actions on parameters: inputs, permissions, answers.
//!
//! Source: the "AWS Systems Manager API Reference" and its part of the service authorisation reference.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::store::{Parameter, Parameters, Version, Wanted, invalid, not_found};
use crate::cloud::service::{ApiCall, ApiError, Permission};

/// The most parameters of a page.
const PAGE: usize = 10;
const LIST_PAGE: usize = 50;

/// What the caller of a request must be allowed.
pub(super) fn permissions(parameters: &Parameters, call: &ApiCall) -> Vec<Permission> {
    let input = &call.input;
    let action = format!("ssm:{}", call.action);
    let one = |name: &str| {
        let name = selected(&parameters.name_of(name)).0.to_owned();
        Permission::new(action.clone(), parameters.arn(&name))
    };
    match call.action.as_str() {
        "GetParameters" | "DeleteParameters" => texts(input, "Names").into_iter().map(one).collect(),
        "GetParametersByPath" => vec![one(text(input, "Path").unwrap_or_default().trim_end_matches('/'))],
        "DescribeParameters" => vec![Permission::new(action, "*")],
        "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => {
            vec![one(text(input, "ResourceId").unwrap_or_default())]
        }
        _ => vec![one(text(input, "Name").unwrap_or_default())],
    }
}

/// Carries out an action.
pub(super) fn answer(parameters: &Parameters, call: &ApiCall) -> Result<Value, ApiError> {
    let input = &call.input;
    let open = input.get("WithDecryption").and_then(Value::as_bool) == Some(true);
    match call.action.as_str() {
        "PutParameter" => put(parameters, input),
        "GetParameter" => {
            let name = text(input, "Name").ok_or_else(|| missing("name"))?;
            Ok(json!({"Parameter": read(parameters, name, open)?}))
        }
        "GetParameters" => {
            let (mut found, mut unknown) = (Vec::new(), Vec::new());
            for name in texts(input, "Names") {
                match read(parameters, name, open) {
                    Ok(parameter) => found.push(parameter),
                    Err(error) if error.status < 500 => unknown.push(name),
                    Err(error) => return Err(error),
                }
            }
            Ok(json!({"Parameters": found, "InvalidParameters": unknown}))
        }
        "GetParametersByPath" => by_path(parameters, input, open),
        "GetParameterHistory" => history(parameters, input, open),
        "DescribeParameters" => describe(parameters, input),
        "DeleteParameter" => {
            parameters.delete(&parameters.name_of(text(input, "Name").unwrap_or_default())).map(|()| json!({}))
        }
        "DeleteParameters" => {
            let (deleted, unknown): (Vec<&str>, Vec<&str>) = texts(input, "Names")
                .into_iter()
                .partition(|name| parameters.delete(&parameters.name_of(name)).is_ok());
            Ok(json!({"DeletedParameters": deleted, "InvalidParameters": unknown}))
        }
        "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => tag(parameters, &call.action, input),
        other => Err(ApiError::not_built("ssm", other)),
    }
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

fn texts<'a>(input: &'a Value, name: &str) -> Vec<&'a str> {
    input.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn missing(member: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

/// A name and the version that follows it: `/a/b:3`.
fn selected(name: &str) -> (&str, Option<&str>) {
    name.split_once(':').map_or((name, None), |(name, selector)| (name, Some(selector)))
}

/// `[{"Key": …, "Value": …}]` as a map.
pub(super) fn tags_of(list: Option<&Value>) -> BTreeMap<String, String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|tag| Some((text(tag, "Key")?.to_owned(), text(tag, "Value")?.to_owned()))).collect()
}

fn put(parameters: &Parameters, input: &Value) -> Result<Value, ApiError> {
    if text(input, "Policies").is_some_and(|policies| !matches!(policies, "" | "[]" | "{}")) {
        return Err(ApiError::not_built("ssm", "PutParameter with Policies"));
    }
    let own = |name: &str| text(input, name).map(str::to_owned);
    let wanted = Wanted {
        name: parameters.name_of(text(input, "Name").ok_or_else(|| missing("name"))?),
        value: own("Value").ok_or_else(|| missing("value"))?,
        kind: own("Type"),
        description: own("Description"),
        pattern: own("AllowedPattern"),
        data_type: own("DataType"),
        tier: own("Tier"),
        key: own("KeyId"),
        tags: input.get("Tags").map(|tags| tags_of(Some(tags))),
        overwrite: input.get("Overwrite").and_then(Value::as_bool) == Some(true),
    };
    if wanted.overwrite && wanted.tags.is_some() {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
             overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    let put = parameters.put(wanted)?;
    Ok(json!({"Version": put.version(), "Tier": put.tier}))
}

fn seconds(ms: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "the API gives seconds with a fraction; a date is small enough")]
    let seconds = ms as f64 / 1000.0;
    json!(seconds)
}

fn told(parameters: &Parameters, parameter: &Parameter, version: &Version, open: bool) -> Result<Value, ApiError> {
    Ok(json!({
        "Name": parameter.name, "Type": parameter.kind, "Value": parameters.value(&parameter.name, version, open)?,
        "Version": version.number, "LastModifiedDate": seconds(version.modified_ms),
        "ARN": parameters.arn(&parameter.name), "DataType": parameter.data_type,
    }))
}

fn read(parameters: &Parameters, name: &str, open: bool) -> Result<Value, ApiError> {
    let whole = parameters.name_of(name);
    let (name, selector) = selected(&whole);
    let parameter = parameters.get(name)?;
    let version = match selector {
        None => parameter.versions.last().ok_or_else(|| not_found(name))?,
        Some(selector) => {
            let number: Option<u64> = selector.parse().ok();
            let found = parameter.versions.iter().find(|version| Some(version.number) == number);
            found.ok_or_else(|| {
                let message = format!(
                    "Systems Manager could not find version {selector} of {name}. Verify the version and try again."
                );
                ApiError::new("ParameterVersionNotFound", message)
            })?
        }
    };
    let mut told = told(parameters, &parameter, version, open)?;
    if let Some(selector) = selector {
        told["Selector"] = json!(format!(":{selector}"));
    }
    Ok(told)
}

/// One page of what was found, by the name of its last entry.
fn page(found: Vec<Parameter>, input: &Value, most: usize) -> Result<(Vec<Parameter>, Option<String>), ApiError> {
    let limit = match input.get("MaxResults").map(Value::as_u64) {
        None => most,
        Some(limit) => {
            let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| (1..=most).contains(limit));
            limit.ok_or_else(|| invalid(format!("MaxResults must be a number from 1 to {most}.")))?
        }
    };
    let after = text(input, "NextToken").filter(|token| !token.is_empty());
    let mut rest: Vec<Parameter> =
        found.into_iter().filter(|parameter| after.is_none_or(|after| parameter.name.as_str() > after)).collect();
    let more = rest.len() > limit;
    rest.truncate(limit);
    let next = rest.last().filter(|_| more).map(|last| last.name.clone());
    Ok((rest, next))
}

fn by_path(parameters: &Parameters, input: &Value, open: bool) -> Result<Value, ApiError> {
    let path = text(input, "Path").ok_or_else(|| missing("path"))?;
    if !path.starts_with('/') {
        return Err(invalid(format!(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
             \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). Parameter name: {path}"
        )));
    }
    if !input.get("ParameterFilters").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(ApiError::not_built("ssm", "GetParametersByPath with ParameterFilters"));
    }
    let recursive = input.get("Recursive").and_then(Value::as_bool) == Some(true);
    let prefix = format!("{}/", path.trim_end_matches('/'));
    let mut found = parameters.all();
    found.retain(|parameter| parameter.name.strip_prefix(&prefix).is_some_and(|rest| recursive || !rest.contains('/')));
    let (found, next) = page(found, input, PAGE)?;
    let read = |parameter: &Parameter| {
        let version = parameter.versions.last().ok_or_else(|| not_found(&parameter.name))?;
        told(parameters, parameter, version, open)
    };
    let found = found.iter().map(read).collect::<Result<Vec<Value>, ApiError>>()?;
    Ok(with_token(json!({"Parameters": found}), next))
}

fn history(parameters: &Parameters, input: &Value, open: bool) -> Result<Value, ApiError> {
    let parameter = parameters.get(&parameters.name_of(text(input, "Name").ok_or_else(|| missing("name"))?))?;
    let read = |version: &Version| told(parameters, &parameter, version, open);
    let all = parameter.versions.iter().map(read).collect::<Result<Vec<Value>, ApiError>>()?;
    Ok(json!({"Parameters": all}))
}

fn describe(parameters: &Parameters, input: &Value) -> Result<Value, ApiError> {
    let mut found = parameters.all();
    let given = ["ParameterFilters", "Filters"].iter().filter_map(|name| input.get(*name).and_then(Value::as_array));
    for filter in given.flatten() {
        let values = texts(filter, "Values");
        let option = text(filter, "Option").unwrap_or("Equals");
        let fits = |text: &str| {
            values.iter().any(|value| match option {
                "BeginsWith" => text.starts_with(value),
                "Contains" => text.contains(value),
                _ => text == *value,
            })
        };
        match text(filter, "Key") {
            Some("Name") => found.retain(|parameter| fits(&parameter.name)),
            Some("Type") => found.retain(|parameter| fits(&parameter.kind)),
            key => {
                let key = key.unwrap_or_default();
                return Err(ApiError::not_built("ssm", &format!("DescribeParameters with a filter of {key}")));
            }
        }
    }
    let (found, next) = page(found, input, LIST_PAGE)?;
    let told = found.iter().map(|parameter| {
        let modified_ms = parameter.versions.last().map_or(0, |version| version.modified_ms);
        let mut told = json!({
            "Name": parameter.name, "ARN": parameters.arn(&parameter.name), "Type": parameter.kind,
            "LastModifiedDate": seconds(modified_ms), "Version": parameter.version(), "Tier": parameter.tier,
            "Policies": [], "DataType": parameter.data_type,
        });
        let more = [
            ("Description", &parameter.description),
            ("AllowedPattern", &parameter.pattern),
            ("KeyId", &parameter.key),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                told[name] = json!(value);
            }
        }
        told
    });
    Ok(with_token(json!({"Parameters": told.collect::<Vec<Value>>()}), next))
}

fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer
}

fn tag(parameters: &Parameters, action: &str, input: &Value) -> Result<Value, ApiError> {
    if let Some(kind) = text(input, "ResourceType").filter(|kind| *kind != "Parameter") {
        return Err(ApiError::not_built("ssm", &format!("tags of resources of the type {kind}")));
    }
    let name = parameters.name_of(text(input, "ResourceId").ok_or_else(|| missing("resourceId"))?);
    match action {
        "AddTagsToResource" => {
            let given = tags_of(input.get("Tags"));
            parameters.change_tags(&name, |tags| tags.extend(given)).map(|()| json!({}))
        }
        "RemoveTagsFromResource" => {
            let keys = texts(input, "TagKeys");
            parameters.change_tags(&name, |tags| tags.retain(|key, _| !keys.contains(&key.as_str())))?;
            Ok(json!({}))
        }
        _ => {
            let parameter = parameters.get(&name)?;
            let list: Vec<Value> =
                parameter.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            Ok(json!({"TagList": list}))
        }
    }
}
