//! What front ends are told of an API: the `data` section of the outputs file, and its form in a `ResourcesConfig`.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::plan::{AuthMode, Plan};
use crate::base::LogicalId;

/// The two forms in which front-end libraries take an API.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiClient {
    /// The section `data` of `amplify_outputs.json`, version 1.4.
    pub data: Value,
    /// The section `API` of a `ResourcesConfig`: `{"GraphQL": …}`.
    pub resources_config: Value,
}

/// The sections for the outputs of a deployed stack (`GraphQLUrl`, and `ApiKey` where there is one).
pub fn client_section(plan: &Plan, outputs: &IndexMap<LogicalId, String>, region: &str) -> ApiClient {
    let output = |name: &str| outputs.get(name).cloned();
    let mut data = json!({
        "url": output("GraphQLUrl"),
        "aws_region": region,
        "default_authorization_type": outputs_name(plan.modes.default),
        "authorization_types": plan.modes.additional.iter().copied().map(outputs_name).collect::<Vec<_>>(),
        "model_introspection": plan.introspection,
    });
    let mut graphql = json!({
        "endpoint": output("GraphQLUrl"),
        "region": region,
        "defaultAuthMode": library_name(plan.modes.default),
        "modelIntrospection": plan.introspection,
    });
    if let Some(handler) = &plan.conflict {
        data["conflict_resolution_mode"] = Value::from(handler.appsync_name());
    }
    if let Some(key) = output("ApiKey") {
        data["api_key"] = Value::from(key.clone());
        graphql["apiKey"] = Value::from(key);
    }
    ApiClient { data, resources_config: json!({ "GraphQL": graphql }) }
}

/// A mode as the outputs file writes it.
fn outputs_name(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::ApiKey => "API_KEY",
        AuthMode::UserPools => "AMAZON_COGNITO_USER_POOLS",
        AuthMode::Iam => "AWS_IAM",
        AuthMode::Oidc => "OPENID_CONNECT",
        AuthMode::Lambda => "AWS_LAMBDA",
    }
}

/// A mode as the library writes it.
fn library_name(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::ApiKey => "apiKey",
        AuthMode::UserPools => "userPool",
        AuthMode::Iam => "iam",
        AuthMode::Oidc => "oidc",
        AuthMode::Lambda => "lambda",
    }
}
