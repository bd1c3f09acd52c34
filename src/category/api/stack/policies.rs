//! What the roles of the identity pool may call: the fields that rules with signed requests allow.
//!
//! The resolvers check the same rules; without these policies AppSync would refuse the calls before them.

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use crate::base::ResourceName;
use crate::category::api::plan::{Action, Allow, AuthMode, Operation, Plan, Rule};
use crate::category::auth::group_role;
use crate::graphql;

/// What the entries of a policy may take of the 10,240 characters that the policies of a role hold ("IAM and AWS STS
/// quotas"), with room for the rest of it.
const MOST_CHARACTERS: usize = 9_000;

/// `arn:aws-us-gov:appsync:us-gov-east-1:123456789012:apis/` with the id of an API, `/types/`, and what stands around an
/// entry.
const PREFIX: usize = 92;

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
    let roles = roles(plan);
    let within = if roles.is_empty() { IndexMap::new() } else { within(plan) };
    let policy = |role: PoolRole| {
        let mut fields = fields(plan, role);
        let types: Vec<&Vec<String>> = fields.iter().filter_map(|(name, _)| within.get(name)).collect();
        let types: Vec<String> = types.into_iter().flatten().cloned().collect();
        fields.extend(types.into_iter().map(|name| (name, None)));
        Policy {
            id: role.id,
            comment: role.comment,
            label: role.label,
            name: format!("{name}-${{Environment}}-graphql"),
            roles: std::iter::once(role.parameter.to_owned()).chain(group_roles(role, groups)).collect(),
            paths: paths(&fields).into_iter().map(|path| format!("${{GraphQLApi.Arn}}/types/{path}")).collect(),
        }
    };
    roles.into_iter().map(policy).collect()
}

/// The object types that the fields of each model lead to before another model: types within it, pages of relations.
fn within(plan: &Plan) -> IndexMap<String, Vec<String>> {
    // A compiled schema can be read: the compiler printed it.
    let document = graphql::parse(&plan.schema).unwrap_or_default();
    let objects = document.types.iter().filter(|found| found.is_object());
    let objects: IndexMap<&str, &graphql::TypeDefinition> = objects.map(|found| (found.name.as_str(), found)).collect();
    let of = |model: &String| {
        let mut reached: IndexSet<&str> = IndexSet::new();
        let mut open = vec![model.as_str()];
        while let Some(name) = open.pop() {
            let Some(found) = objects.get(name) else { continue };
            for field in found.fields() {
                let next = field.type_ref.name();
                let is_new = objects.contains_key(next) && !plan.models.contains_key(next) && reached.insert(next);
                open.extend(is_new.then_some(next));
            }
        }
        (model.clone(), reached.into_iter().map(str::to_owned).collect())
    };
    plan.models.keys().map(of).collect()
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
            operation(plan.purpose(resolver)).and_then(|(model, operation)| Some((plan.models.get(model)?, operation)))
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
fn operation(action: &Action) -> Option<(&str, Operation)> {
    match action {
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

/// Fields as far as there is room for them, else types, else everything; the resolvers check all of it again.
fn paths(fields: &IndexSet<(String, Option<String>)>) -> Vec<String> {
    let by_field = |(name, field): &(String, Option<String>)| match field {
        Some(field) => format!("{name}/fields/{field}"),
        None => format!("{name}/*"),
    };
    let by_type = |(name, _): &(String, Option<String>)| format!("{name}/*");
    let fits =
        |paths: &IndexSet<String>| paths.iter().map(|path| PREFIX + path.len()).sum::<usize>() <= MOST_CHARACTERS;
    let named: IndexSet<String> = fields.iter().map(by_field).collect();
    if fits(&named) {
        return named.into_iter().collect();
    }
    let types: IndexSet<String> = fields.iter().map(by_type).collect();
    if fits(&types) { types.into_iter().collect() } else { vec!["*".to_owned()] }
}

#[cfg(test)]
mod tests;
