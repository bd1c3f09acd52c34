//! What the roles of the identity pool may call: the fields that rules with signed requests allow.
//!
//! The resolvers check the same rules; without these policies AppSync would refuse the calls before them.

use indexmap::IndexSet;
use serde::Serialize;

use crate::base::ResourceName;
use crate::category::api::plan::{Action, Allow, AuthMode, Operation, Plan, Resolver, Rule};
use crate::category::auth::group_role;

/// Above this many entries a policy names types instead of fields: a role's policies hold 10,240 characters.
const MOST_PATHS: usize = 60;

#[derive(Debug, Serialize)]
pub(super) struct Policy {
    id: &'static str,
    comment: &'static str,
    label: &'static str,
    /// Text for `!Sub`.
    name: String,
    /// Parameters with the names of the roles.
    roles: Vec<String>,
    /// Text for `!Sub`.
    paths: Vec<String>,
}

/// A role of the identity pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolRole {
    /// The parameter with its name, which is the auth stack's output as well.
    pub(super) parameter: &'static str,
    pub(super) what: &'static str,
    id: &'static str,
    comment: &'static str,
    label: &'static str,
    guests: bool,
}

const ROLES: [PoolRole; 2] = [
    PoolRole {
        parameter: "AuthenticatedRoleName",
        what: "Role of the identity pool for users who are signed in",
        id: "SignedInPolicy",
        comment: "What users may call who sign their requests with credentials of the identity pool.",
        label: "policy for signed-in users",
        guests: false,
    },
    PoolRole {
        parameter: "UnauthenticatedRoleName",
        what: "Role of the identity pool for guests",
        id: "GuestPolicy",
        comment: "What guests may call.",
        label: "policy for guests",
        guests: true,
    },
];

/// The roles that some rule allows something.
pub(super) fn roles(plan: &Plan) -> Vec<PoolRole> {
    ROLES.into_iter().filter(|role| plan.modes.has(AuthMode::Iam) && !fields(plan, *role).is_empty()).collect()
}

/// A policy for each of them.
pub(super) fn policies(plan: &Plan, name: &ResourceName, groups: &[String]) -> Vec<Policy> {
    let policy = |role: PoolRole| Policy {
        id: role.id,
        comment: role.comment,
        label: role.label,
        name: format!("{name}-${{Environment}}-graphql"),
        roles: std::iter::once(role.parameter.to_owned()).chain(group_roles(role, groups)).collect(),
        paths: paths(&fields(plan, role)).into_iter().map(|path| format!("${{GraphQLApi.Arn}}/types/{path}")).collect(),
    };
    roles(plan).into_iter().map(policy).collect()
}

/// The parameters with the roles of groups: their users are signed in, and take these roles instead.
pub(super) fn group_roles(role: PoolRole, groups: &[String]) -> impl Iterator<Item = String> {
    groups.iter().filter(move |_| !role.guests).map(|group| format!("{}Name", group_role(group)))
}

/// `Query/fields/getPost` for each field, with the models that they return.
fn fields(plan: &Plan, role: PoolRole) -> IndexSet<(String, Option<String>)> {
    let mut fields = IndexSet::new();
    for resolver in &plan.resolvers {
        let Some((model, operation)) =
            operation(resolver).and_then(|(model, operation)| Some((plan.models.get(model)?, operation)))
        else {
            continue;
        };
        let rules = model.rules.iter().chain(model.field_rules.values().flatten());
        if rules.into_iter().any(|rule| allows(rule, role, operation)) {
            fields.insert((resolver.type_name.clone(), Some(resolver.field.clone())));
            fields.insert((model.name.clone(), None));
        }
    }
    for (name, rules) in &plan.custom_rules {
        let Some((type_name, field)) = name.split_once('.') else { continue };
        if rules.iter().any(|rule| allows(rule, role, Operation::Get)) {
            fields.insert((type_name.to_owned(), Some(field.to_owned())));
            let returned = plan.returned.get(name).into_iter().flatten();
            fields.extend(returned.map(|returned| (returned.clone(), None)));
        }
    }
    fields
}

fn is_meant(rule: &Rule, role: PoolRole) -> bool {
    rule.mode == AuthMode::Iam && rule.allow == if role.guests { Allow::Public } else { Allow::Private }
}

fn allows(rule: &Rule, role: PoolRole, operation: Operation) -> bool {
    is_meant(rule, role) && rule.operations.contains(&operation)
}

/// The operation that a field of a root type is.
fn operation(resolver: &Resolver) -> Option<(&str, Operation)> {
    match &resolver.action {
        Action::Get { model } => Some((model, Operation::Get)),
        Action::List { model } | Action::QueryIndex { model, .. } | Action::ListLatest { model, .. } => {
            Some((model, Operation::List))
        }
        Action::Search { model } => Some((model, Operation::Search)),
        Action::Sync { model } => Some((model, Operation::Sync)),
        Action::Create { model } => Some((model, Operation::Create)),
        Action::Update { model } => Some((model, Operation::Update)),
        Action::Delete { model } => Some((model, Operation::Delete)),
        Action::Subscribe { model, .. } => Some((model, Operation::Listen)),
        Action::RelatedMany { .. }
        | Action::RelatedOne { .. }
        | Action::ProtectedField { .. }
        | Action::SqlStatement(_)
        | Action::Pipeline { .. }
        | Action::Invoke { .. }
        | Action::Request(_)
        | Action::Own { .. }
        | Action::Generate { .. }
        | Action::Converse { .. }
        | Action::SubscribeToAnswers
        | Action::Predict { .. }
        | Action::OwnerField { .. } => None,
    }
}

fn paths(fields: &IndexSet<(String, Option<String>)>) -> Vec<String> {
    let whole = fields.len() > MOST_PATHS;
    let path = |(type_name, field): &(String, Option<String>)| match field {
        Some(field) if !whole => format!("{type_name}/fields/{field}"),
        _ => format!("{type_name}/*"),
    };
    let paths: IndexSet<String> = fields.iter().map(path).collect();
    paths.into_iter().collect()
}
