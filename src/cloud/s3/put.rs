//! Writing objects: what the headers of a `PutObject` say, and the object made of its body.

use http::HeaderMap;

use super::ask::{Ask, tag_keys};
use super::buckets::with;
use super::checksums::Algorithm;
use super::intake::{self, Received};
use super::objects::{Content, NewObject, Place};
use super::record::StoredObject;
use super::tagging;
use super::wire::empty;
use crate::cloud::service::{ApiError, ApiReply};
use crate::cloud::store::Batch;

/// The largest sum of names and values of user-defined metadata, in bytes.
const METADATA_LIMIT_BYTES: usize = 2048;

/// The headers of a PUT that come back with the object.
const KEPT: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-language",
    "expires",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

/// Headers of a PUT whose meaning this S3 does not have.
const REFUSED: &[&str] = &[
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-write-offset-bytes",
];

/// Headers that are access lists.
const GRANTS: &[&str] =
    &["x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write-acp"];

/// The storage classes whose objects can be read at once.
const CLASSES: &[&str] =
    &["STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"];

/// What the headers of a PUT say of the object.
#[derive(Clone, Debug, Default)]
pub(super) struct Described {
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
}

/// Reads the headers of a PUT, or of the start of an upload in parts.
pub(super) fn described(headers: &HeaderMap) -> Result<Described, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(refused) = REFUSED.iter().find(|name| headers.contains_key(**name)) {
        return Err(ApiError::not_built("s3", &format!("PutObject with {refused}")));
    }
    let grants = GRANTS.iter().any(|name| headers.contains_key(*name));
    if grants || !matches!(text("x-amz-acl"), None | Some("private" | "bucket-owner-full-control")) {
        return Err(no_access_lists());
    }
    if text("x-amz-server-side-encryption").is_some_and(|algorithm| algorithm != "AES256") {
        return Err(ApiError::not_built("s3", "PutObject with x-amz-server-side-encryption other than AES256"));
    }
    match text("x-amz-storage-class") {
        Some("GLACIER" | "DEEP_ARCHIVE") => {
            return Err(ApiError::not_built("s3", "PutObject with a storage class that must be restored"));
        }
        Some(class) if !CLASSES.contains(&class) => {
            let message = "The storage class you specified is not valid";
            return Err(with("InvalidStorageClass", message, "StorageClassRequested", class));
        }
        _ => {}
    }
    let kept = |name: &str| KEPT.contains(&name) || name.starts_with("x-amz-meta-");
    let mut found: Vec<(String, String)> = Vec::new();
    for name in headers.keys().map(http::HeaderName::as_str).filter(|name| kept(name)) {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        found.push((name.to_owned(), values.collect::<Vec<_>>().join(",")));
    }
    found.extend(intake::content_encoding(headers).map(|encoding| ("content-encoding".to_owned(), encoding)));
    check_metadata(&found)?;
    Ok(Described {
        content_type: text("content-type").filter(|kind| !kind.is_empty()).unwrap_or("binary/octet-stream").to_owned(),
        headers: found,
        tags: text("x-amz-tagging").map_or_else(|| Ok(Vec::new()), tagging::of_header)?,
    })
}

/// Refuses more metadata than an object can have.
pub(super) fn check_metadata(headers: &[(String, String)]) -> Result<(), ApiError> {
    let size: usize =
        headers.iter().filter_map(|(name, value)| Some(name.strip_prefix("x-amz-meta-")?.len() + value.len())).sum();
    if size <= METADATA_LIMIT_BYTES {
        return Ok(());
    }
    let mut error = ApiError::new("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size");
    error.extra.insert("Size".to_owned(), size.into());
    error.extra.insert("MaxSizeAllowed".to_owned(), METADATA_LIMIT_BYTES.into());
    Err(error)
}

/// The answer to who wants access lists: since April 2023 new buckets have none.
pub(super) fn no_access_lists() -> ApiError {
    ApiError::new("AccessControlListNotSupported", "The bucket does not allow ACLs")
}

/// Whether the caller may store the object: tags need a right of their own.
pub(super) fn allowed(ask: &Ask<'_>, place: Place<'_>, tags: &[(String, String)]) -> Result<(), ApiError> {
    let keys = tag_keys("s3:RequestObjectTag", tags);
    if !tags.is_empty() {
        ask.allowed_with("s3:PutObjectTagging", place, keys.clone())?;
    }
    ask.allowed_with("s3:PutObject", place, keys)
}

/// What must hold before the body of a `PutObject` is read.
pub(super) fn prepare(ask: &Ask<'_>, place: Place<'_>) -> Result<Described, ApiError> {
    ask.engine.objects.bucket(place.bucket)?;
    check_key(place.key)?;
    let described = described(&ask.call.headers)?;
    allowed(ask, place, &described.tags)?;
    ask.conditions()?;
    Ok(described)
}

/// Refuses a key that no answer could carry.
pub(super) fn check_key(key: &str) -> Result<(), ApiError> {
    if key.contains('\0') {
        return Err(ApiError::new("InvalidURI", "Couldn't parse the specified URI."));
    }
    if key.len() > super::objects::KEY_LIMIT_BYTES {
        return Err(super::objects::too_long(key));
    }
    Ok(())
}

/// Stores the object of a `PutObject`.
pub(super) fn finish(
    ask: &Ask<'_>,
    place: Place<'_>,
    described: Described,
    received: Received,
) -> Result<ApiReply, ApiError> {
    let object = store(ask, place, (described, received), "ObjectCreated:Put")?;
    let mut reply = empty(200);
    reply.headers = stored_headers(ask, place, &object)?;
    reply.headers.push(("etag".to_owned(), format!("\"{}\"", object.etag)));
    reply.headers.extend(object.headers.iter().filter(|(name, _)| name.starts_with("x-amz-checksum-")).cloned());
    Ok(reply)
}

/// Makes an object of a body that was received; `event` says by what.
pub(super) fn store(
    ask: &Ask<'_>,
    place: Place<'_>,
    (described, received): (Described, Received),
    event: &'static str,
) -> Result<StoredObject, ApiError> {
    let Described { content_type, mut headers, tags } = described;
    headers.extend(sum_headers(&received.finished.named));
    let conditions = ask.conditions()?;
    let content = Content::Body(received);
    let new =
        NewObject { content, content_type, headers, tags, parts: Vec::new(), conditions, together: Batch::default() };
    ask.engine.objects.put(place, new, &ask.cause(event))
}

/// The headers under which checksums of a whole object are kept and given.
pub(super) fn sum_headers(sums: &[(Algorithm, String)]) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> =
        sums.iter().map(|(algorithm, sum)| (algorithm.header().to_owned(), sum.clone())).collect();
    if !headers.is_empty() {
        headers.push(("x-amz-checksum-type".to_owned(), "FULL_OBJECT".to_owned()));
    }
    headers
}

/// The headers of the answer to whatever stored an object.
pub(super) fn stored_headers(
    ask: &Ask<'_>,
    place: Place<'_>,
    object: &StoredObject,
) -> Result<Vec<(String, String)>, ApiError> {
    let mut headers = vec![("x-amz-server-side-encryption".to_owned(), "AES256".to_owned())];
    let bucket = ask.engine.objects.bucket(place.bucket)?;
    if bucket.has_versions() {
        headers.push(("x-amz-version-id".to_owned(), object.version_id().to_owned()));
    }
    let expiration = super::lifecycle::expiration(&bucket, place.key, object);
    headers.extend(expiration.map(|text| ("x-amz-expiration".to_owned(), text)));
    Ok(headers)
}
