//! Cognito user pools and identity pools.

use std::sync::Arc;

use serde_json::Value;

use crate::base::BoxFuture;

use super::iam::Iam;
use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};

/// Cognito user pools and identity pools.
pub(in crate::cloud) struct Cognito {
    shared: Arc<Shared>,
    iam: Arc<Iam>,
}

impl Service for Cognito {
    fn id(&self) -> ServiceId {
        ServiceId::Cognito
    }

    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Requires(Vec::new())
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { Err(ApiError::not_built("cognito", &call.action)) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        Vec::new()
    }

    fn snapshot(&self) -> Value {
        Value::Null
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
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>) -> Self {
        Self { shared, iam }
    }

    /// Checks a JWT of any pool of this cloud: signature, issuer, `token_use`, expiry, revocation.
    pub(in crate::cloud) fn verify(&self, token: &str) -> Result<Claims, ApiError> {
        let _ = token;
        Err(ApiError::not_built("cognito", "verify"))
    }

    /// `/{poolId}/.well-known/jwks.json` and `openid-configuration`.
    pub(in crate::cloud) fn well_known(&self, pool_id: &str, document: &str) -> Result<ApiReply, ApiError> {
        Err(ApiError::not_built("cognito", &format!("{pool_id} {document}")))
    }

    /// The messages that were sent, newest first, of one pool and user when given.
    pub(in crate::cloud) fn mailbox(&self, pool_id: Option<&str>, username: Option<&str>) -> Vec<Message> {
        let _ = (pool_id, username);
        Vec::new()
    }
}
