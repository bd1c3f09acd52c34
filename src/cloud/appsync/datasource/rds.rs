//! The relational data source: each statement of a request by `ExecuteStatement` of the RDS Data API, at the address
//! that the cloud was given, signed with the role of the data source.
//!
//! Source: "AWS AppSync JavaScript resolver function reference for Amazon RDS", and `ExecuteStatement` in the RDS Data
//! API reference. Statements run one by one, without a transaction around them, as AppSync does it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::dynamodb::malformed;
use super::outside::{Outside, ask, denied, may, status_line};
use super::wire::{Incoming, Signing};
use super::{Answer, Backends};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::{DataSource, RdsHttpEndpointConfig};
use crate::cloud::service::Permission;

/// The most statements of one request.
const STATEMENTS_LIMIT: usize = 2;

/// The hints that a parameter may have (`SqlParameter` in the RDS Data API reference).
const HINTS: [&str; 6] = ["DATE", "DECIMAL", "JSON", "TIME", "TIMESTAMP", "UUID"];

/// The members of an answer that a resolver sees.
const MEMBERS: [&str; 4] = ["columnMetadata", "generatedFields", "numberOfRecordsUpdated", "records"];

/// Runs the statements of a request, until one fails.
pub(super) fn invoke(backends: &Backends, source: &DataSource, request: &Value) -> Result<Answer, Fault> {
    let Some(config) = source.database() else {
        return Err(malformed(&format!("the data source {} has no database", source.name)));
    };
    Outside::RdsData.endpoint(&backends.shared)?;
    let asked = statements(request)?;
    let role = source.service_role_arn.as_deref().unwrap_or_default();
    let rights = [
        Permission::new("rds-data:ExecuteStatement", &config.db_cluster_identifier),
        Permission::new("secretsmanager:GetSecretValue", &config.aws_secret_store_arn),
    ];
    if let Err(error) = may(backends, role, &rights) {
        return Ok(failed(&denied(&error)));
    }
    let signing = Signing { role, service: "rds-data", region: &config.aws_region };
    let mut results = Vec::with_capacity(asked.len());
    for (sql, parameters) in asked {
        let body = input(config, sql, parameters);
        let answer = match ask(backends, (Outside::RdsData, &signing), ("/Execute", Vec::new(), &body))? {
            Ok(answer) if answer.status < 300 => answer,
            Ok(answer) => return Ok(failed(&answer)),
            Err(silent) => return Ok(silent),
        };
        let Ok(Value::Object(members)) = serde_json::from_str(&answer.body) else {
            return Ok(Answer::error("RDSHttp:RequestFailed", "The answer is not JSON.", Value::Null));
        };
        let seen = members.into_iter().filter(|(name, value)| MEMBERS.contains(&name.as_str()) && !value.is_null());
        results.push(Value::Object(seen.collect::<Map<_, _>>()));
    }
    // Handlers get the answers as a text.
    Ok(Answer::result(json!({ "sqlStatementResults": results }).to_string().into()))
}

/// A refusal as a handler sees it.
fn failed(answer: &Incoming) -> Answer {
    Answer::error(status_line(answer.status), format!("RDSHttp:{}", answer.body), Value::Null)
}

fn input(config: &RdsHttpEndpointConfig, sql: &str, parameters: Vec<Value>) -> Value {
    let mut input = json!({
        "resourceArn": config.db_cluster_identifier,
        "secretArn": config.aws_secret_store_arn,
        "sql": sql,
        "parameters": parameters,
        "includeResultMetadata": true,
    });
    for (name, value) in [("database", &config.database_name), ("schema", &config.schema)] {
        if let Some(value) = value {
            input[name] = value.as_str().into();
        }
    }
    input
}

/// Each statement with its parameters.
fn statements(request: &Value) -> Result<Vec<(&str, Vec<Value>)>, Fault> {
    let given = request.get("statements").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if given.is_empty() {
        return Err(malformed("Value for field '$[statements]' not found."));
    }
    if given.len() > STATEMENTS_LIMIT {
        return Err(malformed(&format!("Value for field '$[statements]' has more than {STATEMENTS_LIMIT} entries.")));
    }
    let empty = Map::new();
    let values = request.get("variableMap").and_then(Value::as_object).unwrap_or(&empty);
    let hints = request.get("variableTypeHintMap").and_then(Value::as_object).unwrap_or(&empty);
    given
        .iter()
        .map(|statement| {
            let sql = statement.as_str();
            let sql = sql.ok_or_else(|| malformed("Unsupported element in '$[statements]': a statement is a text."))?;
            let named = names(sql);
            let used = values.iter().filter(|(name, _)| named.contains(name.trim_start_matches(':')));
            let parameters = used.map(|(name, value)| parameter(name, value, hints)).collect::<Result<_, _>>()?;
            Ok((sql, parameters))
        })
        .collect()
}

/// The parameters that a statement mentions. `a::b` is a cast of PostgreSQL.
fn names(sql: &str) -> BTreeSet<&str> {
    let part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut found = BTreeSet::new();
    for (at, _) in sql.match_indices(':') {
        let rest = &sql[at + 1..];
        let name = &rest[..rest.find(|letter: char| !part(letter)).unwrap_or(rest.len())];
        if !name.is_empty() && !sql[..at].ends_with(':') {
            found.insert(name);
        }
    }
    found
}

/// A variable as the Data API takes it.
fn parameter(name: &str, value: &Value, hints: &Map<String, Value>) -> Result<Value, Fault> {
    let field = match value {
        Value::Null => json!({ "isNull": true }),
        Value::Bool(flag) => json!({ "booleanValue": flag }),
        Value::Number(number) if number.is_i64() => json!({ "longValue": number }),
        Value::Number(number) => json!({ "doubleValue": number.as_f64() }),
        Value::String(text) => json!({ "stringValue": text }),
        Value::Array(_) | Value::Object(_) => {
            return Err(malformed(&format!(
                "Unsupported element in '$[variableMap][{name}]': it is not a plain value."
            )));
        }
    };
    let plain = name.trim_start_matches(':');
    let mut parameter = json!({ "name": plain, "value": field });
    if let Some(hint) = hints.get(name).or_else(|| hints.get(plain)).filter(|hint| !hint.is_null()) {
        if !hint.as_str().is_some_and(|hint| HINTS.contains(&hint)) {
            let message = format!("Unsupported type hint {hint} of {name}. Expected one of {}", HINTS.join(", "));
            return Err(malformed(&message));
        }
        parameter["typeHint"] = hint.clone();
    }
    Ok(parameter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_statement_has_the_parameters_that_it_mentions() {
        let request = json!({
            "statements": ["insert into a values (:P0, :P1, :P10::jsonb)", "select '1::text' where x = :P2 and y > :P3"],
            "variableMap": { ":P0": "a", ":P1": null, ":P10": "{}", ":P2": 7, ":P3": 1.5, "P4": true },
            "variableTypeHintMap": { ":P0": "UUID", "P10": "JSON", ":P4": "DATE" },
        });
        let found = statements(&request).unwrap();
        let wanted = json!([
            { "name": "P0", "value": { "stringValue": "a" }, "typeHint": "UUID" },
            { "name": "P1", "value": { "isNull": true } },
            { "name": "P10", "value": { "stringValue": "{}" }, "typeHint": "JSON" },
        ]);
        assert_eq!(json!(found[0].1), wanted);
        let wanted = json!([
            { "name": "P2", "value": { "longValue": 7 } },
            { "name": "P3", "value": { "doubleValue": 1.5 } },
        ]);
        assert_eq!(json!(found[1].1), wanted);
    }

    #[test]
    fn requests_that_cannot_be_read_are_refused() {
        for (request, reason) in [
            (json!({}), "'$[statements]' not found"),
            (json!({ "statements": [] }), "'$[statements]' not found"),
            (json!({ "statements": ["a", "b", "c"] }), "more than 2"),
            (json!({ "statements": [7] }), "a statement is a text"),
            (json!({ "statements": [":a"], "variableMap": { ":a": [1] } }), "'$[variableMap][:a]'"),
            (
                json!({ "statements": [":a"], "variableMap": { ":a": 1 }, "variableTypeHintMap": { ":a": "BLOB" } }),
                "type hint",
            ),
        ] {
            let fault = statements(&request).unwrap_err();
            assert_eq!(fault.kind.as_deref(), Some("MappingTemplate"), "{request}");
            assert!(fault.message.contains(reason), "{reason}: {fault:?}");
        }
    }
}
