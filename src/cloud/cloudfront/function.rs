//! CloudFront Functions: a `handler(event)` in JavaScript that sees requests before the origin does.
//!
//! Source: "CloudFront Functions event structure" and "JavaScript runtime 2.0 features" of the CloudFront guide. Key
//! value stores are absent: a function that imports `cloudfront` fails.

use http::HeaderMap;
use rquickjs::promise::MaybePromise;
use rquickjs::{CatchResultExt as _, Context, Function, Runtime};
use serde_json::{Map, Value, json};

use super::rows::Distribution;
use crate::cloud::service::ApiCall;

/// The largest code, in bytes (AWS's quota).
pub(super) const CODE_LIMIT_BYTES: usize = 10 * 1024;

/// What a function may take of memory, in bytes. AWS gives 2 MB without the interpreter, which is in here too.
const MEMORY_LIMIT_BYTES: usize = 8 * 1024 * 1024;

/// How often the interpreter looks up from work before a run is given up; each time it has done some ten thousand steps.
const PULSE_LIMIT: u32 = 200;

const STACK_LIMIT_BYTES: usize = 256 * 1024;

/// What a viewer-request function gave back.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Go on, with this request.
    Request(Value),
    /// Answer at once.
    Response(Value),
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The CloudFront function failed: {0}")]
pub(super) struct FunctionError(pub String);

/// Whether the code can be read and defines a handler.
pub(super) fn check(code: &str) -> Result<(), FunctionError> {
    if code.len() > CODE_LIMIT_BYTES {
        return Err(FunctionError(format!("the code is larger than {CODE_LIMIT_BYTES} bytes")));
    }
    with_handler(code, |_, _| Ok(()))
}

/// Runs the handler on an event; both sides are JSON.
pub(super) fn run(code: &str, event: &Value) -> Result<Value, FunctionError> {
    with_handler(code, |context, handler| {
        let event = context.json_parse(event.to_string())?;
        let answer: MaybePromise<'_> = handler.call((event,))?;
        let answer: rquickjs::Value<'_> = answer.finish()?;
        let text = context.json_stringify(answer)?.map(|text| text.to_string()).transpose()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null))
    })
}

fn with_handler<T>(
    code: &str,
    work: impl for<'js> FnOnce(&rquickjs::Ctx<'js>, Function<'js>) -> rquickjs::Result<T>,
) -> Result<T, FunctionError> {
    let failed = |error: rquickjs::Error| FunctionError(error.to_string());
    let runtime = Runtime::new().map_err(failed)?;
    runtime.set_memory_limit(MEMORY_LIMIT_BYTES);
    runtime.set_max_stack_size(STACK_LIMIT_BYTES);
    let mut pulses = 0;
    runtime.set_interrupt_handler(Some(Box::new(move || {
        pulses += 1;
        pulses > PULSE_LIMIT
    })));
    let context = Context::full(&runtime).map_err(failed)?;
    context.with(|context| {
        let outcome = context
            .eval::<(), _>(code)
            .and_then(|()| context.eval::<Function<'_>, _>("handler"))
            .and_then(|handler| work(&context, handler));
        outcome.catch(&context).map_err(|error| FunctionError(error.to_string().trim().to_owned()))
    })
}

/// The event of a viewer request.
pub(super) fn request_event(distribution: &Distribution, request_id: &str, call: &ApiCall) -> Value {
    let mut query = Map::new();
    for (name, value) in &call.query {
        add_value(&mut query, name, value);
    }
    let mut headers = Map::new();
    let mut cookies = Map::new();
    for (name, value) in &call.headers {
        let Ok(value) = value.to_str() else { continue };
        if name == http::header::COOKIE {
            for (name, value) in value.split(';').filter_map(|pair| pair.trim().split_once('=')) {
                add_value(&mut cookies, name, value);
            }
        } else {
            add_value(&mut headers, name.as_str(), value);
        }
    }
    json!({
        "version": "1.0",
        "context": {
            "distributionDomainName": distribution.host, "distributionId": distribution.id,
            "eventType": "viewer-request", "requestId": request_id,
        },
        "viewer": {"ip": "127.0.0.1"},
        "request": {
            "method": call.method.as_str(), "uri": call.path, "querystring": query, "headers": headers,
            "cookies": cookies,
        },
    })
}

/// The event of a viewer response, on the event of its request.
pub(super) fn response_event(request: &Value, status: u16, headers: &[(String, String)]) -> Value {
    let mut shown = Map::new();
    for (name, value) in headers {
        add_value(&mut shown, &name.to_ascii_lowercase(), value);
    }
    let mut event = request.clone();
    event["context"]["eventType"] = json!("viewer-response");
    event["response"] = json!({"statusCode": status, "headers": shown, "cookies": {}});
    event
}

/// A repeated name has its first value as `value` and all of them as `multiValue`.
fn add_value(fields: &mut Map<String, Value>, name: &str, value: &str) {
    match fields.get_mut(name) {
        None => {
            fields.insert(name.to_owned(), json!({"value": value}));
        }
        Some(known) => {
            if known.get("multiValue").is_none() {
                known["multiValue"] = json!([{"value": known["value"]}]);
            }
            if let Some(values) = known["multiValue"].as_array_mut() {
                values.push(json!({"value": value}));
            }
        }
    }
}

/// What a viewer-request function decided: a response has a `statusCode`.
pub(super) fn outcome(answer: Value) -> Result<Outcome, FunctionError> {
    match answer {
        answer if answer.get("statusCode").is_some() => Ok(Outcome::Response(answer)),
        answer if answer.get("uri").is_some_and(|uri| uri.as_str().is_some_and(|uri| uri.starts_with('/'))) => {
            Ok(Outcome::Request(answer))
        }
        _ => Err(FunctionError("the handler returned neither a request nor a response".to_owned())),
    }
}

/// The headers in an event object, as pairs.
pub(super) fn headers_of(event: &Value) -> Vec<(String, String)> {
    let fields = event.get("headers").and_then(Value::as_object);
    let mut found = Vec::new();
    for (name, value) in fields.into_iter().flatten() {
        match value.get("multiValue").and_then(Value::as_array) {
            Some(values) => found.extend(
                values.iter().filter_map(|value| Some((name.clone(), value.get("value")?.as_str()?.to_owned()))),
            ),
            None => {
                found.extend(value.get("value").and_then(Value::as_str).map(|value| (name.clone(), value.to_owned())));
            }
        }
    }
    let cookies = event.get("cookies").and_then(Value::as_object);
    for (name, cookie) in cookies.into_iter().flatten() {
        let value = cookie.get("value").and_then(Value::as_str).unwrap_or_default();
        let attributes = cookie.get("attributes").and_then(Value::as_str).map(|text| format!("; {text}"));
        found.push(("set-cookie".to_owned(), format!("{name}={value}{}", attributes.unwrap_or_default())));
    }
    found
}

/// The request headers after a function changed them.
pub(super) fn changed_headers(request: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in headers_of(request) {
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse::<http::HeaderValue>()) {
            headers.append(name, value);
        }
    }
    headers
}
