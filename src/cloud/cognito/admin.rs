//! What administrators do with users.

use serde_json::{Value, json};

use super::Core;
use super::attribute::{self, Writer};
use super::fault::{invalid, no_user, not_authorized};
use super::input::{Input, date};
use super::mailbox::{self, Letter};
use super::pool::Pool;
use super::trigger::Origin;
use super::user::{Status, User};
use super::{account, mfa, moments, recovery, signup};
use crate::cloud::service::ApiError;

const DAY_MS: i64 = 86_400_000;

/// The pool and user that an input names.
pub(super) fn target(core: &Core, input: Input<'_>) -> Result<(Pool, User), ApiError> {
    let pool = core.pool_of(input)?;
    let user = core.user(&pool, input.text("Username")?)?;
    Ok((pool, user))
}

pub(super) fn create(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let name = input.text("Username")?;
    if input.optional("MessageAction") == Some("RESEND") {
        return invite_again(core, &pool, name, input);
    }
    let mut attributes = input.attributes("UserAttributes")?;
    attribute::check(&pool, &attributes, Writer::Admin, true)?;
    let mut user = signup::named_user(core, &pool, name, &mut attributes)?;
    let policy = pool.password_policy();
    let password = match input.optional("TemporaryPassword") {
        Some(password) => {
            policy.check(password)?;
            password.to_owned()
        }
        None => policy.invent(&*core.shared.ids),
    };
    user.verifier = Some(core.verifier(&pool, &user.username, &password));
    user.temporary_until_ms = Some(core.shared.clock.now_ms() + policy.temporary_days * DAY_MS);
    user.status = Status::ForceChangePassword;
    let given = attributes.clone();
    user.set_attributes(attributes);
    let origin = Origin::admin(input);
    moments::pre_sign_up(core, &pool, (origin, input), "PreSignUp_AdminCreateUser", &user, &given)?;
    core.insert_user(&pool, &user).map_err(|error| match error.message.as_str() {
        "User already exists" => ApiError { message: "User account already exists".to_owned(), ..error },
        _ => error,
    })?;
    if input.optional("MessageAction") != Some("SUPPRESS") {
        invite(core, &pool, &user, &password, (input.texts("DesiredDeliveryMediums"), origin))?;
    }
    Ok(json!({ "User": user.description() }))
}

/// Sends the temporary password by the ways that were asked for; text message when none was.
pub(super) fn invite(
    core: &Core,
    pool: &Pool,
    user: &User,
    password: &str,
    (mut ways, origin): (Vec<String>, Origin<'_>),
) -> Result<(), ApiError> {
    if ways.is_empty() {
        ways.push("SMS".to_owned());
    }
    for way in ways {
        let attribute = if way == "EMAIL" { "email" } else { "phone_number" };
        if let Some(to) = user.attributes.get(attribute) {
            let letter = Letter { kind: "AdminCreateUser", attribute, to, code: password, origin };
            mailbox::send(core, pool, user, &letter)?;
        }
    }
    Ok(())
}

fn invite_again(core: &Core, pool: &Pool, name: &str, input: Input<'_>) -> Result<Value, ApiError> {
    let user = core.user(pool, name)?;
    if user.status != Status::ForceChangePassword {
        return Err(ApiError::new(
            "UnsupportedUserStateException",
            "Resend not possible. User status is not FORCE_CHANGE_PASSWORD",
        ));
    }
    let policy = pool.password_policy();
    let password = policy.invent(&*core.shared.ids);
    let verifier = core.verifier(pool, &user.username, &password);
    let until_ms = core.shared.clock.now_ms() + policy.temporary_days * DAY_MS;
    let user = core.change_user(pool, &user.username, |user| {
        user.set_password(verifier);
        user.temporary_until_ms = Some(until_ms);
        Ok(user.clone())
    })?;
    invite(core, pool, &user, &password, (input.texts("DesiredDeliveryMediums"), Origin::admin(input)))?;
    Ok(json!({ "User": user.description() }))
}

pub(super) fn get(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, user) = target(core, input)?;
    let mut answer = json!({
        "Username": user.username,
        "UserAttributes": user.attribute_list(|_| true),
        "UserCreateDate": date(user.created_ms),
        "UserLastModifiedDate": date(user.modified_ms),
        "Enabled": user.enabled,
        "UserStatus": user.status.name(),
    });
    user.add_mfa(&mut answer);
    Ok(answer)
}

pub(super) fn set_password(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, user) = target(core, input)?;
    let password = input.text("Password")?;
    let policy = pool.password_policy();
    policy.check(password)?;
    let verifier = core.verifier(&pool, &user.username, password);
    let permanent = input.flag("Permanent");
    let until_ms = core.shared.clock.now_ms() + policy.temporary_days * DAY_MS;
    core.change_user(&pool, &user.username, |user| {
        user.set_password(verifier);
        user.status = if permanent { Status::Confirmed } else { Status::ForceChangePassword };
        user.temporary_until_ms = (!permanent).then_some(until_ms);
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn confirm(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, user) = target(core, input)?;
    core.change_user(&pool, &user.username, |user| {
        if user.status != Status::Unconfirmed {
            let status = user.status.name();
            return Err(not_authorized(format!("User cannot be confirmed. Current status is {status}")));
        }
        user.status = Status::Confirmed;
        Ok(())
    })?;
    moments::post_confirmation(core, &pool, Origin::admin(input), &user.username, signup::CONFIRMED)?;
    Ok(json!({}))
}

/// `AdminEnableUser` and `AdminDisableUser`; who is disabled is signed out as well.
pub(super) fn enable(core: &Core, input: Input<'_>, enabled: bool) -> Result<Value, ApiError> {
    let (pool, user) = target(core, input)?;
    core.change_user(&pool, &user.username, |user| {
        user.enabled = enabled;
        Ok(())
    })?;
    if !enabled {
        core.sign_out(&user)?;
    }
    Ok(json!({}))
}

pub(super) fn delete(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, user) = target(core, input)?;
    core.remove_user(&pool, &user)?;
    Ok(json!({}))
}

pub(super) fn update_attributes(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, user) = target(core, input)?;
    let attributes = input.attributes("UserAttributes")?;
    attribute::check(&pool, &attributes, Writer::Admin, false)?;
    core.change_user(&pool, &user.username, |user| {
        user.set_attributes(attributes);
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn delete_attributes(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, user) = target(core, input)?;
    account::remove_attributes(core, &pool, &user, &input.texts("UserAttributeNames"))?;
    Ok(json!({}))
}

pub(super) fn sign_out(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, user) = target(core, input)?;
    core.sign_out(&user)?;
    Ok(json!({}))
}

pub(super) fn reset_password(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, user) = target(core, input)?;
    if user.status != Status::Confirmed && user.status != Status::ResetRequired {
        return Err(not_authorized("User password cannot be reset in the current state."));
    }
    recovery::send_reset(core, &pool, &user, Origin::admin(input))?;
    core.change_user(&pool, &user.username, |user| {
        user.status = Status::ResetRequired;
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn set_preference(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, user) = target(core, input)?;
    mfa::prefer(core, &pool, &user, input)
}

/// `ListUsers`: all users, or those whose attribute is or begins with a value.
pub(super) fn list(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let filter = input.optional("Filter").filter(|text| !text.trim().is_empty()).map(Filter::parse).transpose()?;
    let users = core.users_of(&pool);
    let found = users.into_iter().filter(|(_, user)| filter.as_ref().is_none_or(|filter| filter.admits(user)));
    let (found, next) =
        super::input::page(found.collect(), input.optional("PaginationToken"), input.limit("Limit", 60)?)?;
    let wanted = input.texts("AttributesToGet");
    let shown = found.iter().map(|user| {
        let mut shown = user.description();
        if !wanted.is_empty() {
            shown["Attributes"] = user.attribute_list(|name| wanted.iter().any(|one| one == name));
        }
        shown
    });
    let mut answer = json!({ "Users": shown.collect::<Vec<_>>() });
    if let Some(next) = next {
        answer["PaginationToken"] = json!(next);
    }
    Ok(answer)
}

/// `attribute = "value"` or `attribute ^= "value"`.
struct Filter {
    attribute: String,
    prefix: bool,
    value: String,
}

/// What one may search for ("Searching for user attributes").
const SEARCHABLE: [&str; 10] = [
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

impl Filter {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let fault = || invalid(format!("Error while parsing filter: {text}."));
        let (left, right) = text.split_once('=').ok_or_else(fault)?;
        let (attribute, prefix) = match left.trim_end().strip_suffix('^') {
            Some(left) => (left, true),
            None => (left, false),
        };
        let attribute = attribute.trim().trim_matches('"');
        if !SEARCHABLE.contains(&attribute) {
            return Err(invalid(format!("Invalid search attribute: {attribute}")));
        }
        let value = right.trim().strip_prefix('"').and_then(|value| value.strip_suffix('"')).ok_or_else(fault)?;
        Ok(Self { attribute: attribute.to_owned(), prefix, value: value.replace("\\\"", "\"") })
    }

    fn admits(&self, user: &User) -> bool {
        let value = match self.attribute.as_str() {
            "username" => Some(user.username.as_str()),
            "sub" => Some(user.sub.as_str()),
            "cognito:user_status" => Some(user.status.name()),
            "status" => Some(if user.enabled { "Enabled" } else { "Disabled" }),
            name => user.attributes.get(name).map(String::as_str),
        };
        value.is_some_and(|value| if self.prefix { value.starts_with(&self.value) } else { value == self.value })
    }
}

/// The user that an input names, for actions that say "User does not exist." of groups.
pub(super) fn member(core: &Core, pool: &Pool, input: Input<'_>) -> Result<User, ApiError> {
    core.find_user(pool, input.text("Username")?).ok_or_else(no_user)
}
