//! The properties of `AWS::S3::Bucket` as the documents that S3 keeps.
//!
//! Source: "AWS::S3::Bucket" of the CloudFormation template reference, and the reference of each `PutBucket…` operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::buckets::{KINDS, check, defaults};
use crate::cloud::protocol::xml;
use crate::cloud::service::{ResourceError, ResourceRequest};

/// The configurations that the properties ask for, over the defaults of a new bucket.
pub(super) fn configurations(request: &ResourceRequest) -> Result<BTreeMap<String, String>, ResourceError> {
    if !matches!(request.text("AccessControl").as_deref(), None | Some("Private" | "BucketOwnerFullControl")) {
        let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(ResourceError(message.to_owned()));
    }
    let mut found = defaults();
    let sources = [
        ("publicAccessBlock", request.property("PublicAccessBlockConfiguration").map(|value| Ok(switches(value)))),
        ("encryption", request.property("BucketEncryption").map(encryption)),
        ("ownershipControls", request.property("OwnershipControls").map(ownership)),
        ("versioning", request.property("VersioningConfiguration").map(|value| Ok(value.clone()))),
        ("lifecycle", request.property("LifecycleConfiguration").map(lifecycle)),
        ("cors", request.property("CorsConfiguration").map(cors)),
        ("website", request.property("WebsiteConfiguration").map(website)),
    ];
    for (word, value) in sources {
        let Some(value) = value.transpose()? else { continue };
        let kind = KINDS.iter().find(|kind| kind.word == word).expect("each word of this table is a kind");
        let mut text = String::new();
        xml::write(&mut text, kind.root, &value, false);
        check(kind, &text)?;
        found.insert(word.to_owned(), text);
    }
    let own = request.property("Tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let stack = request.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    let tags: Vec<Value> = own.into_iter().chain(stack).collect();
    if !tags.is_empty() {
        let mut text = String::new();
        xml::write(&mut text, "Tagging", &json!({"TagSet": {"Tag": tags}}), false);
        found.insert("tagging".to_owned(), text);
    }
    Ok(found)
}

/// Every switch of the public access block; what is not named is off.
fn switches(value: &Value) -> Value {
    let on = |name: &str| value.get(name).is_some_and(|value| value == "true" || *value == Value::Bool(true));
    json!({
        "BlockPublicAcls": on("BlockPublicAcls"), "IgnorePublicAcls": on("IgnorePublicAcls"),
        "BlockPublicPolicy": on("BlockPublicPolicy"), "RestrictPublicBuckets": on("RestrictPublicBuckets"),
    })
}

fn encryption(value: &Value) -> Result<Value, ResourceError> {
    let rules = renamed(
        value,
        "ServerSideEncryptionConfiguration",
        &[
            ("ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault"),
            ("BucketKeyEnabled", "BucketKeyEnabled"),
        ],
    )?;
    Ok(json!({"Rule": rules}))
}

fn ownership(value: &Value) -> Result<Value, ResourceError> {
    Ok(json!({"Rule": renamed(value, "Rules", &[("ObjectOwnership", "ObjectOwnership")])?}))
}

fn cors(value: &Value) -> Result<Value, ResourceError> {
    let rules = renamed(
        value,
        "CorsRules",
        &[
            ("Id", "ID"),
            ("AllowedHeaders", "AllowedHeader"),
            ("AllowedMethods", "AllowedMethod"),
            ("AllowedOrigins", "AllowedOrigin"),
            ("ExposedHeaders", "ExposeHeader"),
            ("MaxAge", "MaxAgeSeconds"),
        ],
    )?;
    Ok(json!({"CORSRule": rules}))
}

fn lifecycle(value: &Value) -> Result<Value, ResourceError> {
    let mut rules = renamed(
        value,
        "Rules",
        &[
            ("Id", "ID"),
            ("Prefix", "Prefix"),
            ("Status", "Status"),
            ("TagFilters", "TagFilters"),
            ("ObjectSizeGreaterThan", "ObjectSizeGreaterThan"),
            ("ObjectSizeLessThan", "ObjectSizeLessThan"),
            ("ExpirationInDays", "Days"),
            ("ExpirationDate", "Date"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
            ("Transitions", "Transition"),
            ("Transition", "Transition"),
            ("NoncurrentVersionExpiration", "NoncurrentVersionExpiration"),
            ("NoncurrentVersionExpirationInDays", "NoncurrentVersionExpiration"),
            ("NoncurrentVersionTransitions", "NoncurrentVersionTransition"),
            ("NoncurrentVersionTransition", "NoncurrentVersionTransition"),
            ("AbortIncompleteMultipartUpload", "AbortIncompleteMultipartUpload"),
        ],
    )?;
    rules.iter_mut().filter_map(Value::as_object_mut).for_each(lifecycle_rule);
    Ok(json!({"Rule": rules}))
}

/// Brings the fields of a rule into the elements of S3: a filter, and what expires.
fn lifecycle_rule(fields: &mut Map<String, Value>) {
    let mut filters = Map::new();
    for (name, element) in [
        ("Prefix", "Prefix"),
        ("TagFilters", "Tag"),
        ("ObjectSizeGreaterThan", "ObjectSizeGreaterThan"),
        ("ObjectSizeLessThan", "ObjectSizeLessThan"),
    ] {
        filters.extend(fields.shift_remove(name).map(|value| (element.to_owned(), value)));
    }
    let tags = filters.get("Tag").and_then(Value::as_array).map_or(0, Vec::len);
    let several = filters.len() > 1 || tags > 1;
    let filter = if several { json!({"And": filters}) } else { Value::Object(filters) };
    let filter = if filter == json!({}) { json!({"Prefix": ""}) } else { filter };
    fields.insert("Filter".to_owned(), filter);
    let mut expiration = Map::new();
    for name in ["Days", "Date", "ExpiredObjectDeleteMarker"] {
        expiration.extend(fields.shift_remove_entry(name));
    }
    if !expiration.is_empty() {
        fields.insert("Expiration".to_owned(), Value::Object(expiration));
    }
    if let Some(days) = fields.get_mut("NoncurrentVersionExpiration").filter(|days| !days.is_object()) {
        *days = json!({"NoncurrentDays": days});
    }
    for (name, days) in [("Transition", "Days"), ("NoncurrentVersionTransition", "NoncurrentDays")] {
        for transition in fields.get_mut(name).into_iter().flat_map(each).filter_map(Value::as_object_mut) {
            for (property, element) in [("TransitionInDays", days), ("TransitionDate", "Date")] {
                if let Some(value) = transition.shift_remove(property) {
                    transition.insert(element.to_owned(), value);
                }
            }
        }
    }
}

/// The items of a list, or the one that stands alone.
fn each(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Array(items) => items.iter_mut().collect(),
        other => vec![other],
    }
}

fn website(value: &Value) -> Result<Value, ResourceError> {
    let mut found = Map::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let (element, value) = match name.as_str() {
            "IndexDocument" => (name.as_str(), json!({"Suffix": value})),
            "ErrorDocument" => (name.as_str(), json!({"Key": value})),
            "RedirectAllRequestsTo" => (name.as_str(), value.clone()),
            "RoutingRules" => {
                let names = [("RoutingRuleCondition", "Condition"), ("RedirectRule", "Redirect")];
                let rules = renamed(&json!({"RoutingRules": value}), "RoutingRules", &names)?;
                ("RoutingRules", json!({"RoutingRule": rules}))
            }
            other => {
                let message = format!("the embedded cloud has no `{other}` in WebsiteConfiguration of AWS::S3::Bucket");
                return Err(ResourceError(message));
            }
        };
        found.insert(element.to_owned(), value);
    }
    Ok(Value::Object(found))
}

/// A `NotificationConfiguration` as S3's own document.
pub(super) fn notification(value: &Value) -> Result<String, ResourceError> {
    let mut text = String::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let (element, arn, target) = match name.as_str() {
            "LambdaConfigurations" => ("CloudFunctionConfiguration", "Function", "CloudFunction"),
            "QueueConfigurations" => ("QueueConfiguration", "Queue", "Queue"),
            "TopicConfigurations" => ("TopicConfiguration", "Topic", "Topic"),
            "EventBridgeConfiguration" => {
                let enabled = value.get("EventBridgeEnabled").is_none_or(|flag| flag == true || flag == "true");
                text.push_str(if enabled { "<EventBridgeConfiguration></EventBridgeConfiguration>" } else { "" });
                continue;
            }
            other => {
                let message =
                    format!("the embedded cloud has no `{other}` in NotificationConfiguration of AWS::S3::Bucket");
                return Err(ResourceError(message));
            }
        };
        let names = [("Event", "Event"), (arn, target), ("Filter", "Filter")];
        for mut rule in renamed(&json!({name: value}), name, &names)? {
            if let Some(rules) = rule.pointer_mut("/Filter/S3Key/Rules").map(Value::take) {
                rule["Filter"] = json!({"S3Key": {"FilterRule": rules}});
            }
            xml::write(&mut text, element, &rule, false);
        }
    }
    Ok(xml::wrap("NotificationConfiguration", &[text]))
}

/// The objects of a list with their fields under other names; a field that is not in the table is refused.
fn renamed(value: &Value, list: &str, names: &[(&str, &str)]) -> Result<Vec<Value>, ResourceError> {
    let items = value.get(list).and_then(Value::as_array);
    let items = items.ok_or_else(|| ResourceError(format!("{list} must be a list")))?;
    let one = |item: &Value| {
        let fields = item.as_object().ok_or_else(|| ResourceError(format!("{list} must hold objects")))?;
        let mut renamed = serde_json::Map::new();
        for (name, value) in fields {
            let (_, other) = names.iter().find(|(known, _)| known == name).ok_or_else(|| {
                ResourceError(format!("the embedded cloud has no `{name}` in {list} of AWS::S3::Bucket"))
            })?;
            renamed.insert((*other).to_owned(), value.clone());
        }
        Ok(Value::Object(renamed))
    };
    items.iter().map(one).collect()
}
