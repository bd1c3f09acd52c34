//! Cognito user pools and identity pools.
//!
//! Users sign up, sign in by SRP or password, get RS256 tokens and, through an identity pool, credentials of a role.
//! Absent, and refused by name: hosted sign-in pages, foreign identity providers, functions that send messages, remembered
//! devices, passkeys, and codes as a second factor by text message or e-mail.

mod account;
mod admin;
mod api;
mod attribute;
mod challenge;
mod claims;
mod client;
mod clients;
mod code;
mod compare;
mod custom;
mod fault;
mod groups;
mod identity;
mod input;
mod keys;
mod mailbox;
mod mfa;
mod migration;
mod moments;
mod password;
mod pool;
mod pools;
mod recovery;
mod resources;
mod signin;
mod signup;
mod srp;
#[cfg(test)]
mod tests;
mod token;
mod trigger;
mod user;
mod users;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::iam::Iam;
use super::lambda::Lambda;
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, ReplyBody, ResourceHandler, Service, ServiceId, Shared,
};
use super::store::Table;
use api::Side;

/// Cognito user pools and identity pools.
pub(in crate::cloud) struct Cognito {
    core: Arc<Core>,
}

/// What the wire, the other services and CloudFormation share.
struct Core {
    shared: Arc<Shared>,
    iam: Arc<Iam>,
    /// Runs the functions of triggers.
    functions: Box<dyn trigger::Functions>,
    keys: Arc<keys::Keys>,
    challenges: challenge::Challenges,
    /// Makes the answers about users who do not exist steady and not to be foreseen.
    decoy: [u8; 32],
    writer: Mutex<()>,
    pools: Table<pool::Pool>,
    clients: Table<client::Client>,
    /// By `{pool}/{username}`.
    users: Table<user::User>,
    /// Usernames, by `{pool}/{attribute}/{value}`.
    aliases: Table<String>,
    /// By `{pool}/{group}`.
    groups: Table<groups::Group>,
    /// By `{sub}/{origin_jti}`.
    sessions: Table<token::Session>,
    mail: Table<Message>,
    identity_pools: Table<identity::IdentityPool>,
    /// By identity id.
    identities: Table<identity::Identity>,
    /// Identity ids, by `{identity pool}/{provider}/{sub}`.
    logins: Table<String>,
}

impl Core {
    /// Held while a row is read, changed and written.
    fn writer(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which of the two services a call is for.
fn side(call: &ApiCall) -> Side {
    let target = call.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if target.starts_with("AWSCognitoIdentityService.") { Side::IdentityPools } else { Side::UserPools }
}

impl Service for Cognito {
    fn id(&self) -> ServiceId {
        ServiceId::Cognito
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        api::access(&self.core, side(call), &call.action, &call.input)
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        // Exponentiations and signatures take milliseconds: on a thread of its own, so that other requests go on.
        let core = Arc::clone(&self.core);
        Box::pin(async move {
            blocking(move || api::execute(&core, side(&call), &call.action, &call.input)).await.map(ApiReply::json)
        })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::all(&self.core)
    }

    fn snapshot(&self) -> Value {
        let core = &self.core;
        let pools = core.pools.all();
        let users = pools.iter().flat_map(|(_, pool)| core.users_of(pool));
        let rows: Vec<Value> = users
            .map(|(_, user)| {
                let name = user.attributes.get("email").unwrap_or(&user.username);
                json!({
                    "name": name,
                    "pool": user.pool_id,
                    "status": user.status.name(),
                    "groups": user.groups,
                })
            })
            .collect();
        if pools.is_empty() { Value::Null } else { json!({ "title": "Users", "rows": rows }) }
    }
}

/// Runs work that computes or waits for the disk away from the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => {
            Err(ApiError::new("InternalErrorException", format!("the request ended early: {error}")).status(500))
        }
    }
}

/// A token that was checked: signature, issuer, expiry, revocation.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Claims {
    pub pool_id: String,
    /// `aud` of an id token, `client_id` of an access token.
    pub client_id: String,
    /// `id` or `access`.
    pub token_use: String,
    pub username: String,
    pub sub: String,
    pub groups: Vec<String>,
    /// Every claim.
    pub all: serde_json::Map<String, Value>,
}

/// A message that a real Cognito would have sent.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::cloud) struct Message {
    pub at_ms: i64,
    pub pool_id: String,
    pub username: String,
    /// `SignUp`, `ResendCode`, `ForgotPassword`, ….
    pub kind: String,
    /// `EMAIL`, `SMS`.
    pub channel: String,
    pub to: String,
    pub code: String,
    pub subject: String,
    pub body: String,
}

impl Cognito {
    /// Opens the pools of the cloud. The key that signs tokens is made in the background when there is none yet.
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>, lambda: Arc<Lambda>) -> Self {
        Self::with(shared, iam, Box::new(lambda))
    }

    fn with(shared: Arc<Shared>, iam: Arc<Iam>, functions: Box<dyn trigger::Functions>) -> Self {
        let mut decoy = [0; 32];
        shared.ids.fill(&mut decoy);
        let store = || Arc::clone(&shared.store);
        let core = Core {
            keys: keys::Keys::open(&shared),
            challenges: challenge::Challenges::default(),
            decoy,
            writer: Mutex::new(()),
            pools: Table::new(store(), "cognito-pools"),
            clients: Table::new(store(), "cognito-clients"),
            users: Table::new(store(), "cognito-users"),
            aliases: Table::new(store(), "cognito-aliases"),
            groups: Table::new(store(), "cognito-groups"),
            sessions: Table::new(store(), "cognito-sessions"),
            mail: Table::new(store(), "cognito-mail"),
            identity_pools: Table::new(store(), "cognito-identity-pools"),
            identities: Table::new(store(), "cognito-identities"),
            logins: Table::new(store(), "cognito-logins"),
            iam,
            functions,
            shared,
        };
        Self { core: Arc::new(core) }
    }

    /// Checks a JWT of any pool of this cloud: signature, issuer, `token_use`, expiry. Other services know nothing of a
    /// sign-out: the token says all that they ask (Cognito guide, "Ending user sessions with token revocation").
    pub(in crate::cloud) fn verify(&self, token: &str) -> Result<Claims, ApiError> {
        self.core.verify_alone(token, "token")
    }

    /// `/{poolId}/.well-known/jwks.json` and `openid-configuration`.
    pub(in crate::cloud) fn well_known(&self, pool_id: &str, document: &str) -> Result<ApiReply, ApiError> {
        let pool = self.core.pool(pool_id).map_err(|error| error.status(404))?;
        let body = match document {
            "jwks.json" => self.core.keys.jwks(&pool.id)?,
            "openid-configuration" => api::discovery(&self.core, &pool.id),
            _ => return Err(ApiError::not_built("cognito-idp", document).status(404)),
        };
        let headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("cache-control".to_owned(), "public, max-age=86400".to_owned()),
        ];
        Ok(ApiReply { status: 200, headers, body: ReplyBody::Bytes(body.to_string().into()) })
    }

    /// The messages that were sent, newest first, of one pool and user when given. A user may be named by the
    /// address as well.
    pub(in crate::cloud) fn mailbox(&self, pool_id: Option<&str>, username: Option<&str>) -> Vec<Message> {
        let messages = self.core.mail.all().into_iter().rev().map(|(_, message)| message);
        messages
            .filter(|message| pool_id.is_none_or(|pool_id| message.pool_id == pool_id))
            .filter(|message| username.is_none_or(|name| message.username == name || message.to == name))
            .collect()
    }
}
