//! Roles and managed policies as rows, and the rules for changing them.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::known::{Known, Shelf};
use super::policy::{Policy, PolicyKind};
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::Table;

/// A role as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::cloud) struct Role {
    pub name: String,
    pub arn: String,
    /// `AROA…`.
    pub id: String,
    pub path: String,
    /// The trust policy, as it was given.
    pub trust: String,
    pub description: Option<String>,
    pub longest_session_s: i64,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Inline policies by name, as they were given.
    pub inline: IndexMap<String, String>,
    /// ARNs of attached managed policies.
    pub attached: Vec<String>,
    pub tags: Vec<(String, String)>,
}

/// A managed policy of the account, as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::cloud) struct ManagedPolicy {
    pub name: String,
    pub arn: String,
    /// `ANPA…`.
    pub id: String,
    pub path: String,
    pub document: String,
    pub description: Option<String>,
    /// Counts from 1; CloudFormation's updates make a new version.
    pub version: u32,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

/// The account's roles and policies.
pub(in crate::cloud) struct Roles {
    pub shared: Arc<Shared>,
    pub rows: Table<Role>,
    pub policies: Table<ManagedPolicy>,
    shelf: Shelf,
    /// Held while a role is read and written back: stacks give one role several policies at the same time.
    changing: Mutex<()>,
}

impl Roles {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let rows = Table::new(Arc::clone(&shared.store), "iam.role");
        let policies = Table::new(Arc::clone(&shared.store), "iam.policy");
        Self { shared, rows, policies, shelf: Shelf::default(), changing: Mutex::default() }
    }

    /// A role by name, or `NoSuchEntity`.
    pub(super) fn role(&self, name: &str) -> Result<Role, ApiError> {
        self.rows.get(name).ok_or_else(|| missing(format!("The role with name {name} cannot be found.")))
    }

    /// A role by its ARN, with its policies.
    pub(super) fn by_arn(&self, arn: &str) -> Option<Arc<Known>> {
        self.shelf.get(arn, || {
            let name = arn.rsplit('/').next().unwrap_or_default();
            let role = self.rows.get(name).filter(|role| role.arn == arn)?;
            let attached = role.attached.iter().filter_map(|arn| self.policies.get(arn));
            let documents = attached.map(|policy| policy.document).collect();
            Some(Known::new(role, documents))
        })
    }

    fn write_role(&self, role: &Role) -> Result<(), ApiError> {
        self.rows.put(&role.name, role)?;
        self.shelf.clear();
        Ok(())
    }

    /// Writes a managed policy.
    pub(super) fn write_policy(&self, policy: &ManagedPolicy) -> Result<(), ApiError> {
        self.policies.put(&policy.arn, policy)?;
        self.shelf.clear();
        Ok(())
    }

    /// Makes a role of the given facts; `arn`, `id` and time are filled in.
    pub(super) fn create(&self, mut role: Role) -> Result<Role, ApiError> {
        check_name("roleName", &role.name, 64)?;
        check_path(&role.path)?;
        Policy::parse_text(&role.trust, PolicyKind::Trust)?;
        for document in role.inline.values() {
            Policy::parse_text(document, PolicyKind::Identity)?;
        }
        role.attached.iter().try_for_each(|arn| self.check_attachable(arn))?;
        if !(3600..=43_200).contains(&role.longest_session_s) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{}' at 'maxSessionDuration' failed to satisfy constraint: Member \
                 must have value between 3600 and 43200",
                role.longest_session_s
            )));
        }
        if self.rows.get(&role.name).is_some() {
            let message = format!("Role with name {} already exists.", role.name);
            return Err(ApiError::new("EntityAlreadyExists", message).status(409));
        }
        role.arn = format!("arn:aws:iam::{}:role{}{}", self.shared.account, role.path, role.name);
        role.id = format!("AROA{}", self.shared.ids.short(17).to_uppercase());
        role.created_ms = self.shared.clock.now_ms();
        self.write_role(&role)?;
        Ok(role)
    }

    /// Reads a role, changes it, writes it.
    pub(super) fn change(
        &self,
        name: &str,
        change: impl FnOnce(&mut Role) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut role = self.role(name)?;
        change(&mut role)?;
        self.write_role(&role)
    }

    /// Deletes a role that has no policies any more.
    pub(super) fn delete(&self, name: &str) -> Result<(), ApiError> {
        let role = self.role(name)?;
        let conflict = |message: &str| Err(ApiError::new("DeleteConflict", message).status(409));
        if !role.attached.is_empty() {
            return conflict("Cannot delete entity, must detach all policies first.");
        }
        if !role.inline.is_empty() {
            return conflict("Cannot delete entity, must delete policies first.");
        }
        self.rows.remove(name)?;
        self.shelf.clear();
        Ok(())
    }

    /// Writes an inline policy.
    pub(super) fn put_inline(&self, role: &str, name: &str, document: &str) -> Result<(), ApiError> {
        check_name("policyName", name, 128)?;
        Policy::parse_text(document, PolicyKind::Identity)?;
        self.change(role, |role| {
            role.inline.insert(name.to_owned(), document.to_owned());
            Ok(())
        })
    }

    /// Removes an inline policy.
    pub(super) fn drop_inline(&self, role: &str, name: &str) -> Result<(), ApiError> {
        self.change(role, |found| match found.inline.shift_remove(name) {
            Some(_) => Ok(()),
            None => Err(missing(format!("The role policy with name {name} cannot be found."))),
        })
    }

    /// Attaches a managed policy.
    pub(super) fn attach(&self, role: &str, arn: &str) -> Result<(), ApiError> {
        self.check_attachable(arn)?;
        self.change(role, |role| {
            if !role.attached.iter().any(|attached| attached == arn) {
                role.attached.push(arn.to_owned());
            }
            Ok(())
        })
    }

    /// Detaches a managed policy.
    pub(super) fn detach(&self, role: &str, arn: &str) -> Result<(), ApiError> {
        self.change(role, |role| {
            let before = role.attached.len();
            role.attached.retain(|attached| attached != arn);
            if role.attached.len() == before {
                return Err(missing(format!("Policy {arn} was not found.")));
            }
            Ok(())
        })
    }

    /// Our own policies must exist; those of AWS are recorded and grant nothing here.
    fn check_attachable(&self, arn: &str) -> Result<(), ApiError> {
        if arn.starts_with("arn:aws:iam::aws:policy/") || self.policies.get(arn).is_some() {
            return Ok(());
        }
        if arn.starts_with("arn:aws:iam::") {
            return Err(missing(format!("Policy {arn} does not exist or is not attachable.")));
        }
        Err(invalid(format!("ARN {arn} is not valid.")))
    }

    /// Makes a managed policy.
    pub(super) fn create_policy(&self, mut policy: ManagedPolicy) -> Result<ManagedPolicy, ApiError> {
        check_name("policyName", &policy.name, 128)?;
        check_path(&policy.path)?;
        Policy::parse_text(&policy.document, PolicyKind::Identity)?;
        policy.arn = format!("arn:aws:iam::{}:policy{}{}", self.shared.account, policy.path, policy.name);
        if self.policies.get(&policy.arn).is_some() {
            let message = format!("A policy called {} already exists. Duplicate names are not allowed.", policy.name);
            return Err(ApiError::new("EntityAlreadyExists", message).status(409));
        }
        policy.id = format!("ANPA{}", self.shared.ids.short(17).to_uppercase());
        policy.version = 1;
        policy.created_ms = self.shared.clock.now_ms();
        self.write_policy(&policy)?;
        Ok(policy)
    }

    /// A managed policy by ARN, or `NoSuchEntity`.
    pub(super) fn policy(&self, arn: &str) -> Result<ManagedPolicy, ApiError> {
        self.policies.get(arn).ok_or_else(|| missing(format!("Policy {arn} was not found.")))
    }

    /// The roles to which a managed policy is attached.
    pub(super) fn attached_to(&self, arn: &str) -> Vec<Role> {
        let roles = self.rows.all().into_iter().map(|(_, role)| role);
        roles.filter(|role| role.attached.iter().any(|attached| attached == arn)).collect()
    }

    /// Deletes a managed policy that is attached nowhere.
    pub(super) fn delete_policy(&self, arn: &str) -> Result<(), ApiError> {
        self.policy(arn)?;
        if !self.attached_to(arn).is_empty() {
            let message = "Cannot delete a policy attached to entities.";
            return Err(ApiError::new("DeleteConflict", message).status(409));
        }
        self.policies.remove(arn)?;
        self.shelf.clear();
        Ok(())
    }
}

/// A document as text: objects are written, text is kept.
pub(super) fn document_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn check_name(what: &str, name: &str, longest: usize) -> Result<(), ApiError> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    if !name.is_empty() && name.len() <= longest && name.chars().all(good) {
        return Ok(());
    }
    Err(invalid(format!(
        "The specified value for {what} is invalid. It must contain only alphanumeric characters and/or the \
         following: +=,.@_-"
    )))
}

fn check_path(path: &str) -> Result<(), ApiError> {
    let good = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && path.chars().all(|c| ('!'..='~').contains(&c));
    if good {
        return Ok(());
    }
    Err(invalid(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
         characters and/or / characters."
            .to_owned(),
    ))
}

pub(super) fn invalid(message: String) -> ApiError {
    ApiError::new("ValidationError", message)
}

pub(super) fn missing(message: String) -> ApiError {
    ApiError::new("NoSuchEntity", message).status(404)
}
