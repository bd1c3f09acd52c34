//! The human face of each result.

mod access;
mod deploy;
mod local;
mod logs;
mod project;
mod secret;
mod workflow;

pub(super) use local::log_line;
pub(super) use logs::event_lines;
