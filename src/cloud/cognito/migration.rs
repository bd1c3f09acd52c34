//! Users who come over from another directory when they first sign in or forget their password.

use std::collections::BTreeMap;

use super::attribute::{self, Writer};
use super::client::Client;
use super::fault::wrong_password;
use super::moments::{self, Migrant};
use super::pool::Pool;
use super::trigger::Origin;
use super::user::{Status, User};
use super::{Core, admin, signup};
use crate::cloud::service::ApiError;

/// What a message of welcome shows in the place of the password, which is the user's own.
const HIDDEN: &str = "********";

/// A user whom the pool's function knows by name and password; nothing when the pool has no such function.
pub(super) fn of_password(
    core: &Core,
    (pool, client): (&Pool, &Client),
    origin: Origin<'_>,
    (name, password): (&str, &str),
) -> Result<Option<User>, ApiError> {
    take(core, pool, origin, ("UserMigration_Authentication", name), Some(password))
        .map_err(|error| told(client, &error))
}

/// A user whom the pool's function knows by name.
pub(super) fn of_forgetful(
    core: &Core,
    (pool, client): (&Pool, &Client),
    origin: Origin<'_>,
    name: &str,
) -> Result<Option<User>, ApiError> {
    match take(core, pool, origin, ("UserMigration_ForgotPassword", name), None) {
        Err(_) if client.hides_users() => Ok(None),
        taken => taken.map_err(|error| told(client, &error)),
    }
}

/// What a client hears of a migration that failed: not more than of a user who does not exist.
fn told(client: &Client, error: &ApiError) -> ApiError {
    if error.code == "NotImplemented" {
        return error.clone();
    }
    if client.hides_users() {
        return wrong_password();
    }
    ApiError::new("UserNotFoundException", format!("Exception migrating user in app client {}", client.id))
}

fn take(
    core: &Core,
    pool: &Pool,
    origin: Origin<'_>,
    (source, name): (&str, &str),
    password: Option<&str>,
) -> Result<Option<User>, ApiError> {
    let Some(migrant) = moments::migrate(core, pool, origin, (source, name), password)? else {
        return Ok(None);
    };
    let Migrant { attributes, status, quiet, ways, force_alias } = migrant;
    let mut attributes: BTreeMap<String, String> = attributes
        .into_iter()
        // The name is the one that was given, and the pool makes its own id.
        .filter(|(name, _)| name != "username" && name != "sub")
        .map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned()))
        .collect();
    attribute::check(pool, &attributes, Writer::Admin, true)?;
    let mut user = signup::named_user(core, pool, name, &mut attributes)?;
    attribute::check_required(pool, &attributes)?;
    user.set_attributes(attributes);
    user.verifier = password.map(|password| core.verifier(pool, &user.username, password));
    user.status = match status.as_deref() {
        Some("RESET_REQUIRED") => Status::ResetRequired,
        Some("CONFIRMED") | None => Status::Confirmed,
        Some(_) => return Err(super::trigger::unrecognizable()),
    };
    if force_alias {
        for attribute in ["email", "phone_number"].into_iter().filter(|name| pool.alias_attributes().contains(name)) {
            if let Some(value) = user.attributes.get(attribute) {
                core.release_alias(pool, attribute, value)?;
            }
        }
    }
    core.insert_user(pool, &user)?;
    if !quiet {
        admin::invite(core, pool, &user, HIDDEN, (ways, origin))?;
    }
    Ok(Some(user))
}
