//! How CloudFormation makes secrets.
//!
//! Source: `AWS::SecretsManager::Secret` in CloudFormation's reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::tags_of;
use super::generate::password;
use super::store::{NewValue, SecretRow, Secrets, invalid};
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

pub(super) struct SecretType(pub Arc<Secrets>);

impl SecretType {
    /// The value that a template wants, given or generated.
    fn value(&self, request: &ResourceRequest) -> Result<Option<NewValue>, ApiError> {
        let text = match (request.text("SecretString"), request.property("GenerateSecretString")) {
            (Some(_), Some(_)) => {
                return Err(invalid("A secret has either SecretString or GenerateSecretString, not both."));
            }
            (Some(text), None) => text,
            (None, Some(rules)) => generated(&self.0, rules)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(NewValue { id: None, text, binary: false, stages: Vec::new() }))
    }
}

/// A generated value: the password, or a document with the password in it.
fn generated(secrets: &Secrets, rules: &Value) -> Result<String, ApiError> {
    let password = password(&*secrets.shared.ids, rules)?;
    let text = |name: &str| rules.get(name).and_then(Value::as_str);
    match (text("SecretStringTemplate"), text("GenerateStringKey")) {
        (None, None) => Ok(password),
        (Some(template), Some(key)) => {
            let mut document: Value = serde_json::from_str(template).unwrap_or_default();
            let members =
                document.as_object_mut().ok_or_else(|| invalid("SecretStringTemplate must be an object in JSON."))?;
            members.insert(key.to_owned(), json!(password));
            Ok(document.to_string())
        }
        _ => Err(invalid("SecretStringTemplate and GenerateStringKey are given together or not at all.")),
    }
}

fn configure(request: &ResourceRequest, secret: &mut SecretRow) {
    secret.description = request.text("Description");
    secret.key = request.text("KmsKeyId");
    let mut tags: BTreeMap<String, String> = request.tags.iter().cloned().collect();
    tags.extend(tags_of(request.property("Tags")));
    secret.tags = tags;
}

impl ResourceHandler for SecretType {
    fn kind(&self) -> &'static str {
        "AWS::SecretsManager::Secret"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["Description", "GenerateSecretString", "KmsKeyId", "Name", "SecretString", "Tags"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Name"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let generated = || format!("{}-{}", request.logical_id, self.0.shared.ids.short(12));
            let name = request.text("Name").unwrap_or_else(generated);
            let secret = self.0.create(&name, self.value(request)?, |secret| configure(request, secret))?;
            let attributes = BTreeMap::from([("Id".to_owned(), json!(secret.arn))]);
            Ok(Provisioned { physical_id: secret.arn, attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            // A value is made anew only when what the template says of it has changed.
            let same = |name: &str| {
                request.previous.as_ref().is_some_and(|before| before.get(name) == request.properties.get(name))
            };
            let kept = same("SecretString") && same("GenerateSecretString");
            let value = if kept { None } else { self.value(request)? };
            self.0.change(&current.physical_id, value, |secret| configure(request, secret))?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            // CloudFormation leaves no recovery window.
            match self.0.delete(&current.physical_id, None) {
                Err(error) if error.code == "ResourceNotFoundException" => Ok(()),
                other => Ok(other.map(|_| ())?),
            }
        })
    }
}
