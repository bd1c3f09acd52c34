//! Values of secrets at a target: `SecureString`s of Parameter Store, and secrets of Secrets Manager.
//!
//! A value goes there and never comes back: nothing here reads one.

use serde_json::{Value, json};

use super::DeployError;
use super::signed::SignedJson;
use crate::base::{Ids as _, RandomIds, Secret, SecretStore};

/// How many names one request may hold ("GetParameters" of the API reference).
const NAMES: usize = 10;

/// A value that a target keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSecret {
    /// The name of the parameter or of the secret.
    pub path: String,
    /// What keeps it.
    pub store: SecretStore,
    /// When it was last set, in seconds since 1970, when the target tells.
    pub set_s: Option<i64>,
}

/// Both services over the AWS wire.
#[derive(Debug)]
pub struct WireSecrets {
    pub(super) parameters: SignedJson,
    pub(super) manager: SignedJson,
}

impl WireSecrets {
    /// Sets a value, whether there was one or not.
    ///
    /// # Errors
    /// What the service says, without the value in it.
    pub async fn set(&self, store: SecretStore, path: &str, value: &Secret<String>) -> Result<(), DeployError> {
        let outcome = match store {
            SecretStore::Parameter => self.set_parameter(path, value).await,
            SecretStore::SecretsManager => self.set_secret(path, value).await,
        };
        outcome.map_err(|error| without(value, error))
    }

    async fn set_parameter(&self, path: &str, value: &Secret<String>) -> Result<(), DeployError> {
        // Above 4 KB a parameter is an advanced one, which AWS makes of it by itself.
        let input = json!({ "Name": path, "Value": value.reveal(), "Type": "SecureString", "Overwrite": true,
            "Tier": "Intelligent-Tiering" });
        self.parameters.call("PutParameter", &input).await.map(drop)
    }

    async fn set_secret(&self, path: &str, value: &Secret<String>) -> Result<(), DeployError> {
        let text = value.reveal();
        match self.manager.call("DescribeSecret", &json!({ "SecretId": path })).await {
            Ok(told) => {
                if told.get("DeletedDate").is_some_and(|date| !date.is_null()) {
                    self.manager.call("RestoreSecret", &json!({ "SecretId": path })).await?;
                }
                let input = json!({ "SecretId": path, "SecretString": text, "ClientRequestToken": token() });
                self.manager.call("PutSecretValue", &input).await.map(drop)
            }
            Err(error) if is_missing(&error) => {
                let input = json!({ "Name": path, "SecretString": text, "ClientRequestToken": token() });
                self.manager.call("CreateSecret", &input).await.map(drop)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes a value away; false when there was none. Secrets Manager keeps it for 30 days more, and a new value in
    /// that time brings the secret back.
    ///
    /// # Errors
    /// What the service says.
    pub async fn remove(&self, store: SecretStore, path: &str) -> Result<bool, DeployError> {
        let outcome = match store {
            SecretStore::Parameter => self.parameters.call("DeleteParameter", &json!({ "Name": path })).await,
            SecretStore::SecretsManager => {
                if !self.has_secret(path).await? {
                    return Ok(false);
                }
                self.manager.call("DeleteSecret", &json!({ "SecretId": path })).await
            }
        };
        match outcome {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Those of the paths that have no value.
    ///
    /// # Errors
    /// What a service says.
    pub async fn missing(&self, wanted: &[(SecretStore, String)]) -> Result<Vec<String>, DeployError> {
        let mut missing = Vec::new();
        let of = |store| wanted.iter().filter(move |(kept, _)| *kept == store).map(|(_, path)| path);
        let parameters: Vec<&String> = of(SecretStore::Parameter).collect();
        for names in parameters.chunks(NAMES) {
            // Without decryption, so that no value comes over the wire.
            let answer = self.parameters.call("GetParameters", &json!({ "Names": names })).await?;
            missing.extend(texts(&answer["InvalidParameters"]));
        }
        for path in of(SecretStore::SecretsManager) {
            if !self.has_secret(path).await? {
                missing.push(path.clone());
            }
        }
        Ok(missing)
    }

    async fn has_secret(&self, path: &str) -> Result<bool, DeployError> {
        match self.manager.call("DescribeSecret", &json!({ "SecretId": path })).await {
            Ok(told) => Ok(told.get("DeletedDate").is_none_or(Value::is_null)),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Every value below a folder: `/ampup/shop/dev/`.
    ///
    /// # Errors
    /// What a service says.
    pub async fn below(&self, folder: &str) -> Result<Vec<KeptSecret>, DeployError> {
        let mut kept = Vec::new();
        let path = folder.trim_end_matches('/');
        let mut token = Value::Null;
        loop {
            let input = paged(json!({ "Path": path, "Recursive": false }), &token);
            let page = self.parameters.call("GetParametersByPath", &input).await?;
            let found = page["Parameters"].as_array().into_iter().flatten();
            kept.extend(found.map(|one| told(one, SecretStore::Parameter, "LastModifiedDate")));
            token = page["NextToken"].clone();
            if token.as_str().is_none_or(str::is_empty) {
                break;
            }
        }
        token = Value::Null;
        loop {
            let filter = json!([{ "Key": "name", "Values": [folder] }]);
            let page = self.manager.call("ListSecrets", &paged(json!({ "Filters": filter }), &token)).await?;
            let found = page["SecretList"].as_array().into_iter().flatten();
            let found = found.map(|one| told(one, SecretStore::SecretsManager, "LastChangedDate"));
            kept.extend(found.filter(|one| one.path.starts_with(folder)));
            token = page["NextToken"].clone();
            if token.as_str().is_none_or(str::is_empty) {
                return Ok(kept);
            }
        }
    }
}

fn paged(mut input: Value, token: &Value) -> Value {
    if let Some(token) = token.as_str().filter(|token| !token.is_empty()) {
        input["NextToken"] = json!(token);
    }
    input
}

/// Members of requests that services take once: 32 to 64 characters.
fn token() -> String {
    RandomIds::default().uuid()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn told(one: &Value, store: SecretStore, date: &str) -> KeptSecret {
    #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
    let set_s = one[date].as_f64().map(|seconds| seconds as i64);
    KeptSecret { path: one["Name"].as_str().unwrap_or_default().to_owned(), store, set_s }
}

/// Whether a service says that what is asked for is not there.
fn is_missing(error: &DeployError) -> bool {
    matches!(error, DeployError::Service { code, .. }
        if ["ParameterNotFound", "ResourceNotFoundException"].contains(&code.as_str()))
}

/// An error whose words hold no value: services may repeat what they refuse.
fn without(value: &Secret<String>, error: DeployError) -> DeployError {
    let clean = |text: String| text.replace(value.reveal().as_str(), "***");
    match error {
        DeployError::Service { operation, code, message } => {
            DeployError::Service { operation, code, message: clean(message) }
        }
        DeployError::Forbidden { operation, message } => DeployError::Forbidden { operation, message: clean(message) },
        DeployError::Refused { code, message } => DeployError::Refused { code, message: clean(message) },
        DeployError::Unexpected { operation, source } => {
            DeployError::Unexpected { operation, source: clean(source.to_string()).into() }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_holds_the_value() {
        let value = Secret::new("hunter2!".to_owned());
        let operation = "ssm:PutParameter".to_owned();
        let message = "1 validation error detected: Value 'hunter2!' at 'value'".to_owned();
        let errors = [
            DeployError::Service { operation: operation.clone(), code: "V".to_owned(), message: message.clone() },
            DeployError::Forbidden { operation: operation.clone(), message: message.clone() },
            DeployError::Refused { code: "V".to_owned(), message: message.clone() },
            DeployError::Unexpected { operation, source: message.into() },
        ];
        for error in errors {
            let text = format!("{:?}", without(&value, error));
            assert!(!text.contains("hunter2") && text.contains("***"), "{text}");
        }
    }

    #[test]
    fn what_services_tell_is_read() {
        let one = json!({ "Name": "/ampup/a/b/KEY", "LastModifiedDate": 1_700_000_000.5 });
        let kept = told(&one, SecretStore::Parameter, "LastModifiedDate");
        assert_eq!((kept.path.as_str(), kept.set_s), ("/ampup/a/b/KEY", Some(1_700_000_000)));
        assert_eq!(told(&json!({}), SecretStore::Parameter, "LastModifiedDate").set_s, None);
        assert_eq!(paged(json!({}), &json!("t")), json!({ "NextToken": "t" }));
    }
}
