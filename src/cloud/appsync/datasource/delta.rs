//! Records of changes: their keys, and finding them.
//!
//! Source: AppSync guide, "Versioning DynamoDB data sources" ("Delta sync table logging") and the tutorial "Using Delta
//! Sync operations on versioned data sources", whose keys are `AppSync-delta-sync-post:2019-11-23` and
//! `00:35:56.331:81d36bbb-…:1`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::versioned::Versioned;
use crate::cloud::dynamodb::Alone;
use crate::cloud::service::ApiError;

/// What partition keys of the table of changes begin with.
const PREFIX: &str = "AppSync-delta-sync-";

const SECONDS_A_MINUTE: i64 = 60;
pub(super) const MS_A_MINUTE: i64 = 60_000;
const MS_A_DAY: i64 = 24 * 60 * MS_A_MINUTE;

/// A moment in two parts: `2019-11-23` and `00:35:56.331`, in UTC.
pub(super) fn moment(at_ms: i64) -> (String, String) {
    let time = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    (time.date().to_string(), time.strftime("%H:%M:%S.%3f").to_string())
}

/// The days from one moment to another, both included.
pub(super) fn days(from_ms: i64, to_ms: i64) -> Vec<String> {
    let last = moment(to_ms).0;
    let each = (0..).map(|day| moment(from_ms + day * MS_A_DAY).0);
    each.take_while(|day| *day <= last).collect()
}

/// A value of a key as text.
pub(super) fn key_text(value: &Value) -> String {
    let inner = value.as_object().and_then(|map| map.values().next()).unwrap_or(value);
    inner.as_str().map_or_else(|| inner.to_string(), str::to_owned)
}

/// The partition key of a day's changes; `partition` is the value of a custom partition key.
pub(super) fn partition_key(source: &str, day: &str, partition: Option<&str>) -> String {
    let own = partition.map(|value| format!(":{value}")).unwrap_or_default();
    format!("{PREFIX}{source}:{day}{own}")
}

impl Versioned<'_> {
    /// The attribute that the request names as a custom partition key.
    fn custom_partition(&self) -> Option<&str> {
        self.asking.request.get("customPartitionKey").and_then(Value::as_str).filter(|name| !name.is_empty())
    }

    /// The record of a change: the new item with a key of its own and a time after which nobody needs it.
    pub(super) fn change(&self, item: &Map<String, Value>, names: &[String], now_ms: i64) -> Map<String, Value> {
        let (day, time) = moment(now_ms);
        let version = item.get("_version").map(key_text).unwrap_or_default();
        let part = |name: &String| item.get(name).map(key_text).unwrap_or_default();
        let parts: Vec<String> = names.iter().map(part).collect();
        let whole = parts.join("#");
        let mut record = item.clone();
        let mut insert = |name: &str, text: String| record.insert(name.to_owned(), json!({ "S": text }));
        if let Some(name) = self.custom_partition() {
            let partition = item.get(name).map(key_text).unwrap_or_default();
            let rest: Vec<String> = names.iter().filter(|one| *one != name).map(part).collect();
            insert("ds_pk", partition_key(&self.source.name, &day, Some(&partition)));
            insert("ds_sk", format!("{time}:{}:{version}", rest.join("#")));
            if self.asking.request.get("populateIndexFields").and_then(Value::as_bool) == Some(true) {
                insert("gsi_ds_pk", partition_key(&self.source.name, &day, None));
                insert("gsi_ds_sk", format!("{time}:{whole}:{version}"));
            }
        } else {
            insert("ds_pk", partition_key(&self.source.name, &day, None));
            insert("ds_sk", format!("{time}:{whole}:{version}"));
        }
        let expires = now_ms.div_euclid(1000) + self.delta.delta_sync_table_ttl * SECONDS_A_MINUTE;
        record.insert("_ttl".to_owned(), json!({ "N": expires.to_string() }));
        record
    }

    /// An item as it was in a version, where that change is still recorded.
    pub(super) fn at_version(
        &self,
        alone: &Alone<'_>,
        key: &Map<String, Value>,
        version: i64,
        now_ms: i64,
    ) -> Result<Option<Map<String, Value>>, ApiError> {
        let partition = self.custom_partition().and_then(|name| key.get(name)).map(key_text);
        let oldest_ms = now_ms - self.delta.delta_sync_table_ttl * MS_A_MINUTE;
        let mut tests = vec!["#version = :version".to_owned()];
        let mut names = Map::from_iter([("#version".to_owned(), json!("_version"))]);
        let mut values = Map::from_iter([(":version".to_owned(), json!({ "N": version.to_string() }))]);
        for (number, (name, value)) in key.iter().enumerate() {
            tests.push(format!("#key{number} = :key{number}"));
            names.insert(format!("#key{number}"), name.clone().into());
            values.insert(format!(":key{number}"), value.clone());
        }
        for day in days(oldest_ms, now_ms).into_iter().rev() {
            values.insert(
                ":day".to_owned(),
                json!({ "S": partition_key(&self.source.name, &day, partition.as_deref()) }),
            );
            let mut start = Value::Null;
            loop {
                let mut input = json!({
                    "TableName": self.delta.delta_sync_table_name, "ScanIndexForward": false,
                    "KeyConditionExpression": "ds_pk = :day", "FilterExpression": tests.join(" AND "),
                    "ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
                });
                if !start.is_null() {
                    input["ExclusiveStartKey"] = start;
                }
                let page = alone.execute("Query", input)?;
                if let Some(found) = page.pointer("/Items/0").and_then(Value::as_object) {
                    return Ok(Some(found.clone()));
                }
                start = page.get("LastEvaluatedKey").cloned().unwrap_or_default();
                if start.is_null() {
                    break;
                }
            }
        }
        Ok(None)
    }
}
