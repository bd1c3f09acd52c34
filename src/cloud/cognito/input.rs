//! Reading an action's input: members by name, with AWS's refusals for what is missing or of the wrong kind.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::fault::invalid;
use crate::cloud::service::ApiError;

/// The input of an action.
#[derive(Clone, Copy)]
pub(super) struct Input<'a>(pub &'a Value);

impl<'a> Input<'a> {
    /// A member, when it is there and not null.
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text that may be absent.
    pub(super) fn optional(self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    /// A text that must be there and not empty.
    pub(super) fn text(self, name: &str) -> Result<&'a str, ApiError> {
        match self.optional(name) {
            Some("") => Err(constraint(name, "''", "Member must have length greater than or equal to 1")),
            Some(text) => Ok(text),
            None => Err(constraint(name, "null", "Member must not be null")),
        }
    }

    /// A boolean, false when absent.
    pub(super) fn flag(self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.as_bool().unwrap_or_else(|| value.as_str() == Some("true")))
    }

    /// A list of texts, empty when absent.
    pub(super) fn texts(self, name: &str) -> Vec<String> {
        let list = self.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// `[{"Name": …, "Value": …}]` as pairs; the last of a name wins.
    pub(super) fn attributes(self, name: &str) -> Result<BTreeMap<String, String>, ApiError> {
        let list = self.get(name).and_then(Value::as_array).into_iter().flatten();
        list.map(|one| {
            let one = Input(one);
            Ok((one.text("Name")?.to_owned(), one.optional("Value").unwrap_or_default().to_owned()))
        })
        .collect()
    }

    /// An object of texts, empty when absent.
    pub(super) fn parameters(self, name: &str) -> BTreeMap<String, String> {
        let members = self.get(name).and_then(Value::as_object).into_iter().flatten();
        members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }

    /// `Limit` or `MaxResults` of a listing, 1 to `most`.
    pub(super) fn limit(self, name: &str, most: u64) -> Result<usize, ApiError> {
        let wanted = self.get(name).and_then(Value::as_u64).unwrap_or(most);
        if wanted == 0 || wanted > most {
            let rule = format!("Member must have value between 1 and {most}");
            return Err(constraint(name, &format!("'{wanted}'"), &rule));
        }
        Ok(usize::try_from(wanted).unwrap_or(usize::MAX))
    }
}

fn constraint(name: &str, value: &str, rule: &str) -> ApiError {
    let mut letters = name.chars();
    let name: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    invalid(format!("1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: {rule}"))
}

/// Milliseconds since 1970 as JSON 1.1 writes times: seconds with a fraction.
#[expect(clippy::cast_precision_loss, reason = "times of this millennium in ms fit in 53 bits")]
pub(super) fn date(at_ms: i64) -> Value {
    json!(at_ms as f64 / 1000.0)
}

/// `[{"Name": …, "Value": …}]`.
pub(super) fn attribute_list<'a>(attributes: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    attributes.into_iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
}

/// A page of a listing: the items after `token`, and the token of the next page. Keys are in order.
pub(super) fn page<T>(
    items: Vec<(String, T)>,
    token: Option<&str>,
    limit: usize,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let after = token.map(|token| hex::decode(token).ok().and_then(|key| String::from_utf8(key).ok()));
    if matches!(after, Some(None)) {
        return Err(invalid("Invalid pagination token."));
    }
    let after = after.flatten();
    let mut rest: Vec<(String, T)> =
        items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).collect();
    let next = (rest.len() > limit).then(|| hex::encode(&rest[limit - 1].0));
    rest.truncate(limit);
    Ok((rest.into_iter().map(|(_, item)| item).collect(), next))
}

/// An object without the members that are null.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}
