//! The embedded cloud over the wire: what it refuses, what it keeps through a kill, and the functions that it runs.

mod functions;
mod kills;
mod refusals;
mod secrets;
mod triggers;
mod uploads;
