//! The project on disk: find it, read it, change it, remember what is local to this computer.
//!
//! It knows nothing of stacks or clouds: what is rendered is handed in as an [`Edit`].

mod apply;
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
use crate::manifest::{Edit, Environment, Manifest};

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
        todo!("{start:?}")
    }

    /// Makes a project: the manifest, the folder for the user's files, the lines for git.
    pub fn create(root: &Path, manifest: &Manifest) -> Result<(Self, Applied), ProjectError> {
        todo!("{root:?} {manifest:?}")
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
        todo!("{wanted:?}")
    }

    /// Makes an environment the one in use on this computer.
    pub fn use_environment(&self, name: &EnvName) -> Result<(), ProjectError> {
        todo!("{name:?}")
    }

    /// The user's files: schemas, resolvers, overrides.
    pub fn sources(&self) -> Result<Sources, ProjectError> {
        todo!()
    }

    /// The renderer, with the user's ejected templates.
    pub fn renderer(&self) -> Result<Renderer, ProjectError> {
        todo!()
    }

    /// The rendered files below `ampup/stacks/`, by path relative to that folder.
    pub fn stacks(&self) -> Result<std::collections::BTreeMap<String, String>, ProjectError> {
        todo!()
    }

    /// Applies a change wholly or not at all; a kill at any moment leaves the project before or after it.
    pub fn apply(&mut self, edit: &Edit) -> Result<Applied, ProjectError> {
        todo!("{edit:?}")
    }

    /// The address of the embedded cloud that a running `ampup dev` of this project wrote down.
    pub fn cloud_address(&self) -> Result<Option<String>, ProjectError> {
        todo!()
    }

    /// Writes the address of the running embedded cloud down, or takes it away.
    pub fn set_cloud_address(&self, address: Option<&str>) -> Result<(), ProjectError> {
        todo!("{address:?}")
    }

    /// The folder of the embedded cloud's state; made when it is not there.
    pub fn cloud_folder(&self) -> Result<PathBuf, ProjectError> {
        todo!()
    }

    /// A new log file `.ampup/logs/<name>.log`, open for writing; the oldest go when there are more than 20.
    pub fn new_log(&self, name: &str) -> Result<(PathBuf, std::fs::File), ProjectError> {
        todo!("{name}")
    }
}
