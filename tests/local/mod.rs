//! The embedded cloud over the wire: what it refuses, what it keeps through a kill, and the functions that it runs.

mod building;
mod functions;
mod kills;
mod outside;
mod refusals;
mod secrets;
mod triggers;
mod uploads;
