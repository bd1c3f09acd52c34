//! The callers of an API, as they stand to one item.

use serde::Serialize;

use super::mode_name;
use crate::category::api::plan::{Allow, AuthMode, Rule};

/// A caller, by the way in which it identifies and by what it is to the item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// By which mode it comes.
    pub mode: AuthMode,
    /// What it is to the item.
    #[serde(flatten)]
    pub who: Who,
}

/// What a caller is to an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "who", rename_all = "kebab-case")]
pub enum Who {
    /// Someone with the API key.
    ApiKey,
    /// The guest role of the identity pool.
    Guest,
    /// The signed-in role of the identity pool.
    SignedIn,
    /// Whose name stands in a field of the item.
    Owner {
        /// The field.
        field: String,
        /// It holds a list.
        list: bool,
        /// The claims that make the name.
        claims: Vec<String>,
    },
    /// A member of a group that rules name.
    Group {
        /// The claim with the caller's groups.
        claim: String,
        /// The group.
        group: String,
    },
    /// A member of a group that stands in a field of the item.
    GroupOfItem {
        /// The claim with the caller's groups.
        claim: String,
        /// The field.
        field: String,
        /// It holds a list.
        list: bool,
    },
    /// Anyone else of the provider: no owner, in no group.
    Other,
    /// Someone whom the Lambda authoriser lets through.
    Authorised,
    /// An admin role, outside of identity pools.
    AdminRole {
        /// Its name; `${env}` stands for the environment.
        name: String,
    },
    /// Anyone else with a signature, outside of identity pools.
    Signer,
}

impl Serialize for AuthMode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(mode_name(*self))
    }
}

impl Identity {
    /// Whether the caller is what it is only with regard to an item.
    pub fn needs_item(&self) -> bool {
        matches!(self.who, Who::Owner { .. } | Who::GroupOfItem { .. })
    }

    /// `user pool: owner (author)`
    pub fn label(&self) -> String {
        let provider = match self.mode {
            AuthMode::Oidc => "OpenID Connect",
            _ => "user pool",
        };
        match &self.who {
            Who::ApiKey => "API key".to_owned(),
            Who::Guest => "identity pool: guest".to_owned(),
            Who::SignedIn => "identity pool: signed in".to_owned(),
            Who::Owner { field, .. } => format!("{provider}: owner ({field})"),
            Who::Group { group, .. } => format!("{provider}: group {group}"),
            Who::GroupOfItem { field, .. } => format!("{provider}: group of the item ({field})"),
            Who::Other => format!("{provider}: anyone else"),
            Who::Authorised => "Lambda authoriser".to_owned(),
            Who::AdminRole { name } => format!("signature: admin role {name}"),
            Who::Signer => "signature: anyone else".to_owned(),
        }
    }
}

/// The callers whom some rules tell apart, by mode in the order of `modes`.
pub(super) fn identities<'a>(modes: &[AuthMode], rules: impl Iterator<Item = &'a Rule>) -> Vec<Identity> {
    let rules: Vec<&Rule> = rules.collect();
    let mut found: Vec<Identity> = Vec::new();
    for mode in modes {
        let mut add = |who: Who| {
            let identity = Identity { mode: *mode, who };
            if !found.contains(&identity) {
                found.push(identity);
            }
        };
        match mode {
            AuthMode::ApiKey => add(Who::ApiKey),
            AuthMode::Lambda => add(Who::Authorised),
            AuthMode::Iam => {
                add(Who::Guest);
                add(Who::SignedIn);
                for rule in rules.iter().filter(|rule| rule.allow.is_setting()) {
                    named(rule).into_iter().for_each(&mut add);
                    add(Who::Signer);
                }
            }
            AuthMode::UserPools | AuthMode::Oidc => {
                for rule in rules.iter().filter(|rule| rule.mode == *mode) {
                    named(rule).into_iter().for_each(&mut add);
                }
                add(Who::Other);
            }
        }
    }
    found
}

/// Those whom a rule names.
fn named(rule: &Rule) -> Vec<Who> {
    match &rule.allow {
        Allow::Owner { field, list, claims } => {
            vec![Who::Owner { field: field.clone(), list: *list, claims: claims.clone() }]
        }
        Allow::Groups { claim, groups } => {
            groups.iter().map(|group| Who::Group { claim: claim.clone(), group: group.clone() }).collect()
        }
        Allow::DynamicGroups { claim, field, list } => {
            vec![Who::GroupOfItem { claim: claim.clone(), field: field.clone(), list: *list }]
        }
        Allow::AdminRoles(names) => names.iter().map(|name| Who::AdminRole { name: name.clone() }).collect(),
        Allow::Public | Allow::Private | Allow::Custom | Allow::AnySigner => Vec::new(),
    }
}
