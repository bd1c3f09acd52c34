//! How CloudFormation makes buckets and their policies. What has no meaning here (replication, logs, object lock) is no
//! property of ours and is refused by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::wire::{create_bucket, drop_policy, put_policy};
use super::{Engine, notification, properties};
use crate::base::BoxFuture;
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
            "AccessControl",
            "BucketEncryption",
            "BucketName",
            "CorsConfiguration",
            "LifecycleConfiguration",
            "NotificationConfiguration",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
            "WebsiteConfiguration",
        ]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["BucketName"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let ids = &*self.0.shared.ids;
            let name =
                request.text("BucketName").unwrap_or_else(|| request.generated_name(ids, 63).to_ascii_lowercase());
            if self.0.objects.buckets.get(&name).is_some() {
                return Err(ResourceError(format!("{name} already exists")));
            }
            let configurations = properties::configurations(request)?;
            create_bucket(&self.0, &name)?;
            self.0.objects.change(&name, |bucket| bucket.configurations = configurations)?;
            if let Err(error) = self.notify(&name, request) {
                // A bucket that the stack does not know would be in the way of the next attempt.
                self.0.objects.delete_bucket(&name)?;
                return Err(error);
            }
            let region = &self.0.shared.region;
            let attributes = [
                ("Arn", format!("arn:aws:s3:::{name}")),
                ("DomainName", format!("{name}.s3.amazonaws.com")),
                ("DualStackDomainName", format!("{name}.s3.dualstack.{region}.amazonaws.com")),
                ("RegionalDomainName", format!("{name}.s3.{region}.amazonaws.com")),
                ("WebsiteURL", website_url(&self.0.shared.endpoint, &name, region.as_str())),
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
            let wanted = properties::configurations(request)?;
            self.0.objects.change(&current.physical_id, |bucket| {
                let own = ["policy", "notification"].map(|word| bucket.configurations.remove_entry(word));
                bucket.configurations = wanted;
                bucket.configurations.extend(own.into_iter().flatten());
            })?;
            self.notify(&current.physical_id, request)?;
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

impl BucketType {
    /// Sends the bucket's events where the property says, when that is new.
    fn notify(&self, name: &str, request: &ResourceRequest) -> Result<(), ResourceError> {
        let property = |properties: &Value| properties.get("NotificationConfiguration").cloned();
        let (wanted, had) = (property(&request.properties), request.previous.as_ref().and_then(property));
        if wanted == had {
            return Ok(());
        }
        let text = properties::notification(&wanted.unwrap_or_else(|| json!({})))?;
        Ok(notification::put(&self.0, name, &text, true)?)
    }
}

/// Where the website of a bucket answers, whether or not it has one.
fn website_url(endpoint: &str, name: &str, region: &str) -> String {
    let (scheme, authority) = endpoint.split_once("://").unwrap_or(("http", endpoint));
    format!("{scheme}://{name}.s3-website.{region}.{authority}")
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

fn gone_is_fine(outcome: Result<(), ApiError>) -> Result<(), ResourceError> {
    match outcome {
        Err(error) if error.code != "NoSuchBucket" => Err(error.into()),
        _ => Ok(()),
    }
}
