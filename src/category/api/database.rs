//! The setting that names the database of SQL models: what it speaks, whose tables it holds, and its cluster in each
//! environment.

use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::compile::{SqlModels, SqlOptions};
use super::plan::{SQL_SOURCE, Source};
use super::sql::SqlEngine;
use crate::base::suggest::nearest;
use crate::base::{Arn, EnvName, Location, NameError, ResourceName};
use crate::category::{SettingProblem, Sources};
use crate::error::{Code, Problem};
use crate::graphql;

/// What a database speaks, as settings have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseEngine {
    /// Aurora MySQL.
    Mysql,
    /// Aurora PostgreSQL.
    Postgresql,
}

impl DatabaseEngine {
    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Postgresql => "postgresql",
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Mysql => "MySQL",
            Self::Postgresql => "PostgreSQL",
        }
    }
}

impl From<DatabaseEngine> for SqlEngine {
    fn from(engine: DatabaseEngine) -> Self {
        match engine {
            DatabaseEngine::Mysql => Self::MySql,
            DatabaseEngine::Postgresql => Self::Postgres,
        }
    }
}

impl FromStr for DatabaseEngine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::Mysql, Self::Postgresql];
        let found = known.into_iter().find(|engine| engine.name() == text);
        found.ok_or_else(|| format!("unknown database `{}`, expected `mysql` or `postgresql`", text.escape_debug()))
    }
}

/// The name of a database in its cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatabaseName(String);

impl TryFrom<String> for DatabaseName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'));
        if letters && (1..=64).contains(&text.len()) {
            return Ok(Self(text));
        }
        let rule = "1 to 64 letters, digits, underscores, hyphens or dollar signs";
        Err(NameError { what: "the name of a database", rule, text })
    }
}

impl From<DatabaseName> for String {
    fn from(name: DatabaseName) -> Self {
        name.0
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The ARN of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterArn(String);

impl TryFrom<String> for ClusterArn {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        if is_arn(&text, "rds", "cluster:") {
            return Ok(Self(text));
        }
        let rule = "an ARN is wanted, like `arn:aws:rds:eu-west-1:111122223333:cluster:shop`";
        Err(NameError { what: "a cluster", rule, text })
    }
}

impl From<ClusterArn> for String {
    fn from(arn: ClusterArn) -> Self {
        arn.0
    }
}

impl fmt::Display for ClusterArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The ARN of a secret; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretArn(String);

/// Text that is no ARN of a secret. It may be the secret itself, so it is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an ARN is wanted, like `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-a1B2c3`; what the secret holds stays in Secrets Manager"
)]
pub struct SecretArnError;

impl TryFrom<String> for SecretArn {
    type Error = SecretArnError;

    fn try_from(text: String) -> Result<Self, SecretArnError> {
        if is_arn(&text, "secretsmanager", "secret:") { Ok(Self(text)) } else { Err(SecretArnError) }
    }
}

impl From<SecretArn> for String {
    fn from(arn: SecretArn) -> Self {
        arn.0
    }
}

impl fmt::Display for SecretArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a text is an ARN of a service, with a region, an account and such a resource. What a stack's parameter
/// takes is the same.
fn is_arn(text: &str, service: &str, resource: &str) -> bool {
    let Ok(arn) = text.parse::<Arn>() else { return false };
    let name = arn.resource.strip_prefix(resource).unwrap_or_default();
    let in_name = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    let in_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    arn.service == service
        && arn.partition.chars().all(in_region)
        && !arn.region.is_empty()
        && arn.region.chars().all(in_region)
        && arn.account.len() == 12
        && arn.account.chars().all(|c| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(in_name)
}

fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// Where the database of an environment is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseCluster {
    /// The cluster, whose Data API is switched on.
    pub cluster: ClusterArn,
    /// The secret with the name and the password of the database's user.
    pub secret: SecretArn,
}

/// The database of an API's SQL models and statements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSpec {
    /// What it speaks.
    pub engine: DatabaseEngine,
    /// Its name in the cluster.
    pub database: DatabaseName,
    /// The models whose tables it holds; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// The cluster of each environment.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub environments: IndexMap<EnvName, DatabaseCluster>,
}

/// The parameters of an API's stack that an environment fills: each API may have a cluster of its own, and stacks share
/// parameters of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseParameters {
    /// The ARN of the cluster.
    pub cluster: String,
    /// The ARN of the secret.
    pub secret: String,
}

impl DatabaseParameters {
    /// Those of an API.
    pub fn of(api: &ResourceName) -> Self {
        let api = api.logical();
        Self { cluster: format!("{api}SqlCluster"), secret: format!("{api}SqlSecret") }
    }
}

impl DatabaseCluster {
    /// A cluster and its secret, by their ARNs.
    ///
    /// # Errors
    /// Why one of them is no such ARN. What was given for the secret is not repeated.
    pub fn new(cluster: &str, secret: &str) -> Result<Self, String> {
        let cluster = ClusterArn::try_from(cluster.to_owned()).map_err(|error| error.to_string())?;
        let secret = SecretArn::try_from(secret.to_owned()).map_err(|error| error.to_string())?;
        Ok(Self { cluster, secret })
    }
}

impl DatabaseSpec {
    /// A database with the tables of all models, and no cluster yet.
    ///
    /// # Errors
    /// When no database can have the name.
    pub fn new(engine: DatabaseEngine, database: &str) -> Result<Self, NameError> {
        let database = DatabaseName::try_from(database.to_owned())?;
        Ok(Self { engine, database, models: None, environments: IndexMap::new() })
    }

    /// The data source by its name.
    pub(super) fn source(&self) -> (String, Source) {
        (SQL_SOURCE.to_owned(), Source::Sql { engine: self.engine.into() })
    }

    /// Values that their types cannot refuse. `synced`: the API has data sync.
    pub(super) fn check(&self, synced: bool) -> Vec<SettingProblem> {
        let has_models = self.models.as_ref().is_none_or(|models| !models.is_empty());
        let unsynced = (synced && has_models).then(|| {
            let why = "data sync is for tables of DynamoDB, and the API has SQL models";
            SettingProblem::new("conflict", why).hint("give the models with data sync an API of their own")
        });
        let apart = |(environment, cluster): (&EnvName, &DatabaseCluster)| {
            let (own, secret) = (region(&cluster.cluster.0), region(&cluster.secret.0));
            let why = format!("the cluster of `{environment}` is in {own}, and its secret in {secret}");
            let hint = format!("keep the secret in {own}: AppSync looks for both in one region");
            (own != secret).then(|| SettingProblem::new("sql.environments", why).hint(hint))
        };
        self.environments.iter().filter_map(apart).chain(unsynced).collect()
    }

    /// The values of the parameters of an API's stack; `None` when the environment has no cluster.
    pub fn parameters(&self, api: &ResourceName, environment: &EnvName) -> Option<[(String, String); 2]> {
        let found = self.environments.get(environment)?;
        let names = DatabaseParameters::of(api);
        Some([(names.cluster, found.cluster.0.clone()), (names.secret, found.secret.0.clone())])
    }

    /// The same for the compiler, with the statements of the user's files.
    pub(super) fn options(&self, api: &ResourceName, sources: &Sources) -> SqlOptions {
        SqlOptions {
            db_type: self.engine.into(),
            models: self.models.clone().map_or(SqlModels::All, SqlModels::Named),
            statements: statements(api, sources).collect(),
            folder: Some(folder(api)),
        }
    }
}

/// Where the statements of an API are.
fn folder(api: &ResourceName) -> String {
    format!("ampup/api/{api}/sql")
}

/// The statements of the user's files, by their names in `@sql(reference: …)`.
fn statements(api: &ResourceName, sources: &Sources) -> impl Iterator<Item = (String, String)> {
    let folder = folder(api);
    let files: Vec<(String, String)> = sources
        .below(&folder)
        .filter_map(|(path, text)| {
            let name = path[folder.len() + 1..].strip_suffix(".sql")?;
            Some((name.to_owned(), text.trim().to_owned()))
        })
        .collect();
    files.into_iter()
}

/// What is wrong with the models that the setting names and with the files of statements.
pub(super) fn problems(
    spec: Option<&DatabaseSpec>,
    api: &ResourceName,
    schema: &str,
    sources: &Sources,
) -> Vec<Problem> {
    // What cannot be parsed is told by the compiler.
    let Ok(document) = graphql::parse(schema) else { return Vec::new() };
    let mut problems = Vec::new();
    let models = || document.types.iter().filter(|found| found.directive("model").is_some());
    for wanted in spec.and_then(|spec| spec.models.as_ref()).into_iter().flatten() {
        if models().all(|found| found.name != *wanted) {
            let message = format!("`sql.models` of resource `{api}` names `{wanted}`: no model has that name");
            let near = nearest(wanted, models().map(|found| found.name.as_str()));
            let problem = Problem::new(Code::AMP0103, message);
            problems
                .push(near.into_iter().fold(problem, |problem, near| problem.hint(format!("did you mean `{near}`?"))));
        }
    }
    let fields = document.types.iter().flat_map(graphql::TypeDefinition::fields);
    let directives = fields.filter_map(|field| field.directive("sql"));
    let used: Vec<&str> =
        directives.filter_map(|directive| directive.argument("reference").and_then(graphql::Literal::as_str)).collect();
    for (name, text) in statements(api, sources) {
        let refuse = |message: &str, hint: String| {
            let place = Location::new(format!("{}/{name}.sql", folder(api)), 1, 1);
            Problem::new(Code::AMP0319, message).at(place).hint(hint)
        };
        if text.is_empty() {
            problems.push(refuse("the file holds no statement", "write one statement into it".to_owned()));
        }
        if !used.contains(&name.as_str()) {
            let hint = format!("let a field run it: `@sql(reference: \"{name}\")`");
            problems.push(refuse(&format!("no field runs the statement `{name}`"), hint));
        }
    }
    problems
}

#[cfg(test)]
mod tests;
