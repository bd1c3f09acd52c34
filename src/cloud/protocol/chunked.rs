//! `aws-chunked` bodies: frames with optional signatures, and trailers with checksums, taken off while they arrive.
//!
//! Source: "Signature calculations for the Authorization header: transferring payload in multiple chunks" and
//! "… with trailing headers" of the S3 reference.

use ring::digest::{Context, SHA256, digest};
use ring::hmac;

use crate::cloud::service::ApiError;

/// The longest line before a chunk: a size and a signature, in bytes.
const LINE_LIMIT_BYTES: usize = 1024;

/// The longest trailer, in bytes.
const TRAILER_LIMIT_BYTES: usize = 16 * 1024;

/// Trailing headers, names in lower case.
pub(in crate::cloud) type Trailers = Vec<(String, String)>;

/// What checks the signature of each chunk, when the body is a signed stream.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct ChunkSigner {
    pub key: hmac::Key,
    /// `20130524T000000Z`.
    pub date: String,
    /// `20130524/us-east-1/s3/aws4_request`.
    pub scope: String,
    /// The signature of the request, then of each chunk.
    pub previous: String,
}

/// Takes the frames off. With a signer, each chunk's signature and the trailer's is verified: what came out before is
/// good only when [`Self::finish`] says so.
pub(in crate::cloud) struct Decoder {
    signer: Option<ChunkSigner>,
    state: State,
    /// What has come of a line or of the trailer.
    held: Vec<u8>,
}

enum State {
    /// In the line before a chunk.
    Head,
    /// In a chunk: what is left of it, its hash so far, its signature.
    Data { left: u64, hash: Option<Box<Context>>, signature: String },
    /// Behind a chunk, where so many bytes of the line's end have come.
    End(usize),
    /// Behind the last chunk.
    Trailer,
}

impl Decoder {
    pub(in crate::cloud) fn new(signer: Option<ChunkSigner>) -> Self {
        Self { signer, state: State::Head, held: Vec::new() }
    }

    /// Takes the next bytes and hands the bytes inside the frames to `sink`.
    pub(in crate::cloud) fn feed(
        &mut self,
        mut input: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        while !input.is_empty() {
            match &mut self.state {
                State::Head => input = self.head(input)?,
                State::Data { left, hash, .. } => {
                    let size = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                    let (data, rest) = input.split_at(size);
                    if let Some(hash) = hash {
                        hash.update(data);
                    }
                    sink(data)?;
                    *left -= size as u64;
                    input = rest;
                    self.end_chunk()?;
                }
                State::End(come) => {
                    if b"\r\n"[*come] != input[0] {
                        return Err(incomplete());
                    }
                    self.state = if *come == 1 { State::Head } else { State::End(1) };
                    input = &input[1..];
                }
                State::Trailer => {
                    if self.held.len() + input.len() > TRAILER_LIMIT_BYTES {
                        return Err(incomplete());
                    }
                    self.held.extend_from_slice(input);
                    input = &[];
                }
            }
        }
        Ok(())
    }

    /// The trailers, when everything has come and every signature is right.
    pub(in crate::cloud) fn finish(self) -> Result<Trailers, ApiError> {
        if !matches!(self.state, State::Trailer) {
            return Err(incomplete());
        }
        let mut found = trailers(&self.held)?;
        let Some(mut signer) = self.signer else { return Ok(found) };
        if let Some(position) = found.iter().position(|(name, _)| name == "x-amz-trailer-signature") {
            let (_, given) = found.remove(position);
            let lines: Vec<String> = found.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
            signer.check("AWS4-HMAC-SHA256-TRAILER", &sha256(lines.concat().as_bytes()), &given)?;
        } else if !found.is_empty() {
            return Err(mismatch());
        }
        Ok(found)
    }

    /// Reads the line before a chunk; gives what follows it.
    fn head<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ApiError> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let (taken, rest) = input.split_at(end.map_or(input.len(), |end| end + 1));
        if self.held.len() + taken.len() > LINE_LIMIT_BYTES {
            return Err(incomplete());
        }
        self.held.extend_from_slice(taken);
        if end.is_none() {
            return Ok(rest);
        }
        let line = std::mem::take(&mut self.held);
        let line = line.strip_suffix(b"\r\n").and_then(|line| std::str::from_utf8(line).ok()).ok_or_else(incomplete)?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let left = u64::from_str_radix(size.trim(), 16).map_err(|_| incomplete())?;
        let signature = match &self.signer {
            Some(_) => extension.trim().strip_prefix("chunk-signature=").ok_or_else(mismatch)?.to_owned(),
            None => String::new(),
        };
        let hash = self.signer.is_some().then(|| Box::new(Context::new(&SHA256)));
        let last = left == 0;
        self.state = State::Data { left, hash, signature };
        self.end_chunk()?;
        if last {
            self.state = State::Trailer;
        }
        Ok(rest)
    }

    /// Checks the signature of a chunk of which nothing is left.
    fn end_chunk(&mut self) -> Result<(), ApiError> {
        let State::Data { left: 0, hash, signature } = &mut self.state else { return Ok(()) };
        if let (Some(signer), Some(hash)) = (&mut self.signer, hash.take()) {
            let hashes = format!("{}\n{}", sha256(b""), hex::encode(hash.finish()));
            signer.check("AWS4-HMAC-SHA256-PAYLOAD", &hashes, signature)?;
        }
        self.state = State::End(0);
        Ok(())
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl ChunkSigner {
    fn check(&mut self, algorithm: &str, hashes: &str, given: &str) -> Result<(), ApiError> {
        let Self { key, date, scope, previous } = self;
        let text = format!("{algorithm}\n{date}\n{scope}\n{previous}\n{hashes}");
        let given_bytes = hex::decode(given).map_err(|_| mismatch())?;
        hmac::verify(key, text.as_bytes(), &given_bytes).map_err(|_| mismatch())?;
        given.clone_into(previous);
        Ok(())
    }
}

fn trailers(mut rest: &[u8]) -> Result<Trailers, ApiError> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (line, after) = split_line(rest).ok_or_else(incomplete)?;
        rest = after;
        // Some clients end a trailer with a bare line feed inside the line.
        for line in line.split('\n').map(str::trim).filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(incomplete)?;
            found.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Ok(found)
}

/// The text before the next CR LF, and what follows.
fn split_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 2..]))
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

fn incomplete() -> ApiError {
    ApiError::new("IncompleteBody", "The request body terminated unexpectedly")
}

fn mismatch() -> ApiError {
    ApiError::new(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    )
    .status(403)
}
