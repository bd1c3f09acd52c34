//! What a field of a state may hold besides plain values: paths, intrinsic functions, expressions, templates.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// One whose syntax was checked.
            pub(in crate::asl) fn new(text: &str) -> Self {
                Self(Arc::from(text))
            }

            /// As it was written.
            pub fn text(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

text_type! {
    /// A path of JSONPath: `$.order`, `$$.Execution.Id`, `$variable.part`.
    Path
}
text_type! {
    /// A path that names one place, so that it can be written to: `$.result.items[0]`.
    ReferencePath
}
text_type! {
    /// A call of an intrinsic function: `States.Format('{}', $.name)`.
    Intrinsic
}
text_type! {
    /// An expression of JSONata, without the `{%` and `%}` around it and the blanks inside them.
    Expression
}

/// A value of the definition in which something is to be filled in: keys that end in `.$` in JSONPath, texts in
/// `{% %}` in JSONata.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(pub Arc<Value>);

/// A setting that is written down, or that is found when the state runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Dynamic<T> {
    /// Written in the definition.
    Literal(T),
    /// Read from the input (JSONPath: `SecondsPath` and its kin).
    Path(Path),
    /// Computed (JSONPath: `ErrorPath`, `CausePath`).
    Intrinsic(Intrinsic),
    /// Computed (JSONata).
    Expression(Expression),
}
