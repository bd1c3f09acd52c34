//! The filters of a path: `[?(@.price < 10 && @.isbn)]`.

mod compare;
mod parse;

use regex::Regex;
use serde_json::Value;

use super::Path;

pub(super) use parse::parse;

/// A test of one item.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Path),
    Compare(Operand, Operator, Operand),
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Path(Path),
    Literal(Value),
    Pattern(Regex),
}

/// How two sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    SameTypeEqual,
    SameTypeNotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    Contains,
    All,
    Size,
    Empty,
    SubsetOf,
    AnyOf,
    NoneOf,
}

/// The operators by their spelling, the longer before those they begin with.
const OPERATORS: &[(&str, Operator)] = &[
    ("===", Operator::SameTypeEqual),
    ("!==", Operator::SameTypeNotEqual),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=~", Operator::Matches),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("subsetof", Operator::SubsetOf),
    ("contains", Operator::Contains),
    ("noneof", Operator::NoneOf),
    ("anyof", Operator::AnyOf),
    ("empty", Operator::Empty),
    ("size", Operator::Size),
    ("nin", Operator::NotIn),
    ("all", Operator::All),
    ("in", Operator::In),
];

impl Filter {
    /// Whether it holds for `item`, with `top` as `$`.
    pub(super) fn holds(&self, item: &Value, top: &Value) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(item, top)),
            Self::All(parts) => parts.iter().all(|part| part.holds(item, top)),
            Self::Not(part) => !part.holds(item, top),
            Self::Exists(path) => compare::value(path, item, top).is_some(),
            Self::Compare(left, operator, right) => compare::holds(left, *operator, right, (item, top)),
        }
    }
}
