//! IAM: roles and policies, who a request comes from, and what it may do.
//!
//! It has no users, groups or instance profiles, and knows the content of no policy that AWS manages: such a policy
//! can be attached, and grants nothing.

mod authenticate;
mod condition;
mod decide;
mod form;
mod known;
mod legacy;
pub(in crate::cloud) mod policy;
mod resources;
mod roles;
mod sessions;
mod signature;
mod statements;
mod visitor;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::{BoxFuture, Secret};

use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, Permission, ResourceHandler, RoleSession, Service,
    ServiceId, Shared,
};
pub(in crate::cloud) use authenticate::Authenticated;
use known::Known;
use policy::{Policy, Question, Verdict};
use roles::Roles;
use sessions::Sessions;
pub(in crate::cloud) use signature::Payload;
pub(in crate::cloud) use statements::Statements;
pub(in crate::cloud) use visitor::{Guest, ServiceVisitor};

/// IAM: roles and policies, who a request comes from, and what it may do.
pub(in crate::cloud) struct Iam {
    shared: Arc<Shared>,
    roles: Arc<Roles>,
    sessions: Sessions,
    root_key: Option<(String, Secret<String>)>,
}

impl Service for Iam {
    fn id(&self) -> ServiceId {
        ServiceId::Iam
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        Access::Requires(vec![wire::permission(&self.shared, call)])
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { wire::answer(&self.roles, &call) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self.roles)
    }

    fn snapshot(&self) -> Value {
        let roles = self.roles.rows.all();
        let rows: Vec<Value> = roles
            .iter()
            .map(|(name, role)| {
                let policies: Vec<&String> = role.inline.keys().chain(&role.attached).collect();
                json!({"role": name, "arn": role.arn, "policies": policies})
            })
            .collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Roles", "rows": rows}) }
    }
}

/// Temporary credentials.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Credentials {
    pub access_key: String,
    pub secret_key: Secret<String>,
    pub session_token: Secret<String>,
    /// Seconds since 1970.
    pub expires_at_s: i64,
    pub session: RoleSession,
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
    pub context: BTreeMap<String, Vec<String>>,
    pub seconds: i64,
}

impl Iam {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, root_key: Option<(String, Secret<String>)>) -> Self {
        let roles = Arc::new(Roles::new(Arc::clone(&shared)));
        let sessions = Sessions::new(Arc::clone(&shared));
        Self { shared, roles, sessions, root_key }
    }

    /// Whether a caller may do something; the error is AWS's `AccessDenied`.
    pub(in crate::cloud) fn authorize(&self, caller: &Caller, permission: &Permission) -> Result<(), ApiError> {
        self.authorize_with(caller, permission, &BTreeMap::new(), None)
    }

    /// As [`Self::authorize`], with condition keys of the request (`s3:prefix`) and the policy of the resource.
    pub(in crate::cloud) fn authorize_with(
        &self,
        caller: &Caller,
        permission: &Permission,
        context: &BTreeMap<String, Vec<String>>,
        resource_policy: Option<&Policy>,
    ) -> Result<(), ApiError> {
        match caller {
            Caller::Root => Ok(()),
            Caller::Anonymous if resource_policy.is_none() => Err(missing_token()),
            Caller::Anonymous => decide::anonymous(&self.shared, permission, context, resource_policy),
            Caller::Role(session) | Caller::Service(session) => {
                let known = self.roles.by_arn(&session.role_arn);
                let known = known.as_deref();
                let asked = decide::Asked { session, known, permission, context, resource_policy };
                let ask = || decide::session(&self.shared, &asked);
                let plain = session.context.is_empty() && context.is_empty() && resource_policy.is_none();
                match (known, caller) {
                    (Some(known), Caller::Service(_)) if plain => {
                        let Permission { action, resource } = permission;
                        known.once(&format!("{} {action} {resource}", session.session_name), ask)
                    }
                    _ => ask(),
                }
            }
        }
    }

    /// Credentials of a role for someone whom its trust policy admits.
    pub(in crate::cloud) fn assume(&self, request: &RoleRequest<'_>) -> Result<Credentials, ApiError> {
        let known = self.admitted(request)?;
        if !(900..=known.role.longest_session_s).contains(&request.seconds) {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err(ApiError::new("ValidationError", message));
        }
        let session = RoleSession {
            role_arn: known.role.arn.clone(),
            session_name: request.session_name.to_owned(),
            access_key: String::new(),
            context: request.context.clone(),
        };
        self.sessions.issue(session, request.seconds)
    }

    /// Temporary credentials of the account's owner, with all rights that the owner has.
    pub(in crate::cloud) fn owner_session(&self, seconds: i64) -> Result<Credentials, ApiError> {
        let session = RoleSession {
            role_arn: format!("arn:aws:iam::{}:root", self.shared.account),
            session_name: String::new(),
            access_key: String::new(),
            context: BTreeMap::new(),
        };
        self.sessions.issue(session, seconds)
    }

    /// The session in which one of our services acts with a role, when the trust policy admits the service.
    pub(in crate::cloud) fn act_as(&self, role_arn: &str, service: &str) -> Result<Caller, ApiError> {
        let known = self.admitted(&RoleRequest {
            role_arn,
            session_name: service,
            principal: ("Service", service),
            action: "sts:AssumeRole",
            context: BTreeMap::new(),
            seconds: 3600,
        })?;
        Ok(Caller::Service(RoleSession {
            role_arn: known.role.arn.clone(),
            session_name: service.split('.').next().unwrap_or_default().to_owned(),
            access_key: String::new(),
            context: BTreeMap::new(),
        }))
    }

    /// `AROA…`, the id of a role.
    pub(in crate::cloud) fn role_id(&self, role_arn: &str) -> Option<String> {
        self.roles.by_arn(role_arn).map(|known| known.role.id.clone())
    }

    /// The role, when its trust policy admits the principal.
    fn admitted(&self, request: &RoleRequest<'_>) -> Result<Arc<Known>, ApiError> {
        let (kind, name) = request.principal;
        let subject = if kind == "AWS" { format!("User: {name} is not") } else { "Not".to_owned() };
        let denied = || {
            let message =
                format!("{subject} authorized to perform: {} on resource: {}", request.action, request.role_arn);
            // For federated callers AWS does not say which role it was.
            let message = if kind == "AWS" { message } else { format!("Not authorized to perform {}", request.action) };
            ApiError::new("AccessDenied", message).status(403)
        };
        let known = self.roles.by_arn(request.role_arn).ok_or_else(denied)?;
        let ask = || {
            let principals = [(kind.to_owned(), name.to_owned())];
            let mut context = decide::lower_keys(&self.shared, &request.context, None);
            if kind == "Service" {
                // Services tell for which account they act, so that a trust policy can keep out those of others.
                context.insert("aws:sourceaccount".to_owned(), vec![self.shared.account.to_owned()]);
            }
            let resource = &known.role.arn;
            let question = Question { action: request.action, resource, principals: &principals, context: &context };
            if known.trust()?.verdict(&question) == Verdict::Allow { Ok(()) } else { Err(denied()) }
        };
        if kind == "Service" && request.context.is_empty() {
            known.once(&format!("{} {name}", request.action), ask)?;
        } else {
            ask()?;
        }
        Ok(known)
    }
}

/// A protected action without a signature.
pub(in crate::cloud) fn missing_token() -> ApiError {
    ApiError::new("MissingAuthenticationToken", "Request is missing Authentication Token").status(403)
}
