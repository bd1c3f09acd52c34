//! What is set beside a function: reserved concurrency, asynchronous invocations, URLs.

use serde_json::{Value, json};

use super::{Request, nothing, with_status};
use crate::cloud::lambda::engine::EventConfig;
use crate::cloud::service::{ApiError, ApiReply};

/// Answers the operations of this file.
pub(super) fn answer(request: &Request<'_>) -> Option<Result<ApiReply, ApiError>> {
    Some(match request.operation.name {
        "PutFunctionConcurrency" | "GetFunctionConcurrency" | "DeleteFunctionConcurrency" => concurrency(request),
        "PutFunctionEventInvokeConfig"
        | "UpdateFunctionEventInvokeConfig"
        | "GetFunctionEventInvokeConfig"
        | "DeleteFunctionEventInvokeConfig"
        | "ListFunctionEventInvokeConfigs" => event_config(request),
        "CreateFunctionUrlConfig"
        | "UpdateFunctionUrlConfig"
        | "GetFunctionUrlConfig"
        | "DeleteFunctionUrlConfig"
        | "ListFunctionUrlConfigs" => url(request),
        _ => return None,
    })
}

fn concurrency(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let named = request.named()?;
    let told = |reserved: Option<u64>| {
        let answer = reserved.map_or_else(|| json!({}), |reserved| json!({"ReservedConcurrentExecutions": reserved}));
        ApiReply::json(answer)
    };
    match request.operation.name {
        "GetFunctionConcurrency" => Ok(told(request.engine.function(&named)?.settings.reserved)),
        "PutFunctionConcurrency" => {
            let input = request.input()?;
            let reserved = input.get("ReservedConcurrentExecutions").and_then(Value::as_u64);
            request.engine.reserve(&named, &input).map(|()| told(reserved))
        }
        _ => request.engine.reserve(&named, &Value::Null).map(|()| nothing()),
    }
}

fn event_config(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let (engine, named) = (request.engine, request.named()?);
    match request.operation.name {
        "GetFunctionEventInvokeConfig" => engine.event_config(&named).map(ApiReply::json),
        "PutFunctionEventInvokeConfig" => {
            let config = EventConfig::default().with(&request.input()?)?;
            engine.put_event_config(&named, Some(config))?;
            engine.event_config(&named).map(ApiReply::json)
        }
        "UpdateFunctionEventInvokeConfig" => {
            engine.event_config(&named)?;
            let config = engine.event_config_of(&named)?.with(&request.input()?)?;
            engine.put_event_config(&named, Some(config))?;
            engine.event_config(&named).map(ApiReply::json)
        }
        "DeleteFunctionEventInvokeConfig" => {
            engine.event_config(&named)?;
            engine.put_event_config(&named, None).map(|()| nothing())
        }
        _ => {
            let configs = engine.event_configs(&named)?;
            Ok(ApiReply::json(json!({"FunctionEventInvokeConfigs": configs})))
        }
    }
}

fn url(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let (engine, named) = (request.engine, request.named()?);
    let shared = &engine.shared;
    match request.operation.name {
        "CreateFunctionUrlConfig" => {
            Ok(with_status(201, engine.create_url(&named, &request.input()?)?.described(shared)))
        }
        "UpdateFunctionUrlConfig" => {
            Ok(ApiReply::json(engine.update_url(&named, &request.input()?)?.described(shared)))
        }
        "GetFunctionUrlConfig" => Ok(ApiReply::json(engine.url(&named)?.described(shared))),
        "DeleteFunctionUrlConfig" => engine.delete_url(&named).map(|()| nothing()),
        _ => {
            engine.function(&named)?;
            let urls = engine.urls_of(&named.name);
            let told: Vec<Value> = urls.iter().map(|url| url.described(shared)).collect();
            Ok(ApiReply::json(json!({"FunctionUrlConfigs": told})))
        }
    }
}
