//! A change of a project as data: what happens to the manifest, and the files that go with it.
//!
//! It is applied to text by [`super::rewrite`] and to the disk by `project`, wholly or not at all.

use crate::base::{EnvName, ResourceName, Target};
use crate::category::ResourceSpec;

/// A change of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// What happens to the manifest, in order.
    pub manifest: Vec<ManifestChange>,
    /// What happens to files; each path at most once.
    pub files: Vec<FileChange>,
}

/// One change of the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "an edit has one or two of them")]
pub enum ManifestChange {
    /// Adds a resource, or gives it other settings.
    PutResource(ResourceName, ResourceSpec),
    /// Takes a resource away.
    RemoveResource(ResourceName),
    /// Adds an environment, or moves it to another target.
    PutEnvironment(EnvName, Target),
    /// Takes an environment away.
    RemoveEnvironment(EnvName),
}

/// What happens to one file. Paths are relative to the project, with `/` between the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// A new file of the user's.
    Create {
        /// Where.
        path: String,
        /// Its content.
        text: String,
        /// What to do when a file with other content is there.
        existing: Existing,
    },
    /// A file of ours that is written when it still is what we saw.
    Replace {
        /// Where.
        path: String,
        /// What stood there when the change was planned; `None` for no file.
        before: Option<String>,
        /// Its content.
        text: String,
    },
    /// A file that is ours alone: written whatever stands there.
    Write {
        /// Where.
        path: String,
        /// Its content.
        text: String,
    },
    /// A file that goes, when it still is what we saw. Folders that become empty go with it.
    Remove {
        /// Where.
        path: String,
        /// What stood there when the change was planned; `None` for "whatever is there".
        before: Option<String>,
    },
}

/// What to do when a file that should be created is there already, with other content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse the whole change.
    Refuse,
    /// Keep the file as it is.
    Keep,
}

impl FileChange {
    /// The file that is meant.
    pub fn path(&self) -> &str {
        match self {
            Self::Create { path, .. }
            | Self::Replace { path, .. }
            | Self::Write { path, .. }
            | Self::Remove { path, .. } => path,
        }
    }
}
