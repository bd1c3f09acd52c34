//! From the comparison of a rule, as it was read, to one that can be evaluated many times.

use serde_json::Value;

use super::super::choice_rule::{self, Comparison, Kind, Test};
use super::super::cursor::SyntaxError;
use super::super::path::Path;
use super::operators::Operator;
use super::{Condition, Operand};

impl Condition {
    /// Makes a condition of a test of a rule.
    pub fn compile(test: &Test) -> Result<Self, SyntaxError> {
        let all = |tests: &[Test]| tests.iter().map(Self::compile).collect::<Result<Vec<_>, _>>();
        Ok(match test {
            Test::All(tests) => Self::And(all(tests)?),
            Test::Any(tests) => Self::Or(all(tests)?),
            Test::Not(test) => Self::Not(Box::new(Self::compile(test)?)),
            Test::Compare { variable, comparison } => {
                let (operator, operand) = comparison_of(comparison)?;
                Self::Test { variable: Path::parse(variable.text())?, operator, operand }
            }
        })
    }
}

fn comparison_of(comparison: &Comparison) -> Result<(Operator, Operand), SyntaxError> {
    Ok(match comparison {
        Comparison::String(order, other) => {
            (Operator::Text(*order), operand(other, |text| Value::from(text.as_str()))?)
        }
        Comparison::Numeric(order, other) => {
            (Operator::Numeric(*order), operand(other, |number| Value::Number(number.clone()))?)
        }
        Comparison::Timestamp(order, other) => {
            (Operator::Timestamp(*order), operand(other, |point| Value::from(point.to_string()))?)
        }
        Comparison::Boolean(other) => (Operator::BooleanEquals, operand(other, |flag| Value::Bool(*flag))?),
        Comparison::Matches(pattern) => (Operator::StringMatches, Operand::Literal(Value::from(pattern.as_str()))),
        Comparison::Is(kind, wanted) => (is(*kind), Operand::Literal(Value::Bool(*wanted))),
    })
}

fn is(kind: Kind) -> Operator {
    match kind {
        Kind::Null => Operator::IsNull,
        Kind::Present => Operator::IsPresent,
        Kind::Numeric => Operator::IsNumeric,
        Kind::String => Operator::IsString,
        Kind::Boolean => Operator::IsBoolean,
        Kind::Timestamp => Operator::IsTimestamp,
    }
}

fn operand<T>(other: &choice_rule::Operand<T>, value: impl Fn(&T) -> Value) -> Result<Operand, SyntaxError> {
    Ok(match other {
        choice_rule::Operand::Value(written) => Operand::Literal(value(written)),
        choice_rule::Operand::Path(path) => Operand::Path(Path::parse(path.text())?),
    })
}
