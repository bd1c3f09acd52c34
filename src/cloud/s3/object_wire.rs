//! The operations on objects: get, head, put, copy, delete.

use std::collections::BTreeMap;

use http::{HeaderMap, Method};

use super::objects::{Conditions, Content, NewObject};
use super::wire::{body_text, empty, method_not_allowed, open, xml_reply};
use super::{Engine, StoredObject, Target, checksums, conditions};
use crate::base::clock::iso_ms;
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiCall, ApiError, ApiReply, Caller, ReplyBody};

/// How many objects one request may delete.
const DELETE_LIMIT: usize = 1000;

/// The largest sum of names and values of user-defined metadata, in bytes.
const METADATA_LIMIT_BYTES: usize = 2048;

/// The headers of a PUT that come back with the object.
const KEPT: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    "x-amz-website-redirect-location",
];

/// Headers of a PUT whose meaning this S3 does not have.
const REFUSED: &[&str] = &[
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-legal-hold",
    "x-amz-grant-read",
    "x-amz-grant-full-control",
    "x-amz-tagging",
];

/// Carries out a call on an object.
pub(super) fn answer(
    engine: &Engine,
    caller: &Caller,
    call: &ApiCall,
    (bucket, key): (&str, &str),
    word: Option<&str>,
) -> Result<ApiReply, ApiError> {
    let target = Target { bucket: Some(bucket), key: Some(key) };
    let allowed = |action: &str| engine.authorize(caller, action, &target, &BTreeMap::new());
    // The one version that there is may be asked for by its name, `null`.
    let null_version = call.query.iter().any(|(name, value)| name == "versionId" && value == "null");
    match word {
        None => {}
        Some("versionId") if null_version => {}
        Some(word) => return Err(ApiError::not_built("s3", &format!("{} object ?{word}", call.method))),
    }
    engine.objects.bucket(bucket)?;
    match call.method {
        Method::GET | Method::HEAD => {
            allowed("s3:GetObject")?;
            let object = visible(engine, caller, bucket, key)?;
            get(call, &object, *caller != Caller::Anonymous)
        }
        Method::PUT if call.headers.contains_key("x-amz-copy-source") => {
            allowed("s3:PutObject")?;
            copy(engine, caller, call, (bucket, key))
        }
        Method::PUT => {
            allowed("s3:PutObject")?;
            put(engine, call, (bucket, key))
        }
        Method::DELETE => {
            allowed("s3:DeleteObject")?;
            engine.objects.delete(bucket, key)?;
            Ok(empty(204))
        }
        _ => Err(method_not_allowed()),
    }
}

/// The object; to a caller who may not list, a missing one is denied, so that names cannot be guessed.
fn visible(engine: &Engine, caller: &Caller, bucket: &str, key: &str) -> Result<StoredObject, ApiError> {
    let found = engine.objects.object(bucket, key);
    if found.is_err() {
        let target = Target { bucket: Some(bucket), key: None };
        engine.authorize(caller, "s3:ListBucket", &target, &BTreeMap::new())?;
    }
    found
}

fn get(call: &ApiCall, object: &StoredObject, signed: bool) -> Result<ApiReply, ApiError> {
    conditions::check(&call.headers, object)?;
    let range = conditions::range(&call.headers, object.length)?;
    let mut headers = vec![
        ("content-type".to_owned(), object.content_type.clone()),
        ("etag".to_owned(), format!("\"{}\"", object.etag)),
        ("last-modified".to_owned(), conditions::http_date(object.modified_ms)),
        ("accept-ranges".to_owned(), "bytes".to_owned()),
        ("x-amz-server-side-encryption".to_owned(), "AES256".to_owned()),
    ];
    let wants_sums = call.headers.get("x-amz-checksum-mode").is_some_and(|mode| mode == "ENABLED") && range.is_none();
    headers
        .extend(object.headers.iter().filter(|(name, _)| wants_sums || !name.starts_with("x-amz-checksum-")).cloned());
    for (name, value) in call.query.iter().filter(|(name, _)| name.starts_with("response-")) {
        if !signed {
            let message = "Request specific response headers cannot be used for anonymous GET requests.";
            return Err(ApiError::new("InvalidRequest", message));
        }
        let header = &name["response-".len()..];
        if matches!(
            header,
            "content-type"
                | "expires"
                | "cache-control"
                | "content-disposition"
                | "content-encoding"
                | "content-language"
        ) {
            headers.retain(|(name, _)| name != header);
            headers.push((header.to_owned(), value.clone()));
        }
    }
    let (status, offset, length) = match range {
        Some((offset, length)) => {
            let last = offset + length - 1;
            headers.push(("content-range".to_owned(), format!("bytes {offset}-{last}/{}", object.length)));
            (206, offset, length)
        }
        None => (200, 0, object.length),
    };
    Ok(ApiReply { status, headers, body: ReplyBody::File { path: object.path.clone(), offset, length } })
}

fn put(engine: &Engine, call: &ApiCall, (bucket, key): (&str, &str)) -> Result<ApiReply, ApiError> {
    let sums = checksums::verify(&call.headers, &call.body)?;
    let (content_type, mut headers) = described(&call.headers)?;
    headers.extend(sums.iter().cloned());
    let conditions = conditions_of(&call.headers)?;
    let object = engine.objects.put(
        bucket,
        key,
        NewObject { content: Content::Bytes(&call.body), content_type, headers, conditions },
    )?;
    let mut reply = empty(200);
    reply.headers.push(("etag".to_owned(), format!("\"{}\"", object.etag)));
    reply.headers.push(("x-amz-server-side-encryption".to_owned(), "AES256".to_owned()));
    reply.headers.extend(sums);
    Ok(reply)
}

/// What a PUT asks of the object that is there.
pub(super) fn conditions_of(headers: &HeaderMap) -> Result<Conditions<'_>, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("if-none-match") {
        None => Ok(Conditions { tag: text("if-match"), absent: false }),
        Some("*") => Ok(Conditions { tag: None, absent: true }),
        Some(_) => Err(ApiError::not_built("s3", "PutObject with If-None-Match other than *")),
    }
}

/// Content type and kept headers of a PUT.
pub(super) fn described(headers: &HeaderMap) -> Result<(String, Vec<(String, String)>), ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(refused) = REFUSED.iter().find(|name| headers.contains_key(**name)) {
        return Err(ApiError::not_built("s3", &format!("PutObject with {refused}")));
    }
    match text("x-amz-acl") {
        None | Some("private" | "bucket-owner-full-control") => {}
        Some(_) => return Err(ApiError::new("AccessControlListNotSupported", "The bucket does not allow ACLs")),
    }
    if text("x-amz-server-side-encryption").is_some_and(|algorithm| algorithm != "AES256") {
        return Err(ApiError::not_built("s3", "PutObject with x-amz-server-side-encryption other than AES256"));
    }
    let kept = |name: &str| KEPT.contains(&name) || name.starts_with("x-amz-meta-");
    let mut found = Vec::new();
    for name in headers.keys().map(http::HeaderName::as_str).filter(|name| kept(name)) {
        let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        found.push((name.to_owned(), values.join(",")));
    }
    let metadata: usize =
        found.iter().filter_map(|(name, value)| Some(name.strip_prefix("x-amz-meta-")?.len() + value.len())).sum();
    if metadata > METADATA_LIMIT_BYTES {
        let message = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(ApiError::new("MetadataTooLarge", message));
    }
    Ok((text("content-type").unwrap_or("binary/octet-stream").to_owned(), found))
}

fn copy(engine: &Engine, caller: &Caller, call: &ApiCall, (bucket, key): (&str, &str)) -> Result<ApiReply, ApiError> {
    let text = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    let source = percent::decode(text("x-amz-copy-source").unwrap_or_default());
    let source = source.split("?versionId=").next().unwrap_or_default().trim_start_matches('/');
    let (from_bucket, from_key) = source.split_once('/').filter(|(_, key)| !key.is_empty()).ok_or_else(|| {
        ApiError::new("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
    })?;
    let target = Target { bucket: Some(from_bucket), key: Some(from_key) };
    engine.objects.bucket(from_bucket)?;
    engine.authorize(caller, "s3:GetObject", &target, &BTreeMap::new())?;
    let object = visible(engine, caller, from_bucket, from_key)?;
    let failed = || {
        ApiError::new("PreconditionFailed", "At least one of the pre-conditions you specified did not hold").status(412)
    };
    if text("x-amz-copy-source-if-match").is_some_and(|tags| !super::conditions::tag_matches(tags, &object.etag))
        || text("x-amz-copy-source-if-none-match")
            .is_some_and(|tags| super::conditions::tag_matches(tags, &object.etag))
    {
        return Err(failed());
    }
    let replace = text("x-amz-metadata-directive") == Some("REPLACE");
    if !replace && (from_bucket, from_key) == (bucket, key) {
        return Err(ApiError::new(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    let (content_type, headers) =
        if replace { described(&call.headers)? } else { (object.content_type.clone(), object.headers.clone()) };
    let content = Content::Parts(std::slice::from_ref(&object.path), object.etag.clone());
    let new = NewObject { content, content_type, headers, conditions: Conditions::default() };
    let made = engine.objects.put(bucket, key, new)?;
    Ok(xml_reply(&format!(
        "{}{}{}</CopyObjectResult>",
        open("CopyObjectResult"),
        element("LastModified", &iso_ms(made.modified_ms)),
        element("ETag", &format!("\"{}\"", made.etag)),
    )))
}

/// `POST ?delete`: many objects in one request, each allowed or refused by itself.
pub(super) fn delete_many(
    engine: &Engine,
    caller: &Caller,
    call: &ApiCall,
    bucket: &str,
) -> Result<ApiReply, ApiError> {
    let summed = call.headers.contains_key("content-md5")
        || call.headers.keys().any(|name| name.as_str().starts_with("x-amz-checksum-"));
    if !summed {
        let message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
        return Err(ApiError::new("InvalidRequest", message));
    }
    checksums::verify(&call.headers, &call.body)?;
    let malformed = || {
        ApiError::new(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    };
    let request = xml::parse(body_text(call)?).map_err(|_| malformed())?;
    let keys: Option<Vec<&str>> =
        request.all("Object").map(|object| Some(object.child("Key")?.text.as_str())).collect();
    let keys = keys.filter(|keys| (1..=DELETE_LIMIT).contains(&keys.len())).ok_or_else(malformed)?;
    let quiet = request.child_text("Quiet") == Some("true");
    let mut text = open("DeleteResult");
    for key in keys {
        let target = Target { bucket: Some(bucket), key: Some(key) };
        let outcome = engine
            .authorize(caller, "s3:DeleteObject", &target, &BTreeMap::new())
            .and_then(|()| engine.objects.delete(bucket, key));
        match outcome {
            Ok(()) if quiet => {}
            Ok(()) => text.push_str(&xml::wrap("Deleted", &[element("Key", key)])),
            Err(error) => text.push_str(&xml::wrap(
                "Error",
                &[element("Key", key), element("Code", &error.code), element("Message", &error.message)],
            )),
        }
    }
    text.push_str("</DeleteResult>");
    Ok(xml_reply(&text))
}
