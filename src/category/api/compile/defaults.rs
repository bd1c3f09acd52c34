//! `@default`: the value that a field gets on create when none is given.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::draft::{Catalogue, Draft, Kind};
use super::report::Report;
use crate::error::Code;
use crate::graphql::{Field, TypeKind, scalars};

/// Reads the defaults of a model, whose key is known.
pub(super) fn read(draft: &Draft<'_>, catalogue: &Catalogue<'_>, report: &mut Report<'_>) -> IndexMap<String, Json> {
    let mut defaults = IndexMap::new();
    for field in draft.fields.values() {
        let Some(directive) = field.directive("default") else { continue };
        if draft.sql.is_some() {
            match column_value(draft, catalogue, field) {
                Ok(value) => defaults.extend(value.map(|value| (field.name.clone(), value))),
                Err(message) => report.add(Code::AMP0309, &directive.span, message),
            }
            continue;
        }
        match value(catalogue, field) {
            Ok(value) => {
                defaults.insert(field.name.clone(), value);
            }
            Err(message) => {
                let span = directive.argument("value").map_or(&directive.span, |value| &value.span);
                report.add(Code::AMP0309, span, message);
            }
        }
    }
    defaults
}

fn value(catalogue: &Catalogue<'_>, field: &Field) -> Result<Json, String> {
    let type_name = field.type_ref.name();
    if !catalogue.is_single_value(field) {
        return Err("the @default directive may only be added to scalar or enum field types".to_owned());
    }
    let Some(given) = field.directive("default").and_then(|directive| directive.argument("value")) else {
        return Err("the @default directive must have a value property".to_owned());
    };
    if given.is_null() {
        return Err("the @default directive does not support null values".to_owned());
    }
    // A value that is no text is told with the arguments of the directive.
    let Some(text) = given.as_str() else { return Ok(Json::Null) };
    if let Some(TypeKind::Enum(values)) = catalogue.types.get(type_name).map(|found| &found.kind) {
        if !values.iter().any(|value| value.name == text) {
            return Err(format!("default value \"{text}\" is not a member of {type_name} enum"));
        }
        return Ok(Json::from(text));
    }
    if catalogue.kind(type_name) == Kind::Scalar && !accepts(type_name, text) {
        return Err(format!("default value \"{text}\" is not a valid {type_name}"));
    }
    Ok(convert(type_name, text))
}

/// The default of a column: a value that is none of the field's type is left to the database, which may know it as an
/// expression, and so is a serial column of PostgreSQL, which has none.
fn column_value(draft: &Draft<'_>, catalogue: &Catalogue<'_>, field: &Field) -> Result<Option<Json>, String> {
    let type_name = field.type_ref.name();
    if !catalogue.is_single_value(field) {
        return Err("the @default directive may only be added to scalar or enum field types".to_owned());
    }
    let given = field.directive("default").and_then(|directive| directive.argument("value"));
    let Some(given) = given else {
        return match (draft.is_postgres(), type_name) {
            (true, "Int") => Ok(None),
            (true, _) => Err("the @default directive requires a value property on non-Int types".to_owned()),
            _ => Err("the @default directive requires a value property on non-Postgres datasources".to_owned()),
        };
    };
    let Some(text) = given.as_str() else { return Ok(None) };
    let known = match catalogue.types.get(type_name).map(|found| &found.kind) {
        Some(TypeKind::Enum(values)) => values.iter().any(|value| value.name == text),
        _ => accepts(type_name, text),
    };
    Ok(known.then(|| convert(type_name, text)))
}

/// A default must be whole: a time with seconds and zone, a date without one, a phone number with its country.
fn accepts(scalar: &str, text: &str) -> bool {
    let whole = match scalar {
        "AWSDate" => text.len() == 10,
        "AWSTime" => text.matches(':').count() >= 2 && text.contains(['Z', '+', '-']),
        "AWSPhone" => text.starts_with('+'),
        "AWSIPAddress" => !text.contains('/'),
        _ => true,
    };
    whole && scalars::accepts_text(scalar, text)
}

fn convert(scalar: &str, text: &str) -> Json {
    let parsed = match scalar {
        "Int" | "AWSTimestamp" => text.parse::<i64>().ok().map(Json::from),
        "Float" => text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Json::Number),
        "Boolean" => Some(Json::from(text.eq_ignore_ascii_case("true"))),
        "AWSJSON" => serde_json::from_str(text).ok(),
        _ => None,
    };
    parsed.unwrap_or_else(|| Json::from(text))
}
