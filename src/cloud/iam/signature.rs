//! Signature Version 4: reads what a request claims, and checks it. Signing is not its task.
//!
//! Source: "Create a signed AWS API request" of the IAM user guide, and "Authenticating requests" of the S3 reference.

use http::request::Parts;
use ring::hmac;
use sha2::{Digest, Sha256};

use crate::cloud::protocol::chunked::ChunkSigner;
use crate::cloud::protocol::percent;
use crate::cloud::service::ApiError;

/// How far the client's clock may be from ours, in seconds.
const SKEW_S: i64 = 15 * 60;

/// The longest life of a presigned URL, in seconds.
const PRESIGNED_LIMIT_S: i64 = 7 * 24 * 60 * 60;

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const UNSIGNED_STREAM: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// What S3 takes in the place of the hash of a body.
const STATED: [&str; 4] =
    [UNSIGNED, UNSIGNED_STREAM, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"];

/// How the body of a request takes part in its signature.
#[derive(Clone, Debug)]
pub(in crate::cloud) enum Payload {
    /// Not at all.
    Unsigned,
    /// By its SHA-256, in hexadecimal digits.
    Hash(String),
    /// Chunk by chunk.
    Stream(Box<ChunkSigner>),
}

/// What a signed request claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud) struct Claim {
    pub access_key: String,
    /// `20130524/us-east-1/s3/aws4_request`.
    pub scope: String,
    /// The service in the scope.
    pub service: String,
    /// `20130524T000000Z`.
    pub date: String,
    pub signed_headers: Vec<String>,
    pub signature: String,
    pub token: Option<String>,
    /// Seconds of life of a presigned URL.
    pub expires_s: Option<i64>,
}

/// The claim in the headers or the query of a request; `None` when it is not signed.
pub(in crate::cloud) fn claim(parts: &Parts) -> Result<Option<Claim>, ApiError> {
    let authorization = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    if let Some(fields) = authorization.and_then(|text| text.strip_prefix(ALGORITHM)) {
        return header_claim(parts, fields).map(Some);
    }
    let query = percent::decode_pairs(parts.uri.query().unwrap_or_default());
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    match parameter("X-Amz-Algorithm") {
        Some(algorithm) if algorithm == ALGORITHM => query_claim(&parameter).map(Some),
        Some(_) => Err(query_error("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"")),
        // Signature Version 2: S3 takes it in presigned URLs, which are read elsewhere.
        None if parameter("AWSAccessKeyId").is_some() || authorization.is_some_and(|text| text.starts_with("AWS ")) => {
            let message =
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
            Err(ApiError::new("InvalidRequest", message))
        }
        None => Ok(None),
    }
}

fn header_claim(parts: &Parts, fields: &str) -> Result<Claim, ApiError> {
    let field = |name: &str| {
        let found = fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
        found.map(str::to_owned).ok_or_else(|| {
            incomplete(&format!("Authorization header requires '{name}' parameter. Authorization={ALGORITHM}"))
        })
    };
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let date = text("x-amz-date").ok_or_else(|| {
        incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    })?;
    build(&field("Credential")?, date, &field("SignedHeaders")?, field("Signature")?)
        .map(|claim| Claim { token: text("x-amz-security-token"), ..claim })
}

fn query_claim(parameter: &dyn Fn(&str) -> Option<String>) -> Result<Claim, ApiError> {
    let needed = |name: &str| {
        parameter(name).ok_or_else(|| {
            query_error(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                 X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            )
        })
    };
    // Only S3 asks for `X-Amz-Expires`; a presigned call to another service lives as long as a signed one.
    let expires_s = match parameter("X-Amz-Expires") {
        Some(text) => match text.parse::<i64>() {
            Ok(seconds) if (1..=PRESIGNED_LIMIT_S).contains(&seconds) => Some(seconds),
            _ => return Err(query_error("X-Amz-Expires must be between 1 and 604800 seconds")),
        },
        None => None,
    };
    let claim = build(
        &needed("X-Amz-Credential")?,
        needed("X-Amz-Date")?,
        &needed("X-Amz-SignedHeaders")?,
        needed("X-Amz-Signature")?,
    )?;
    Ok(Claim { token: parameter("X-Amz-Security-Token"), expires_s, ..claim })
}

/// A claim from a credential (`key/day/region/service/aws4_request`) and what stands beside it.
pub(super) fn build(
    credential: &str,
    date: String,
    signed_headers: &str,
    signature: String,
) -> Result<Claim, ApiError> {
    let (access_key, scope) = credential.split_once('/').ok_or_else(|| bad_credential(credential))?;
    let parts: Vec<&str> = scope.split('/').collect();
    match parts[..] {
        [day, _, service, "aws4_request"] if date.starts_with(day) && seconds(&date).is_some() => Ok(Claim {
            access_key: access_key.to_owned(),
            scope: scope.to_owned(),
            service: service.to_owned(),
            date,
            signed_headers: signed_headers.split(';').map(str::to_ascii_lowercase).collect(),
            signature,
            token: None,
            expires_s: None,
        }),
        _ => Err(bad_credential(credential)),
    }
}

impl Claim {
    /// Whether the request is of now: AWS's 15 minutes, or the life of a presigned URL.
    pub(in crate::cloud) fn check_time(&self, now_s: i64) -> Result<(), ApiError> {
        let signed_s = seconds(&self.date).ok_or_else(|| bad_credential(&self.scope))?;
        let skewed = |message: String| Err(ApiError::new("RequestTimeTooSkewed", message).status(403));
        if signed_s > now_s + SKEW_S {
            return skewed(format!(
                "Signature not yet current: {} is still later than {} ({} + 15 min.)",
                self.date,
                stamp(now_s + SKEW_S),
                stamp(now_s)
            ));
        }
        match self.expires_s {
            Some(life_s) if now_s > signed_s + life_s => {
                Err(ApiError::new("AccessDenied", "Request has expired").status(403))
            }
            None if now_s > signed_s + SKEW_S => skewed(format!(
                "Signature expired: {} is now earlier than {} ({} - 15 min.)",
                self.date,
                stamp(now_s - SKEW_S),
                stamp(now_s)
            )),
            _ => Ok(()),
        }
    }

    /// Checks the signature with the secret of the claimed key. Without a body (one that is not read yet) what the request
    /// states of it is signed, and given to be checked while it is read.
    pub(in crate::cloud) fn check(
        &self,
        parts: &Parts,
        body: Option<&[u8]>,
        secret: &str,
    ) -> Result<Payload, ApiError> {
        if !self.signed_headers.iter().any(|name| name == "host") {
            return Err(incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
        }
        self.check_headers(parts)?;
        let payload = match body {
            Some(body) => self.payload_hash(parts, body)?,
            None => self.stated_hash(parts)?,
        };
        let canonical = self.canonical(parts, &payload);
        let text = format!("{ALGORITHM}\n{}\n{}\n{}", self.date, self.scope, hash(canonical.as_bytes()));
        let key = self.key(secret);
        let given = hex::decode(&self.signature).map_err(|_| mismatch())?;
        hmac::verify(&key, text.as_bytes(), &given).map_err(|_| mismatch())?;
        if payload.starts_with("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") {
            let (date, scope, previous) = (self.date.clone(), self.scope.clone(), self.signature.clone());
            return Ok(Payload::Stream(Box::new(ChunkSigner { key, date, scope, previous })));
        }
        Ok(if payload == UNSIGNED || payload == UNSIGNED_STREAM { Payload::Unsigned } else { Payload::Hash(payload) })
    }

    /// Checks the signature of a text, as forms have it, with the secret of the claimed key.
    pub(super) fn check_text(&self, text: &str, secret: &str) -> Result<(), ApiError> {
        let given = hex::decode(&self.signature).map_err(|_| mismatch())?;
        hmac::verify(&self.key(secret), text.as_bytes(), &given).map_err(|_| mismatch())
    }

    /// S3 wants every header of its own to be signed, so that none can be added on the way.
    fn check_headers(&self, parts: &Parts) -> Result<(), ApiError> {
        let unsigned: Vec<&str> = parts
            .headers
            .keys()
            .map(http::HeaderName::as_str)
            .filter(|name| name.starts_with("x-amz-") && *name != "x-amz-content-sha256")
            .filter(|name| !self.signed_headers.iter().any(|signed| signed == name))
            .collect();
        if self.service != "s3" || unsigned.is_empty() {
            return Ok(());
        }
        let message = "There were headers present in the request which were not signed";
        let mut error = ApiError::new("AccessDenied", message).status(403);
        error.extra.insert("HeadersNotSigned".to_owned(), unsigned.join(", ").into());
        Err(error)
    }

    /// What the request states of a body that is not read yet.
    fn stated_hash(&self, parts: &Parts) -> Result<String, ApiError> {
        let stated = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match stated {
            Some(stated) if STATED.contains(&stated) || is_hash(stated) => Ok(stated.to_owned()),
            Some(_) => Err(ApiError::new(
                "InvalidArgument",
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                 STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 value.",
            )),
            None if self.expires_s.is_some() => Ok(UNSIGNED.to_owned()),
            None => {
                Err(ApiError::new("InvalidRequest", "Missing required header for this request: x-amz-content-sha256"))
            }
        }
    }

    /// The hash of the body that goes into the signature; a hash that the client states must be the body's.
    fn payload_hash(&self, parts: &Parts, body: &[u8]) -> Result<String, ApiError> {
        if self.service != "s3" {
            return Ok(hash(body));
        }
        let stated = self.stated_hash(parts)?;
        if !STATED.contains(&stated.as_str()) && stated != hash(body) {
            let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
            return Err(ApiError::new("XAmzContentSHA256Mismatch", message));
        }
        Ok(stated)
    }

    fn canonical(&self, parts: &Parts, payload: &str) -> String {
        let path = parts.uri.path();
        // S3 encodes the path once, every other service encodes the path as sent once more.
        let path = if self.service == "s3" {
            percent::encode_path(&percent::decode(path))
        } else {
            percent::encode_path(path)
        };
        let mut query: Vec<(String, String)> = percent::decode_pairs(parts.uri.query().unwrap_or_default())
            .into_iter()
            .filter(|(name, _)| name != "X-Amz-Signature")
            .map(|(name, value)| (percent::encode(&name), percent::encode(&value)))
            .collect();
        query.sort();
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers: Vec<String> =
            self.signed_headers.iter().map(|name| format!("{name}:{}\n", header(parts, name))).collect();
        let headers = headers.concat();
        let names = self.signed_headers.join(";");
        format!("{}\n{path}\n{}\n{headers}\n{names}\n{payload}", parts.method, query.join("&"))
    }

    fn key(&self, secret: &str) -> hmac::Key {
        let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        self.scope
            .split('/')
            .fold(first, |key, part| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()))
    }
}

/// The values of a header as they are signed: joined by commas, with runs of spaces made one.
fn header(parts: &Parts, name: &str) -> String {
    let values = parts.headers.get_all(name).iter().map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    });
    let joined = values.collect::<Vec<_>>().join(",");
    match (name, joined.is_empty(), parts.uri.authority()) {
        ("host", true, Some(authority)) => authority.to_string(),
        _ => joined,
    }
}

/// Seconds since 1970 of `20130524T000000Z`.
fn seconds(date: &str) -> Option<i64> {
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

fn stamp(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.strftime("%Y%m%dT%H%M%SZ").to_string())
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn incomplete(message: &str) -> ApiError {
    ApiError::new("IncompleteSignature", message)
}

fn query_error(message: &str) -> ApiError {
    ApiError::new("AuthorizationQueryParametersError", message)
}

fn bad_credential(credential: &str) -> ApiError {
    incomplete(&format!(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
    ))
}

pub(super) fn mismatch() -> ApiError {
    ApiError::new(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details.",
    )
    .status(403)
}
