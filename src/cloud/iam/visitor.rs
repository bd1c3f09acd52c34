//! One of AWS's services that comes by itself, on behalf of a resource: only the policy of what it visits can let it in.

use std::collections::BTreeMap;

use super::policy::{Policy, Question, Verdict};
use crate::cloud::service::{ApiError, Permission, Shared};

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
