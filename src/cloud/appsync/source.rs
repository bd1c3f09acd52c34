//! What a data source must say before it is kept.
//!
//! Source: `CreateDataSource` in the AppSync API reference. Not here: requests to data sources.

use crate::cloud::service::ApiError;

use super::engine::bad_request;
use super::record::{DataSource, DeltaSyncConfig, DynamoDbConfig, HttpConfig, RelationalDatabaseConfig};

/// What a versioned data source must say ("Versioned data source configuration", AppSync guide).
fn check_delta(delta: Option<&DeltaSyncConfig>) -> Result<(), ApiError> {
    let delta = delta.ok_or_else(|| bad_request("deltaSyncConfig is required for a versioned data source."))?;
    if delta.delta_sync_table_name.is_empty() {
        return Err(bad_request("deltaSyncTableName is required for a versioned data source."));
    }
    if delta.base_table_ttl < 0 || delta.delta_sync_table_ttl < 0 {
        return Err(bad_request("baseTableTTL and deltaSyncTableTTL are minutes, and not negative."));
    }
    Ok(())
}

/// Whether a data source says all that its type needs.
pub(super) fn check_source(row: &DataSource) -> Result<(), ApiError> {
    let named = row.name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_')
        && row.name.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_');
    if !named {
        return Err(bad_request(format!("The name of a data source is [_A-Za-z][_0-9A-Za-z]*, not {}", row.name)));
    }
    let kind = row.kind.as_str();
    let required = |member: &str, there: bool| {
        if there { Ok(()) } else { Err(bad_request(format!("{member} is required for a data source {kind}."))) }
    };
    let mut needs_role = true;
    match kind {
        "NONE" => needs_role = false,
        "AMAZON_DYNAMODB" => {
            required("dynamodbConfig", row.dynamodb_config.is_some())?;
            needs_role = row.dynamodb_config.as_ref().map(check_table).transpose()? == Some(true);
        }
        "AWS_LAMBDA" => required("lambdaConfig", row.lambda_config.is_some())?,
        "AMAZON_EVENTBRIDGE" => required("eventBridgeConfig", row.event_bridge_config.is_some())?,
        "AMAZON_OPENSEARCH_SERVICE" => {
            required("openSearchServiceConfig", row.open_search_service_config.is_some())?;
        }
        "AMAZON_ELASTICSEARCH" => required("elasticsearchConfig", row.elasticsearch_config.is_some())?,
        "HTTP" => {
            required("httpConfig", row.http_config.is_some())?;
            needs_role = row.http_config.as_ref().map(check_http).transpose()? == Some(true);
        }
        "AMAZON_BEDROCK_RUNTIME" => {}
        "RELATIONAL_DATABASE" => {
            required("relationalDatabaseConfig", row.relational_database_config.is_some())?;
            row.relational_database_config.as_ref().map_or(Ok(()), check_database)?;
        }
        other => return Err(bad_request(format!("Unknown data source type: {other}"))),
    }
    if let Some(config) = row.search_config() {
        check_endpoint(&config.endpoint)?;
    }
    if needs_role && row.service_role_arn.is_none() {
        return Err(bad_request(format!("A service role is required for a data source {kind}.")));
    }
    Ok(())
}

/// Whether the role of the data source reads the table.
fn check_table(config: &DynamoDbConfig) -> Result<bool, ApiError> {
    if config.versioned {
        check_delta(config.delta_sync_config.as_ref())?;
    }
    Ok(!config.use_caller_credentials)
}

/// A database is reached by the Data API alone.
fn check_database(config: &RelationalDatabaseConfig) -> Result<(), ApiError> {
    if let Some(other) = config.relational_database_source_type.as_deref().filter(|kind| *kind != "RDS_HTTP_ENDPOINT") {
        let message = format!("The relationalDatabaseSourceType of a data source is RDS_HTTP_ENDPOINT, not {other}.");
        return Err(bad_request(message));
    }
    let Some(endpoint) = &config.rds_http_endpoint_config else {
        return Err(bad_request("rdsHttpEndpointConfig is required for a data source RELATIONAL_DATABASE."));
    };
    if endpoint.db_cluster_identifier.is_empty() || endpoint.aws_secret_store_arn.is_empty() {
        return Err(bad_request("dbClusterIdentifier and awsSecretStoreArn are required for RDS_HTTP_ENDPOINT."));
    }
    Ok(())
}

/// Whether requests are signed.
fn check_http(config: &HttpConfig) -> Result<bool, ApiError> {
    check_endpoint(&config.endpoint)?;
    let Some(authorization) = &config.authorization_config else { return Ok(false) };
    if authorization.authorization_type != "AWS_IAM" {
        let found = &authorization.authorization_type;
        return Err(bad_request(format!("The authorizationType of an HTTP data source is AWS_IAM, not {found}.")));
    }
    let named = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let signing = config.signing();
    if signing.is_some_and(|iam| named(&iam.signing_region) && named(&iam.signing_service_name)) {
        Ok(true)
    } else {
        Err(bad_request("signingRegion and signingServiceName are required for the authorizationType AWS_IAM."))
    }
}

/// An endpoint is the address of a server: no query, no fragment, no user.
fn check_endpoint(endpoint: &str) -> Result<(), ApiError> {
    let address = endpoint.parse::<http::Uri>().ok();
    let fits = address.is_some_and(|address| {
        matches!(address.scheme_str(), Some("http" | "https"))
            && address.query().is_none()
            && address.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    });
    if fits { Ok(()) } else { Err(bad_request(format!("The endpoint is not the address of a server: {endpoint}"))) }
}
