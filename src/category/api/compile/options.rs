//! The settings under which a schema is compiled, in the form in which conformance cases write them.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::sync::ConflictOption;
use crate::base::Location;
use crate::category::api::access::mode_name;
use crate::category::api::plan::{AuthMode, Modes, Switches};
use crate::category::api::sql::SqlEngine;
use crate::error::{Code, Problem};

/// How to compile.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct CompileOptions {
    /// The mode of fields without a directive; API keys when absent.
    pub default_auth: Option<AuthKind>,
    /// The other modes.
    pub additional_auth: Vec<AuthKind>,
    /// Data sync, and who settles conflicts.
    pub conflict: Option<ConflictOption>,
    /// Data sync, and who settles the conflicts of single models.
    pub conflict_models: Option<IndexMap<String, ConflictOption>>,
    /// The function of every handler that is `LAMBDA`; `merge` when absent.
    pub conflict_lambda: Option<String>,
    /// Sandbox mode; when absent, the schema's `input AMPLIFY` decides.
    pub sandbox: Option<bool>,
    /// Switches of the transformer.
    pub params: Parameters,
    /// SQL models and statements.
    pub sql: Option<SqlOptions>,
    /// Names of roles and users whose signed requests pass all rules.
    pub admin_roles: Vec<String>,
    /// Every signed request passes all rules, unless its credentials are of an identity pool.
    pub enable_iam_access: bool,
    /// The bucket of `@predictions`: `false` when there is none, anything else when there is one.
    pub predictions_bucket: Option<Value>,
}

/// A database of the user's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SqlOptions {
    /// What it speaks; MySQL when absent.
    #[serde(default = "mysql")]
    pub db_type: SqlEngine,
    /// The models whose tables it holds.
    #[serde(default)]
    pub models: SqlModels,
    /// Statements that `@sql(reference: …)` names.
    #[serde(default)]
    pub statements: IndexMap<String, String>,
    /// The folder of the files with these statements, for hints; none when they are no files.
    #[serde(skip)]
    pub folder: Option<String>,
}

fn mysql() -> SqlEngine {
    SqlEngine::MySql
}

/// Which models are SQL models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum SqlModels {
    /// Those with these names.
    Named(Vec<String>),
    /// All of them.
    #[default]
    #[serde(deserialize_with = "all")]
    All,
}

fn all<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let word = String::deserialize(deserializer)?;
    if word == "all" { Ok(()) } else { Err(serde::de::Error::custom("expected \"all\" or a list of models")) }
}

impl SqlOptions {
    /// What the database of a model speaks; `None` when the model has a table of DynamoDB.
    pub(super) fn engine(&self, model: &str) -> Option<SqlEngine> {
        let held = match &self.models {
            SqlModels::All => true,
            SqlModels::Named(names) => names.iter().any(|name| name == model),
        };
        held.then_some(self.db_type)
    }
}

/// A mode as AppSync writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthKind {
    /// API keys.
    ApiKey,
    /// A user pool.
    AmazonCognitoUserPools,
    /// IAM.
    AwsIam,
    /// An OpenID Connect provider.
    OpenidConnect,
    /// A Lambda authoriser.
    AwsLambda,
}

impl From<AuthKind> for AuthMode {
    fn from(kind: AuthKind) -> Self {
        match kind {
            AuthKind::ApiKey => Self::ApiKey,
            AuthKind::AmazonCognitoUserPools => Self::UserPools,
            AuthKind::AwsIam => Self::Iam,
            AuthKind::OpenidConnect => Self::Oidc,
            AuthKind::AwsLambda => Self::Lambda,
        }
    }
}

/// Switches of the reference transformer, with its defaults for new projects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Parameters {
    /// Indexes on the table's own partition key are global.
    #[serde(rename = "secondaryKeyAsGSI")]
    pub secondary_key_as_gsi: bool,
    /// Implied foreign keys are named and typed after the primary key.
    pub respect_primary_key_attributes_on_connection_field: bool,
    /// Indexes without a query field get one.
    pub enable_auto_index_query_names: bool,
    /// Owners are `sub::username`; otherwise the user name.
    pub use_sub_username_for_default_identity_claim: bool,
    /// A new item gets its owner also when another rule lets the caller in.
    pub populate_owner_field_for_static_group_auth: bool,
    /// Subscribers get relation fields by the rules of the model that they subscribe to, whatever the related model says.
    pub subscriptions_inherit_primary_auth: bool,
    /// `@model` arguments are merged with the defaults entry by entry.
    pub should_deep_merge_directive_config_defaults: bool,
    /// Sandbox mode.
    pub sandbox_mode_enabled: Option<bool>,
    /// Resolver names in the stash; no effect on what is compiled here.
    pub disable_resolver_deduping: bool,
    /// No warnings about relations by `fields`; no effect on what is compiled here.
    pub allow_gen1_patterns: bool,
    /// No API key is made; no effect on what is compiled here.
    pub suppress_api_key_generation: bool,
    /// Stack outputs for migrating; no effect here.
    pub enable_gen2_migration: bool,
    /// Stack outputs for migrating; no effect here.
    pub enable_transformer_cfn_outputs: bool,
    /// Table deletion without GSI limits; no effect here.
    pub allow_destructive_graphql_schema_updates: bool,
    /// Tables replaced at once; no effect here.
    pub replace_table_upon_gsi_update: bool,
    /// Encryption of a search node, a directive that is refused itself.
    pub enable_search_node_to_node_encryption: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            secondary_key_as_gsi: true,
            respect_primary_key_attributes_on_connection_field: true,
            enable_auto_index_query_names: true,
            use_sub_username_for_default_identity_claim: true,
            populate_owner_field_for_static_group_auth: true,
            subscriptions_inherit_primary_auth: false,
            should_deep_merge_directive_config_defaults: true,
            sandbox_mode_enabled: None,
            disable_resolver_deduping: false,
            allow_gen1_patterns: true,
            suppress_api_key_generation: false,
            enable_gen2_migration: false,
            enable_transformer_cfn_outputs: false,
            allow_destructive_graphql_schema_updates: false,
            replace_table_upon_gsi_update: false,
            enable_search_node_to_node_encryption: false,
        }
    }
}

impl Parameters {
    /// Those that resolvers follow.
    pub(super) fn switches(&self) -> Switches {
        Switches {
            relations_reach_subscribers: self.subscriptions_inherit_primary_auth,
            owner_always_stored: self.populate_owner_field_for_static_group_auth,
        }
    }
}

impl CompileOptions {
    /// Reads options from JSON; `file` names it in problems.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let text = if text.trim().is_empty() { "{}" } else { text };
        serde_json::from_str(text).map_err(|error| {
            let message = format!("the compile options cannot be read: {error}");
            vec![Problem::new(Code::AMP0103, message).at(Location::new(
                file,
                error.line().max(1),
                error.column().max(1),
            ))]
        })
    }

    /// The modes of the API.
    pub fn modes(&self) -> Modes {
        let default = self.default_auth.map_or(AuthMode::ApiKey, AuthMode::from);
        let mut additional: Vec<AuthMode> = Vec::new();
        for mode in self.additional_auth.iter().copied().map(AuthMode::from) {
            if mode != default && !additional.contains(&mode) {
                additional.push(mode);
            }
        }
        Modes { default, additional }
    }

    /// A problem for each mode that is named twice.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let single = [AuthKind::ApiKey, AuthKind::AmazonCognitoUserPools, AuthKind::AwsIam];
        let named = |kind: &AuthKind| {
            let default = self.default_auth.unwrap_or(AuthKind::ApiKey);
            std::iter::once(&default).chain(&self.additional_auth).filter(|other| *other == kind).count()
        };
        let problem = |kind: AuthKind| {
            let name = mode_name(AuthMode::from(kind));
            Problem::new(Code::AMP0103, format!("the compile options name {name} twice: an API takes it once"))
                .hint("leave it out of `additionalAuth`")
        };
        single.into_iter().filter(|kind| named(kind) > 1).map(problem).collect()
    }

    /// Whether `@predictions` has no bucket with pictures.
    pub(super) fn has_no_predictions_bucket(&self) -> bool {
        matches!(self.predictions_bucket, Some(Value::Bool(false)))
    }
}
