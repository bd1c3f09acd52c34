//! Secrets as stored: versions that move from stage to stage.
//!
//! Source: "What's in a Secrets Manager secret?" and "Delete an AWS Secrets Manager secret" of the guide.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::Table;
use crate::cloud::vault::Vault;

pub(super) const CURRENT: &str = "AWSCURRENT";
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";

/// The longest value, in bytes.
const VALUE_BYTES: usize = 65_536;

const DAY_MS: i64 = 86_400_000;

/// A secret as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SecretRow {
    pub name: String,
    pub arn: String,
    pub description: Option<String>,
    pub key: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub created_ms: i64,
    pub changed_ms: i64,
    /// When it goes for good, once it was deleted.
    pub gone_ms: Option<i64>,
    pub deleted_ms: Option<i64>,
    pub versions: Vec<Version>,
}

/// One value of a secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    pub id: String,
    pub sealed: String,
    /// Whether it is bytes (in Base64), not text.
    pub binary: bool,
    pub created_ms: i64,
    pub stages: Vec<String>,
}

/// A new value.
#[derive(Clone, Debug)]
pub(super) struct NewValue {
    pub id: Option<String>,
    /// The text, or bytes in Base64.
    pub text: String,
    pub binary: bool,
    pub stages: Vec<String>,
}

/// The secrets of the cloud.
pub(super) struct Secrets {
    pub shared: Arc<Shared>,
    rows: Table<SecretRow>,
    vault: Vault,
    /// Held while a secret is changed.
    changing: Mutex<()>,
}

pub(super) fn not_found() -> ApiError {
    ApiError::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

fn refused(message: &str) -> ApiError {
    ApiError::new("InvalidRequestException", message)
}

impl Secrets {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let rows = Table::new(Arc::clone(&shared.store), "secretsmanager.secret");
        Self { rows, vault: Vault::new(Arc::clone(&shared)), changing: Mutex::default(), shared }
    }

    /// `arn:aws:secretsmanager:…:secret:` and what follows.
    pub(super) fn arn(&self, rest: &str) -> String {
        format!("arn:aws:secretsmanager:{}:{}:secret:{rest}", self.shared.region, self.shared.account)
    }

    /// Every secret that is not gone, in order of the names.
    pub(super) fn all(&self) -> Vec<SecretRow> {
        let now_ms = self.shared.clock.now_ms();
        let all = self.rows.all().into_iter().map(|(_, secret)| secret);
        all.filter(|secret| secret.gone_ms.is_none_or(|gone_ms| gone_ms > now_ms)).collect()
    }

    /// A secret by its name, its ARN, or its ARN without the six letters at the end; deleted ones too, until they are gone.
    pub(super) fn find(&self, id: &str) -> Result<SecretRow, ApiError> {
        let rest = id.strip_prefix(&self.arn(""));
        let name = rest.unwrap_or(id);
        let known = |name: &str| self.all().into_iter().find(|secret| secret.name == name);
        let by_arn = || self.all().into_iter().find(|secret| secret.arn == id);
        let found = if rest.is_some() { by_arn().or_else(|| known(name)) } else { known(name) };
        found.ok_or_else(not_found)
    }

    /// As [`Self::find`], but not one that was deleted.
    pub(super) fn live(&self, id: &str) -> Result<SecretRow, ApiError> {
        let secret = self.find(id)?;
        if secret.deleted_ms.is_some() {
            return Err(refused("You can't perform this operation on the secret because it was marked for deletion."));
        }
        Ok(secret)
    }

    pub(super) fn create(
        &self,
        name: &str,
        value: Option<NewValue>,
        change: impl FnOnce(&mut SecretRow),
    ) -> Result<SecretRow, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let good = |letter: char| letter.is_ascii_alphanumeric() || "/_+=.@-".contains(letter);
        if !(1..=512).contains(&name.len()) || !name.chars().all(good) {
            let message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
            return Err(ApiError::new("ValidationException", message));
        }
        match self.find(name) {
            Ok(secret) if secret.deleted_ms.is_some() => {
                return Err(refused(
                    "You can't create this secret because a secret with this name is already scheduled for deletion.",
                ));
            }
            Ok(_) => {
                let message = format!("The operation failed because the secret {name} already exists.");
                return Err(ApiError::new("ResourceExistsException", message));
            }
            Err(_) => {}
        }
        let now_ms = self.shared.clock.now_ms();
        let mut secret = SecretRow {
            name: name.to_owned(),
            arn: self.arn(&format!("{name}-{}", self.shared.ids.short(6))),
            description: None,
            key: None,
            tags: BTreeMap::new(),
            created_ms: now_ms,
            changed_ms: now_ms,
            gone_ms: None,
            deleted_ms: None,
            versions: Vec::new(),
        };
        change(&mut secret);
        if let Some(value) = value {
            self.add(&mut secret, value)?;
        }
        self.rows.put(name, &secret)?;
        Ok(secret)
    }

    /// Changes a secret, with a new value when there is one; gives the secret and the id of the version.
    pub(super) fn change(
        &self,
        id: &str,
        value: Option<NewValue>,
        change: impl FnOnce(&mut SecretRow),
    ) -> Result<(SecretRow, Option<Version>), ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut secret = self.live(id)?;
        change(&mut secret);
        let version = value.map(|value| self.add(&mut secret, value)).transpose()?;
        secret.changed_ms = self.shared.clock.now_ms();
        self.rows.put(&secret.name, &secret)?;
        Ok((secret, version))
    }

    /// Adds a version; the stages that it has leave the others.
    fn add(&self, secret: &mut SecretRow, value: NewValue) -> Result<Version, ApiError> {
        let NewValue { id, text, binary, stages } = value;
        if text.len() > VALUE_BYTES {
            return Err(invalid(format!("The value of a secret may have {VALUE_BYTES} bytes.")));
        }
        let id = id.unwrap_or_else(|| self.shared.ids.uuid());
        if let Some(known) = secret.versions.iter().find(|version| version.id == id) {
            // The same token and value again: nothing new.
            if self.reveal(secret, known)? == text {
                return Ok(known.clone());
            }
            let message = format!(
                "You can't use ClientRequestToken {id} because that value is already in use for a version of secret {}.",
                secret.arn
            );
            return Err(ApiError::new("ResourceExistsException", message));
        }
        let sealed = self.vault.seal(&secret.arn, text.as_bytes())?;
        let stages = if stages.is_empty() { vec![CURRENT.to_owned()] } else { stages };
        let version = Version { id, sealed, binary, created_ms: self.shared.clock.now_ms(), stages };
        if version.stages.iter().any(|stage| stage == CURRENT) {
            for other in &mut secret.versions {
                other.stages.retain(|stage| stage != PREVIOUS);
                if other.stages.iter().any(|stage| stage == CURRENT) {
                    other.stages.push(PREVIOUS.to_owned());
                }
            }
        }
        for other in &mut secret.versions {
            other.stages.retain(|stage| !version.stages.contains(stage));
        }
        // A version without a stage may go at any time; here it goes at once.
        secret.versions.retain(|version| !version.stages.is_empty());
        secret.versions.push(version.clone());
        Ok(version)
    }

    /// The value of a version.
    pub(super) fn reveal(&self, secret: &SecretRow, version: &Version) -> Result<String, ApiError> {
        self.vault.open_text(&secret.arn, &version.sealed)
    }

    /// Deletes a secret, for good after some days; `None` at once.
    pub(super) fn delete(&self, id: &str, days: Option<i64>) -> Result<SecretRow, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut secret = if days.is_none() { self.find(id)? } else { self.live(id)? };
        let now_ms = self.shared.clock.now_ms();
        secret.deleted_ms = Some(now_ms);
        match days {
            Some(days) => {
                secret.gone_ms = Some(now_ms + days * DAY_MS);
                self.rows.put(&secret.name, &secret)?;
            }
            None => {
                secret.gone_ms = Some(now_ms);
                self.rows.remove(&secret.name)?;
            }
        }
        Ok(secret)
    }

    pub(super) fn restore(&self, id: &str) -> Result<SecretRow, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut secret = self.find(id)?;
        secret.deleted_ms = None;
        secret.gone_ms = None;
        self.rows.put(&secret.name, &secret)?;
        Ok(secret)
    }
}
