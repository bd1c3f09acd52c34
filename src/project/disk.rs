//! Files and folders: atomic writes, the lock, walking. The only place in this wing that touches `std::fs`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::ProjectError;

/// How deep folders are searched; deeper is a loop of links.
const DEEPEST: usize = 12;
/// How often a lock is tried before the other command is named, and the pause between.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE_MS: u64 = 20;
/// How many threads make written files durable; the disk does them together.
const SYNC_THREADS: usize = 8;

/// The bytes of a file; `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, ProjectError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(ProjectError::disk(path, "read")(error)),
    }
}

/// There is no such file; a file where a folder should be counts as that.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether a file is there, links followed.
pub(super) fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// When a file was changed, where the system tells.
pub(super) fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

/// How long a file is, in bytes.
pub(super) fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |facts| facts.len())
}

/// The absolute path of what is there.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, ProjectError> {
    fs::canonicalize(path).map_err(ProjectError::disk(path, "read"))
}

/// Makes a folder and those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), ProjectError> {
    fs::create_dir_all(path).map_err(ProjectError::disk(path, "written"))
}

/// Where a write of `path` lands: the file that a link points to, when it is one.
fn landing(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The name that a file has while it is written. Fixed, so that what a kill leaves is found again.
fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.ampup-new"))
}

/// Writes a file so that it is seen either as it was or as it will be; it keeps its permissions.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), ProjectError> {
    let path = landing(path);
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let fresh = unfinished(&path);
    let written = || -> io::Result<()> {
        let mut file = File::create(&fresh)?;
        file.write_all(bytes)?;
        if let Ok(there) = fs::metadata(&path) {
            if there.permissions().readonly() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
            }
            file.set_permissions(there.permissions())?;
        }
        drop(file);
        fs::rename(&fresh, &path)
    };
    written().map_err(|error| {
        let _ = fs::remove_file(&fresh);
        ProjectError::disk(path, "written")(error)
    })
}

/// Removes what a kill during [`write`] may have left beside a file.
pub(super) fn remove_unfinished(path: &Path) {
    let _ = fs::remove_file(unfinished(&landing(path)));
}

/// As [`write`], and on the disk before it returns.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), ProjectError> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let fresh = unfinished(path);
    let written = || -> io::Result<()> {
        let mut file = File::create(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        sync_folder(path);
        Ok(())
    };
    written().map_err(ProjectError::disk(path, "written"))
}

/// Makes the entries of a file's folder durable. Not every system can; the rename is atomic without it.
fn sync_folder(path: &Path) {
    let synced = path.parent().map(|folder| File::open(folder).and_then(|folder| folder.sync_all()));
    drop(synced);
}

/// Makes files and the entries of their folders durable, several at a time.
pub(super) fn sync(paths: &[PathBuf]) {
    let share = paths.len().div_ceil(SYNC_THREADS).max(1);
    std::thread::scope(|scope| {
        for part in paths.chunks(share) {
            scope.spawn(move || {
                for path in part {
                    let synced = File::open(path).and_then(|file| file.sync_all());
                    // A file that is gone again needs no durability, and an error of the disk shows at the next read.
                    drop(synced);
                }
            });
        }
    });
    let folders: std::collections::BTreeSet<_> = paths.iter().filter_map(|path| path.parent()).collect();
    for folder in folders {
        sync_folder(&folder.join("."));
    }
}

/// Removes a file, and the folders below `root` that become empty by it.
pub(super) fn remove(root: &Path, path: &Path) -> Result<(), ProjectError> {
    match fs::remove_file(path) {
        Err(error) if !is_absent(&error) => return Err(ProjectError::disk(path, "removed")(error)),
        _ => {}
    }
    let above = path.ancestors().skip(1).take_while(|folder| *folder != root && folder.starts_with(root));
    for folder in above {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// Whether the folders above `path` stay inside `root` when links are followed.
pub(super) fn stays_inside(root: &Path, path: &Path) -> bool {
    let there = path.ancestors().find_map(|ancestor| fs::canonicalize(ancestor).ok());
    there.is_some_and(|there| there.starts_with(root))
}

/// The files below a folder, as paths relative to it with `/` between the parts, sorted. Hidden ones are left out.
pub(super) fn files_below(folder: &Path) -> Result<Vec<String>, ProjectError> {
    tree(folder, DEEPEST, &|path| !path.rsplit('/').next().unwrap_or(path).starts_with('.'))
}

/// The wanted files below a folder, as paths relative to it with `/` between the parts, sorted. Folders are asked for
/// too: what lies below one that is not wanted is left out.
pub(super) fn tree(folder: &Path, deepest: usize, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<String>, ProjectError> {
    let mut found = Vec::new();
    walk(folder, "", deepest, wanted, &mut found)?;
    found.sort();
    Ok(found)
}

/// `left` is how many more folders deep it goes.
fn walk(
    folder: &Path,
    prefix: &str,
    left: usize,
    wanted: &dyn Fn(&str) -> bool,
    found: &mut Vec<String>,
) -> Result<(), ProjectError> {
    let failed = |error| ProjectError::disk(folder, "read")(error);
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = format!("{prefix}{name}");
        if !wanted(&path) {
            continue;
        }
        // Links are followed: a link that leads nowhere is no file.
        match fs::metadata(entry.path()) {
            Ok(there) if there.is_dir() && left > 0 => {
                walk(&entry.path(), &format!("{path}/"), left - 1, wanted, found)?;
            }
            Ok(there) if there.is_file() => found.push(path),
            _ => {}
        }
    }
    Ok(())
}

/// A lock that is free again when it is dropped, or when its process ends in any way.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Takes the lock `path`; waits a little for a command that is about to end.
pub(super) fn lock(path: &Path) -> Result<Lock, ProjectError> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(ProjectError::disk(path, "written"))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(LOCK_PAUSE_MS)),
            Err(TryLockError::Error(error)) => return Err(ProjectError::disk(path, "locked")(error)),
        }
    }
    Err(ProjectError::Busy(path.to_owned()))
}

/// A new file, open for writing.
pub(super) fn create(path: &Path) -> Result<File, ProjectError> {
    File::create(path).map_err(ProjectError::disk(path, "written"))
}
