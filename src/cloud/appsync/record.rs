//! What AppSync keeps: APIs, keys, data sources, functions, resolvers, in the shapes of its control API.
//!
//! Not here: the rules for changing them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::caching::{ApiCache, CachingConfig};

/// The ways in which a caller may identify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::cloud::appsync) enum AuthMode {
    ApiKey,
    AwsIam,
    AmazonCognitoUserPools,
    OpenidConnect,
    AwsLambda,
}

impl AuthMode {
    /// What `util.authType()` gives (AppSync guide, "Utility helpers in util").
    pub(in crate::cloud::appsync) fn title(self) -> &'static str {
        match self {
            Self::ApiKey => "API Key Authorization",
            Self::AwsIam => "IAM Authorization",
            Self::AmazonCognitoUserPools => "User Pool Authorization",
            Self::OpenidConnect => "Open ID Connect Authorization",
            Self::AwsLambda => "Lambda Authorization",
        }
    }
}

/// `userPoolConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct UserPoolConfig {
    pub user_pool_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_region: Option<String>,
    /// `ALLOW` or `DENY`: what holds for fields without a directive; only on the default provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_action: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id_client_regex: Option<String>,
}

/// `openIDConnectConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct OpenIdConnectConfig {
    /// The provider's address.
    pub issuer: String,
    /// A regular expression for the audience of tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// How long a token is taken after it was issued, in milliseconds; 0 is as long as it says itself.
    #[serde(default, rename = "iatTTL", skip_serializing_if = "Option::is_none")]
    pub iat_ttl: Option<i64>,
    /// How long a token is taken after its user signed in, in milliseconds; 0 is as long as it says itself.
    #[serde(default, rename = "authTTL", skip_serializing_if = "Option::is_none")]
    pub auth_ttl: Option<i64>,
}

/// `lambdaAuthorizerConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct LambdaAuthorizerConfig {
    /// The ARN of the function.
    pub authorizer_uri: String,
    /// For how many seconds its answers are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_result_ttl_in_seconds: Option<i64>,
    /// A regular expression; tokens that do not match are refused without asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
}

/// One of `additionalAuthenticationProviders`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct AuthProvider {
    pub authentication_type: AuthMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_pool_config: Option<UserPoolConfig>,
    #[serde(default, rename = "openIDConnectConfig", skip_serializing_if = "Option::is_none")]
    pub open_id_connect_config: Option<OpenIdConnectConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_authorizer_config: Option<LambdaAuthorizerConfig>,
}

/// What a caller of `CreateGraphqlApi` and `UpdateGraphqlApi` gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloud::appsync) struct ApiSettings {
    pub name: String,
    pub authentication_type: AuthMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_pool_config: Option<UserPoolConfig>,
    #[serde(default, rename = "openIDConnectConfig", skip_serializing_if = "Option::is_none")]
    pub open_id_connect_config: Option<OpenIdConnectConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_authorizer_config: Option<LambdaAuthorizerConfig>,
    #[serde(default)]
    pub additional_authentication_providers: Vec<AuthProvider>,
    #[serde(default)]
    pub xray_enabled: bool,
    /// `ENABLED` or `DISABLED`.
    #[serde(default = "enabled")]
    pub introspection_config: String,
    /// 0 is no limit of its own.
    #[serde(default)]
    pub query_depth_limit: usize,
    /// 0 is no limit of its own.
    #[serde(default)]
    pub resolver_count_limit: usize,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_config: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_contact: Option<String>,
}

fn enabled() -> String {
    "ENABLED".to_owned()
}

impl ApiSettings {
    /// Every way to identify, the default first.
    pub(in crate::cloud::appsync) fn modes(&self) -> Vec<AuthMode> {
        let additional = self.additional_authentication_providers.iter().map(|provider| provider.authentication_type);
        std::iter::once(self.authentication_type).chain(additional).collect()
    }

    /// The user pools whose tokens are taken.
    pub(in crate::cloud::appsync) fn user_pools(&self) -> impl Iterator<Item = &UserPoolConfig> {
        let default =
            self.user_pool_config.as_ref().filter(|_| self.authentication_type == AuthMode::AmazonCognitoUserPools);
        let additional = self
            .additional_authentication_providers
            .iter()
            .filter(|provider| provider.authentication_type == AuthMode::AmazonCognitoUserPools)
            .filter_map(|provider| provider.user_pool_config.as_ref());
        default.into_iter().chain(additional)
    }

    /// The function that lets callers in; an API has one at most.
    pub(in crate::cloud::appsync) fn authoriser(&self) -> Option<&LambdaAuthorizerConfig> {
        if self.authentication_type == AuthMode::AwsLambda {
            return self.lambda_authorizer_config.as_ref();
        }
        let mut others = self.additional_authentication_providers.iter();
        others.find(|provider| provider.authentication_type == AuthMode::AwsLambda)?.lambda_authorizer_config.as_ref()
    }

    /// The OpenID Connect providers whose tokens are taken.
    pub(in crate::cloud::appsync) fn open_id_providers(&self) -> impl Iterator<Item = &OpenIdConnectConfig> {
        let default =
            self.open_id_connect_config.as_ref().filter(|_| self.authentication_type == AuthMode::OpenidConnect);
        let additional = self
            .additional_authentication_providers
            .iter()
            .filter(|provider| provider.authentication_type == AuthMode::OpenidConnect)
            .filter_map(|provider| provider.open_id_connect_config.as_ref());
        default.into_iter().chain(additional)
    }
}

/// How far the last `StartSchemaCreation` came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloud::appsync) struct SchemaStatus {
    /// `NOT_APPLICABLE`, `SUCCESS`, `FAILED`.
    pub status: String,
    pub details: String,
}

/// An API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud::appsync) struct Api {
    pub id: String,
    pub settings: ApiSettings,
    /// Variables that handlers see as `ctx.env`.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    #[serde(default)]
    pub schema: Option<String>,
    #[serde(default)]
    pub schema_status: SchemaStatus,
    #[serde(default)]
    pub cache: Option<ApiCache>,
}

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloud::appsync) struct ApiKey {
    /// The key itself; AppSync calls it the id.
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Seconds since 1970.
    pub expires: i64,
    /// When an expired key is forgotten; seconds since 1970.
    pub deletes: i64,
}

/// `dynamodbConfig`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct DynamoDbConfig {
    pub table_name: String,
    pub aws_region: String,
    #[serde(default)]
    pub use_caller_credentials: bool,
    #[serde(default)]
    pub versioned: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_sync_config: Option<DeltaSyncConfig>,
}

/// `deltaSyncConfig`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct DeltaSyncConfig {
    /// The table of changes.
    pub delta_sync_table_name: String,
    /// For how many minutes deleted items leave a tombstone; with 0 they are removed at once.
    #[serde(rename = "baseTableTTL")]
    pub base_table_ttl: i64,
    /// For how many minutes changes are kept.
    #[serde(rename = "deltaSyncTableTTL")]
    pub delta_sync_table_ttl: i64,
}

/// `conflictDetection`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::cloud::appsync) enum ConflictDetection {
    /// A write on another version than the stored one is a conflict.
    Version,
    #[default]
    None,
}

/// `conflictHandler`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloud::appsync) enum ConflictHandler {
    #[serde(rename = "OPTIMISTIC_CONCURRENCY")]
    OptimisticConcurrency,
    #[serde(rename = "AUTOMERGE")]
    Automerge,
    #[serde(rename = "LAMBDA")]
    Lambda,
    #[default]
    #[serde(rename = "NONE")]
    None,
}

/// `lambdaConflictHandlerConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct LambdaConflictHandlerConfig {
    pub lambda_conflict_handler_arn: String,
}

/// `syncConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct SyncConfig {
    #[serde(default)]
    pub conflict_detection: ConflictDetection,
    #[serde(default)]
    pub conflict_handler: ConflictHandler,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_conflict_handler_config: Option<LambdaConflictHandlerConfig>,
}

impl SyncConfig {
    /// Whether a function settles conflicts.
    pub(in crate::cloud::appsync) fn calls_function(&self) -> bool {
        self.conflict_detection == ConflictDetection::Version && self.conflict_handler == ConflictHandler::Lambda
    }
}

/// `lambdaConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct LambdaConfig {
    pub lambda_function_arn: String,
}

/// `httpConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct HttpConfig {
    /// Scheme and host, with or without a path.
    pub endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_config: Option<AuthorizationConfig>,
}

impl HttpConfig {
    /// What requests are signed for, when they are signed.
    pub(in crate::cloud::appsync) fn signing(&self) -> Option<&AwsIamConfig> {
        self.authorization_config.as_ref()?.aws_iam_config.as_ref()
    }
}

/// `authorizationConfig` of a data source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct AuthorizationConfig {
    /// `AWS_IAM`, the only one.
    pub authorization_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_iam_config: Option<AwsIamConfig>,
}

/// `awsIamConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct AwsIamConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_service_name: Option<String>,
}

/// `eventBridgeConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct EventBridgeConfig {
    pub event_bus_arn: String,
}

/// `openSearchServiceConfig`, and `elasticsearchConfig` as it was called before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct SearchConfig {
    pub aws_region: String,
    pub endpoint: String,
}

/// `rdsHttpEndpointConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct RdsHttpEndpointConfig {
    pub aws_region: String,
    /// The ARN of the cluster.
    pub db_cluster_identifier: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The ARN of the secret with name and password of the database's user.
    pub aws_secret_store_arn: String,
}

/// `relationalDatabaseConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct RelationalDatabaseConfig {
    /// `RDS_HTTP_ENDPOINT`, the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relational_database_source_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rds_http_endpoint_config: Option<RdsHttpEndpointConfig>,
}

/// A data source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloud::appsync) struct DataSource {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_role_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamodb_config: Option<DynamoDbConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_config: Option<LambdaConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_config: Option<HttpConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_bridge_config: Option<EventBridgeConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_search_service_config: Option<SearchConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticsearch_config: Option<SearchConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relational_database_config: Option<RelationalDatabaseConfig>,
}

impl DataSource {
    /// Where statements go.
    pub(in crate::cloud::appsync) fn database(&self) -> Option<&RdsHttpEndpointConfig> {
        self.relational_database_config.as_ref()?.rds_http_endpoint_config.as_ref()
    }

    /// Where searches go.
    pub(in crate::cloud::appsync) fn search_config(&self) -> Option<&SearchConfig> {
        self.open_search_service_config.as_ref().or(self.elasticsearch_config.as_ref())
    }
}

/// `runtime`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct Runtime {
    pub name: String,
    pub runtime_version: String,
}

/// A function of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloud::appsync) struct FunctionRecord {
    #[serde(default)]
    pub function_id: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub data_source_name: String,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub runtime: Option<Runtime>,
    #[serde(default)]
    pub max_batch_size: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_config: Option<SyncConfig>,
}

/// `pipelineConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloud::appsync) struct PipelineConfig {
    #[serde(default)]
    pub functions: Vec<String>,
}

/// A resolver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloud::appsync) struct ResolverRecord {
    #[serde(default)]
    pub type_name: String,
    pub field_name: String,
    /// `UNIT` or `PIPELINE`.
    #[serde(default = "unit")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_source_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_config: Option<PipelineConfig>,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub runtime: Option<Runtime>,
    #[serde(default)]
    pub max_batch_size: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_config: Option<SyncConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caching_config: Option<CachingConfig>,
}

fn unit() -> String {
    "UNIT".to_owned()
}
