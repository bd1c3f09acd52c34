//! From a guest or a user's id token to an identity, and from an identity to credentials of a role.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::fault::{not_authorized, not_found};
use super::super::input::Input;
use super::super::{Claims, Core};
use super::{Identity, IdentityPool, pool_of};
use crate::cloud::iam::RoleRequest;
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

/// How long credentials hold.
const SECONDS: i64 = 3600;

/// A login that was checked.
struct Login {
    /// `cognito-idp.{region}.amazonaws.com/{userPoolId}`.
    provider: String,
    claims: Claims,
}

impl Login {
    fn name(&self) -> String {
        format!("{}/{}", self.provider, self.claims.sub)
    }
}

/// The logins of an input, each with a good token of a provider of this pool.
fn logins(core: &Core, pool: &IdentityPool, input: Input<'_>) -> Result<Vec<Login>, ApiError> {
    let not_a_token = || not_authorized("Invalid login token. Not a valid OpenId Connect identity token.");
    let mut checked = Vec::new();
    for (provider, token) in input.parameters("Logins") {
        let providers = pool.settings.get("CognitoIdentityProviders").and_then(Value::as_array).into_iter().flatten();
        let mut clients = providers.filter(|one| one["ProviderName"] == *provider).peekable();
        if clients.peek().is_none() {
            return Err(not_authorized("Token is not from a supported provider of this identity pool."));
        }
        let claims = core.verify(&token, "token").map_err(|error| match error.message.as_str() {
            "Token has expired" => not_authorized("Invalid login token. Token expired."),
            "Token has been revoked" => not_authorized("Invalid login token. Token is revoked."),
            _ if error.status == 400 => not_a_token(),
            _ => error,
        })?;
        if claims.token_use != "id" {
            return Err(not_a_token());
        }
        if core.issuer(&claims.pool_id) != format!("https://{provider}") {
            return Err(not_authorized("Invalid login token. Issuer doesn't match providerName"));
        }
        if !clients.any(|one| one["ClientId"] == *claims.client_id) {
            return Err(not_authorized("Token is not from a supported provider of this identity pool."));
        }
        checked.push(Login { provider, claims });
    }
    Ok(checked)
}

pub(super) fn get_id(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = pool_of(core, input)?;
    let logins = logins(core, &pool, input)?;
    if logins.is_empty() && !pool.admits_guests() {
        return Err(no_guests());
    }
    let _writer = core.writer();
    let known = logins.iter().find_map(|login| core.logins.get(&login_key(&pool, &login.name())));
    let id = known.unwrap_or_else(|| format!("{}:{}", core.shared.region, core.shared.ids.uuid()));
    let identity = core.identities.get(&id).unwrap_or_else(|| Identity {
        pool_id: pool.id.clone(),
        created_ms: core.shared.clock.now_ms(),
        logins: Vec::new(),
    });
    link(core, &pool, &id, identity, &logins)?;
    Ok(json!({ "IdentityId": id }))
}

fn no_guests() -> ApiError {
    not_authorized("Unauthenticated access is not supported for this identity pool.")
}

fn login_key(pool: &IdentityPool, login: &str) -> String {
    format!("{}/{login}", pool.id)
}

/// Writes an identity with the logins that are now its own.
fn link(core: &Core, pool: &IdentityPool, id: &str, mut identity: Identity, logins: &[Login]) -> Result<(), ApiError> {
    let mut batch = Batch::default();
    for login in logins.iter().map(Login::name) {
        core.logins.add(&mut batch, &login_key(pool, &login), &id.to_owned());
        if !identity.logins.contains(&login) {
            identity.logins.push(login);
        }
    }
    core.identities.add(&mut batch, id, &identity);
    Ok(core.shared.store.commit(batch)?)
}

pub(super) fn get(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let id = input.text("IdentityId")?;
    let gone = || not_found(format!("Identity '{id}' not found."));
    let identity = core.identities.get(id).ok_or_else(gone)?;
    let pool = core.identity_pools.get(&identity.pool_id).ok_or_else(gone)?;
    let logins = logins(core, &pool, input)?;
    let id = owner(core, &pool, id, identity, &logins)?;
    let role = role(&pool, &logins, input)?;
    let amr = match logins.first() {
        Some(login) => vec![
            "authenticated".to_owned(),
            login.provider.clone(),
            format!("{}:CognitoSignIn:{}", login.provider, login.claims.sub),
        ],
        None => vec!["unauthenticated".to_owned()],
    };
    let key = |name: &str| format!("cognito-identity.amazonaws.com:{name}");
    let context =
        BTreeMap::from([(key("aud"), vec![pool.id.clone()]), (key("sub"), vec![id.clone()]), (key("amr"), amr)]);
    let request = RoleRequest {
        role_arn: &role,
        session_name: "CognitoIdentityCredentials",
        principal: ("Federated", "cognito-identity.amazonaws.com"),
        action: "sts:AssumeRoleWithWebIdentity",
        context,
        seconds: SECONDS,
    };
    let credentials = core.iam.assume(&request).map_err(|error| match error.status {
        // The role is missing or its trust policy does not admit this pool.
        400 | 403 | 404 => misconfigured(),
        _ => error,
    })?;
    Ok(json!({
        "IdentityId": id,
        "Credentials": {
            "AccessKeyId": credentials.access_key,
            "SecretKey": credentials.secret_key.reveal(),
            "SessionToken": credentials.session_token.reveal(),
            "Expiration": credentials.expires_at_s,
        },
    }))
}

fn misconfigured() -> ApiError {
    ApiError::new(
        "InvalidIdentityPoolConfigurationException",
        "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    )
}

/// Whose the logins are. A guest who signs in keeps the identity when the login has none yet; whoever comes back is the
/// one of before, and the guest's identity ends in theirs (Cognito guide, "Switching unauthenticated identities").
fn owner(core: &Core, pool: &IdentityPool, id: &str, identity: Identity, logins: &[Login]) -> Result<String, ApiError> {
    let is_guest = identity.logins.is_empty();
    if logins.is_empty() {
        return match is_guest {
            true if pool.admits_guests() => Ok(id.to_owned()),
            true => Err(no_guests()),
            false => Err(not_authorized(format!("Access to Identity '{id}' is forbidden."))),
        };
    }
    let _writer = core.writer();
    let owners: BTreeSet<String> =
        logins.iter().filter_map(|login| core.logins.get(&login_key(pool, &login.name()))).collect();
    let known = match owners.len() {
        0 if is_guest => id.to_owned(),
        1 => owners.into_iter().next().filter(|owner| is_guest || owner == id).ok_or_else(no_match)?,
        _ => return Err(no_match()),
    };
    if known == id {
        link(core, pool, id, identity, logins)?;
        return Ok(known);
    }
    let before = core.identities.get(&known).ok_or_else(no_match)?;
    let mut batch = Batch::default();
    core.identities.drop(&mut batch, id);
    core.shared.store.commit(batch)?;
    link(core, pool, &known, before, logins)?;
    Ok(known)
}

fn no_match() -> ApiError {
    not_authorized("Logins don't match. Please include at least one valid login for this identity or identity pool.")
}

/// The role of a guest or user: by the token where the pool says so, else the pool's.
fn role(pool: &IdentityPool, logins: &[Login], input: Input<'_>) -> Result<String, ApiError> {
    let pool_role = |kind: &str| pool.roles.get(kind).and_then(Value::as_str).map(str::to_owned);
    let Some(login) = logins.first() else {
        return pool_role("unauthenticated").ok_or_else(misconfigured);
    };
    let custom = input.optional("CustomRoleArn");
    let mapping = pool.role_mappings.get(&format!("{}:{}", login.provider, login.claims.client_id));
    let Some(mapping) = mapping else {
        return match custom {
            Some(_) => Err(ApiError::new("InvalidParameterException", "Invalid parameter CustomRoleArn.")),
            None => pool_role("authenticated").ok_or_else(misconfigured),
        };
    };
    let by_token = token_role(&login.claims.all, custom)?;
    match by_token {
        Some(role) => Ok(role),
        None if mapping["AmbiguousRoleResolution"] == "AuthenticatedRole" => {
            pool_role("authenticated").ok_or_else(misconfigured)
        }
        None => Err(not_authorized("Token does not contain a role.")),
    }
}

/// The role that a token asks for, or the one that the caller chose among those in the token.
fn token_role(claims: &Map<String, Value>, custom: Option<&str>) -> Result<Option<String>, ApiError> {
    let roles = claims.get("cognito:roles").and_then(Value::as_array).cloned().unwrap_or_default();
    match custom {
        Some(custom) if roles.iter().any(|role| role == custom) => Ok(Some(custom.to_owned())),
        Some(_) => Err(not_authorized("Access denied: the token does not contain the role.")),
        None => Ok(claims.get("cognito:preferred_role").and_then(Value::as_str).map(str::to_owned)),
    }
}
