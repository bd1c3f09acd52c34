//! The body of a request on its way into a file: frames taken off, hashed, written, never held as a whole.
//!
//! A body arrives on one task and is worked on by a thread of its own, a few pieces behind, so that the network, the
//! hashes and the disk work at once. The file has an unfinished name until everything is checked; who drops a
//! [`Received`] without keeping it removes the file.

use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use ring::digest::{Context, SHA256};
use tokio::sync::mpsc;

use super::checksums::{Algorithm, Finished, Stated, Sums};
use crate::cloud::iam::Payload;
use crate::cloud::protocol::chunked::{Decoder, Trailers};
use crate::cloud::service::ApiError;

/// The largest object that one request may carry, in bytes.
pub(super) const OBJECT_LIMIT_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// The largest body of a request that carries no object (a list of keys, a configuration), in bytes.
const DOCUMENT_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// How much of a refused body is read, in bytes.
pub(super) const DRAIN_LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// How many pieces wait for the thread that writes. A piece is what the network gives at once, at most 400 KiB.
const PIECES: usize = 8;

/// How much of small pieces is gathered before it is written, in bytes. Larger ones go to the file without a copy.
const GATHER_BYTES: usize = 64 * 1024;

/// How much of a file is copied at a time, in bytes.
const COPY_BYTES: usize = 256 * 1024;

/// A body that was not read yet, and how it is covered by the signature.
pub(in crate::cloud) struct Incoming {
    pub body: Body,
    pub payload: Payload,
}

impl Incoming {
    /// Reads a body that is refused, so that a client that sends it all before it listens hears why. A large one, or one
    /// for which the client waits to be asked, is left.
    pub(in crate::cloud) async fn drain(self, headers: &HeaderMap) {
        let size = http_body::Body::size_hint(&self.body).exact();
        if headers.contains_key("expect") || size.is_none_or(|size| size > DRAIN_LIMIT_BYTES) {
            return;
        }
        let mut body = self.body;
        while let Some(Ok(_)) = body.frame().await {}
    }
}

/// A body in an unfinished file, checked.
#[derive(Debug)]
pub(super) struct Received {
    file: Option<PathBuf>,
    pub finished: Finished,
}

impl Received {
    /// A range (offset and length) of another file, copied under the unfinished name `file`.
    pub(super) fn copied(
        from: &Path,
        (offset, length): (u64, u64),
        file: PathBuf,
        mut sums: Sums,
    ) -> std::io::Result<Self> {
        let mut source = std::fs::File::open(from)?;
        source.seek(std::io::SeekFrom::Start(offset))?;
        let target = std::fs::File::create(&file)?;
        let mut received = Self { file: Some(file), finished: Finished::default() };
        let mut target = std::io::BufWriter::with_capacity(COPY_BYTES, target);
        let mut left = length;
        let mut piece = vec![0; COPY_BYTES];
        while left > 0 {
            let size = usize::try_from(left).unwrap_or(COPY_BYTES).min(COPY_BYTES);
            source.read_exact(&mut piece[..size])?;
            sums.update(&piece[..size]);
            target.write_all(&piece[..size])?;
            left -= size as u64;
        }
        target.flush()?;
        received.finished = sums.finish();
        Ok(received)
    }

    /// Gives the file its final name.
    pub(super) fn keep(mut self, path: &Path) -> std::io::Result<()> {
        match self.file.take() {
            Some(file) => std::fs::rename(file, path),
            None => Ok(()),
        }
    }

    /// The MD5 of the body, as entity tags have it.
    pub(super) fn etag(&self) -> String {
        hex::encode(self.finished.md5)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // What cannot be removed now is swept at the next start.
            let _ = std::fs::remove_file(file);
        }
    }
}

/// What the headers say of a body.
struct Plan {
    payload: Payload,
    framed: bool,
    /// How long the body is inside its frames, when that is stated.
    length: Option<u64>,
    stated: Stated,
}

/// A piece of a body, or its end.
enum Piece {
    Data(Bytes),
    End,
}

impl Plan {
    fn of(headers: &HeaderMap, incoming: &Incoming) -> Result<Self, ApiError> {
        let framed = is_framed(headers);
        let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
        let length = if framed {
            number("x-amz-decoded-content-length")
        } else {
            http_body::Body::size_hint(&incoming.body).exact()
        };
        let Some(known) = length else {
            let message = "You must provide the Content-Length HTTP header.";
            return Err(ApiError::new("MissingContentLength", message).status(411));
        };
        if known > OBJECT_LIMIT_BYTES {
            let mut error = ApiError::new("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
            error.extra.insert("ProposedSize".to_owned(), known.into());
            error.extra.insert("MaxSizeAllowed".to_owned(), OBJECT_LIMIT_BYTES.into());
            return Err(error);
        }
        Ok(Self { payload: incoming.payload.clone(), framed, length, stated: Stated::of(headers)? })
    }
}

/// Reads a body into the unfinished file `path`, with the checksums that are stated and those in `wanted`.
pub(super) async fn receive(
    path: PathBuf,
    headers: &HeaderMap,
    incoming: Incoming,
    wanted: &[Algorithm],
) -> Result<Received, ApiError> {
    let plan = Plan::of(headers, &incoming)?;
    take(plan, path, incoming.body, wanted).await
}

/// As [`receive`], for a body whose length is not known and that no signature covers.
pub(super) async fn receive_open(
    path: PathBuf,
    headers: &HeaderMap,
    body: Body,
    wanted: &[Algorithm],
) -> Result<Received, ApiError> {
    let plan = Plan { payload: Payload::Unsigned, framed: false, length: None, stated: Stated::of(headers)? };
    take(plan, path, body, wanted).await
}

async fn take(plan: Plan, path: PathBuf, mut body: Body, wanted: &[Algorithm]) -> Result<Received, ApiError> {
    let mut algorithms: Vec<Algorithm> = plan.stated.algorithm().into_iter().collect();
    algorithms.extend(wanted.iter().filter(|wanted| plan.stated.algorithm() != Some(**wanted)));
    let (sender, receiver) = mpsc::channel(PIECES);
    let work = tokio::task::spawn_blocking(move || write(&plan, &algorithms, path, receiver));
    loop {
        let piece = match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Piece::Data(data),
                Err(_) => continue,
            },
            // Without an end the writer knows that the body broke off.
            Some(Err(_)) => break,
            None => Piece::End,
        };
        let last = matches!(piece, Piece::End);
        // The writer hangs up only when it has refused what came before.
        if sender.send(piece).await.is_err() || last {
            break;
        }
    }
    drop(sender);
    work.await.map_err(|_| ApiError::new("InternalError", "the upload was given up").status(500))?
}

/// Takes the pieces of a body into a file.
fn write(
    plan: &Plan,
    algorithms: &[Algorithm],
    path: PathBuf,
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<Received, ApiError> {
    let failed = |error: std::io::Error| ApiError::new("InternalError", error.to_string()).status(500);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = std::fs::File::create(&path).map_err(failed)?;
    // From here on the file is removed unless everything is right.
    let mut received = Received { file: Some(path), finished: Finished::default() };
    let mut file = std::io::BufWriter::with_capacity(GATHER_BYTES, file);
    let mut sums = Sums::of_length(algorithms, plan.length);
    let mut reader = Reader::new(plan);
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Data(piece)) => reader.take(&piece, &mut |bytes| {
                sums.update_shared(&piece.slice_ref(bytes));
                file.write_all(bytes).map_err(failed)
            })?,
            Some(Piece::End) => break,
            None => return Err(incomplete()),
        }
    }
    let trailers = reader.finish()?;
    file.flush().map_err(failed)?;
    received.finished = sums.finish();
    if plan.length.is_some_and(|length| length != received.finished.length) {
        return Err(incomplete());
    }
    plan.stated.check(&received.finished, &trailers)?;
    Ok(received)
}

/// Takes the frames off and checks what the signature says of the body.
struct Reader {
    frames: Option<Decoder>,
    hash: Option<(Context, String)>,
}

impl Reader {
    fn new(plan: &Plan) -> Self {
        let signer = match &plan.payload {
            Payload::Stream(signer) => Some((**signer).clone()),
            _ => None,
        };
        let hash = match &plan.payload {
            Payload::Hash(stated) => Some((Context::new(&SHA256), stated.clone())),
            _ => None,
        };
        Self { frames: plan.framed.then(|| Decoder::new(signer)), hash }
    }

    fn take(&mut self, bytes: &[u8], sink: &mut dyn FnMut(&[u8]) -> Result<(), ApiError>) -> Result<(), ApiError> {
        if let Some((hash, _)) = &mut self.hash {
            hash.update(bytes);
        }
        match &mut self.frames {
            Some(frames) => frames.feed(bytes, sink),
            None => sink(bytes),
        }
    }

    fn finish(self) -> Result<Trailers, ApiError> {
        if let Some((hash, stated)) = self.hash {
            let computed = hex::encode(hash.finish());
            if computed != stated {
                let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
                let mut error = ApiError::new("XAmzContentSHA256Mismatch", message);
                error.extra.insert("ClientComputedContentSHA256".to_owned(), stated.into());
                error.extra.insert("S3ComputedContentSHA256".to_owned(), computed.into());
                return Err(error);
            }
        }
        self.frames.map_or_else(|| Ok(Vec::new()), Decoder::finish)
    }
}

/// Whether the headers state a checksum of the body (other than its MD5).
pub(super) fn states_sums(headers: &HeaderMap) -> bool {
    Stated::of(headers).is_ok_and(|stated| stated.algorithm().is_some())
}

/// Reads a body that is no object as a whole. Trailers become headers.
pub(super) async fn document(headers: &mut HeaderMap, incoming: Incoming) -> Result<Bytes, ApiError> {
    let limited = http_body_util::Limited::new(incoming.body, DOCUMENT_LIMIT_BYTES);
    let body = match limited.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let message = "Your request was too big.";
            return Err(ApiError::new("MaxMessageLengthExceeded", message));
        }
        Err(_) => return Err(incomplete()),
    };
    let plan = Plan { payload: incoming.payload, framed: is_framed(headers), length: None, stated: Stated::default() };
    let mut reader = Reader::new(&plan);
    let mut whole = Vec::new();
    reader.take(&body, &mut |bytes| {
        whole.extend_from_slice(bytes);
        Ok(())
    })?;
    let trailers = reader.finish()?;
    if !trailers.is_empty() {
        headers.remove("x-amz-trailer");
    }
    for (name, value) in trailers {
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    }
    Ok(if plan.framed { whole.into() } else { body })
}

/// Whether a body has the frames of `aws-chunked`.
fn is_framed(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text("x-amz-content-sha256").starts_with("STREAMING-")
        || text("content-encoding").split(',').any(|encoding| encoding.trim() == "aws-chunked")
}

/// `Content-Encoding` without `aws-chunked`, which is about the request and not about the object.
pub(super) fn content_encoding(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("content-encoding")?.to_str().ok()?;
    let rest: Vec<&str> = text.split(',').map(str::trim).filter(|name| !matches!(*name, "aws-chunked" | "")).collect();
    (!rest.is_empty()).then(|| rest.join(","))
}

fn incomplete() -> ApiError {
    ApiError::new(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
}
