//! The Query protocol's input: a form whose dotted names are lists and objects.

use serde_json::{Map, Value};

use crate::cloud::service::ApiError;

/// How many fields a form may have.
const FIELDS_LIMIT: usize = 10_000;

/// How deep names may be nested.
const DEPTH_LIMIT: usize = 24;

/// The form as JSON, without `Action` and `Version`: `Tags.member.1.Key=a` becomes `{"Tags": [{"Key": "a"}]}`.
pub(in crate::cloud) fn input(form: &[(String, String)]) -> Result<Value, ApiError> {
    if form.len() > FIELDS_LIMIT {
        return Err(malformed(&format!("the form has more than {FIELDS_LIMIT} fields")));
    }
    let mut root = Map::new();
    for (name, value) in form.iter().filter(|(name, _)| name != "Action" && name != "Version") {
        let path: Vec<&str> = name.split('.').collect();
        if path.len() > DEPTH_LIMIT || path.iter().any(|part| part.is_empty()) {
            return Err(malformed(&format!("`{name}` is no name of a parameter")));
        }
        insert(&mut root, &path, value).map_err(|()| malformed(&format!("`{name}` is given in two ways")))?;
    }
    Ok(Value::Object(root.into_iter().map(|(name, value)| (name, lists(value))).collect()))
}

fn malformed(message: &str) -> ApiError {
    ApiError::new("MalformedQueryString", message)
}

fn insert(fields: &mut Map<String, Value>, path: &[&str], value: &str) -> Result<(), ()> {
    match path {
        [] => Err(()),
        [name] => match fields.insert((*name).to_owned(), Value::String(value.to_owned())) {
            Some(Value::Object(_)) => Err(()),
            _ => Ok(()),
        },
        [name, rest @ ..] => {
            let inner = fields.entry(*name).or_insert_with(|| Value::Object(Map::new()));
            inner.as_object_mut().ok_or(()).and_then(|inner| insert(inner, rest, value))
        }
    }
}

/// Turns objects that are lists (`{"member": {"1": …}}`, `{"1": …}`) and maps (`{"entry": …}`) into what they mean.
fn lists(value: Value) -> Value {
    let Value::Object(mut fields) = value else { return value };
    if fields.len() == 1 {
        for wrapper in ["member", "entry"] {
            match fields.get(wrapper) {
                Some(Value::Object(inner)) if is_numbered(inner) => {
                    let Some(Value::Object(inner)) = fields.remove(wrapper) else { return Value::Null };
                    let items = numbered(inner);
                    return if wrapper == "entry" { entries(items) } else { Value::Array(items) };
                }
                _ => {}
            }
        }
    }
    if is_numbered(&fields) {
        return Value::Array(numbered(fields));
    }
    Value::Object(fields.into_iter().map(|(name, value)| (name, lists(value))).collect())
}

fn is_numbered(fields: &Map<String, Value>) -> bool {
    !fields.is_empty() && fields.keys().all(|name| name.parse::<u32>().is_ok())
}

fn numbered(fields: Map<String, Value>) -> Vec<Value> {
    let mut items: Vec<(u32, Value)> =
        fields.into_iter().filter_map(|(name, value)| Some((name.parse().ok()?, lists(value)))).collect();
    items.sort_by_key(|(number, _)| *number);
    items.into_iter().map(|(_, value)| value).collect()
}

fn entries(items: Vec<Value>) -> Value {
    let pair = |item: Value| {
        // SNS writes the attributes of messages with capitals.
        let member = |small: &str, large: &str| item.get(small).or_else(|| item.get(large)).cloned();
        let key = member("key", "Name")?.as_str()?.to_owned();
        Some((key, member("value", "Value").unwrap_or_default()))
    };
    Value::Object(items.into_iter().filter_map(pair).collect())
}
