//! The second factor: codes of an authenticator app, RFC 6238 with SHA-1, 6 digits and 30 seconds.
//!
//! Codes by text message or e-mail are absent.

use ring::hmac;
use serde_json::{Value, json};

use super::Core;
use super::challenge::{Pending, Step};
use super::fault::{invalid, not_authorized};
use super::input::Input;
use super::pool::Pool;
use super::user::{SoftwareToken, User};
use crate::cloud::service::ApiError;

const STEP_S: i64 = 30;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code of a secret at a time step.
pub(super) fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0x0f);
    let number = u32::from_be_bytes([tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// The step in which a code is right, now or one step off.
fn step_of(secret: &str, code: &str, now_s: i64) -> Option<i64> {
    let secret = from_base32(secret)?;
    let now = now_s.div_euclid(STEP_S);
    [now, now - 1, now + 1].into_iter().find(|step| {
        let right = code_at(&secret, *step);
        ring::constant_time::verify_slices_are_equal(right.as_bytes(), code.as_bytes()).is_ok()
    })
}

pub(super) fn to_base32(bytes: &[u8]) -> String {
    let groups = bytes.chunks(5).flat_map(|chunk| {
        let mut group = [0; 5];
        group[..chunk.len()].copy_from_slice(chunk);
        let number = group.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let letters = (chunk.len() * 8).div_ceil(5);
        (0..letters)
            .map(move |place| char::from(ALPHABET[usize::try_from(number >> (35 - 5 * place) & 31).unwrap_or(0)]))
    });
    groups.collect()
}

pub(super) fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut buffer, mut bits, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        buffer = buffer << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Takes a code of a user's authenticator app at sign-in; each works once.
pub(super) fn take(core: &Core, pool: &Pool, user: &User, code: &str) -> Result<(), ApiError> {
    let now_s = core.shared.clock.now_s();
    core.change_user(pool, &user.username, |user| {
        let mismatch = || ApiError::new("CodeMismatchException", "Invalid code received for user");
        let token = user.software_token.as_mut().filter(|token| token.verified).ok_or_else(mismatch)?;
        let step = step_of(&token.secret, code, now_s).ok_or_else(mismatch)?;
        if step <= token.last_step {
            return Err(ApiError::new("ExpiredCodeException", "Your software token has already been used once."));
        }
        token.last_step = step;
        Ok(())
    })
}

/// Who sets up an app: a user who is signed in, or one whose sign-in waits for it.
enum Setting {
    SignedIn(Pool, Box<User>),
    Waiting(Pool, Box<User>, String, Box<Pending>),
}

fn setting(core: &Core, input: Input<'_>) -> Result<Setting, ApiError> {
    let setting = match input.optional("Session") {
        Some(session) if input.optional("AccessToken").is_none() => {
            let pending = core.challenges.peek_any(session, core.shared.clock.now_ms())?;
            if !matches!(pending.step, Step::Setup { .. }) {
                return Err(super::fault::bad_session());
            }
            let pool = core.pool(&pending.pool_id)?;
            let user = core.user(&pool, &pending.username)?;
            Setting::Waiting(pool, Box::new(user), session.to_owned(), Box::new(pending))
        }
        _ => {
            let (pool, _, user) = core.signed_in(input)?;
            Setting::SignedIn(pool, Box::new(user))
        }
    };
    let (Setting::SignedIn(pool, _) | Setting::Waiting(pool, ..)) = &setting;
    if pool.has_software_token() {
        Ok(setting)
    } else {
        Err(ApiError::new(
            "SoftwareTokenMFANotFoundException",
            "Software Token MFA has not been enabled by the userPool",
        ))
    }
}

pub(super) fn associate(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let mut random = [0; 32];
    core.shared.ids.fill(&mut random);
    let secret = to_base32(&random);
    match setting(core, input)? {
        Setting::SignedIn(pool, user) => {
            core.change_user(&pool, &user.username, |user| {
                let device = None;
                user.software_token =
                    Some(SoftwareToken { secret: secret.clone(), verified: false, last_step: 0, device });
                user.software_token_enabled = false;
                user.software_token_preferred = false;
                Ok(())
            })?;
            Ok(json!({ "SecretCode": secret }))
        }
        Setting::Waiting(_, _, session, mut pending) => {
            core.challenges.end(&session);
            pending.step = Step::Setup { secret: Some(secret.clone()), verified: false };
            let session = core.challenges.begin(&*core.shared.ids, core.shared.clock.now_ms(), *pending);
            Ok(json!({ "SecretCode": secret, "Session": session }))
        }
    }
}

pub(super) fn verify(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let code = input.text("UserCode")?;
    let device = input.optional("FriendlyDeviceName").map(str::to_owned);
    let now_s = core.shared.clock.now_s();
    let wrong = || ApiError::new("EnableSoftwareTokenMFAException", "Code mismatch");
    let none = || invalid("No software token is associated with the user.");
    let verified =
        |secret: &str, step: i64| SoftwareToken { secret: secret.to_owned(), verified: true, last_step: step, device };
    match setting(core, input)? {
        Setting::SignedIn(pool, user) => {
            let secret = user.software_token.as_ref().map(|token| token.secret.clone()).ok_or_else(none)?;
            let step = step_of(&secret, code, now_s).ok_or_else(wrong)?;
            core.change_user(&pool, &user.username, |user| {
                user.software_token = Some(verified(&secret, step));
                Ok(())
            })?;
            Ok(json!({ "Status": "SUCCESS" }))
        }
        Setting::Waiting(pool, user, session, mut pending) => {
            let Step::Setup { secret: Some(secret), .. } = pending.step.clone() else {
                return Err(none());
            };
            let Some(step) = step_of(&secret, code, now_s) else {
                core.challenges.fail(&session);
                return Err(wrong());
            };
            core.change_user(&pool, &user.username, |user| {
                user.software_token = Some(verified(&secret, step));
                user.software_token_enabled = true;
                Ok(())
            })?;
            core.challenges.end(&session);
            pending.step = Step::Setup { secret: None, verified: true };
            let session = core.challenges.begin(&*core.shared.ids, core.shared.clock.now_ms(), *pending);
            Ok(json!({ "Status": "SUCCESS", "Session": session }))
        }
    }
}

pub(super) fn set_preference(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, _, user) = core.signed_in(input)?;
    prefer(core, &pool, &user, input)
}

/// Sets which factors a user wants. Those that are absent may be turned off, and null says nothing.
pub(super) fn prefer(core: &Core, pool: &Pool, user: &User, input: Input<'_>) -> Result<Value, ApiError> {
    for name in ["SMSMfaSettings", "EmailMfaSettings", "WebAuthnMfaSettings"] {
        if input.get(name).is_some_and(|settings| Input(settings).flag("Enabled")) {
            return Err(ApiError::not_built("cognito-idp", name));
        }
    }
    let Some(settings) = input.get("SoftwareTokenMfaSettings").map(Input) else {
        return Ok(json!({}));
    };
    let (enabled, preferred) = (settings.flag("Enabled"), settings.flag("PreferredMfa"));
    if enabled && !pool.has_software_token() {
        return Err(not_authorized("Software Token MFA has not been enabled by the userPool"));
    }
    core.change_user(pool, &user.username, |user| {
        if enabled && user.software_token.as_ref().is_none_or(|token| !token.verified) {
            return Err(invalid("User has not verified software token mfa"));
        }
        user.software_token_enabled = enabled;
        user.software_token_preferred = enabled && preferred;
        Ok(())
    })?;
    Ok(json!({}))
}
