//! How callers of an API identify themselves, and what its stack needs of the auth stack for that.

use serde::Serialize;

use super::policies;
use crate::base::{LogicalId, ResourceName};
use crate::category::api::access::mode_name;
use crate::category::api::plan::{AuthMode, Plan};
use crate::category::api::{ApiAuth, AuthoriserSettings, OidcSettings};
use crate::category::function::{self, own_function};
use crate::category::storage::granted_groups;
use crate::category::synthesis::Need;
use crate::category::{AuthSpec, Context, ResourceSpec};
use crate::error::{Code, Problem};

/// A mode as the template writes it.
#[derive(Debug, Serialize)]
pub(super) struct Mode {
    kind: &'static str,
    oidc: Option<Provider>,
    authoriser: Option<Authoriser>,
}

#[derive(Debug, Serialize)]
struct Provider {
    issuer: String,
    client_id: Option<String>,
    auth_ttl_ms: Option<u64>,
    iat_ttl_ms: Option<u64>,
}

/// The function that lets callers in.
#[derive(Debug, Serialize)]
pub(super) struct Authoriser {
    /// Text for `!Sub`.
    arn: String,
    /// As text, since no seconds are something else than no number.
    ttl: Option<String>,
    /// It is a function of the project, whose stack lets the API ask it.
    pub(super) own: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Parameter {
    name: String,
    description: &'static str,
}

/// The modes as the template writes them, the default first.
pub(super) fn modes(plan: &Plan, context: &Context<'_>) -> Result<Vec<Mode>, Vec<Problem>> {
    let settings = settings(context);
    let all = std::iter::once(plan.modes.default).chain(plan.modes.additional.iter().copied());
    all.map(|mode| {
        let missing = || vec![Problem::new(Code::AMP0901, format!("{} has no settings", mode_name(mode)))];
        let oidc = settings.iter().find_map(|auth| match auth {
            ApiAuth::Oidc(oidc) if mode == AuthMode::Oidc => Some(provider(oidc)),
            _ => None,
        });
        let authoriser = settings.iter().find_map(|auth| match auth {
            ApiAuth::Lambda(lambda) if mode == AuthMode::Lambda => Some(asked(lambda, context)),
            _ => None,
        });
        let complete = match mode {
            AuthMode::Oidc => oidc.is_some(),
            AuthMode::Lambda => authoriser.is_some(),
            _ => true,
        };
        if complete { Ok(Mode { kind: mode_name(mode), oidc, authoriser }) } else { Err(missing()) }
    })
    .collect()
}

fn provider(oidc: &OidcSettings) -> Provider {
    let in_ms = |seconds: Option<u32>| seconds.map(|seconds| u64::from(seconds) * 1000);
    Provider {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        auth_ttl_ms: in_ms(oidc.auth_ttl),
        iat_ttl_ms: in_ms(oidc.iat_ttl),
    }
}

fn asked(lambda: &AuthoriserSettings, context: &Context<'_>) -> Authoriser {
    let own = own_function(&lambda.function, context.siblings);
    let arn = own.map_or_else(|| foreign_arn(&lambda.function), function::arn);
    Authoriser { arn, ttl: lambda.ttl.map(|ttl| ttl.to_string()), own: own.is_some() }
}

/// The ARN of a function that is not the project's, as text for `!Sub`.
fn foreign_arn(function: &str) -> String {
    let name = function.replace("${env}", "${Environment}");
    format!("arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{name}")
}

/// The authoriser that AppSync must be allowed to ask.
pub(super) fn authoriser(context: &Context<'_>) -> Option<Authoriser> {
    settings(context).into_iter().find_map(|auth| match auth {
        ApiAuth::Lambda(lambda) => Some(asked(lambda, context)),
        _ => None,
    })
}

/// The settings of the API's modes.
fn settings<'a>(context: &Context<'a>) -> Vec<&'a ApiAuth> {
    match context.siblings.get(context.name) {
        Some(ResourceSpec::Api(spec)) => std::iter::once(&spec.auth).chain(&spec.additional_auth).collect(),
        _ => Vec::new(),
    }
}

/// The parameters that the auth stack fills.
pub(super) fn parameters(plan: &Plan, context: &Context<'_>) -> Vec<Parameter> {
    let inputs = inputs(plan, context).into_iter();
    inputs.map(|input| Parameter { name: input.parameter, description: input.what }).collect()
}

/// A parameter that an output of the auth stack fills.
struct Input {
    /// The parameter, which is called as the output is.
    parameter: String,
    what: &'static str,
}

fn inputs(plan: &Plan, context: &Context<'_>) -> Vec<Input> {
    let mut inputs = Vec::new();
    if plan.modes.has(AuthMode::UserPools) {
        let what = "User pool whose tokens are accepted";
        inputs.push(Input { parameter: "UserPoolId".to_owned(), what });
    }
    for role in policies::roles(plan) {
        inputs.push(Input { parameter: role.parameter.to_owned(), what: role.what });
        let groups = granted_groups(context.siblings);
        let what = "Role of the identity pool for users of a group";
        inputs.extend(policies::group_roles(role, &groups).map(|parameter| Input { parameter, what }));
    }
    inputs
}

pub(super) fn needs(plan: &Plan, context: &Context<'_>) -> Result<Vec<Need>, Vec<Problem>> {
    let inputs = inputs(plan, context);
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
            Ok(Need { parameter: id(&input.parameter)?, of: auth.clone(), output: id(&input.parameter)? })
        })
        .collect()
}
