//! What a resource becomes: its stack, what it needs of others, what it offers them.

use indexmap::IndexMap;

use crate::base::{LogicalId, ResourceName};
use crate::cfn::Template;

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
