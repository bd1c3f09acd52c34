//! The folder with the state of a cloud: made, locked, released. What lies in it is the stores' business.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{CloudError, failed};

/// The folder with the state, held so that no other cloud takes it.
#[derive(Debug)]
pub(super) struct StateFolder {
    pub path: PathBuf,
    temporary: Option<tempfile::TempDir>,
    /// The system releases the lock when the process ends, however it ends.
    lock: File,
}

impl StateFolder {
    pub(super) fn open(wanted: Option<&Path>) -> Result<Self, CloudError> {
        let (path, temporary) = if let Some(path) = wanted {
            (path.to_path_buf(), None)
        } else {
            let made = tempfile::Builder::new().prefix("ampup-cloud-").tempdir();
            let made = made.map_err(|error| failed("make a temporary folder", &error))?;
            (made.path().to_path_buf(), Some(made))
        };
        let damaged = |error: std::io::Error| CloudError::State { path: path.clone(), reason: error.to_string() };
        make_private(&path).map_err(damaged)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock")).map_err(damaged)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, temporary, lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(CloudError::Locked { path }),
            Err(std::fs::TryLockError::Error(error)) => Err(damaged(error)),
        }
    }

    pub(super) fn damaged(&self, error: &dyn std::error::Error) -> CloudError {
        CloudError::State { path: self.path.clone(), reason: error.to_string() }
    }

    pub(super) fn close(self) -> Result<(), CloudError> {
        let Self { temporary, lock, .. } = self;
        drop(lock);
        temporary.map_or(Ok(()), |folder| folder.close().map_err(|error| failed("remove its temporary folder", &error)))
    }
}

/// Makes a folder that only its owner reads: it holds keys and users.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
