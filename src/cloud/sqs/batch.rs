//! Batches: up to ten entries, each with an outcome of its own.

use serde_json::{Value, json};

use super::api::{Request, sent};
use super::attributes::MESSAGE_BYTES;
use super::message::length;
use crate::cloud::protocol::sqs_query_code;
use crate::cloud::service::ApiError;

/// How many entries a batch may have.
const ENTRIES_LIMIT: usize = 10;

/// Sends each entry.
pub(super) fn send(request: &Request<'_>, name: &str) -> Result<Value, ApiError> {
    let mut bytes = 0;
    for entry in entries(request)? {
        // What is wrong with an entry is told of that entry.
        bytes += request.outgoing(entry).map_or(0, |outgoing| length(&outgoing.body, &outgoing.attributes));
    }
    if bytes as u64 > MESSAGE_BYTES.unsigned_abs() {
        let message =
            format!("Batch requests cannot be longer than {MESSAGE_BYTES} bytes. You have sent {bytes} bytes.");
        return Err(ApiError::new("BatchRequestTooLong", message));
    }
    each(request, |entry| Ok(sent(request.engine.send(name, request.outgoing(entry)?)?)))
}

/// Does something with each entry, and tells of each how it went.
pub(super) fn each(request: &Request<'_>, act: impl Fn(&Value) -> Result<Value, ApiError>) -> Result<Value, ApiError> {
    let mut successful = Vec::new();
    let mut failed = Vec::new();
    for entry in entries(request)? {
        match act(entry) {
            Ok(mut done) => {
                done["Id"] = entry["Id"].clone();
                successful.push(done);
            }
            Err(error) => failed.push(json!({
                "Id": entry["Id"], "SenderFault": error.status < 500, "Code": sqs_query_code(&error.code),
                "Message": error.message,
            })),
        }
    }
    let mut answer = json!({"Successful": successful});
    if !failed.is_empty() {
        answer["Failed"] = Value::Array(failed);
    }
    Ok(answer)
}

/// The entries of a batch, whose ids are fit and distinct.
fn entries<'a>(request: &Request<'a>) -> Result<&'a [Value], ApiError> {
    let entries = request.input.get("Entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        let message = "There should be at least one SendMessageBatchRequestEntry in the request.";
        return Err(ApiError::new("EmptyBatchRequest", message));
    }
    if entries.len() > ENTRIES_LIMIT {
        let message =
            format!("Maximum number of entries per request are {ENTRIES_LIMIT}. You have sent {}.", entries.len());
        return Err(ApiError::new("TooManyEntriesInBatchRequest", message));
    }
    let ids: Vec<&str> = entries.iter().map(|entry| entry["Id"].as_str().unwrap_or_default()).collect();
    let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if ids.iter().any(|id| !(1..=80).contains(&id.len()) || !id.chars().all(good)) {
        let message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at \
                       most 80 letters long.";
        return Err(ApiError::new("InvalidBatchEntryId", message));
    }
    if let Some((_, twice)) = ids.iter().enumerate().find(|(at, id)| ids[..*at].contains(id)) {
        return Err(ApiError::new("BatchEntryIdsNotDistinct", format!("Id {twice} repeated.")));
    }
    Ok(entries)
}
