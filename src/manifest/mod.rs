//! The project as data: its name, its environments, its resources and their settings.
//!
//! Text in, [`Manifest`] out, and back by edits that keep the user's comments. No file is touched here.

pub mod edit;
pub mod rewrite;
pub mod text;

#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::{EnvName, ProjectName, ResourceName, StackName, Target};
use crate::category::ResourceSpec;

pub use edit::{Edit, Existing, FileChange, ManifestChange};
pub use rewrite::{fresh, rewrite};
pub use text::parse;

/// Name of the manifest file.
pub const FILE: &str = "ampup.toml";
/// The folder of the rendered stacks.
pub const STACKS: &str = "ampup/stacks";
/// The folder of the user's patches of rendered stacks.
pub const OVERRIDES: &str = "ampup/overrides";

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the manifest's format.
    pub version: ManifestVersion,
    /// The project's name.
    pub name: ProjectName,
    /// Where the front end finds what is deployed.
    #[serde(default, skip_serializing_if = "OutputsSettings::is_default")]
    pub outputs: OutputsSettings,
    /// The environments, in the order of the file; the first is the default.
    #[serde(default)]
    pub environments: IndexMap<EnvName, Target>,
    /// The resources, in the order of the file.
    #[serde(default)]
    pub resources: IndexMap<ResourceName, ResourceSpec>,
}

/// The version of the manifest's format. There is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub enum ManifestVersion {
    /// `version = 1`.
    #[default]
    One,
}

/// A version that this program does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the manifest is of version {0}, and this ampup reads version 1")]
pub struct UnknownVersion(pub i64);

impl TryFrom<i64> for ManifestVersion {
    type Error = UnknownVersion;
    fn try_from(number: i64) -> Result<Self, UnknownVersion> {
        if number == 1 { Ok(Self::One) } else { Err(UnknownVersion(number)) }
    }
}

impl From<ManifestVersion> for i64 {
    fn from(version: ManifestVersion) -> i64 {
        match version {
            ManifestVersion::One => 1,
        }
    }
}

/// Where the front end finds what is deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputsSettings {
    /// The file that is written after each deployment, relative to the project.
    pub path: String,
}

impl Default for OutputsSettings {
    fn default() -> Self {
        Self { path: "amplify_outputs.json".to_owned() }
    }
}

impl OutputsSettings {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One environment of a project: its name and where it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// Its name.
    pub name: EnvName,
    /// Where it lives.
    pub target: Target,
}

impl Manifest {
    /// A project without resources.
    pub fn new(name: ProjectName, environment: EnvName, target: Target) -> Self {
        Self {
            version: ManifestVersion::One,
            name,
            outputs: OutputsSettings::default(),
            environments: IndexMap::from([(environment, target)]),
            resources: IndexMap::new(),
        }
    }

    /// The name of the root stack of an environment: `my-app-dev`.
    ///
    /// # Panics
    /// Never: the longest project and environment names fit a stack name.
    pub fn stack_name(&self, environment: &EnvName) -> StackName {
        StackName::new(format!("{}-{environment}", self.name))
            .expect("a project and an environment name fit a stack name")
    }
}
