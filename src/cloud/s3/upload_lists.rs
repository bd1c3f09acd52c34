//! What is under way: `ListMultipartUploads`, `ListParts`.

use super::ask::Ask;
use super::buckets::with;
use super::checksums::Algorithm;
use super::objects::Place;
use super::uploads::{Part, Upload};
use super::wire::{open, xml_reply};
use crate::base::clock::iso_ms;
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiError, ApiReply};

/// How many an answer has at most.
const PAGE: usize = 1000;

/// A number in the query.
fn number(ask: &Ask<'_>, name: &str) -> Result<Option<usize>, ApiError> {
    let Some(text) = ask.parameter(name) else { return Ok(None) };
    let message = format!("Provided {name} not an integer or within integer range");
    text.parse().map(Some).map_err(|_| with("InvalidArgument", &message, "ArgumentName", name))
}

/// `<Owner>` and `<Initiator>`: everything belongs to the account.
fn owner(ask: &Ask<'_>, name: &str) -> String {
    xml::wrap(name, &[element("ID", ask.engine.shared.account), element("DisplayName", ask.engine.shared.account)])
}

/// `ListParts`.
pub(super) fn parts(ask: &Ask<'_>, place: Place<'_>, id: &str) -> Result<ApiReply, ApiError> {
    let upload = ask.engine.uploads.find(id, place.bucket, place.key)?;
    let after = number(ask, "part-number-marker")?.unwrap_or_default();
    let limit = number(ask, "max-parts")?.unwrap_or(PAGE).min(PAGE);
    let mut left = ask.engine.uploads.parts(id);
    left.retain(|part| part.number as usize > after);
    let more = left.len() > limit;
    left.truncate(limit);
    let next = left.last().map_or(after, |part| part.number as usize);
    let mut text = open("ListPartsResult");
    for (name, value) in [
        ("Bucket", place.bucket),
        ("Key", place.key),
        ("UploadId", id),
        ("PartNumberMarker", &after.to_string()),
        ("NextPartNumberMarker", &next.to_string()),
        ("MaxParts", &limit.to_string()),
        ("IsTruncated", if more { "true" } else { "false" }),
        ("StorageClass", upload.storage_class()),
    ] {
        text.push_str(&element(name, value));
    }
    text.push_str(&owner(ask, "Initiator"));
    text.push_str(&owner(ask, "Owner"));
    text.push_str(&checksum(&upload));
    for part in &left {
        text.push_str(&shown(part, upload.algorithm));
    }
    text.push_str("</ListPartsResult>");
    Ok(xml_reply(&text))
}

/// The checksum that an upload asked for.
fn checksum(upload: &Upload) -> String {
    upload.algorithm.map_or_else(String::new, |algorithm| {
        let kind = if upload.full { "FULL_OBJECT" } else { "COMPOSITE" };
        format!("{}{}", element("ChecksumAlgorithm", algorithm.name()), element("ChecksumType", kind))
    })
}

fn shown(part: &Part, algorithm: Option<Algorithm>) -> String {
    let mut inside = vec![
        element("PartNumber", &part.number.to_string()),
        element("LastModified", &iso_ms(part.modified_ms)),
        element("ETag", &format!("\"{}\"", part.etag)),
        element("Size", &part.length.to_string()),
    ];
    inside.extend(algorithm.and_then(|algorithm| Some(element(&algorithm.element(), part.sum(algorithm)?))));
    xml::wrap("Part", &inside)
}

/// What of the uploads goes into one answer.
#[derive(Default)]
struct Page {
    uploads: Vec<(String, Upload)>,
    prefixes: Vec<String>,
    /// The key (or common prefix) and the id with which the answer ends, when there is more.
    next: Option<(String, String)>,
}

/// Cuts a page out of the uploads behind the markers.
fn page(all: Vec<(String, Upload)>, (prefix, delimiter): (&str, &str), after: (&str, &str), limit: usize) -> Page {
    let mut page = Page::default();
    let mut last = (String::new(), String::new());
    // Of the key of the marker only the uploads behind the one with its id come.
    let same = all.iter().position(|(id, upload)| upload.key == after.0 && id == after.1);
    for (index, (id, upload)) in all.into_iter().enumerate().filter(|(_, (_, upload))| upload.key.starts_with(prefix)) {
        let rolled = upload.key[prefix.len()..]
            .find(delimiter)
            .filter(|_| !delimiter.is_empty())
            .map(|at| upload.key[..prefix.len() + at + delimiter.len()].to_owned());
        let come = match rolled.as_deref() {
            Some(rolled) => rolled <= after.0,
            None => upload.key.as_str() < after.0 || upload.key == after.0 && same.is_none_or(|same| index <= same),
        };
        if !after.0.is_empty() && come || rolled.is_some() && page.prefixes.last() == rolled.as_ref() {
            continue;
        }
        if page.uploads.len() + page.prefixes.len() == limit {
            page.next = Some(last);
            return page;
        }
        if let Some(rolled) = rolled {
            last = (rolled.clone(), String::new());
            page.prefixes.push(rolled);
        } else {
            last = (upload.key.clone(), id.clone());
            page.uploads.push((id, upload));
        }
    }
    page
}

/// `ListMultipartUploads`.
pub(super) fn uploads(ask: &Ask<'_>, bucket: &str) -> Result<ApiReply, ApiError> {
    let text = |name: &str| ask.parameter(name).unwrap_or_default();
    let (prefix, delimiter) = (text("prefix"), text("delimiter"));
    let after = (text("key-marker"), text("upload-id-marker"));
    let limit = number(ask, "max-uploads")?.unwrap_or(PAGE).min(PAGE);
    let encodes = ask.parameter("encoding-type") == Some("url");
    let written = |key: &str| if encodes { percent::encode_path(key) } else { key.to_owned() };
    let page = page(ask.engine.uploads.of(bucket), (prefix, delimiter), after, limit);
    let mut out = open("ListMultipartUploadsResult");
    let more = page.next.is_some();
    let (next_key, next_id) = page.next.unwrap_or_default();
    for (name, value) in [
        ("Bucket", bucket.to_owned()),
        ("KeyMarker", written(after.0)),
        ("UploadIdMarker", after.1.to_owned()),
        ("NextKeyMarker", written(&next_key)),
        ("NextUploadIdMarker", next_id),
        ("Prefix", written(prefix)),
        ("Delimiter", written(delimiter)),
        ("EncodingType", if encodes { "url".to_owned() } else { String::new() }),
        ("MaxUploads", limit.to_string()),
        ("IsTruncated", more.to_string()),
    ] {
        if !value.is_empty() || name == "KeyMarker" || name == "UploadIdMarker" {
            out.push_str(&element(name, &value));
        }
    }
    for (id, upload) in &page.uploads {
        let inside = [
            element("Key", &written(&upload.key)),
            element("UploadId", id),
            owner(ask, "Initiator"),
            owner(ask, "Owner"),
            element("StorageClass", upload.storage_class()),
            element("Initiated", &iso_ms(upload.begun_ms)),
            checksum(upload),
        ];
        out.push_str(&xml::wrap("Upload", &inside));
    }
    for prefix in &page.prefixes {
        out.push_str(&xml::wrap("CommonPrefixes", &[element("Prefix", &written(prefix))]));
    }
    out.push_str("</ListMultipartUploadsResult>");
    Ok(xml_reply(&out))
}
