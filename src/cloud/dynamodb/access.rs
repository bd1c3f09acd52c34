//! Which permissions a call needs: AWS's "Actions, resources, and condition keys for Amazon DynamoDB".

use serde_json::Value;

use super::super::service::{Access, Permission};
use super::names::{Names, stream_of};

/// The permissions that `action` with `input` needs.
pub(super) fn required(names: &Names, action: &str, input: &Value) -> Access {
    let one = |resource: String| vec![Permission::new(format!("dynamodb:{action}"), resource)];
    let table = || text(input, "TableName").map(|name| names.table_arn(name));
    Access::Requires(match action {
        "Query" | "Scan" => {
            let table = table().unwrap_or_else(|| "*".to_owned());
            one(text(input, "IndexName").map_or(table.clone(), |index| format!("{table}/index/{index}")))
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = input.get("RequestItems").and_then(Value::as_object);
            tables.into_iter().flat_map(|tables| tables.keys()).flat_map(|name| one(names.table_arn(name))).collect()
        }
        "TransactGetItems" | "TransactWriteItems" => transaction(names, input),
        "ExecuteStatement" => input.get("Statement").and_then(|text| statement(names, text)).into_iter().collect(),
        "BatchExecuteStatement" => statements(names, input, "Statements"),
        "ExecuteTransaction" => statements(names, input, "TransactStatements"),
        "TagResource" | "UntagResource" | "ListTagsOfResource" => {
            one(text(input, "ResourceArn").unwrap_or("*").to_owned())
        }
        "DescribeStream" | "GetShardIterator" | "GetRecords" => one(stream_of(input).unwrap_or_else(|| "*".to_owned())),
        _ => one(table().unwrap_or_else(|| "*".to_owned())),
    })
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

/// A transaction needs what each of its operations would need alone.
fn transaction(names: &Names, input: &Value) -> Vec<Permission> {
    let items = input.get("TransactItems").and_then(Value::as_array).into_iter().flatten();
    let operations = items.filter_map(Value::as_object).flatten();
    operations
        .filter_map(|(kind, operation)| {
            let action = if kind == "ConditionCheck" { "ConditionCheckItem".to_owned() } else { format!("{kind}Item") };
            Some(Permission::new(format!("dynamodb:{action}"), names.table_arn(text(operation, "TableName")?)))
        })
        .collect()
}

fn statements(names: &Names, input: &Value, member: &str) -> Vec<Permission> {
    let list = input.get(member).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|one| one.get("Statement").and_then(|text| statement(names, text))).collect()
}

/// `PartiQLSelect` and its kin on the table (and index) that a statement names. A statement that cannot be read asks
/// for the action on everything; the engine then refuses it in AWS's words.
fn statement(names: &Names, statement: &Value) -> Option<Permission> {
    let statement = statement.as_str()?;
    let words: Vec<&str> = statement.split_whitespace().collect();
    let verb = words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    let (action, before_table) = match verb.as_str() {
        "INSERT" => ("PartiQLInsert", "INTO"),
        "UPDATE" => ("PartiQLUpdate", "UPDATE"),
        "DELETE" => ("PartiQLDelete", "FROM"),
        _ => ("PartiQLSelect", "FROM"),
    };
    let place = words.iter().position(|word| word.eq_ignore_ascii_case(before_table));
    let target = place.and_then(|place| words.get(place + 1)).map(|word| word.replace('"', ""));
    let resource = target.map_or_else(
        || "*".to_owned(),
        |target| match target.split_once('.') {
            // A dot may also belong to the table's name; only a quoted pair names an index.
            Some((table, index)) if statement.contains("\".\"") => {
                format!("{}/index/{index}", names.table_arn(table))
            }
            _ => names.table_arn(&target),
        },
    );
    Some(Permission::new(format!("dynamodb:{action}"), resource))
}
