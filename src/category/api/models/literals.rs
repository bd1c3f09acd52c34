//! Directives as JSON, and the defaults of authorisation rules.

use serde_json::{Map, Value as Json, json};

use super::Attribute;
use crate::graphql::{Directive, Literal, Value};

/// A literal as JSON; names of enums become texts.
fn plain(literal: &Literal) -> Json {
    match &literal.value {
        Value::Null => Json::Null,
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::Int(number) | Value::Float(number) => {
            serde_json::from_str(number).unwrap_or_else(|_| Json::from(number.as_str()))
        }
        Value::String(text) | Value::Enum(text) | Value::Variable(text) => Json::from(text.as_str()),
        Value::List(items) => Json::Array(items.iter().map(plain).collect()),
        Value::Object(entries) => {
            Json::Object(entries.iter().map(|(name, value)| (name.name.clone(), plain(value))).collect())
        }
    }
}

/// The arguments of a directive.
pub(super) fn arguments(directive: &Directive) -> Map<String, Json> {
    directive.arguments.iter().map(|(name, value)| (name.name.clone(), plain(value))).collect()
}

/// Puts `auth` last, with the defaults of every rule filled in.
pub(super) fn settle_rules(attributes: &mut Vec<Attribute>) {
    let (rules, mut others): (Vec<Attribute>, Vec<Attribute>) =
        std::mem::take(attributes).into_iter().partition(|attribute| attribute.name == "auth");
    others.extend(rules.into_iter().map(|mut attribute| {
        let rules = match attribute.arguments.get_mut("rules").map(Json::take) {
            Some(Json::Array(rules)) => rules,
            Some(one @ Json::Object(_)) => vec![one],
            _ => Vec::new(),
        };
        attribute.arguments.insert("rules".to_owned(), rules.into_iter().map(rule).collect());
        attribute
    }));
    *attributes = others;
}

/// A rule as given, with the defaults of its strategy; what was given stands behind the defaults that it replaces.
fn rule(given: Json) -> Json {
    let Json::Object(given) = given else { return given };
    let absent = |name: &str| given.get(name).is_none_or(Json::is_null);
    let operations =
        given.get("operations").filter(|operations| !operations.is_null()).cloned().unwrap_or_else(all_operations);
    let mut entries = Map::new();
    match given.get("allow").and_then(Json::as_str) {
        Some("owner") => {
            let claim = given.get("identityClaim").and_then(Json::as_str).filter(|claim| !claim.is_empty());
            let claim = claim.filter(|claim| *claim != "username").unwrap_or("cognito:username").to_owned();
            entries.insert("provider".to_owned(), json!("userPools"));
            entries.insert("ownerField".to_owned(), json!("owner"));
            entries.extend(given);
            entries.insert("identityClaim".to_owned(), Json::String(claim));
        }
        Some("groups") => {
            let dynamic = absent("groups");
            entries.insert("groupClaim".to_owned(), json!("cognito:groups"));
            entries.insert("provider".to_owned(), json!("userPools"));
            entries.extend(given);
            if dynamic {
                entries.insert("groupField".to_owned(), json!("groups"));
            }
        }
        _ => entries.extend(given),
    }
    entries.insert("operations".to_owned(), operations);
    Json::Object(entries)
}

fn all_operations() -> Json {
    json!(["create", "update", "delete", "read"])
}
