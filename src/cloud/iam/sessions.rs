//! Temporary credentials. A session's secret and token are derived from one master key, so that only that key is
//! kept, never the secrets of sessions.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::Credentials;
use crate::base::Secret;
use crate::cloud::service::{ApiError, RoleSession, Shared};
use crate::cloud::store::Table;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    session: RoleSession,
    expires_at_s: i64,
}

/// The sessions that were given out.
pub(super) struct Sessions {
    shared: Arc<Shared>,
    rows: Table<Row>,
    masters: Table<String>,
    master: OnceLock<hmac::Key>,
}

impl Sessions {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let rows = Table::new(Arc::clone(&shared.store), "iam.session");
        let masters = Table::new(Arc::clone(&shared.store), "iam.master");
        Self { shared, rows, masters, master: OnceLock::new() }
    }

    /// New credentials; `session.access_key` is filled in. Sessions that have ended are forgotten on the way.
    pub(super) fn issue(&self, mut session: RoleSession, seconds: i64) -> Result<Credentials, ApiError> {
        let now_s = self.shared.clock.now_s();
        let access_key = format!("ASIA{}", self.shared.ids.short(16).to_uppercase());
        session.access_key.clone_from(&access_key);
        let expires_at_s = now_s + seconds;
        let mut batch = crate::cloud::store::Batch::default();
        for (key, row) in self.rows.all() {
            // An hour longer than they live, so that a late client hears `ExpiredToken` and not "unknown key".
            if row.expires_at_s + 3600 < now_s {
                self.rows.drop(&mut batch, &key);
            }
        }
        self.rows.add(&mut batch, &access_key, &Row { session: session.clone(), expires_at_s });
        let (secret_key, session_token) = self.derived(&access_key)?;
        self.shared.store.commit(batch)?;
        Ok(Credentials { access_key, secret_key, session_token, expires_at_s, session })
    }

    /// The credentials with an access key, expired or not.
    pub(super) fn find(&self, access_key: &str) -> Result<Option<Credentials>, ApiError> {
        let Some(Row { session, expires_at_s }) = self.rows.get(access_key) else { return Ok(None) };
        let (secret_key, session_token) = self.derived(access_key)?;
        let access_key = access_key.to_owned();
        Ok(Some(Credentials { access_key, secret_key, session_token, expires_at_s, session }))
    }

    fn derived(&self, access_key: &str) -> Result<(Secret<String>, Secret<String>), ApiError> {
        let master = self.master()?;
        let derive = |purpose: &str| hmac::sign(master, format!("{purpose} {access_key}").as_bytes());
        let secret = STANDARD.encode(&derive("secret").as_ref()[..30]);
        let token = format!("IQoJ{}{}", STANDARD.encode(derive("token")), STANDARD.encode(derive("token, continued")));
        Ok((Secret::new(secret), Secret::new(token)))
    }

    fn master(&self) -> Result<&hmac::Key, ApiError> {
        if let Some(key) = self.master.get() {
            return Ok(key);
        }
        let kept = self.masters.get("1").and_then(|text| STANDARD.decode(text).ok());
        let bytes = if let Some(bytes) = kept {
            bytes
        } else {
            let mut bytes = vec![0; 32];
            self.shared.ids.fill(&mut bytes);
            self.masters.put("1", &STANDARD.encode(&bytes))?;
            bytes
        };
        Ok(self.master.get_or_init(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}
