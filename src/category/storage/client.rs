//! What front ends are told of buckets: the `storage` section of the outputs file, and its form for local targets.

use serde_json::{Map, Value, json};

use super::BucketSpec;
use super::grants::{Action, OWNER, Who};
use crate::base::ResourceName;

/// What stands in the paths of the outputs file for the identity of the caller.
const IDENTITY: &str = "${cognito-identity.amazonaws.com:sub}";

/// A deployed bucket.
#[derive(Clone, Copy, Debug)]
pub struct Deployed<'a> {
    /// The resource.
    pub resource: &'a ResourceName,
    /// Its settings.
    pub spec: &'a BucketSpec,
    /// Output `BucketName`.
    pub bucket: &'a str,
}

/// The section `storage` of `amplify_outputs.json`, version 1.4; the first bucket is the default.
pub fn outputs(region: &str, buckets: &[Deployed<'_>]) -> Value {
    let entry = |deployed: &Deployed<'_>| {
        let mut entry = json!({
            "name": deployed.resource.as_str(),
            "bucket_name": deployed.bucket,
            "aws_region": region,
        });
        if !deployed.spec.access.is_empty() {
            entry["paths"] = paths(deployed.spec);
        }
        entry
    };
    json!({
        "aws_region": region,
        "bucket_name": buckets.first().map(|first| first.bucket),
        "buckets": buckets.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// The section `Storage` of a `ResourcesConfig`.
pub fn resources_config(region: &str, buckets: &[Deployed<'_>]) -> Value {
    let entry = |deployed: &Deployed<'_>| {
        let mut entry = json!({ "bucketName": deployed.bucket, "region": region });
        if !deployed.spec.access.is_empty() {
            entry["paths"] = paths(deployed.spec);
        }
        (deployed.resource.as_str().to_owned(), entry)
    };
    let all: Map<String, Value> = buckets.iter().map(entry).collect();
    json!({ "S3": { "bucket": buckets.first().map(|first| first.bucket), "region": region, "buckets": all } })
}

/// Who may do what, by path.
fn paths(spec: &BucketSpec) -> Value {
    let path = |(path, grants): (&String, &Vec<super::Grant>)| {
        let mut who = Map::new();
        for grant in grants {
            let named = match &grant.who {
                Who::Guests => "guest".to_owned(),
                Who::SignedIn => "authenticated".to_owned(),
                Who::Owner => "entityidentity".to_owned(),
                Who::Group(group) => format!("groups{group}"),
            };
            let words =
                [(Action::Get, "get"), (Action::List, "list"), (Action::Write, "write"), (Action::Delete, "delete")];
            let allowed = words.iter().filter(|(action, _)| grant.allows(*action)).map(|(_, word)| json!(word));
            who.insert(named, Value::Array(allowed.collect()));
        }
        (path.replace(OWNER, IDENTITY), Value::Object(who))
    };
    Value::Object(spec.access.iter().map(path).collect())
}
