//! Seals texts that must not be read from the disk: AES-256-GCM under a key of the installation, in a file of its own.
//!
//! The key lies in the state folder, readable by its owner alone, and not among the rows: who copies the rows has nothing.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::service::{ApiError, Shared};
use crate::base::Secret;

const KEY_BYTES: usize = 32;

/// Seals and opens texts.
pub(in crate::cloud) struct Vault {
    shared: Arc<Shared>,
    key: OnceLock<LessSafeKey>,
}

impl Vault {
    pub(in crate::cloud) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, key: OnceLock::new() }
    }

    /// The sealed form of a text, which opens only under the same `name`.
    pub(in crate::cloud) fn seal(&self, name: &str, text: &[u8]) -> Result<String, ApiError> {
        let mut nonce = [0; NONCE_LEN];
        self.shared.ids.fill(&mut nonce);
        let mut sealed = text.to_vec();
        self.key()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()), &mut sealed)
            .map_err(|_| fault("it could not be sealed"))?;
        Ok(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// What was sealed under this name.
    pub(in crate::cloud) fn open(&self, name: &str, sealed: &str) -> Result<Secret<Vec<u8>>, ApiError> {
        let broken = || fault("it was sealed with another key, or is damaged");
        let bytes = STANDARD.decode(sealed).map_err(|_| broken())?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut rest = rest.to_vec();
        let length =
            self.key()?.open_in_place(nonce, Aad::from(name.as_bytes()), &mut rest).map_err(|_| broken())?.len();
        rest.truncate(length);
        Ok(Secret::new(rest))
    }

    /// What was sealed under this name, as text.
    pub(in crate::cloud) fn open_text(&self, name: &str, sealed: &str) -> Result<String, ApiError> {
        let bytes = self.open(name, sealed)?;
        Ok(String::from_utf8_lossy(bytes.reveal()).into_owned())
    }

    fn key(&self) -> Result<&LessSafeKey, ApiError> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let path = self.shared.folder.join("secrets.key");
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut fresh = [0; KEY_BYTES];
                self.shared.ids.fill(&mut fresh);
                // Two first secrets at the same time: the key that was written first is the key.
                match write_new(&path, &fresh) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => std::fs::read(&path),
                    written => written.map(|()| fresh.to_vec()),
                }
            }
            read => read,
        };
        let bytes = bytes.map_err(|error| fault(&format!("the key in secrets.key cannot be used: {error}")))?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| fault("the key in secrets.key is damaged"))?;
        Ok(self.key.get_or_init(|| LessSafeKey::new(key)))
    }
}

fn fault(reason: &str) -> ApiError {
    ApiError::new("InternalServiceError", format!("the secret cannot be handled: {reason}")).status(500)
}

/// Writes a file that must not be there yet and that its owner alone may read; it is whole when it appears.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Temporary files are the owner's alone.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(|_| ()).map_err(|error| error.error)
}
