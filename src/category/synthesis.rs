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
    /// Further stacks that this one holds, by path below `ampup/stacks/` and without `.yaml` (`blog/models-2`).
    pub parts: IndexMap<String, Part>,
    /// Files beside the user's in which is remembered what must not change.
    pub kept: Vec<Kept>,
    /// Parameters of the stack that other stacks fill.
    pub needs: Vec<Need>,
    /// Outputs of the stack.
    pub offers: Vec<Offer>,
    /// Files that go with the stack, by path relative to `ampup/stacks/` (`blog/resolvers/Query.getPost.js`).
    /// The template names them by that path (`CodeS3Location: ./blog/resolvers/…`), as `aws cloudformation package` wants.
    pub files: IndexMap<String, String>,
    /// Folders to zip at deployment.
    pub artifacts: Vec<ArtifactRequest>,
}

impl Synthesis {
    /// The templates of all stacks, the resource's own first.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.template).chain(self.parts.values().map(|part| &part.template))
    }
}

/// A further stack of a resource. The resource's own stack names it by its path and fills its parameters.
#[derive(Clone, Debug)]
pub struct Part {
    /// The stack.
    pub template: Template,
    /// Its text as rendered.
    pub text: String,
}

/// A file that is written together with the stacks and read when they are rendered again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Path relative to the project, with `/` between the parts.
    pub path: String,
    /// What it holds now.
    pub before: Option<String>,
    /// What it should hold.
    pub text: String,
    /// What git is told of it, in a `.gitattributes` beside it that is made together with the file.
    pub attributes: &'static str,
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

/// A folder of the user's that is packaged at deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactRequest {
    /// Folder relative to the project.
    pub folder: String,
    /// The same as the template names it: relative to `ampup/stacks/`.
    pub path: String,
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
    let Part { template, text } = part(context, template, context.name.as_str(), values)?;
    let offers = template.outputs.keys().map(|output| Offer { output: output.clone() }).collect();
    let (parts, kept, needs, artifacts) = (IndexMap::new(), Vec::new(), Vec::new(), Vec::new());
    Ok(Synthesis { template, text, parts, kept, needs, offers, files, artifacts })
}

/// One stack that a template renders to. `path` is where it will stand, below `ampup/stacks/` and without `.yaml`.
pub(super) fn part(
    context: &Context<'_>,
    template: &str,
    path: &str,
    values: &impl Serialize,
) -> Result<Part, Vec<Problem>> {
    let failed = |error: RenderError| vec![Problem::new(error.code(), error.to_string())];
    let text = context.render.render(template, values).map_err(failed)?;
    let template = cfn::parse(&text, &format!("ampup/stacks/{path}.yaml"))?;
    Ok(Part { template, text })
}
