//! Templates: read from a request, given back, summed up.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{find, object, text};
use crate::cfn::Template;
use crate::cloud::cloudformation::engine::Engine;
use crate::cloud::cloudformation::prepare::{read_template, refusal, wanted_capability};
use crate::cloud::service::ApiError;

/// The largest template in a request (AWS CloudFormation User Guide, quotas).
const LARGEST_BODY_BYTES: usize = 51_200;

/// The template of a request; `None` when it gives none.
pub(super) fn body(engine: &Engine, input: &Value) -> Result<Option<String>, ApiError> {
    match (text(input, "TemplateBody"), text(input, "TemplateURL")) {
        (Some(_), Some(_)) => Err(refusal("You cannot specify both TemplateBody and TemplateURL")),
        (Some(body), None) if body.len() > LARGEST_BODY_BYTES => Err(refusal(format!(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length \
             less than or equal to {LARGEST_BODY_BYTES}"
        ))),
        (Some(body), None) => Ok(Some(body)),
        (None, Some(url)) => engine.read_url(&url).map(Some),
        (None, None) => Ok(None),
    }
}

fn given_body(engine: &Engine, input: &Value) -> Result<String, ApiError> {
    body(engine, input)?.ok_or_else(|| refusal("Either Template URL or Template Body must be specified."))
}

pub(super) fn get(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let answer = |body: String| json!({"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]});
    if let Some(change_set) = text(input, "ChangeSetName") {
        return Ok(answer(super::change_sets::find(engine, input, &change_set)?.definition.body));
    }
    let name = super::required(input, "StackName")?;
    Ok(answer(find(engine, &name, |stack| stack.definition.body.clone())?))
}

pub(super) fn validate(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let template = read_template(&given_body(engine, input)?, &engine.handlers)?;
    let parameters: Vec<Value> = template
        .parameters
        .iter()
        .map(|(id, parameter)| {
            object([
                ("ParameterKey", json!(id)),
                ("DefaultValue", json!(parameter.default)),
                ("NoEcho", json!(parameter.no_echo)),
                ("Description", json!(parameter.description)),
            ])
        })
        .collect();
    let (capabilities, reason) = capabilities(&template);
    Ok(object([
        ("Parameters", json!(parameters)),
        ("Description", json!(template.description)),
        ("Capabilities", capabilities),
        ("CapabilitiesReason", reason),
    ]))
}

pub(super) fn summary(engine: &Arc<Engine>, input: &Value) -> Result<Value, ApiError> {
    let body = match (body(engine, input)?, text(input, "StackName")) {
        (Some(body), _) => body,
        (None, Some(name)) => find(engine, &name, |stack| stack.definition.body.clone())?,
        (None, None) => given_body(engine, input)?,
    };
    let template = read_template(&body, &engine.handlers)?;
    let parameters: Vec<Value> = template
        .parameters
        .iter()
        .map(|(id, parameter)| {
            object([
                ("ParameterKey", json!(id)),
                ("DefaultValue", json!(parameter.default)),
                ("ParameterType", json!(parameter.kind)),
                ("NoEcho", json!(parameter.no_echo)),
                ("Description", json!(parameter.description)),
                ("ParameterConstraints", json!({"AllowedValues": parameter.allowed_values})),
            ])
        })
        .collect();
    let mut kinds: Vec<&str> = Vec::new();
    for resource in template.resources.values() {
        if !kinds.contains(&resource.kind.as_str()) {
            kinds.push(resource.kind.as_str());
        }
    }
    let (capabilities, reason) = capabilities(&template);
    Ok(object([
        ("Parameters", json!(parameters)),
        ("Description", json!(template.description)),
        ("Capabilities", capabilities),
        ("CapabilitiesReason", reason),
        ("ResourceTypes", json!(kinds)),
        ("Version", json!("2010-09-09")),
        ("Metadata", template.metadata.as_ref().map_or(Value::Null, |metadata| json!(metadata.to_json().to_string()))),
        ("DeclaredTransforms", json!([])),
    ]))
}

/// The capabilities that the template itself wants, and why.
fn capabilities(template: &Template) -> (Value, Value) {
    let Some(wanted) = wanted_capability(template) else { return (json!([]), Value::Null) };
    let mut kinds: Vec<&str> = Vec::new();
    for resource in template.resources.values() {
        let kind = resource.kind.as_str();
        if kind.starts_with("AWS::IAM::") && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let reason = format!("The following resource(s) require capabilities: [{}]", kinds.join(", "));
    (json!([wanted]), json!(reason))
}
