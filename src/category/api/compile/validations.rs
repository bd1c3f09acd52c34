//! `@validate`: what is asked of the values that are written to a field, and what is wrong with asking it.

use indexmap::IndexMap;

use super::draft::Draft;
use super::report::Report;
use crate::category::api::plan::{Validation, ValidationKind};
use crate::error::Code;
use crate::graphql::{Directive, Field, Literal};

/// Reads the validations of a model.
pub(super) fn read(draft: &Draft<'_>, report: &mut Report<'_>) -> IndexMap<String, Vec<Validation>> {
    let mut validations: IndexMap<String, Vec<Validation>> = IndexMap::new();
    for field in draft.fields.values() {
        for (place, directive) in field.directives.iter().enumerate().filter(|(_, own)| own.name == "validate") {
            match validation(draft.name(), field, place) {
                Ok(Some(validation)) => validations.entry(field.name.clone()).or_default().push(validation),
                Ok(None) => {}
                Err(message) => report.add(Code::AMP0305, &directive.span, message),
            }
        }
    }
    validations
}

/// The validation that is the directive at `place`. `Ok(None)`: what is wrong is told with its arguments.
fn validation(model: &str, field: &Field, place: usize) -> Result<Option<Validation>, String> {
    let (name, type_name, directive) = (&field.name, field.type_ref.name(), &field.directives[place]);
    if field.type_ref.is_list() {
        return Err(format!("@validate cannot be used on list field '{name}'"));
    }
    if field.directives[place..].iter().any(|later| later.name == "default") {
        return Err("@validate must be specified after @default".to_owned());
    }
    let Some(word) = word(directive) else { return Ok(None) };
    let Some(kind) = kind(&word) else { return Ok(None) };
    let again = |own: &Directive| own.name == "validate" && self::word(own).as_deref() == Some(word.as_str());
    if field.directives[..place].iter().any(again) {
        return Err(format!(
            "duplicate @validate with type '{word}' on field '{name}': each validation type can only be used once per \
             field"
        ));
    }
    let (takes, what) = if is_comparison(kind) {
        (matches!(type_name, "Int" | "Float"), "numeric fields (Int, Float)")
    } else {
        (type_name == "String", "'String' fields")
    };
    if !takes {
        return Err(format!(
            "validation type '{word}' can only be used with {what}. Field '{name}' is of type '{type_name}'"
        ));
    }
    let Some(value) = directive.argument("value").and_then(Literal::as_str) else { return Ok(None) };
    let given = directive.argument("errorMessage").and_then(Literal::as_str).filter(|message| !message.is_empty());
    let message =
        given.map_or_else(|| format!("Field {name} of type {model} must {} {value}", demand(kind)), str::to_owned);
    Ok(Some(Validation { kind, value: tested(kind, &word, value, name)?, message }))
}

fn word(directive: &Directive) -> Option<String> {
    directive.argument("type").map(ToString::to_string)
}

fn kind(word: &str) -> Option<ValidationKind> {
    Some(match word {
        "gt" => ValidationKind::GreaterThan,
        "gte" => ValidationKind::GreaterOrEqual,
        "lt" => ValidationKind::LessThan,
        "lte" => ValidationKind::LessOrEqual,
        "minLength" => ValidationKind::MinLength,
        "maxLength" => ValidationKind::MaxLength,
        "startsWith" => ValidationKind::StartsWith,
        "endsWith" => ValidationKind::EndsWith,
        "matches" => ValidationKind::Matches,
        _ => return None,
    })
}

fn is_comparison(kind: ValidationKind) -> bool {
    matches!(
        kind,
        ValidationKind::GreaterThan
            | ValidationKind::GreaterOrEqual
            | ValidationKind::LessThan
            | ValidationKind::LessOrEqual
    )
}

/// What a value must do, in the words of the reference transformer.
fn demand(kind: ValidationKind) -> &'static str {
    match kind {
        ValidationKind::GreaterThan => "be greater than",
        ValidationKind::GreaterOrEqual => "be greater than or equal to",
        ValidationKind::LessThan => "be less than",
        ValidationKind::LessOrEqual => "be less than or equal to",
        ValidationKind::MinLength => "have a minimum length of",
        ValidationKind::MaxLength => "have a maximum length of",
        ValidationKind::StartsWith => "start with",
        ValidationKind::EndsWith => "end with",
        ValidationKind::Matches => "match",
    }
}

/// What is tested against: numbers as JavaScript writes them, other texts as they are.
fn tested(kind: ValidationKind, word: &str, value: &str, field: &str) -> Result<String, String> {
    let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let is_length = matches!(kind, ValidationKind::MinLength | ValidationKind::MaxLength);
    match number {
        Some(number) if is_length && number >= 0.0 => Ok(number.abs().to_string()),
        _ if is_length => {
            Err(format!("{word} value must be a non-negative integer. Received '{value}' for field '{field}'"))
        }
        Some(number) if is_comparison(kind) => Ok(number.to_string()),
        None if is_comparison(kind) => {
            Err(format!("{word} value must be a number. Received '{value}' for field '{field}'"))
        }
        _ => Ok(value.to_owned()),
    }
}
