//! The rules of Choice states.

use jiff::Timestamp;

use super::{Expression, Path, Payload, Span, Target, choice};

/// A rule of a Choice state: where to go when it holds.
#[derive(Clone, Debug)]
pub struct ChoiceRule {
    /// When it holds.
    pub condition: Condition,
    /// Where to go.
    pub next: Target,
    /// Variables that are set instead of the state's.
    pub assign: Option<Payload>,
    /// What is given instead of the state's output (JSONata).
    pub output: Option<Payload>,
    /// What the definition says of it.
    pub comment: Option<String>,
    /// Its bytes in the definition.
    pub span: Span,
}

/// When a rule holds.
#[derive(Clone, Debug)]
pub enum Condition {
    /// JSONPath: a comparison, or several, as written and ready to be evaluated.
    Test(Box<(Test, choice::Condition)>),
    /// JSONata: an expression that gives true or false.
    Expression(Expression),
    /// JSONata: always or never.
    Constant(bool),
}

/// A comparison, or several.
#[derive(Clone, Debug)]
pub enum Test {
    /// All of them hold (`And`).
    All(Vec<Test>),
    /// One of them holds (`Or`).
    Any(Vec<Test>),
    /// It does not hold (`Not`).
    Not(Box<Test>),
    /// A value of the input is compared.
    Compare {
        /// Where it is (`Variable`).
        variable: Path,
        /// With what.
        comparison: Comparison,
    },
}

/// What a value is compared with.
#[derive(Clone, Debug)]
pub enum Comparison {
    /// `StringEquals` and its kin.
    String(Order, Operand<String>),
    /// `NumericEquals` and its kin.
    Numeric(Order, Operand<serde_json::Number>),
    /// `TimestampEquals` and its kin.
    Timestamp(Order, Operand<Timestamp>),
    /// `BooleanEquals`.
    Boolean(Operand<bool>),
    /// `StringMatches`: `*` stands for any characters, `\*` for an asterisk, `\\` for a backslash.
    Matches(String),
    /// `IsNull` and its kin.
    Is(Kind, bool),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// They are equal.
    Equals,
    /// The variable is less.
    LessThan,
    /// The variable is greater.
    GreaterThan,
    /// The variable is not greater.
    LessThanEquals,
    /// The variable is not less.
    GreaterThanEquals,
}

/// The other value of a comparison.
#[derive(Clone, Debug)]
pub enum Operand<T> {
    /// Written in the definition.
    Value(T),
    /// In the input as well (`StringEqualsPath` and its kin).
    Path(Path),
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// It is there at all.
    Present,
    /// A number.
    Numeric,
    /// A text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A text that is a point in time.
    Timestamp,
}
