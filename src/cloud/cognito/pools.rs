//! Actions on user pools.

use serde_json::{Map, Value, json};

use super::Core;
use super::fault::invalid;
use super::input::{Input, date, page, without_nulls};
use super::pool::{self, Pool};
use crate::base::Arn;
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

pub(super) fn create(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.text("PoolName")?;
    let settings = pool::accepted(input, "CreateUserPool")?;
    check_mfa(&settings, true)?;
    // As Cognito's: nine letters and digits of either case.
    let id = format!("{}_{}", core.shared.region, mixed_case(core, 9));
    let arn = Arn::aws("cognito-idp", core.shared.region.as_str(), core.shared.account, format!("userpool/{id}"));
    let now_ms = core.shared.clock.now_ms();
    let pool =
        Pool { id, arn: arn.to_string(), name: name.to_owned(), created_ms: now_ms, modified_ms: now_ms, settings };
    core.pools.put(&pool.id, &pool)?;
    Ok(json!({ "UserPool": pool.description(0) }))
}

fn mixed_case(core: &Core, length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = vec![0; length];
    core.shared.ids.fill(&mut random);
    random.into_iter().map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect()
}

/// A pool that asks for a second factor must have one; at creation the kinds come in a second call.
fn check_mfa(settings: &Map<String, Value>, creating: bool) -> Result<(), ApiError> {
    let mode = settings.get("MfaConfiguration").and_then(Value::as_str).unwrap_or("OFF");
    if !matches!(mode, "OFF" | "OPTIONAL" | "ON") {
        return Err(invalid(format!(
            "1 validation error detected: Value '{mode}' at 'mfaConfiguration' failed to satisfy constraint: Member must \
             satisfy enum value set: [ON, OFF, OPTIONAL]"
        )));
    }
    if mode != "OFF" && !creating && !settings.contains_key("SoftwareTokenMfaConfiguration") {
        return Err(invalid("Invalid MFA configuration given, can't turn on MFA and disable all MFAs."));
    }
    Ok(())
}

pub(super) fn describe(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    Ok(json!({ "UserPool": pool.description(core.users_of(&pool).len()) }))
}

/// `UpdateUserPool`: settings that are not given go back to their defaults, as with Cognito.
pub(super) fn update(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let _writer = core.writer();
    let mut pool = core.pool_of(input)?;
    let mut settings = pool::accepted(input, "UpdateUserPool")?;
    let kept =
        ["Schema", "AliasAttributes", "UsernameAttributes", "UsernameConfiguration", "SoftwareTokenMfaConfiguration"];
    for name in kept {
        if let Some(value) = pool.settings.get(name) {
            settings.insert(name.to_owned(), value.clone());
        }
    }
    if !settings.contains_key("MfaConfiguration")
        && let Some(value) = pool.settings.get("MfaConfiguration")
    {
        settings.insert("MfaConfiguration".to_owned(), value.clone());
    }
    check_mfa(&settings, false)?;
    pool.settings = settings;
    if let Some(name) = input.optional("PoolName") {
        name.clone_into(&mut pool.name);
    }
    pool.modified_ms = core.shared.clock.now_ms();
    core.pools.put(&pool.id, &pool)?;
    Ok(json!({}))
}

pub(super) fn delete(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    if pool.is_protected() {
        return Err(invalid(
            "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be \
             inactivated first.",
        ));
    }
    let _writer = core.writer();
    let mut batch = Batch::default();
    let prefix = format!("{}/", pool.id);
    for (key, user) in core.users.starting_with(&prefix) {
        core.users.drop(&mut batch, &key);
        for (key, _) in core.sessions.starting_with(&format!("{}/", user.sub)) {
            core.sessions.drop(&mut batch, &key);
        }
    }
    for (key, _) in core.aliases.starting_with(&prefix) {
        core.aliases.drop(&mut batch, &key);
    }
    for (key, _) in core.groups.starting_with(&prefix) {
        core.groups.drop(&mut batch, &key);
    }
    for (key, client) in core.clients.all() {
        if client.pool_id == pool.id {
            core.clients.drop(&mut batch, &key);
        }
    }
    for (key, message) in core.mail.all() {
        if message.pool_id == pool.id {
            core.mail.drop(&mut batch, &key);
        }
    }
    core.pools.drop(&mut batch, &pool.id);
    core.shared.store.commit(batch)?;
    Ok(json!({}))
}

pub(super) fn list(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (found, next) = page(core.pools.all(), input.optional("NextToken"), input.limit("MaxResults", 60)?)?;
    let shown: Vec<Value> = found
        .iter()
        .map(|pool| {
            json!({
                "Id": pool.id,
                "Name": pool.name,
                "CreationDate": date(pool.created_ms),
                "LastModifiedDate": date(pool.modified_ms),
            })
        })
        .collect();
    Ok(without_nulls(json!({ "UserPools": shown, "NextToken": next })))
}

pub(super) fn set_mfa(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    for name in ["SmsMfaConfiguration", "EmailMfaConfiguration", "WebAuthnConfiguration"] {
        if input.get(name).is_some() {
            return Err(ApiError::not_built("cognito-idp", &format!("SetUserPoolMfaConfig with {name}")));
        }
    }
    let _writer = core.writer();
    let mut pool = core.pool_of(input)?;
    let enabled = input.get("SoftwareTokenMfaConfiguration").is_some_and(|one| Input(one).flag("Enabled"));
    if enabled {
        pool.settings.insert("SoftwareTokenMfaConfiguration".to_owned(), json!({ "Enabled": true }));
    } else {
        pool.settings.remove("SoftwareTokenMfaConfiguration");
    }
    pool.settings.insert("MfaConfiguration".to_owned(), json!(input.optional("MfaConfiguration").unwrap_or("OFF")));
    check_mfa(&pool.settings, false)?;
    pool.modified_ms = core.shared.clock.now_ms();
    core.pools.put(&pool.id, &pool)?;
    Ok(mfa(&pool))
}

fn mfa(pool: &Pool) -> Value {
    let mut answer = json!({ "MfaConfiguration": pool.mfa() });
    if let Some(configuration) = pool.settings.get("SoftwareTokenMfaConfiguration") {
        answer["SoftwareTokenMfaConfiguration"] = configuration.clone();
    }
    answer
}

pub(super) fn get_mfa(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    Ok(mfa(&core.pool_of(input)?))
}

/// `AddCustomAttributes`.
pub(super) fn add_attributes(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let _writer = core.writer();
    let mut pool = core.pool_of(input)?;
    let added = input.get("CustomAttributes").and_then(Value::as_array).cloned().unwrap_or_default();
    let schema = pool.settings.entry("Schema").or_insert_with(|| json!([]));
    let list = schema.as_array_mut().ok_or_else(|| invalid("Schema must be a list."))?;
    for attribute in added {
        let name = attribute["Name"].as_str().unwrap_or_default();
        let bare = |name: &str| name.strip_prefix("custom:").unwrap_or(name).to_owned();
        if list.iter().any(|known| known["Name"].as_str().is_some_and(|known| bare(known) == bare(name))) {
            return Err(invalid(format!("custom:{}: Existing attribute already has name custom:{0}.", bare(name))));
        }
        list.push(attribute);
    }
    core.pools.put(&pool.id, &pool)?;
    Ok(json!({}))
}
