//! Sign-ins that wait for an answer: the challenge, and what was proven so far.
//!
//! They live in memory alone, for minutes: after a restart a client begins its sign-in anew.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::fault::{bad_session, not_authorized};
use super::srp::Exchange;
use crate::base::Ids;
use crate::cloud::service::ApiError;

/// Most sign-ins that wait at once; beyond it the oldest are forgotten.
const MOST: usize = 10_000;

/// Wrong codes after which a waiting sign-in is forgotten.
const MOST_ATTEMPTS: u32 = 5;

/// What a sign-in waits for.
#[derive(Clone)]
pub(super) enum Step {
    /// The proof of the password; no exchange for users who do not exist, whose sign-in can only fail. In a sign-in of
    /// custom challenges, those that came before it.
    Password { exchange: Option<Box<Exchange>>, custom: Option<Vec<Value>> },
    /// An answer that the pool's function judges: the challenges before it, what the function needs to judge, and a
    /// word of its own about this challenge.
    Custom { before: Vec<Value>, private: Value, metadata: Value },
    /// A password of the user's own.
    NewPassword,
    /// A code of the authenticator app.
    SoftwareToken,
    /// An authenticator app: its secret, once asked for, and whether a code proved it.
    Setup { secret: Option<String>, verified: bool },
}

/// A sign-in that waits for an answer.
#[derive(Clone)]
pub(super) struct Pending {
    pub pool_id: String,
    pub client_id: String,
    pub username: String,
    pub step: Step,
    pub expires_ms: i64,
    pub attempts: u32,
}

/// The sign-ins that wait, by their session text.
#[derive(Default)]
pub(super) struct Challenges(Mutex<BTreeMap<String, Pending>>);

impl Challenges {
    /// Keeps a sign-in and gives the text by which its answer names it.
    pub(super) fn begin(&self, ids: &dyn Ids, now_ms: i64, pending: Pending) -> String {
        let mut random = [0; 96];
        ids.fill(&mut random);
        let session = STANDARD.encode(random);
        let mut waiting = self.waiting();
        if waiting.len() >= MOST {
            waiting.retain(|_, pending| pending.expires_ms > now_ms);
        }
        if waiting.len() >= MOST {
            let oldest = waiting.iter().min_by_key(|(_, pending)| pending.expires_ms).map(|(key, _)| key.clone());
            oldest.map(|key| waiting.remove(&key));
        }
        waiting.insert(session.clone(), pending);
        session
    }

    /// The sign-in that an answer names; it goes on waiting.
    pub(super) fn peek(&self, session: &str, client_id: &str, now_ms: i64) -> Result<Pending, ApiError> {
        let waiting = self.waiting();
        let pending = waiting.get(session).filter(|pending| pending.client_id == client_id).ok_or_else(bad_session)?;
        if pending.expires_ms <= now_ms {
            return Err(not_authorized("Invalid session for the user, session is expired."));
        }
        Ok(pending.clone())
    }

    /// The sign-in of a session text alone, for actions that name no client.
    pub(super) fn peek_any(&self, session: &str, now_ms: i64) -> Result<Pending, ApiError> {
        let client_id = self.waiting().get(session).map(|pending| pending.client_id.clone()).ok_or_else(bad_session)?;
        self.peek(session, &client_id, now_ms)
    }

    /// Ends the wait.
    pub(super) fn end(&self, session: &str) {
        self.waiting().remove(session);
    }

    /// Counts a wrong answer; after too many the sign-in is forgotten.
    pub(super) fn fail(&self, session: &str) {
        let mut waiting = self.waiting();
        if let Some(pending) = waiting.get_mut(session) {
            pending.attempts += 1;
            if pending.attempts >= MOST_ATTEMPTS {
                waiting.remove(session);
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
