//! Signature Version 4 as a client makes it, written from AWS's description so that it checks ours.

use hmac::Mac;
use sha2::{Digest, Sha256};

/// Credentials of a caller.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub access: String,
    pub secret: String,
    pub token: Option<String>,
}

impl Key {
    /// The account's root in the embedded cloud.
    pub(crate) fn root() -> Self {
        Self { access: "test".to_owned(), secret: "test".to_owned(), token: None }
    }
}

pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = hmac::Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// The headers to send with a request to `host`. A query must be escaped and in order already.
pub(crate) fn sign(
    key: &Key,
    service: &str,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<(String, String)> {
    sign_method(key, service, host, ("POST", path), headers, body)
}

/// As [`sign`], for any method.
pub(crate) fn sign_method(
    key: &Key,
    service: &str,
    host: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<(String, String)> {
    let now = jiff::Timestamp::now();
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &stamp[..8];
    let mut all: Vec<(String, String)> = headers.iter().map(|(n, v)| (n.to_lowercase(), (*v).to_owned())).collect();
    all.push(("host".to_owned(), host.to_owned()));
    all.push(("x-amz-date".to_owned(), stamp.clone()));
    let hash = hex::encode(Sha256::digest(body));
    if service == "s3" {
        all.push(("x-amz-content-sha256".to_owned(), hash.clone()));
    }
    if let Some(token) = &key.token {
        all.push(("x-amz-security-token".to_owned(), token.clone()));
    }
    all.sort();
    let names = all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines = all.iter().map(|(name, value)| [name, ":", value, "\n"].concat()).collect::<String>();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{hash}");
    let scope = format!("{day}/us-east-1/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let signing = [day, "us-east-1", service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", key.secret).into_bytes(), |key, part| hmac(&key, part.as_bytes()));
    let signature = hex::encode(hmac(&signing, text.as_bytes()));
    let access = &key.access;
    all.push((
        "authorization".to_owned(),
        format!("AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}"),
    ));
    all
}

/// A signed call of a JSON service.
pub(crate) fn call(
    endpoint: &str,
    key: &Key,
    service: &str,
    target: &str,
    input: &serde_json::Value,
) -> super::http::Answer {
    let host = endpoint.trim_start_matches("http://");
    let body = input.to_string();
    let plain = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target)];
    let signed = sign(key, service, host, "/", &plain, body.as_bytes());
    let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    super::http::send(endpoint, "POST", "/", &headers, body.as_bytes())
}
