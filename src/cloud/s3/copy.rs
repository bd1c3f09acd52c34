//! Copying objects: `CopyObject`, and the source of an `UploadPartCopy`.

use super::ask::Ask;
use super::buckets::with;
use super::checksums::{Algorithm, Sums};
use super::conditions;
use super::get::readable;
use super::objects::{Content, NewObject, Place};
use super::put::{self, Described, sum_headers};
use super::record::StoredObject;
use super::tagging;
use super::wire::{open, xml_reply};
use crate::base::clock::iso_ms;
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::element;
use crate::cloud::service::{ApiError, ApiReply};
use crate::cloud::store::Batch;

/// The object that `x-amz-copy-source` names.
pub(super) struct Source {
    pub bucket: String,
    pub key: String,
    pub object: StoredObject,
    /// Its version, when its bucket has versions.
    pub version: Option<String>,
}

/// Finds the source; the caller must be allowed to read it, and it must be as the conditions say.
pub(super) fn source(ask: &Ask<'_>) -> Result<Source, ApiError> {
    let argument = |message: &str| with("InvalidArgument", message, "ArgumentName", "x-amz-copy-source");
    let text = ask.header("x-amz-copy-source").unwrap_or_default();
    let (path, version) = match text.split_once("?versionId=") {
        Some((path, version)) => (path, Some(percent::decode(version))),
        None => (text, None),
    };
    let path = percent::decode(path);
    let (bucket, key) = path
        .trim_start_matches('/')
        .split_once('/')
        .filter(|(_, key)| !key.is_empty())
        .ok_or_else(|| argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey"))?;
    if bucket.starts_with("arn:") {
        return Err(ApiError::not_built("s3", "CopyObject from an access point"));
    }
    let place = Place { bucket, key };
    let row = ask.engine.objects.bucket(bucket)?;
    let object = readable(ask, place, version.as_deref(), ("s3:GetObject", "s3:GetObjectVersion"))?;
    conditions::check_copy(&ask.call.headers, &object)?;
    let version = row.has_versions().then(|| object.version_id().to_owned());
    Ok(Source { bucket: bucket.to_owned(), key: key.to_owned(), object, version })
}

/// `CopyObject`.
pub(super) fn copy(ask: &Ask<'_>, place: Place<'_>) -> Result<ApiReply, ApiError> {
    put::check_key(place.key)?;
    let source = source(ask)?;
    let asked = put::described(&ask.call.headers)?;
    let replaces = directive(ask, "x-amz-metadata-directive")?;
    let replaces_tags = directive(ask, "x-amz-tagging-directive")?;
    let tags = if replaces_tags { asked.tags.clone() } else { source.object.tags.clone() };
    put::allowed(ask, place, if replaces_tags { &tags } else { &[] })?;
    check_self(ask, place, &source, replaces)?;
    if !replaces_tags && !tags.is_empty() {
        ask.allowed(
            tagging::read_action(source.version.is_some()),
            Place { bucket: &source.bucket, key: &source.key },
        )?;
    }
    let Described { content_type, headers, .. } = described_copy(&source.object, asked, replaces);
    let (content, sums) = content(ask, &source.object)?;
    let mut headers: Vec<(String, String)> =
        headers.into_iter().filter(|(name, _)| !name.starts_with("x-amz-checksum-")).collect();
    headers.extend(sums.iter().cloned());
    let conditions = ask.conditions()?;
    let new =
        NewObject { content, content_type, headers, tags, parts: Vec::new(), conditions, together: Batch::default() };
    let made = ask.engine.objects.put(place, new, &ask.cause("ObjectCreated:Copy"))?;
    let sums: Vec<String> = Algorithm::ALL
        .into_iter()
        .filter_map(|algorithm| Some(element(&algorithm.element(), made.header(algorithm.header())?)))
        .collect();
    let mut reply = xml_reply(&format!(
        "{}{}{}{}{}</CopyObjectResult>",
        open("CopyObjectResult"),
        element("LastModified", &iso_ms(made.modified_ms)),
        element("ETag", &format!("\"{}\"", made.etag)),
        sums.concat(),
        element("ChecksumType", "FULL_OBJECT"),
    ));
    reply.headers.extend(put::stored_headers(ask, place, &made)?);
    reply.headers.extend(source.version.map(|version| ("x-amz-copy-source-version-id".to_owned(), version)));
    Ok(reply)
}

/// Whether a directive says `REPLACE`.
fn directive(ask: &Ask<'_>, name: &str) -> Result<bool, ApiError> {
    match ask.header(name) {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => {
            let what = if name.contains("tagging") { "tagging" } else { "metadata" };
            let mut error = with("InvalidArgument", &format!("Unknown {what} directive."), "ArgumentName", name);
            error.extra.insert("ArgumentValue".to_owned(), other.into());
            Err(error)
        }
    }
}

/// Refuses a copy of an object onto itself that would change nothing.
fn check_self(ask: &Ask<'_>, place: Place<'_>, source: &Source, replaces: bool) -> Result<(), ApiError> {
    let changes = ["x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-server-side-encryption"];
    let same = (source.bucket.as_str(), source.key.as_str()) == (place.bucket, place.key);
    let older = ask.header("x-amz-copy-source").is_some_and(|text| text.contains("?versionId="));
    if !same || older || replaces || changes.iter().any(|name| ask.header(name).is_some()) {
        return Ok(());
    }
    Err(ApiError::new(
        "InvalidRequest",
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's \
         metadata, storage class, website redirect location or encryption attributes.",
    ))
}

/// The metadata of the copy: the source's, or what the request says. The storage class is never the source's.
fn described_copy(object: &StoredObject, asked: Described, replaces: bool) -> Described {
    if replaces {
        return asked;
    }
    let own = ["x-amz-storage-class", "x-amz-website-redirect-location"];
    let mut headers: Vec<(String, String)> =
        object.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned().collect();
    headers.extend(asked.headers.into_iter().filter(|(name, _)| own.contains(&name.as_str())));
    Described { content_type: object.content_type.clone(), headers, tags: Vec::new() }
}

/// The bytes of a copy and their checksums. A file is shared, since none is ever changed; what is not known of the whole
/// (an object that was sent in parts, another algorithm) is computed.
fn content(ask: &Ask<'_>, object: &StoredObject) -> Result<(Content, Vec<(String, String)>), ApiError> {
    let wanted = match ask.header("x-amz-checksum-algorithm") {
        Some(name) => Some(Algorithm::parse(name).ok_or_else(|| {
            ApiError::new(
                "InvalidRequest",
                "Checksum algorithm provided is unsupported. Please try again with any of the \
                valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
            )
        })?),
        None => None,
    };
    let whole = !object.etag.contains('-') && object.header("x-amz-checksum-type") != Some("COMPOSITE");
    let kept: Vec<(Algorithm, String)> = Algorithm::ALL
        .into_iter()
        .filter_map(|algorithm| Some((algorithm, object.header(algorithm.header())?.to_owned())))
        .filter(|(algorithm, _)| wanted.is_none_or(|wanted| wanted == *algorithm))
        .collect();
    if whole && !kept.is_empty() {
        let content = Content::Same(object.path.clone(), object.length, object.etag.clone());
        return Ok((content, sum_headers(&kept)));
    }
    let failed = |error: std::io::Error| ApiError::new("InternalError", error.to_string()).status(500);
    let had = Algorithm::ALL.into_iter().find(|algorithm| object.header(algorithm.header()).is_some());
    let mut sums = Sums::new(&[wanted.or(had).unwrap_or(Algorithm::Crc64Nvme)]);
    let mut file = std::fs::File::open(&object.path).map_err(failed)?;
    std::io::copy(&mut file, &mut sums).map_err(failed)?;
    let finished = sums.finish();
    let content = Content::Same(object.path.clone(), object.length, hex::encode(finished.md5));
    Ok((content, sum_headers(&finished.named)))
}
