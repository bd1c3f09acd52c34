//! IAM: roles and policies, who a request comes from, and what it may do.

use std::sync::Arc;

use serde_json::Value;

use crate::base::BoxFuture;

use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};

/// IAM: roles and policies, who a request comes from, and what it may do.
pub(in crate::cloud) struct Iam {
    shared: Arc<Shared>,
}

impl Service for Iam {
    fn id(&self) -> ServiceId {
        ServiceId::Iam
    }

    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Requires(Vec::new())
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { Err(ApiError::not_built("iam", &call.action)) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        Vec::new()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }
}

/// Temporary credentials.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Credentials {
    pub access_key: String,
    pub secret_key: crate::base::Secret<String>,
    pub session_token: crate::base::Secret<String>,
    /// Seconds since 1970.
    pub expires_at_s: i64,
    pub session: super::service::RoleSession,
}

/// Someone who asks for a role; checked against its trust policy.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct RoleRequest<'a> {
    pub role_arn: &'a str,
    pub session_name: &'a str,
    /// `Service: appsync.amazonaws.com`, `Federated: cognito-identity.amazonaws.com`, `AWS: arn…`.
    pub principal: (&'a str, &'a str),
    /// `sts:AssumeRole`, `sts:AssumeRoleWithWebIdentity`.
    pub action: &'a str,
    /// Condition keys: `cognito-identity.amazonaws.com:aud`, `:amr`, `:sub`.
    pub context: std::collections::BTreeMap<String, Vec<String>>,
    pub seconds: i64,
}

impl Iam {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, root_key: Option<(String, crate::base::Secret<String>)>) -> Self {
        let _ = root_key;
        Self { shared }
    }

    /// Who sent a request: checks the `SigV4` signature in its headers or query. No signature is `Anonymous`.
    pub(in crate::cloud) fn authenticate(
        &self,
        parts: &http::request::Parts,
        body: &[u8],
    ) -> Result<super::service::Caller, ApiError> {
        let _ = (parts, body);
        Err(ApiError::not_built("iam", "authenticate"))
    }

    /// Whether a caller may do something; the error is AWS's `AccessDenied`.
    pub(in crate::cloud) fn authorize(
        &self,
        caller: &super::service::Caller,
        permission: &super::service::Permission,
    ) -> Result<(), ApiError> {
        let _ = (caller, permission);
        Err(ApiError::not_built("iam", "authorize"))
    }

    /// Credentials of a role for someone whom its trust policy admits.
    pub(in crate::cloud) fn assume(&self, request: &RoleRequest<'_>) -> Result<Credentials, ApiError> {
        let _ = request;
        Err(ApiError::not_built("iam", "assume"))
    }

    /// The session in which one of our services acts with a role, when the trust policy admits the service.
    pub(in crate::cloud) fn act_as(&self, role_arn: &str, service: &str) -> Result<super::service::Caller, ApiError> {
        let _ = (role_arn, service);
        Err(ApiError::not_built("iam", "act_as"))
    }
}
