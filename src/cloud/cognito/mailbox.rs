//! What a real Cognito would send by e-mail or text message: kept, so that people can read their codes.
//!
//! Nothing leaves this computer.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::moments::{self, Words};
use super::pool::Pool;
use super::trigger::Origin;
use super::user::User;
use super::{Core, Message};
use crate::cloud::feed::Happening;
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

/// Messages that are kept; the oldest go first.
const KEPT: usize = 500;

/// A message to be sent.
pub(super) struct Letter<'a> {
    /// `SignUp`, `ForgotPassword`, ….
    pub kind: &'a str,
    /// `email` or `phone_number`.
    pub attribute: &'a str,
    pub to: &'a str,
    pub code: &'a str,
    /// Who had it sent.
    pub origin: Origin<'a>,
}

/// Sends a message and says where it went, as `CodeDeliveryDetails` does.
pub(super) fn send(core: &Core, pool: &Pool, user: &User, letter: &Letter<'_>) -> Result<Value, ApiError> {
    static ORDER: AtomicU32 = AtomicU32::new(0);
    let at_ms = core.shared.clock.now_ms();
    let channel = if letter.attribute == "email" { "EMAIL" } else { "SMS" };
    let own = moments::custom_message(core, pool, user, letter)?;
    let (subject, body) = words(pool, user, letter, own);
    let message = Message {
        at_ms,
        pool_id: pool.id.clone(),
        username: user.username.clone(),
        kind: letter.kind.to_owned(),
        channel: channel.to_owned(),
        to: letter.to.to_owned(),
        code: letter.code.to_owned(),
        subject,
        body,
    };
    let mut batch = Batch::default();
    // Keys are in the order of time; the number keeps messages of one millisecond apart.
    let key = format!("{at_ms:015}-{:010}", ORDER.fetch_add(1, Ordering::Relaxed));
    core.mail.add(&mut batch, &key, &message);
    let known = core.mail.all();
    let surplus = (known.len() + 1).saturating_sub(KEPT);
    known.iter().take(surplus).for_each(|(key, _)| core.mail.drop(&mut batch, key));
    core.shared.store.commit(batch)?;
    core.shared.feed.publish(Happening::Mail { at_ms, to: letter.to.to_owned(), code: letter.code.to_owned() });
    Ok(details(letter.attribute, letter.to))
}

/// `CodeDeliveryDetails`.
pub(super) fn details(attribute: &str, to: &str) -> Value {
    json!({
        "AttributeName": attribute,
        "DeliveryMedium": if attribute == "email" { "EMAIL" } else { "SMS" },
        "Destination": masked(to),
    })
}

/// `a***@e***`, `+*******1234`.
fn masked(to: &str) -> String {
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    if let Some((name, host)) = to.split_once('@') {
        return format!("{}***@{}***", first(name), first(host));
    }
    let letters: Vec<char> = to.chars().collect();
    let shown: String = letters.iter().skip(letters.len().saturating_sub(4)).collect();
    format!("+{}{shown}", "*".repeat(letters.len().saturating_sub(5)))
}

/// Subject and body: a function's own words first, then the pool's templates where it has them.
fn words(pool: &Pool, user: &User, letter: &Letter<'_>, own: Words) -> (String, String) {
    let template = |outer: &str, inner: &str| {
        let settings = &pool.settings;
        let value =
            if outer.is_empty() { settings.get(inner) } else { settings.get(outer).and_then(|one| one.get(inner)) };
        value.and_then(Value::as_str).map(str::to_owned)
    };
    let is_mail = letter.attribute == "email";
    let (subject, body) = if letter.kind == "AdminCreateUser" {
        let invite = pool.settings.get("AdminCreateUserConfig").and_then(|config| config.get("InviteMessageTemplate"));
        let text = |name: &str| invite.and_then(|invite| invite.get(name)).and_then(Value::as_str).map(str::to_owned);
        (
            text("EmailSubject").unwrap_or_else(|| "Your temporary password".to_owned()),
            text(if is_mail { "EmailMessage" } else { "SMSMessage" })
                .unwrap_or_else(|| "Your username is {username} and temporary password is {####}.".to_owned()),
        )
    } else {
        let body = if is_mail {
            template("VerificationMessageTemplate", "EmailMessage").or_else(|| template("", "EmailVerificationMessage"))
        } else {
            template("VerificationMessageTemplate", "SmsMessage").or_else(|| template("", "SmsVerificationMessage"))
        };
        let subject = template("VerificationMessageTemplate", "EmailSubject");
        (
            subject
                .or_else(|| template("", "EmailVerificationSubject"))
                .unwrap_or_else(|| "Your verification code".to_owned()),
            body.unwrap_or_else(|| "Your confirmation code is {####}".to_owned()),
        )
    };
    let subject = if is_mail { own.subject.unwrap_or(subject) } else { String::new() };
    let body = if is_mail { own.body } else { own.sms }.unwrap_or(body);
    (subject, body.replace("{username}", &user.username).replace("{####}", letter.code))
}
