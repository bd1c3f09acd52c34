//! From the properties of a template to the inputs of DynamoDB's actions. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::super::service::{ApiError, ResourceRequest};

/// The input of `CreateTable`.
pub(super) fn create(table: &str, request: &ResourceRequest) -> Value {
    let mut input = Map::from_iter([("TableName".to_owned(), json!(table))]);
    for name in [
        "AttributeDefinitions",
        "KeySchema",
        "BillingMode",
        "ProvisionedThroughput",
        "OnDemandThroughput",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "DeletionProtectionEnabled",
        "TableClass",
    ] {
        if let Some(value) = request.property(name) {
            input.insert(name.to_owned(), typed(value));
        }
    }
    if let Some(specification) = request.property("StreamSpecification") {
        input.insert("StreamSpecification".to_owned(), stream(Some(specification)));
    }
    if let Some(specification) = request.property("SSESpecification") {
        let mut specification = typed(specification);
        if let Some(enabled) = specification.as_object_mut().and_then(|members| members.remove("SSEEnabled")) {
            specification["Enabled"] = enabled;
        }
        input.insert("SSESpecification".to_owned(), specification);
    }
    let tags = tags(&request.properties, &request.tags);
    if !tags.is_empty() {
        input.insert("Tags".to_owned(), Value::Array(tags));
    }
    Value::Object(input)
}

/// Numbers and booleans that a template carries as text, as DynamoDB's JSON wants them.
fn typed(value: &Value) -> Value {
    fn member(name: &str, value: &Value) -> Value {
        match (name, value) {
            (
                "ReadCapacityUnits"
                | "WriteCapacityUnits"
                | "MaxReadRequestUnits"
                | "MaxWriteRequestUnits"
                | "RecoveryPeriodInDays",
                Value::String(text),
            ) => text.parse::<i64>().map_or_else(|_| value.clone(), Value::from),
            (
                "DeletionProtectionEnabled" | "SSEEnabled" | "PointInTimeRecoveryEnabled" | "Enabled",
                Value::String(text),
            ) => text.parse::<bool>().map_or_else(|_| value.clone(), Value::from),
            _ => typed(value),
        }
    }
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), member(name, value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(typed).collect()),
        other => other.clone(),
    }
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str() == Some("true"))
}

/// `StreamSpecification` of the action: the template's has no `StreamEnabled`.
fn stream(specification: Option<&Value>) -> Value {
    match specification {
        Some(specification) => json!({ "StreamEnabled": true, "StreamViewType": specification["StreamViewType"] }),
        None => json!({ "StreamEnabled": false }),
    }
}

/// The specification that `UpdateTimeToLive` needs, if any: a table without the property has it off.
pub(super) fn time_to_live(before: Option<&Value>, after: Option<&Value>) -> Option<Value> {
    match (before, after) {
        (_, Some(after)) if flag(&after["Enabled"]) => {
            Some(json!({ "AttributeName": after["AttributeName"], "Enabled": true }))
        }
        (Some(before), _) if flag(&before["Enabled"]) => {
            Some(json!({ "AttributeName": before["AttributeName"], "Enabled": false }))
        }
        _ => None,
    }
}

/// The specification that `UpdateContinuousBackups` needs.
pub(super) fn recovery(wanted: Option<&Value>) -> Value {
    let mut specification = wanted.map_or_else(|| json!({}), typed);
    if specification.get("PointInTimeRecoveryEnabled").is_none() {
        specification["PointInTimeRecoveryEnabled"] = json!(false);
    }
    specification
}

/// Tags of the template, and those of the stack that it does not name.
pub(super) fn tags(properties: &Value, stack: &[(String, String)]) -> Vec<Value> {
    let own: Vec<Value> = properties.get("Tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let others = stack.iter().filter(|(key, _)| own.iter().all(|tag| tag["Key"] != **key));
    let others: Vec<Value> = others.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    own.into_iter().chain(others).collect()
}

/// The inputs of `UpdateTable` that lead from one set of properties to another, in order.
pub(super) fn updates(table: &str, before: &Value, after: &Value) -> Result<Vec<Value>, ApiError> {
    let changed = |name: &str| before.get(name).map(typed) != after.get(name).map(typed);
    let after_of = |name: &str| after.get(name).map(typed);
    if changed("SSESpecification") {
        return Err(ApiError::not_built("dynamodb", "UpdateTable with SSESpecification"));
    }
    let mut steps = Vec::new();
    if changed("DeletionProtectionEnabled") {
        let wanted = after_of("DeletionProtectionEnabled").unwrap_or(json!(false));
        steps.push(json!({ "TableName": table, "DeletionProtectionEnabled": wanted }));
    }
    if changed("BillingMode") || changed("ProvisionedThroughput") || changed("OnDemandThroughput") {
        let mut step = json!({
            "TableName": table,
            "BillingMode": after_of("BillingMode").unwrap_or(json!("PROVISIONED")),
        });
        for name in ["ProvisionedThroughput", "OnDemandThroughput"] {
            if let Some(value) = after_of(name) {
                step[name] = value;
            }
        }
        steps.push(step);
    }
    if changed("TableClass") {
        let wanted = after_of("TableClass").unwrap_or(json!("STANDARD"));
        steps.push(json!({ "TableName": table, "TableClass": wanted }));
    }
    if changed("StreamSpecification") {
        if before.get("StreamSpecification").is_some() {
            steps.push(json!({ "TableName": table, "StreamSpecification": stream(None) }));
        }
        if let Some(specification) = after.get("StreamSpecification") {
            steps.push(json!({ "TableName": table, "StreamSpecification": stream(Some(specification)) }));
        }
    }
    steps.extend(index_updates(before, after)?.map(|updates| {
        json!({
            "TableName": table,
            "AttributeDefinitions": after.get("AttributeDefinitions"),
            "GlobalSecondaryIndexUpdates": updates,
        })
    }));
    Ok(steps)
}

fn indexes(properties: &Value) -> BTreeMap<String, Value> {
    let list = properties.get("GlobalSecondaryIndexes").and_then(Value::as_array).into_iter().flatten();
    list.map(|index| (index["IndexName"].as_str().unwrap_or_default().to_owned(), typed(index))).collect()
}

/// What changes in the global secondary indexes; CloudFormation allows one creation or deletion in an update.
fn index_updates(before: &Value, after: &Value) -> Result<Option<Vec<Value>>, ApiError> {
    let (old, new) = (indexes(before), indexes(after));
    let refuse = |text: &str| Err(ApiError::new("ValidationException", text));
    let mut updates = Vec::new();
    for (name, index) in &new {
        match old.get(name) {
            None => updates.push(json!({ "Create": index })),
            Some(known) if known == index => {}
            Some(known) if known["KeySchema"] != index["KeySchema"] || known["Projection"] != index["Projection"] => {
                return refuse(
                    "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights \
                     Specification. You can create a new GSI with a different name.",
                );
            }
            Some(_) => {
                let mut update = json!({ "IndexName": name });
                for member in ["ProvisionedThroughput", "OnDemandThroughput"] {
                    if let Some(value) = index.get(member) {
                        update[member] = value.clone();
                    }
                }
                updates.push(json!({ "Update": update }));
            }
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        updates.push(json!({ "Delete": { "IndexName": name } }));
    }
    let heavy = updates.iter().filter(|update| update.get("Update").is_none()).count();
    if heavy > 1 {
        return refuse("Cannot perform more than one GSI creation or deletion in a single update");
    }
    Ok((!updates.is_empty()).then_some(updates))
}
