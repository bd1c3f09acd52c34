//! APPSYNC_JS: checks resolver code and runs it in sandboxes.
//!
//! Not here: data sources, and what a resolver's handlers are called with; the code never reaches outside.

mod looks;
pub(in crate::cloud::appsync) mod runtime;
mod sandbox;
mod scan;
pub(in crate::cloud::appsync) mod source;
mod through;
pub(in crate::cloud::appsync) mod util;

#[cfg(test)]
mod rds_tests;
#[cfg(test)]
mod tests;

pub(in crate::cloud::appsync) use looks::Looks;
pub(in crate::cloud::appsync) use runtime::SandboxPool;
pub(in crate::cloud::appsync) use sandbox::{Outcome, Problem, Sandbox, SandboxError};
pub(in crate::cloud::appsync) use source::{CodeError, Program};
