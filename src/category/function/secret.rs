//! Secrets that functions need: their names, and where an environment keeps their values.
//!
//! Values are never part of a project or a stack. An environment keeps them in Parameter Store (a `SecureString`) or in
//! Secrets Manager, below a path that follows from the project and the environment.

use std::fmt;
use std::str::FromStr;

use indexmap::{IndexMap, IndexSet};
use serde::{Deserialize, Serialize};

use super::access::Granted;
use super::{FunctionSpec, environment};
use crate::base::{EnvName, ProjectName, ResourceName, SecretStore};
use crate::category::{Among, ResourceSpec, SettingProblem};

/// The parameter with the project's name, which the root stack fills.
pub const PROJECT: &str = "Project";
/// The longest name: a part of the path of a parameter, beside which there is room for the rest.
const LONGEST_NAME: usize = 128;

/// A secret that a function needs: `STRIPE_KEY`, `DATABASE_PASSWORD:secrets-manager`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NeededSecret {
    /// Its name, which is a name of a variable as well.
    pub name: SecretName,
    /// What keeps its value.
    pub store: SecretStore,
}

/// The name of a secret: letters, digits and underscores, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SecretName(String);

impl SecretName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where an environment keeps the value: the name of the parameter or of the secret.
    pub fn path(&self, project: &ProjectName, environment: &EnvName) -> String {
        format!("{}{self}", secrets_folder(project, environment))
    }
}

/// What the paths of all secrets of an environment begin with.
pub fn secrets_folder(project: &ProjectName, environment: &EnvName) -> String {
    format!("/ampup/{project}/{environment}/")
}

impl FromStr for SecretName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if environment::is_name(text) && text.len() <= LONGEST_NAME {
            return Ok(Self(text.to_owned()));
        }
        // Whoever gives a value where a name belongs must not read it in an error.
        Err("a secret's name is 2 to 128 letters, digits and underscores, beginning with a letter: `STRIPE_KEY`"
            .to_owned())
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for NeededSecret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, store) = text.split_once(':').map_or((text, None), |(name, store)| (name, Some(store)));
        let store = store.map_or(Ok(SecretStore::default()), str::parse)?;
        Ok(Self { name: name.parse()?, store })
    }
}

impl fmt::Display for NeededSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.store {
            SecretStore::Parameter => write!(formatter, "{}", self.name),
            store @ SecretStore::SecretsManager => write!(formatter, "{}:{store}", self.name),
        }
    }
}

impl TryFrom<String> for NeededSecret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<NeededSecret> for String {
    fn from(secret: NeededSecret) -> String {
        secret.to_string()
    }
}

/// A secret of the project: what keeps it, and who needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectSecret {
    /// What keeps its value.
    pub store: SecretStore,
    /// The functions that need it.
    pub functions: Vec<ResourceName>,
}

/// Every secret that functions of a project need, by name.
pub fn secrets(resources: &IndexMap<ResourceName, ResourceSpec>) -> IndexMap<SecretName, ProjectSecret> {
    let mut secrets: IndexMap<SecretName, ProjectSecret> = IndexMap::new();
    for (function, spec) in resources {
        let ResourceSpec::Function(spec) = spec else { continue };
        for NeededSecret { name, store } in &spec.secrets {
            let fresh = || ProjectSecret { store: *store, functions: Vec::new() };
            secrets.entry(name.clone()).or_insert_with(fresh).functions.push(function.clone());
        }
    }
    secrets
}

/// Secrets that are named twice, or whose value stands in the settings as well.
pub(super) fn check(spec: &FunctionSpec) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut seen = IndexSet::new();
    for secret in &spec.secrets {
        let name = &secret.name;
        if !seen.insert(name) {
            problems.push(SettingProblem::new("secrets", format!("`{name}` stands there twice")));
        }
        if spec.environment.contains_key(name.as_str()) {
            let why = format!("`{name}` is a secret, and its value stands among the variables of `environment`");
            let hint = format!("take it away there, then `ampup secret set {name}`");
            problems.push(SettingProblem::new("secrets", why).hint(hint));
        }
    }
    problems
}

/// Secrets that another function wants from another store.
pub(super) fn check_among(secrets: &[NeededSecret], among: &Among<'_>) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    for (function, spec) in among.resources {
        let ResourceSpec::Function(other) = spec else { continue };
        // Told once, where the second of the two stands.
        if function == among.name {
            break;
        }
        for secret in secrets {
            let differs = |other: &&NeededSecret| other.name == secret.name && other.store != secret.store;
            if let Some(other) = other.secrets.iter().find(differs) {
                let why =
                    format!("`{}` is kept by {}, and for `{function}` by {}", secret.name, secret.store, other.store);
                problems.push(SettingProblem::new("secrets", why).hint(format!("`secrets = [\"{other}\"]`")));
            }
        }
    }
    problems
}

/// The right to read exactly these values, and the variables that say where they are.
pub(super) fn grant(secrets: &[NeededSecret], granted: &mut Granted) {
    let arn = |service: &str, rest: String| {
        format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}")
    };
    let path = |secret: &NeededSecret| format!("/ampup/${{{PROJECT}}}/${{Environment}}/{}", secret.name);
    let kept = |store| secrets.iter().filter(move |secret| secret.store == store);
    let parameters: Vec<String> =
        kept(SecretStore::Parameter).map(|secret| arn("ssm", format!("parameter{}", path(secret)))).collect();
    if !parameters.is_empty() {
        granted.allow(&["ssm:GetParameter", "ssm:GetParameters"], parameters);
    }
    // "The ARN ends with a hyphen and six random characters": no other secret's name fits.
    let managed: Vec<String> = kept(SecretStore::SecretsManager)
        .map(|secret| arn("secretsmanager", format!("secret:{}-??????", path(secret))))
        .collect();
    if !managed.is_empty() {
        granted.allow(&["secretsmanager:GetSecretValue"], managed);
    }
    for secret in secrets {
        let what = if secret.store == SecretStore::Parameter { "PARAMETER" } else { "SECRET" };
        granted.named(format!("{}_{what}", secret.name), path(secret));
    }
}

#[cfg(test)]
mod tests {
    use super::{NeededSecret, SecretName};

    #[test]
    fn secrets_read_back_as_they_are_written_and_errors_show_no_value() {
        for text in ["STRIPE_KEY", "db:secrets-manager"] {
            assert_eq!(text.parse::<NeededSecret>().unwrap().to_string(), text);
        }
        assert_eq!("A_KEY:parameter".parse::<NeededSecret>().unwrap().to_string(), "A_KEY");
        for text in ["sk_live.51H", "K", "", "1A", "A B"] {
            let error = text.parse::<SecretName>().unwrap_err();
            assert!(text.len() < 2 || !error.contains(text), "{error}");
        }
        let error = "KEY:secret-manager".parse::<NeededSecret>().unwrap_err();
        assert!(error.contains("did you mean `secrets-manager`?"), "{error}");
    }
}
