//! Replies as HTTP answers; files are streamed, never held in memory.

use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::Frame;
use tokio::io::{AsyncRead as _, AsyncSeekExt as _, ReadBuf};

use crate::cloud::service::{ApiReply, ReplyBody};

/// How much of a file is sent at a time, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

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
            Ok(file) => (Body::new(FileBody { file, left: length }), Some(length)),
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

async fn open(path: PathBuf, offset: u64) -> std::io::Result<tokio::fs::File> {
    let mut file = tokio::fs::File::open(path).await?;
    if offset > 0 {
        file.seek(std::io::SeekFrom::Start(offset)).await?;
    }
    Ok(file)
}

/// The rest of an open file, up to a length.
struct FileBody {
    file: tokio::fs::File,
    left: u64,
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let size = usize::try_from(self.left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        if size == 0 {
            return Poll::Ready(None);
        }
        let mut piece = vec![0; size];
        let mut buffer = ReadBuf::new(&mut piece);
        match Pin::new(&mut self.file).poll_read(context, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) => {}
        }
        let read = buffer.filled().len();
        if read == 0 {
            return Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into())));
        }
        piece.truncate(read);
        self.left -= read as u64;
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }
}
