//! The policy of a resource as statements with labels: what `AddPermission` and `RemovePermission` of SQS and SNS change.
//!
//! Not here: what the services say of labels that they know or do not know.

use serde_json::{Value, json};

/// The statements of a policy.
#[derive(Debug)]
pub(in crate::cloud) struct Statements {
    document: Value,
    list: Vec<Value>,
}

impl Statements {
    /// Those of a policy as it is stored; a new one is called `id`.
    pub(in crate::cloud) fn read(policy: Option<&str>, id: &str) -> Self {
        let document = policy.and_then(|text| serde_json::from_str(text).ok());
        let mut document: Value =
            document.unwrap_or_else(|| json!({"Version": "2008-10-17", "Id": id, "Statement": []}));
        let list = match document.get_mut("Statement").map(Value::take).unwrap_or_default() {
            Value::Array(list) => list,
            one => vec![one],
        };
        Self { document, list }
    }

    /// Whether a statement has a label.
    pub(in crate::cloud) fn knows(&self, label: &str) -> bool {
        self.list.iter().any(|statement| statement["Sid"] == label)
    }

    /// Lets accounts do something with a resource.
    pub(in crate::cloud) fn allow(&mut self, label: &str, accounts: &[&str], actions: &[String], arn: &str) {
        let accounts: Vec<String> = accounts.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
        self.list.push(json!({
            "Sid": label, "Effect": "Allow", "Principal": {"AWS": accounts}, "Action": actions, "Resource": arn,
        }));
    }

    /// Takes the statement of a label out.
    pub(in crate::cloud) fn remove(&mut self, label: &str) {
        self.list.retain(|statement| statement["Sid"] != label);
    }

    /// The policy as it is stored: no text when nothing is left in it.
    pub(in crate::cloud) fn into_text(mut self) -> String {
        if self.list.is_empty() {
            return String::new();
        }
        self.document["Statement"] = Value::Array(self.list);
        self.document.to_string()
    }
}
