//! Who comes to a resource: a caller with policies of its own, or one of AWS's services by itself, which only the policy
//! of what it visits can let in.

use std::collections::BTreeMap;

use super::Iam;
use super::policy::{Policy, Question, Verdict};
use crate::cloud::service::{ApiError, Caller, Permission, Shared};

/// Who comes to a resource.
#[derive(Clone, Debug)]
pub(in crate::cloud) enum Guest<'a> {
    /// A caller (a service acting with a role among them): its policies or the resource's must allow it.
    Caller(Caller),
    /// One of AWS's services by itself: the resource's policy must allow it.
    Service(ServiceVisitor<'a>),
}

impl Iam {
    /// Whether someone may do something to a resource with this policy.
    ///
    /// # Errors
    /// `AccessDenied`, for services `AccessDeniedException`.
    pub(in crate::cloud) fn admit(
        &self,
        guest: &Guest<'_>,
        permission: &Permission,
        policy: Option<&Policy>,
    ) -> Result<(), ApiError> {
        match guest {
            Guest::Caller(caller) => self.authorize_with(caller, permission, &BTreeMap::new(), policy),
            Guest::Service(visitor) if visitor.is_admitted(&self.shared, policy, permission) => Ok(()),
            Guest::Service(visitor) => Err(visitor.refusal(permission)),
        }
    }
}

/// One of AWS's services that acts on behalf of a resource.
#[derive(Clone, Copy, Debug)]
pub(in crate::cloud) struct ServiceVisitor<'a> {
    /// `appsync.amazonaws.com`.
    pub service: &'a str,
    /// The resource for which it acts.
    pub source_arn: &'a str,
}

impl ServiceVisitor<'_> {
    /// Whether a resource's policy lets the service in.
    pub(in crate::cloud) fn is_admitted(
        &self,
        shared: &Shared,
        policy: Option<&Policy>,
        permission: &Permission,
    ) -> bool {
        let Some(policy) = policy else { return false };
        let principals = [("Service".to_owned(), self.service.to_owned())];
        let facts = [
            ("aws:sourcearn", self.source_arn),
            ("aws:sourceaccount", shared.account),
            ("aws:principalservicename", self.service),
            ("aws:principalisawsservice", "true"),
            ("aws:securetransport", "true"),
        ];
        let context: BTreeMap<String, Vec<String>> =
            facts.into_iter().map(|(name, value)| (name.to_owned(), vec![value.to_owned()])).collect();
        let Permission { action, resource } = permission;
        policy.verdict(&Question { action, resource, principals: &principals, context: &context }) == Verdict::Allow
    }

    /// The refusal of a service that is not let in.
    pub(in crate::cloud) fn refusal(&self, permission: &Permission) -> ApiError {
        let Permission { action, resource } = permission;
        let message = format!(
            "{} is not authorized to perform: {action} on resource: {resource} because no resource-based policy allows \
             the {action} action",
            self.service
        );
        ApiError::new("AccessDeniedException", message).status(403)
    }
}
