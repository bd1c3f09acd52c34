//! The rules of a Choice state in the JSONPath language: `{"Variable": "$.n", "NumericGreaterThan": 3}`.
//!
//! A value of another type than the operator's makes a test false. A variable that is not there is a failure, except
//! under `IsPresent`.

mod compile;
mod operators;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

use super::fault::Fault;
use super::path::Path;
use super::scope::Scope;

pub use operators::Operator;

/// When a rule matches.
#[derive(Clone, Debug)]
pub enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// One of them.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// One comparison.
    Test {
        /// The value under test.
        variable: Path,
        /// How it is tested.
        operator: Operator,
        /// What it is tested against.
        operand: Operand,
    },
}

/// What a variable is compared with.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A value that stands in the rule.
    Literal(Value),
    /// The value at a path.
    Path(Path),
}

impl Condition {
    /// Whether the condition holds.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, Fault> {
        match self {
            Self::And(parts) => {
                for part in parts {
                    if !part.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(part) => Ok(!part.holds(scope)?),
            Self::Test { variable, operator, operand } => test(variable, *operator, operand, scope),
        }
    }

    /// Every path of the condition.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::paths).collect(),
            Self::Not(part) => part.paths(),
            Self::Test { variable, operand: Operand::Path(path), .. } => vec![variable, path],
            Self::Test { variable, .. } => vec![variable],
        }
    }
}

fn test(variable: &Path, operator: Operator, operand: &Operand, scope: &Scope<'_>) -> Result<bool, Fault> {
    let value = variable.evaluate(scope);
    if operator == Operator::IsPresent {
        let wanted = !matches!(operand, Operand::Literal(Value::Bool(false)));
        return Ok(value.is_ok() == wanted);
    }
    let value = value.map_err(|_| invalid(variable))?;
    let (operand, written) = match operand {
        Operand::Literal(value) => (Cow::Borrowed(value), true),
        Operand::Path(path) => (path.evaluate(scope).map_err(|_| invalid(path))?, false),
    };
    Ok(operator.holds(&value, &operand, written))
}

fn invalid(path: &Path) -> Fault {
    Fault::runtime(format!("Invalid path '{path}': The choice state's condition path references an invalid value."))
}

/// The failure of a Choice state none of whose rules matches and that has no default.
pub fn no_match() -> Fault {
    Fault::runtime("Failed to transition out of the state. The state does not point to a next state.")
}
