//! Outputs of a deployed stack become the file that front ends are configured with.

use indexmap::IndexMap;

use crate::base::{Endpoint, LogicalId, Target};
use crate::category::Sources;
use crate::error::Problem;
use crate::manifest::Manifest;

/// What the file is made of.
#[derive(Clone, Copy, Debug)]
pub struct ClientConfigRequest<'a> {
    /// The project.
    pub manifest: &'a Manifest,
    /// The user's files; schemas become the model introspection.
    pub sources: &'a Sources,
    /// Where the stack is deployed.
    pub target: &'a Target,
    /// Where the embedded cloud listens, for [`Target::Local`].
    pub local: Option<&'a Endpoint>,
    /// The outputs of the root stack.
    pub outputs: &'a IndexMap<LogicalId, String>,
}

/// The text of `amplify_outputs.json`.
pub fn client_config(request: &ClientConfigRequest<'_>) -> Result<String, Vec<Problem>> {
    todo!("{request:?}")
}
