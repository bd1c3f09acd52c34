//! Lambda's API: paths and methods to what the engine does, and its answers.
//!
//! Source: the "API Reference" of Lambda. Operations that are not built are refused by their names.

mod functions;
mod invoke;
mod layers;
mod mappings;
mod settings;
mod versions;

use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::Lambda;
use super::engine::{Engine, Named, layer_arn};
use crate::cloud::protocol::percent;
use crate::cloud::service::{Access, ApiCall, ApiError, ApiReply, CallContext, Permission, ReplyBody};

/// Our own operation: the archive of code, by the address that `GetFunction` and `GetLayerVersion` give.
const ARCHIVE: &str = "Archive";

/// The operations: method, path after the version of the API, name. `{}` stands for a name in the path.
const OPERATIONS: [(Method, &str, &str); 46] = [
    (Method::GET, "functions", "ListFunctions"),
    (Method::POST, "functions", "CreateFunction"),
    (Method::GET, "functions/{}", "GetFunction"),
    (Method::DELETE, "functions/{}", "DeleteFunction"),
    (Method::GET, "functions/{}/configuration", "GetFunctionConfiguration"),
    (Method::PUT, "functions/{}/configuration", "UpdateFunctionConfiguration"),
    (Method::PUT, "functions/{}/code", "UpdateFunctionCode"),
    (Method::GET, "functions/{}/archive", ARCHIVE),
    (Method::POST, "functions/{}/invocations", "Invoke"),
    (Method::GET, "functions/{}/policy", "GetPolicy"),
    (Method::POST, "functions/{}/policy", "AddPermission"),
    (Method::DELETE, "functions/{}/policy/{}", "RemovePermission"),
    (Method::POST, "functions/{}/versions", "PublishVersion"),
    (Method::GET, "functions/{}/versions", "ListVersionsByFunction"),
    (Method::POST, "functions/{}/aliases", "CreateAlias"),
    (Method::GET, "functions/{}/aliases", "ListAliases"),
    (Method::GET, "functions/{}/aliases/{}", "GetAlias"),
    (Method::PUT, "functions/{}/aliases/{}", "UpdateAlias"),
    (Method::DELETE, "functions/{}/aliases/{}", "DeleteAlias"),
    (Method::PUT, "functions/{}/concurrency", "PutFunctionConcurrency"),
    (Method::GET, "functions/{}/concurrency", "GetFunctionConcurrency"),
    (Method::DELETE, "functions/{}/concurrency", "DeleteFunctionConcurrency"),
    (Method::PUT, "functions/{}/event-invoke-config", "PutFunctionEventInvokeConfig"),
    (Method::POST, "functions/{}/event-invoke-config", "UpdateFunctionEventInvokeConfig"),
    (Method::GET, "functions/{}/event-invoke-config", "GetFunctionEventInvokeConfig"),
    (Method::DELETE, "functions/{}/event-invoke-config", "DeleteFunctionEventInvokeConfig"),
    (Method::GET, "functions/{}/event-invoke-config/list", "ListFunctionEventInvokeConfigs"),
    (Method::POST, "functions/{}/url", "CreateFunctionUrlConfig"),
    (Method::PUT, "functions/{}/url", "UpdateFunctionUrlConfig"),
    (Method::GET, "functions/{}/url", "GetFunctionUrlConfig"),
    (Method::DELETE, "functions/{}/url", "DeleteFunctionUrlConfig"),
    (Method::GET, "functions/{}/urls", "ListFunctionUrlConfigs"),
    (Method::GET, "layers", "ListLayers"),
    (Method::POST, "layers/{}/versions", "PublishLayerVersion"),
    (Method::GET, "layers/{}/versions", "ListLayerVersions"),
    (Method::GET, "layers/{}/versions/{}", "GetLayerVersion"),
    (Method::DELETE, "layers/{}/versions/{}", "DeleteLayerVersion"),
    (Method::GET, "layers/{}/versions/{}/archive", ARCHIVE),
    (Method::GET, "tags/{}", "ListTags"),
    (Method::POST, "tags/{}", "TagResource"),
    (Method::DELETE, "tags/{}", "UntagResource"),
    (Method::POST, "event-source-mappings", "CreateEventSourceMapping"),
    (Method::GET, "event-source-mappings", "ListEventSourceMappings"),
    (Method::GET, "event-source-mappings/{}", "GetEventSourceMapping"),
    (Method::PUT, "event-source-mappings/{}", "UpdateEventSourceMapping"),
    (Method::DELETE, "event-source-mappings/{}", "DeleteEventSourceMapping"),
];

/// What a request is: the operation and what its path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub name: &'static str,
    /// What stands first and second in the place of a name, decoded.
    pub first: String,
    pub second: String,
}

/// The operation of a request.
pub(super) fn operation(call: &ApiCall) -> Operation {
    let segments: Vec<String> = call.path.trim_matches('/').split('/').map(percent::decode).collect();
    // The first segment is the version of the API, a date.
    let given = segments.get(1..).unwrap_or_default();
    for (method, path, name) in &OPERATIONS {
        let wanted: Vec<&str> = path.split('/').collect();
        let fits = wanted.len() == given.len()
            && wanted.iter().zip(given).all(|(wanted, given)| *wanted == "{}" || *wanted == given);
        if fits && *method == call.method {
            let mut named = wanted.iter().zip(given).filter(|(wanted, _)| **wanted == "{}").map(|(_, given)| given);
            let mut next = || named.next().cloned().unwrap_or_default();
            let (first, second) = (next(), next());
            return Operation { name, first, second };
        }
    }
    let parts: Vec<&str> = given.iter().map(String::as_str).collect();
    Operation { name: unbuilt(&parts), first: String::new(), second: String::new() }
}

/// The name of what is not built, as far as the path tells.
fn unbuilt(parts: &[&str]) -> &'static str {
    match parts {
        ["functions", _, "provisioned-concurrency", ..] => "provisioned concurrency",
        ["functions", _, "response-streaming-invocations"] => "InvokeWithResponseStream",
        ["functions", _, "invoke-async"] => "InvokeAsync",
        ["functions", _, "runtime-management-config"] => "runtime management",
        ["functions", _, "recursion-config"] => "the detection of recursive loops",
        ["layers", .., "policy"] | ["layers", _, "versions", _, "policy", _] => "policies of layers",
        ["functions", _, "code-signing-config"] | ["code-signing-configs", ..] => "code signing",
        ["account-settings"] => "GetAccountSettings",
        _ => "this operation",
    }
}

/// What the caller of a request must be allowed.
pub(super) fn access(engine: &Engine, call: &ApiCall) -> Access {
    let shared = &engine.shared;
    let operation = operation(call);
    let arn = |text: &str| Named::read(shared, text).map_or_else(|_| "*".to_owned(), |named| named.arn(shared));
    let input: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let text = |pointer: &str| input.pointer(pointer).and_then(Value::as_str);
    let resource = match operation.name {
        // The function's own policy may allow it, or the ticket in the address: both are asked where they are known.
        "Invoke" | ARCHIVE => return Access::Open,
        "CreateFunction" => arn(text("/FunctionName").unwrap_or_default()),
        "TagResource" | "UntagResource" | "ListTags" => operation.first.clone(),
        name if name.contains("LayerVersion") => {
            let layer = layer_arn(shared, &operation.first);
            if operation.second.is_empty() { layer } else { format!("{layer}:{}", operation.second) }
        }
        name if name.ends_with("EventSourceMapping") && !operation.first.is_empty() => {
            format!("arn:aws:lambda:{}:{}:event-source-mapping:{}", shared.region, shared.account, operation.first)
        }
        _ if operation.first.is_empty() => "*".to_owned(),
        _ => arn(&operation.first),
    };
    let mut needed = vec![Permission::new(format!("lambda:{}", operation.name), resource)];
    if let Some(role) = text("/Role") {
        needed.push(Permission::new("iam:PassRole", role));
    }
    let content = ["/Code", "/Content", ""]
        .iter()
        .find_map(|place| text(&format!("{place}/S3Bucket")).zip(text(&format!("{place}/S3Key"))));
    if let Some((bucket, key)) = content {
        needed.push(Permission::new("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}")));
    }
    for layer in input.get("Layers").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        needed.push(Permission::new("lambda:GetLayerVersion", layer));
    }
    Access::Requires(needed)
}

/// Carries out a request.
pub(super) async fn answer(lambda: &Lambda, context: &CallContext, call: ApiCall) -> Result<ApiReply, ApiError> {
    let operation = operation(&call);
    if operation.name == "Invoke" {
        return invoke::answer(lambda, context, &operation, &call).await;
    }
    // Archives are unpacked and rows are written: away from the threads that answer requests.
    let engine = Arc::clone(&lambda.engine);
    let work = tokio::task::spawn_blocking(move || manage(&engine, &operation, &call));
    work.await
        .map_err(|error| ApiError::new("ServiceException", format!("the request ended early: {error}")).status(500))?
}

fn manage(engine: &Arc<Engine>, operation: &Operation, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let request = Request { engine, operation, call };
    let groups = [functions::answer, versions::answer, settings::answer, layers::answer, mappings::answer];
    let answered = groups.iter().find_map(|group| group(&request));
    answered.unwrap_or_else(|| {
        Err(ApiError::not_built("lambda", &format!("{} ({} {})", operation.name, call.method, call.path)))
    })
}

/// A request to manage something.
struct Request<'a> {
    engine: &'a Arc<Engine>,
    operation: &'a Operation,
    call: &'a ApiCall,
}

impl Request<'_> {
    /// The function that the path names, with the `Qualifier` of the request.
    fn named(&self) -> Result<Named, ApiError> {
        Named::read(&self.engine.shared, &self.operation.first)?.qualified(self.parameter("Qualifier"))
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.call.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn input(&self) -> Result<Value, ApiError> {
        match serde_json::from_slice(&self.call.body) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ if self.call.body.is_empty() => Ok(Value::Object(serde_json::Map::new())),
            _ => Err(ApiError::new(
                "SerializationException",
                "Could not parse request body into json: an object is expected",
            )),
        }
    }

    /// One page of a list: from what follows `Marker`, up to `MaxItems`.
    fn page<T>(&self, all: Vec<T>, name: impl Fn(&T) -> String) -> Result<(Vec<T>, Option<String>), ApiError> {
        const PAGE: usize = 50;
        let most = match self.parameter("MaxItems").map(str::parse::<usize>) {
            None => PAGE,
            Some(Ok(most)) if (1..=10_000).contains(&most) => most.min(PAGE),
            Some(_) => return Err(super::engine::invalid("MaxItems must be a number from 1 to 10000")),
        };
        let from = match self.parameter("Marker").filter(|marker| !marker.is_empty()) {
            None => 0,
            Some(marker) => all.iter().position(|one| name(one) == marker).map_or(all.len(), |at| at + 1),
        };
        let mut page: Vec<T> = all.into_iter().skip(from).collect();
        let more = page.len() > most;
        page.truncate(most);
        let next = page.last().filter(|_| more).map(name);
        Ok((page, next))
    }
}

/// An answer without content.
fn nothing() -> ApiReply {
    ApiReply { status: 204, headers: Vec::new(), body: ReplyBody::Empty }
}

/// An answer of another status than 200.
fn with_status(status: u16, value: Value) -> ApiReply {
    let mut reply = ApiReply::json(value);
    reply.status = status;
    reply
}
