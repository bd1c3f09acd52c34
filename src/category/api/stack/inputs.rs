//! How callers of an API identify themselves, and what its stack needs of the auth stack for that.

use serde::Serialize;

use super::policies;
use crate::base::{LogicalId, ResourceName};
use crate::category::api::plan::{AuthMode, Plan};
use crate::category::synthesis::Need;
use crate::category::{AuthSpec, Context};
use crate::error::{Code, Problem};

#[derive(Debug, Serialize)]
pub(super) struct Mode {
    kind: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Parameter {
    name: &'static str,
    description: &'static str,
}

/// A mode as the template writes it.
pub(super) fn mode(mode: AuthMode) -> Result<Mode, Vec<Problem>> {
    kind(mode).map(|kind| Mode { kind }).ok_or_else(|| vec![unbuilt(mode)])
}

/// The parameters that the auth stack fills.
pub(super) fn parameters(plan: &Plan) -> Vec<Parameter> {
    inputs(plan).iter().map(|input| Parameter { name: input.parameter, description: input.what }).collect()
}

/// What CloudFormation calls the modes that a resource can ask for.
fn kind(mode: AuthMode) -> Option<&'static str> {
    match mode {
        AuthMode::ApiKey => Some("API_KEY"),
        AuthMode::UserPools => Some("AMAZON_COGNITO_USER_POOLS"),
        AuthMode::Iam => Some("AWS_IAM"),
        AuthMode::Oidc | AuthMode::Lambda => None,
    }
}

fn unbuilt(mode: AuthMode) -> Problem {
    let name = if mode == AuthMode::Oidc { "OpenID Connect" } else { "a Lambda authoriser" };
    Problem::new(Code::AMP0304, format!("an API cannot be deployed with {name} yet: the mode is only compiled"))
        .hint("use `user-pool`, `api-key` or `iam`")
}

/// A parameter that an output of the auth stack fills.
struct Input {
    parameter: &'static str,
    output: &'static str,
    what: &'static str,
}

fn inputs(plan: &Plan) -> Vec<Input> {
    let mut inputs = Vec::new();
    if plan.modes.has(AuthMode::UserPools) {
        let what = "User pool whose tokens are accepted";
        inputs.push(Input { parameter: "UserPoolId", output: "UserPoolId", what });
    }
    for role in policies::roles(plan) {
        inputs.push(Input { parameter: role.parameter, output: role.parameter, what: role.what });
    }
    inputs
}

pub(super) fn needs(plan: &Plan, context: &Context<'_>) -> Result<Vec<Need>, Vec<Problem>> {
    let inputs = inputs(plan);
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let Some((auth, _)): Option<(&ResourceName, &AuthSpec)> = context.auth() else {
        let message = format!("the API `{}` needs an auth resource: it lets in users who are signed in", context.name);
        return Err(vec![Problem::new(Code::AMP0310, message).hint("`ampup add auth`")]);
    };
    inputs
        .iter()
        .map(|input| {
            let id =
                |text: &str| LogicalId::new(text).map_err(|error| vec![Problem::new(Code::AMP0901, error.to_string())]);
            Ok(Need { parameter: id(input.parameter)?, of: auth.clone(), output: id(input.output)? })
        })
        .collect()
}
