//! The stack of an auth resource: user pool, client, groups, identity pool and its two roles.

use indexmap::IndexMap;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{AuthSpec, Mfa, PasswordPolicy, Recovery, SignIn};
use crate::category::function;
use crate::category::storage::granted_groups;
use crate::category::{Context, Synthesis, synthesis};
use crate::error::Problem;

/// Context of `auth/stack.yaml`.
#[derive(Clone, Debug, Serialize)]
struct AuthStack {
    description: String,
    /// What people sign in with, when it is no name of their choice.
    username_attributes: Vec<&'static str>,
    /// Required, and verified by a code.
    verified_attributes: Vec<&'static str>,
    administrators_create_users: bool,
    password: Password,
    recovery: &'static str,
    mfa: &'static str,
    /// The pool sends codes by text message.
    text_messages: bool,
    groups: Vec<Group>,
    /// Some group has a role of its own.
    group_roles: bool,
    /// Functions that the pool asks.
    triggers: Vec<Trigger>,
    guests: bool,
    roles: [Role; 2],
}

#[derive(Clone, Debug, Serialize)]
struct Password {
    minimum_length: u8,
    lowercase: bool,
    uppercase: bool,
    digits: bool,
    symbols: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Group {
    logical_id: String,
    label: String,
    name: String,
    precedence: usize,
    /// Logical id of its role, when it has one.
    role: Option<String>,
}

/// A function that the pool asks.
#[derive(Clone, Debug, Serialize)]
struct Trigger {
    /// The member of `LambdaConfig`.
    member: &'static str,
    /// Its ARN, text for `!Sub`.
    function: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Role {
    logical_id: &'static str,
    /// The role's name in the identity pool, and what its tokens carry as `amr`.
    key: &'static str,
    label: &'static str,
    comment: &'static str,
}

const ROLES: [Role; 2] = [
    Role {
        logical_id: "AuthenticatedRole",
        key: "authenticated",
        label: "role of signed-in users",
        comment: "What signed-in users may do; other stacks attach their policies to it.",
    },
    Role {
        logical_id: "UnauthenticatedRole",
        key: "unauthenticated",
        label: "role of guests",
        comment: "What guests may do; nobody takes it while the identity pool allows no guests.",
    },
];

/// The stack.
pub(super) fn synthesize(spec: &AuthSpec, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
    synthesis::refuse(context.name, &spec.check())?;
    let granted = granted_groups(context.siblings);
    let groups: Vec<Group> =
        spec.groups.iter().enumerate().map(|(precedence, name)| group(name, precedence, &granted)).collect();
    let trigger = |(member, name)| Trigger { member, function: function::arn(name) };
    let stack = AuthStack {
        description: format!("Users of the project ({}): user pool, identity pool, roles", context.name),
        username_attributes: username_attribute(spec.sign_in).into_iter().collect(),
        verified_attributes: vec![verified_attribute(spec)],
        administrators_create_users: !spec.self_signup,
        password: password(&spec.password),
        recovery: match spec.recovery {
            Recovery::Email => "verified_email",
            Recovery::Phone => "verified_phone_number",
            Recovery::Admin => "admin_only",
        },
        mfa: match spec.mfa {
            Mfa::Off => "OFF",
            Mfa::Optional => "OPTIONAL",
            Mfa::Required => "ON",
        },
        text_messages: verified_attribute(spec) == PHONE,
        group_roles: groups.iter().any(|group| group.role.is_some()),
        groups,
        triggers: function::user_triggers(context.siblings).into_iter().map(trigger).collect(),
        guests: spec.guests,
        roles: ROLES,
    };
    synthesis::rendered(context, "auth/stack.yaml", &stack, IndexMap::new())
}

const EMAIL: &str = "email";
const PHONE: &str = "phone_number";

/// The attribute that people sign in with; none when it is a name of their choice.
pub(super) fn username_attribute(sign_in: SignIn) -> Option<&'static str> {
    match sign_in {
        SignIn::Email => Some(EMAIL),
        SignIn::Phone => Some(PHONE),
        SignIn::Username => None,
    }
}

/// The attribute that a code goes to, at sign-up and when a password is recovered.
pub(super) fn verified_attribute(spec: &AuthSpec) -> &'static str {
    let by_recovery = if spec.recovery == Recovery::Phone { PHONE } else { EMAIL };
    username_attribute(spec.sign_in).unwrap_or(by_recovery)
}

fn password(policy: &PasswordPolicy) -> Password {
    let PasswordPolicy { minimum_length, lowercase, uppercase, digits, symbols } = *policy;
    Password { minimum_length, lowercase, uppercase, digits, symbols }
}

fn group(name: &str, precedence: usize, granted: &[String]) -> Group {
    let role = granted.iter().any(|group| group == name).then(|| group_role(name));
    Group { logical_id: group_id(name), label: format!("group {name}"), name: name.to_owned(), precedence, role }
}

/// Logical id of the role of a group. Its name is the output with `Name` behind it.
pub(in crate::category) fn group_role(name: &str) -> String {
    format!("{}Role", group_id(name))
}

/// A group keeps its logical id when groups are added, removed or put in another order.
fn group_id(name: &str) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).take(100).collect();
    // What the logical id cannot hold must not make two groups one.
    let rest = if letters == name { String::new() } else { hex::encode(&Sha256::digest(name)[..4]) };
    format!("Group{letters}{rest}")
}
