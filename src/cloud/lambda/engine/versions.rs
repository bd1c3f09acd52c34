//! Versions and aliases: what a qualifier means.
//!
//! Source: "Manage Lambda function versions" and "Create an alias for a Lambda function" of the Lambda guide, and the
//! actions of the API reference.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::names::{self, LATEST, Named};
use super::record::Function;
use super::settings::{constraint, invalid};
use super::{Engine, not_found};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

/// A name for a version, or for two by weight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct Alias {
    pub version: String,
    pub description: String,
    /// The part of the invocations that another version gets, from 0 to 1.
    pub weights: BTreeMap<String, f64>,
    /// Changes with every change.
    pub revision: String,
}

/// What an alias shall be; what is absent stays.
#[derive(Clone, Debug, Default)]
pub(in crate::cloud::lambda) struct AliasInput {
    pub version: Option<String>,
    pub description: Option<String>,
    pub weights: Option<BTreeMap<String, f64>>,
}

impl AliasInput {
    /// Reads the wire's form and CloudFormation's, whose weights are a list.
    pub(in crate::cloud::lambda) fn read(input: &Value) -> Result<Self, ApiError> {
        let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        let weights = match input.pointer("/RoutingConfig/AdditionalVersionWeights") {
            None | Some(Value::Null) => input.get("RoutingConfig").map(|_| BTreeMap::new()),
            Some(Value::Object(members)) => {
                let read = |(version, weight): (&String, &Value)| Some((version.clone(), weight.as_f64()?));
                Some(members.iter().filter_map(read).collect())
            }
            Some(other) => {
                let read = |one: &Value| {
                    let weight = one.get("FunctionWeight")?;
                    let weight = weight.as_f64().or_else(|| weight.as_str()?.parse().ok())?;
                    Some((one.get("FunctionVersion")?.as_str()?.to_owned(), weight))
                };
                Some(other.as_array().into_iter().flatten().filter_map(read).collect())
            }
        };
        Ok(Self { version: text("FunctionVersion"), description: text("Description"), weights })
    }
}

impl Alias {
    /// The alias as the API gives it.
    pub(in crate::cloud::lambda) fn described(&self, function: &Function, name: &str) -> Value {
        let mut told = json!({
            "AliasArn": format!("{}:{name}", function.arn), "Name": name, "FunctionVersion": self.version,
            "Description": self.description, "RevisionId": self.revision,
        });
        if !self.weights.is_empty() {
            told["RoutingConfig"] = json!({"AdditionalVersionWeights": self.weights});
        }
        told
    }

    fn versions(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.version).chain(self.weights.keys())
    }
}

fn version_key(name: &str, version: u64) -> String {
    format!("{name}:{version:010}")
}

impl Engine {
    /// What runs for a qualifier: the function as it is, a version, or the version that an alias leads to this time.
    pub(in crate::cloud::lambda) fn resolve(&self, named: &Named) -> Result<Function, ApiError> {
        let Some(qualifier) = named.qualifier.as_deref().filter(|qualifier| *qualifier != LATEST) else {
            return self.function(named);
        };
        let missing = || not_found(format!("Function not found: {}", named.arn(&self.shared)));
        if let Ok(version) = qualifier.parse() {
            return self.versions.get(&version_key(&named.name, version)).ok_or_else(missing);
        }
        let function = self.functions.get(&named.name).ok_or_else(missing)?;
        let alias = function.aliases.get(qualifier).ok_or_else(missing)?;
        let mut drawn = [0; 4];
        self.shared.ids.fill(&mut drawn);
        let mut left = f64::from(u32::from_le_bytes(drawn)) / f64::from(u32::MAX);
        let weighted = alias.weights.iter().find(|(_, weight)| {
            left -= **weight;
            left < 0.0
        });
        let version = weighted.map_or(&alias.version, |(version, _)| version);
        self.resolve(&Named { name: named.name.clone(), qualifier: Some(version.clone()) })
    }

    /// The versions of a function, `$LATEST` first.
    pub(in crate::cloud::lambda) fn versions(&self, named: &Named) -> Result<Vec<Function>, ApiError> {
        let latest = self.function(named)?;
        let numbered = self.versions.starting_with(&format!("{}:", named.name));
        Ok(std::iter::once(latest).chain(numbered.into_iter().map(|(_, version)| version)).collect())
    }

    /// Freezes the function as it is. Nothing new comes of it when nothing has changed since the last version.
    pub(in crate::cloud::lambda) fn publish(&self, named: &Named, input: &Value) -> Result<Function, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut function = self.function(named)?;
        let text = |name: &str| input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        check_revision(text("RevisionId"), &function.revision)?;
        if let Some(sha256) = text("CodeSha256").filter(|sha256| *sha256 != function.code.sha256) {
            return Err(invalid(format!(
                "CodeSHA256 ({sha256}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the \
                 CodeSHA256 in $LATEST.",
                function.code.sha256
            )));
        }
        if let Some(last) = self.versions.get(&version_key(&function.name, function.last_version)) {
            let mut settings = last.settings.clone();
            settings.description.clone_from(&function.settings.description);
            settings.reserved = function.settings.reserved;
            if settings == function.settings && last.code.key == function.code.key {
                return Ok(last);
            }
        }
        function.last_version += 1;
        let number = function.last_version;
        let mut version = Function {
            arn: format!("{}:{number}", function.arn),
            version: number.to_string(),
            revision: self.shared.ids.uuid(),
            build: self.shared.ids.uuid(),
            tags: BTreeMap::new(),
            statements: indexmap::IndexMap::new(),
            policies: BTreeMap::new(),
            aliases: BTreeMap::new(),
            event_configs: BTreeMap::new(),
            ..function.clone()
        };
        if let Some(description) = text("Description") {
            description.clone_into(&mut version.settings.description);
        }
        let mut batch = Batch::default();
        self.functions.add(&mut batch, &function.name, &function);
        self.versions.add(&mut batch, &version_key(&function.name, number), &version);
        self.shared.store.commit(batch)?;
        Ok(version)
    }

    /// Deletes one version; `$LATEST` goes only with the function.
    pub(in crate::cloud::lambda) fn delete_version(&self, named: &Named) -> Result<(), ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let qualifier = named.qualifier.as_deref().unwrap_or(LATEST);
        if qualifier == LATEST {
            return Err(invalid("$LATEST version cannot be deleted without deleting the function."));
        }
        let Ok(number) = qualifier.parse() else {
            return Err(invalid("Deletion of aliases is not currently supported."));
        };
        let version = self.resolve(named)?;
        let function = self.functions.get(&named.name);
        let used = function
            .into_iter()
            .flat_map(|function| function.aliases)
            .find(|(_, alias)| alias.versions().any(|version| version == qualifier));
        if let Some((alias, _)) = used {
            let message = format!("Version {qualifier} cannot be deleted: the alias {alias} points to it.");
            return Err(ApiError::new("ResourceConflictException", message).status(409));
        }
        self.versions.remove(&version_key(&named.name, number))?;
        self.pool.retire(&version);
        self.sweep();
        Ok(())
    }

    /// Makes an alias.
    pub(in crate::cloud::lambda) fn create_alias(
        &self,
        named: &Named,
        name: &str,
        input: AliasInput,
    ) -> Result<Value, ApiError> {
        if !is_alias(name) {
            let rule = "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
            return Err(constraint(name, "name", rule));
        }
        if input.version.is_none() {
            return Err(constraint("null", "functionVersion", "not be null"));
        }
        let function = self.change(named, None, |function| {
            if function.aliases.contains_key(name) {
                let message = format!("Alias already exists: {}:{name}", function.arn);
                return Err(ApiError::new("ResourceConflictException", message).status(409));
            }
            let alias = self.changed_alias(function, Alias::default(), input)?;
            function.aliases.insert(name.to_owned(), alias);
            Ok(())
        })?;
        Ok(function.aliases[name].described(&function, name))
    }

    /// Changes an alias.
    pub(in crate::cloud::lambda) fn update_alias(
        &self,
        named: &Named,
        name: &str,
        input: AliasInput,
        revision: Option<&str>,
    ) -> Result<Value, ApiError> {
        let function = self.change(named, None, |function| {
            let before = function.aliases.get(name).cloned().ok_or_else(|| no_alias(function, name))?;
            check_revision(revision, &before.revision)?;
            let alias = self.changed_alias(function, before, input)?;
            function.aliases.insert(name.to_owned(), alias);
            Ok(())
        })?;
        Ok(function.aliases[name].described(&function, name))
    }

    /// Deletes an alias with its policy and its settings; one that is gone is deleted.
    pub(in crate::cloud::lambda) fn delete_alias(&self, named: &Named, name: &str) -> Result<(), ApiError> {
        let change = |function: &mut Function| {
            function.aliases.remove(name);
            function.policies.remove(name);
            function.event_configs.remove(name);
            Ok(())
        };
        self.change(named, None, change)?;
        let url = Named { name: named.name.clone(), qualifier: Some(name.to_owned()) };
        self.delete_url(&url).or_else(|error| if error.status == 404 { Ok(()) } else { Err(error) })
    }

    fn changed_alias(&self, function: &Function, mut alias: Alias, input: AliasInput) -> Result<Alias, ApiError> {
        if let Some(version) = input.version {
            alias.version = version;
        }
        if let Some(description) = input.description {
            alias.description = description;
        }
        if let Some(weights) = input.weights {
            alias.weights = weights;
        }
        if alias.weights.len() > 1 {
            return Err(invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"));
        }
        if let Some((version, weight)) = alias.weights.iter().find(|(_, weight)| !(0.0..=1.0).contains(*weight)) {
            return Err(invalid(format!("the weight {weight} of the version {version} must lie from 0.0 to 1.0")));
        }
        if !alias.weights.is_empty() && alias.version == LATEST || alias.weights.contains_key(LATEST) {
            return Err(invalid("$LATEST is not supported for an alias pointing to more than 1 version"));
        }
        if alias.weights.contains_key(&alias.version) {
            let message = format!(
                "Invalid function version {}. Function version {0} is already included in routing configuration.",
                alias.version
            );
            return Err(invalid(message));
        }
        for version in alias.versions().filter(|version| *version != LATEST) {
            let number = version.parse().ok();
            let known = number.is_some_and(|number| self.versions.get(&version_key(&function.name, number)).is_some());
            if !known {
                return Err(not_found(format!("Function not found: {}:{version}", function.arn)));
            }
        }
        alias.revision = self.shared.ids.uuid();
        Ok(alias)
    }

    /// An alias as the API gives it.
    pub(in crate::cloud::lambda) fn alias(&self, named: &Named, name: &str) -> Result<Value, ApiError> {
        let function = self.function(named)?;
        let alias = function.aliases.get(name).ok_or_else(|| no_alias(&function, name))?;
        Ok(alias.described(&function, name))
    }

    /// Whether a qualifier names something that there is.
    pub(in crate::cloud::lambda) fn check_qualifier(&self, named: &Named) -> Result<(), ApiError> {
        self.resolve(named).map(|_| ())
    }
}

/// The refusal of a change that was meant for another state.
pub(in crate::cloud::lambda) fn check_revision(wanted: Option<&str>, own: &str) -> Result<(), ApiError> {
    if wanted.is_none_or(|wanted| wanted == own) {
        return Ok(());
    }
    let message = "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to \
                   retrieve the latest RevisionId";
    Err(ApiError::new("PreconditionFailedException", message).status(412))
}

fn no_alias(function: &Function, name: &str) -> ApiError {
    not_found(format!("Cannot find alias arn: {}:{name}", function.arn))
}

fn is_alias(name: &str) -> bool {
    names::is_qualifier(name) && name != LATEST && !name.bytes().all(|byte| byte.is_ascii_digit())
}
