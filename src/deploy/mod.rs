//! The project in a cloud: package, upload, preview, execute, watch, explain failures, publish.
//!
//! It speaks the AWS wire to whatever [`Connection`] leads to, and does not know that one of those clouds is ours.

pub mod artifacts;
mod artifacts_s3;
pub mod bootstrap;
mod changes;
pub mod connection;
mod deployer;
pub mod error;
mod failure;
mod function_code;
pub mod logs;
mod moves;
pub mod package;
pub mod parameters;
mod prepared;
pub mod publish;
mod schemas;
mod sdk_error;
pub mod secrets;
mod signed;
pub mod stacks;
mod stacks_sdk;
mod watch;
pub mod wire;

#[cfg(test)]
mod tests;

pub use artifacts::{ObjectStore, sha256 as content_hash};
pub use artifacts_s3::S3Objects;
pub use connection::{ConnectRequest, Connection, Identity};
pub use deployer::{Deployer, Deployment};
pub use error::{DeployError, FirstCause};
pub use function_code::function_archive;
pub use logs::{LogApi, LogEvent, LogPage, LogQuery};
pub use package::{Bundle, Packaged};
pub use prepared::{Deployed, Prepared, PushKind};
pub use schemas::too_large;
pub use secrets::{KeptSecret, WireSecrets};
pub use stacks::{StackApi, StackResource, StackState};
pub use stacks_sdk::SdkStacks;
pub use watch::Pace;
