//! S3 and CloudFront: where the front end lives.

use serde::{Deserialize, Serialize};

use super::{Context, SourceFile, Synthesis};
use crate::base::ResourceName;
use crate::error::{Code, Problem};
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
    /// The site that the resource starts with, when a sample is wanted.
    pub fn scaffold(&self, name: &ResourceName, render: &Renderer) -> Result<Vec<SourceFile>, Vec<Problem>> {
        let _ = render;
        Err(vec![Problem::new(Code::AMP0311, format!("{name} is not built"))])
    }

    /// The stack.
    pub fn synthesize(&self, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
        Err(vec![Problem::new(Code::AMP0311, format!("{} is not built", context.name))])
    }
}
