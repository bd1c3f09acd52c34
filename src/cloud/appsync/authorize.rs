//! Who sends a GraphQL request, and which fields they may see.
//!
//! Whole requests are refused with 401; fields are refused one by one. Not here: what resolvers decide by themselves.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use serde_json::{Value, json};

use crate::cloud::cognito::{Claims, Cognito};
use crate::cloud::iam::Iam;
use crate::cloud::service::{ApiError, CallContext, Caller, Permission, RoleSession};

use super::compiled::CompiledApi;
use super::record::AuthMode;
use super::schema::Admits;

/// The address that requests come from: the cloud listens on loopback only.
const SOURCE_ADDRESS: &str = "127.0.0.1";

/// Someone who identified, in one of the API's ways.
#[derive(Debug)]
pub(in crate::cloud::appsync) struct Requester {
    pub mode: AuthMode,
    /// `ctx.identity`.
    pub identity: Value,
    /// For the log: `user ada`, `api key`, `guest`.
    pub label: String,
    groups: Vec<String>,
    caller: Caller,
    /// What IAM said of each field of this request.
    decisions: Mutex<BTreeMap<String, bool>>,
}

fn unauthorized(message: &str) -> ApiError {
    ApiError::new("UnauthorizedException", message).status(401)
}

impl Requester {
    fn new(mode: AuthMode, identity: Value, label: String) -> Self {
        let caller = Caller::Anonymous;
        Self { mode, identity, label, groups: Vec::new(), caller, decisions: Mutex::default() }
    }

    /// Establishes who sends a request, or refuses it whole.
    pub(in crate::cloud::appsync) fn identify(
        api: &CompiledApi,
        context: &CallContext,
        headers: &HeaderMap,
        (cognito, now_s): (&Cognito, i64),
    ) -> Result<Self, ApiError> {
        let modes = api.api.settings.modes();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let authorization = header("authorization").filter(|value| !value.is_empty());
        let key = header("x-api-key").filter(|value| !value.is_empty());
        if context.caller != Caller::Anonymous {
            return if modes.contains(&AuthMode::AwsIam) {
                Ok(Self::signed(context.caller.clone(), api))
            } else {
                Err(unauthorized("You are not authorized to make this call."))
            };
        }
        match (authorization, key) {
            (Some(token), _) if modes.contains(&AuthMode::AmazonCognitoUserPools) => Self::token(api, token, cognito),
            (_, Some(key)) if modes.contains(&AuthMode::ApiKey) => {
                let known = api.keys.get(key).filter(|known| known.expires > now_s);
                known.ok_or_else(|| unauthorized("You are not authorized to make this call."))?;
                Ok(Self::new(AuthMode::ApiKey, Value::Null, "api key".to_owned()))
            }
            (None, None) => Err(unauthorized("Valid authorization header not provided.")),
            _ => Err(unauthorized("You are not authorized to make this call.")),
        }
    }

    fn token(api: &CompiledApi, header: &str, cognito: &Cognito) -> Result<Self, ApiError> {
        let token = header.strip_prefix("Bearer ").unwrap_or(header).trim();
        if token.split('.').count() != 3 {
            return Err(unauthorized("Unable to parse JWT token."));
        }
        let claims = cognito.verify(token).map_err(|error| {
            let expired = error.message.to_ascii_lowercase().contains("expired");
            unauthorized(if expired { "Token has expired." } else { "Unable to parse JWT token." })
        })?;
        let pool = api.api.settings.user_pools().find(|pool| pool.user_pool_id == claims.pool_id);
        let pool = pool.ok_or_else(|| unauthorized("You are not authorized to make this call."))?;
        let strategy = pool.default_action.as_deref().unwrap_or("ALLOW");
        let label = format!("user {}", claims.username);
        let mut requester = Self::new(AuthMode::AmazonCognitoUserPools, user(&claims, strategy), label);
        requester.groups = claims.groups;
        Ok(requester)
    }

    fn signed(caller: Caller, api: &CompiledApi) -> Self {
        let account = api.account.as_str();
        let (identity, label) = match &caller {
            Caller::Role(session) | Caller::Service(session) => role(session, account),
            _ => {
                let identity = json!({
                    "accountId": account, "cognitoIdentityPoolId": null, "cognitoIdentityId": null,
                    "sourceIp": [SOURCE_ADDRESS], "username": account, "userArn": format!("arn:aws:iam::{account}:root"),
                    "cognitoIdentityAuthType": null, "cognitoIdentityAuthProvider": null,
                });
                (identity, "root".to_owned())
            }
        };
        let mut requester = Self::new(AuthMode::AwsIam, identity, label);
        requester.caller = caller;
        requester
    }

    /// Whether the schema and the policies let this caller see a field.
    pub(in crate::cloud::appsync) fn may_see(
        &self,
        api: &CompiledApi,
        iam: &Iam,
        (type_name, field_name): (&str, &str),
    ) -> bool {
        let modes = api.api.settings.modes();
        let default = self.mode == api.api.settings.authentication_type && !self.denied_by_default();
        let admitted = match api.schema.admits(type_name, field_name) {
            None => default,
            Some(rules) => rules.iter().any(|rule| match rule {
                Admits::ApiKey => self.mode == AuthMode::ApiKey,
                Admits::Iam => self.mode == AuthMode::AwsIam,
                Admits::UserPools(groups) => {
                    self.mode == AuthMode::AmazonCognitoUserPools
                        && groups.as_deref().is_none_or(|groups| self.in_any(groups))
                }
                Admits::Oidc => self.mode == AuthMode::OpenidConnect,
                Admits::Lambda => self.mode == AuthMode::AwsLambda,
                // `@aws_auth` has a meaning only where user pools are the only way to identify.
                Admits::Groups(groups) if modes.len() == 1 => {
                    self.mode == AuthMode::AmazonCognitoUserPools && self.in_any(groups)
                }
                Admits::Groups(_) => default,
            }),
        };
        admitted && (self.mode != AuthMode::AwsIam || self.policy_allows(api, iam, type_name, field_name))
    }

    /// `defaultAction: DENY`: fields without a directive are closed.
    fn denied_by_default(&self) -> bool {
        self.identity.get("defaultAuthStrategy").and_then(Value::as_str) == Some("DENY")
    }

    fn in_any(&self, groups: &[String]) -> bool {
        groups.iter().any(|group| self.groups.contains(group))
    }

    fn policy_allows(&self, api: &CompiledApi, iam: &Iam, type_name: &str, field_name: &str) -> bool {
        if self.caller == Caller::Root {
            return true;
        }
        let resource = format!("{}/types/{type_name}/fields/{field_name}", api.arn);
        let mut decisions = self.decisions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(decision) = decisions.get(&resource) {
            return *decision;
        }
        let allowed = iam.authorize(&self.caller, &Permission::new("appsync:GraphQL", resource.clone())).is_ok();
        decisions.insert(resource, allowed);
        allowed
    }

    /// Credentials for a data source that uses those of the caller.
    pub(in crate::cloud::appsync) fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// `ctx.identity` of a user of a pool (AppSync guide, "Identity").
fn user(claims: &Claims, strategy: &str) -> Value {
    let groups = if claims.groups.is_empty() { Value::Null } else { json!(claims.groups) };
    json!({
        "claims": claims.all,
        "defaultAuthStrategy": strategy,
        "groups": groups,
        "issuer": claims.all.get("iss"),
        "sourceIp": [SOURCE_ADDRESS],
        "sub": claims.sub,
        "username": claims.username,
    })
}

/// `ctx.identity` of a role, and a label for the log.
fn role(session: &RoleSession, account: &str) -> (Value, String) {
    let first = |name: &str| {
        session.context.get(&format!("cognito-identity.amazonaws.com:{name}")).and_then(|values| values.first())
    };
    let methods = session.context.get("cognito-identity.amazonaws.com:amr");
    let provider = methods.map(|methods| {
        let quoted: Vec<String> = methods.iter().skip(1).map(|method| format!("\"{method}\"")).collect();
        quoted.join(",")
    });
    let identity = json!({
        "accountId": account,
        "cognitoIdentityPoolId": first("aud"),
        "cognitoIdentityId": first("sub"),
        "sourceIp": [SOURCE_ADDRESS],
        "username": format!("{}:{}", session.access_key, session.session_name),
        "userArn": session.assumed_arn(account),
        "cognitoIdentityAuthType": first("amr"),
        "cognitoIdentityAuthProvider": provider.filter(|provider| !provider.is_empty()),
    });
    let guest = first("amr").is_some_and(|method| method == "unauthenticated");
    let label = if guest { "guest".to_owned() } else { format!("role {}", session.session_name) };
    (identity, label)
}
