//! The names of the Query protocol: lists of pairs where the JSON protocol has maps, singular where it has plural.

use serde_json::{Map, Value, json};

/// Lists of `Name` and `Value` that are maps: their names in forms and in JSON.
const MAPS: &[(&str, &str)] = &[
    ("Attribute", "Attributes"),
    ("MessageAttribute", "MessageAttributes"),
    ("MessageSystemAttribute", "MessageSystemAttributes"),
];

/// Lists: their names in forms and in JSON.
const LISTS: &[(&str, &str)] = &[
    ("AttributeName", "AttributeNames"),
    ("MessageAttributeName", "MessageAttributeNames"),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames"),
    ("TagKey", "TagKeys"),
    ("AWSAccountId", "AWSAccountIds"),
    ("ActionName", "Actions"),
];

/// The lists of an answer: their names in JSON, and in XML by the action.
fn answer_list(action: &str, name: &str) -> Option<String> {
    match (name, action) {
        ("QueueUrls" | "queueUrls", _) => Some("QueueUrl".to_owned()),
        ("Messages", _) => Some("Message".to_owned()),
        ("Failed", _) => Some("BatchResultErrorEntry".to_owned()),
        ("Successful" | "Results", action) => Some(format!("{action}ResultEntry")),
        _ => None,
    }
}

/// The input of a form in the names of the JSON protocol. `path` names the queue when the form does not.
pub(super) fn input(form: &Value, path: &str) -> Value {
    let mut input = fields(form);
    if input.get("QueueUrl").is_none() && path.trim_matches('/').contains('/') {
        input.insert("QueueUrl".to_owned(), json!(path));
    }
    Value::Object(input)
}

fn fields(form: &Value) -> Map<String, Value> {
    let mut input = Map::new();
    for (name, value) in form.as_object().into_iter().flatten() {
        let items = || if let Value::Array(items) = value { items.clone() } else { vec![value.clone()] };
        if let Some((_, plural)) = MAPS.iter().find(|(known, _)| known == name) {
            input.insert((*plural).to_owned(), map(&items(), "Name"));
        } else if let Some((_, plural)) = LISTS.iter().find(|(known, _)| known == name) {
            input.insert((*plural).to_owned(), Value::Array(items()));
        } else if name == "Tag" {
            input.insert("Tags".to_owned(), map(&items(), "Key"));
        } else if name.ends_with("BatchRequestEntry") {
            let entries = items().iter().map(|entry| Value::Object(fields(entry))).collect();
            input.insert("Entries".to_owned(), Value::Array(entries));
        } else {
            input.insert(name.clone(), value.clone());
        }
    }
    input
}

fn map(items: &[Value], key: &str) -> Value {
    let pair =
        |item: &Value| Some((item.get(key)?.as_str()?.to_owned(), item.get("Value").cloned().unwrap_or_default()));
    Value::Object(items.iter().filter_map(pair).collect())
}

/// An answer in the names of the Query protocol; lists are repeated elements.
pub(super) fn answer(action: &str, value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let mut answer = Map::new();
    for (name, value) in members {
        if let Some(element) = answer_list(action, &name) {
            let items = value.as_array().cloned().unwrap_or_default();
            answer.insert(element, items.into_iter().map(|item| self::answer(action, item)).collect());
        } else if let (Some((singular, _)), Value::Object(_)) = (MAPS.iter().find(|(_, json)| *json == name), &value) {
            answer.insert((*singular).to_owned(), pairs(&value, "Name"));
        } else if name == "Tags" {
            answer.insert("Tag".to_owned(), pairs(&value, "Key"));
        } else {
            answer.insert(name, value);
        }
    }
    Value::Object(answer)
}

fn pairs(value: &Value, key: &str) -> Value {
    let pair = |(name, value): (&String, &Value)| json!({key: name, "Value": value});
    value.as_object().into_iter().flatten().map(pair).collect()
}
