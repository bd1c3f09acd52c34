//! The body of a form: its fields, which come first, and the file behind them, which is passed on as it arrives.
//!
//! Source: RFC 7578 (`multipart/form-data`), and "Authenticating requests in browser-based uploads using POST" of the S3
//! reference.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::BodyExt as _;

use super::super::intake::DRAIN_LIMIT_BYTES;
use crate::cloud::service::ApiError;

/// How long everything before the file may be, in bytes.
const FIELDS_LIMIT_BYTES: usize = 20 * 1024;

/// The longest boundary, in bytes.
const BOUNDARY_LIMIT: usize = 70;

/// The fields of a form, in their order, with names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub all: Vec<(String, String)>,
    /// The name of the file, without the folders that some clients send with it.
    pub filename: String,
}

impl Fields {
    /// The first field of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The boundary in the content type of a form.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get("content-type")?.to_str().ok()?;
    let (essence, parameters) = kind.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    (1..=BOUNDARY_LIMIT).contains(&boundary.len()).then_some(boundary)
}

/// A parameter behind a header's value: `name="k"`, `boundary=x`.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        let (name, after) = rest.split_once('=')?;
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let end = after.find(';').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// A text up to its closing quote, and what is behind it. Of backslashes only those before a quote are no part of it: older
/// browsers send paths. Newer ones write a quote as `%22`.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value.replace("%22", "\""), &text[at + 1..])),
            '\\' if letters.peek().is_some_and(|(_, next)| *next == '"') => {
                letters.next();
                value.push('"');
            }
            _ => value.push(letter),
        }
    }
    None
}

/// What the beginning of a body holds.
#[derive(Debug, PartialEq, Eq)]
enum Head {
    /// The file has not begun.
    Open,
    /// The file begins at this byte.
    File(Fields, usize),
}

/// Reads the beginning of a body.
fn head(bytes: &[u8], boundary: &str) -> Result<Head, ApiError> {
    let opening = format!("--{boundary}");
    let closing = format!("\r\n--{boundary}");
    let mut fields = Fields::default();
    let mut at = if bytes.starts_with(opening.as_bytes()) {
        opening.len()
    } else {
        match find(bytes, closing.as_bytes()) {
            Some(found) => found + closing.len(),
            None => return Ok(Head::Open),
        }
    };
    loop {
        let rest = &bytes[at..];
        if rest.starts_with(b"--") {
            let message = "POST requires exactly one file upload per request.";
            return Err(ApiError::new("IncorrectNumberOfFilesInPostRequest", message));
        }
        let Some(end) = find(rest, b"\r\n\r\n") else { return Ok(Head::Open) };
        let described = std::str::from_utf8(&rest[..end]).map_err(|_| malformed())?;
        let (name, filename) = disposition(described)?;
        let from = at + end + 4;
        if name == "file" {
            let filename = filename.unwrap_or_default();
            let filename = filename.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
            return Ok(Head::File(Fields { filename, ..fields }, from));
        }
        let Some(length) = find(&bytes[from..], closing.as_bytes()) else { return Ok(Head::Open) };
        let value = std::str::from_utf8(&bytes[from..from + length]).map_err(|_| malformed())?;
        fields.all.push((name, value.to_owned()));
        at = from + length + closing.len();
    }
}

/// The name in the headers of a part, in lower case, and that of its file.
fn disposition(headers: &str) -> Result<(String, Option<String>), ApiError> {
    for line in headers.split("\r\n") {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.trim().eq_ignore_ascii_case("content-disposition") {
            let (_, parameters) = value.split_once(';').ok_or_else(malformed)?;
            let field = parameter(parameters, "name").ok_or_else(malformed)?;
            return Ok((field.to_lowercase(), parameter(parameters, "filename")));
        }
    }
    Err(malformed())
}

/// Where a text first stands.
fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes[at..].starts_with(text) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Reads the fields of a form; gives them and the rest of the body, which begins with the file's first byte.
pub(super) async fn read(body: &mut Body, boundary: &str) -> Result<(Fields, Bytes), ApiError> {
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => bytes.extend_from_slice(&data),
                Err(_) => continue,
            },
            Some(Err(_)) | None => return Err(malformed()),
        }
        let begun = match head(&bytes, boundary)? {
            Head::File(fields, at) => Some((fields, at)),
            Head::Open => None,
        };
        if begun.as_ref().map_or(bytes.len(), |(_, at)| *at) > FIELDS_LIMIT_BYTES {
            let message = "Your POST request fields preceding the upload file were too large.";
            return Err(ApiError::new("MaxPostPreDataLengthExceeded", message));
        }
        if let Some((fields, at)) = begun {
            return Ok((fields, Bytes::from(bytes).slice(at..)));
        }
    }
}

/// Why the file in a form broke off.
pub(super) type Refusal = Arc<Mutex<Option<ApiError>>>;

/// The file in a form, as a body of its own.
pub(super) struct FileBody {
    /// What follows the file.
    closing: Vec<u8>,
    /// What has come and was not given.
    held: Bytes,
    rest: Body,
    ended: bool,
    given: u64,
    /// The largest size, in bytes.
    most: u64,
    refusal: Refusal,
}

impl FileBody {
    pub(super) fn new(boundary: &str, (begun, rest): (Bytes, Body), most: u64, refusal: Refusal) -> Self {
        let closing = format!("\r\n--{boundary}").into_bytes();
        Self { closing, held: begun, rest, ended: false, given: 0, most, refusal }
    }

    /// What of the held bytes is certainly the file's.
    fn certain(&mut self) -> Option<Bytes> {
        let length = if let Some(at) = find(&self.held, &self.closing) {
            self.ended = true;
            at
        } else {
            // The end may have come in two pieces.
            self.held.len().saturating_sub(self.closing.len() - 1)
        };
        (length > 0).then(|| self.held.split_to(length))
    }

    fn refuse_size(&mut self) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let reason = too_large(self.given, self.most);
        self.refuse(reason)
    }

    /// Ends in the middle, for a reason.
    fn refuse(&mut self, reason: ApiError) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.ended = true;
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        Poll::Ready(Some(Err(axum::Error::new(std::io::Error::other("refused")))))
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            if let Some(piece) = self.certain() {
                self.given += piece.len() as u64;
                if self.given > self.most {
                    // What little is left is read, so that a client that sends it all before it listens hears why.
                    if self.ended || self.given - self.most > DRAIN_LIMIT_BYTES {
                        return self.refuse_size();
                    }
                    continue;
                }
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if self.ended {
                return if self.given > self.most { self.refuse_size() } else { Poll::Ready(None) };
            }
            match std::task::ready!(Pin::new(&mut self.rest).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.held =
                            if self.held.is_empty() { data } else { [&self.held[..], &data[..]].concat().into() };
                    }
                }
                Some(Err(_)) | None => return self.refuse(malformed()),
            }
        }
    }
}

/// The refusal of a file that is larger than a policy, or S3, lets it be.
pub(super) fn too_large(proposed: u64, most: u64) -> ApiError {
    let mut error = ApiError::new("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
    error.extra.insert("ProposedSize".to_owned(), proposed.into());
    error.extra.insert("MaxSizeAllowed".to_owned(), most.into());
    error
}

fn malformed() -> ApiError {
    ApiError::new("MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::body::{Body, Bytes};
    use http::{HeaderMap, HeaderValue};
    use http_body_util::BodyExt as _;

    use super::{FileBody, Head, boundary, head, read};

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"Key\"\r\n\r\nk/${filename}\r\n--b\r\ncontent-disposition: \
                        form-data; name=acl\r\n\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; \
                        filename=\"C:\\a\\%22b.txt\"\r\nContent-Type: text/plain\r\n\r\none\r\n--bees\r\n--b--\r\n";

    #[test]
    fn boundaries() {
        for (kind, wanted) in [
            ("multipart/form-data; boundary=a-b", Some("a-b")),
            ("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/mixed; boundary=a", None),
            ("multipart/form-data; boundary=", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static(kind));
            assert_eq!(boundary(&headers).as_deref(), wanted, "{kind}");
        }
    }

    #[test]
    fn fields_come_before_the_file() {
        let Head::File(fields, at) = head(FORM.as_bytes(), "b").unwrap() else { panic!("the file has begun") };
        assert!(FORM[at..].starts_with("one"));
        assert_eq!((fields.get("key"), fields.get("acl")), (Some("k/${filename}"), Some("")));
        assert_eq!(fields.filename, "\"b.txt");
        for cut in 0..at {
            assert_eq!(head(&FORM.as_bytes()[..cut], "b").unwrap(), Head::Open, "{cut}");
        }
        for (text, code) in [
            ("--b--\r\n", "IncorrectNumberOfFilesInPostRequest"),
            ("--b\r\nContent-Type: x\r\n\r\n", "MalformedPOSTRequest"),
            ("--b\r\nContent-Disposition: form-data; filename=\"x\"\r\n\r\n", "MalformedPOSTRequest"),
        ] {
            assert_eq!(head(text.as_bytes(), "b").unwrap_err().code, code, "{text}");
        }
    }

    #[tokio::test]
    async fn the_file_ends_at_the_boundary_however_it_comes() {
        // The file holds what begins like its end: with the boundary `b` it would end there.
        let form = FORM.replace("--b\r", "--bee\r").replace("--b--", "--bee--").replace("--bees", "--bel");
        for size in 1..=form.len() {
            let pieces: Vec<Bytes> = form.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
            let mut body = Body::new(Pieces(pieces.into()));
            let (_, begun) = read(&mut body, "bee").await.unwrap();
            let refusal = Arc::new(Mutex::new(None));
            let file = FileBody::new("bee", (begun, body), 100, Arc::clone(&refusal));
            let bytes = Body::new(file).collect().await.unwrap().to_bytes();
            assert_eq!(bytes, "one\r\n--bel", "in pieces of {size}");
        }
        for (text, most, code) in [("12345", 9, "MalformedPOSTRequest"), ("12345\r\n--b--", 4, "EntityTooLarge")] {
            let refusal = Arc::new(Mutex::new(None));
            let file = FileBody::new("b", (Bytes::from(text), Body::empty()), most, Arc::clone(&refusal));
            assert!(Body::new(file).collect().await.is_err());
            assert_eq!(refusal.lock().unwrap().as_ref().unwrap().code, code);
        }
        let long = format!("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n{}", "x".repeat(30_000));
        assert_eq!(read(&mut Body::from(long), "b").await.unwrap_err().code, "MaxPostPreDataLengthExceeded");
    }

    /// A body that comes in pieces.
    struct Pieces(std::collections::VecDeque<Bytes>);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Ready(self.0.pop_front().map(|piece| Ok(http_body::Frame::data(piece))))
        }
    }
}
