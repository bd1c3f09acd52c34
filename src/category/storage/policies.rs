//! What the roles of the identity pool may do with a bucket: one policy for everyone of a kind.

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::grants::{Action, Grant, OWNER, Who};
use super::names::bucket_of;
use super::{BucketSpec, bucket};
use crate::base::ResourceName;
use crate::category::auth::group_role;
use crate::category::{AuthSpec, ResourceSpec, SettingProblem};

/// What IAM fills in for the identity of the caller; no reference of the template.
const IDENTITY: &str = "${cognito-identity.amazonaws.com:sub}";

/// A policy of one or more roles.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Policy {
    id: String,
    label: String,
    comment: String,
    /// Text for `!Sub`.
    name: String,
    /// Parameters with the names of the roles, which are the auth stack's outputs as well.
    pub(super) roles: Vec<String>,
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, Serialize)]
struct Statement {
    actions: Vec<&'static str>,
    /// ARNs of files; text for `!Sub`.
    paths: Vec<String>,
    /// What may be listed. Then the statement is about the bucket itself.
    prefixes: Vec<String>,
}

/// The policies that a bucket's settings ask for.
pub(super) fn policies(name: &ResourceName, spec: &BucketSpec, groups: &[String]) -> Vec<Policy> {
    let signed_in: Vec<String> = std::iter::once("AuthenticatedRoleName".to_owned())
        .chain(groups.iter().map(|group| format!("{}Name", group_role(group))))
        .collect();
    let policy = |id: &str, label: String, comment: String, roles: Vec<String>, who: &dyn Fn(&Who) -> bool| {
        let statements = statements(spec, who);
        (!statements.is_empty()).then(|| Policy {
            id: id.to_owned(),
            label,
            comment,
            name: format!("{name}-${{Environment}}-{}", id.to_ascii_lowercase()),
            roles,
            statements,
        })
    };
    let guests = policy(
        "Guests",
        "policy for guests".to_owned(),
        "What guests may do.".to_owned(),
        vec!["UnauthenticatedRoleName".to_owned()],
        &|who| *who == Who::Guests,
    );
    let users = policy(
        "SignedIn",
        "policy for signed-in users".to_owned(),
        "What users may do who are signed in, whatever their groups.".to_owned(),
        signed_in,
        &|who| matches!(who, Who::SignedIn | Who::Owner),
    );
    let of_groups = granted(spec).into_iter().filter_map(|group| {
        let role = group_role(&group);
        let wanted = Who::Group(group.clone());
        let (label, comment) =
            (format!("policy for {group}"), format!("What users of the group {group} may do besides."));
        policy(role.trim_end_matches("Role"), label, comment, vec![format!("{role}Name")], &|who| *who == wanted)
    });
    guests.into_iter().chain(users).chain(of_groups.collect::<Vec<_>>()).collect()
}

/// The groups that a bucket's settings name.
fn granted(spec: &bucket::BucketSpec) -> IndexSet<String> {
    let grants = spec.access.values().flatten();
    grants.filter_map(|grant| if let Who::Group(group) = &grant.who { Some(group.clone()) } else { None }).collect()
}

/// The groups that some bucket of the project lets do something: they have roles of their own.
pub fn granted_groups(resources: &IndexMap<ResourceName, ResourceSpec>) -> Vec<String> {
    let groups: IndexSet<String> = resources.values().filter_map(bucket_of).flat_map(granted).collect();
    groups.into_iter().collect()
}

/// The statements for those who are meant: paths with the same actions share one.
fn statements(spec: &BucketSpec, who: &dyn Fn(&Who) -> bool) -> Vec<Statement> {
    const OBJECTS: [(Action, &[&str]); 3] = [
        (Action::Get, &["s3:GetObject"]),
        (Action::Write, &["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]),
        (Action::Delete, &["s3:DeleteObject"]),
    ];
    let mut objects: IndexMap<Vec<&'static str>, Vec<String>> = IndexMap::new();
    let mut prefixes = IndexSet::new();
    for (path, grants) in &spec.access {
        let meant = || grants.iter().filter(|grant| who(&grant.who));
        // Only the owner's own folder is the owner's; to all others it is any.
        let (owner, others): (Vec<&Grant>, Vec<&Grant>) = meant().partition(|grant| grant.who == Who::Owner);
        for (grants, folder) in [(owner, IDENTITY), (others, "*")] {
            let shown = path.replace(OWNER, folder);
            let allowed = |action: Action| grants.iter().any(|grant| grant.allows(action));
            let actions = OBJECTS.iter().filter(|(action, _)| allowed(*action));
            let actions: Vec<&str> = actions.flat_map(|(_, actions)| actions.iter().copied()).collect();
            if !actions.is_empty() {
                let file = format!("${{Bucket.Arn}}/{}", shown.replace("${", "${!"));
                objects.entry(actions).or_default().push(file);
            }
            if allowed(Action::List) {
                prefixes.insert(shown.trim_end_matches('*').to_owned());
                prefixes.insert(shown);
            }
        }
    }
    let listing = (!prefixes.is_empty()).then(|| Statement {
        actions: vec!["s3:ListBucket"],
        paths: Vec::new(),
        prefixes: prefixes.into_iter().collect(),
    });
    let objects = objects.into_iter().map(|(actions, paths)| Statement { actions, paths, prefixes: Vec::new() });
    objects.chain(listing).collect()
}

/// Grants to people whom the project does not have.
pub(super) fn check(spec: &BucketSpec, resources: &IndexMap<ResourceName, ResourceSpec>) -> Vec<SettingProblem> {
    let problem = |why: String| SettingProblem::new("bucket.access", why);
    let auth = resources.values().find_map(|spec| if let ResourceSpec::Auth(spec) = spec { Some(spec) } else { None });
    let grants: Vec<&Grant> = spec.access.values().flatten().collect();
    let Some(AuthSpec { guests, groups, .. }) = auth else {
        let why = "it lets people in, and the project has no auth resource to know them by".to_owned();
        return if grants.is_empty() { Vec::new() } else { vec![problem(why).hint("`ampup add auth`")] };
    };
    let mut problems = Vec::new();
    if !guests && grants.iter().any(|grant| grant.who == Who::Guests) {
        let why = "it lets guests in, and the project's auth resource gives guests no credentials".to_owned();
        problems.push(problem(why).hint("set `guests = true` of the auth resource"));
    }
    for group in granted(spec).iter().filter(|group| !groups.contains(group)) {
        let why = format!("the project's auth resource has no group `{}`", group.escape_debug());
        let near = crate::base::suggest::nearest(group, groups.iter().map(String::as_str));
        let hint = near.map_or_else(
            || "add it to `groups` of the auth resource".to_owned(),
            |near| format!("did you mean `group/{near}`?"),
        );
        problems.push(problem(why).hint(hint));
    }
    problems
}
