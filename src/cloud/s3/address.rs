//! Which bucket and key a request or a URL means: virtual-host style, path style, `s3://`.

use crate::cloud::gateway::origin::host_name;
use crate::cloud::protocol::percent;

/// Bucket and key of a request; either may be absent.
pub(super) fn of_request(host: &str, path: &str) -> (Option<String>, Option<String>) {
    let path = path.strip_prefix('/').unwrap_or(path);
    let some = |text: &str| (!text.is_empty()).then(|| percent::decode(text));
    if let Some(bucket) = bucket_in_host(&host_name(host)) {
        return (Some(bucket), some(path));
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    (some(bucket), some(key))
}

/// The bucket in the host of a website: `b.s3-website.eu-west-1.localhost`, `b.s3-website-us-east-1.amazonaws.com`.
pub(super) fn website(host: &str) -> Option<String> {
    let name = host_name(host);
    let rest = name.strip_suffix(".localhost").or_else(|| name.strip_suffix(".amazonaws.com"))?;
    let (bucket, region) = rest.rsplit_once(".s3-website")?;
    (!bucket.is_empty() && (region.is_empty() || region.starts_with(['.', '-']))).then(|| bucket.to_owned())
}

/// The bucket in a host of virtual-host style.
pub(super) fn bucket_in_host(host: &str) -> Option<String> {
    let rest = host.strip_suffix(".localhost").or_else(|| {
        let rest = host.strip_suffix(".amazonaws.com")?;
        // Only hosts of S3 carry buckets: `b.s3.amazonaws.com`, `b.s3.eu-west-1.amazonaws.com`.
        (rest.strip_suffix(".s3").is_some() || rest.contains(".s3.") || rest.contains(".s3-")).then_some(rest)
    })?;
    let end = [".s3.", ".s3-"].iter().filter_map(|mark| rest.rfind(mark)).max();
    let bucket = match (end, rest.strip_suffix(".s3")) {
        (_, Some(bucket)) => bucket,
        (Some(end), None) => &rest[..end],
        (None, None) => rest,
    };
    let service_only = bucket == "s3" || bucket.starts_with("s3.") || bucket.is_empty();
    (!service_only).then(|| bucket.to_owned())
}

/// Bucket and key of an `s3://`, path-style, virtual-host or local URL.
pub(super) fn of_url(url: &str) -> Option<(String, String)> {
    if let Some(rest) = url.strip_prefix("s3://") {
        let (bucket, key) = rest.split_once('/')?;
        return (!bucket.is_empty() && !key.is_empty()).then(|| (bucket.to_owned(), key.to_owned()));
    }
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/')?;
    match of_request(authority, path) {
        (Some(bucket), Some(key)) => Some((bucket, key)),
        _ => None,
    }
}
