//! The policy of a form: until when it is good, and what its fields and its file must be.
//!
//! Source: "POST policy" of the S3 reference.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::fields::{Fields, too_large};
use crate::cloud::service::ApiError;

/// The fields that no condition needs to name.
const FREE: &[&str] = &["policy", "x-amz-signature", "signature", "awsaccesskeyid"];

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    expires_ms: i64,
    conditions: Vec<Condition>,
    /// The least and the largest size of the file, in bytes.
    sizes: Option<(u64, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    /// In lower case.
    field: String,
    value: String,
    /// Whether the beginning is enough.
    starts: bool,
    /// As refusals have it.
    text: String,
}

impl Policy {
    /// Reads the field `policy`, which is JSON in Base64.
    pub(super) fn read(field: &str) -> Result<Self, ApiError> {
        let text: String = field.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
        let bytes = STANDARD.decode(text).map_err(|_| invalid("Invalid Base64 encoding."))?;
        let document: Value = serde_json::from_slice(&bytes).map_err(|_| invalid("Invalid JSON."))?;
        let Value::Object(document) = document else { return Err(invalid("Invalid JSON.")) };
        if let Some(other) = document.keys().find(|name| !matches!(name.as_str(), "expiration" | "conditions")) {
            return Err(invalid(&format!("Unexpected: '{other}'.")));
        }
        let expiration = document.get("expiration").ok_or_else(|| invalid("Policy missing expiration."))?;
        let expires = expiration.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let expires = expires.ok_or_else(|| {
            let text = expiration.as_str().map_or_else(|| expiration.to_string(), str::to_owned);
            invalid(&format!("Invalid 'expiration' value: '{text}'"))
        })?;
        let conditions = document.get("conditions").ok_or_else(|| invalid("Policy missing conditions."))?;
        let conditions = conditions.as_array().ok_or_else(|| invalid("Invalid 'conditions' value: must be a List."))?;
        let mut policy = Self { expires_ms: expires.as_millisecond(), conditions: Vec::new(), sizes: None };
        for condition in conditions {
            policy.add(condition)?;
        }
        Ok(policy)
    }

    fn add(&mut self, condition: &Value) -> Result<(), ApiError> {
        match condition {
            Value::Object(fields) => {
                for (field, value) in fields {
                    let value = value.as_str().ok_or_else(|| bad_condition(condition))?;
                    self.conditions.push(Condition::new("eq", field, value));
                }
                Ok(())
            }
            Value::Array(parts) => match &parts[..] {
                [Value::String(operator), least, most] if operator.eq_ignore_ascii_case("content-length-range") => {
                    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
                    let (least, most) = number(least).zip(number(most)).ok_or_else(|| bad_condition(condition))?;
                    // Of several ranges each must hold.
                    let (from, to) = self.sizes.unwrap_or((0, u64::MAX));
                    self.sizes = Some((least.max(from), most.min(to)));
                    Ok(())
                }
                [Value::String(operator), Value::String(field), Value::String(value)] => {
                    let operator = operator.to_ascii_lowercase();
                    let field = field.strip_prefix('$').ok_or_else(|| bad_condition(condition))?;
                    if !matches!(operator.as_str(), "eq" | "starts-with") {
                        return Err(bad_condition(condition));
                    }
                    self.conditions.push(Condition::new(&operator, field, value));
                    Ok(())
                }
                _ => Err(bad_condition(condition)),
            },
            _ => Err(bad_condition(condition)),
        }
    }

    /// The largest size of the file, in bytes.
    pub(super) fn most(&self) -> u64 {
        self.sizes.map_or(u64::MAX, |(_, most)| most)
    }

    /// Whether a form that is sent to a bucket is what the policy wants; `key` is the key with the file's name in it.
    pub(super) fn check(&self, fields: &Fields, (bucket, key): (&str, &str), now_ms: i64) -> Result<(), ApiError> {
        if self.expires_ms <= now_ms {
            return Err(denied("Policy expired."));
        }
        for condition in &self.conditions {
            let given = match condition.field.as_str() {
                "bucket" => Some(bucket),
                "key" => Some(key),
                other => fields.get(other),
            };
            if !condition.holds(given) {
                return Err(denied(&format!("Policy Condition failed: {}", condition.text)));
            }
        }
        let named = |field: &str| {
            FREE.contains(&field)
                || field.starts_with("x-ignore-")
                || self.conditions.iter().any(|condition| condition.field == field)
        };
        let extra: Vec<&str> = fields.all.iter().map(|(name, _)| name.as_str()).filter(|name| !named(name)).collect();
        if extra.is_empty() { Ok(()) } else { Err(denied(&format!("Extra input fields: {}", extra.join(", ")))) }
    }

    /// Whether the file has a size that the policy wants.
    pub(super) fn check_size(&self, size: u64) -> Result<(), ApiError> {
        let Some((least, most)) = self.sizes else { return Ok(()) };
        if size > most {
            return Err(too_large(size, most));
        }
        if size < least {
            let message = "Your proposed upload is smaller than the minimum allowed size";
            let mut error = ApiError::new("EntityTooSmall", message);
            error.extra.insert("ProposedSize".to_owned(), size.into());
            error.extra.insert("MinSizeAllowed".to_owned(), least.into());
            return Err(error);
        }
        Ok(())
    }
}

impl Condition {
    fn new(operator: &str, field: &str, value: &str) -> Self {
        let quoted = |text: &str| Value::from(text).to_string();
        let text = format!("[{}, {}, {}]", quoted(operator), quoted(&format!("${field}")), quoted(value));
        Self { field: field.to_lowercase(), value: value.to_owned(), starts: operator == "starts-with", text }
    }

    fn holds(&self, given: Option<&str>) -> bool {
        match (self.starts, given) {
            (false, given) => given.unwrap_or_default() == self.value,
            // Of a list of content types each must begin so.
            (true, Some(given)) if self.field == "content-type" => {
                given.split(',').all(|kind| kind.trim().starts_with(&self.value))
            }
            (true, given) => given.unwrap_or_default().starts_with(&self.value),
        }
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::new("InvalidPolicyDocument", format!("Invalid Policy: {message}"))
}

fn bad_condition(condition: &Value) -> ApiError {
    invalid(&format!("Invalid Condition: {condition}"))
}

fn denied(message: &str) -> ApiError {
    ApiError::new("AccessDenied", format!("Invalid according to Policy: {message}")).status(403)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::{Fields, Policy};

    fn read(document: &Value) -> Result<Policy, String> {
        Policy::read(&STANDARD.encode(document.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn each_condition_decides() {
        let fields = |more: &[(&str, &str)]| {
            let all = [("key", "in/${filename}")].iter().chain(more);
            let all = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Fields { all, filename: "a.png".to_owned() }
        };
        let key = json!(["starts-with", "$key", "in/"]);
        for (conditions, more, refusal) in [
            (json!([key, {"bucket": "uploads"}]), vec![], ""),
            (json!([{"Key": "in/a.png"}]), vec![("policy", "x"), ("x-amz-signature", "y"), ("x-ignore-z", "z")], ""),
            (json!([["eq", "$key", "in/b.png"]]), vec![], "Policy Condition failed: [\"eq\", \"$key\", \"in/b.png\"]"),
            (json!([key, {"bucket": "other"}]), vec![], "Policy Condition failed: [\"eq\", \"$bucket\", \"other\"]"),
            (json!([key, {"acl": "private"}]), vec![], "Policy Condition failed: [\"eq\", \"$acl\", \"private\"]"),
            (json!([key]), vec![("acl", "private"), ("b", "")], "Extra input fields: acl, b"),
            (json!([key, ["starts-with", "$b", ""]]), vec![("b", "anything")], ""),
            (json!([key, ["starts-with", "$Content-Type", "image/"]]), vec![("content-type", "image/a, image/b")], ""),
            (
                json!([key, ["starts-with", "$Content-Type", "image/"]]),
                vec![("content-type", "image/a,text/b")],
                "Policy Condition failed: [\"starts-with\", \"$Content-Type\", \"image/\"]",
            ),
        ] {
            let policy = read(&json!({"expiration": "2030-01-01T12:00:00.000Z", "conditions": conditions})).unwrap();
            let outcome = policy.check(&fields(&more), ("uploads", "in/a.png"), 0).map_err(|error| error.message);
            let wanted =
                if refusal.is_empty() { Ok(()) } else { Err(format!("Invalid according to Policy: {refusal}")) };
            assert_eq!(outcome, wanted, "{conditions}");
        }
        let policy = read(&json!({"expiration": "1970-01-01T00:00:01Z", "conditions": [key]})).unwrap();
        assert!(policy.check(&fields(&[]), ("uploads", "in/a.png"), 999).is_ok());
        let expired = policy.check(&fields(&[]), ("uploads", "in/a.png"), 1000).unwrap_err();
        assert_eq!((expired.code.as_str(), expired.status), ("AccessDenied", 403));
    }

    #[test]
    fn sizes_have_two_ends() {
        let range = json!([["content-length-range", 2, 4], ["content-length-range", "1", "3"]]);
        let policy = read(&json!({"expiration": "2030-01-01T00:00:00Z", "conditions": range})).unwrap();
        let code = |size: u64| policy.check_size(size).err().map(|error| error.code);
        assert_eq!(code(1).as_deref(), Some("EntityTooSmall"));
        assert_eq!((code(2), code(3)), (None, None));
        assert_eq!(code(4).as_deref(), Some("EntityTooLarge"));
        assert_eq!(policy.most(), 3);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let at = "2030-01-01T00:00:00Z";
        for (document, message) in [
            (json!([]), "Invalid JSON."),
            (json!({"conditions": []}), "Policy missing expiration."),
            (json!({"expiration": at}), "Policy missing conditions."),
            (json!({"expiration": "soon", "conditions": []}), "Invalid 'expiration' value: 'soon'"),
            (json!({"expiration": at, "conditions": {}}), "Invalid 'conditions' value: must be a List."),
            (json!({"expiration": at, "conditions": [], "else": 1}), "Unexpected: 'else'."),
            (
                json!({"expiration": at, "conditions": [["ends-with", "$key", "x"]]}),
                "Invalid Condition: [\"ends-with\",\"$key\",\"x\"]",
            ),
            (
                json!({"expiration": at, "conditions": [["eq", "key", "x"]]}),
                "Invalid Condition: [\"eq\",\"key\",\"x\"]",
            ),
            (json!({"expiration": at, "conditions": [{"key": 1}]}), "Invalid Condition: {\"key\":1}"),
        ] {
            assert_eq!(read(&document).unwrap_err(), format!("Invalid Policy: {message}"), "{document}");
        }
        assert_eq!(Policy::read("%").unwrap_err().code, "InvalidPolicyDocument");
    }
}
