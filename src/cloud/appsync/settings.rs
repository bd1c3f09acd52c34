//! What the settings of an API must be before they are kept.
//!
//! Source: "CreateGraphqlApi" in the AppSync API reference.

use std::collections::BTreeMap;

use crate::cloud::service::ApiError;

use super::engine::bad_request;
use super::oidc::check_address;
use super::record::{ApiSettings, AuthMode};

/// The highest limits that an API may set itself: levels of an operation, resolvers of one.
const DEEPEST: i64 = 75;
const MOST_RESOLVERS: i64 = 10_000;

/// For how long an authoriser's answer may be kept at most.
const LONGEST_VERDICT_S: i64 = 3600;

/// Names, values and their number (API reference, "PutGraphqlApiEnvironmentVariables").
pub(super) fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if variables.len() > 50 {
        return Err(bad_request("An API has at most 50 environment variables."));
    }
    for (name, value) in variables {
        let named = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !named || !(2..=64).contains(&name.len()) {
            let rule = "[A-Za-z]+\\w* with 2 to 64 characters";
            return Err(bad_request(format!("The name of an environment variable is {rule}, not {name}.")));
        }
        if value.chars().count() > 512 {
            return Err(bad_request(format!("The environment variable {name} is longer than 512 characters.")));
        }
    }
    Ok(())
}

/// Numbers and expressions have to be ones that AppSync takes (API reference, "CreateGraphqlApi").
fn check_limits(settings: &ApiSettings) -> Result<(), ApiError> {
    let within = |name: &str, value: Option<i64>, most: i64| match value {
        Some(value) if !(0..=most).contains(&value) => {
            Err(bad_request(format!("{name} must be between 0 and {most}.")))
        }
        _ => Ok(()),
    };
    let number = |value: usize| i64::try_from(value).ok().or(Some(i64::MAX));
    within("queryDepthLimit", number(settings.query_depth_limit), DEEPEST)?;
    within("resolverCountLimit", number(settings.resolver_count_limit), MOST_RESOLVERS)?;
    let authoriser = settings.authoriser();
    let ttl_s = authoriser.and_then(|config| config.authorizer_result_ttl_in_seconds);
    within("authorizerResultTtlInSeconds", ttl_s, LONGEST_VERDICT_S)?;
    if !["ENABLED", "DISABLED"].contains(&settings.introspection_config.as_str()) {
        let found = &settings.introspection_config;
        return Err(bad_request(format!("introspectionConfig must be ENABLED or DISABLED, not {found}.")));
    }
    let clients = settings.user_pools().filter_map(|pool| pool.app_id_client_regex.as_deref());
    let audiences = settings.open_id_providers().filter_map(|provider| provider.client_id.as_deref());
    let tokens = authoriser.and_then(|config| config.identity_validation_expression.as_deref());
    for expression in clients.chain(audiences).chain(tokens) {
        expression_of(expression)
            .map_err(|_| bad_request(format!("The regular expression is not valid: {expression}")))?;
    }
    Ok(())
}

/// A regular expression that a whole text must match.
pub(super) fn expression_of(text: &str) -> Result<regex::Regex, regex::Error> {
    regex::Regex::new(&format!("^(?:{text})$"))
}

/// Whether an API's settings are ones that AppSync takes.
pub(super) fn check_settings(settings: &ApiSettings) -> Result<(), ApiError> {
    check_limits(settings)?;
    let modes = settings.modes();
    if modes.contains(&AuthMode::AwsLambda) && settings.authoriser().is_none() {
        return Err(bad_request("lambdaAuthorizerConfig is required for the authentication type AWS_LAMBDA."));
    }
    let pools = settings.user_pools().count();
    if pools != modes.iter().filter(|mode| **mode == AuthMode::AmazonCognitoUserPools).count() {
        return Err(bad_request("userPoolConfig is required for the authentication type AMAZON_COGNITO_USER_POOLS."));
    }
    let providers = settings.open_id_providers().count();
    if providers != modes.iter().filter(|mode| **mode == AuthMode::OpenidConnect).count() {
        return Err(bad_request("openIDConnectConfig is required for the authentication type OPENID_CONNECT."));
    }
    for provider in settings.open_id_providers() {
        check_address(&provider.issuer)
            .map_err(|reason| bad_request(format!("The issuer {} cannot be used: {reason}.", provider.issuer)))?;
    }
    for mode in [AuthMode::ApiKey, AuthMode::AwsIam, AuthMode::AwsLambda] {
        if modes.iter().filter(|one| **one == mode).count() > 1 {
            return Err(bad_request("An authentication type may be given once only."));
        }
    }
    Ok(())
}
