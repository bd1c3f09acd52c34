//! A user: state, attributes, codes that were sent, second factor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::code::Codes;
use super::input::{attribute_list, date};
use super::pool::Pool;
use super::srp::Verifier;

/// Where a user stands, in Cognito's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Unconfirmed,
    Confirmed,
    ForceChangePassword,
    ResetRequired,
}

impl Status {
    /// `UNCONFIRMED`, ….
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Confirmed => "CONFIRMED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
            Self::ResetRequired => "RESET_REQUIRED",
        }
    }
}

/// A user's authenticator app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SoftwareToken {
    /// The shared secret, in Base32: both sides need it.
    pub secret: String,
    pub verified: bool,
    /// The time step of the last code that was taken, so that no code works twice.
    pub last_step: i64,
    pub device: Option<String>,
}

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct User {
    pub pool_id: String,
    pub username: String,
    pub sub: String,
    pub status: Status,
    pub enabled: bool,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// All but `sub`.
    pub attributes: BTreeMap<String, String>,
    /// New values that wait for their code.
    pub pending: BTreeMap<String, String>,
    pub verifier: Option<Verifier>,
    /// When a temporary password ends.
    pub temporary_until_ms: Option<i64>,
    pub codes: Codes,
    pub groups: Vec<String>,
    pub software_token: Option<SoftwareToken>,
    /// The user wants the authenticator app to be asked for.
    pub software_token_enabled: bool,
    pub software_token_preferred: bool,
    /// Failed passwords in a row, and until when no further one is looked at.
    pub failures: u32,
    pub locked_until_ms: i64,
}

impl User {
    /// A user without attributes, password or groups.
    pub(super) fn new(pool: &Pool, username: String, sub: String, now_ms: i64) -> Self {
        Self {
            pool_id: pool.id.clone(),
            username,
            sub,
            status: Status::Unconfirmed,
            enabled: true,
            created_ms: now_ms,
            modified_ms: now_ms,
            attributes: BTreeMap::new(),
            pending: BTreeMap::new(),
            verifier: None,
            temporary_until_ms: None,
            codes: Codes::default(),
            groups: Vec::new(),
            software_token: None,
            software_token_enabled: false,
            software_token_preferred: false,
            failures: 0,
            locked_until_ms: 0,
        }
    }

    pub(super) fn has_verified(&self, attribute: &str) -> bool {
        let flag = self.attributes.get(&format!("{attribute}_verified"));
        flag.is_some_and(|flag| flag.eq_ignore_ascii_case("true")) && self.attributes.contains_key(attribute)
    }

    /// Sets attributes; a changed address is no longer verified unless it says so itself.
    pub(super) fn set_attributes(&mut self, attributes: BTreeMap<String, String>) {
        for name in ["email", "phone_number"] {
            let flag = format!("{name}_verified");
            if let Some(value) = attributes.get(name)
                && !attributes.contains_key(&flag)
                && self.attributes.get(name) != Some(value)
            {
                self.attributes.insert(flag, "false".to_owned());
            }
        }
        for (name, value) in attributes {
            if value.is_empty() {
                self.attributes.remove(&name);
            } else if name.ends_with("_verified") {
                self.attributes.insert(name, value.to_lowercase());
            } else {
                self.attributes.insert(name, value);
            }
        }
    }

    /// Sets a password for good.
    pub(super) fn set_password(&mut self, verifier: Verifier) {
        self.verifier = Some(verifier);
        self.temporary_until_ms = None;
        self.failures = 0;
        self.locked_until_ms = 0;
    }

    /// The authenticator app is set up and wanted.
    pub(super) fn uses_software_token(&self) -> bool {
        self.software_token_enabled && self.software_token.as_ref().is_some_and(|token| token.verified)
    }

    /// `[{"Name": "sub", …}, …]`, those that `shown` admits.
    pub(super) fn attribute_list(&self, shown: impl Fn(&str) -> bool) -> Value {
        let sub = "sub".to_owned();
        let all = std::iter::once((&sub, &self.sub)).chain(&self.attributes);
        attribute_list(all.filter(|(name, _)| shown(name)))
    }

    /// `UserMFASettingList` and `PreferredMfaSetting`, added to an answer when they say something.
    pub(super) fn add_mfa(&self, answer: &mut Value) {
        if self.uses_software_token() {
            answer["UserMFASettingList"] = json!(["SOFTWARE_TOKEN_MFA"]);
            if self.software_token_preferred {
                answer["PreferredMfaSetting"] = json!("SOFTWARE_TOKEN_MFA");
            }
        }
    }

    /// The form of `ListUsers` and `AdminCreateUser`.
    pub(super) fn description(&self) -> Value {
        json!({
            "Username": self.username,
            "Attributes": self.attribute_list(|_| true),
            "UserCreateDate": date(self.created_ms),
            "UserLastModifiedDate": date(self.modified_ms),
            "Enabled": self.enabled,
            "UserStatus": self.status.name(),
        })
    }
}
