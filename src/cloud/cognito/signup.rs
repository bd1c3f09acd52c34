//! Signing up: a new user, the code that confirms it, another code.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Core;
use super::attribute::{self, Writer, is_email, is_phone};
use super::client::Client;
use super::code::Purpose;
use super::fault::{expired_code, invalid, no_user, not_authorized};
use super::input::Input;
use super::mailbox::{self, Letter};
use super::moments::{self, Admission};
use super::pool::Pool;
use super::srp::Verifier;
use super::trigger::Origin;
use super::user::{Status, User};
use crate::cloud::service::ApiError;

/// The occasion of `PostConfirmation` after a sign-up.
pub(super) const CONFIRMED: &str = "PostConfirmation_ConfirmSignUp";

pub(super) fn sign_up(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    let name = input.text("Username")?;
    client.check_secret(name, input.optional("SecretHash"))?;
    if pool.admin_only() {
        return Err(not_authorized("SignUp is not permitted for this user pool"));
    }
    let mut attributes = input.attributes("UserAttributes")?;
    client.check_writes(attributes.keys())?;
    attribute::check(&pool, &attributes, Writer::User, true)?;
    let mut user = named_user(core, &pool, name, &mut attributes)?;
    attribute::check_required(&pool, &attributes)?;
    let password = input.text("Password")?;
    pool.password_policy().check(password)?;
    user.verifier = Some(core.verifier(&pool, &user.username, password));
    let origin = Origin::client(&client, input);
    let admission = moments::pre_sign_up(core, &pool, (origin, input), "PreSignUp_SignUp", &user, &attributes)?;
    user.set_attributes(attributes);
    admit(core, &pool, &mut user, admission)?;
    core.insert_user(&pool, &user)?;
    let mut answer = json!({ "UserConfirmed": admission.confirm, "UserSub": user.sub });
    if admission.confirm {
        moments::post_confirmation(core, &pool, origin, &user.username, CONFIRMED)?;
    } else if let Some(details) = send_code(core, &pool, &user, "SignUp", origin)? {
        answer["CodeDeliveryDetails"] = details;
    }
    Ok(answer)
}

/// Confirms and verifies a new user as the pool's function says. A verified alias comes to the new user from whoever
/// has it ("Pre sign-up Lambda trigger").
fn admit(core: &Core, pool: &Pool, user: &mut User, admission: Admission) -> Result<(), ApiError> {
    if admission.confirm {
        user.status = Status::Confirmed;
    }
    for attribute in admission.verified() {
        let Some(value) = user.attributes.get(attribute).cloned() else {
            let text = format!("PreSignUp cannot verify {attribute}: the user has none.");
            return Err(ApiError::new("InvalidLambdaResponseException", text));
        };
        if pool.alias_attributes().contains(&attribute) {
            core.release_alias(pool, attribute, &value)?;
        }
        user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
    }
    Ok(())
}

/// A user under the name that was given, which in some pools is an address: then the username is the user's id and
/// the address becomes an attribute.
pub(super) fn named_user(
    core: &Core,
    pool: &Pool,
    name: &str,
    attributes: &mut BTreeMap<String, String>,
) -> Result<User, ApiError> {
    let now_ms = core.shared.clock.now_ms();
    let sub = core.shared.ids.uuid();
    let kinds = pool.username_attributes();
    if kinds.is_empty() {
        let aliases = pool.alias_attributes();
        for (attribute, looks_like, text) in
            [("email", is_email as fn(&str) -> bool, "email"), ("phone_number", is_phone, "phone number")]
        {
            if aliases.contains(&attribute) && looks_like(name) {
                return Err(invalid(format!(
                    "Username cannot be of {text} format, since user pool is configured for {text} alias."
                )));
            }
        }
        if name.chars().count() > 128 || name.chars().any(char::is_whitespace) {
            return Err(invalid(
                "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy \
                 regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+",
            ));
        }
        return Ok(User::new(pool, name.to_owned(), sub, now_ms));
    }
    let attribute = match (kinds.contains(&"email"), kinds.contains(&"phone_number")) {
        (true, _) if is_email(name) => "email",
        (_, true) if is_phone(name) => "phone_number",
        (true, true) => return Err(invalid("Username should be either an email or a phone number.")),
        (true, false) => return Err(invalid("Username should be an email.")),
        _ => return Err(invalid("Username should be a phone number.")),
    };
    match attributes.get(attribute) {
        Some(value) if pool.folded(value) != pool.folded(name) => {
            return Err(invalid(format!("The attribute {attribute} must be the same as the username.")));
        }
        Some(_) => {}
        None => {
            attributes.insert(attribute.to_owned(), name.to_owned());
        }
    }
    Ok(User::new(pool, sub.clone(), sub, now_ms))
}

/// Sends a code to confirm a new user, when the pool verifies an address that the user has. The phone number goes
/// before the e-mail address ("Verifying contact information at sign-up").
fn send_code(core: &Core, pool: &Pool, user: &User, kind: &str, origin: Origin<'_>) -> Result<Option<Value>, ApiError> {
    let verified = pool.auto_verified();
    let attribute = ["phone_number", "email"]
        .into_iter()
        .find(|attribute| verified.contains(attribute) && user.attributes.contains_key(*attribute));
    let Some(attribute) = attribute else {
        return Ok(None);
    };
    let code = core.shared.ids.digits(6);
    let now_ms = core.shared.clock.now_ms();
    let user = core.change_user(pool, &user.username, |user| {
        user.codes.remember(&Purpose::SignUp, &code, attribute, now_ms);
        Ok(user.clone())
    })?;
    let letter = Letter { kind, attribute, to: &user.attributes[attribute], code: &code, origin };
    mailbox::send(core, pool, &user, &letter).map(Some)
}

pub(super) fn confirm(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    let name = input.text("Username")?;
    client.check_secret(name, input.optional("SecretHash"))?;
    let code = input.text("ConfirmationCode")?;
    let user = known(core, &pool, &client, name)?;
    let now_ms = core.shared.clock.now_ms();
    let attribute = core.change_user(&pool, &user.username, |user| {
        if user.status != Status::Unconfirmed {
            let status = user.status.name();
            return Err(not_authorized(format!("User cannot be confirmed. Current status is {status}")));
        }
        user.codes.take(&Purpose::SignUp, code, now_ms)
    })?;
    if input.flag("ForceAliasCreation") && pool.alias_attributes().contains(&attribute.as_str()) {
        core.release_alias(&pool, &attribute, user.attributes.get(&attribute).map_or("", String::as_str))?;
    }
    let confirmed = core.change_user(&pool, &user.username, |user| {
        user.status = Status::Confirmed;
        user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
        Ok(())
    });
    if confirmed.is_err() {
        // The address belongs to another: the code stays good for a second try with `ForceAliasCreation`.
        core.change_user(&pool, &user.username, |user| {
            user.codes.remember(&Purpose::SignUp, code, &attribute, now_ms);
            Ok(())
        })?;
    }
    confirmed?;
    moments::post_confirmation(core, &pool, Origin::client(&client, input), &user.username, CONFIRMED)?;
    Ok(json!({}))
}

/// The user, or the answer that a client gets who must not learn that there is none.
fn known(core: &Core, pool: &Pool, client: &Client, name: &str) -> Result<User, ApiError> {
    core.find_user(pool, name).ok_or_else(|| if client.hides_users() { expired_code() } else { no_user() })
}

pub(super) fn resend(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    let name = input.text("Username")?;
    client.check_secret(name, input.optional("SecretHash"))?;
    let Some(user) = core.find_user(&pool, name) else {
        return if client.hides_users() { Ok(super::recovery::pretended(&pool, name)) } else { Err(no_user()) };
    };
    if user.status != Status::Unconfirmed {
        return Err(invalid("User is already confirmed."));
    }
    let details = send_code(core, &pool, &user, "ResendCode", Origin::client(&client, input))?;
    let details = details.ok_or_else(|| invalid("Auto verification not turned on."))?;
    Ok(json!({ "CodeDeliveryDetails": details }))
}

impl Core {
    /// The verifier of a password, with a salt of its own.
    pub(super) fn verifier(&self, pool: &Pool, username: &str, password: &str) -> Verifier {
        let mut salt = [0; 16];
        self.shared.ids.fill(&mut salt);
        Verifier::of(&pool.identity(username), password, salt)
    }
}
