//! The triggers around signing up and in: what each function is asked, and what follows from its answer.
//!
//! Source: the pages of the triggers in the Cognito developer guide. Absent: `PreSignUp_ExternalProvider`, since there
//! are no foreign identity providers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Core;
use super::input::Input;
use super::mailbox::Letter;
use super::pool::Pool;
use super::trigger::{Origin, Question, attributes};
use super::user::User;
use crate::cloud::service::ApiError;

/// What a function says of someone who signs up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Admission {
    /// The user needs no code.
    pub confirm: bool,
    /// The addresses count as verified.
    pub email: bool,
    pub phone: bool,
}

impl Admission {
    /// The attributes that count as verified.
    pub(super) fn verified(self) -> impl Iterator<Item = &'static str> {
        [(self.email, "email"), (self.phone, "phone_number")].into_iter().filter(|(is, _)| *is).map(|(_, name)| name)
    }
}

/// `PreSignUp`: the function may refuse, confirm and verify. `source` is the occasion.
pub(super) fn pre_sign_up(
    core: &Core,
    pool: &Pool,
    (origin, input): (Origin<'_>, Input<'_>),
    source: &str,
    user: &User,
    given: &BTreeMap<String, String>,
) -> Result<Admission, ApiError> {
    let validation = input.get("ValidationData").map(|_| input.attributes("ValidationData")).transpose()?;
    let question = Question {
        trigger: "PreSignUp",
        source,
        username: &user.username,
        request: origin.request(json!({ "userAttributes": given, "validationData": validation })),
        response: json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false }),
    };
    let Some(answer) = core.ask(pool, origin, question)? else {
        return Ok(Admission::default());
    };
    Ok(Admission {
        confirm: answer.flag("autoConfirmUser")?,
        email: answer.flag("autoVerifyEmail")?,
        phone: answer.flag("autoVerifyPhone")?,
    })
}

/// `PostConfirmation`, after a sign-up or a new password was confirmed by a code.
pub(super) fn post_confirmation(
    core: &Core,
    pool: &Pool,
    origin: Origin<'_>,
    username: &str,
    source: &str,
) -> Result<(), ApiError> {
    if pool.trigger("PostConfirmation").is_none() {
        return Ok(());
    }
    let user = core.user(pool, username)?;
    let question = Question {
        trigger: "PostConfirmation",
        source,
        username: &user.username,
        request: origin.request(json!({ "userAttributes": attributes(&user) })),
        response: json!({}),
    };
    core.ask(pool, origin, question).map(drop)
}

/// `PreAuthentication`, before anything is proven. Clients that hide who exists have the function asked about
/// everyone.
pub(super) fn pre_authentication(
    core: &Core,
    pool: &Pool,
    origin: Origin<'_>,
    (name, user): (&str, Option<&User>),
    hides: bool,
) -> Result<(), ApiError> {
    let mut request = json!({
        "userAttributes": user.map_or_else(|| json!({}), attributes),
        "validationData": origin.metadata,
    });
    if hides {
        request["userNotFound"] = json!(user.is_none());
    }
    let question = Question {
        trigger: "PreAuthentication",
        source: "PreAuthentication_Authentication",
        username: user.map_or(name, |user| &user.username),
        request,
        response: json!({}),
    };
    core.ask(pool, origin, question).map(drop)
}

/// `PostAuthentication`, when everything is proven and before there are tokens.
pub(super) fn post_authentication(core: &Core, pool: &Pool, origin: Origin<'_>, user: &User) -> Result<(), ApiError> {
    let question = Question {
        trigger: "PostAuthentication",
        source: "PostAuthentication_Authentication",
        username: &user.username,
        request: origin.request(json!({ "userAttributes": attributes(user), "newDeviceUsed": false })),
        response: json!({}),
    };
    core.ask(pool, origin, question).map(drop)
}

/// The words of a message as a function wrote them, with the places for code and username still in them.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub sms: Option<String>,
    pub body: Option<String>,
    pub subject: Option<String>,
}

/// Where the function puts the code and the name.
const CODE: &str = "{####}";
const NAME: &str = "{username}";

/// `CustomMessage`: words for a message. Those that leave out the code (an invitation: the name as well) are not used.
pub(super) fn custom_message(core: &Core, pool: &Pool, user: &User, letter: &Letter<'_>) -> Result<Words, ApiError> {
    let invites = letter.kind == "AdminCreateUser";
    let request = json!({
        "userAttributes": attributes(user),
        "codeParameter": CODE,
        "linkParameter": "{##Click Here##}",
        "usernameParameter": invites.then_some(NAME),
    });
    let question = Question {
        trigger: "CustomMessage",
        source: &format!("CustomMessage_{}", letter.kind),
        username: &user.username,
        request: letter.origin.request(request),
        response: json!({ "smsMessage": null, "emailMessage": null, "emailSubject": null }),
    };
    let Some(answer) = core.ask(pool, letter.origin, question)? else {
        return Ok(Words::default());
    };
    let whole = |text: &&str| text.contains(CODE) && (!invites || text.contains(NAME));
    let own =
        |name: &str| -> Result<Option<String>, ApiError> { Ok(answer.text(name)?.filter(whole).map(str::to_owned)) };
    let body = own("emailMessage")?;
    let subject = answer.text("emailSubject")?.filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Words { sms: own("smsMessage")?, body, subject })
}

/// A user as another directory knows it.
#[derive(Debug)]
pub(super) struct Migrant {
    pub attributes: Map<String, Value>,
    /// `CONFIRMED` or `RESET_REQUIRED`, when the function says one.
    pub status: Option<String>,
    /// No message of welcome.
    pub quiet: bool,
    /// `EMAIL`, `SMS`: by which ways it is welcomed.
    pub ways: Vec<String>,
    pub force_alias: bool,
}

/// `UserMigration`: whether another directory knows who signs in or forgot a password; nothing when the pool has no
/// such function.
pub(super) fn migrate(
    core: &Core,
    pool: &Pool,
    origin: Origin<'_>,
    (source, name): (&str, &str),
    password: Option<&str>,
) -> Result<Option<Migrant>, ApiError> {
    let mut request = json!({ "password": password });
    if source == "UserMigration_Authentication" {
        request["validationData"] = json!(origin.metadata);
    } else {
        request = origin.request(request);
    }
    let response = json!({
        "userAttributes": null,
        "finalUserStatus": null,
        "messageAction": null,
        "desiredDeliveryMediums": null,
        "forceAliasCreation": null,
        "enableSMSMFA": null,
    });
    let question = Question { trigger: "UserMigration", source, username: name, request, response };
    let Some(answer) = core.ask(pool, origin, question)? else {
        return Ok(None);
    };
    if answer.flag("enableSMSMFA")? {
        return Err(ApiError::not_built("cognito-idp", "a migrated user with enableSMSMFA"));
    }
    let ways = answer.get("desiredDeliveryMediums").and_then(Value::as_array).into_iter().flatten();
    Ok(Some(Migrant {
        attributes: answer.texts("userAttributes")?,
        status: answer.text("finalUserStatus")?.map(str::to_owned),
        quiet: answer.text("messageAction")? == Some("SUPPRESS"),
        ways: ways.filter_map(Value::as_str).map(str::to_owned).collect(),
        force_alias: answer.flag("forceAliasCreation")?,
    }))
}
