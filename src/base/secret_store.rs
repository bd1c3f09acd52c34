//! What keeps the value of a secret in AWS.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::suggest::nearest;

/// What keeps a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretStore {
    /// Parameter Store of Systems Manager, as a `SecureString`. It costs nothing up to 4 KB.
    #[default]
    Parameter,
    /// Secrets Manager, which costs by the month and keeps the value before.
    SecretsManager,
}

const STORES: [(&str, SecretStore); 2] =
    [("parameter", SecretStore::Parameter), ("secrets-manager", SecretStore::SecretsManager)];

impl fmt::Display for SecretStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = STORES.iter().find(|(_, store)| store == self).map_or("", |(word, _)| word);
        formatter.write_str(word)
    }
}

impl FromStr for SecretStore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = STORES.iter().find(|(known, _)| *known == text).map(|(_, store)| *store);
        found.ok_or_else(|| {
            let near = nearest(text, STORES.iter().map(|(known, _)| *known));
            let near = near.map_or(String::new(), |near| format!(", did you mean `{near}`?"));
            format!("a secret's value is kept by `parameter` or `secrets-manager`{near}")
        })
    }
}
