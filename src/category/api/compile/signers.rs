//! Callers with a signature who pass all rules: those of named roles, or everyone.
//!
//! Credentials of an identity pool are no part of it: rules say what guests and users may do.

use indexmap::IndexMap;

use super::options::CompileOptions;
use crate::category::api::plan::{Allow, AuthMode, Model, Modes, Operation, Rule};

/// Who passes all rules.
#[derive(Debug)]
pub(super) struct Signers {
    /// Named roles may, where the API takes signatures at all.
    admins: Vec<String>,
    /// Everyone may.
    pub any: bool,
    /// The API takes signatures.
    taken: bool,
}

impl Signers {
    pub(super) fn of(options: &CompileOptions, modes: &Modes) -> Self {
        let taken = modes.has(AuthMode::Iam);
        let admins = if taken { options.admin_roles.clone() } else { Vec::new() };
        Self { admins, any: options.enable_iam_access, taken }
    }

    /// The mode that fields with rules are open to because of them.
    pub(super) fn mode(&self) -> Option<AuthMode> {
        (self.any || !self.admins.is_empty()).then_some(AuthMode::Iam)
    }

    /// What they are as one more rule; `None` when there are none.
    fn rule(&self) -> Option<Rule> {
        let allow = match (self.any, &self.admins[..]) {
            (true, _) => Allow::AnySigner,
            (false, []) => return None,
            (false, admins) => Allow::AdminRoles(admins.to_vec()),
        };
        self.taken.then(|| Rule {
            mode: AuthMode::Iam,
            identity_pool: false,
            allow,
            operations: Vec::from(Operation::ALL),
        })
    }

    /// Adds that rule wherever there are rules. What has none is closed to named roles as to all others, and open to
    /// everyone's signature.
    pub(super) fn join(
        &self,
        models: &mut IndexMap<String, Model>,
        mut custom: IndexMap<String, Vec<Rule>>,
    ) -> IndexMap<String, Vec<Rule>> {
        let Some(rule) = self.rule() else { return custom };
        for model in models.values_mut() {
            if self.any || !model.rules.is_empty() || !model.field_rules.is_empty() {
                model.rules.push(rule.clone());
                model.field_rules.values_mut().for_each(|rules| rules.push(rule.clone()));
            }
        }
        custom.values_mut().for_each(|rules| rules.push(rule.clone()));
        custom
    }
}

#[cfg(test)]
mod tests;
