//! Requests over several tables: batches and transactions.
//!
//! Not here: retrying what DynamoDB did not process; AppSync hands it back to the resolver.

use serde_json::{Map, Value, json};

use super::Answer;
use super::dynamodb::{Asking, Names, flag, malformed, member_map, refused};
use super::item::{plain_item, plain_member, strict_entries};
use crate::cloud::appsync::fault::Fault;

/// `tables`: names and what is asked of each.
fn tables(request: &Value) -> Result<Map<String, Value>, Fault> {
    member_map(request, "tables")
}

/// The maps of a list.
fn entries(list: Option<&Value>) -> Vec<Map<String, Value>> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object).map(strict_entries).collect()
}

fn permissions<'a>(action: &'a str, tables: &'a Map<String, Value>) -> Vec<(&'a str, &'a str)> {
    tables.keys().map(|table| (action, table.as_str())).collect()
}

/// Whether an item has the attributes of a key.
fn has_key(item: &Map<String, Value>, key: &Map<String, Value>) -> bool {
    key.iter().all(|(name, value)| item.get(name) == Some(value))
}

/// `BatchGetItem`: the items in the order of their keys, null where there is none.
pub(super) fn get(asking: &Asking<'_>) -> Result<Answer, Fault> {
    let tables = tables(asking.request)?;
    let mut input = Map::new();
    let mut asked: Vec<(String, Vec<Map<String, Value>>)> = Vec::new();
    for (table, wanted) in &tables {
        let keys = entries(wanted.get("keys").or(Some(wanted)));
        let mut one = Map::new();
        one.insert("Keys".to_owned(), json!(keys));
        one.insert("ConsistentRead".to_owned(), flag(wanted, "consistentRead").into());
        let mut names = Names::default();
        names.expression(wanted, "projection", ("ProjectionExpression", &mut one));
        names.finish(&mut one);
        input.insert(table.clone(), one.into());
        asked.push((table.clone(), keys));
    }
    let input = json!({ "RequestItems": input });
    let answer = match asking.execute("BatchGetItem", &permissions("BatchGetItem", &tables), input) {
        Ok(answer) => answer,
        Err(error) => return Ok(refused(asking.backends, &error, Value::Null)),
    };
    let (mut data, mut unprocessed) = (Map::new(), Map::new());
    for (table, keys) in asked {
        let found = entries(answer.pointer("/Responses").and_then(|responses| responses.get(&table)));
        let item =
            |key: &Map<String, Value>| found.iter().find(|item| has_key(item, key)).map_or(Value::Null, plain_item);
        data.insert(table.clone(), keys.iter().map(item).collect());
        let left = answer.get("UnprocessedKeys").and_then(|left| left.get(&table)).and_then(|left| left.get("Keys"));
        unprocessed.insert(table, entries(left).iter().map(plain_item).collect());
    }
    Ok(Answer::result(json!({ "data": data, "unprocessedKeys": unprocessed })))
}

/// `BatchPutItem`.
pub(super) fn put(asking: &Asking<'_>) -> Result<Answer, Fault> {
    write(asking, ("PutRequest", "Item"), "unprocessedItems")
}

/// `BatchDeleteItem`.
pub(super) fn delete(asking: &Asking<'_>) -> Result<Answer, Fault> {
    write(asking, ("DeleteRequest", "Key"), "unprocessedKeys")
}

fn write(asking: &Asking<'_>, (kind, member): (&str, &str), left_name: &str) -> Result<Answer, Fault> {
    let tables = tables(asking.request)?;
    let (mut input, mut data) = (Map::new(), Map::new());
    for (table, rows) in &tables {
        let rows = entries(Some(rows));
        data.insert(table.clone(), rows.iter().map(plain_item).collect());
        let requests: Vec<Value> = rows.into_iter().map(|row| json!({ kind: { member: row } })).collect();
        input.insert(table.clone(), requests.into());
    }
    let input = json!({ "RequestItems": input });
    let answer = match asking.execute("BatchWriteItem", &permissions("BatchWriteItem", &tables), input) {
        Ok(answer) => answer,
        Err(error) => return Ok(refused(asking.backends, &error, Value::Null)),
    };
    let mut unprocessed = Map::new();
    for table in tables.keys() {
        let left = answer.get("UnprocessedItems").and_then(|left| left.get(table)).and_then(Value::as_array);
        let rows = left.into_iter().flatten().filter_map(|one| one.get(kind)?.get(member)?.as_object());
        unprocessed.insert(table.clone(), rows.map(plain_item).collect());
    }
    Ok(Answer::result(json!({ "data": data, left_name: unprocessed })))
}

fn transact_items(request: &Value) -> Result<&Vec<Value>, Fault> {
    let items = request.get("transactItems").and_then(Value::as_array);
    items.ok_or_else(|| malformed("Value for field '$[transactItems]' not found."))
}

fn table_of(one: &Value) -> Result<&str, Fault> {
    let table = one.get("table").and_then(Value::as_str);
    table.ok_or_else(|| malformed("Value for field '$[transactItems][table]' not found."))
}

/// `TransactGetItems`.
pub(super) fn transact_get(asking: &Asking<'_>) -> Result<Answer, Fault> {
    let (mut gets, mut permissions) = (Vec::new(), Vec::new());
    for one in transact_items(asking.request)? {
        let table = table_of(one)?;
        let mut get = Map::new();
        get.insert("TableName".to_owned(), table.into());
        get.insert("Key".to_owned(), strict_entries(&member_map(one, "key")?).into());
        let mut names = Names::default();
        names.expression(one, "projection", ("ProjectionExpression", &mut get));
        names.finish(&mut get);
        gets.push(json!({ "Get": get }));
        permissions.push(("GetItem", table));
    }
    Ok(match asking.execute("TransactGetItems", &permissions, json!({ "TransactItems": gets })) {
        Ok(answer) => {
            let responses = answer.get("Responses").and_then(Value::as_array);
            let items: Vec<Value> = responses.into_iter().flatten().map(|one| plain_member(one, "Item")).collect();
            Answer::result(json!({ "items": items, "cancellationReasons": null }))
        }
        Err(error) => cancelled(asking, &error, "items"),
    })
}

/// `TransactWriteItems`.
pub(super) fn transact_write(asking: &Asking<'_>) -> Result<Answer, Fault> {
    let (mut writes, mut permissions, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for one in transact_items(asking.request)? {
        let table = table_of(one)?;
        let key = strict_entries(&member_map(one, "key")?);
        keys.push(plain_item(&key));
        let mut input = Map::new();
        input.insert("TableName".to_owned(), table.into());
        let mut names = Names::default();
        let (kind, permission) = match one.get("operation").and_then(Value::as_str).unwrap_or_default() {
            "PutItem" => {
                let mut item = strict_entries(&member_map(one, "attributeValues")?);
                item.extend(key);
                input.insert("Item".to_owned(), item.into());
                ("Put", "PutItem")
            }
            "UpdateItem" => {
                input.insert("Key".to_owned(), key.into());
                names.expression(one, "update", ("UpdateExpression", &mut input));
                ("Update", "UpdateItem")
            }
            "DeleteItem" => {
                input.insert("Key".to_owned(), key.into());
                ("Delete", "DeleteItem")
            }
            "ConditionCheck" => {
                input.insert("Key".to_owned(), key.into());
                ("ConditionCheck", "ConditionCheckItem")
            }
            other => return Err(malformed(&format!("Unsupported operation '{other}' in a transaction"))),
        };
        names.expression(one, "condition", ("ConditionExpression", &mut input));
        names.finish(&mut input);
        if one.pointer("/condition/returnValuesOnConditionCheckFailure").and_then(Value::as_bool) == Some(true) {
            input.insert("ReturnValuesOnConditionCheckFailure".to_owned(), "ALL_OLD".into());
        }
        writes.push(json!({ kind: input }));
        permissions.push((permission, table));
    }
    Ok(match asking.execute("TransactWriteItems", &permissions, json!({ "TransactItems": writes })) {
        Ok(_) => Answer::result(json!({ "keys": keys, "cancellationReasons": null })),
        Err(error) => cancelled(asking, &error, "keys"),
    })
}

/// A transaction that was cancelled, with the reason for each of its items.
fn cancelled(asking: &Asking<'_>, error: &crate::cloud::service::ApiError, member: &str) -> Answer {
    let reasons = error.extra.get("CancellationReasons").and_then(Value::as_array);
    let reasons: Option<Vec<Value>> = reasons.map(|reasons| {
        let reason = |reason: &Value| {
            json!({
                "type": reason.get("Code"),
                "message": reason.get("Message"),
                "item": plain_member(reason, "Item"),
            })
        };
        reasons.iter().map(reason).collect()
    });
    let result = if reasons.is_some() { json!({ member: null, "cancellationReasons": reasons }) } else { Value::Null };
    refused(asking.backends, error, result)
}
