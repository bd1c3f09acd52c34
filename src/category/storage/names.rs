//! What a bucket is called in AWS: names of buckets are unique in the world.

use super::{BucketSpec, StorageSpec};
use crate::base::ResourceName;
use crate::category::function::UNIQUE;
use crate::category::{ResourceSpec, SettingProblem};

/// The longest name of such a resource: a bucket's has 63 characters, and `-<environment>-<unique>` follows.
const LONGEST_NAME: usize = 63 - 1 - 16 - 1 - 8;

/// The name of a resource's bucket, as text for `!Sub`.
pub(in crate::category) fn bucket_name(resource: &ResourceName, spec: &BucketSpec) -> String {
    match &spec.name {
        Some(name) => name.replace("${env}", "${Environment}"),
        None => format!("{}-${{Environment}}-${{{UNIQUE}}}", resource.as_str().to_ascii_lowercase()),
    }
}

/// The ARN of a resource's bucket, as text for `!Sub`.
pub(in crate::category) fn bucket_arn(resource: &ResourceName, spec: &BucketSpec) -> String {
    format!("arn:${{AWS::Partition}}:s3:::{}", bucket_name(resource, spec))
}

/// A name that no bucket can have ("General purpose bucket naming rules").
pub(super) fn check(resource: &ResourceName, spec: &BucketSpec) -> Option<SettingProblem> {
    let Some(name) = &spec.name else {
        let length = resource.as_str().len();
        let why = format!(
            "the name `{resource}` has {length} characters: with the environment's behind it, a bucket's may have {LONGEST_NAME}"
        );
        let problem = || SettingProblem::new("kind", why).hint("give it a shorter name, or set `bucket.name`");
        return (length > LONGEST_NAME).then(problem);
    };
    let plain = name.replace("${env}", "env");
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = (3..=63).contains(&plain.len())
        && plain.chars().all(inner)
        && plain.starts_with(ends)
        && plain.ends_with(ends)
        && !plain.contains("..");
    let why = format!(
        "`{}` is no name of a bucket: 3 to 63 small letters, digits, dots and hyphens, letters or digits at its ends",
        name.escape_debug()
    );
    (!good).then(|| SettingProblem::new("bucket.name", why).hint("`name = \"my-photos-${env}\"`"))
}

/// The bucket of a resource.
pub(in crate::category) fn bucket_of(spec: &ResourceSpec) -> Option<&BucketSpec> {
    match spec {
        ResourceSpec::Storage(StorageSpec { bucket: Some(bucket), .. }) => Some(bucket),
        _ => None,
    }
}
