//! `aws-chunked` bodies: frames with optional signatures, and trailers with checksums.
//!
//! Source: "Signature calculations for the Authorization header: transferring payload in multiple chunks" and
//! "… with trailing headers" of the S3 reference.

use ring::hmac;
use sha2::{Digest, Sha256};

use crate::cloud::service::ApiError;

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

/// A body without its frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cloud) struct Decoded {
    pub bytes: Vec<u8>,
    /// Trailing headers, names in lower case.
    pub trailers: Vec<(String, String)>,
}

/// Takes the frames off. With a signer, each chunk's signature and the trailer's is verified.
pub(in crate::cloud) fn decode(body: &[u8], mut signer: Option<ChunkSigner>) -> Result<Decoded, ApiError> {
    let mut decoded = Decoded::default();
    let mut rest = body;
    loop {
        let (line, after) = split_line(rest).ok_or_else(incomplete)?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| incomplete())?;
        let chunk = after.get(..size).ok_or_else(incomplete)?;
        if let Some(signer) = &mut signer {
            let given = extension.trim().strip_prefix("chunk-signature=").ok_or_else(mismatch)?;
            let hashes = format!("{}\n{}", hash(b""), hash(chunk));
            signer.check("AWS4-HMAC-SHA256-PAYLOAD", &hashes, given)?;
        }
        rest = &after[size..];
        if size == 0 {
            break;
        }
        decoded.bytes.extend_from_slice(chunk);
        rest = rest.strip_prefix(b"\r\n").ok_or_else(incomplete)?;
    }
    decoded.trailers = trailers(rest)?;
    if let Some(signer) = &mut signer
        && let Some(position) = decoded.trailers.iter().position(|(name, _)| name == "x-amz-trailer-signature")
    {
        let (_, given) = decoded.trailers.remove(position);
        let lines: Vec<String> = decoded.trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        signer.check("AWS4-HMAC-SHA256-TRAILER", &hash(lines.concat().as_bytes()), &given)?;
    } else if signer.is_some() && !decoded.trailers.is_empty() {
        return Err(mismatch());
    }
    Ok(decoded)
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

fn trailers(mut rest: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
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

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
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
