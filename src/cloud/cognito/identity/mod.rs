//! Identity pools: guests and users of a user pool get credentials of a role.
//!
//! Providers other than user pools, rules for roles, and the older flow by `GetOpenIdToken` are absent and refused by
//! name.

mod credentials;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Core;
use super::fault::{invalid, not_found};
use super::input::{Input, date, page, without_nulls};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

/// An identity pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct IdentityPool {
    /// `eu-west-1:{uuid}`.
    pub id: String,
    pub name: String,
    /// The other members of `CreateIdentityPool`'s input.
    pub settings: Map<String, Value>,
    /// `authenticated` and `unauthenticated`.
    pub roles: Map<String, Value>,
    /// By `{provider}:{client}`.
    pub role_mappings: Map<String, Value>,
}

/// Someone whom an identity pool knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Identity {
    pub pool_id: String,
    pub created_ms: i64,
    /// `{provider}/{sub}` of the logins; none for a guest.
    pub logins: Vec<String>,
}

pub(super) fn execute(core: &Core, action: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match action {
        "CreateIdentityPool" => create(core, input),
        "DescribeIdentityPool" => Ok(pool_of(core, input)?.description()),
        "UpdateIdentityPool" => update(core, input),
        "DeleteIdentityPool" => delete(core, input),
        "ListIdentityPools" => list(core, input),
        "SetIdentityPoolRoles" => set_roles(core, input),
        "GetIdentityPoolRoles" => get_roles(core, input),
        "DescribeIdentity" => describe_identity(core, input),
        "GetId" => credentials::get_id(core, input),
        "GetCredentialsForIdentity" => credentials::get(core, input),
        _ => Err(ApiError::not_built("cognito-identity", action)),
    }
}

fn pool_of(core: &Core, input: Input<'_>) -> Result<IdentityPool, ApiError> {
    let id = input.text("IdentityPoolId")?;
    core.identity_pools.get(id).ok_or_else(|| not_found(format!("IdentityPool '{id}' not found.")))
}

impl IdentityPool {
    pub(super) fn admits_guests(&self) -> bool {
        self.settings.get("AllowUnauthenticatedIdentities").is_some_and(|flag| flag == true || flag == "true")
    }

    pub(super) fn description(&self) -> Value {
        let mut shown = self.settings.clone();
        shown.insert("AllowUnauthenticatedIdentities".to_owned(), json!(self.admits_guests()));
        shown.insert("IdentityPoolId".to_owned(), json!(self.id));
        shown.insert("IdentityPoolName".to_owned(), json!(self.name));
        Value::Object(shown)
    }
}

/// The members of an input that make settings; what is not understood is refused by name.
fn accepted(core: &Core, input: Input<'_>, action: &str) -> Result<Map<String, Value>, ApiError> {
    let mut settings = Map::new();
    for (name, value) in input.0.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let is_empty = value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        match name.as_str() {
            "IdentityPoolId" | "IdentityPoolName" => {}
            "AllowUnauthenticatedIdentities" | "CognitoIdentityProviders" | "IdentityPoolTags" => {
                settings.insert(name.clone(), value.clone());
            }
            // The older flow is absent: only what says "no" is understood.
            "AllowClassicFlow" if value == false || value == "false" => {}
            "SupportedLoginProviders" | "OpenIdConnectProviderARNs" | "SamlProviderARNs" if is_empty => {}
            _ => return Err(ApiError::not_built("cognito-identity", &format!("{action} with {name}"))),
        }
    }
    let providers = settings.get("CognitoIdentityProviders").and_then(Value::as_array).into_iter().flatten();
    let prefix = core.issuer("");
    let prefix = prefix.trim_start_matches("https://");
    for provider in providers {
        let name = provider["ProviderName"].as_str().unwrap_or_default();
        if !name.starts_with(prefix) || provider["ClientId"].as_str().is_none_or(str::is_empty) {
            return Err(invalid(format!(
                "Invalid Cognito identity provider: ProviderName must be {prefix}{{userPoolId}}, and ClientId must be \
                 given."
            )));
        }
    }
    Ok(settings)
}

fn create(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = IdentityPool {
        id: format!("{}:{}", core.shared.region, core.shared.ids.uuid()),
        name: input.text("IdentityPoolName")?.to_owned(),
        settings: accepted(core, input, "CreateIdentityPool")?,
        roles: Map::new(),
        role_mappings: Map::new(),
    };
    core.identity_pools.put(&pool.id, &pool)?;
    Ok(pool.description())
}

fn update(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let _writer = core.writer();
    let mut pool = pool_of(core, input)?;
    pool.settings = accepted(core, input, "UpdateIdentityPool")?;
    input.text("IdentityPoolName")?.clone_into(&mut pool.name);
    core.identity_pools.put(&pool.id, &pool)?;
    Ok(pool.description())
}

fn delete(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let _writer = core.writer();
    let pool = pool_of(core, input)?;
    let mut batch = Batch::default();
    core.identity_pools.drop(&mut batch, &pool.id);
    for (key, _) in core.identities.all().into_iter().filter(|(_, identity)| identity.pool_id == pool.id) {
        core.identities.drop(&mut batch, &key);
    }
    for (key, _) in core.logins.starting_with(&format!("{}/", pool.id)) {
        core.logins.drop(&mut batch, &key);
    }
    core.shared.store.commit(batch)?;
    Ok(json!({}))
}

fn list(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (found, next) = page(core.identity_pools.all(), input.optional("NextToken"), input.limit("MaxResults", 60)?)?;
    let shown: Vec<Value> =
        found.iter().map(|pool| json!({ "IdentityPoolId": pool.id, "IdentityPoolName": pool.name })).collect();
    Ok(without_nulls(json!({ "IdentityPools": shown, "NextToken": next })))
}

fn set_roles(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let _writer = core.writer();
    let mut pool = pool_of(core, input)?;
    let members = |name: &str| input.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let (roles, mappings) = (members("Roles"), members("RoleMappings"));
    if let Some(kind) = roles.keys().find(|kind| !matches!(kind.as_str(), "authenticated" | "unauthenticated")) {
        return Err(invalid(format!("Invalid role type {kind}: must be authenticated or unauthenticated.")));
    }
    if mappings.values().any(|mapping| mapping["Type"] != "Token") {
        return Err(ApiError::not_built("cognito-identity", "SetIdentityPoolRoles with rules"));
    }
    pool.roles = roles;
    pool.role_mappings = mappings;
    core.identity_pools.put(&pool.id, &pool)?;
    Ok(json!({}))
}

fn get_roles(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = pool_of(core, input)?;
    let mut answer = json!({ "IdentityPoolId": pool.id, "Roles": pool.roles });
    if !pool.role_mappings.is_empty() {
        answer["RoleMappings"] = json!(pool.role_mappings);
    }
    Ok(answer)
}

fn describe_identity(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let id = input.text("IdentityId")?;
    let identity = core.identities.get(id).ok_or_else(|| not_found(format!("Identity '{id}' not found.")))?;
    let logins = identity.logins.iter().filter_map(|login| login.rsplit_once('/')).map(|(provider, _)| provider);
    Ok(json!({
        "IdentityId": id,
        "CreationDate": date(identity.created_ms),
        "LastModifiedDate": date(identity.created_ms),
        "Logins": logins.collect::<Vec<_>>(),
    }))
}
