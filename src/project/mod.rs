//! The project on disk: find it, read it, change it, remember what is local to this computer.
//!
//! It knows nothing of stacks or clouds: what is rendered is handed in as an [`Edit`].

mod apply;
mod archives;
mod code;
mod disk;
mod error;
pub mod layout;
mod local;
mod read;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::base::EnvName;
use crate::category::{Renderer, Sources};
use crate::error::{Diagnose, Problem};
use crate::manifest::{self, Edit, Environment, Existing, FileChange, Manifest};

pub use error::ProjectError;

/// A project on disk.
#[derive(Clone, Debug)]
pub struct Project {
    root: PathBuf,
    manifest: Manifest,
    /// The manifest as it was read; a change is refused when the file is another by then.
    text: String,
}

/// What a change did, by path relative to the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Applied {
    /// Files that are new.
    pub created: Vec<String>,
    /// Files with other content than before.
    pub updated: Vec<String>,
    /// Files that are gone.
    pub removed: Vec<String>,
    /// Files of the user that were there and were kept.
    pub kept: Vec<String>,
}

impl Project {
    /// Finds the project that `start` is in, and finishes a change that was interrupted.
    pub fn discover(start: &Path) -> Result<Self, ProjectError> {
        let start = disk::absolute(start)?;
        for folder in start.ancestors() {
            if disk::is_file(&folder.join(layout::JOURNAL)) {
                let _lock = disk::lock(&folder.join(layout::LOCK))?;
                apply::recover(folder, &mut || Ok(()))?;
            }
            if let Some((text, manifest)) = read::manifest(folder)? {
                return Ok(Self { root: folder.to_owned(), manifest, text });
            }
        }
        Err(ProjectError::NotFound(start))
    }

    /// Makes a project: the manifest, the folder for the user's files, the lines for git.
    pub fn create(root: &Path, manifest: &Manifest) -> Result<(Self, Applied), ProjectError> {
        disk::make_folder(root)?;
        let root = disk::absolute(root)?;
        let _lock = disk::lock(&root.join(layout::LOCK))?;
        apply::recover(&root, &mut || Ok(()))?;
        if disk::is_file(&root.join(layout::MANIFEST)) {
            return Err(ProjectError::Exists(root.join(layout::MANIFEST)));
        }
        let text = manifest::fresh(manifest).map_err(read::wrong)?;
        let mut files = vec![FileChange::Create {
            path: layout::MANIFEST.to_owned(),
            text: text.clone(),
            existing: Existing::Refuse,
        }];
        files.extend(gitignore(&root)?);
        let (journal, applied) = apply::Journal::plan(&root, &files)?;
        journal.run(&root, &mut || Ok(()))?;
        Ok((Self { root, manifest: manifest.clone(), text }, applied))
    }

    /// The folder of the project, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The environment `wanted`, or the one in use here, or the first of the manifest.
    pub fn environment(&self, wanted: Option<&EnvName>) -> Result<Environment, ProjectError> {
        let known = &self.manifest.environments;
        let found = if let Some(wanted) = wanted {
            known.get_key_value(wanted).ok_or_else(|| self.no_environment(wanted))?
        } else {
            let in_use = local::environment(&self.root)?;
            let in_use = in_use.as_ref().and_then(|name| known.get_key_value(name));
            in_use.or_else(|| known.first()).ok_or(ProjectError::NoEnvironments)?
        };
        Ok(Environment { name: found.0.clone(), target: found.1.clone() })
    }

    /// Makes an environment the one in use on this computer.
    pub fn use_environment(&self, name: &EnvName) -> Result<(), ProjectError> {
        if !self.manifest.environments.contains_key(name) {
            return Err(self.no_environment(name));
        }
        local::use_environment(&self.root, name)
    }

    /// The user's files: schemas, resolvers, overrides.
    pub fn sources(&self) -> Result<Sources, ProjectError> {
        read::sources(&self.root)
    }

    /// The archive of the code in a folder: the one that was packed before, or what `pack` makes of the files. What `pack`
    /// refuses is inside.
    pub fn archive<E>(
        &self,
        folder: &str,
        pack: impl FnOnce(std::collections::BTreeMap<String, bytes::Bytes>) -> Result<bytes::Bytes, E>,
    ) -> Result<Result<bytes::Bytes, E>, ProjectError> {
        archives::archive(&self.root, folder, pack)
    }

    /// The renderer, with the user's ejected templates.
    pub fn renderer(&self) -> Result<Renderer, ProjectError> {
        read::renderer(&self.root)
    }

    /// The rendered files below `ampup/stacks/`, by path relative to that folder.
    pub fn stacks(&self) -> Result<std::collections::BTreeMap<String, String>, ProjectError> {
        read::stacks(&self.root)
    }

    /// Applies a change wholly or not at all; a kill at any moment leaves the project before or after it.
    pub fn apply(&mut self, edit: &Edit) -> Result<Applied, ProjectError> {
        self.apply_with(edit, &mut || Ok(()))
    }

    /// The address of the embedded cloud that a running `ampup dev` of this project wrote down.
    pub fn cloud_address(&self) -> Result<Option<String>, ProjectError> {
        local::cloud_address(&self.root)
    }

    /// Writes the address of the running embedded cloud down, or takes it away.
    pub fn set_cloud_address(&self, address: Option<&str>) -> Result<(), ProjectError> {
        local::set_cloud_address(&self.root, address)
    }

    /// The folder of the embedded cloud's state; made when it is not there.
    pub fn cloud_folder(&self) -> Result<PathBuf, ProjectError> {
        let folder = self.root.join(layout::CLOUD);
        disk::make_folder(&folder)?;
        Ok(folder)
    }

    /// A line that was remembered on this computer by a name.
    pub fn remembered(&self, name: &str) -> Result<Option<String>, ProjectError> {
        local::remembered(&self.root, name)
    }

    /// Remembers a line on this computer by a name.
    pub fn remember(&self, name: &str, line: &str) -> Result<(), ProjectError> {
        local::remember(&self.root, name, line)
    }

    /// A new log file `.ampup/logs/<name>.log`, open for writing; the oldest go when there are more than 20.
    pub fn new_log(&self, name: &str) -> Result<(PathBuf, std::fs::File), ProjectError> {
        local::new_log(&self.root, name)
    }

    fn apply_with(&mut self, edit: &Edit, checkpoint: apply::Checkpoint<'_>) -> Result<Applied, ProjectError> {
        let _lock = disk::lock(&self.root.join(layout::LOCK))?;
        apply::recover(&self.root, checkpoint)?;
        if disk::read(&self.root.join(layout::MANIFEST))?.as_deref() != Some(self.text.as_bytes()) {
            return Err(ProjectError::Changed(vec![layout::MANIFEST.to_owned()]));
        }
        let text = match &edit.manifest[..] {
            [] => self.text.clone(),
            changes => manifest::rewrite(&self.text, changes).map_err(read::wrong)?,
        };
        let after = manifest::parse(&text).map_err(read::wrong)?;
        let path = layout::MANIFEST.to_owned();
        let change = FileChange::Replace { path, before: Some(self.text.clone()), text: text.clone() };
        let changes: Vec<FileChange> = std::iter::once(change).chain(edit.files.iter().cloned()).collect();
        let (journal, applied) = apply::Journal::plan(&self.root, &changes)?;
        journal.run(&self.root, checkpoint)?;
        (self.text, self.manifest) = (text, after);
        Ok(applied)
    }

    fn no_environment(&self, wanted: &EnvName) -> ProjectError {
        let known = self.manifest.environments.keys().map(ToString::to_string).collect();
        ProjectError::NoEnvironment { wanted: wanted.to_string(), known }
    }
}

/// The lines for git that are missing, put at the end of what is there.
fn gitignore(root: &Path) -> Result<Option<FileChange>, ProjectError> {
    let path = layout::GITIGNORE.to_owned();
    let before = match disk::read(&root.join(layout::GITIGNORE))?.map(String::from_utf8) {
        // A file that is no text is left alone: nothing can be put after it.
        Some(Err(_)) => return Ok(None),
        Some(Ok(text)) => Some(text),
        None => None,
    };
    let ours = Renderer::default()
        .render("project/gitignore", &serde_json::json!({}))
        .map_err(|error| read::wrong(vec![Problem::new(error.code(), error.to_string())]))?;
    let there = before.as_deref().unwrap_or_default();
    let ignored = |line: &str| matches!(line.trim(), "/.ampup/" | ".ampup/" | ".ampup" | "/.ampup");
    if there.lines().any(ignored) {
        return Ok(None);
    }
    let gap = if there.is_empty() || there.ends_with("\n\n") {
        ""
    } else if there.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let text = format!("{there}{gap}{ours}");
    Ok(Some(FileChange::Replace { path, before, text }))
}
