//! A client of a user pool: which flows it may use, how long its tokens hold, its secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::fault::{invalid, not_authorized};
use super::input::{Input, date};
use crate::cloud::service::ApiError;

/// A client of a user pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Client {
    pub id: String,
    pub pool_id: String,
    pub name: String,
    /// The clear text: clients sign with it, and `DescribeUserPoolClient` shows it.
    pub secret: Option<String>,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// The members of `CreateUserPoolClient`'s input.
    pub settings: Map<String, Value>,
}

const MEMBERS: [&str; 14] = [
    "ExplicitAuthFlows",
    "RefreshTokenValidity",
    "AccessTokenValidity",
    "IdTokenValidity",
    "TokenValidityUnits",
    "ReadAttributes",
    "WriteAttributes",
    "PreventUserExistenceErrors",
    "EnableTokenRevocation",
    "AuthSessionValidity",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "EnablePropagateAdditionalUserContextData",
];

/// The flows of today and of old; the old names stand for them without `ALLOW_`.
const FLOWS: [&str; 9] = [
    "ADMIN_NO_SRP_AUTH",
    "CUSTOM_AUTH_FLOW_ONLY",
    "USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_AUTH",
];

/// The members of an input that make settings; what is not understood is refused by name.
pub(super) fn accepted(input: Input<'_>, action: &str) -> Result<Map<String, Value>, ApiError> {
    let mut settings = Map::new();
    for (name, value) in input.0.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "UserPoolId" | "ClientId" | "ClientName" | "GenerateSecret" => {}
            // Hosted sign-in pages are absent: only what says "none" is understood.
            "AllowedOAuthFlowsUserPoolClient" if value == false || value == "false" => {}
            "AllowedOAuthFlows" | "AllowedOAuthScopes" if value.as_array().is_some_and(Vec::is_empty) => {}
            "RefreshTokenRotation" if value["Feature"] == "DISABLED" => {}
            known if MEMBERS.contains(&known) => {
                settings.insert(name.clone(), value.clone());
            }
            _ => return Err(ApiError::not_built("cognito-idp", &format!("{action} with {name}"))),
        }
    }
    check(&settings)?;
    Ok(settings)
}

fn check(settings: &Map<String, Value>) -> Result<(), ApiError> {
    let list = |name: &str| {
        let list = settings.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let flows = list("ExplicitAuthFlows");
    if let Some(wrong) = flows.iter().find(|flow| !FLOWS.contains(&flow.as_str())) {
        return Err(invalid(format!(
            "1 validation error detected: Value '[{wrong}]' at 'explicitAuthFlows' failed to satisfy constraint: Member \
             must satisfy constraint: [Member must satisfy enum value set: [{}]]",
            FLOWS.join(", ")
        )));
    }
    if let Some(provider) = list("SupportedIdentityProviders").iter().find(|provider| *provider != "COGNITO") {
        return Err(ApiError::not_built("cognito-idp", &format!("sign-in by {provider}")));
    }
    let client = Client::with(settings.clone());
    let (access, id, refresh) = (client.access_s(), client.id_s(), client.refresh_s());
    let day = 86_400;
    let fits = (300..=day).contains(&access)
        && (300..=day).contains(&id)
        && (3600..=3650 * day).contains(&refresh)
        && access.max(id) <= refresh;
    if !fits {
        return Err(invalid(
            "Invalid range for token validity: access and id tokens hold 5 minutes to 1 day and no longer than the \
             refresh token, refresh tokens 60 minutes to 3650 days.",
        ));
    }
    Ok(())
}

impl Client {
    fn with(settings: Map<String, Value>) -> Self {
        let none = String::new;
        Self { id: none(), pool_id: none(), name: none(), secret: None, created_ms: 0, modified_ms: 0, settings }
    }

    fn seconds(&self, setting: &str, token: &str, unit: &str, otherwise: i64) -> i64 {
        let number = self.settings.get(setting);
        let number = number.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
        // A refresh token validity of 0 asks for the default.
        let Some(number) = number.filter(|number| *number != 0) else {
            return otherwise;
        };
        let units = self.settings.get("TokenValidityUnits");
        let unit = units.and_then(|units| units.get(token)).and_then(Value::as_str).unwrap_or(unit);
        number.saturating_mul(match unit {
            "seconds" => 1,
            "minutes" => 60,
            "days" => 86_400,
            _ => 3600,
        })
    }

    /// How long access tokens hold, in seconds.
    pub(super) fn access_s(&self) -> i64 {
        self.seconds("AccessTokenValidity", "AccessToken", "hours", 3600)
    }

    /// How long id tokens hold, in seconds.
    pub(super) fn id_s(&self) -> i64 {
        self.seconds("IdTokenValidity", "IdToken", "hours", 3600)
    }

    /// How long refresh tokens hold, in seconds.
    pub(super) fn refresh_s(&self) -> i64 {
        self.seconds("RefreshTokenValidity", "RefreshToken", "days", 30 * 86_400)
    }

    /// How long the answer to a challenge may take, in milliseconds.
    pub(super) fn session_ms(&self) -> i64 {
        self.settings.get("AuthSessionValidity").and_then(Value::as_i64).unwrap_or(3) * 60_000
    }

    /// Whether answers must not tell whether a user exists. Clients that do not say are of the old kind.
    pub(super) fn hides_users(&self) -> bool {
        self.settings.get("PreventUserExistenceErrors").is_some_and(|value| value == "ENABLED")
    }

    /// Whether its refresh tokens can be revoked.
    pub(super) fn revokes(&self) -> bool {
        self.settings.get("EnableTokenRevocation").is_none_or(|value| value != false && value != "false")
    }

    /// Refuses a flow that the client was not allowed. `flow` is without `ALLOW_`.
    pub(super) fn check_flow(&self, flow: &str) -> Result<(), ApiError> {
        let list = Input(self.settings.get("ExplicitAuthFlows").unwrap_or(&Value::Null)).0.as_array();
        let allowed: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
        let is_allowed = if allowed.is_empty() {
            matches!(flow, "REFRESH_TOKEN_AUTH" | "USER_SRP_AUTH" | "CUSTOM_AUTH")
        } else {
            let old_style = !allowed.iter().any(|one| one.starts_with("ALLOW_"));
            allowed.iter().any(|one| one.strip_prefix("ALLOW_").unwrap_or(one) == flow)
                || (flow == "ADMIN_USER_PASSWORD_AUTH" && allowed.contains(&"ADMIN_NO_SRP_AUTH"))
                // Clients of the old kind always had these.
                || (old_style && matches!(flow, "REFRESH_TOKEN_AUTH" | "USER_SRP_AUTH"))
        };
        match flow {
            _ if is_allowed => Ok(()),
            "USER_SRP_AUTH" => Err(invalid("USER_SRP_AUTH is not enabled for the client.")),
            "USER_PASSWORD_AUTH" => Err(invalid("USER_PASSWORD_AUTH flow not enabled for this client")),
            _ => Err(invalid("Auth flow not enabled for this client")),
        }
    }

    /// Checks the HMAC by which a client with a secret proves that it has it.
    pub(super) fn check_secret(&self, username: &str, hash: Option<&str>) -> Result<(), ApiError> {
        let Some(secret) = &self.secret else {
            return match hash {
                Some(_) => Err(not_authorized(format!("Unable to verify secret hash for client {}", self.id))),
                None => Ok(()),
            };
        };
        let Some(hash) = hash else {
            return Err(not_authorized(format!(
                "Client {} is configured with secret but SECRET_HASH was not received",
                self.id
            )));
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(username.as_bytes());
        mac.update(self.id.as_bytes());
        STANDARD
            .decode(hash)
            .ok()
            .filter(|hash| mac.verify_slice(hash).is_ok())
            .map(drop)
            .ok_or_else(|| not_authorized(format!("Unable to verify secret hash for client {}", self.id)))
    }

    /// Whether users may read an attribute through this client. Without a list, all.
    pub(super) fn reads(&self, attribute: &str) -> bool {
        self.settings
            .get("ReadAttributes")
            .and_then(Value::as_array)
            .is_none_or(|list| list.is_empty() || attribute == "sub" || list.iter().any(|one| one == attribute))
    }

    /// Refuses attributes that users may not write through this client. Without a list, all may be.
    pub(super) fn check_writes<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> Result<(), ApiError> {
        let list = self.settings.get("WriteAttributes").and_then(Value::as_array).filter(|list| !list.is_empty());
        let refused = names.into_iter().any(|name| list.is_some_and(|list| !list.iter().any(|one| one == name)));
        if refused { Err(not_authorized("A client attempted to write unauthorized attribute")) } else { Ok(()) }
    }

    /// What `DescribeUserPoolClient` says.
    pub(super) fn description(&self) -> Value {
        let mut shown = self.settings.clone();
        let days = self.refresh_s() / 86_400;
        shown.entry("RefreshTokenValidity").or_insert_with(|| json!(days));
        shown.entry("EnableTokenRevocation").or_insert_with(|| json!(true));
        shown.insert("AllowedOAuthFlowsUserPoolClient".to_owned(), json!(false));
        shown.insert("UserPoolId".to_owned(), json!(self.pool_id));
        shown.insert("ClientId".to_owned(), json!(self.id));
        shown.insert("ClientName".to_owned(), json!(self.name));
        shown.insert("CreationDate".to_owned(), date(self.created_ms));
        shown.insert("LastModifiedDate".to_owned(), date(self.modified_ms));
        if let Some(secret) = &self.secret {
            shown.insert("ClientSecret".to_owned(), json!(secret));
        }
        Value::Object(shown)
    }
}
