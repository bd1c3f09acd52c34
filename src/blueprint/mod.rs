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

use crate::base::{LogicalId, ResourceName};
use crate::category::{Context, Sources};
use crate::cfn::{self, Template};
use crate::error::Problem;
use crate::manifest::Manifest;
use crate::render::Renderer;

pub use crate::category::{ArtifactRequest, Synthesis};
pub use client_config::{ClientConfigRequest, client_config};
pub use stacks::{RenderPlan, StackFile, render_plan};

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
///
/// # Errors
/// The problems of all resources, of the overrides, of the links between stacks, and of the finished templates.
pub fn assemble(manifest: &Manifest, sources: &Sources, render: &Renderer) -> Result<Blueprint, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut stacks = IndexMap::new();
    for (name, spec) in &manifest.resources {
        let context = Context { name, sources, siblings: &manifest.resources, render };
        match spec.synthesize(&context).and_then(|stack| overrides::apply(name, stack, sources)) {
            Ok(stack) => {
                problems.extend(stack.templates().flat_map(cfn::check));
                stacks.insert(name.clone(), stack);
            }
            Err(found) => problems.extend(found),
        }
    }
    problems.splice(0..0, overrides::strays(manifest, &stacks, sources));
    // A link to a stack that could not be made is not missing, so links are only looked at when all were made.
    if !problems.is_empty() {
        return Err(problems);
    }
    let nested = links::order(stacks)?;
    let (root, root_text) = root::stack(manifest, &nested, sources, render)?;
    // A project may have nothing yet, or nothing any more; only a push asks for more.
    let problems = if nested.is_empty() { Vec::new() } else { cfn::check(&root) };
    if problems.is_empty() { Ok(Blueprint { root, root_text, nested }) } else { Err(problems) }
}

impl Blueprint {
    /// The resources whose stacks take something of `name`'s: they cannot stay without it.
    pub fn dependents(&self, name: &ResourceName) -> Vec<&ResourceName> {
        let needs = |synthesis: &Synthesis| synthesis.needs.iter().any(|need| need.of == *name);
        self.nested.iter().filter(|(_, synthesis)| needs(synthesis)).map(|(name, _)| name).collect()
    }

    /// The files of `ampup/stacks/` by their path below it, as they are written: each with its first line.
    pub fn files(&self) -> IndexMap<String, String> {
        stacks::files(self)
    }

    /// How many cloud resources the stacks hold, nested stacks not counted.
    pub fn resource_count(&self) -> usize {
        let templates = self.nested.values().flat_map(Synthesis::templates);
        let resources = templates.flat_map(|template| template.resources.values());
        resources.filter(|resource| resource.kind.as_str() != "AWS::CloudFormation::Stack").count()
    }

    /// How many stacks there are, the root counted.
    pub fn stack_count(&self) -> usize {
        1 + self.nested.values().map(|stack| stack.templates().count()).sum::<usize>()
    }
}

/// What the root stack calls an output of a resource's stack: `AuthUserPoolId`.
pub fn root_output(resource: &ResourceName, output: &str) -> Option<LogicalId> {
    LogicalId::new(format!("{}{output}", resource.logical())).ok()
}
