//! What signed-in users do with their own account: read it, change attributes, verify them, leave.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Core;
use super::attribute::{self, Writer};
use super::client::Client;
use super::code::Purpose;
use super::fault::{invalid, not_authorized};
use super::input::Input;
use super::mailbox::{self, Letter};
use super::pool::Pool;
use super::trigger::Origin;
use super::user::User;
use crate::cloud::service::ApiError;

impl Core {
    /// The user of the input's access token, with pool and client.
    pub(super) fn signed_in(&self, input: Input<'_>) -> Result<(Pool, Client, User), ApiError> {
        let claims = self.verify(input.text("AccessToken")?, "Access Token")?;
        if claims.token_use != "access" {
            return Err(not_authorized("Invalid Access Token"));
        }
        let pool = self.pool(&claims.pool_id)?;
        let client = self.clients.get(&claims.client_id).ok_or_else(|| not_authorized("Invalid Access Token"))?;
        let user = self.user(&pool, &claims.username)?;
        if !user.enabled {
            return Err(not_authorized("User is disabled."));
        }
        Ok((pool, client, user))
    }
}

pub(super) fn get(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, client, user) = core.signed_in(input)?;
    let mut answer =
        json!({ "Username": user.username, "UserAttributes": user.attribute_list(|name| client.reads(name)) });
    user.add_mfa(&mut answer);
    Ok(answer)
}

pub(super) fn update_attributes(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client, user) = core.signed_in(input)?;
    let attributes = input.attributes("UserAttributes")?;
    client.check_writes(attributes.keys())?;
    attribute::check(&pool, &attributes, Writer::User, false)?;
    let sent = change_attributes(core, &pool, &user, attributes, Origin::client(&client, input))?;
    Ok(json!({ "CodeDeliveryDetailsList": sent }))
}

/// Changes attributes, and sends codes to new addresses that the pool verifies by itself.
fn change_attributes(
    core: &Core,
    pool: &Pool,
    user: &User,
    attributes: BTreeMap<String, String>,
    origin: Origin<'_>,
) -> Result<Vec<Value>, ApiError> {
    let held = pool.verified_before_update();
    let is_new = |name: &str, value: &String| user.attributes.get(name) != Some(value) && !value.is_empty();
    let to_verify: Vec<(String, String)> = attributes
        .iter()
        .filter(|(name, value)| pool.auto_verified().contains(&name.as_str()) && is_new(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let (later, now): (BTreeMap<_, _>, BTreeMap<_, _>) =
        attributes.into_iter().partition(|(name, value)| held.contains(&name.as_str()) && is_new(name, value));
    let user = core.change_user(pool, &user.username, |user| {
        user.set_attributes(now);
        user.pending.extend(later);
        Ok(user.clone())
    })?;
    let kind = "UpdateUserAttribute";
    to_verify
        .into_iter()
        .map(|(attribute, to)| send_code(core, pool, &user, (&attribute, &to), (kind, origin)))
        .collect()
}

/// Sends a code to an address, for the occasion that `kind` names.
fn send_code(
    core: &Core,
    pool: &Pool,
    user: &User,
    (attribute, to): (&str, &str),
    (kind, origin): (&str, Origin<'_>),
) -> Result<Value, ApiError> {
    let code = core.shared.ids.digits(6);
    let now_ms = core.shared.clock.now_ms();
    core.change_user(pool, &user.username, |user| {
        user.codes.remember(&Purpose::Attribute(attribute.to_owned()), &code, attribute, now_ms);
        Ok(())
    })?;
    mailbox::send(core, pool, user, &Letter { kind, attribute, to, code: &code, origin })
}

/// Only addresses can be verified.
fn verifiable(input: Input<'_>) -> Result<&str, ApiError> {
    match input.text("AttributeName")? {
        name @ ("email" | "phone_number") => Ok(name),
        other => Err(invalid(format!("Attribute {other} cannot be verified: only email and phone_number can be."))),
    }
}

pub(super) fn attribute_code(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client, user) = core.signed_in(input)?;
    let attribute = verifiable(input)?;
    let to = user.pending.get(attribute).or_else(|| user.attributes.get(attribute));
    let to = to.ok_or_else(|| invalid(format!("User does not have an {attribute}.")))?;
    let occasion = ("VerifyUserAttribute", Origin::client(&client, input));
    let details = send_code(core, &pool, &user, (attribute, to), occasion)?;
    Ok(json!({ "CodeDeliveryDetails": details }))
}

pub(super) fn verify_attribute(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, _, user) = core.signed_in(input)?;
    let (attribute, code) = (verifiable(input)?, input.text("Code")?);
    let now_ms = core.shared.clock.now_ms();
    core.change_user(&pool, &user.username, |user| {
        user.codes.take(&Purpose::Attribute(attribute.to_owned()), code, now_ms)
    })?;
    core.change_user(&pool, &user.username, |user| {
        if let Some(value) = user.pending.remove(attribute) {
            user.attributes.insert(attribute.to_owned(), value);
        }
        user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn delete_attributes(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client, user) = core.signed_in(input)?;
    let names = input.texts("UserAttributeNames");
    client.check_writes(&names)?;
    remove_attributes(core, &pool, &user, &names)?;
    Ok(json!({}))
}

/// Removes attributes; not those that the pool requires or that are the username.
pub(super) fn remove_attributes(core: &Core, pool: &Pool, user: &User, names: &[String]) -> Result<(), ApiError> {
    let needed = [attribute::required(pool), pool.username_attributes(), vec!["sub"]].concat();
    if let Some(name) = names.iter().find(|name| needed.contains(&name.as_str())) {
        return Err(invalid(format!("Attribute {name} is required and cannot be deleted.")));
    }
    core.change_user(pool, &user.username, |user| {
        for name in names {
            user.attributes.remove(name);
            user.pending.remove(name);
            if matches!(name.as_str(), "email" | "phone_number") {
                user.attributes.remove(&format!("{name}_verified"));
            }
        }
        Ok(())
    })
}

pub(super) fn delete(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, _, user) = core.signed_in(input)?;
    core.remove_user(&pool, &user)?;
    Ok(json!({}))
}

pub(super) fn sign_out(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, _, user) = core.signed_in(input)?;
    core.sign_out(&user)?;
    Ok(json!({}))
}
