//! A kill -9 in the middle of writes: items and the records of their changes are never apart.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::world::{dynamodb, project};
use crate::support::http::{split_url, try_send};

const ROUNDS: u64 = 3;

const UPDATE: &str = "mutation($id: ID!, $version: Int) {
  updateNote(input: { id: $id, title: \"t\", tags: [\"x\"], _version: $version }) { _version }
}";

#[test]
fn items_and_their_changes_are_never_apart() {
    let sandbox = project();
    for round in 0..ROUNDS {
        let dev = sandbox.dev();
        let data = sandbox.outputs()["data"].clone();
        let (endpoint, path) = split_url(&data["url"].as_str().unwrap().replacen("HTTP", "http", 1));
        let key = data["api_key"].as_str().unwrap().to_owned();
        let ask = move |query: &str, variables: Value| -> Option<Value> {
            let body = json!({ "query": query, "variables": variables }).to_string();
            let headers = [("content-type", "application/json"), ("x-api-key", key.as_str())];
            let answer = try_send(&endpoint, "POST", &path, &headers, body.as_bytes()).ok()?;
            serde_json::from_slice(&answer.body).ok()
        };
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let ask = ask.clone();
                std::thread::spawn(move || {
                    let id = format!("{round}-{writer}");
                    let create = "mutation($id: ID!) { createNote(input: { id: $id }) { _version } }";
                    let mut last = ask(create, json!({ "id": id })).map_or(0, |_| 1);
                    // Every third write is on an old version.
                    while let Some(answer) =
                        ask(UPDATE, json!({ "id": id, "version": last - i64::from(last % 3 == 0) }))
                    {
                        last = answer["data"]["updateNote"]["_version"].as_i64().unwrap();
                    }
                    (id, last)
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(150 + 37 * round));
        dev.kill();
        let acknowledged: Vec<(String, i64)> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();

        let dev = sandbox.dev();
        let read = |table: &str| -> BTreeMap<String, i64> {
            let names = dynamodb(&dev.endpoint, "ListTables", &json!({}))["TableNames"].clone();
            let full = names
                .as_array()
                .unwrap()
                .iter()
                .find(|name| name.as_str().unwrap().starts_with(table))
                .unwrap()
                .clone();
            let mut versions = BTreeMap::new();
            let mut start = Value::Null;
            loop {
                let mut scan = json!({ "TableName": full, "ProjectionExpression": "id, #v", "ExpressionAttributeNames": { "#v": "_version" } });
                if !start.is_null() {
                    scan["ExclusiveStartKey"] = start;
                }
                let page = dynamodb(&dev.endpoint, "Scan", &scan);
                for item in page["Items"].as_array().unwrap() {
                    let version: i64 = item["_version"]["N"].as_str().unwrap().parse().unwrap();
                    let highest = versions.entry(item["id"]["S"].as_str().unwrap().to_owned()).or_default();
                    *highest = version.max(*highest);
                }
                start = page.get("LastEvaluatedKey").cloned().unwrap_or_default();
                if start.is_null() {
                    return versions;
                }
            }
        };
        let (items, changes) = (read("Note-"), read("AmplifyDataStore-"));
        assert_eq!(items, changes, "an item without its change, or a change without its item");
        // Who was killed before the first answer was promised nothing.
        for (id, version) in acknowledged.into_iter().filter(|(_, version)| *version > 0) {
            assert!(items.get(&id).is_some_and(|stored| *stored >= version), "lost: {id} {version}: {items:?}");
        }
    }
}
