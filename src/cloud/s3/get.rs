//! Reading objects: `GetObject`, `HeadObject`, `GetObjectAttributes`, `GetObjectAcl`.

use super::ask::Ask;
use super::checksums::Algorithm;
use super::objects::Place;
use super::record::StoredObject;
use super::wire::{open, xml_reply};
use super::{buckets::with, conditions, lifecycle};
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiError, ApiReply, Caller, ReplyBody};

/// Headers of the answer that a signed request may choose: `response-content-type`, ….
const CHOSEN: &[&str] =
    &["content-type", "expires", "cache-control", "content-disposition", "content-encoding", "content-language"];

/// How many parts `GetObjectAttributes` gives at once.
const PARTS_PAGE: usize = 1000;

/// The object that a request means, when the caller may read it; to a caller who may not list, a missing one is denied,
/// so that names cannot be guessed.
pub(super) fn readable(
    ask: &Ask<'_>,
    place: Place<'_>,
    version: Option<&str>,
    actions: (&str, &str),
) -> Result<StoredObject, ApiError> {
    let found = ask.engine.objects.version(place, version);
    let action = if version.is_some() { actions.1 } else { actions.0 };
    ask.allowed_of(action, place, found.as_ref().ok())?;
    if found.as_ref().is_err_and(|error| error.code == "NoSuchKey") {
        ask.allowed_bucket("s3:ListBucket", place.bucket)?;
    }
    found
}

/// `GetObject` and `HeadObject`.
pub(super) fn get(ask: &Ask<'_>, place: Place<'_>) -> Result<ApiReply, ApiError> {
    let object = readable(ask, place, ask.version(), ("s3:GetObject", "s3:GetObjectVersion"))?;
    let versioned = ask.engine.objects.bucket(place.bucket)?.has_versions();
    conditions::check(&ask.call.headers, &object)?;
    let part = part(ask, &object)?;
    let range = match part {
        Some(range) => Some(range),
        None => conditions::range(&ask.call.headers, object.length)?,
    };
    let mut headers = facts(&object, versioned);
    let wants_sums = ask.header("x-amz-checksum-mode") == Some("ENABLED");
    let whole = range.is_none_or(|(_, length)| length == object.length);
    headers.extend(
        object
            .headers
            .iter()
            .filter(|(name, _)| !name.starts_with("x-amz-checksum-") || wants_sums && whole)
            .filter(|(name, value)| name != "x-amz-storage-class" || value != "STANDARD")
            .cloned(),
    );
    if !object.tags.is_empty() {
        headers.push(("x-amz-tagging-count".to_owned(), object.tags.len().to_string()));
    }
    if part.is_some() && !object.parts.is_empty() {
        headers.push(("x-amz-mp-parts-count".to_owned(), object.parts.len().to_string()));
    }
    if ask.version().is_none() {
        let bucket = ask.engine.objects.bucket(place.bucket)?;
        let expiration = lifecycle::expiration(&bucket, place.key, &object);
        headers.extend(expiration.map(|text| ("x-amz-expiration".to_owned(), text)));
    }
    choose(ask, &mut headers)?;
    let (status, offset, length) = match range {
        Some((offset, length)) => {
            let last = (offset + length).saturating_sub(1);
            headers.push(("content-range".to_owned(), format!("bytes {offset}-{last}/{}", object.length)));
            (206, offset, length)
        }
        None => (200, 0, object.length),
    };
    Ok(ApiReply { status, headers, body: ReplyBody::File { path: object.path, offset, length } })
}

/// The headers that every answer about an object has.
pub(super) fn facts(object: &StoredObject, versioned: bool) -> Vec<(String, String)> {
    let mut headers = vec![
        ("content-type".to_owned(), object.content_type.clone()),
        ("etag".to_owned(), format!("\"{}\"", object.etag)),
        ("last-modified".to_owned(), conditions::http_date(object.modified_ms)),
        ("accept-ranges".to_owned(), "bytes".to_owned()),
        ("x-amz-server-side-encryption".to_owned(), "AES256".to_owned()),
    ];
    if versioned {
        headers.push(("x-amz-version-id".to_owned(), object.version_id().to_owned()));
    }
    headers
}

/// Offset and length of the part that is asked for by its number.
fn part(ask: &Ask<'_>, object: &StoredObject) -> Result<Option<(u64, u64)>, ApiError> {
    let Some(number) = ask.parameter("partNumber") else { return Ok(None) };
    if ask.header("range").is_some() {
        let message = "Cannot specify both Range header and partNumber query parameter";
        return Err(ApiError::new("InvalidRequest", message));
    }
    let index = number.parse::<usize>().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        with("InvalidArgument", message, "ArgumentName", "partNumber")
    })? - 1;
    if object.parts.is_empty() && index == 0 {
        return Ok(Some((0, object.length)));
    }
    let length = object.parts.get(index).map(|part| part.length).ok_or_else(|| {
        let message = "The requested partnumber is not satisfiable";
        with("InvalidPartNumber", message, "PartNumberRequested", number).status(416)
    })?;
    Ok(Some((object.parts[..index].iter().map(|part| part.length).sum(), length)))
}

/// Puts the headers that the request chose in the place of the object's.
fn choose(ask: &Ask<'_>, headers: &mut Vec<(String, String)>) -> Result<(), ApiError> {
    for (name, value) in ask.call.query.iter().filter(|(name, _)| name.starts_with("response-")) {
        if *ask.caller == Caller::Anonymous {
            let message = "Request specific response headers cannot be used for anonymous GET requests.";
            return Err(ApiError::new("InvalidRequest", message));
        }
        let header = &name["response-".len()..];
        if CHOSEN.contains(&header) {
            headers.retain(|(name, _)| name != header);
            headers.push((header.to_owned(), value.clone()));
        }
    }
    Ok(())
}

/// `GetObjectAttributes`.
pub(super) fn attributes(ask: &Ask<'_>, place: Place<'_>) -> Result<ApiReply, ApiError> {
    let actions = ("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes");
    let object = readable(ask, place, ask.version(), ("s3:GetObject", "s3:GetObjectVersion"))?;
    ask.allowed_of(if ask.version().is_some() { actions.1 } else { actions.0 }, place, Some(&object))?;
    conditions::check(&ask.call.headers, &object)?;
    let values = ask.call.headers.get_all("x-amz-object-attributes").iter().filter_map(|value| value.to_str().ok());
    let wanted: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let known = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];
    if wanted.is_empty() || wanted.iter().any(|name| !known.contains(name)) {
        let message = "Invalid attribute name specified.";
        return Err(with("InvalidArgument", message, "ArgumentName", "x-amz-object-attributes"));
    }
    let mut text = open("GetObjectAttributesResponse");
    for name in known.into_iter().filter(|name| wanted.contains(name)) {
        match name {
            "ETag" => text.push_str(&element("ETag", &object.etag)),
            "StorageClass" => text.push_str(&element("StorageClass", object.storage_class())),
            "ObjectSize" => text.push_str(&element("ObjectSize", &object.length.to_string())),
            "Checksum" => text.push_str(&checksum(&object)),
            _ => text.push_str(&parts(ask, &object)),
        }
    }
    text.push_str("</GetObjectAttributesResponse>");
    let mut reply = xml_reply(&text);
    reply.headers.push(("last-modified".to_owned(), conditions::http_date(object.modified_ms)));
    if ask.engine.objects.bucket(place.bucket)?.has_versions() {
        reply.headers.push(("x-amz-version-id".to_owned(), object.version_id().to_owned()));
    }
    Ok(reply)
}

/// `<Checksum>` of an object; nothing when it has none.
fn checksum(object: &StoredObject) -> String {
    let sums: Vec<String> = Algorithm::ALL
        .into_iter()
        .filter_map(|algorithm| Some(element(&algorithm.element(), object.header(algorithm.header())?)))
        .collect();
    if sums.is_empty() {
        return String::new();
    }
    let kind = element("ChecksumType", object.header("x-amz-checksum-type").unwrap_or("FULL_OBJECT"));
    xml::wrap("Checksum", &[sums.concat(), kind])
}

/// `<ObjectParts>`: the parts themselves are listed for those that have checksums of their own.
fn parts(ask: &Ask<'_>, object: &StoredObject) -> String {
    if object.parts.is_empty() {
        return String::new();
    }
    let number = |name: &str| ask.header(name).and_then(|text| text.parse::<u32>().ok());
    let after = number("x-amz-part-number-marker").unwrap_or_default();
    let limit = number("x-amz-max-parts").map_or(PARTS_PAGE, |limit| (limit as usize).min(PARTS_PAGE));
    let left: Vec<_> = object.parts.iter().filter(|part| part.number > after).collect();
    let shown = &left[..limit.min(left.len())];
    let mut text = element("PartsCount", &object.parts.len().to_string());
    if object.header("x-amz-checksum-type") == Some("COMPOSITE") {
        let next = shown.last().map_or(after, |part| part.number);
        text.push_str(&element("PartNumberMarker", &after.to_string()));
        text.push_str(&element("NextPartNumberMarker", &next.to_string()));
        text.push_str(&element("MaxParts", &limit.to_string()));
        text.push_str(&element("IsTruncated", if shown.len() < left.len() { "true" } else { "false" }));
        for part in shown {
            let mut inside = vec![element("PartNumber", &part.number.to_string())];
            inside.push(element("Size", &part.length.to_string()));
            if let Some((header, sum)) = &part.sum
                && let Some(algorithm) = Algorithm::parse(header)
            {
                inside.push(element(&algorithm.element(), sum));
            }
            text.push_str(&xml::wrap("Part", &inside));
        }
    }
    xml::wrap("ObjectParts", &[text])
}
