//! Forgotten and changed passwords.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Core;
use super::code::Purpose;
use super::fault::{expired_code, invalid, no_user, not_authorized, wrong_password};
use super::input::Input;
use super::mailbox::{self, Letter};
use super::pool::Pool;
use super::trigger::Origin;
use super::user::{Status, User};
use super::{migration, moments};
use crate::cloud::service::ApiError;

pub(super) fn forgot(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    let name = input.text("Username")?;
    client.check_secret(name, input.optional("SecretHash"))?;
    let origin = Origin::client(&client, input);
    let user = match core.find_user(&pool, name) {
        Some(user) => user,
        None => match migration::of_forgetful(core, (&pool, &client), origin, name)? {
            Some(user) => user,
            None if client.hides_users() => return Ok(pretended(&pool, name)),
            None => return Err(no_user()),
        },
    };
    if !user.enabled {
        return Err(not_authorized("User is disabled."));
    }
    if pool.recovery().is_empty() {
        return Err(not_authorized("Contact administrator to reset password."));
    }
    if user.status == Status::ForceChangePassword {
        return Err(not_authorized("User password cannot be reset in the current state."));
    }
    let details = send_reset(core, &pool, &user, origin)?;
    Ok(json!({ "CodeDeliveryDetails": details }))
}

/// Sends the code with which a user sets a new password, to the first verified address that the pool allows.
pub(super) fn send_reset(core: &Core, pool: &Pool, user: &User, origin: Origin<'_>) -> Result<Value, ApiError> {
    let attribute = pool.recovery().into_iter().find(|attribute| user.has_verified(attribute)).ok_or_else(|| {
        invalid("Cannot reset password for the user as there is no registered/verified email or phone_number")
    })?;
    let code = core.shared.ids.digits(6);
    let now_ms = core.shared.clock.now_ms();
    core.change_user(pool, &user.username, |user| {
        user.codes.remember(&Purpose::Password, &code, attribute, now_ms);
        Ok(())
    })?;
    let to = &user.attributes[attribute];
    mailbox::send(core, pool, user, &Letter { kind: "ForgotPassword", attribute, to, code: &code, origin })
}

/// What someone is told about a user who does not exist: the same address for the same name, each time.
pub(super) fn pretended(pool: &Pool, name: &str) -> Value {
    let digest = Sha256::digest(format!("{}/{name}", pool.id));
    let letter = |byte: u8| char::from(b'a' + byte % 26);
    let to = if super::attribute::is_email(name) {
        name.to_owned()
    } else {
        format!("{}@{}", letter(digest[0]), letter(digest[1]))
    };
    json!({ "CodeDeliveryDetails": mailbox::details("email", &to) })
}

pub(super) fn confirm(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    let name = input.text("Username")?;
    client.check_secret(name, input.optional("SecretHash"))?;
    let (code, password) = (input.text("ConfirmationCode")?, input.text("Password")?);
    let user =
        core.find_user(&pool, name).ok_or_else(|| if client.hides_users() { expired_code() } else { no_user() })?;
    pool.password_policy().check(password)?;
    let verifier = core.verifier(&pool, &user.username, password);
    let now_ms = core.shared.clock.now_ms();
    core.change_user(&pool, &user.username, |user| {
        let attribute = user.codes.take(&Purpose::Password, code, now_ms)?;
        user.set_password(verifier);
        if user.status != Status::Unconfirmed {
            user.status = Status::Confirmed;
        }
        user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
        Ok(())
    })?;
    let origin = Origin::client(&client, input);
    moments::post_confirmation(core, &pool, origin, &user.username, "PostConfirmation_ConfirmForgotPassword")?;
    Ok(json!({}))
}

pub(super) fn change(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, _, user) = core.signed_in(input)?;
    let proposed = input.text("ProposedPassword")?;
    pool.password_policy().check(proposed)?;
    // A user who signs in without a password sets the first one without an old one.
    let known = match (&user.verifier, input.optional("PreviousPassword")) {
        (None, _) => true,
        (Some(_), Some(previous)) => core.check_password(&pool, &user, previous)?,
        (Some(_), None) => return Err(invalid("Previous password is required.")),
    };
    if !known {
        return Err(wrong_password());
    }
    let verifier = core.verifier(&pool, &user.username, proposed);
    core.change_user(&pool, &user.username, |user| {
        user.set_password(verifier);
        Ok(())
    })?;
    Ok(json!({}))
}

impl Core {
    /// Whether a password is the user's; wrong ones in a row make a pause that doubles, from a second to 15 minutes
    /// ("Lockout behavior for failed sign-in attempts").
    pub(super) fn check_password(&self, pool: &Pool, user: &User, password: &str) -> Result<bool, ApiError> {
        self.check_lock(user)?;
        let identity = pool.identity(&user.username);
        let right = user.verifier.as_ref().is_some_and(|verifier| verifier.admits(&identity, password));
        self.count_password(pool, user, right)?;
        Ok(right)
    }

    /// Refuses while the pause after wrong passwords lasts.
    pub(super) fn check_lock(&self, user: &User) -> Result<(), ApiError> {
        if self.shared.clock.now_ms() < user.locked_until_ms {
            return Err(not_authorized("Password attempts exceeded"));
        }
        Ok(())
    }

    /// Remembers whether a password was right.
    pub(super) fn count_password(&self, pool: &Pool, user: &User, right: bool) -> Result<(), ApiError> {
        if right && user.failures == 0 {
            return Ok(());
        }
        let now_ms = self.shared.clock.now_ms();
        self.change_user(pool, &user.username, |user| {
            user.failures = if right { 0 } else { user.failures.saturating_add(1) };
            if user.failures >= 5 {
                let pause_s = 1_i64.checked_shl(user.failures - 5).map_or(900, |pause| pause.clamp(1, 900));
                user.locked_until_ms = now_ms + pause_s * 1000;
            }
            Ok(())
        })
    }
}
