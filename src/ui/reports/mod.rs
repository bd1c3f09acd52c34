//! The human face of each result.

mod access;
mod deploy;
mod local;
mod project;

pub(super) use local::log_line;
