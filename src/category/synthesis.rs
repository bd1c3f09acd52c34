//! What a resource becomes: its stack, what it needs of others, what it offers them.

use indexmap::IndexMap;
use serde::Serialize;

use super::{Context, SettingProblem};
use crate::base::{LogicalId, ResourceName};
use crate::cfn::{self, Template};
use crate::error::{Code, Diagnose, Problem};
use crate::render::RenderError;

/// One resource's stack for all environments; environments differ by parameters alone.
#[derive(Clone, Debug)]
pub struct Synthesis {
    /// The stack.
    pub template: Template,
    /// Its text as rendered, comments and all: what is written to `ampup/stacks/`.
    pub text: String,
    /// Parameters of the stack that other stacks fill.
    pub needs: Vec<Need>,
    /// Outputs of the stack.
    pub offers: Vec<Offer>,
    /// Files that go with the stack, by path relative to `ampup/stacks/` (`blog/resolvers/Query.getPost.js`).
    /// The template names them by that path (`CodeS3Location: ./blog/resolvers/…`), as `aws cloudformation package` wants.
    pub files: IndexMap<String, String>,
    /// Folders to zip or sync at deployment.
    pub artifacts: Vec<ArtifactRequest>,
}

/// A parameter that a sibling's output fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The parameter in our template.
    pub parameter: LogicalId,
    /// The sibling.
    pub of: ResourceName,
    /// Its output.
    pub output: LogicalId,
}

/// An output, and what front ends call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The output in our template.
    pub output: LogicalId,
}

/// A folder that is packaged at deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactRequest {
    /// Folder relative to the project.
    pub folder: String,
    /// Parameter of the stack that takes the bucket of the package.
    pub bucket_parameter: LogicalId,
    /// Parameter of the stack that takes its key.
    pub key_parameter: LogicalId,
}

/// Refuses settings with wrong values. The manifest finds them first, with their lines; this is for other callers.
pub(super) fn refuse(name: &ResourceName, problems: &[SettingProblem]) -> Result<(), Vec<Problem>> {
    let problem = |problem: &SettingProblem| {
        let message = format!("`{}` of resource `{name}` is wrong: {}", problem.setting, problem.why);
        problem.hint.iter().fold(Problem::new(Code::AMP0103, message), Problem::hint)
    };
    if problems.is_empty() { Ok(()) } else { Err(problems.iter().map(problem).collect()) }
}

/// The stack that a template renders to, for a category that needs nothing of others: every output is offered.
pub(super) fn rendered(
    context: &Context<'_>,
    template: &str,
    values: &impl Serialize,
    files: IndexMap<String, String>,
) -> Result<Synthesis, Vec<Problem>> {
    let failed = |error: RenderError| vec![Problem::new(error.code(), error.to_string())];
    let text = context.render.render(template, values).map_err(failed)?;
    let stack = cfn::parse(&text, &format!("ampup/stacks/{}.yaml", context.name))?;
    let offers = stack.outputs.keys().map(|output| Offer { output: output.clone() }).collect();
    Ok(Synthesis { template: stack, text, needs: Vec::new(), offers, files, artifacts: Vec::new() })
}
