//! Cognito: who the users are.

pub mod client;
mod policy;
mod stack;

pub(in crate::category) use stack::group_role;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Context, SettingProblem, Synthesis};
use crate::error::Problem;

/// Settings of a user pool with its identity pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuthSpec {
    /// What people sign in with. Cognito cannot change it later.
    #[serde(default)]
    pub sign_in: SignIn,
    /// Anyone may sign up; otherwise administrators create users.
    #[serde(default = "yes")]
    pub self_signup: bool,
    /// Second factor by an authenticator app (TOTP).
    #[serde(default)]
    pub mfa: Mfa,
    /// How a forgotten password is recovered.
    #[serde(default)]
    pub recovery: Recovery,
    /// Callers who are not signed in get credentials of the guest role.
    #[serde(default)]
    pub guests: bool,
    /// Groups, in order of precedence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Rules for passwords.
    #[serde(default)]
    pub password: PasswordPolicy,
}

fn yes() -> bool {
    true
}

impl Default for AuthSpec {
    fn default() -> Self {
        Self {
            sign_in: SignIn::default(),
            self_signup: true,
            mfa: Mfa::default(),
            recovery: Recovery::default(),
            guests: false,
            groups: Vec::new(),
            password: PasswordPolicy::default(),
        }
    }
}

/// What people sign in with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignIn {
    /// Their e-mail address.
    #[default]
    Email,
    /// A name of their choice.
    Username,
    /// Their phone number.
    Phone,
}

/// Whether a second factor is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mfa {
    /// Never.
    #[default]
    Off,
    /// When the user set one up.
    Optional,
    /// Always.
    Required,
}

/// How a forgotten password is recovered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// By a code to the verified e-mail address.
    #[default]
    Email,
    /// By a code to the verified phone number.
    Phone,
    /// By administrators alone.
    Admin,
}

/// Rules for passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PasswordPolicy {
    /// Shortest length, 6 to 99.
    pub minimum_length: u8,
    /// A lower-case letter is needed.
    pub lowercase: bool,
    /// An upper-case letter is needed.
    pub uppercase: bool,
    /// A digit is needed.
    pub digits: bool,
    /// A symbol is needed.
    pub symbols: bool,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { minimum_length: 8, lowercase: true, uppercase: true, digits: true, symbols: true }
    }
}

impl AuthSpec {
    /// Values that their types cannot refuse.
    pub fn check(&self) -> Vec<SettingProblem> {
        policy::check(self)
    }

    /// The stack.
    pub fn synthesize(&self, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
        stack::synthesize(self, context)
    }
}
