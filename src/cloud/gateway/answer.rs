//! Replies as HTTP answers; files are streamed, never held in memory.

use std::fs::File;
use std::future::Future as _;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::Frame;
use tokio::task::JoinHandle;

use crate::cloud::service::{ApiReply, ReplyBody};

/// How much of a file is sent at a time, in bytes.
const PIECE_BYTES: u64 = 256 * 1024;

/// A reply as an HTTP answer. `head` leaves the body away and keeps its length.
pub(super) async fn response(reply: ApiReply, head: bool) -> Response {
    let ApiReply { status, headers, body } = reply;
    let (body, length) = match body {
        ReplyBody::Empty => (Body::empty(), None),
        ReplyBody::Bytes(bytes) => {
            let length = bytes.len() as u64;
            (if head { Body::empty() } else { Body::from(bytes) }, Some(length))
        }
        ReplyBody::Json(value) => {
            let text = value.to_string();
            let length = text.len() as u64;
            (if head { Body::empty() } else { Body::from(text) }, Some(length))
        }
        ReplyBody::File { length, .. } if head => (Body::empty(), Some(length)),
        ReplyBody::File { path, offset, length } => match open(path, offset).await {
            Ok(file) => (Body::new(FileBody::new(file, length)), Some(length)),
            Err(error) => return failed(&error.to_string()),
        },
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(length) = length {
        response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    }
    for (name, value) in headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) else {
            continue;
        };
        if name == http::header::CONTENT_LENGTH {
            response.headers_mut().insert(name, value);
        } else {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A fault of ours.
pub(super) fn failed(message: &str) -> Response {
    let text = serde_json::json!({"__type": "InternalFailure", "message": message}).to_string();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

async fn open(path: PathBuf, offset: u64) -> std::io::Result<File> {
    let opened = tokio::task::spawn_blocking(move || {
        let mut file = File::open(path)?;
        if offset > 0 {
            file.seek(SeekFrom::Start(offset))?;
        }
        Ok(file)
    });
    opened.await.map_err(std::io::Error::other)?
}

/// The rest of an open file, up to a length. While the network takes a piece, the next one is read.
struct FileBody {
    next: Next,
    left: u64,
}

/// The next piece of a file.
enum Next {
    /// It is being read.
    Reading(JoinHandle<std::io::Result<(File, Bytes)>>),
    /// There is none.
    Nothing,
}

impl FileBody {
    fn new(file: File, length: u64) -> Self {
        Self { next: read(file, length), left: length }
    }
}

/// Reads the next piece away from the threads that answer requests.
fn read(file: File, left: u64) -> Next {
    let size = left.min(PIECE_BYTES);
    if size == 0 {
        return Next::Nothing;
    }
    Next::Reading(tokio::task::spawn_blocking(move || {
        let mut piece = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        let mut part = file.take(size);
        part.read_to_end(&mut piece)?;
        Ok((part.into_inner(), piece.into()))
    }))
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let Next::Reading(reading) = &mut self.next else { return Poll::Ready(None) };
        let done = ready!(Pin::new(reading).poll(context)).map_err(std::io::Error::other).flatten();
        self.next = Next::Nothing;
        let (file, piece) = match done {
            Ok((_, piece)) if piece.is_empty() => {
                return Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into())));
            }
            Ok(done) => done,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        self.left = self.left.saturating_sub(piece.len() as u64);
        self.next = read(file, self.left);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
