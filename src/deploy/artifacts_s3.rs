//! [`ObjectStore`] over the AWS SDK. The only file that knows `aws-sdk-s3` as a service.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Delete, ObjectIdentifier, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use aws_types::SdkConfig;
use bytes::Bytes;

use super::DeployError;
use super::artifacts::{Bucket, ObjectMeta, ObjectStore};
use super::sdk_error::Callee;
use crate::base::{BoxFuture, Endpoint};

/// The metadata entry that holds the fingerprint.
const FINGERPRINT: &str = "ampup-fingerprint";
/// Keys of one delete request at most (S3 API reference, DeleteObjects).
const DELETE_AT_ONCE: usize = 1000;

/// The objects of a bucket.
#[derive(Debug)]
pub struct S3Objects {
    client: Client,
    callee: Callee,
    endpoint: Option<Endpoint>,
    region: String,
    bucket: String,
}

impl S3Objects {
    pub(super) fn new(
        config: &SdkConfig,
        callee: Callee,
        endpoint: Option<Endpoint>,
        region: String,
        bucket: &str,
    ) -> Self {
        // An address of its own has no sub-domains for buckets.
        let own = aws_sdk_s3::config::Builder::from(config).force_path_style(endpoint.is_some()).build();
        Self { client: Client::from_conf(own), callee, endpoint, region, bucket: bucket.to_owned() }
    }

    async fn make(&self) -> Result<(), DeployError> {
        let call = self.client.create_bucket().bucket(&self.bucket);
        let call = if self.region == "us-east-1" {
            call
        } else {
            let place = BucketLocationConstraint::from(self.region.as_str());
            call.create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(place).build())
        };
        call.send().await.map_err(|error| self.callee.error("s3:CreateBucket", error))?;
        self.close().await
    }

    /// Encrypts the bucket and closes it to the public.
    async fn close(&self) -> Result<(), DeployError> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let call = self.client.put_public_access_block().bucket(&self.bucket).public_access_block_configuration(block);
        call.send().await.map_err(|error| self.callee.error("s3:PutBucketPublicAccessBlock", error))?;
        let default = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build();
        let default = default.map_err(build_failed("s3:PutEncryptionConfiguration"))?;
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default).build();
        let rules = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        let rules = rules.map_err(build_failed("s3:PutEncryptionConfiguration"))?;
        let call = self.client.put_bucket_encryption().bucket(&self.bucket).server_side_encryption_configuration(rules);
        call.send().await.map_err(|error| self.callee.error("s3:PutEncryptionConfiguration", error))?;
        Ok(())
    }
}

fn build_failed(operation: &'static str) -> impl Fn(aws_sdk_s3::error::BuildError) -> DeployError {
    move |error| DeployError::Unexpected { operation: operation.to_owned(), source: error.into() }
}

/// A missing object or bucket: HEAD has no body, so the code may be nothing but the status.
fn is_missing(code: &str) -> bool {
    matches!(code, "NotFound" | "NoSuchKey" | "NoSuchBucket" | "404")
}

impl ObjectStore for S3Objects {
    fn ensure(&self) -> BoxFuture<'_, Result<Bucket, DeployError>> {
        Box::pin(async move {
            let answer = self.client.head_bucket().bucket(&self.bucket).send().await;
            match answer {
                Ok(_) => Ok(Bucket::Kept),
                Err(error) if error.as_service_error().is_some_and(HeadBucketError::is_not_found) => {
                    self.make().await.map(|()| Bucket::Made)
                }
                Err(error) => match self.callee.error("s3:HeadBucket", error) {
                    DeployError::Service { code, .. } if is_missing(&code) => self.make().await.map(|()| Bucket::Made),
                    error => Err(error),
                },
            }
        })
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<ObjectMeta>, DeployError>> {
        Box::pin(async move {
            let answer = self.client.head_object().bucket(&self.bucket).key(key).send().await;
            match answer {
                Ok(found) => Ok(Some(ObjectMeta {
                    content_type: found.content_type().map(str::to_owned),
                    cache_control: found.cache_control().map(str::to_owned),
                    fingerprint: found.metadata().and_then(|own| own.get(FINGERPRINT)).cloned(),
                })),
                Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(None),
                Err(error) => match self.callee.error("s3:HeadObject", error) {
                    DeployError::Service { code, .. } if is_missing(&code) => Ok(None),
                    error => Err(error),
                },
            }
        })
    }

    fn put<'a>(&'a self, key: &'a str, content: Bytes, meta: ObjectMeta) -> BoxFuture<'a, Result<(), DeployError>> {
        Box::pin(async move {
            let call = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(content));
            let mut call = call.set_content_type(meta.content_type).set_cache_control(meta.cache_control);
            if let Some(fingerprint) = meta.fingerprint {
                call = call.metadata(FINGERPRINT, fingerprint);
            }
            call.send().await.map_err(|error| self.callee.error("s3:PutObject", error))?;
            Ok(())
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>, DeployError>> {
        Box::pin(async move {
            let mut keys = Vec::new();
            let mut token = None;
            loop {
                let call = self.client.list_objects_v2().bucket(&self.bucket).set_continuation_token(token);
                let page = call.send().await.map_err(|error| self.callee.error("s3:ListBucket", error))?;
                keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
                token = page.next_continuation_token().map(str::to_owned);
                if token.is_none() {
                    return Ok(keys);
                }
            }
        })
    }

    fn delete(&self, keys: Vec<String>) -> BoxFuture<'_, Result<(), DeployError>> {
        Box::pin(async move {
            let failed = build_failed("s3:DeleteObject");
            for some in keys.chunks(DELETE_AT_ONCE) {
                let names: Result<Vec<_>, _> =
                    some.iter().map(|key| ObjectIdentifier::builder().key(key).build()).collect();
                let list = Delete::builder().set_objects(Some(names.map_err(&failed)?)).quiet(true).build();
                let call = self.client.delete_objects().bucket(&self.bucket).delete(list.map_err(&failed)?);
                let answer = call.send().await.map_err(|error| self.callee.error("s3:DeleteObject", error))?;
                if let Some(error) = answer.errors().first() {
                    return Err(DeployError::Service {
                        operation: format!("s3:DeleteObject of `{}`", error.key().unwrap_or_default()),
                        code: error.code().unwrap_or("Unknown").to_owned(),
                        message: error.message().unwrap_or("no reason given").to_owned(),
                    });
                }
            }
            Ok(())
        })
    }

    fn url(&self, key: &str) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("{endpoint}/{}/{key}", self.bucket),
            None => format!("https://{}.s3.{}.amazonaws.com/{key}", self.bucket, self.region),
        }
    }

    fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}
