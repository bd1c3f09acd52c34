//! `Sync`: everything there is, or what changed since a moment, page by page.
//!
//! Source: AppSync guide, "Using DynamoDB sync operations on versioned data sources" and "Sync" of the resolver reference.
//! A moment that the table of changes still covers is answered from there, record by record; otherwise the items are read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Answer;
use super::delta::{MS_A_MINUTE, days, key_text, moment, partition_key};
use super::dynamodb::{Names, refused};
use super::item::plain_item;
use super::versioned::Versioned;
use crate::cloud::appsync::fault::Fault;
use crate::cloud::service::ApiError;

/// How many items a page reads when nothing is said, and at most ("Sync fields").
const LIMIT: usize = 100;
const MOST: usize = 1000;

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    /// The same on all pages.
    started_at: i64,
    /// The day whose changes are read; none where the items themselves are.
    day: Option<String>,
    key: Option<Value>,
}

/// What was read so far.
#[derive(Default)]
struct Page {
    items: Vec<Value>,
    scanned: usize,
    next: Option<Place>,
}

impl Versioned<'_> {
    /// Carries out a `Sync`.
    pub(super) fn sync(&self) -> Result<Answer, Fault> {
        let request = self.asking.request;
        let now_ms = self.asking.backends.shared.clock.now_ms();
        let last_sync = request.get("lastSync").and_then(Value::as_i64);
        let given = request.get("nextToken").filter(|token| !token.is_null());
        let place = match given {
            None => {
                let oldest_ms = now_ms - self.delta.delta_sync_table_ttl * MS_A_MINUTE;
                let since = last_sync.filter(|since| *since >= oldest_ms && *since <= now_ms);
                Place { started_at: now_ms, day: since.map(|since| moment(since).0), key: None }
            }
            Some(token) => match token.as_str().and_then(read) {
                Some(place) => place,
                None => return Ok(Answer::error("IllegalArgument", "Invalid pagination token given.", Value::Null)),
            },
        };
        let started_at = place.started_at;
        let limit = request.get("limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.filter(|limit| *limit > 0).unwrap_or(LIMIT).min(MOST);
        let page = match &place.day {
            Some(day) => self.changes(&place, (day, last_sync.unwrap_or(started_at)), limit),
            None => self.items(&place, limit),
        };
        Ok(match page {
            Ok(Page { items, scanned, next }) => Answer::result(json!({
                "items": items, "nextToken": next.map(|next| write(&next)), "scannedCount": scanned,
                "startedAt": started_at,
            })),
            Err(error) => refused(self.asking.backends, &error, Value::Null),
        })
    }

    /// A page of the items themselves.
    fn items(&self, place: &Place, limit: usize) -> Result<Page, ApiError> {
        let request = self.asking.request;
        let (table, index) = (self.asking.table(), request.get("index").and_then(Value::as_str));
        let mut input = Map::from_iter([("TableName".to_owned(), table.into()), ("Limit".to_owned(), limit.into())]);
        let mut names = Names::default();
        names.expression(request, "query", ("KeyConditionExpression", &mut input));
        names.expression(request, "filter", ("FilterExpression", &mut input));
        names.finish(&mut input);
        let action = if input.contains_key("KeyConditionExpression") { "Query" } else { "Scan" };
        if let Some(index) = index {
            input.insert("IndexName".to_owned(), index.into());
        }
        if let Some(key) = &place.key {
            input.insert("ExclusiveStartKey".to_owned(), key.clone());
        }
        let target = index.map_or_else(|| table.to_owned(), |index| format!("{table}/index/{index}"));
        let mut page = Page::default();
        let key = page.add(&self.asking.execute(action, &[(action, &target)], input.into())?);
        page.next = key.map(|key| Place { key: Some(key), ..place.clone() });
        Ok(page)
    }

    /// A page of changes, from a day on.
    fn changes(&self, place: &Place, (from, since_ms): (&str, i64), limit: usize) -> Result<Page, ApiError> {
        let (first, since) = moment(since_ms);
        let mut days = days(since_ms, place.started_at).into_iter().filter(|day| day.as_str() >= from).peekable();
        let mut page = Page::default();
        let mut start = place.key.clone();
        while let Some(day) = days.next() {
            let since = if day == first { since.as_str() } else { "" };
            let key = page.add(&self.changes_of(&day, since, (start.take(), limit - page.scanned))?);
            let rest = match key {
                Some(key) => Some(Place { day: Some(day), key: Some(key), ..place.clone() }),
                None if page.scanned >= limit => {
                    days.peek().map(|next| Place { day: Some(next.clone()), key: None, ..place.clone() })
                }
                None => continue,
            };
            page.next = rest;
            break;
        }
        Ok(page)
    }

    fn changes_of(&self, day: &str, since: &str, (start, limit): (Option<Value>, usize)) -> Result<Value, ApiError> {
        let request = self.asking.request;
        let table = self.delta.delta_sync_table_name.as_str();
        let text = |name: &str| request.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let index = text("deltaIndexName").filter(|_| text("basePartitionKey").is_some());
        let partition = text("basePartitionKey").and_then(|name| queried(request, name));
        let (partition_name, sort_name, index) = match (index, &partition) {
            (Some(index), None) => ("gsi_ds_pk", "gsi_ds_sk", Some(index)),
            _ => ("ds_pk", "ds_sk", None),
        };
        let mut input = Map::from_iter([
            ("TableName".to_owned(), table.into()),
            ("Limit".to_owned(), limit.into()),
            (
                "KeyConditionExpression".to_owned(),
                format!("{partition_name} = :__day AND {sort_name} >= :__since").into(),
            ),
        ]);
        let mut names = Names::default();
        names.value(":__day", json!({ "S": partition_key(&self.source.name, day, partition.as_deref()) }));
        // Digits are greater than an exclamation mark, so it stands before all times.
        names.value(":__since", json!({ "S": if since.is_empty() { "!" } else { since } }));
        names.expression(request, "filter", ("FilterExpression", &mut input));
        names.also(request, "query", ("FilterExpression", &mut input));
        names.finish(&mut input);
        if let Some(index) = index {
            input.insert("IndexName".to_owned(), index.into());
        }
        if let Some(start) = start {
            input.insert("ExclusiveStartKey".to_owned(), start);
        }
        let target = index.map_or_else(|| table.to_owned(), |index| format!("{table}/index/{index}"));
        self.asking.execute("Query", &[("Query", &target)], input.into())
    }
}

impl Page {
    /// Adds an answer of DynamoDB; gives the key at which it ended.
    fn add(&mut self, answer: &Value) -> Option<Value> {
        let items = answer.get("Items").and_then(Value::as_array);
        self.items.extend(items.into_iter().flatten().filter_map(Value::as_object).map(plain_item));
        let scanned = answer.get("ScannedCount").and_then(Value::as_u64).unwrap_or_default();
        self.scanned += usize::try_from(scanned).unwrap_or(usize::MAX);
        answer.get("LastEvaluatedKey").filter(|key| key.is_object()).cloned()
    }
}

/// The value that a request's query asks the custom partition key for.
fn queried(request: &Value, name: &str) -> Option<String> {
    let query = request.get("query")?;
    let words: Vec<&str> = query.get("expression")?.as_str()?.split_whitespace().collect();
    let is_key = |word: &str| word == name || query["expressionNames"].get(word).and_then(Value::as_str) == Some(name);
    let value = words.windows(3).find(|window| is_key(window[0]) && window[1] == "=").map(|window| window[2])?;
    query["expressionValues"].get(value).map(key_text)
}

/// A place as an opaque text.
fn write(place: &Place) -> String {
    STANDARD.encode(json!(place).to_string())
}

fn read(token: &str) -> Option<Place> {
    serde_json::from_slice(&STANDARD.decode(token).ok()?).ok()
}
