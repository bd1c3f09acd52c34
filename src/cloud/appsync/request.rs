//! One GraphQL request over HTTP: body, caller, document, execution, answer.
//!
//! Not here: what any of them decides.

use std::sync::Arc;

use axum::body::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use crate::cloud::feed::Happening;
use crate::cloud::service::{ApiCall, ApiError, ApiReply, CallContext, ReplyBody};

use super::AppSync;
use super::authorize::Requester;
use super::cache::EntryKey;
use super::caching::operation_entry;
use super::compiled::CompiledApi;
use super::execute::{Answered, execute};
use super::fault::Fault;

/// The largest body of a request, in bytes (AppSync quotas: 1 MB).
pub(in crate::cloud::appsync) const BODY_LIMIT_BYTES: usize = 1_000_000;

/// A request, read off its body.
struct Request {
    query: String,
    variables: Map<String, Value>,
    operation: Option<String>,
}

/// Answers a request and tells the feed.
pub(super) async fn answer(appsync: &AppSync, context: &CallContext, api_id: &str, call: &ApiCall) -> ApiReply {
    let started = std::time::Instant::now();
    let mut log = Log { operation: String::new(), caller: "anonymous".to_owned() };
    let reply = match attempt(appsync, context, (api_id, call), &mut log).await {
        Ok(answered) => success(&answered),
        Err(error) => refusal(&error),
    };
    appsync.shared.feed.publish(Happening::GraphQl {
        at_ms: appsync.shared.clock.now_ms(),
        operation: log.operation,
        status: reply.status,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        caller: log.caller,
    });
    reply
}

/// What the feed is told.
struct Log {
    operation: String,
    caller: String,
}

async fn attempt(
    appsync: &AppSync,
    context: &CallContext,
    (api_id, call): (&str, &ApiCall),
    log: &mut Log,
) -> Result<Answered, ApiError> {
    let api = appsync.engine.compiled(api_id)?;
    let requester = appsync.identify(&api, context, (&call.headers, &call.body)).await?;
    log.caller.clone_from(&requester.label);
    let request = read(call)?;
    let document = match api.schema.document(&request.query) {
        Ok(document) => document,
        Err(faults) => return Ok(Answered::refused(faults)),
    };
    if let Ok(operation) = document.operations.get(request.operation.as_deref()) {
        let fields: Vec<&str> = operation.root_fields(&document).map(|field| field.name.as_str()).collect();
        log.operation = fields.join(", ");
    }
    let kept = document.operations.get(request.operation.as_deref()).ok().and_then(|operation| {
        let asked = (request.query.as_str(), request.operation.as_deref(), &request.variables);
        operation_entry((&api, &requester, &appsync.backends.iam), (&document, operation), asked, &call.headers)
    });
    let fixed = fixed(&api, &requester, &call.headers);
    let setting = appsync.setting(&api, Arc::new(requester), fixed);
    let execution = execute(setting, &document, request.operation.as_deref(), &request.variables);
    match kept {
        Some(entry) => Ok(once(appsync, entry, execution).await),
        None => Ok(execution.await),
    }
}

/// The answer that is kept, or a new one, which is kept when nothing went wrong.
async fn once(appsync: &AppSync, (key, ttl_s): (EntryKey, i64), execution: impl Future<Output = Answered>) -> Answered {
    let now_ms = appsync.shared.clock.now_ms();
    if let Some(mut kept) = appsync.backends.caches.get(&key, now_ms) {
        let headers = serde_json::from_value(kept["headers"].take()).unwrap_or_default();
        return Answered { data: kept["data"].take(), headers, ..Answered::default() };
    }
    let answered = execution.await;
    if answered.faults.is_empty() {
        let kept = json!({ "data": answered.data, "headers": answered.headers });
        appsync.backends.caches.put(key, &kept, (now_ms, ttl_s));
    }
    answered
}

fn malformed(message: &str) -> ApiError {
    ApiError::new("MalformedHttpRequestException", message)
}

fn read(call: &ApiCall) -> Result<Request, ApiError> {
    if call.method != Method::POST {
        return Err(malformed("The embedded cloud takes GraphQL requests by POST only.").status(405));
    }
    if call.body.len() > BODY_LIMIT_BYTES {
        let message = format!("Request body is larger than {BODY_LIMIT_BYTES} bytes.");
        return Err(ApiError::new("RequestEntityTooLargeException", message).status(413));
    }
    if call.body.is_empty() {
        return Err(malformed("Request body is empty."));
    }
    let unreadable = || malformed("Unable to parse GraphQL query.");
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| unreadable())?;
    let query = body.get("query").and_then(Value::as_str).ok_or_else(unreadable)?.to_owned();
    let variables = match body.get("variables") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map.clone(),
        // Some clients send the variables as JSON in text.
        Some(Value::String(text)) if text.trim().is_empty() => Map::new(),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| unreadable())?,
        Some(_) => return Err(unreadable()),
    };
    let operation = body.get("operationName").and_then(Value::as_str).filter(|name| !name.is_empty());
    Ok(Request { operation: operation.map(str::to_owned), query, variables })
}

/// What every handler of a request sees: identity, headers, environment.
pub(super) fn fixed(api: &CompiledApi, requester: &Requester, headers: &HeaderMap) -> Arc<str> {
    let mut seen = Map::new();
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            seen.insert(name.as_str().to_owned(), value.into());
        }
    }
    let request = json!({ "headers": seen, "domainName": null });
    let text = format!(
        "\"identity\":{},\"request\":{request},\"env\":{},\"authType\":{}",
        requester.identity,
        json!(api.api.variables),
        json!(requester.mode.title()),
    );
    text.into()
}

fn success(answered: &Answered) -> ApiReply {
    let mut body = Map::new();
    body.insert("data".to_owned(), answered.data.clone());
    if !answered.faults.is_empty() {
        body.insert("errors".to_owned(), answered.faults.iter().map(Fault::to_json).collect());
    }
    if answered.evicted > 0 {
        body.insert("extensions".to_owned(), json!({ "apiCacheEntriesDeleted": answered.evicted }));
    }
    let mut reply = reply(200, &body.into());
    reply.headers.extend(answered.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    reply
}

fn refusal(error: &ApiError) -> ApiReply {
    let mut reply = reply(error.status, &json!({ "errors": [{ "errorType": error.code, "message": error.message }] }));
    // Clients know the kind of refusal by this header; aws-amplify knows no other way.
    reply.headers.push(("x-amzn-errortype".to_owned(), error.code.clone()));
    reply
}

fn reply(status: u16, body: &Value) -> ApiReply {
    let headers = vec![
        ("content-type".to_owned(), "application/json;charset=UTF-8".to_owned()),
        ("x-amzn-appsync-tokensconsumed".to_owned(), "1".to_owned()),
    ];
    ApiReply { status, headers, body: ReplyBody::Bytes(Bytes::from(body.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_its_kind_in_a_header_too() {
        let reply = refusal(&ApiError::new("UnauthorizedException", "no").status(401));
        let kind = reply.headers.iter().find(|(name, _)| name == "x-amzn-errortype").map(|(_, value)| value.as_str());
        assert_eq!((reply.status, kind), (401, Some("UnauthorizedException")));
    }
}
