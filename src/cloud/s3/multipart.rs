//! Objects that are sent in parts. Parts are files of their own until the upload is completed or given up.
//!
//! Copying a range of another object into a part is refused by name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use http::Method;
use serde::{Deserialize, Serialize};

use super::objects::{Content, NewObject};
use super::wire::{body_text, empty, method_not_allowed, open, xml_reply};
use super::{Engine, Target, checksums, object_wire};
use crate::base::clock::iso_ms;
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiCall, ApiError, ApiReply, Caller, Shared};
use crate::cloud::store::{Batch, Table};

/// The smallest part but the last, in bytes.
const PART_LEAST_BYTES: u64 = 5 * 1024 * 1024;

/// The highest number of a part.
const PART_NUMBERS: u32 = 10_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Upload {
    bucket: String,
    key: String,
    content_type: String,
    headers: Vec<(String, String)>,
    /// Milliseconds since 1970.
    begun_ms: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    number: u32,
    length: u64,
    etag: String,
    /// Milliseconds since 1970.
    modified_ms: i64,
}

/// The uploads that are under way.
pub(super) struct Uploads {
    rows: Table<Upload>,
    parts: Table<Part>,
    folder: PathBuf,
}

impl Uploads {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            rows: Table::new(std::sync::Arc::clone(&shared.store), "s3.upload"),
            parts: Table::new(std::sync::Arc::clone(&shared.store), "s3.part"),
            folder: shared.folder.join("s3-parts"),
        }
    }

    /// The answer to `GET ?uploads`.
    pub(super) fn list(&self, bucket: &str) -> String {
        let mut text = open("ListMultipartUploadsResult");
        text.push_str(&element("Bucket", bucket));
        text.push_str(&element("IsTruncated", "false"));
        for (id, upload) in self.rows.all().iter().filter(|(_, upload)| upload.bucket == bucket) {
            text.push_str(&xml::wrap(
                "Upload",
                &[element("Key", &upload.key), element("UploadId", id), element("Initiated", &iso_ms(upload.begun_ms))],
            ));
        }
        text.push_str("</ListMultipartUploadsResult>");
        text
    }

    fn find(&self, id: &str, bucket: &str, key: &str) -> Result<Upload, ApiError> {
        self.rows.get(id).filter(|upload| upload.bucket == bucket && upload.key == key).ok_or_else(|| {
            let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have \
                           been aborted or completed.";
            ApiError::new("NoSuchUpload", message).status(404)
        })
    }

    fn file(&self, id: &str, number: u32) -> PathBuf {
        self.folder.join(id).join(number.to_string())
    }

    fn parts_of(&self, id: &str) -> Vec<Part> {
        self.parts.starting_with(&format!("{id}\0")).into_iter().map(|(_, part)| part).collect()
    }

    /// Forgets an upload and its parts.
    fn forget(&self, shared: &Shared, id: &str) -> Result<(), ApiError> {
        let mut batch = Batch::default();
        self.rows.drop(&mut batch, id);
        for part in self.parts_of(id) {
            self.parts.drop(&mut batch, &part_key(id, part.number));
        }
        shared.store.commit(batch)?;
        // Files that stay behind cost space and nothing else.
        let _ = std::fs::remove_dir_all(self.folder.join(id));
        Ok(())
    }
}

fn part_key(id: &str, number: u32) -> String {
    format!("{id}\0{number:05}")
}

/// Carries out a call that has to do with parts.
pub(super) fn answer(
    engine: &Engine,
    caller: &Caller,
    call: &ApiCall,
    (bucket, key): (&str, &str),
) -> Result<ApiReply, ApiError> {
    let parameter = |name: &str| call.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    engine.objects.bucket(bucket)?;
    let target = Target { bucket: Some(bucket), key: Some(key) };
    let allowed = |action: &str| engine.authorize(caller, action, &target, &BTreeMap::new());
    match (&call.method, parameter("uploadId"), parameter("partNumber")) {
        (&Method::POST, None, None) => {
            allowed("s3:PutObject")?;
            begin(engine, call, (bucket, key))
        }
        (&Method::PUT, Some(id), Some(number)) => {
            allowed("s3:PutObject")?;
            if call.headers.contains_key("x-amz-copy-source") {
                return Err(ApiError::not_built("s3", "UploadPartCopy"));
            }
            engine.uploads.find(id, bucket, key)?;
            let number = number.parse().ok().filter(|number| (1..=PART_NUMBERS).contains(number));
            let number = number.ok_or_else(|| {
                ApiError::new("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
            })?;
            put_part(engine, call, id, number)
        }
        (&Method::POST, Some(id), None) => {
            allowed("s3:PutObject")?;
            complete(engine, call, (bucket, key), id)
        }
        (&Method::DELETE, Some(id), None) => {
            allowed("s3:AbortMultipartUpload")?;
            engine.uploads.find(id, bucket, key)?;
            engine.uploads.forget(&engine.shared, id)?;
            Ok(empty(204))
        }
        (&Method::GET, Some(id), None) => {
            allowed("s3:ListMultipartUploadParts")?;
            engine.uploads.find(id, bucket, key)?;
            Ok(list_parts(engine, (bucket, key), id))
        }
        (&Method::GET | &Method::HEAD, None, Some(_)) => Err(ApiError::not_built("s3", "GetObject with partNumber")),
        _ => Err(method_not_allowed()),
    }
}

fn begin(engine: &Engine, call: &ApiCall, (bucket, key): (&str, &str)) -> Result<ApiReply, ApiError> {
    let (content_type, headers) = object_wire::described(&call.headers)?;
    let id = engine.shared.ids.short(48);
    let upload = Upload {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        content_type,
        headers,
        begun_ms: engine.shared.clock.now_ms(),
    };
    engine.uploads.rows.put(&id, &upload)?;
    Ok(xml_reply(&format!(
        "{}{}{}{}</InitiateMultipartUploadResult>",
        open("InitiateMultipartUploadResult"),
        element("Bucket", bucket),
        element("Key", key),
        element("UploadId", &id)
    )))
}

fn put_part(engine: &Engine, call: &ApiCall, id: &str, number: u32) -> Result<ApiReply, ApiError> {
    let sums = checksums::verify(&call.headers, &call.body)?;
    let failed = |error: std::io::Error| ApiError::new("InternalError", error.to_string()).status(500);
    let path = engine.uploads.file(id, number);
    let unfinished = path.with_extension(engine.shared.ids.short(8));
    std::fs::create_dir_all(engine.uploads.folder.join(id)).map_err(failed)?;
    std::fs::write(&unfinished, &call.body).and_then(|()| std::fs::rename(&unfinished, &path)).map_err(failed)?;
    let etag = hex::encode(checksums::md5(&call.body));
    let part =
        Part { number, length: call.body.len() as u64, etag: etag.clone(), modified_ms: engine.shared.clock.now_ms() };
    engine.uploads.parts.put(&part_key(id, number), &part)?;
    let mut reply = empty(200);
    reply.headers.push(("etag".to_owned(), format!("\"{etag}\"")));
    reply.headers.extend(sums);
    Ok(reply)
}

fn complete(engine: &Engine, call: &ApiCall, (bucket, key): (&str, &str), id: &str) -> Result<ApiReply, ApiError> {
    let upload = engine.uploads.find(id, bucket, key)?;
    let malformed = || {
        ApiError::new(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    };
    let request = xml::parse(body_text(call)?).map_err(|_| malformed())?;
    let named: Option<Vec<(u32, &str)>> = request
        .all("Part")
        .map(|part| Some((part.child_text("PartNumber")?.parse().ok()?, part.child_text("ETag")?.trim_matches('"'))))
        .collect();
    let named = named.filter(|named| !named.is_empty()).ok_or_else(malformed)?;
    let parts = chosen(&engine.uploads.parts_of(id), &named)?;
    let mut sums = Vec::new();
    for part in &parts {
        sums.extend(hex::decode(&part.etag).unwrap_or_default());
    }
    let etag = format!("{}-{}", hex::encode(checksums::md5(&sums)), parts.len());
    let files: Vec<PathBuf> = parts.iter().map(|part| engine.uploads.file(id, part.number)).collect();
    let new = NewObject {
        content: Content::Parts(&files, etag),
        content_type: upload.content_type,
        headers: upload.headers,
        conditions: object_wire::conditions_of(&call.headers)?,
    };
    let object = engine.objects.put(bucket, key, new)?;
    engine.uploads.forget(&engine.shared, id)?;
    Ok(xml_reply(&format!(
        "{}{}{}{}{}</CompleteMultipartUploadResult>",
        open("CompleteMultipartUploadResult"),
        element("Location", &format!("{}/{bucket}/{key}", engine.shared.endpoint)),
        element("Bucket", bucket),
        element("Key", key),
        element("ETag", &format!("\"{}\"", object.etag))
    )))
}

/// The parts that the client names, in its order, which must be ascending.
fn chosen(stored: &[Part], named: &[(u32, &str)]) -> Result<Vec<Part>, ApiError> {
    if named.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
        return Err(ApiError::new("InvalidPartOrder", message));
    }
    let mut parts = Vec::new();
    for (index, (number, etag)) in named.iter().enumerate() {
        let part = stored.iter().find(|part| part.number == *number && part.etag == *etag).ok_or_else(|| {
            let message = "One or more of the specified parts could not be found. The part may not have been uploaded, \
                           or the specified entity tag may not match the part's entity tag.";
            ApiError::new("InvalidPart", message)
        })?;
        if index + 1 < named.len() && part.length < PART_LEAST_BYTES {
            let message = "Your proposed upload is smaller than the minimum allowed size";
            return Err(ApiError::new("EntityTooSmall", message));
        }
        parts.push(part.clone());
    }
    Ok(parts)
}

fn list_parts(engine: &Engine, (bucket, key): (&str, &str), id: &str) -> ApiReply {
    let mut text = open("ListPartsResult");
    for (name, value) in [("Bucket", bucket), ("Key", key), ("UploadId", id), ("IsTruncated", "false")] {
        text.push_str(&element(name, value));
    }
    for part in engine.uploads.parts_of(id) {
        text.push_str(&xml::wrap(
            "Part",
            &[
                element("PartNumber", &part.number.to_string()),
                element("LastModified", &iso_ms(part.modified_ms)),
                element("ETag", &format!("\"{}\"", part.etag)),
                element("Size", &part.length.to_string()),
            ],
        ));
    }
    text.push_str("</ListPartsResult>");
    xml_reply(&text)
}
