//! Whole stories, from an empty folder to an answer, through the real program and the wire.

mod blog;
mod functions;
mod large;
mod lifecycle;
mod machine;
mod triggers;
