//! Who sends a GraphQL request, and which fields they may see.
//!
//! Whole requests are refused with 401; fields are refused one by one. Not here: what resolvers decide by themselves.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use serde_json::{Value, json};

use crate::cloud::cognito::Claims;
use crate::cloud::iam::Iam;
use crate::cloud::service::{ApiError, CallContext, Caller, Permission, RoleSession};

use super::AppSync;
use super::compiled::CompiledApi;
use super::oidc::unverified;
use super::record::{AuthMode, UserPoolConfig};
use super::schema::Admits;
use super::settings::expression_of;

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
    /// Fields that the authoriser took away: `Type.field`, or their ARNs.
    denied: Vec<String>,
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
        Self { mode, identity, label, groups: Vec::new(), denied: Vec::new(), caller, decisions: Mutex::default() }
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
                Admits::Groups(groups) if api.api.settings.modes().len() == 1 => {
                    self.mode == AuthMode::AmazonCognitoUserPools && self.in_any(groups)
                }
                Admits::Groups(_) => default,
            }),
        };
        if self.is_denied(api, type_name, field_name) {
            return false;
        }
        // Policies speak of the fields of the root types; what is below them is reached through these.
        let by_policy = self.mode == AuthMode::AwsIam && api.schema.is_root(type_name);
        admitted && (!by_policy || self.policy_allows(api, iam, type_name, field_name))
    }

    /// Whether another caller may see exactly what this one may. Whose policies decide is told apart by who it is.
    pub(in crate::cloud::appsync) fn sees_as(&self, other: &Self) -> bool {
        let same_caller = self.mode != AuthMode::AwsIam || self.caller == other.caller;
        let default = self.denied_by_default() == other.denied_by_default();
        self.mode == other.mode && self.groups == other.groups && self.denied == other.denied && default && same_caller
    }

    /// Whether the authoriser took a field away.
    fn is_denied(&self, api: &CompiledApi, type_name: &str, field_name: &str) -> bool {
        if self.denied.is_empty() {
            return false;
        }
        let (name, arn) =
            (format!("{type_name}.{field_name}"), format!("{}/types/{type_name}/fields/{field_name}", api.arn));
        self.denied.iter().any(|denied| *denied == name || *denied == arn)
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

impl AppSync {
    /// Establishes who sends a request, or refuses it whole.
    pub(in crate::cloud::appsync) async fn identify(
        &self,
        api: &CompiledApi,
        context: &CallContext,
        (headers, body): (&HeaderMap, &[u8]),
    ) -> Result<Requester, ApiError> {
        let modes = api.api.settings.modes();
        let refused = || unauthorized("You are not authorized to make this call.");
        if context.caller != Caller::Anonymous {
            let signs = modes.contains(&AuthMode::AwsIam);
            return if signs { Ok(Requester::signed(context.caller.clone(), api)) } else { Err(refused()) };
        }
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let authorization = header("authorization").filter(|value| !value.is_empty());
        let key = header("x-api-key").filter(|value| !value.is_empty());
        let takes_tokens = [AuthMode::AmazonCognitoUserPools, AuthMode::OpenidConnect];
        let is_token = |text: &str| unverified(text.strip_prefix("Bearer ").unwrap_or(text).trim()).is_some();
        let takes_tokens = takes_tokens.iter().any(|mode| modes.contains(mode));
        match (authorization, key) {
            // What is a JWT belongs to the pools and providers, where the API has them.
            (Some(token), _) if modes.contains(&AuthMode::AwsLambda) && !(takes_tokens && is_token(token)) => {
                self.authorised(api, token, (headers, body)).await.ok_or_else(refused)
            }
            (Some(token), _) if takes_tokens => self.token(api, token).await,
            (_, Some(key)) if modes.contains(&AuthMode::ApiKey) => {
                let now_s = self.shared.clock.now_s();
                api.key(key).filter(|known| known.expires > now_s).ok_or_else(refused)?;
                Ok(Requester::new(AuthMode::ApiKey, Value::Null, "api key".to_owned()))
            }
            (None, None) => Err(unauthorized("Valid authorization header not provided.")),
            _ => Err(refused()),
        }
    }

    /// Whoever the API's authoriser lets in.
    async fn authorised(&self, api: &CompiledApi, token: &str, request: (&HeaderMap, &[u8])) -> Option<Requester> {
        let config = api.api.settings.authoriser()?;
        let verdict = self.authorisers.ask(api, config, token, request).await.filter(|said| said.is_authorized)?;
        let identity = json!({ "resolverContext": verdict.resolver_context });
        let mut requester = Requester::new(AuthMode::AwsLambda, identity, "authorised".to_owned());
        requester.denied = verdict.denied_fields;
        Some(requester)
    }

    /// A token of an OpenID Connect provider when it says so, else of a user pool.
    async fn token(&self, api: &CompiledApi, header: &str) -> Result<Requester, ApiError> {
        let token = header.strip_prefix("Bearer ").unwrap_or(header).trim();
        let settings = &api.api.settings;
        let claims = unverified(token).ok_or_else(|| unauthorized("Unable to parse JWT token."))?;
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default().trim_end_matches('/');
        let mut providers = settings.open_id_providers();
        let only = settings.user_pools().next().is_none();
        let provider = providers.find(|provider| only || provider.issuer.trim_end_matches('/') == issuer);
        let Some(provider) = provider else { return self.user_token(api, token) };
        let claims = self.providers.verify(provider, token).await.map_err(|reason| unauthorized(&reason))?;
        let sub = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        let identity = json!({ "claims": claims, "issuer": claims.get("iss"), "sub": sub });
        Ok(Requester::new(AuthMode::OpenidConnect, identity, format!("user {sub}")))
    }

    fn user_token(&self, api: &CompiledApi, token: &str) -> Result<Requester, ApiError> {
        let claims = self.cognito.verify(token).map_err(|error| {
            let expired = error.message.to_ascii_lowercase().contains("expired");
            unauthorized(if expired { "Token has expired." } else { "Unable to parse JWT token." })
        })?;
        let takes = |pool: &&UserPoolConfig| {
            let clients = pool.app_id_client_regex.as_deref().filter(|text| !text.is_empty());
            pool.user_pool_id == claims.pool_id
                && clients.is_none_or(|text| expression_of(text).is_ok_and(|fits| fits.is_match(&claims.client_id)))
        };
        let pool = api
            .api
            .settings
            .user_pools()
            .find(takes)
            .ok_or_else(|| unauthorized("You are not authorized to make this call."))?;
        let strategy = pool.default_action.as_deref().unwrap_or("ALLOW");
        let label = format!("user {}", claims.username);
        let mut requester = Requester::new(AuthMode::AmazonCognitoUserPools, user(&claims, strategy), label);
        requester.groups = claims.groups;
        Ok(requester)
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
