//! Signature Version 2 in the query of a presigned S3 URL. Some clients make no other for the oldest region, where S3 still
//! takes it. Nothing else may be signed in this way.
//!
//! Source: "Signing and authenticating REST requests (AWS signature version 2)" of the S3 user guide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use ring::hmac;

use crate::cloud::protocol::percent;
use crate::cloud::service::ApiError;

/// The parameters that are part of what is signed.
const SIGNED: &[&str] = &[
    "acl",
    "accelerate",
    "analytics",
    "cors",
    "delete",
    "encryption",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// What a URL claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LegacyClaim {
    pub access_key: String,
    pub token: Option<String>,
    /// Seconds since 1970.
    pub expires_s: i64,
    signature: String,
    expires: String,
}

/// The claim in the query; `None` when there is none of this kind.
pub(super) fn claim(query: &[(String, String)]) -> Result<Option<LegacyClaim>, ApiError> {
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let Some(access_key) = parameter("AWSAccessKeyId") else { return Ok(None) };
    let incomplete = || {
        let message = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
        ApiError::new("AccessDenied", message).status(403)
    };
    let expires = parameter("Expires").ok_or_else(incomplete)?;
    let expires_s = expires.parse().map_err(|_| {
        ApiError::new("AccessDenied", format!("Invalid date (should be seconds since epoch): {expires}")).status(403)
    })?;
    let signature = parameter("Signature").ok_or_else(incomplete)?;
    Ok(Some(LegacyClaim { access_key, token: parameter("x-amz-security-token"), expires_s, signature, expires }))
}

impl LegacyClaim {
    /// Whether the URL is still good.
    pub(super) fn check_time(&self, now_s: i64) -> Result<(), ApiError> {
        if now_s <= self.expires_s {
            return Ok(());
        }
        Err(ApiError::new("AccessDenied", "Request has expired").status(403))
    }

    /// Checks the signature. `bucket` is the one in the host, when it is not in the path.
    pub(super) fn check(&self, parts: &Parts, bucket: Option<&str>, secret: &str) -> Result<(), ApiError> {
        let query = percent::decode_pairs(parts.uri.query().unwrap_or_default());
        let text = self.text(parts, bucket, &query);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let given = STANDARD.decode(&self.signature).unwrap_or_default();
        hmac::verify(&key, text.as_bytes(), &given).map_err(|_| super::signature::mismatch())
    }

    /// What is signed: method, digest, type, end, the headers of AWS, the resource.
    fn text(&self, parts: &Parts, bucket: Option<&str>, query: &[(String, String)]) -> String {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let either = |name: &str| header(name).or_else(|| parameter(name)).unwrap_or_default();
        // Headers of AWS may have been moved into the query.
        let in_query = query.iter().filter(|(name, _)| name.starts_with("x-amz-")).cloned();
        let in_headers = parts.headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-"));
        let in_headers = in_headers.map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
        });
        let mut headers: Vec<(String, String)> = in_query.chain(in_headers).collect();
        headers.sort();
        headers.dedup();
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let mut signed: Vec<String> = query
            .iter()
            .filter(|(name, _)| SIGNED.contains(&name.as_str()))
            .map(|(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") })
            .collect();
        signed.sort();
        let bucket = bucket.map(|bucket| format!("/{bucket}")).unwrap_or_default();
        let mark = if signed.is_empty() { "" } else { "?" };
        format!(
            "{}\n{}\n{}\n{}\n{}{bucket}{}{mark}{}",
            parts.method,
            either("content-md5"),
            either("content-type"),
            self.expires,
            headers.concat(),
            parts.uri.path(),
            signed.join("&")
        )
    }
}
