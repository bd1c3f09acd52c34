//! S3 and CloudFront: where the front end lives.

mod stack;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Context, SettingProblem, SourceFile, Synthesis, inside};
use crate::base::ResourceName;
use crate::error::Problem;
use crate::render::Renderer;

/// Settings of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HostingSpec {
    /// The folder with the built site, relative to the project.
    #[serde(default = "source")]
    pub source: String,
    /// The command that builds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// A single-page application: every path that is no file is answered with the entry page.
    #[serde(default = "yes")]
    pub spa: bool,
    /// Also write a small site to begin with; only used by `scaffold`, never stored.
    #[serde(skip)]
    pub sample: bool,
}

fn source() -> String {
    "site".to_owned()
}

fn yes() -> bool {
    true
}

impl Default for HostingSpec {
    fn default() -> Self {
        Self { source: source(), build: None, spa: true, sample: false }
    }
}

impl HostingSpec {
    /// Values that their types cannot refuse.
    pub fn check(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        if !inside(&self.source) {
            let why = "it must be the path of a folder inside the project, with `/` between its parts";
            problems.push(SettingProblem::new("source", why).hint("`source = \"dist\"` is one"));
        }
        if self.build.as_ref().is_some_and(|build| build.trim().is_empty() || build.contains(char::is_control)) {
            let why = "it must be a command on one line";
            problems.push(SettingProblem::new("build", why).hint("`build = \"npm run build\"`, or remove the line"));
        }
        problems
    }

    /// The site that the resource starts with, when a sample is wanted.
    pub fn scaffold(&self, name: &ResourceName, render: &Renderer) -> Result<Vec<SourceFile>, Vec<Problem>> {
        if self.sample { stack::sample(self, name, render) } else { Ok(Vec::new()) }
    }

    /// The stack.
    pub fn synthesize(&self, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
        stack::synthesize(self, context)
    }
}
