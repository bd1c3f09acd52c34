//! The human face of each result.

mod access;
mod deploy;
mod local;
mod project;
mod secret;

pub(super) use local::log_line;
