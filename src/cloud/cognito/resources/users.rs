//! `AWS::Cognito::UserPool`, `UserPoolClient` and `UserPoolGroup`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::fault::invalid;
use super::super::input::Input;
use super::super::{Core, clients, groups, pools};
use super::{Kind, input, with_stack_tags};
use crate::cloud::service::{ApiError, Provisioned, ResourceRequest};

/// `AWS::Cognito::UserPool`.
pub(super) struct UserPool;

/// Properties that `CreateUserPool` takes under the same name.
const POOL_INPUT: [&str; 20] = [
    "Policies",
    "LambdaConfig",
    "AutoVerifiedAttributes",
    "VerificationMessageTemplate",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "SmsVerificationMessage",
    "SmsAuthenticationMessage",
    "UserAttributeUpdateSettings",
    "EmailConfiguration",
    "SmsConfiguration",
    "UserPoolTags",
    "AdminCreateUserConfig",
    "AccountRecoverySetting",
    "DeletionProtection",
    "UserPoolTier",
    "AliasAttributes",
    "UsernameAttributes",
    "UsernameConfiguration",
    "Schema",
];

/// How many of them `UpdateUserPool` takes as well.
const POOL_CHANGES: usize = 16;

impl Kind for UserPool {
    const NAME: &'static str = "AWS::Cognito::UserPool";
    const PROPERTIES: &'static [&'static str] = &[
        "UserPoolName",
        "LambdaConfig",
        "Policies",
        "AutoVerifiedAttributes",
        "VerificationMessageTemplate",
        "EmailVerificationMessage",
        "EmailVerificationSubject",
        "SmsVerificationMessage",
        "SmsAuthenticationMessage",
        "UserAttributeUpdateSettings",
        "EmailConfiguration",
        "SmsConfiguration",
        "UserPoolTags",
        "AdminCreateUserConfig",
        "AccountRecoverySetting",
        "DeletionProtection",
        "UserPoolTier",
        "AliasAttributes",
        "UsernameAttributes",
        "UsernameConfiguration",
        "Schema",
        "MfaConfiguration",
        "EnabledMfas",
    ];
    const REQUIRED: &'static [&'static str] = &[];
    // None: CloudFormation refuses to change the fixed properties rather than replace a pool with all its users.
    const CREATE_ONLY: &'static [&'static str] = &[];
    const ATTRIBUTES: &'static [&'static str] = &["Arn", "ProviderName", "ProviderURL", "UserPoolId"];

    fn create(core: &Core, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        let mfa = mfa(request)?;
        let mut input = input(request, &POOL_INPUT);
        with_stack_tags(&mut input, "UserPoolTags", &request.tags);
        let name = request.text("UserPoolName").unwrap_or_else(|| request.generated_name(&*core.shared.ids, 128));
        input.insert("PoolName".to_owned(), json!(name));
        let made = pools::create(core, Input(&Value::Object(input)))?;
        let id = made["UserPool"]["Id"].as_str().unwrap_or_default().to_owned();
        if let Some(mfa) = mfa
            && let Err(error) = set_mfa(core, &id, mfa)
        {
            core.pools.remove(&id)?;
            return Err(error);
        }
        described(core, &id)
    }

    fn update(core: &Core, current: &Provisioned, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        let id = &current.physical_id;
        let before = request.previous.as_ref();
        for name in ["AliasAttributes", "UsernameAttributes", "UsernameConfiguration"] {
            if before.and_then(|before| before.get(name)) != request.property(name) {
                return Err(invalid(format!("Updates are not allowed for property - {name}.")));
            }
        }
        let added = added_attributes(before.and_then(|before| before.get("Schema")), request.property("Schema"))?;
        let mfa = mfa(request)?;
        let mut input = input(request, &POOL_INPUT[..POOL_CHANGES]);
        with_stack_tags(&mut input, "UserPoolTags", &request.tags);
        input.insert("UserPoolId".to_owned(), json!(id));
        if let Some(name) = request.text("UserPoolName") {
            input.insert("PoolName".to_owned(), json!(name));
        }
        pools::update(core, Input(&Value::Object(input)))?;
        if !added.is_empty() {
            pools::add_attributes(core, Input(&json!({ "UserPoolId": id, "CustomAttributes": added })))?;
        }
        set_mfa(core, id, mfa.unwrap_or_else(|| json!({ "MfaConfiguration": "OFF" })))?;
        described(core, id)
    }

    fn delete(core: &Core, current: &Provisioned, _request: &ResourceRequest) -> Result<(), ApiError> {
        pools::delete(core, Input(&json!({ "UserPoolId": current.physical_id }))).map(drop)
    }
}

/// The input of `SetUserPoolMfaConfig`, when the template says something about it.
fn mfa(request: &ResourceRequest) -> Result<Option<Value>, ApiError> {
    let factors = request.property("EnabledMfas").and_then(Value::as_array);
    let factors: Vec<&str> = factors.into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(factor) = factors.iter().find(|factor| **factor != "SOFTWARE_TOKEN_MFA") {
        return Err(ApiError::not_built("cognito-idp", &format!("EnabledMfas with {factor}")));
    }
    let mode = request.text("MfaConfiguration");
    if mode.is_none() && factors.is_empty() {
        return Ok(None);
    }
    let mut input = json!({ "MfaConfiguration": mode.unwrap_or_else(|| "OFF".to_owned()) });
    if !factors.is_empty() {
        input["SoftwareTokenMfaConfiguration"] = json!({ "Enabled": true });
    }
    Ok(Some(input))
}

fn set_mfa(core: &Core, id: &str, mut input: Value) -> Result<(), ApiError> {
    input["UserPoolId"] = json!(id);
    pools::set_mfa(core, Input(&input)).map(drop)
}

/// New custom attributes; those that a pool has stay as they are for good.
fn added_attributes(before: Option<&Value>, after: Option<&Value>) -> Result<Vec<Value>, ApiError> {
    let list = |value: Option<&Value>| {
        let list = value.and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter().map(super::typed).collect::<Vec<_>>()
    };
    let (before, after) = (list(before), list(after));
    if before.iter().any(|attribute| !after.contains(attribute)) {
        return Err(invalid("Existing schema attributes cannot be modified or deleted."));
    }
    let added: Vec<Value> = after.into_iter().filter(|attribute| !before.contains(attribute)).collect();
    if added.iter().any(|attribute| Input(attribute).flag("Required")) {
        return Err(invalid("Required custom attributes are not supported currently."));
    }
    Ok(added)
}

fn described(core: &Core, id: &str) -> Result<Provisioned, ApiError> {
    let pool = core.pool(id)?;
    let url = core.issuer(id);
    let attributes = BTreeMap::from([
        ("Arn".to_owned(), json!(pool.arn)),
        ("ProviderName".to_owned(), json!(url.trim_start_matches("https://"))),
        ("ProviderURL".to_owned(), json!(url)),
        ("UserPoolId".to_owned(), json!(id)),
    ]);
    Ok(Provisioned { physical_id: id.to_owned(), attributes })
}

/// `AWS::Cognito::UserPoolClient`.
pub(super) struct UserPoolClient;

impl UserPoolClient {
    fn input(core: &Core, request: &ResourceRequest) -> Map<String, Value> {
        let mut input = input(request, Self::PROPERTIES);
        if !input.contains_key("ClientName") {
            input.insert("ClientName".to_owned(), json!(request.generated_name(&*core.shared.ids, 128)));
        }
        input
    }

    fn described(client: &Value) -> Provisioned {
        let text = |name: &str| client["UserPoolClient"][name].clone();
        let mut attributes =
            BTreeMap::from([("ClientId".to_owned(), text("ClientId")), ("Name".to_owned(), text("ClientName"))]);
        if !text("ClientSecret").is_null() {
            attributes.insert("ClientSecret".to_owned(), text("ClientSecret"));
        }
        Provisioned { physical_id: text("ClientId").as_str().unwrap_or_default().to_owned(), attributes }
    }
}

impl Kind for UserPoolClient {
    const NAME: &'static str = "AWS::Cognito::UserPoolClient";
    const PROPERTIES: &'static [&'static str] = &[
        "UserPoolId",
        "ClientName",
        "GenerateSecret",
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
        "AllowedOAuthFlowsUserPoolClient",
        "AllowedOAuthFlows",
        "AllowedOAuthScopes",
        "EnablePropagateAdditionalUserContextData",
    ];
    const REQUIRED: &'static [&'static str] = &["UserPoolId"];
    const CREATE_ONLY: &'static [&'static str] = &["UserPoolId", "GenerateSecret"];
    const ATTRIBUTES: &'static [&'static str] = &["ClientId", "ClientSecret", "Name"];

    fn create(core: &Core, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        let input = Value::Object(Self::input(core, request));
        Ok(Self::described(&clients::create(core, Input(&input))?))
    }

    fn update(core: &Core, current: &Provisioned, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        let mut input = input(request, Self::PROPERTIES);
        input.insert("ClientId".to_owned(), json!(current.physical_id));
        Ok(Self::described(&clients::update(core, Input(&Value::Object(input)))?))
    }

    fn delete(core: &Core, current: &Provisioned, _request: &ResourceRequest) -> Result<(), ApiError> {
        Ok(core.clients.remove(&current.physical_id)?)
    }
}

/// `AWS::Cognito::UserPoolGroup`.
pub(super) struct UserPoolGroup;

impl Kind for UserPoolGroup {
    const NAME: &'static str = "AWS::Cognito::UserPoolGroup";
    const PROPERTIES: &'static [&'static str] = &["UserPoolId", "GroupName", "Description", "Precedence", "RoleArn"];
    const REQUIRED: &'static [&'static str] = &["UserPoolId"];
    const CREATE_ONLY: &'static [&'static str] = &["UserPoolId", "GroupName"];
    const ATTRIBUTES: &'static [&'static str] = &[];

    fn create(core: &Core, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        let mut input = input(request, Self::PROPERTIES);
        let name = request.text("GroupName").unwrap_or_else(|| request.generated_name(&*core.shared.ids, 128));
        input.insert("GroupName".to_owned(), json!(name));
        groups::create(core, Input(&Value::Object(input)))?;
        Ok(Provisioned { physical_id: name, attributes: BTreeMap::new() })
    }

    fn update(core: &Core, current: &Provisioned, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        let mut input = input(request, Self::PROPERTIES);
        input.insert("GroupName".to_owned(), json!(current.physical_id));
        groups::update(core, Input(&Value::Object(input)))?;
        Ok(current.clone())
    }

    fn delete(core: &Core, current: &Provisioned, request: &ResourceRequest) -> Result<(), ApiError> {
        let pool = request.text("UserPoolId").unwrap_or_default();
        groups::delete(core, Input(&json!({ "UserPoolId": pool, "GroupName": current.physical_id }))).map(drop)
    }
}
