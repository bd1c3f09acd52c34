//! Signing in: the flows that begin it, the challenges that it takes, the tokens at its end.
//!
//! Passwordless sign-in, text-message and e-mail factors and remembered devices are absent and refused by name.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Core;
use super::attribute::{self, Writer};
use super::challenge::{Pending, Step};
use super::claims::Cause;
use super::client::Client;
use super::compare::same;
use super::fault::{bad_session, invalid, no_user, not_authorized, wrong_password};
use super::input::Input;
use super::pool::Pool;
use super::srp::{Claim, Exchange, Verifier};
use super::trigger::Origin;
use super::user::{Status, User};
use super::{mfa, migration, moments, srp};
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
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn text(&self, name: &str) -> Result<&str, ApiError> {
        let value = self.0.get(name).filter(|value| !value.is_empty());
        value.map(String::as_str).ok_or_else(|| invalid(format!("Missing required parameter {name}")))
    }

    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// The occasions on which tokens are made.
pub(super) const AUTHENTICATED: &str = "TokenGeneration_Authentication";
const NEW_PASSWORD: &str = "TokenGeneration_NewPasswordChallenge";

/// One call of a sign-in: where it takes place, and what it gives.
pub(super) struct Flow<'a> {
    pub core: &'a Core,
    pub pool: Pool,
    pub client: Client,
    pub parameters: Parameters,
    pub input: Input<'a>,
    /// It answers a challenge. The data of the call that begins a sign-in is for the functions before it alone
    /// (`ClientMetadata` in the API reference of `InitiateAuth`).
    pub answers: bool,
}

impl Flow<'_> {
    /// The caller as the functions before a sign-in see it.
    pub(super) fn origin(&self) -> Origin<'_> {
        Origin::client(&self.client, self.input)
    }

    /// The caller as the functions after a proof see it.
    pub(super) fn later(&self) -> Origin<'_> {
        if self.answers { self.origin() } else { self.origin().without_metadata() }
    }

    /// Waits for an answer; the text names the sign-in.
    pub(super) fn wait(&self, username: &str, step: Step) -> String {
        let core = self.core;
        let now_ms = core.shared.clock.now_ms();
        let pending = Pending {
            pool_id: self.pool.id.clone(),
            client_id: self.client.id.clone(),
            username: username.to_owned(),
            step,
            expires_ms: now_ms + self.client.session_ms(),
            attempts: 0,
        };
        core.challenges.begin(&*core.shared.ids, now_ms, pending)
    }

    /// Who signs in, by the name that was given. It is none where the client must not learn that there is nobody.
    pub(super) fn user(&self, name: &str) -> Result<Option<User>, ApiError> {
        let user = self.core.find_user(&self.pool, name);
        if user.is_none() && !self.client.hides_users() { Err(no_user()) } else { Ok(user) }
    }

    /// Lets the pool's function refuse before anything is proven.
    pub(super) fn pre_authentication(&self, name: &str, user: Option<&User>) -> Result<(), ApiError> {
        moments::pre_authentication(self.core, &self.pool, self.origin(), (name, user), self.client.hides_users())
    }
}

pub(super) fn initiate(core: &Core, input: Input<'_>, door: Door) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    let parameters = Parameters(input.parameters("AuthParameters"));
    let flow = Flow { core, pool, client, parameters, input, answers: false };
    let Flow { pool, client, parameters, .. } = &flow;
    let kind = input.text("AuthFlow")?;
    match (kind, door) {
        ("REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN", _) => {
            client.check_flow("REFRESH_TOKEN_AUTH")?;
            let (user, result) = core.refresh(pool, client, parameters.text("REFRESH_TOKEN")?, flow.later())?;
            // The hash is over the username here, whatever name was used to sign in.
            client.check_secret(&user.username, parameters.optional("SECRET_HASH"))?;
            Ok(json!({ "ChallengeParameters": {}, "AuthenticationResult": result }))
        }
        ("USER_SRP_AUTH", _) => {
            client.check_flow(kind)?;
            flow.begin_srp()
        }
        ("USER_PASSWORD_AUTH", Door::Client) => {
            client.check_flow(kind)?;
            flow.by_password()
        }
        ("ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH", Door::Admin) => {
            client.check_flow("ADMIN_USER_PASSWORD_AUTH")?;
            flow.by_password()
        }
        ("CUSTOM_AUTH", _) => {
            client.check_flow(kind)?;
            flow.begin_custom()
        }
        ("USER_AUTH", _) => Err(ApiError::not_built("cognito-idp", &format!("sign-in by {kind}"))),
        ("USER_PASSWORD_AUTH" | "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH", _) => {
            Err(invalid("Initiate Auth method not supported."))
        }
        _ => Err(invalid(format!(
            "1 validation error detected: Value '{kind}' at 'authFlow' failed to satisfy constraint: Member must satisfy \
             enum value set: [ADMIN_NO_SRP_AUTH, ADMIN_USER_PASSWORD_AUTH, CUSTOM_AUTH, REFRESH_TOKEN, \
             REFRESH_TOKEN_AUTH, USER_AUTH, USER_PASSWORD_AUTH, USER_SRP_AUTH]"
        ))),
    }
}

/// `GetTokensFromRefreshToken`: the same tokens by another action, with the secret itself instead of its HMAC.
pub(super) fn refresh(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    client_secret(&client, input)?;
    let (_, result) = core.refresh(&pool, &client, input.text("RefreshToken")?, Origin::client(&client, input))?;
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
    if same(&given, &own) {
        Ok(())
    } else {
        Err(not_authorized(format!("Unable to verify secret for client {}", client.id)))
    }
}

impl Flow<'_> {
    fn by_password(&self) -> Result<Value, ApiError> {
        let Flow { core, pool, client, parameters, .. } = self;
        let name = parameters.text("USERNAME")?;
        client.check_secret(name, parameters.optional("SECRET_HASH"))?;
        let password = parameters.text("PASSWORD")?;
        let known = match core.find_user(pool, name) {
            Some(user) => Some(user),
            None => migration::of_password(core, (pool, client), self.origin(), (name, password))?,
        };
        if known.is_none() && !client.hides_users() {
            return Err(no_user());
        }
        self.pre_authentication(name, known.as_ref())?;
        let user = known.ok_or_else(wrong_password)?;
        check_open(&user)?;
        if !core.check_password(pool, &user, password)? {
            return Err(wrong_password());
        }
        self.password_known(&user)
    }

    fn begin_srp(&self) -> Result<Value, ApiError> {
        let name = self.parameters.text("USERNAME")?;
        self.client.check_secret(name, self.parameters.optional("SECRET_HASH"))?;
        let client_public = self.parameters.text("SRP_A")?;
        let user = self.user(name)?;
        if let Some(user) = &user {
            check_open(user)?;
            self.core.check_lock(user)?;
        }
        self.pre_authentication(name, user.as_ref())?;
        self.exchange(name, user.as_ref(), client_public, None)
    }

    /// The first half of SRP. `custom` holds the challenges before it, in a sign-in of custom challenges.
    pub(super) fn exchange(
        &self,
        name: &str,
        user: Option<&User>,
        client_public: &str,
        custom: Option<Vec<Value>>,
    ) -> Result<Value, ApiError> {
        let Flow { core, pool, .. } = self;
        let username = user.map_or_else(|| core.pretended_username(pool, name), |user| user.username.clone());
        let verifier = user.and_then(|user| user.verifier.clone());
        let is_real = verifier.is_some();
        // Who has no password gets numbers like everyone's, the same salt each time, and fails at the proof.
        let verifier = verifier.unwrap_or_else(|| core.pretended_verifier(pool, name));
        let mut secret = [0; 32];
        core.shared.ids.fill(&mut secret);
        let exchange = Exchange::begin(client_public, &verifier, &secret)
            .ok_or_else(|| invalid("SRP_A is not a valid public value."))?;
        let server_public = exchange.server_public.to_str_radix(16);
        let step = Step::Password { exchange: is_real.then(|| Box::new(exchange)), custom };
        let secret_block = self.wait(&username, step);
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
}

/// Refuses users who may not sign in whatever their password.
pub(super) fn check_open(user: &User) -> Result<(), ApiError> {
    if !user.enabled {
        return Err(not_authorized("User is disabled."));
    }
    if user.status == Status::ResetRequired {
        return Err(ApiError::new("PasswordResetRequiredException", "Password reset required for the user"));
    }
    Ok(())
}

pub(super) fn respond(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, client) = core.client_of(input)?;
    let parameters = Parameters(input.parameters("ChallengeResponses"));
    let challenge = input.text("ChallengeName")?;
    match challenge {
        "PASSWORD_VERIFIER" | "NEW_PASSWORD_REQUIRED" | "SOFTWARE_TOKEN_MFA" | "MFA_SETUP" | "CUSTOM_CHALLENGE" => {}
        _ => return Err(ApiError::not_built("cognito-idp", &format!("the challenge {challenge}"))),
    }
    client.check_secret(parameters.text("USERNAME")?, parameters.optional("SECRET_HASH"))?;
    let now_ms = core.shared.clock.now_ms();
    let session = match challenge {
        "PASSWORD_VERIFIER" => parameters.text("PASSWORD_CLAIM_SECRET_BLOCK")?,
        _ => input.text("Session")?,
    }
    .to_owned();
    let pending = core.challenges.peek(&session, &client.id, now_ms)?;
    if pending.pool_id != pool.id {
        return Err(bad_session());
    }
    let flow = Flow { core, pool, client, parameters, input, answers: true };
    flow.go_on(challenge, &session, &pending)
}

impl Flow<'_> {
    /// Takes the answer to a challenge.
    fn go_on(&self, challenge: &str, session: &str, pending: &Pending) -> Result<Value, ApiError> {
        let Flow { core, pool, parameters, .. } = self;
        match (challenge, &pending.step) {
            ("PASSWORD_VERIFIER", Step::Password { exchange, custom }) => {
                core.challenges.end(session);
                let user = core.find_user(pool, &pending.username);
                let Some((user, exchange)) = user.zip(exchange.as_ref()) else {
                    return Err(wrong_password());
                };
                self.prove(&user, exchange)?;
                match custom {
                    None => self.password_known(&user),
                    Some(before) => self.after_password(&user, before.clone()),
                }
            }
            ("CUSTOM_CHALLENGE", Step::Custom { .. }) => {
                core.challenges.end(session);
                self.judge(pending)
            }
            ("NEW_PASSWORD_REQUIRED", Step::NewPassword) => self.new_password(pending, session),
            ("SOFTWARE_TOKEN_MFA", Step::SoftwareToken) => {
                let user = core.user(pool, &pending.username)?;
                let code = parameters.text("SOFTWARE_TOKEN_MFA_CODE")?;
                if let Err(error) = mfa::take(core, pool, &user, code) {
                    core.challenges.fail(session);
                    return Err(error);
                }
                core.challenges.end(session);
                self.tokens(&user, AUTHENTICATED)
            }
            ("MFA_SETUP", Step::Setup { verified: true, .. }) => {
                core.challenges.end(session);
                self.tokens(&core.user(pool, &pending.username)?, AUTHENTICATED)
            }
            ("MFA_SETUP", Step::Setup { .. }) => Err(not_authorized("User has not verified software token mfa")),
            _ => Err(bad_session()),
        }
    }

    /// Checks the proof of the password.
    fn prove(&self, user: &User, exchange: &srp::Exchange) -> Result<(), ApiError> {
        check_open(user)?;
        self.core.check_lock(user)?;
        let decoded = |name: &str| {
            STANDARD.decode(self.parameters.text(name)?).map_err(|_| invalid(format!("{name} is not Base64")))
        };
        let (secret_block, signature) = (decoded("PASSWORD_CLAIM_SECRET_BLOCK")?, decoded("PASSWORD_CLAIM_SIGNATURE")?);
        let right = exchange.admits(&Claim {
            identity: &self.pool.identity(&user.username),
            secret_block: &secret_block,
            timestamp: self.parameters.text("TIMESTAMP")?,
            signature: &signature,
        });
        self.core.count_password(&self.pool, user, right)?;
        if right { Ok(()) } else { Err(wrong_password()) }
    }

    /// What comes after the right password: perhaps a password of one's own, perhaps a second factor, then tokens.
    fn password_known(&self, user: &User) -> Result<Value, ApiError> {
        match user.status {
            Status::Unconfirmed => Err(ApiError::new("UserNotConfirmedException", "User is not confirmed.")),
            Status::ForceChangePassword => {
                let now_ms = self.core.shared.clock.now_ms();
                if user.temporary_until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
                    return Err(not_authorized(
                        "Temporary password has expired and must be reset by an administrator.",
                    ));
                }
                let missing: Vec<String> = attribute::required(&self.pool)
                    .into_iter()
                    .filter(|name| !user.attributes.contains_key(*name))
                    .map(|name| format!("userAttributes.{name}"))
                    .collect();
                let session = self.wait(&user.username, Step::NewPassword);
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
            Status::Confirmed | Status::ResetRequired => self.second_factor(user, AUTHENTICATED),
        }
    }

    fn new_password(&self, pending: &Pending, session: &str) -> Result<Value, ApiError> {
        let Flow { core, pool, client, parameters, .. } = self;
        let user = core.user(pool, &pending.username)?;
        let password = parameters.text("NEW_PASSWORD")?;
        pool.password_policy().check(password)?;
        let attributes: BTreeMap<String, String> = parameters
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
        self.second_factor(&user, NEW_PASSWORD)
    }

    fn second_factor(&self, user: &User, occasion: &str) -> Result<Value, ApiError> {
        let has_token = user.software_token.as_ref().is_some_and(|token| token.verified);
        let (name, step, parameters) = match self.pool.mfa() {
            "ON" if has_token => ("SOFTWARE_TOKEN_MFA", Step::SoftwareToken, Map::new()),
            "OPTIONAL" if user.uses_software_token() => ("SOFTWARE_TOKEN_MFA", Step::SoftwareToken, Map::new()),
            "ON" => {
                let choices = json!(["SOFTWARE_TOKEN_MFA"]).to_string();
                let parameters = Map::from_iter([("MFAS_CAN_SETUP".to_owned(), json!(choices))]);
                ("MFA_SETUP", Step::Setup { secret: None, verified: false }, parameters)
            }
            _ => return self.tokens(user, occasion),
        };
        let mut parameters = parameters;
        parameters.insert("USER_ID_FOR_SRP".to_owned(), json!(user.username));
        if let Some(device) = user.software_token.as_ref().and_then(|token| token.device.as_deref()) {
            parameters.insert("FRIENDLY_DEVICE_NAME".to_owned(), json!(device));
        }
        let session = self.wait(&user.username, step);
        Ok(json!({ "ChallengeName": name, "ChallengeParameters": parameters, "Session": session }))
    }

    /// The end of a sign-in. `occasion` says why there are tokens.
    pub(super) fn tokens(&self, user: &User, occasion: &str) -> Result<Value, ApiError> {
        check_open(user)?;
        moments::post_authentication(self.core, &self.pool, self.later(), user)?;
        let cause = Cause { source: occasion, origin: self.later() };
        let result = self.core.sign_in(&self.pool, &self.client, user, cause)?;
        Ok(json!({ "ChallengeParameters": {}, "AuthenticationResult": result }))
    }
}

impl Core {
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
