//! A cloud that is opened on another port: addresses in what stacks made and gave out follow it.
//!
//! Services make their addresses when they are asked; only stacks keep them, in attributes, outputs and the URLs of
//! nested templates. Nothing else is touched.

use std::sync::Arc;

use serde_json::Value;

use crate::cloud::service::Shared;
use crate::cloud::store::{Batch, Table};

/// Where the cloud was when these rows were written.
const PLACE: &str = "cloudformation.place";

/// The rows that hold addresses.
const ROWS: [&str; 5] = [
    "cloudformation.stacks",
    "cloudformation.resources",
    "cloudformation.change-sets",
    // Environments of functions may hold addresses of queues and APIs.
    "lambda.function",
    // Data sources may speak to the cloud itself.
    "appsync_sources",
];

/// Brings the addresses in the rows up to date. A store that refuses is told of at the next write.
pub(in crate::cloud) fn follow(shared: &Shared) {
    let authority = |endpoint: &str| endpoint.rsplit("//").next().unwrap_or_default().to_owned();
    let place: Table<String> = Table::new(Arc::clone(&shared.store), PLACE);
    let now = authority(&shared.endpoint);
    let before = place.get("authority");
    if before.as_ref() == Some(&now) {
        return;
    }
    let mut batch = Batch::default();
    place.add(&mut batch, "authority", &now);
    for name in ROWS.iter().filter(|_| before.is_some()) {
        let rows: Table<Value> = Table::new(Arc::clone(&shared.store), name);
        for (key, mut row) in rows.all() {
            if replace(&mut row, before.as_deref().unwrap_or_default(), &now) {
                rows.add(&mut batch, &key, &row);
            }
        }
    }
    if let Err(error) = shared.store.commit(batch) {
        tracing::error!(%error, "the addresses of stacks could not be brought up to date");
    }
}

/// Replaces an address in every text of a value; true when there was one.
fn replace(value: &mut Value, before: &str, now: &str) -> bool {
    match value {
        Value::String(text) => {
            let changed = replaced(text, before, now);
            let any = changed.is_some();
            if let Some(changed) = changed {
                *text = changed;
            }
            any
        }
        Value::Array(items) => replace_all(items.iter_mut(), before, now),
        Value::Object(members) => replace_all(members.values_mut(), before, now),
        _ => false,
    }
}

fn replace_all<'v>(values: impl Iterator<Item = &'v mut Value>, before: &str, now: &str) -> bool {
    let mut any = false;
    for value in values {
        // Not `Iterator::any`, which stops at the first.
        any |= replace(value, before, now);
    }
    any
}

/// The text with the address replaced, where it is not the beginning of a longer number (`localhost:47` in `:4700`).
fn replaced(text: &str, before: &str, now: &str) -> Option<String> {
    let mut parts = text.split(before);
    let mut result = parts.next()?.to_owned();
    let mut any = false;
    for part in parts {
        let whole = !part.starts_with(|c: char| c.is_ascii_digit());
        any |= whole;
        result.push_str(if whole { now } else { before });
        result.push_str(part);
    }
    any.then_some(result)
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_whole_addresses_move() {
        let cases = [
            ("http://localhost:47/graphql", Some("http://localhost:9/graphql")),
            ("d1.cloudfront.localhost:47", Some("d1.cloudfront.localhost:9")),
            ("http://localhost:4700/", None),
            ("localhost:47 and localhost:4700", Some("localhost:9 and localhost:4700")),
            ("nothing", None),
        ];
        for (text, expected) in cases {
            assert_eq!(replaced(text, "localhost:47", "localhost:9").as_deref(), expected, "{text}");
        }
    }
}
