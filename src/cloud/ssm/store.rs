//! Parameters as stored, and what may be put.
//!
//! Source: `PutParameter` in the API reference of Systems Manager.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::Table;
use crate::cloud::vault::Vault;

/// The longest values, in bytes.
const STANDARD_BYTES: usize = 4096;
const ADVANCED_BYTES: usize = 8192;

/// How many versions of a parameter are kept.
const VERSIONS: usize = 100;

/// A parameter as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Parameter {
    pub name: String,
    /// `String`, `StringList`, `SecureString`.
    pub kind: String,
    pub description: Option<String>,
    pub pattern: Option<String>,
    pub data_type: String,
    pub tier: String,
    pub key: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// The newest last.
    pub versions: Vec<Version>,
}

/// One value of a parameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    pub number: u64,
    /// Sealed, for secure strings.
    pub value: String,
    pub secure: bool,
    pub modified_ms: i64,
}

/// What shall be put.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub name: String,
    pub value: String,
    pub kind: Option<String>,
    pub description: Option<String>,
    pub pattern: Option<String>,
    pub data_type: Option<String>,
    pub tier: Option<String>,
    pub key: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
    pub overwrite: bool,
}

impl Parameter {
    pub(super) fn version(&self) -> u64 {
        self.versions.last().map_or(0, |version| version.number)
    }
}

/// The parameters of the cloud.
pub(super) struct Parameters {
    pub shared: Arc<Shared>,
    rows: Table<Parameter>,
    vault: Vault,
    /// Held while a parameter is changed.
    changing: Mutex<()>,
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

pub(super) fn not_found(name: &str) -> ApiError {
    ApiError::new("ParameterNotFound", format!("Parameter {name} not found."))
}

impl Parameters {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let rows = Table::new(Arc::clone(&shared.store), "ssm.parameter");
        Self { rows, vault: Vault::new(Arc::clone(&shared)), changing: Mutex::default(), shared }
    }

    /// The ARN of a parameter; a name with a path has one slash only.
    pub(super) fn arn(&self, name: &str) -> String {
        let slash = if name.starts_with('/') { "" } else { "/" };
        format!("arn:aws:ssm:{}:{}:parameter{slash}{name}", self.shared.region, self.shared.account)
    }

    /// The name in a name or an ARN.
    pub(super) fn name_of(&self, text: &str) -> String {
        let prefix = self.arn("");
        match text.strip_prefix(&prefix) {
            // Of an ARN it cannot be seen whether the name begins with a slash; a path always does.
            Some(rest) if rest.contains('/') => format!("/{rest}"),
            Some(rest) => rest.to_owned(),
            None => text.to_owned(),
        }
    }

    pub(super) fn all(&self) -> Vec<Parameter> {
        self.rows.all().into_iter().map(|(_, parameter)| parameter).collect()
    }

    pub(super) fn get(&self, name: &str) -> Result<Parameter, ApiError> {
        self.rows.get(name).ok_or_else(|| not_found(name))
    }

    /// The value of a version; sealed ones are opened when that is wanted.
    pub(super) fn value(&self, name: &str, version: &Version, open: bool) -> Result<String, ApiError> {
        if version.secure && open { self.vault.open_text(name, &version.value) } else { Ok(version.value.clone()) }
    }

    /// Makes or changes a parameter.
    pub(super) fn put(&self, wanted: Wanted) -> Result<Parameter, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        check_name(&wanted.name)?;
        let before = self.rows.get(&wanted.name);
        if before.is_some() && !wanted.overwrite {
            let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request \
                           to true.";
            return Err(ApiError::new("ParameterAlreadyExists", message));
        }
        let kind = wanted.kind.or_else(|| before.as_ref().map(|before| before.kind.clone()));
        let kind = kind.ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
        if !matches!(kind.as_str(), "String" | "StringList" | "SecureString") {
            return Err(invalid(format!(
                "1 validation error detected: Value '{kind}' at 'type' failed to satisfy constraint: Member must satisfy \
                 enum value set: [SecureString, StringList, String]"
            )));
        }
        let mut parameter = before.unwrap_or_else(|| Parameter {
            name: wanted.name.clone(),
            kind: String::new(),
            description: None,
            pattern: None,
            data_type: "text".to_owned(),
            tier: "Standard".to_owned(),
            key: None,
            tags: BTreeMap::new(),
            versions: Vec::new(),
        });
        parameter.description = wanted.description.or(parameter.description);
        parameter.pattern = wanted.pattern.or(parameter.pattern);
        parameter.key = wanted.key.or(parameter.key);
        parameter.tags = wanted.tags.unwrap_or(parameter.tags);
        parameter.data_type = checked_member(wanted.data_type.unwrap_or(parameter.data_type), "dataType", &["text"])?;
        let tier = wanted.tier.unwrap_or(parameter.tier);
        let tier = checked_member(tier, "tier", &["Standard", "Advanced", "Intelligent-Tiering"])?;
        parameter.tier = tier_for(&tier, wanted.value.len())?;
        check_value(&wanted.value, parameter.pattern.as_deref())?;
        let secure = kind == "SecureString";
        let value = if secure { self.vault.seal(&parameter.name, wanted.value.as_bytes())? } else { wanted.value };
        let version =
            Version { number: parameter.version() + 1, value, secure, modified_ms: self.shared.clock.now_ms() };
        parameter.kind = kind;
        parameter.versions.push(version);
        let excess = parameter.versions.len().saturating_sub(VERSIONS);
        parameter.versions.drain(..excess);
        self.rows.put(&parameter.name, &parameter)?;
        Ok(parameter)
    }

    pub(super) fn delete(&self, name: &str) -> Result<(), ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.get(name)?;
        Ok(self.rows.remove(name)?)
    }

    pub(super) fn change_tags(
        &self,
        name: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<(), ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parameter = self.rows.get(name).ok_or_else(|| {
            ApiError::new(
                "InvalidResourceId",
                "The resource ID is not valid. Verify that you entered the correct ID and try again.",
            )
        })?;
        change(&mut parameter.tags);
        Ok(self.rows.put(name, &parameter)?)
    }
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "_.-/".contains(letter);
    let first = name.trim_start_matches('/').split('/').next().unwrap_or_default().to_ascii_lowercase();
    if name.is_empty() || name.len() > 1011 || !name.chars().all(good) || name.ends_with('/') || name.contains("//") {
        return Err(invalid(
            "Parameter name must be a fully qualified name: letters, digits and .-_ only, with / between the levels of a path.",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive), except global parameter name \
             path prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ));
    }
    if name.matches('/').count() > 15 {
        let message = "Parameter name hierarchies can have at most 15 levels.";
        return Err(ApiError::new("HierarchyLevelLimitExceededException", message));
    }
    Ok(())
}

fn checked_member(value: String, member: &str, known: &[&str]) -> Result<String, ApiError> {
    if known.contains(&value.as_str()) {
        return Ok(value);
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy enum \
         value set: [{}]",
        known.join(", ")
    )))
}

fn tier_for(tier: &str, bytes: usize) -> Result<String, ApiError> {
    match (tier, bytes) {
        (_, bytes) if bytes > ADVANCED_BYTES => Err(invalid(format!(
            "Advanced tier parameters support a maximum parameter value of {ADVANCED_BYTES} characters."
        ))),
        ("Standard", bytes) if bytes > STANDARD_BYTES => Err(invalid(format!(
            "Standard tier parameters support a maximum parameter value of {STANDARD_BYTES} characters. To create a larger \
             parameter value, upgrade the parameter to use the advanced-parameter tier."
        ))),
        ("Intelligent-Tiering", bytes) => Ok(if bytes > STANDARD_BYTES { "Advanced" } else { "Standard" }.to_owned()),
        (tier, _) => Ok(tier.to_owned()),
    }
}

fn check_value(value: &str, pattern: Option<&str>) -> Result<(), ApiError> {
    if value.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater \
             than or equal to 1.",
        ));
    }
    let Some(pattern) = pattern else { return Ok(()) };
    let shape = regex::Regex::new(&format!("^(?:{pattern})$")).map_err(|_| {
        ApiError::new("InvalidAllowedPatternException", "The request does not meet the regular expression requirement.")
    })?;
    if shape.is_match(value) {
        return Ok(());
    }
    let message = format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
    Err(ApiError::new("ParameterPatternMismatchException", message))
}
