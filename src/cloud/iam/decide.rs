//! Whether a caller may do something: identity policies, the resource's policy, and the words of a refusal.
//!
//! Source: "Policy evaluation logic" and "Access denied error messages" of the IAM user guide.

use std::collections::BTreeMap;

use super::known::Known;
use super::policy::{Policy, Question, Verdict};
use crate::cloud::service::{ApiError, Permission, RoleSession, Shared};

/// What a session asks.
pub(super) struct Asked<'a> {
    pub session: &'a RoleSession,
    /// The role, unless it is gone.
    pub known: Option<&'a Known>,
    pub permission: &'a Permission,
    pub context: &'a BTreeMap<String, Vec<String>>,
    pub resource_policy: Option<&'a Policy>,
}

/// For a session of a role. In one account either policy may allow, and either may deny.
pub(super) fn session(shared: &Shared, asked: &Asked<'_>) -> Result<(), ApiError> {
    let Asked { session, known, permission, context, resource_policy } = asked;
    let assumed = session.assumed_arn(shared.account);
    let principals = [("AWS".to_owned(), assumed.clone()), ("AWS".to_owned(), session.role_arn.clone())];
    let mut all = session.context.clone();
    if let Some(Known { role, .. }) = known {
        all.insert("aws:userid".to_owned(), vec![format!("{}:{}", role.id, session.session_name)]);
        let tags = role.tags.iter().map(|(key, value)| (format!("aws:PrincipalTag/{key}"), vec![value.clone()]));
        all.extend(tags);
    }
    all.extend(context.iter().map(|(key, values)| (key.clone(), values.clone())));
    let context = lower_keys(shared, &all, Some(&session.role_arn));
    let Permission { action, resource } = permission;
    let question = Question { action, resource, principals: &principals, context: &context };
    let policies = known.iter().flat_map(|known| &known.policies);
    let identity = policies.map(|policy| policy.verdict(&question)).max().unwrap_or(Verdict::Silent);
    let by_resource = resource_policy.map_or(Verdict::Silent, |policy| policy.verdict(&question));
    let because = match (identity, by_resource) {
        (Verdict::Deny, _) => "with an explicit deny in an identity-based policy".to_owned(),
        (_, Verdict::Deny) => "with an explicit deny in a resource-based policy".to_owned(),
        (Verdict::Allow, _) | (_, Verdict::Allow) => return Ok(()),
        (Verdict::Silent, Verdict::Silent) => format!("because no identity-based policy allows the {action} action"),
    };
    let message = format!("User: {assumed} is not authorized to perform: {action} on resource: {resource} {because}");
    Err(ApiError::new("AccessDenied", message).status(403))
}

/// For a request without a signature: only the resource's policy can allow it.
pub(super) fn anonymous(
    shared: &Shared,
    permission: &Permission,
    context: &BTreeMap<String, Vec<String>>,
    resource_policy: Option<&Policy>,
) -> Result<(), ApiError> {
    let context = lower_keys(shared, context, None);
    let Permission { action, resource } = permission;
    let question = Question { action, resource, principals: &[], context: &context };
    match resource_policy.map(|policy| policy.verdict(&question)) {
        Some(Verdict::Allow) => Ok(()),
        _ => Err(ApiError::new("AccessDenied", "Access Denied").status(403)),
    }
}

/// The keys that policies see: the caller's and the request's, and AWS's global ones.
pub(super) fn lower_keys(
    shared: &Shared,
    keys: &BTreeMap<String, Vec<String>>,
    role_arn: Option<&str>,
) -> BTreeMap<String, Vec<String>> {
    let now_ms = shared.clock.now_ms();
    let mut lower = BTreeMap::new();
    let mut set = |key: &str, value: &str| lower.insert(key.to_owned(), vec![value.to_owned()]);
    set("aws:currenttime", &crate::base::clock::iso_ms(now_ms));
    set("aws:epochtime", &now_ms.div_euclid(1000).to_string());
    set("aws:sourceip", "127.0.0.1");
    // The loopback interface is the channel that nobody else reads; "deny what is not TLS" means such channels.
    set("aws:securetransport", "true");
    set("aws:requestedregion", shared.region.as_str());
    if let Some(role_arn) = role_arn {
        set("aws:principalarn", role_arn);
        set("aws:principalaccount", shared.account);
        set("aws:principaltype", "AssumedRole");
    }
    lower.extend(keys.iter().map(|(key, values)| (key.to_ascii_lowercase(), values.clone())));
    lower
}
