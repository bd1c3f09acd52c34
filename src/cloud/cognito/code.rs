//! Codes that prove who reads an address: made, remembered by their hash, taken once, not guessed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::fault::{expired_code, too_many_attempts, wrong_code};
use crate::cloud::service::ApiError;

/// Wrong codes that are looked at before there is a pause ("Quotas in Amazon Cognito": 5 at least).
const MOST_ATTEMPTS: u32 = 5;

/// How long the pause is.
const PAUSE_MS: i64 = 15 * 60_000;

const HOUR_MS: i64 = 3_600_000;

/// What a code is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    SignUp,
    Password,
    /// Verifying an attribute.
    Attribute(String),
}

impl Purpose {
    fn key(&self) -> String {
        match self {
            Self::SignUp => "sign-up".to_owned(),
            Self::Password => "password".to_owned(),
            Self::Attribute(name) => format!("attribute:{name}"),
        }
    }

    /// How long such a code holds ("Verification codes": a day, an hour for passwords).
    fn validity_ms(&self) -> i64 {
        match self {
            Self::SignUp | Self::Attribute(_) => 24 * HOUR_MS,
            Self::Password => HOUR_MS,
        }
    }
}

/// A code that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sent {
    hash: String,
    /// The attribute whose address it went to.
    attribute: String,
    expires_ms: i64,
}

/// Wrong codes so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Attempts {
    count: u32,
    since_ms: i64,
}

/// The codes of one user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Codes {
    sent: BTreeMap<String, Sent>,
    attempts: BTreeMap<String, Attempts>,
}

impl Codes {
    /// Remembers a code; an older one for the same purpose no longer holds.
    pub(super) fn remember(&mut self, purpose: &Purpose, code: &str, attribute: &str, now_ms: i64) {
        let sent =
            Sent { hash: hashed(code), attribute: attribute.to_owned(), expires_ms: now_ms + purpose.validity_ms() };
        self.sent.insert(purpose.key(), sent);
    }

    /// Takes a code and says which attribute's address it proves. A wrong one counts: save the user even after an
    /// error.
    pub(super) fn take(&mut self, purpose: &Purpose, code: &str, now_ms: i64) -> Result<String, ApiError> {
        let key = purpose.key();
        let attempts = self.attempts.entry(key.clone()).or_default();
        if now_ms - attempts.since_ms > PAUSE_MS {
            *attempts = Attempts { count: 0, since_ms: now_ms };
        }
        if attempts.count >= MOST_ATTEMPTS {
            return Err(too_many_attempts());
        }
        let Some(sent) = self.sent.get(&key) else {
            return Err(expired_code());
        };
        if sent.expires_ms <= now_ms {
            return Err(expired_code());
        }
        let same = ring::constant_time::verify_slices_are_equal(sent.hash.as_bytes(), hashed(code).as_bytes());
        if same.is_err() {
            attempts.count += 1;
            return Err(wrong_code());
        }
        let attribute = sent.attribute.clone();
        self.sent.remove(&key);
        self.attempts.remove(&key);
        Ok(attribute)
    }
}

fn hashed(code: &str) -> String {
    hex::encode(Sha256::digest(code))
}
