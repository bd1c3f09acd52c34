//! Signing in: the flows that begin it, the challenges that it takes, the tokens at its end.
//!
//! Custom challenges, passwordless sign-in, text-message and e-mail factors and remembered devices are absent and
//! refused by name.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Core;
use super::attribute::{self, Writer};
use super::challenge::{Pending, Step};
use super::client::Client;
use super::fault::{bad_session, invalid, no_user, not_authorized, wrong_password};
use super::input::Input;
use super::pool::Pool;
use super::srp::{Claim, Exchange, Verifier};
use super::user::{Status, User};
use super::{mfa, srp};
use crate::cloud::service::ApiError;

/// Who begins or goes on with a sign-in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// `InitiateAuth`, which anyone may call.
    Client,
    /// `AdminInitiateAuth`, with credentials of the account.
    Admin,
}

/// The parameters of a flow or the answers to a challenge.
struct Parameters(BTreeMap<String, String>);

impl Parameters {
    fn text(&self, name: &str) -> Result<&str, ApiError> {
        let value = self.0.get(name).filter(|value| !value.is_empty());
        value.map(String::as_str).ok_or_else(|| invalid(format!("Missing required parameter {name}")))
    }

    fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

pub(super) fn initiate(core: &Core, input: Input<'_>, door: Door) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    let parameters = Parameters(input.parameters("AuthParameters"));
    let flow = input.text("AuthFlow")?;
    match (flow, door) {
        ("REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN", _) => {
            client.check_flow("REFRESH_TOKEN_AUTH")?;
            let (user, result) = core.refresh(&pool, &client, parameters.text("REFRESH_TOKEN")?)?;
            // The hash is over the username here, whatever name was used to sign in.
            client.check_secret(&user.username, parameters.optional("SECRET_HASH"))?;
            Ok(json!({ "ChallengeParameters": {}, "AuthenticationResult": result }))
        }
        ("USER_SRP_AUTH", _) => {
            client.check_flow(flow)?;
            begin_srp(core, &pool, &client, &parameters)
        }
        ("USER_PASSWORD_AUTH", Door::Client) => {
            client.check_flow(flow)?;
            by_password(core, &pool, &client, &parameters)
        }
        ("ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH", Door::Admin) => {
            client.check_flow("ADMIN_USER_PASSWORD_AUTH")?;
            by_password(core, &pool, &client, &parameters)
        }
        ("CUSTOM_AUTH" | "USER_AUTH", _) => Err(ApiError::not_built("cognito-idp", &format!("sign-in by {flow}"))),
        ("USER_PASSWORD_AUTH" | "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH", _) => {
            Err(invalid("Initiate Auth method not supported."))
        }
        _ => Err(invalid(format!(
            "1 validation error detected: Value '{flow}' at 'authFlow' failed to satisfy constraint: Member must satisfy \
             enum value set: [ADMIN_NO_SRP_AUTH, ADMIN_USER_PASSWORD_AUTH, CUSTOM_AUTH, REFRESH_TOKEN, \
             REFRESH_TOKEN_AUTH, USER_AUTH, USER_PASSWORD_AUTH, USER_SRP_AUTH]"
        ))),
    }
}

/// `GetTokensFromRefreshToken`: the same tokens by another action, with the secret itself instead of its HMAC.
pub(super) fn refresh(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    client_secret(&client, input)?;
    let (_, result) = core.refresh(&pool, &client, input.text("RefreshToken")?)?;
    Ok(json!({ "AuthenticationResult": result }))
}

pub(super) fn revoke(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, client) = core.client_of(input)?;
    client_secret(&client, input)?;
    if !client.revokes() {
        return Err(ApiError::new(
            "UnsupportedOperationException",
            "Revocation of refresh tokens is not enabled for this client.",
        ));
    }
    core.revoke(&client, input.text("Token")?)?;
    Ok(json!({}))
}

fn client_secret(client: &Client, input: Input<'_>) -> Result<(), ApiError> {
    let digest = |text: Option<&str>| Sha256::digest(text.unwrap_or_default());
    let (given, own) = (digest(input.optional("ClientSecret")), digest(client.secret.as_deref()));
    ring::constant_time::verify_slices_are_equal(&given, &own)
        .map_err(|_| not_authorized(format!("Unable to verify secret for client {}", client.id)))
}

fn by_password(core: &Core, pool: &Pool, client: &Client, parameters: &Parameters) -> Result<Value, ApiError> {
    let name = parameters.text("USERNAME")?;
    client.check_secret(name, parameters.optional("SECRET_HASH"))?;
    let password = parameters.text("PASSWORD")?;
    let Some(user) = core.find_user(pool, name) else {
        return Err(if client.hides_users() { wrong_password() } else { no_user() });
    };
    check_open(&user)?;
    if !core.check_password(pool, &user, password)? {
        return Err(wrong_password());
    }
    password_known(core, pool, client, &user)
}

/// Refuses users who may not sign in whatever their password.
fn check_open(user: &User) -> Result<(), ApiError> {
    if !user.enabled {
        return Err(not_authorized("User is disabled."));
    }
    if user.status == Status::ResetRequired {
        return Err(ApiError::new("PasswordResetRequiredException", "Password reset required for the user"));
    }
    Ok(())
}

fn begin_srp(core: &Core, pool: &Pool, client: &Client, parameters: &Parameters) -> Result<Value, ApiError> {
    let name = parameters.text("USERNAME")?;
    client.check_secret(name, parameters.optional("SECRET_HASH"))?;
    let client_public = parameters.text("SRP_A")?;
    let user = core.find_user(pool, name);
    if user.is_none() && !client.hides_users() {
        return Err(no_user());
    }
    if let Some(user) = &user {
        check_open(user)?;
        core.check_lock(user)?;
    }
    let username = user.as_ref().map_or_else(|| core.pretended_username(pool, name), |user| user.username.clone());
    let verifier = user.as_ref().and_then(|user| user.verifier.clone());
    let is_real = verifier.is_some();
    // Who has no password gets numbers like everyone's, the same salt each time, and fails at the proof.
    let verifier = verifier.unwrap_or_else(|| core.pretended_verifier(pool, name));
    let mut secret = [0; 32];
    core.shared.ids.fill(&mut secret);
    let exchange = Exchange::begin(client_public, &verifier, &secret)
        .ok_or_else(|| invalid("SRP_A is not a valid public value."))?;
    let server_public = exchange.server_public.to_str_radix(16);
    let step = Step::Password { exchange: is_real.then(|| Box::new(exchange)) };
    let secret_block = core.wait(pool, client, &username, step);
    Ok(json!({
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            "SALT": verifier.salt,
            "SRP_B": server_public,
            "SECRET_BLOCK": secret_block,
            "USER_ID_FOR_SRP": username,
            "USERNAME": username,
        },
        // The block names the sign-in; the session is the same text, for clients that send it back.
        "Session": secret_block,
    }))
}

pub(super) fn respond(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    let answers = Parameters(input.parameters("ChallengeResponses"));
    let challenge = input.text("ChallengeName")?;
    match challenge {
        "PASSWORD_VERIFIER" | "NEW_PASSWORD_REQUIRED" | "SOFTWARE_TOKEN_MFA" | "MFA_SETUP" => {}
        _ => return Err(ApiError::not_built("cognito-idp", &format!("the challenge {challenge}"))),
    }
    client.check_secret(answers.text("USERNAME")?, answers.optional("SECRET_HASH"))?;
    let now_ms = core.shared.clock.now_ms();
    let session = match challenge {
        "PASSWORD_VERIFIER" => answers.text("PASSWORD_CLAIM_SECRET_BLOCK")?,
        _ => input.text("Session")?,
    };
    let pending = core.challenges.peek(session, &client.id, now_ms)?;
    if pending.pool_id != pool.id {
        return Err(bad_session());
    }
    match (challenge, &pending.step) {
        ("PASSWORD_VERIFIER", Step::Password { exchange }) => {
            core.challenges.end(session);
            let user = core.find_user(&pool, &pending.username);
            let Some((user, exchange)) = user.zip(exchange.as_ref()) else {
                return Err(wrong_password());
            };
            prove(core, &pool, &client, &user, exchange, &answers)
        }
        ("NEW_PASSWORD_REQUIRED", Step::NewPassword) => new_password(core, &pool, &client, &pending, session, &answers),
        ("SOFTWARE_TOKEN_MFA", Step::SoftwareToken) => {
            let user = core.user(&pool, &pending.username)?;
            let code = answers.text("SOFTWARE_TOKEN_MFA_CODE")?;
            if let Err(error) = mfa::take(core, &pool, &user, code) {
                core.challenges.fail(session);
                return Err(error);
            }
            core.challenges.end(session);
            tokens(core, &pool, &client, &user)
        }
        ("MFA_SETUP", Step::Setup { verified: true, .. }) => {
            core.challenges.end(session);
            tokens(core, &pool, &client, &core.user(&pool, &pending.username)?)
        }
        ("MFA_SETUP", Step::Setup { .. }) => Err(not_authorized("User has not verified software token mfa")),
        _ => Err(bad_session()),
    }
}

/// Checks the proof of the password.
fn prove(
    core: &Core,
    pool: &Pool,
    client: &Client,
    user: &User,
    exchange: &srp::Exchange,
    answers: &Parameters,
) -> Result<Value, ApiError> {
    check_open(user)?;
    core.check_lock(user)?;
    let decoded =
        |name: &str| STANDARD.decode(answers.text(name)?).map_err(|_| invalid(format!("{name} is not Base64")));
    let (secret_block, signature) = (decoded("PASSWORD_CLAIM_SECRET_BLOCK")?, decoded("PASSWORD_CLAIM_SIGNATURE")?);
    let right = exchange.admits(&Claim {
        identity: &pool.identity(&user.username),
        secret_block: &secret_block,
        timestamp: answers.text("TIMESTAMP")?,
        signature: &signature,
    });
    core.count_password(pool, user, right)?;
    if right { password_known(core, pool, client, user) } else { Err(wrong_password()) }
}

/// What comes after the right password: perhaps a password of one's own, perhaps a second factor, then tokens.
fn password_known(core: &Core, pool: &Pool, client: &Client, user: &User) -> Result<Value, ApiError> {
    match user.status {
        Status::Unconfirmed => Err(ApiError::new("UserNotConfirmedException", "User is not confirmed.")),
        Status::ForceChangePassword => {
            if user.temporary_until_ms.is_some_and(|until_ms| until_ms <= core.shared.clock.now_ms()) {
                return Err(not_authorized("Temporary password has expired and must be reset by an administrator."));
            }
            let missing: Vec<String> = attribute::required(pool)
                .into_iter()
                .filter(|name| !user.attributes.contains_key(*name))
                .map(|name| format!("userAttributes.{name}"))
                .collect();
            let session = core.wait(pool, client, &user.username, Step::NewPassword);
            Ok(json!({
                "ChallengeName": "NEW_PASSWORD_REQUIRED",
                "ChallengeParameters": {
                    "USER_ID_FOR_SRP": user.username,
                    "requiredAttributes": json!(missing).to_string(),
                    "userAttributes": json!(user.attributes).to_string(),
                },
                "Session": session,
            }))
        }
        Status::Confirmed | Status::ResetRequired => second_factor(core, pool, client, user),
    }
}

fn new_password(
    core: &Core,
    pool: &Pool,
    client: &Client,
    pending: &Pending,
    session: &str,
    answers: &Parameters,
) -> Result<Value, ApiError> {
    let user = core.user(pool, &pending.username)?;
    let password = answers.text("NEW_PASSWORD")?;
    pool.password_policy().check(password)?;
    let attributes: BTreeMap<String, String> = answers
        .0
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("userAttributes.")?.to_owned(), value.clone())))
        .collect();
    client.check_writes(attributes.keys())?;
    attribute::check(pool, &attributes, Writer::User, true)?;
    let mut all = user.attributes.clone();
    all.extend(attributes.clone());
    attribute::check_required(pool, &all)?;
    let verifier = core.verifier(pool, &user.username, password);
    let user = core.change_user(pool, &user.username, |user| {
        user.set_attributes(attributes);
        user.set_password(verifier);
        user.status = Status::Confirmed;
        Ok(user.clone())
    })?;
    core.challenges.end(session);
    second_factor(core, pool, client, &user)
}

fn second_factor(core: &Core, pool: &Pool, client: &Client, user: &User) -> Result<Value, ApiError> {
    let has_token = user.software_token.as_ref().is_some_and(|token| token.verified);
    let (name, step, parameters) = match pool.mfa() {
        "ON" if has_token => ("SOFTWARE_TOKEN_MFA", Step::SoftwareToken, Map::new()),
        "OPTIONAL" if user.uses_software_token() => ("SOFTWARE_TOKEN_MFA", Step::SoftwareToken, Map::new()),
        "ON" => {
            let choices = json!(["SOFTWARE_TOKEN_MFA"]).to_string();
            let parameters = Map::from_iter([("MFAS_CAN_SETUP".to_owned(), json!(choices))]);
            ("MFA_SETUP", Step::Setup { secret: None, verified: false }, parameters)
        }
        _ => return tokens(core, pool, client, user),
    };
    let mut parameters = parameters;
    parameters.insert("USER_ID_FOR_SRP".to_owned(), json!(user.username));
    if let Some(device) = user.software_token.as_ref().and_then(|token| token.device.as_deref()) {
        parameters.insert("FRIENDLY_DEVICE_NAME".to_owned(), json!(device));
    }
    let session = core.wait(pool, client, &user.username, step);
    Ok(json!({ "ChallengeName": name, "ChallengeParameters": parameters, "Session": session }))
}

fn tokens(core: &Core, pool: &Pool, client: &Client, user: &User) -> Result<Value, ApiError> {
    check_open(user)?;
    let result = core.sign_in(pool, client, user)?;
    Ok(json!({ "ChallengeParameters": {}, "AuthenticationResult": result }))
}

impl Core {
    fn wait(&self, pool: &Pool, client: &Client, username: &str, step: Step) -> String {
        let now_ms = self.shared.clock.now_ms();
        let pending = Pending {
            pool_id: pool.id.clone(),
            client_id: client.id.clone(),
            username: username.to_owned(),
            step,
            expires_ms: now_ms + client.session_ms(),
            attempts: 0,
        };
        self.challenges.begin(&*self.shared.ids, now_ms, pending)
    }

    /// 32 bytes that are the same for the same name as long as the cloud runs, and that nobody can compute.
    fn decoy(&self, pool: &Pool, name: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.decoy).chain_update(&pool.id).chain_update(pool.folded(name)).finalize().into()
    }

    fn pretended_username(&self, pool: &Pool, name: &str) -> String {
        if pool.username_attributes().is_empty() {
            return name.to_owned();
        }
        let mut digest = self.decoy(pool, name);
        digest[6] = (digest[6] & 0x0f) | 0x40;
        digest[8] = (digest[8] & 0x3f) | 0x80;
        let text = hex::encode(&digest[..16]);
        format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
    }

    fn pretended_verifier(&self, pool: &Pool, name: &str) -> Verifier {
        let digest = self.decoy(pool, name);
        let mut salt = [0; 16];
        salt.copy_from_slice(&digest[16..]);
        Verifier::of(&pool.identity(name), &hex::encode(digest), salt)
    }
}
