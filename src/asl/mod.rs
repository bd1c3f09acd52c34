//! Amazon States Language as plain data: what a state machine says, and what its expressions yield.
//!
//! Values in, values out. Nothing here reads a clock, a file or a network; random bytes come from whoever asks.

pub mod choice;
pub mod cursor;
pub mod fault;
pub mod intrinsic;
pub mod path;
pub mod scope;
pub mod template;
pub mod timestamp;

pub use cursor::SyntaxError;
pub use fault::Fault;
pub use intrinsic::Intrinsic;
pub use path::Path;
pub use scope::{Scope, Variables};
