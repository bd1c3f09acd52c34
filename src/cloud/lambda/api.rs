//! Lambda's API: paths and methods to what the engine does, and its answers.
//!
//! Source: the "API Reference" of Lambda. Operations that are not built are refused by their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::engine::{self, Engine, Function, Named, Settings, Source, invalid, is_name, not_found};
use super::{Asked, InvocationType, Invoker, Lambda};
use crate::cloud::protocol::percent;
use crate::cloud::service::{Access, ApiCall, ApiError, ApiReply, CallContext, Permission, ReplyBody, Shared};

/// How many functions a page has when nothing is said.
const PAGE: usize = 50;

/// What a request is: the operation and what its path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub name: &'static str,
    /// The function, decoded.
    pub function: String,
    /// The id of a statement, decoded.
    pub statement: String,
}

/// The operation of a request.
pub(super) fn operation(call: &ApiCall) -> Operation {
    let segments: Vec<String> = call.path.trim_matches('/').split('/').map(percent::decode).collect();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let at = |index: Option<usize>| index.and_then(|index| segments.get(index).cloned()).unwrap_or_default();
    let method = &call.method;
    let (name, function, statement) = match parts.as_slice() {
        ["2015-03-31", "functions"] if *method == Method::GET => ("ListFunctions", None, None),
        ["2015-03-31", "functions"] if *method == Method::POST => ("CreateFunction", None, None),
        ["2015-03-31", "functions", _] if *method == Method::GET => ("GetFunction", Some(2), None),
        ["2015-03-31", "functions", _] if *method == Method::DELETE => ("DeleteFunction", Some(2), None),
        ["2015-03-31", "functions", _, "configuration"] if *method == Method::GET => {
            ("GetFunctionConfiguration", Some(2), None)
        }
        ["2015-03-31", "functions", _, "configuration"] if *method == Method::PUT => {
            ("UpdateFunctionConfiguration", Some(2), None)
        }
        ["2015-03-31", "functions", _, "code"] if *method == Method::PUT => ("UpdateFunctionCode", Some(2), None),
        ["2015-03-31", "functions", _, "archive"] if *method == Method::GET => (ARCHIVE, Some(2), None),
        ["2015-03-31", "functions", _, "invocations"] if *method == Method::POST => ("Invoke", Some(2), None),
        ["2015-03-31", "functions", _, "policy"] if *method == Method::GET => ("GetPolicy", Some(2), None),
        ["2015-03-31", "functions", _, "policy"] if *method == Method::POST => ("AddPermission", Some(2), None),
        ["2015-03-31", "functions", _, "policy", _] if *method == Method::DELETE => {
            ("RemovePermission", Some(2), Some(4))
        }
        parts => (unbuilt(parts), None, None),
    };
    Operation { name, function: at(function), statement: at(statement) }
}

/// Our own operation: the archive of a function's code, by the address that `GetFunction` gives.
const ARCHIVE: &str = "Archive";

/// The name of what is not built, as far as the path tells.
fn unbuilt(parts: &[&str]) -> &'static str {
    match parts {
        ["2015-03-31", "functions", _, "versions"] => "PublishVersion and ListVersionsByFunction",
        ["2015-03-31", "functions", _, "aliases", ..] => "aliases of functions",
        [_, "functions", _, "concurrency"] => "PutFunctionConcurrency",
        [_, "functions", _, "provisioned-concurrency", ..] => "provisioned concurrency",
        [_, "functions", _, "url" | "urls"] => "function URLs",
        [_, "functions", _, "event-invoke-config", ..] => "destinations of asynchronous invocations",
        [_, "functions", _, "response-streaming-invocations"] => "InvokeWithResponseStream",
        [_, "functions", _, "invoke-async"] => "InvokeAsync",
        [_, "event-source-mappings", ..] => "event source mappings",
        [_, "layers", ..] => "layers",
        [_, "tags", ..] => "tags by ARN",
        [_, "account-settings"] => "GetAccountSettings",
        _ => "this operation",
    }
}

/// What the caller of a request must be allowed.
pub(super) fn access(shared: &Shared, call: &ApiCall) -> Access {
    let operation = operation(call);
    let arn = |text: &str| Named::read(shared, text).map_or_else(|_| "*".to_owned(), |named| named.arn(shared));
    let input = || serde_json::from_slice::<Value>(&call.body).unwrap_or_default();
    let mut needed = Vec::new();
    match operation.name {
        // The function's own policy may allow it, or the ticket in the address: both are asked where they are known.
        "Invoke" | ARCHIVE => return Access::Open,
        "ListFunctions" => needed.push(Permission::new("lambda:ListFunctions", "*")),
        "CreateFunction" | "UpdateFunctionCode" | "UpdateFunctionConfiguration" => {
            let input = input();
            let text = |pointer: &str| input.pointer(pointer).and_then(Value::as_str);
            let function = text("/FunctionName").unwrap_or(&operation.function).to_owned();
            needed.push(Permission::new(format!("lambda:{}", operation.name), arn(&function)));
            if let Some(role) = text("/Role") {
                needed.push(Permission::new("iam:PassRole", role));
            }
            let object = text("/Code/S3Bucket").or(text("/S3Bucket")).zip(text("/Code/S3Key").or(text("/S3Key")));
            if let Some((bucket, key)) = object {
                needed.push(Permission::new("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}")));
            }
        }
        name if operation.function.is_empty() => needed.push(Permission::new(format!("lambda:{name}"), "*")),
        name => needed.push(Permission::new(format!("lambda:{name}"), arn(&operation.function))),
    }
    Access::Requires(needed)
}

/// Carries out a request.
pub(super) async fn answer(lambda: &Lambda, context: &CallContext, call: ApiCall) -> Result<ApiReply, ApiError> {
    let operation = operation(&call);
    if operation.name == "Invoke" {
        return invoke(lambda, context, &operation, &call).await;
    }
    // Archives are unpacked and rows are written: away from the threads that answer requests.
    let engine = Arc::clone(&lambda.engine);
    let work = tokio::task::spawn_blocking(move || manage(&engine, &operation, &call));
    work.await
        .map_err(|error| ApiError::new("ServiceException", format!("the request ended early: {error}")).status(500))?
}

async fn invoke(
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
    let client_context = match header("x-amz-client-context") {
        None => None,
        Some(text) => {
            let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let read = decoded.filter(|text| serde_json::from_str::<Value>(text).is_ok());
            Some(read.ok_or_else(|| {
                ApiError::new(
                    "InvalidRequestContentException",
                    "Client context must be a valid Base64-encoded JSON object.",
                )
            })?)
        }
    };
    let named = named(&lambda.engine, operation, call)?;
    let asked = Asked {
        function: &named.arn(&lambda.engine.shared),
        payload: call.body.clone(),
        kind,
        invoker: Invoker::Caller(&context.caller),
        client_context,
    };
    let done = lambda.invoke(asked).await?;
    let status = match kind {
        InvocationType::Wait => 200,
        InvocationType::Later => 202,
        InvocationType::Check => 204,
    };
    let mut headers = vec![("x-amzn-requestid".to_owned(), done.id)];
    if kind == InvocationType::Wait {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        headers.push(("x-amz-executed-version".to_owned(), done.version));
        if done.failed {
            headers.push(("x-amz-function-error".to_owned(), "Unhandled".to_owned()));
        }
        if header("x-amz-log-type") == Some("Tail") {
            headers.push(("x-amz-log-result".to_owned(), STANDARD.encode(done.log)));
        }
    }
    let body = if kind == InvocationType::Wait { ReplyBody::Bytes(done.payload) } else { ReplyBody::Empty };
    Ok(ApiReply { status, headers, body })
}

fn manage(engine: &Engine, operation: &Operation, call: &ApiCall) -> Result<ApiReply, ApiError> {
    match operation.name {
        "ListFunctions" => return list(engine, call),
        "CreateFunction" => return create(engine, &input(call)?),
        "GetFunction"
        | "GetFunctionConfiguration"
        | "DeleteFunction"
        | "UpdateFunctionCode"
        | "UpdateFunctionConfiguration"
        | "GetPolicy"
        | "AddPermission"
        | "RemovePermission"
        | ARCHIVE => {}
        other => return Err(ApiError::not_built("lambda", &format!("{other} ({} {})", call.method, call.path))),
    }
    let named = named(engine, operation, call)?;
    match operation.name {
        "GetFunction" => engine.function(&named).map(|function| ApiReply::json(described(engine, &function))),
        "GetFunctionConfiguration" => engine.function(&named).map(|function| ApiReply::json(function.configuration())),
        "DeleteFunction" => {
            engine.delete(&named)?;
            Ok(ApiReply { status: 204, headers: Vec::new(), body: ReplyBody::Empty })
        }
        "UpdateFunctionCode" => update_code(engine, &named, &input(call)?),
        "UpdateFunctionConfiguration" => {
            let input = input(call)?;
            let revision = input.get("RevisionId").and_then(Value::as_str);
            let function = engine.change(&named, revision, |function| {
                function.settings = function.settings.clone().with(&input)?;
                Ok(())
            })?;
            Ok(ApiReply::json(function.configuration()))
        }
        ARCHIVE => archive(engine, &named, call),
        _ => policy(engine, &named, operation, call),
    }
}

/// The function that a request names by its path and its `Qualifier`.
fn named(engine: &Engine, operation: &Operation, call: &ApiCall) -> Result<Named, ApiError> {
    let qualifier = parameter(call, "Qualifier");
    Named::read(&engine.shared, &operation.function)?.qualified(qualifier)
}

fn parameter<'a>(call: &'a ApiCall, name: &str) -> Option<&'a str> {
    call.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn input(call: &ApiCall) -> Result<Value, ApiError> {
    match serde_json::from_slice(&call.body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(ApiError::new(
            "SerializationException",
            "Could not parse request body into json: an object is expected",
        )),
    }
}

fn list(engine: &Engine, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let most = match parameter(call, "MaxItems").map(str::parse::<usize>) {
        None => PAGE,
        Some(Ok(most)) if (1..=10_000).contains(&most) => most.min(PAGE),
        Some(_) => return Err(invalid("MaxItems must be a number from 1 to 10000")),
    };
    if let Some(version) = parameter(call, "FunctionVersion").filter(|version| *version != "ALL") {
        return Err(invalid(format!("FunctionVersion must be ALL, not {version}")));
    }
    let after = parameter(call, "Marker").unwrap_or_default();
    let functions: Vec<Function> = engine.all().into_iter().filter(|function| function.name.as_str() > after).collect();
    let page: Vec<Value> = functions.iter().take(most).map(Function::configuration).collect();
    let mut answer = json!({"Functions": page});
    if functions.len() > most {
        answer["NextMarker"] = json!(functions[most - 1].name);
    }
    Ok(ApiReply::json(answer))
}

fn create(engine: &Engine, input: &Value) -> Result<ApiReply, ApiError> {
    let text = input.get("FunctionName").and_then(Value::as_str).unwrap_or_default();
    let name = Named::read(&engine.shared, text)?.name;
    debug_assert!(is_name(&name), "`Named` holds names only");
    let settings = Settings::default().with(input)?;
    let source = source(input.get("Code").unwrap_or(&Value::Null))?;
    let tags = input.get("Tags").and_then(Value::as_object).into_iter().flatten();
    let tags: BTreeMap<String, String> =
        tags.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    let function = engine.create(&name, settings, &source, tags)?;
    let mut reply = ApiReply::json(function.configuration());
    reply.status = 201;
    Ok(reply)
}

fn update_code(engine: &Engine, named: &Named, input: &Value) -> Result<ApiReply, ApiError> {
    let source = source(input)?;
    let revision = input.get("RevisionId").and_then(Value::as_str);
    if input.get("DryRun").and_then(Value::as_bool) == Some(true) {
        let mut function = engine.function(named)?;
        function.code = engine.keep(&source)?;
        return Ok(ApiReply::json(function.configuration()));
    }
    // Of the settings only these may come with the code.
    let settings = json!({"Architectures": input.get("Architectures"), "Publish": input.get("Publish")});
    let function = engine.change(named, revision, |function| {
        function.settings = function.settings.clone().with(&settings)?;
        function.code = engine.keep(&source)?;
        Ok(())
    })?;
    Ok(ApiReply::json(function.configuration()))
}

/// Where the code comes from.
fn source(code: &Value) -> Result<Source, ApiError> {
    let text = |name: &str| code.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    for name in ["ImageUri", "S3ObjectVersion", "SourceKMSKeyArn"] {
        if text(name).is_some() {
            return Err(ApiError::not_built("lambda", &format!("code with {name}")));
        }
    }
    match (text("ZipFile"), text("S3Bucket"), text("S3Key")) {
        (Some(archive), None, None) => {
            let archive = STANDARD
                .decode(archive)
                .map_err(|_| ApiError::new("SerializationException", "ZipFile is not Base64"))?;
            Ok(Source::Archive(archive))
        }
        (None, Some(bucket), Some(key)) => Ok(Source::Object { bucket: bucket.to_owned(), key: key.to_owned() }),
        (Some(_), _, _) => {
            Err(invalid("Please do not provide other FunctionCode parameters when providing a ZipFile."))
        }
        _ => Err(invalid("Please provide a source for function code.")),
    }
}

/// A function as `GetFunction` gives it.
fn described(engine: &Engine, function: &Function) -> Value {
    let location = format!(
        "{}/2015-03-31/functions/{}/archive?ticket={}",
        engine.shared.endpoint, function.name, function.code.ticket
    );
    let mut answer = json!({
        "Configuration": function.configuration(), "Code": {"RepositoryType": "S3", "Location": location},
    });
    if !function.tags.is_empty() {
        answer["Tags"] = json!(function.tags);
    }
    if let Some(reserved) = function.settings.reserved {
        answer["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
    }
    answer
}

fn archive(engine: &Engine, named: &Named, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let function = engine.function(named)?;
    let path = engine
        .archive(&function, parameter(call, "ticket").unwrap_or_default())
        .ok_or_else(|| ApiError::new("AccessDeniedException", "this is not the ticket of the code").status(403))?;
    let headers = vec![("content-type".to_owned(), "application/zip".to_owned())];
    Ok(ApiReply { status: 200, headers, body: ReplyBody::File { path, offset: 0, length: function.code.bytes } })
}

fn policy(engine: &Engine, named: &Named, operation: &Operation, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let none = || not_found("The resource you requested does not exist.");
    match operation.name {
        "GetPolicy" => {
            let function = engine.function(named)?;
            let policy = function.policy().ok_or_else(none)?;
            Ok(ApiReply::json(json!({"Policy": policy.to_string(), "RevisionId": function.revision})))
        }
        "AddPermission" => {
            let input = input(call)?;
            let sid = input.get("StatementId").and_then(Value::as_str).unwrap_or_default();
            let statement = engine::statement(sid, &input, &named.arn(&engine.shared))?;
            let revision = input.get("RevisionId").and_then(Value::as_str);
            engine.change(named, revision, |function| engine::add_statement(function, sid, statement.clone()))?;
            let mut reply = ApiReply::json(json!({"Statement": statement.to_string()}));
            reply.status = 201;
            Ok(reply)
        }
        _ => {
            let revision = parameter(call, "RevisionId");
            engine.change(named, revision, |function| engine::remove_statement(function, &operation.statement))?;
            Ok(ApiReply { status: 204, headers: Vec::new(), body: ReplyBody::Empty })
        }
    }
}
