//! `@validate` as JavaScript: for each field the tests that end the request when a value does not pass.

use serde::Serialize;

use super::script::{member, text};
use crate::category::api::plan::{Model, Validation, ValidationKind};

/// The tests of one field.
#[derive(Debug, Serialize)]
pub(super) struct FieldCheck {
    /// JavaScript for the value.
    value: String,
    tests: Vec<Test>,
}

#[derive(Debug, Serialize)]
struct Test {
    /// JavaScript that holds when the value does not pass.
    broken: String,
    message: String,
}

/// The tests of a model's fields, on members of `values`.
pub(super) fn checks(model: &Model) -> Vec<FieldCheck> {
    let check = |(field, validations): (&String, &Vec<Validation>)| {
        let value = member("values", field);
        let tests = validations
            .iter()
            .map(|validation| Test { broken: broken(&value, validation), message: validation.message.clone() });
        FieldCheck { tests: tests.collect(), value }
    };
    model.validations.iter().map(check).collect()
}

fn broken(value: &str, validation: &Validation) -> String {
    let given = &validation.value;
    match validation.kind {
        ValidationKind::GreaterThan => format!("{value} <= {given}"),
        ValidationKind::GreaterOrEqual => format!("{value} < {given}"),
        ValidationKind::LessThan => format!("{value} >= {given}"),
        ValidationKind::LessOrEqual => format!("{value} > {given}"),
        ValidationKind::MinLength => format!("{value}.length < {given}"),
        ValidationKind::MaxLength => format!("{value}.length > {given}"),
        ValidationKind::StartsWith => format!("!{value}.startsWith({})", text(given)),
        ValidationKind::EndsWith => format!("!{value}.endsWith({})", text(given)),
        ValidationKind::Matches => format!("!util.matches({}, {value})", text(given)),
    }
}
