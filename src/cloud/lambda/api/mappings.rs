//! Event source mappings.

use serde_json::{Value, json};

use super::{Request, with_status};
use crate::cloud::lambda::engine::Mapping;
use crate::cloud::service::{ApiError, ApiReply};

/// Answers the operations of this file.
pub(super) fn answer(request: &Request<'_>) -> Option<Result<ApiReply, ApiError>> {
    let (engine, id) = (request.engine, &request.operation.first);
    let told = |mapping: Mapping, state: Option<&str>| mapping.described(&engine.shared, state);
    Some(match request.operation.name {
        "CreateEventSourceMapping" => {
            let created = request.input().and_then(|input| engine.create_mapping(&input));
            created.map(|mapping| with_status(202, told(mapping, Some("Creating"))))
        }
        "UpdateEventSourceMapping" => {
            let updated = request.input().and_then(|input| engine.update_mapping(id, &input));
            updated.map(|mapping| with_status(202, told(mapping, None)))
        }
        "GetEventSourceMapping" => engine.mapping(id).map(|mapping| ApiReply::json(told(mapping, None))),
        "DeleteEventSourceMapping" => {
            engine.delete_mapping(id).map(|mapping| with_status(202, told(mapping, Some("Deleting"))))
        }
        "ListEventSourceMappings" => list(request),
        _ => return None,
    })
}

fn list(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let all = request.engine.mappings(request.parameter("EventSourceArn"), request.parameter("FunctionName"))?;
    let (page, next) = request.page(all, |mapping| mapping.id.clone())?;
    let told: Vec<Value> = page.iter().map(|mapping| mapping.described(&request.engine.shared, None)).collect();
    let mut answer = json!({"EventSourceMappings": told});
    if let Some(next) = next {
        answer["NextMarker"] = json!(next);
    }
    Ok(ApiReply::json(answer))
}
