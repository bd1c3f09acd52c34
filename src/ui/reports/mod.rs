//! The human face of each result.

mod deploy;
mod local;
mod project;

pub(super) use local::log_line;
