//! The operations on uploads in parts.
//!
//! Source: "Uploading and copying objects using multipart upload" of the S3 user guide.

use std::path::PathBuf;

use http::Method;

use super::ask::Ask;
use super::buckets::{malformed, with};
use super::checksums::{Algorithm, Sums, composite};
use super::intake::Received;
use super::objects::{Content, NewObject, Place};
use super::record::PartFact;
use super::uploads::{Part, Upload};
use super::wire::{body_text, empty, method_not_allowed, open, xml_reply};
use super::{conditions, copy, put, upload_lists};
use crate::base::clock::iso_ms;
use crate::cloud::protocol::xml::{self, Element, element};
use crate::cloud::service::{ApiError, ApiReply};
use crate::cloud::store::Batch;

/// The smallest part but the last, in bytes.
const PART_LEAST_BYTES: u64 = 5 * 1024 * 1024;

/// The highest number of a part.
const PART_NUMBERS: u32 = 10_000;

/// Carries out a call that has to do with parts, but for the body of one.
pub(super) fn answer(ask: &Ask<'_>, place: Place<'_>) -> Result<ApiReply, ApiError> {
    ask.engine.objects.bucket(place.bucket)?;
    match (&ask.call.method, ask.parameter("uploadId"), ask.parameter("partNumber")) {
        (&Method::POST, None, None) => begin(ask, place),
        (&Method::PUT, Some(id), Some(_)) => copy_part(ask, place, id),
        (&Method::POST, Some(id), None) => complete(ask, place, id),
        (&Method::DELETE, Some(id), None) => {
            ask.allowed("s3:AbortMultipartUpload", place)?;
            ask.engine.uploads.find(id, place.bucket, place.key)?;
            let mut batch = Batch::default();
            ask.engine.uploads.end(&mut batch, id);
            ask.engine.shared.store.commit(batch)?;
            ask.engine.uploads.clear(id);
            Ok(empty(204))
        }
        (&Method::GET, Some(id), None) => {
            ask.allowed("s3:ListMultipartUploadParts", place)?;
            upload_lists::parts(ask, place, id)
        }
        _ => Err(method_not_allowed()),
    }
}

/// `CreateMultipartUpload`.
fn begin(ask: &Ask<'_>, place: Place<'_>) -> Result<ApiReply, ApiError> {
    put::check_key(place.key)?;
    let put::Described { content_type, headers, tags } = put::described(&ask.call.headers)?;
    put::allowed(ask, place, &tags)?;
    let (algorithm, full) = checksum(ask)?;
    let upload = Upload {
        bucket: place.bucket.to_owned(),
        key: place.key.to_owned(),
        content_type,
        headers,
        tags,
        algorithm,
        full,
        begun_ms: ask.engine.shared.clock.now_ms(),
    };
    let id = ask.engine.uploads.begin(&upload)?;
    let mut reply = xml_reply(&format!(
        "{}{}{}{}</InitiateMultipartUploadResult>",
        open("InitiateMultipartUploadResult"),
        element("Bucket", place.bucket),
        element("Key", place.key),
        element("UploadId", &id)
    ));
    reply.headers.push(("x-amz-server-side-encryption".to_owned(), "AES256".to_owned()));
    if let Some(algorithm) = algorithm {
        reply.headers.push(("x-amz-checksum-algorithm".to_owned(), algorithm.name().to_owned()));
        let kind = if full { "FULL_OBJECT" } else { "COMPOSITE" };
        reply.headers.push(("x-amz-checksum-type".to_owned(), kind.to_owned()));
    }
    Ok(reply)
}

/// The checksum that an upload asks for, and whether it is that of all bytes.
fn checksum(ask: &Ask<'_>) -> Result<(Option<Algorithm>, bool), ApiError> {
    let Some(name) = ask.header("x-amz-checksum-algorithm") else {
        if ask.header("x-amz-checksum-type").is_none() {
            return Ok((None, true));
        }
        let message = "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.";
        return Err(ApiError::new("InvalidRequest", message));
    };
    let algorithm = Algorithm::parse(name).ok_or_else(|| {
        let message = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, \
                       CRC32C, CRC64NVME, SHA1, SHA256]";
        ApiError::new("InvalidRequest", message)
    })?;
    let full = match ask.header("x-amz-checksum-type") {
        None => algorithm == Algorithm::Crc64Nvme,
        Some("FULL_OBJECT") if algorithm.crc().is_some() => true,
        Some("COMPOSITE") if algorithm != Algorithm::Crc64Nvme => false,
        Some(kind @ ("FULL_OBJECT" | "COMPOSITE")) => {
            let name = algorithm.name().to_lowercase();
            let message = format!("The {kind} checksum type cannot be used with the {name} checksum algorithm.");
            return Err(ApiError::new("InvalidRequest", message));
        }
        Some(_) => {
            return Err(ApiError::new("InvalidRequest", "Value for x-amz-checksum-type header is invalid."));
        }
    };
    Ok((Some(algorithm), full))
}

/// What must hold before the body of an `UploadPart` is read: the upload, and the number of the part.
pub(super) fn prepare(ask: &Ask<'_>, place: Place<'_>, id: &str) -> Result<(Upload, u32), ApiError> {
    ask.engine.objects.bucket(place.bucket)?;
    ask.allowed("s3:PutObject", place)?;
    let upload = ask.engine.uploads.find(id, place.bucket, place.key)?;
    let number = ask.parameter("partNumber").and_then(|number| number.parse().ok());
    let number = number.filter(|number| (1..=PART_NUMBERS).contains(number)).ok_or_else(|| {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        with("InvalidArgument", message, "ArgumentName", "partNumber")
    })?;
    Ok((upload, number))
}

/// Keeps the part of an `UploadPart`.
pub(super) fn finish(ask: &Ask<'_>, id: &str, number: u32, received: Received) -> Result<ApiReply, ApiError> {
    let part = Part {
        number,
        length: received.finished.length,
        etag: received.etag(),
        modified_ms: ask.engine.shared.clock.now_ms(),
        file: ask.engine.shared.ids.uuid(),
        sums: received.finished.named.clone(),
    };
    received.keep(&ask.engine.uploads.file(id, &part)).map_err(failed)?;
    ask.engine.uploads.keep(id, &part)?;
    let mut reply = empty(200);
    reply.headers.push(("etag".to_owned(), format!("\"{}\"", part.etag)));
    reply.headers.push(("x-amz-server-side-encryption".to_owned(), "AES256".to_owned()));
    reply.headers.extend(part.sums.iter().map(|(algorithm, sum)| (algorithm.header().to_owned(), sum.clone())));
    Ok(reply)
}

/// `UploadPartCopy`.
fn copy_part(ask: &Ask<'_>, place: Place<'_>, id: &str) -> Result<ApiReply, ApiError> {
    let (upload, number) = prepare(ask, place, id)?;
    let source = copy::source(ask)?;
    let range = match ask.header("x-amz-copy-source-range") {
        None => (0, source.object.length),
        Some(text) => conditions::copy_range(text, source.object.length)?,
    };
    let sums = Sums::new(&[upload.computed().0]);
    let unfinished = ask.engine.uploads.unfinished(id);
    if let Some(folder) = unfinished.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let received = Received::copied(&source.object.path, range, unfinished, sums).map_err(failed)?;
    let part = Part {
        number,
        length: range.1,
        etag: received.etag(),
        modified_ms: ask.engine.shared.clock.now_ms(),
        file: ask.engine.shared.ids.uuid(),
        sums: received.finished.named.clone(),
    };
    received.keep(&ask.engine.uploads.file(id, &part)).map_err(failed)?;
    ask.engine.uploads.keep(id, &part)?;
    let mut inside =
        vec![element("LastModified", &iso_ms(part.modified_ms)), element("ETag", &format!("\"{}\"", part.etag))];
    // The checksum is told when the client asked for one at the beginning.
    inside.extend(upload.algorithm.and_then(|algorithm| Some(element(&algorithm.element(), part.sum(algorithm)?))));
    let mut reply = xml_reply(&format!("{}{}</CopyPartResult>", open("CopyPartResult"), inside.concat()));
    reply.headers.push(("x-amz-server-side-encryption".to_owned(), "AES256".to_owned()));
    reply.headers.extend(source.version.map(|version| ("x-amz-copy-source-version-id".to_owned(), version)));
    Ok(reply)
}

/// A part as the client names it when it completes the upload.
struct Named<'a> {
    number: u32,
    etag: &'a str,
    sums: Vec<(Algorithm, &'a str)>,
}

impl<'a> Named<'a> {
    fn of(part: &'a Element) -> Option<Self> {
        let sums = part.children.iter().filter_map(|child| {
            let algorithm = Algorithm::parse(child.name.strip_prefix("Checksum")?)?;
            Some((algorithm, child.text.trim()))
        });
        Some(Self {
            number: part.child_text("PartNumber")?.parse().ok()?,
            etag: part.child_text("ETag")?.trim_matches('"'),
            sums: sums.collect(),
        })
    }
}

/// `CompleteMultipartUpload`.
fn complete(ask: &Ask<'_>, place: Place<'_>, id: &str) -> Result<ApiReply, ApiError> {
    ask.allowed("s3:PutObject", place)?;
    let uploads = &ask.engine.uploads;
    let upload = uploads.find(id, place.bucket, place.key)?;
    let request = xml::parse(body_text(ask.call)?).map_err(|_| malformed())?;
    let named: Option<Vec<Named<'_>>> = request.all("Part").map(Named::of).collect();
    let named = named.filter(|named| !named.is_empty()).ok_or_else(malformed)?;
    let parts = chosen(&uploads.parts(id), &named)?;
    let (algorithm, sum) = whole_sum(ask, &upload, &parts)?;
    let mut md5s = Sums::new(&[]);
    for part in &parts {
        md5s.update(&hex::decode(&part.etag).unwrap_or_default());
    }
    let etag = format!("{}-{}", hex::encode(md5s.finish().md5), parts.len());
    let files: Vec<PathBuf> = parts.iter().map(|part| uploads.file(id, part)).collect();
    let mut headers = upload.headers.clone();
    headers.extend(sum.clone().map(|sum| (algorithm.header().to_owned(), sum)));
    let kind = if upload.computed().1 { "FULL_OBJECT" } else { "COMPOSITE" };
    headers.push(("x-amz-checksum-type".to_owned(), kind.to_owned()));
    let facts = parts.iter().map(|part| PartFact {
        number: part.number,
        length: part.length,
        sum: part.sum(algorithm).map(|sum| (algorithm.header().to_owned(), sum.to_owned())),
    });
    let mut together = Batch::default();
    uploads.end(&mut together, id);
    let new = NewObject {
        content: Content::Parts(files, etag),
        content_type: upload.content_type.clone(),
        headers,
        tags: upload.tags.clone(),
        parts: facts.collect(),
        conditions: ask.conditions()?,
        together,
    };
    let object = ask.engine.objects.put(place, new, &ask.cause("ObjectCreated:CompleteMultipartUpload"))?;
    uploads.clear(id);
    let mut inside = vec![
        element("Location", &format!("{}/{}/{}", ask.engine.shared.endpoint, place.bucket, place.key)),
        element("Bucket", place.bucket),
        element("Key", place.key),
        element("ETag", &format!("\"{}\"", object.etag)),
    ];
    if let Some(sum) = sum {
        inside.push(element(&algorithm.element(), &sum));
        inside.push(element("ChecksumType", kind));
    }
    let mut reply = xml_reply(&format!(
        "{}{}</CompleteMultipartUploadResult>",
        open("CompleteMultipartUploadResult"),
        inside.concat()
    ));
    reply.headers.extend(put::stored_headers(ask, place, &object)?);
    Ok(reply)
}

/// The checksum of the whole, which must be the one that the request states.
fn whole_sum(ask: &Ask<'_>, upload: &Upload, parts: &[Part]) -> Result<(Algorithm, Option<String>), ApiError> {
    let (algorithm, full) = upload.computed();
    let sums = parts.iter().map(|part| (part.sum(algorithm), part.length));
    let sum = if full { algorithm.joined(sums) } else { composite(algorithm, sums.map(|(sum, _)| sum)) };
    let stated = ask.header(algorithm.header()).map(|stated| stated.split('-').next().unwrap_or_default());
    let computed = sum.as_deref().map(|sum| sum.split('-').next().unwrap_or_default());
    if stated.is_some() && stated != computed {
        let message = format!("The {} you specified did not match the calculated checksum.", algorithm.name());
        return Err(ApiError::new("BadDigest", message));
    }
    let length: u64 = parts.iter().map(|part| part.length).sum();
    let size = ask.header("x-amz-mp-object-size");
    if size.is_some_and(|size| size.parse() != Ok(length)) {
        let message = "The provided 'x-amz-mp-object-size' header does not match what was computed.";
        return Err(ApiError::new("InvalidRequest", message));
    }
    Ok((algorithm, sum))
}

/// The parts that the client names, in its order, which must be ascending.
fn chosen(stored: &[Part], named: &[Named<'_>]) -> Result<Vec<Part>, ApiError> {
    if named.windows(2).any(|pair| pair[0].number >= pair[1].number) {
        let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
        return Err(ApiError::new("InvalidPartOrder", message));
    }
    let mut parts = Vec::new();
    for (index, named_part) in named.iter().enumerate() {
        let fits = |part: &&Part| {
            part.number == named_part.number
                && part.etag == named_part.etag
                && named_part.sums.iter().all(|(algorithm, sum)| part.sum(*algorithm).is_none_or(|kept| kept == *sum))
        };
        let part = stored.iter().find(fits).ok_or_else(|| {
            let message = "One or more of the specified parts could not be found. The part may not have been uploaded, \
                           or the specified entity tag may not match the part's entity tag.";
            with("InvalidPart", message, "PartNumber", &named_part.number.to_string())
        })?;
        if index + 1 < named.len() && part.length < PART_LEAST_BYTES {
            let message = "Your proposed upload is smaller than the minimum allowed size";
            let mut error = with("EntityTooSmall", message, "ETag", &part.etag);
            error.extra.insert("ProposedSize".to_owned(), part.length.into());
            error.extra.insert("MinSizeAllowed".to_owned(), PART_LEAST_BYTES.into());
            error.extra.insert("PartNumber".to_owned(), part.number.into());
            return Err(error);
        }
        parts.push(part.clone());
    }
    Ok(parts)
}

fn failed(error: std::io::Error) -> ApiError {
    ApiError::new("InternalError", error.to_string()).status(500)
}
