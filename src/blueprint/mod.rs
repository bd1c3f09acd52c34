//! The whole backend of a project, assembled and checked: one stack for each resource and a root that joins them.
//!
//! One blueprint serves every environment: environments differ by stack parameters alone.

pub mod client_config;
mod links;
mod overrides;
mod root;
pub mod stacks;

#[cfg(test)]
mod tests;

use indexmap::IndexMap;

use crate::base::ResourceName;
use crate::category::Sources;
use crate::cfn::Template;
use crate::error::Problem;
use crate::manifest::Manifest;
use crate::render::Renderer;

pub use crate::category::{ArtifactRequest, Synthesis};
pub use client_config::{ClientConfigRequest, client_config};
pub use stacks::{RenderPlan, render_plan};

/// A whole backend.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// The stack that holds the others.
    pub root: Template,
    /// Its text, for `ampup/stacks/root.yaml`.
    pub root_text: String,
    /// The stack of each resource, in an order in which each comes after those it needs.
    pub nested: IndexMap<ResourceName, Synthesis>,
}

/// Makes the backend of a project, or finds every problem in it.
pub fn assemble(manifest: &Manifest, sources: &Sources, render: &Renderer) -> Result<Blueprint, Vec<Problem>> {
    todo!()
}

impl Blueprint {
    /// The resources whose stacks take something of `name`'s: they cannot stay without it.
    pub fn dependents(&self, name: &ResourceName) -> Vec<&ResourceName> {
        let needs = |synthesis: &Synthesis| synthesis.needs.iter().any(|need| need.of == *name);
        self.nested.iter().filter(|(_, synthesis)| needs(synthesis)).map(|(name, _)| name).collect()
    }
}
