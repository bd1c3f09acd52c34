//! How CloudFormation makes buckets and their policies. What has no meaning here (replication, events, logs, website
//! hosts) is no property of ours and is refused by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Engine;
use super::buckets::{KINDS, check, defaults};
use super::wire::{create_bucket, drop_policy, put_policy};
use crate::base::BoxFuture;
use crate::cloud::protocol::xml;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// The types of this service.
pub(super) fn handlers(engine: &Arc<Engine>) -> Vec<Box<dyn ResourceHandler>> {
    vec![Box::new(BucketType(Arc::clone(engine))), Box::new(BucketPolicyType(Arc::clone(engine)))]
}

struct BucketType(Arc<Engine>);
struct BucketPolicyType(Arc<Engine>);

impl ResourceHandler for BucketType {
    fn kind(&self) -> &'static str {
        "AWS::S3::Bucket"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "BucketEncryption",
            "BucketName",
            "CorsConfiguration",
            "LifecycleConfiguration",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        ]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["BucketName"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "DomainName", "DualStackDomainName", "RegionalDomainName"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let ids = &*self.0.shared.ids;
            let name =
                request.text("BucketName").unwrap_or_else(|| request.generated_name(ids, 63).to_ascii_lowercase());
            if self.0.objects.buckets.get(&name).is_some() {
                return Err(ResourceError(format!("{name} already exists")));
            }
            let configurations = configurations(request)?;
            create_bucket(&self.0, &name)?;
            self.0.objects.change(&name, |bucket| bucket.configurations = configurations)?;
            let region = &self.0.shared.region;
            let attributes = [
                ("Arn", format!("arn:aws:s3:::{name}")),
                ("DomainName", format!("{name}.s3.amazonaws.com")),
                ("DualStackDomainName", format!("{name}.s3.dualstack.{region}.amazonaws.com")),
                ("RegionalDomainName", format!("{name}.s3.{region}.amazonaws.com")),
            ];
            let attributes = attributes.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
            Ok(Provisioned { physical_id: name, attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let wanted = configurations(request)?;
            self.0.objects.change(&current.physical_id, |bucket| {
                let policy = bucket.configurations.remove("policy");
                bucket.configurations = wanted;
                bucket.configurations.extend(policy.map(|policy| ("policy".to_owned(), policy)));
            })?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { gone_is_fine(self.0.objects.delete_bucket(&current.physical_id)) })
    }
}

impl ResourceHandler for BucketPolicyType {
    fn kind(&self) -> &'static str {
        "AWS::S3::BucketPolicy"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["Bucket", "PolicyDocument"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Bucket", "PolicyDocument"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Bucket"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let bucket = request.text("Bucket").unwrap_or_default();
            if self.0.objects.bucket(&bucket)?.configurations.contains_key("policy") {
                return Err(ResourceError(format!("The bucket policy already exists on bucket {bucket}.")));
            }
            self.put(request)?;
            Ok(Provisioned { physical_id: bucket, attributes: BTreeMap::new() })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.put(request)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { gone_is_fine(drop_policy(&self.0, &current.physical_id)) })
    }
}

impl BucketPolicyType {
    fn put(&self, request: &ResourceRequest) -> Result<(), ResourceError> {
        let bucket = request.text("Bucket").unwrap_or_default();
        let document = request
            .property("PolicyDocument")
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        Ok(put_policy(&self.0, &bucket, &document.unwrap_or_default())?)
    }
}

/// The configurations that the properties ask for, over the defaults of a new bucket.
fn configurations(request: &ResourceRequest) -> Result<BTreeMap<String, String>, ResourceError> {
    let mut found = defaults();
    let sources = [
        ("publicAccessBlock", request.property("PublicAccessBlockConfiguration").map(|value| Ok(switches(value)))),
        ("encryption", request.property("BucketEncryption").map(encryption)),
        ("ownershipControls", request.property("OwnershipControls").map(ownership)),
        ("versioning", request.property("VersioningConfiguration").map(|value| Ok(value.clone()))),
        ("lifecycle", request.property("LifecycleConfiguration").map(lifecycle)),
        ("cors", request.property("CorsConfiguration").map(cors)),
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
            ("ExpirationInDays", "Expiration"),
            ("NoncurrentVersionExpiration", "NoncurrentVersionExpiration"),
            ("NoncurrentVersionExpirationInDays", "NoncurrentVersionExpiration"),
            ("AbortIncompleteMultipartUpload", "AbortIncompleteMultipartUpload"),
        ],
    )?;
    for rule in &mut rules {
        let Some(fields) = rule.as_object_mut() else { continue };
        let prefix = fields.shift_remove("Prefix").unwrap_or_else(|| json!(""));
        fields.insert("Filter".to_owned(), json!({"Prefix": prefix}));
        if let Some(days) = fields.get_mut("Expiration") {
            *days = json!({"Days": days});
        }
        if let Some(days) = fields.get_mut("NoncurrentVersionExpiration").filter(|days| !days.is_object()) {
            *days = json!({"NoncurrentDays": days});
        }
    }
    Ok(json!({"Rule": rules}))
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

fn gone_is_fine(outcome: Result<(), ApiError>) -> Result<(), ResourceError> {
    match outcome {
        Err(error) if error.code != "NoSuchBucket" => Err(error.into()),
        _ => Ok(()),
    }
}
