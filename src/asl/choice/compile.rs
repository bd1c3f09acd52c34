//! From the JSON of a rule to a condition.

use std::fmt;

use serde_json::{Map, Value};

use super::super::path::Path;
use super::operators::{OPERATORS, Operator};
use super::{Condition, Operand};

/// How deep And, Or and Not may nest.
const MAX_DEPTH: usize = 64;

/// A rule that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// Where in the rule, as a JSON pointer: `/And/0/Variable`.
    pub pointer: String,
    /// Why, in lower case, without a full stop.
    pub reason: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.pointer, self.reason)
    }
}

impl std::error::Error for RuleError {}

/// The fields of a rule that are no test.
const OTHERS: &[&str] = &["Variable", "Next", "Comment", "Assign", "Output"];

impl Condition {
    /// Reads a rule: one operator with its variable, or one of And, Or, Not.
    pub fn compile(rule: &Value) -> Result<Self, RuleError> {
        compile(rule, "", 0)
    }
}

fn wrong(pointer: &str, reason: impl Into<String>) -> RuleError {
    RuleError { pointer: pointer.to_owned(), reason: reason.into() }
}

fn compile(rule: &Value, pointer: &str, depth: usize) -> Result<Condition, RuleError> {
    if depth > MAX_DEPTH {
        return Err(wrong(pointer, "conditions nest too deep"));
    }
    let fields = rule.as_object().ok_or_else(|| wrong(pointer, "a condition is an object"))?;
    let list = |name: &str| {
        let pointer = format!("{pointer}/{name}");
        let items = fields[name].as_array().ok_or_else(|| wrong(&pointer, "expected a list of conditions"))?;
        let compiled = items.iter().enumerate().map(|(index, item)| compile(item, &format!("{pointer}/{index}"), depth + 1));
        compiled.collect::<Result<Vec<_>, _>>()
    };
    if fields.contains_key("And") {
        return list("And").map(Condition::And);
    }
    if fields.contains_key("Or") {
        return list("Or").map(Condition::Or);
    }
    if let Some(inner) = fields.get("Not") {
        return Ok(Condition::Not(Box::new(compile(inner, &format!("{pointer}/Not"), depth + 1)?)));
    }
    comparison(fields, pointer)
}

fn comparison(fields: &Map<String, Value>, pointer: &str) -> Result<Condition, RuleError> {
    let variable = path(fields.get("Variable"), &format!("{pointer}/Variable"))?;
    let mut tests = fields.iter().filter(|(name, _)| !OTHERS.contains(&name.as_str()));
    let (Some((name, operand)), None) = (tests.next(), tests.next()) else {
        return Err(wrong(pointer, "a condition has exactly one operator"));
    };
    let pointer = format!("{pointer}/{name}");
    let (plain, by_path) = name.strip_suffix("Path").map_or((name.as_str(), false), |plain| (plain, true));
    let Some((_, operator)) = OPERATORS.iter().find(|(known, _)| *known == plain) else {
        return Err(wrong(&pointer, format!("there is no operator `{name}`")));
    };
    if by_path {
        if !operator.takes_path() {
            return Err(wrong(&pointer, format!("there is no operator `{name}`")));
        }
        let operand = Operand::Path(path(Some(operand), &pointer)?);
        return Ok(Condition::Test { variable, operator: *operator, operand });
    }
    if !operator.accepts(operand) {
        return Err(wrong(&pointer, format!("expected {}", operator.wants())));
    }
    Ok(Condition::Test { variable, operator: *operator, operand: Operand::Literal(operand.clone()) })
}

fn path(value: Option<&Value>, pointer: &str) -> Result<Path, RuleError> {
    let text = value.and_then(Value::as_str).ok_or_else(|| wrong(pointer, "expected a path"))?;
    Path::parse(text).map_err(|error| wrong(pointer, error.to_string()))
}

/// Of one operator: whether it may stand with `Path`, what it wants, whether a value is that.
impl Operator {
    fn takes_path(self) -> bool {
        !matches!(
            self,
            Self::StringMatches
                | Self::IsNull
                | Self::IsPresent
                | Self::IsNumeric
                | Self::IsString
                | Self::IsBoolean
                | Self::IsTimestamp
        )
    }

    fn wants(self) -> &'static str {
        match self {
            Self::Text(_) | Self::StringMatches => "a text",
            Self::Numeric(_) => "a number",
            Self::Timestamp(_) => "a point in time like `2026-03-14T01:59:00Z`",
            _ => "true or false",
        }
    }

    fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text(_) | Self::StringMatches => value.is_string(),
            Self::Numeric(_) => value.is_number(),
            Self::Timestamp(_) => value.as_str().is_some_and(|text| super::super::timestamp::parse(text).is_some()),
            _ => value.is_boolean(),
        }
    }
}
