//! Roles with their policies read, kept until a role or a policy changes.
//!
//! Every call that a service makes for somebody asks what the role may do. Not here: rows, and deciding.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use super::policy::{Policy, PolicyKind};
use super::roles::Role;
use crate::cloud::service::ApiError;

/// A role and what its documents say.
pub(super) struct Known {
    pub role: Role,
    /// What the role may do: its inline policies and its attached ones that are ours.
    pub policies: Vec<Policy>,
    trust: Result<Policy, ApiError>,
    /// Nothing that these documents say depends on the time.
    timeless: bool,
    /// What services that act with the role were allowed.
    allowed: RwLock<BTreeSet<String>>,
}

/// How many permissions are remembered for a role.
const REMEMBERED: usize = 1024;

impl Known {
    /// `attached` are the documents of its managed policies.
    pub(super) fn new(role: Role, attached: Vec<String>) -> Self {
        let documents = role.inline.values().chain(&attached);
        let policies: Vec<Policy> =
            documents.filter_map(|document| Policy::parse_text(document, PolicyKind::Identity).ok()).collect();
        let trust = Policy::parse_text(&role.trust, PolicyKind::Trust);
        let timeless = policies.iter().chain(&trust).all(Policy::is_timeless);
        Self { role, policies, trust, timeless, allowed: RwLock::default() }
    }

    /// Asks once whether a service may do something with the role. `what` names all that the answer depends on besides the
    /// role; a refusal is asked for again.
    pub(super) fn once(&self, what: &str, ask: impl FnOnce() -> Result<(), ApiError>) -> Result<(), ApiError> {
        if self.allowed.read().unwrap_or_else(PoisonError::into_inner).contains(what) {
            return Ok(());
        }
        ask()?;
        if self.timeless {
            let mut kept = self.allowed.write().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= REMEMBERED {
                kept.clear();
            }
            kept.insert(what.to_owned());
        }
        Ok(())
    }

    /// Who may take the role.
    pub(super) fn trust(&self) -> Result<&Policy, ApiError> {
        self.trust.as_ref().map_err(Clone::clone)
    }
}

/// Known roles, by ARN.
#[derive(Default)]
pub(super) struct Shelf(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    /// Counts the changes: what was read before one must not be kept after it.
    age: u64,
    by_arn: BTreeMap<String, Arc<Known>>,
}

impl Shelf {
    /// The role at an ARN, from the shelf or from `read`.
    pub(super) fn get(&self, arn: &str, read: impl FnOnce() -> Option<Known>) -> Option<Arc<Known>> {
        let age = {
            let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = kept.by_arn.get(arn) {
                return Some(Arc::clone(found));
            }
            kept.age
        };
        let found = Arc::new(read()?);
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.age == age {
            kept.by_arn.insert(arn.to_owned(), Arc::clone(&found));
        }
        Some(found)
    }

    /// Forgets everything, after a change was written.
    pub(super) fn clear(&self) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kept.age += 1;
        kept.by_arn.clear();
    }
}
