//! Archives of code: kept under the hash of their content and unpacked beside it.
//!
//! Equal code is unpacked once. An archive appears whole or not at all: it is unpacked under another name first.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::record::Code;
use super::settings::invalid;
use crate::cloud::service::{ApiError, Shared};

/// The largest archive that a request may carry, in bytes ("Lambda quotas").
const ARCHIVE_BYTES: usize = 50 * 1024 * 1024;

/// The most bytes of all files of an archive.
const UNPACKED_BYTES: u64 = 262_144_000;

/// Node.js asks the nearest file of this name what `.js` means. This one stands between the code and the project in which
/// the state lies, whose answer must not count.
const SCOPE: &str = "package.json";

/// The archives of all functions.
pub(in crate::cloud::lambda) struct CodeStore {
    shared: Arc<Shared>,
}

impl CodeStore {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn root(&self) -> PathBuf {
        self.shared.folder.join("lambda").join("code")
    }

    /// The folder with the files of an archive.
    pub(super) fn folder(&self, key: &str) -> PathBuf {
        self.root().join(key)
    }

    /// The archive as it was given.
    pub(super) fn archive(&self, key: &str) -> PathBuf {
        self.root().join(format!("{key}.zip"))
    }

    /// Keeps an archive that a request carries.
    pub(super) fn put_direct(&self, archive: &[u8]) -> Result<Code, ApiError> {
        if archive.len() > ARCHIVE_BYTES {
            let message =
                format!("Request must be smaller than {ARCHIVE_BYTES} bytes for the CreateFunction operation");
            return Err(ApiError::new("RequestEntityTooLargeException", message).status(413));
        }
        self.put(archive)
    }

    /// Keeps an archive and unpacks it.
    pub(super) fn put(&self, archive: &[u8]) -> Result<Code, ApiError> {
        let digest = Sha256::digest(archive);
        let key = hex::encode(digest);
        let folder = self.folder(&key);
        if !folder.is_dir() {
            let root = self.root();
            let fresh = root.join(format!("new-{}", self.shared.ids.uuid()));
            let unpacked = fs::create_dir_all(&fresh)
                .and_then(|()| fs::write(root.join(SCOPE), "{}\n"))
                .map_err(|error| fault(&error))
                .and_then(|()| unpack(archive, &fresh))
                .and_then(|()| fs::write(self.archive(&key), archive).map_err(|error| fault(&error)))
                .and_then(|()| fs::rename(&fresh, &folder).map_err(|error| fault(&error)));
            if unpacked.is_err() {
                // What is left of it is removed as well as it can be; the error that matters is the first.
                let _ = fs::remove_dir_all(&fresh);
            }
            // Another request may have unpacked the same archive meanwhile.
            if !folder.is_dir() {
                unpacked?;
            }
        }
        Ok(Code {
            key,
            sha256: STANDARD.encode(digest),
            bytes: archive.len() as u64,
            ticket: self.shared.ids.short(32),
        })
    }

    /// Removes what is not among the keys, also what a kill left half unpacked.
    pub(super) fn keep_only(&self, keys: &BTreeSet<String>) {
        let Ok(entries) = fs::read_dir(self.root()) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == SCOPE || keys.contains(name.trim_end_matches(".zip")) {
                continue;
            }
            // What cannot be removed now is met again the next time.
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
}

/// An archive with one file, as CloudFormation makes it from inline code.
pub(in crate::cloud::lambda) fn inline(name: &str, text: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o644);
    writer.start_file(name, options).expect("a short name fits");
    io::Write::write_all(&mut writer, text.as_bytes()).expect("writing to memory cannot fail");
    writer.finish().expect("writing to memory cannot fail").into_inner()
}

fn unpack(archive: &[u8], folder: &Path) -> Result<(), ApiError> {
    let broken = || invalid("Could not unzip uploaded file. Please check your file, then try to upload again.");
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|_| broken())?;
    if archive.is_empty() {
        return Err(invalid("Uploaded file must be a non-empty zip"));
    }
    let mut left = UNPACKED_BYTES;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|_| broken())?;
        // Names that lead out of the folder are no names of files in it.
        let name = entry.enclosed_name().ok_or_else(broken)?;
        let path = folder.join(name);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(|error| fault(&error))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| fault(&error))?;
        }
        let mode = entry.unix_mode();
        let mut content = Vec::new();
        entry.by_ref().take(left + 1).read_to_end(&mut content).map_err(|_| broken())?;
        left = left
            .checked_sub(content.len() as u64)
            .ok_or_else(|| invalid(format!("Unzipped size must be smaller than {UNPACKED_BYTES} bytes")))?;
        place(&path, &content, mode).map_err(|error| fault(&error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn place(path: &Path, content: &[u8], mode: Option<u32>) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    const KIND: u32 = 0o170_000;
    const LINK: u32 = 0o120_000;
    let mode = mode.unwrap_or(0o644);
    if mode & KIND == LINK {
        let target = Path::new(std::ffi::OsStr::from_bytes(content));
        let inside = target.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        // Links such as `node_modules/.bin/…` lead upward and are followed by nobody here; those within are kept.
        return if inside { std::os::unix::fs::symlink(target, path) } else { Ok(()) };
    }
    fs::write(path, content)?;
    // The owner can always read what it unpacked.
    fs::set_permissions(path, fs::Permissions::from_mode((mode & 0o755) | 0o400))
}

#[cfg(not(unix))]
fn place(path: &Path, content: &[u8], _mode: Option<u32>) -> io::Result<()> {
    fs::write(path, content)
}

fn fault(error: &io::Error) -> ApiError {
    ApiError::new("ServiceException", format!("the code could not be unpacked: {error}")).status(500)
}
