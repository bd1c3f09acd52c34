//! Requests that carry the bytes of an object: allowed first, then read into a file, then made an object or a part.

use std::sync::Arc;

use http::Method;

use super::ask::Ask;
use super::checksums::Algorithm;
use super::intake::{self, Incoming, Received};
use super::objects::Place;
use super::{Engine, multipart, put};
use crate::cloud::service::{ApiCall, ApiError, ApiReply, Caller};

/// Who sends a body.
pub(super) struct Request<'a> {
    pub engine: &'a Arc<Engine>,
    pub caller: &'a Caller,
    pub id: &'a str,
}

/// What a body becomes.
#[derive(Debug)]
enum Purpose {
    Object(Box<put::Described>),
    Part { id: String, number: u32, algorithm: Algorithm },
}

/// Whether a call on a key carries the bytes of an object or of a part.
pub(super) fn is_one(call: &ApiCall) -> bool {
    let has = |word: &str| call.query.iter().any(|(name, _)| name == word);
    call.method == Method::PUT
        && !call.headers.contains_key("x-amz-copy-source")
        && (has("uploadId") || !super::wire::WORDS.iter().any(|word| has(word)))
}

/// Carries out such a call.
pub(super) async fn receive(
    request: &Request<'_>,
    call: ApiCall,
    place: Place<'_>,
    incoming: Incoming,
) -> Result<ApiReply, ApiError> {
    let prepared = {
        let ask = Ask::new(request.engine, request.caller, &call, request.id);
        prepare(&ask, place)
    };
    let purpose = match prepared {
        Ok(purpose) => purpose,
        Err(refusal) => {
            incoming.drain(&call.headers).await;
            return Err(refusal);
        }
    };
    let (path, wanted) = match &purpose {
        // What has no checksum gets one, as S3 gives it.
        Purpose::Object(_) if intake::states_sums(&call.headers) => (request.engine.objects.unfinished(), None),
        Purpose::Object(_) => (request.engine.objects.unfinished(), Some(Algorithm::Crc64Nvme)),
        Purpose::Part { id, algorithm, .. } => (request.engine.uploads.unfinished(id), Some(*algorithm)),
    };
    let received = intake::receive(path, &call.headers, incoming, wanted.as_slice()).await?;
    let (engine, caller) = (Arc::clone(request.engine), request.caller.clone());
    let (bucket, key) = (place.bucket.to_owned(), place.key.to_owned());
    let request_id = request.id.to_owned();
    let work = tokio::task::spawn_blocking(move || {
        let ask = Ask::new(&engine, &caller, &call, &request_id);
        finish(&ask, Place { bucket: &bucket, key: &key }, purpose, received)
    });
    work.await.map_err(|_| ApiError::new("InternalError", "the upload was given up").status(500))?
}

/// What must hold before the body is read.
fn prepare(ask: &Ask<'_>, place: Place<'_>) -> Result<Purpose, ApiError> {
    let Some(id) = ask.parameter("uploadId") else {
        return put::prepare(ask, place).map(|described| Purpose::Object(Box::new(described)));
    };
    let (upload, number) = multipart::prepare(ask, place, id)?;
    Ok(Purpose::Part { id: id.to_owned(), number, algorithm: upload.computed().0 })
}

fn finish(ask: &Ask<'_>, place: Place<'_>, purpose: Purpose, received: Received) -> Result<ApiReply, ApiError> {
    match purpose {
        Purpose::Object(described) => put::finish(ask, place, *described, received),
        Purpose::Part { id, number, .. } => multipart::finish(ask, &id, number, received),
    }
}
