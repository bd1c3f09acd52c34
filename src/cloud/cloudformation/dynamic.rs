//! Values that stand elsewhere: `{{resolve:…}}` in a template, and parameters of a stack that Parameter Store fills.
//!
//! Source: "Get values stored in other services using dynamic references" and "Specify existing resources at runtime with
//! CloudFormation-supplied parameter types" of the CloudFormation guide. Secrets are put in on the way to the resource
//! alone: no record of a stack holds one, and a new value of a secret is no change of a resource.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::prepare::refusal;
use crate::cfn::evaluate::scalar_text;
use crate::cfn::{Parameter, Template};
use crate::cloud::secretsmanager::SecretsManager;
use crate::cloud::service::ApiError;
use crate::cloud::ssm::Ssm;

/// What Parameter Store knows of a parameter.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Stored {
    /// `String`, `StringList`, `SecureString`.
    pub kind: String,
    pub value: String,
}

/// Where the values stand.
pub(in crate::cloud) trait Values: Send + Sync {
    /// A parameter, in its newest version or another one.
    fn parameter(&self, name: &str, version: Option<u64>) -> Option<Stored>;

    /// The text of a secret, by stage or version.
    fn secret(&self, id: &str, stage: Option<&str>, version: Option<&str>) -> Result<String, ApiError>;
}

/// The stores of this cloud.
pub(in crate::cloud) struct Stores {
    pub ssm: Arc<Ssm>,
    pub secrets: Arc<SecretsManager>,
}

impl Values for Stores {
    fn parameter(&self, name: &str, version: Option<u64>) -> Option<Stored> {
        let (kind, value) = self.ssm.read(name, version)?;
        Some(Stored { kind, value })
    }

    fn secret(&self, id: &str, stage: Option<&str>, version: Option<&str>) -> Result<String, ApiError> {
        self.secrets.read(id, stage, version)
    }
}

const OPENING: &str = "{{resolve:";

/// Puts plain parameters (`{{resolve:ssm:name:version}}`) in the place of their references.
pub(super) fn plain(values: &dyn Values, document: Value) -> Result<Value, String> {
    replaced(document, &|reference| {
        let Some(rest) = reference.strip_prefix("ssm:") else { return Ok(None) };
        let (name, version) = split_name(rest, 6);
        let number = match version {
            None | Some("") => None,
            Some(text) => Some(text.parse().map_err(|_| format!("Parameters: [{reference}] cannot be found."))?),
        };
        let found = values.parameter(name, number);
        let stored = found.ok_or_else(|| format!("Parameters: [{reference}] cannot be found."))?;
        if stored.kind == "SecureString" {
            return Err(unfit(name));
        }
        Ok(Some(stored.value))
    })
}

/// Puts secrets (`{{resolve:secretsmanager:id:SecretString:key:stage:version}}`) in the place of their references.
pub(super) fn secret(values: &dyn Values, document: Value) -> Result<Value, String> {
    replaced(document, &|reference| {
        let Some(rest) = reference.strip_prefix("secretsmanager:") else { return Ok(None) };
        let (id, rest) = split_name(rest, 7);
        let parts: Vec<&str> = rest.unwrap_or_default().split(':').collect();
        let part = |place: usize| parts.get(place).copied().filter(|text| !text.is_empty());
        if parts.len() > 4 || part(0).is_some_and(|what| what != "SecretString") {
            return Err(format!("{OPENING}{reference}}}}} is no reference to the SecretString of a secret."));
        }
        if part(2).is_some() && part(3).is_some() {
            return Err(format!("{OPENING}{reference}}}}} names a stage and a version: one of them is allowed."));
        }
        let text = values.secret(id, part(2), part(3)).map_err(|error| error.message)?;
        let Some(key) = part(1) else { return Ok(Some(text)) };
        let document: Value =
            serde_json::from_str(&text).map_err(|_| "Could not parse SecretString JSON".to_owned())?;
        let value = document.get(key).and_then(scalar_text);
        value.map(Some).ok_or_else(|| format!("Could not find a value associated with JSONKey in SecretString: {key}"))
    })
}

/// A name (or an ARN of so many parts), and what follows it.
fn split_name(text: &str, arn_parts: usize) -> (&str, Option<&str>) {
    let parts = if text.starts_with("arn:") { arn_parts } else { 1 };
    match text.match_indices(':').nth(parts - 1) {
        Some((place, _)) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    }
}

fn unfit(name: &str) -> String {
    format!("Parameters [{name}] referenced by template have types not supported by CloudFormation.")
}

/// A document whose references `resolve` turned into values; those that it gives none for stay.
fn replaced(document: Value, resolve: &dyn Fn(&str) -> Result<Option<String>, String>) -> Result<Value, String> {
    Ok(match document {
        Value::String(text) if text.contains(OPENING) => {
            let (mut out, mut rest) = (String::new(), text.as_str());
            while let Some((start, end)) = reference(rest) {
                out.push_str(&rest[..start]);
                match resolve(&rest[start + OPENING.len()..end])? {
                    Some(value) => out.push_str(&value),
                    None => out.push_str(&rest[start..end + 2]),
                }
                rest = &rest[end + 2..];
            }
            Value::String(out + rest)
        }
        Value::Array(items) => items.into_iter().map(|item| replaced(item, resolve)).collect::<Result<_, _>>()?,
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| Ok((name, replaced(value, resolve)?)))
            .collect::<Result<serde_json::Map<_, _>, String>>()?
            .into(),
        other => other,
    })
}

/// Where the first reference of a text begins, and where its closing braces stand.
fn reference(text: &str) -> Option<(usize, usize)> {
    let start = text.find(OPENING)?;
    let end = start + text[start..].find("}}")?;
    Some((start, end))
}

/// References that CloudFormation refuses where they stand, in its words.
pub(super) fn refused(template: &Template) -> Vec<String> {
    let mut found = Vec::new();
    let mut secure = Vec::new();
    for resource in template.resources.values() {
        let place = format!("{}/Properties", resource.kind);
        walk(&resource.properties.to_json(), &place, &mut |place, reference| {
            match reference.split(':').next().unwrap_or_default() {
                "ssm" | "secretsmanager" => {}
                // Secure strings are for the passwords of databases and directories alone, of which there are none here.
                "ssm-secure" => secure.push(place.to_owned()),
                other => found.push(format!("Dynamic reference to an unknown service `{other}` in {place}")),
            }
        });
    }
    if !secure.is_empty() {
        found.push(format!("SSM Secure reference is not supported in: [{}]", secure.join(", ")));
    }
    for (name, output) in &template.outputs {
        walk(&output.value.to_json(), &format!("Outputs/{name}"), &mut |place, reference| {
            if !reference.starts_with("ssm:") {
                found.push(format!(
                    "Dynamic references to secure values are supported in resource properties alone: {place}"
                ));
            }
        });
    }
    found
}

fn walk(document: &Value, place: &str, tell: &mut dyn FnMut(&str, &str)) {
    match document {
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some((start, end)) = reference(rest) {
                tell(place, &rest[start + OPENING.len()..end]);
                rest = &rest[end + 2..];
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, place, tell)),
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| walk(value, &format!("{place}/{name}"), tell));
        }
        _ => {}
    }
}

/// What stands in a parameter's type of Parameter Store: `String` in `AWS::SSM::Parameter::Value<String>`.
pub(super) fn stored_type(kind: &str) -> Option<&str> {
    kind.strip_prefix("AWS::SSM::Parameter::Value<")?.strip_suffix('>')
}

/// The values of the parameters that Parameter Store fills, by the names that were given for them.
pub(super) fn of_parameters(
    values: &dyn Values,
    template: &Template,
    given: &IndexMap<String, String>,
) -> Result<IndexMap<String, String>, ApiError> {
    let stored =
        |parameter: &Parameter| parameter.kind == "AWS::SSM::Parameter::Name" || stored_type(&parameter.kind).is_some();
    let (mut found, mut missing) = (IndexMap::new(), Vec::new());
    for (id, parameter) in template.parameters.iter().filter(|(_, parameter)| stored(parameter)) {
        let name = given.get(id.as_str()).map(String::as_str).unwrap_or_default();
        match (values.parameter(name, None), stored_type(&parameter.kind)) {
            (None, _) => missing.push(name),
            (Some(stored), Some(_)) if stored.kind == "SecureString" => return Err(refusal(unfit(name))),
            (Some(stored), Some(_)) => {
                found.insert(id.to_string(), stored.value);
            }
            (Some(_), None) => {}
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let names = missing.join(", ");
    Err(refusal(format!("Unable to fetch parameters [{names}] from parameter store for this account.")))
}
