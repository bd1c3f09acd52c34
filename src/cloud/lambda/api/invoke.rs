//! `Invoke`: the one operation that waits for a function.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Operation;
use crate::cloud::lambda::engine::Named;
use crate::cloud::lambda::{Asked, InvocationType, Invoker, Lambda};
use crate::cloud::service::{ApiCall, ApiError, ApiReply, CallContext, ReplyBody};

pub(super) async fn answer(
    lambda: &Lambda,
    context: &CallContext,
    operation: &Operation,
    call: &ApiCall,
) -> Result<ApiReply, ApiError> {
    let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    let kind = match header("x-amz-invocation-type") {
        None | Some("RequestResponse") => InvocationType::Wait,
        Some("Event") => InvocationType::Later,
        Some("DryRun") => InvocationType::Check,
        Some(other) => return Err(ApiError::not_built("lambda", &format!("Invoke with InvocationType {other}"))),
    };
    let qualifier = call.query.iter().find(|(name, _)| name == "Qualifier").map(|(_, value)| value.as_str());
    let shared = &lambda.engine.shared;
    let named = Named::read(shared, &operation.first)?.qualified(qualifier)?;
    let asked = Asked {
        function: &named.arn(shared),
        payload: call.body.clone(),
        kind,
        invoker: Invoker::Caller(&context.caller),
        client_context: header("x-amz-client-context").map(client_context).transpose()?,
    };
    let done = lambda.invoke(asked).await?;
    let status = match kind {
        InvocationType::Wait => 200,
        InvocationType::Later => 202,
        InvocationType::Check => 204,
    };
    let mut headers = vec![("x-amzn-requestid".to_owned(), done.id)];
    if kind != InvocationType::Wait {
        return Ok(ApiReply { status, headers, body: ReplyBody::Empty });
    }
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    headers.push(("x-amz-executed-version".to_owned(), done.version));
    if done.failed {
        headers.push(("x-amz-function-error".to_owned(), "Unhandled".to_owned()));
    }
    if header("x-amz-log-type") == Some("Tail") {
        headers.push(("x-amz-log-result".to_owned(), STANDARD.encode(done.log)));
    }
    Ok(ApiReply { status, headers, body: ReplyBody::Bytes(done.payload) })
}

/// The client's context: JSON in Base64.
fn client_context(text: &str) -> Result<String, ApiError> {
    let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let read = decoded.filter(|text| serde_json::from_str::<Value>(text).is_ok());
    let message = "Client context must be a valid Base64-encoded JSON object.";
    read.ok_or_else(|| ApiError::new("InvalidRequestContentException", message))
}
