//! Enhanced subscription filters: which results of mutations a subscriber gets.
//!
//! Groups are alternatives, the tests of a group must all hold. A field that the mutation did not select passes none.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

/// The most groups of a filter, and the most fields of a group; how many values `in` and `containsAny` take, how long a text
/// may be and how deep a field (AppSync guide, "Exceptions" of the extensions).
const GROUPS_LIMIT: usize = 10;
const FIELDS_LIMIT: usize = 5;
const IN_LIMIT: usize = 5;
const ANY_LIMIT: usize = 20;
const TEXT_LIMIT: usize = 256;
const DEPTH_LIMIT: usize = 5;

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cloud::appsync) struct Filter(Vec<Vec<Test>>);

/// One test of one field.
#[derive(Clone, Debug, PartialEq)]
struct Test {
    /// `author.name` in parts.
    path: Vec<String>,
    operator: Operator,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Eq,
    Ne,
    Le,
    Lt,
    Ge,
    Gt,
    Contains,
    NotContains,
    BeginsWith,
    Between,
    In,
    NotIn,
    ContainsAny,
}

impl Filter {
    /// Reads `{ filterGroup: [{ filters: [{ fieldName, operator, value }] }] }`.
    pub(in crate::cloud::appsync) fn read(given: &Value) -> Result<Self, String> {
        let groups = given.get("filterGroup").and_then(Value::as_array);
        let groups = groups.ok_or("a subscription filter has no list `filterGroup`")?;
        if groups.len() > GROUPS_LIMIT {
            return Err(format!("a subscription filter has more than {GROUPS_LIMIT} groups"));
        }
        let group = |group: &Value| -> Result<Vec<Test>, String> {
            let tests = group.get("filters").and_then(Value::as_array);
            let tests = tests.ok_or("a group of a subscription filter has no list `filters`")?;
            let tests: Vec<Test> = tests.iter().map(Test::read).collect::<Result<_, _>>()?;
            let fields: BTreeSet<&[String]> = tests.iter().map(|test| test.path.as_slice()).collect();
            if fields.len() > FIELDS_LIMIT {
                return Err(format!("a group of a subscription filter tests more than {FIELDS_LIMIT} fields"));
            }
            Ok(tests)
        };
        groups.iter().map(group).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a payload passes. A filter without groups passes nothing.
    pub(in crate::cloud::appsync) fn matches(&self, payload: &Value) -> bool {
        self.0.iter().any(|group| group.iter().all(|test| test.holds(payload)))
    }
}

impl Test {
    fn read(given: &Value) -> Result<Self, String> {
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let field = text("fieldName").ok_or("a subscription filter has no `fieldName`")?;
        let word = text("operator").unwrap_or_default();
        let operator =
            Operator::read(word).ok_or_else(|| format!("`{word}` is no operator of subscription filters"))?;
        let value = given.get("value").cloned().unwrap_or_default();
        let path: Vec<String> = field.split('.').map(str::to_owned).collect();
        if path.len() > DEPTH_LIMIT {
            return Err(format!(
                "the field `{field}` of a subscription filter is nested deeper than {DEPTH_LIMIT} levels"
            ));
        }
        operator.check(word, &value)?;
        Ok(Self { path, operator, value })
    }

    fn holds(&self, payload: &Value) -> bool {
        let found = self.path.iter().try_fold(payload, |value, part| value.get(part));
        let Some(found) = found else { return false };
        let value = &self.value;
        let listed = |one: &Value| value.as_array().is_some_and(|values| values.iter().any(|other| same(one, other)));
        let ordered = |wanted: &[Ordering]| order(found, value).is_some_and(|order| wanted.contains(&order));
        match self.operator {
            Operator::Eq => same(found, value),
            Operator::Ne => !same(found, value),
            Operator::Le => ordered(&[Ordering::Less, Ordering::Equal]),
            Operator::Lt => ordered(&[Ordering::Less]),
            Operator::Ge => ordered(&[Ordering::Greater, Ordering::Equal]),
            Operator::Gt => ordered(&[Ordering::Greater]),
            Operator::Contains => contains(found, value),
            Operator::NotContains => !found.is_null() && !contains(found, value),
            Operator::BeginsWith => {
                found.as_str().zip(value.as_str()).is_some_and(|(text, start)| text.starts_with(start))
            }
            Operator::Between => match value.as_array().map(Vec::as_slice) {
                Some([low, high]) => {
                    order(found, low).is_some_and(Ordering::is_ge) && order(found, high).is_some_and(Ordering::is_le)
                }
                _ => false,
            },
            Operator::In => listed(found),
            Operator::NotIn => !listed(found),
            Operator::ContainsAny => found.as_array().is_some_and(|items| items.iter().any(listed)),
        }
    }
}

impl Operator {
    /// Whether a value is of the kind that the operator compares with.
    fn check(self, word: &str, value: &Value) -> Result<(), String> {
        let plain = |one: &Value| one.is_string() || one.is_number();
        let list = |most: usize| {
            let values = value.as_array();
            let values =
                values.ok_or_else(|| format!("the operator `{word}` of a subscription filter takes a list"))?;
            if values.len() > most {
                return Err(format!("the operator `{word}` of a subscription filter takes at most {most} values"));
            }
            if !values.iter().all(plain) {
                return Err(format!("the operator `{word}` of a subscription filter takes numbers or texts"));
            }
            Ok(())
        };
        match self {
            Self::In | Self::NotIn => list(IN_LIMIT)?,
            Self::ContainsAny => list(ANY_LIMIT)?,
            Self::Between => {
                list(2)?;
                if value.as_array().is_none_or(|values| values.len() != 2) {
                    return Err("the operator `between` of a subscription filter takes two values".to_owned());
                }
            }
            _ if value.is_array() || value.is_object() => {
                return Err(format!("the operator `{word}` of a subscription filter takes one value"));
            }
            _ => {}
        }
        let long = |one: &Value| one.as_str().is_some_and(|text| text.chars().count() > TEXT_LIMIT);
        if long(value) || value.as_array().is_some_and(|values| values.iter().any(long)) {
            return Err(format!("a text of a subscription filter is longer than {TEXT_LIMIT} characters"));
        }
        Ok(())
    }

    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "le" => Self::Le,
            "lt" => Self::Lt,
            "ge" => Self::Ge,
            "gt" => Self::Gt,
            "contains" => Self::Contains,
            "notContains" => Self::NotContains,
            "beginsWith" => Self::BeginsWith,
            "between" => Self::Between,
            "in" => Self::In,
            "notIn" => Self::NotIn,
            "containsAny" => Self::ContainsAny,
            _ => return None,
        })
    }
}

/// Equal as GraphQL values: 1 and 1.0 are the same number.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right) == Ordering::Equal,
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => left.as_str().zip(right.as_str()).map(|(left, right)| left.cmp(right)),
    }
}

/// A part of a text, or a member of a list.
fn contains(found: &Value, value: &Value) -> bool {
    match found {
        Value::String(text) => value.as_str().is_some_and(|part| text.contains(part)),
        Value::Array(items) => items.iter().any(|item| same(item, value)),
        _ => false,
    }
}
