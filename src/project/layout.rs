//! Every path in a project, by name. The only place with path strings.
//!
//! Paths are relative to the project, with `/` between the parts.

pub use crate::manifest::{FILE as MANIFEST, OVERRIDES, STACKS};

/// The folder of everything that is checked in.
pub const AMPUP: &str = "ampup";
/// Schemas and resolvers of the APIs.
pub const API: &str = "ampup/api";
/// The code of functions, a folder for each.
pub const FUNCTION: &str = "ampup/function";
/// The user's ejected templates.
pub const TEMPLATES: &str = "ampup/templates";
/// What git is told to ignore.
pub const GITIGNORE: &str = ".gitignore";

/// The lock of a command that changes the project.
pub(super) const LOCK: &str = ".ampup/lock";
/// A change that is being made.
pub(super) const JOURNAL: &str = ".ampup/journal.json";
/// What this computer remembers.
pub(super) const STATE: &str = ".ampup/local.toml";
/// The state of the embedded cloud.
pub(super) const CLOUD: &str = ".ampup/cloud";
/// The address of the running embedded cloud.
pub(super) const CLOUD_ADDRESS: &str = ".ampup/cloud/address";
/// What builds left, and what was found good already.
pub(super) const BUILD: &str = ".ampup/build";
/// Logs.
pub(super) const LOGS: &str = ".ampup/logs";
