//! GraphQL as data: schemas; parse, check, print.
//!
//! It wraps the parser crate, which nobody else sees; only the AppSync data plane uses it, through [`engine`],
//! because it executes queries. It knows AWS's scalars and nothing else of AWS.

pub mod check;
pub mod compact;
pub mod parse;
pub mod print;
pub mod scalars;
pub mod schema;
pub mod syntax;

#[cfg(test)]
mod tests;

/// The crate that checks and executes query documents.
pub use apollo_compiler as engine;

pub use check::{Fault, FaultKind, check, check_declarations, check_interfaces};
pub use compact::compact;
pub use parse::parse;
pub use print::print;
pub use schema::{
    Directive, Document, EnumValue, Extension, Field, InputValue, Literal, Named, Roots, Span, TypeDefinition,
    TypeKind, TypeRef, Value,
};
pub use syntax::SyntaxError;
