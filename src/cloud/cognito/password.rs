//! Password policies, and passwords that we make up.
//!
//! Passwords are never stored: see [`super::srp::Verifier`].

use serde_json::Value;

use crate::base::Ids;
use crate::cloud::service::ApiError;

/// Letters of each kind, without those that are mistaken for others.
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const DIGITS: &[u8] = b"23456789";
/// Cognito's symbols ("Adding user pool password requirements").
const SYMBOLS: &str = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ";

/// Rules for passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PasswordPolicy {
    pub minimum_length: u64,
    pub uppercase: bool,
    pub lowercase: bool,
    pub digits: bool,
    pub symbols: bool,
    /// Days that a temporary password holds.
    pub temporary_days: i64,
}

impl PasswordPolicy {
    /// From a pool's `Policies.PasswordPolicy`; what it does not say is as in a new pool.
    pub(super) fn of(policy: Option<&Value>) -> Self {
        let Some(policy) = policy else {
            return Self {
                minimum_length: 8,
                uppercase: true,
                lowercase: true,
                digits: true,
                symbols: true,
                temporary_days: 7,
            };
        };
        let flag = |name: &str| policy.get(name).and_then(Value::as_bool).unwrap_or(false);
        Self {
            minimum_length: policy.get("MinimumLength").and_then(Value::as_u64).unwrap_or(8),
            uppercase: flag("RequireUppercase"),
            lowercase: flag("RequireLowercase"),
            digits: flag("RequireNumbers"),
            symbols: flag("RequireSymbols"),
            temporary_days: policy.get("TemporaryPasswordValidityDays").and_then(Value::as_i64).unwrap_or(7),
        }
    }

    /// Refuses a password that breaks a rule, with the first rule that it breaks.
    pub(super) fn check(&self, password: &str) -> Result<(), ApiError> {
        let has = |test: fn(char) -> bool| password.chars().any(test);
        let length = u64::try_from(password.chars().count()).unwrap_or(u64::MAX);
        let fault = if length < self.minimum_length {
            "Password not long enough"
        } else if length > 256 {
            "Password too long"
        } else if password.starts_with(' ') || password.ends_with(' ') {
            "Password must not have leading or trailing spaces"
        } else if self.lowercase && !has(|letter| letter.is_ascii_lowercase()) {
            "Password must have lowercase characters"
        } else if self.uppercase && !has(|letter| letter.is_ascii_uppercase()) {
            "Password must have uppercase characters"
        } else if self.digits && !has(|letter| letter.is_ascii_digit()) {
            "Password must have numeric characters"
        } else if self.symbols && !has(|letter| SYMBOLS.contains(letter)) {
            "Password must have symbol characters"
        } else {
            return Ok(());
        };
        Err(ApiError::new("InvalidPasswordException", format!("Password did not conform with policy: {fault}")))
    }

    /// A temporary password that keeps every rule.
    pub(super) fn invent(&self, ids: &dyn Ids) -> String {
        let length = usize::try_from(self.minimum_length).unwrap_or(8).max(8);
        let mut random = vec![0_u8; length];
        ids.fill(&mut random);
        let kinds: [&[u8]; 4] = [UPPER, LOWER, DIGITS, b"!@#%&*"];
        // One kind after the other: with eight characters, each kind is there twice.
        let pick = |(index, byte): (usize, u8)| {
            let letters = kinds[index % kinds.len()];
            char::from(letters[usize::from(byte) % letters.len()])
        };
        random.into_iter().enumerate().map(pick).collect()
    }
}
