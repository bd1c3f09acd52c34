//! A change of several files, wholly or not at all.
//!
//! Everything is first written into one journal, which then gets its name in one step. From that moment the change
//! counts as made: whoever opens the project next finishes it. A change that the disk refuses half-way is undone
//! from the same journal. A file that the user changed between a kill and the recovery is left as it is.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Applied, ProjectError, disk, layout};
use crate::category::inside;
use crate::manifest::{Existing, FileChange};

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    steps: Vec<JournalStep>,
}

/// One file: what it held and what it will hold. Bytes, because a file of the user may be anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct JournalStep {
    path: String,
    before: Option<Bytes>,
    after: Option<Bytes>,
}

/// Bytes, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Bytes(Vec<u8>);

impl TryFrom<String> for Bytes {
    type Error = base64::DecodeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        STANDARD.decode(text).map(Self)
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> String {
        STANDARD.encode(bytes.0)
    }
}

/// Called before each access of the disk that changes something. Tests stop there, as a kill would.
pub(super) type Checkpoint<'a> = &'a mut dyn FnMut() -> Result<(), ProjectError>;

impl Journal {
    /// What the changes mean for the files as they are now.
    pub(super) fn plan(root: &Path, changes: &[FileChange]) -> Result<(Self, Applied), ProjectError> {
        let mut journal = Self::default();
        let mut applied = Applied::default();
        let (mut existing, mut changed) = (Vec::new(), Vec::new());
        for change in changes {
            let path = change.path();
            let place = root.join(path);
            if !inside(path) || !disk::stays_inside(root, &place) {
                return Err(ProjectError::Outside(path.to_owned()));
            }
            let now = disk::read(&place)?;
            let is = |text: &str| now.as_deref() == Some(text.as_bytes());
            let expected = |before: &Option<String>| now.as_deref() == before.as_ref().map(String::as_bytes);
            let after = match change {
                FileChange::Create { text, .. } | FileChange::Replace { text, .. } | FileChange::Write { text, .. }
                    if is(text) =>
                {
                    continue;
                }
                FileChange::Create { existing: Existing::Keep, .. } if now.is_some() => {
                    applied.kept.push(path.to_owned());
                    continue;
                }
                FileChange::Create { existing: Existing::Refuse, .. } if now.is_some() => {
                    existing.push(path.to_owned());
                    continue;
                }
                FileChange::Replace { before, .. } if !expected(before) => {
                    changed.push(path.to_owned());
                    continue;
                }
                FileChange::Remove { .. } if now.is_none() => continue,
                FileChange::Remove { before, .. } if before.is_some() && !expected(before) => {
                    changed.push(path.to_owned());
                    continue;
                }
                FileChange::Remove { .. } => None,
                FileChange::Create { text, .. } | FileChange::Replace { text, .. } | FileChange::Write { text, .. } => {
                    Some(text.as_bytes().to_vec())
                }
            };
            match (&now, &after) {
                (None, _) => applied.created.push(path.to_owned()),
                (Some(_), Some(_)) => applied.updated.push(path.to_owned()),
                (Some(_), None) => applied.removed.push(path.to_owned()),
            }
            journal.steps.push(JournalStep { path: path.to_owned(), before: now.map(Bytes), after: after.map(Bytes) });
        }
        if !existing.is_empty() {
            return Err(ProjectError::FilesExist(existing));
        }
        if !changed.is_empty() {
            return Err(ProjectError::Changed(changed));
        }
        Ok((journal, applied))
    }

    /// Makes the change. The caller holds the lock.
    pub(super) fn run(&self, root: &Path, checkpoint: Checkpoint<'_>) -> Result<(), ProjectError> {
        if self.steps.is_empty() {
            return Ok(());
        }
        let text = serde_json::to_vec(self).expect("a journal is plain data");
        checkpoint()?;
        disk::write_durably(&root.join(layout::JOURNAL), &text)?;
        self.finish(root, checkpoint)
    }

    /// Does what the journal says. Files that are done already are done again, which changes nothing.
    fn finish(&self, root: &Path, checkpoint: Checkpoint<'_>) -> Result<(), ProjectError> {
        for step in &self.steps {
            checkpoint()?;
            if let Err(error) = step.put(root, step.after.as_ref()) {
                self.undo(root)?;
                return Err(error);
            }
        }
        checkpoint()?;
        let written = self.steps.iter().filter(|step| step.after.is_some());
        disk::sync(&written.map(|step| root.join(&step.path)).collect::<Vec<PathBuf>>());
        disk::remove(root, &root.join(layout::JOURNAL))
    }

    /// Puts everything back. The journal goes only when that worked.
    fn undo(&self, root: &Path) -> Result<(), ProjectError> {
        for step in &self.steps {
            disk::remove_unfinished(&root.join(&step.path));
            // Only what the change touched: a file that still is as it was may be one that cannot be written.
            if disk::read(&root.join(&step.path))?.as_ref() != step.before.as_ref().map(|before| &before.0) {
                step.put(root, step.before.as_ref())?;
            }
        }
        disk::remove(root, &root.join(layout::JOURNAL))
    }
}

impl JournalStep {
    fn put(&self, root: &Path, content: Option<&Bytes>) -> Result<(), ProjectError> {
        let place = root.join(&self.path);
        match content {
            Some(bytes) => disk::write(&place, &bytes.0),
            None => disk::remove(root, &place),
        }
    }

    /// Whether the file holds neither what it held nor what it will hold: the user's hand was faster.
    fn is_foreign(&self, root: &Path) -> Result<bool, ProjectError> {
        let now = disk::read(&root.join(&self.path))?;
        let is = |content: &Option<Bytes>| now.as_ref() == content.as_ref().map(|bytes| &bytes.0);
        Ok(!is(&self.before) && !is(&self.after))
    }
}

/// Finishes a change that was interrupted, when there is one. The caller holds the lock.
pub(super) fn recover(root: &Path, checkpoint: Checkpoint<'_>) -> Result<bool, ProjectError> {
    let path = root.join(layout::JOURNAL);
    let Some(bytes) = disk::read(&path)? else { return Ok(false) };
    let unreadable = |reason: String| {
        ProjectError::disk(&path, "read")(std::io::Error::new(std::io::ErrorKind::InvalidData, reason))
    };
    let mut journal: Journal = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    // The journal may have come with the folder from anywhere: it gets no further than a change of ours would.
    let safe = |step: &JournalStep| inside(&step.path) && disk::stays_inside(root, &root.join(&step.path));
    if let Some(step) = journal.steps.iter().find(|step| !safe(step)) {
        return Err(ProjectError::Outside(step.path.clone()));
    }
    let mut steps = Vec::new();
    for step in journal.steps {
        if step.is_foreign(root)? {
            disk::remove_unfinished(&root.join(&step.path));
        } else {
            steps.push(step);
        }
    }
    journal.steps = steps;
    journal.finish(root, checkpoint)?;
    Ok(true)
}
