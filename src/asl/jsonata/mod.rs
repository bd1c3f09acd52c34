//! JSONata as Step Functions speaks it: expressions in `{% %}`, `$states`, variables, and functions of its own.
//!
//! Source: "Transforming data with JSONata in Step Functions" in the developer guide. The language is JSONata 2.0.6
//! without `$eval`, with `$partition`, `$range`, `$hash`, `$random`, `$uuid` and `$parse`. Nothing stands at the top
//! level: a path begins with `$states` or a variable. One value is bounded in size, an evaluation in depth and time.

mod bounds;
mod evaluate;
mod expression;
mod functions;
mod messages;
mod plain;
mod template;
mod values;
mod walk;

#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;

pub use evaluate::{Bindings, Kind, Session};
pub use expression::{Expression, Survey, inside};
pub use template::{Template, TemplateError};
