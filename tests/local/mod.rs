//! The embedded cloud over the wire: what it refuses, and what it keeps through a kill.

mod kills;
mod refusals;
