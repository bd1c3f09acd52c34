//! `EvaluateCode`: one handler of some code, run with a context that the caller made up.
//!
//! Source: AppSync API reference, "EvaluateCode". Not here: data sources, which are never asked, and logs.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cloud::service::{ApiCall, ApiError, ApiReply};

use super::AppSync;
use super::api::read;
use super::compiled::Code;
use super::engine::bad_request;
use super::js::{CodeError, Outcome, Problem, Program, SandboxError};
use super::record::AuthMode;

/// The longest context, in characters.
const CONTEXT_LIMIT: usize = 28_000;

/// The input, as the API reference names it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    runtime: Runtime,
    code: String,
    /// A JSON object.
    context: String,
    /// `request` or `response`; the first when absent.
    function: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Runtime {
    name: String,
    runtime_version: String,
}

/// Carries out a call.
pub(super) async fn evaluate(appsync: &AppSync, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let body: Value =
        serde_json::from_slice(&call.body).map_err(|error| bad_request(format!("The body is not JSON: {error}")))?;
    let input: Input = read(body)?;
    if (input.runtime.name.as_str(), input.runtime.runtime_version.as_str()) != ("APPSYNC_JS", "1.0.0") {
        return Err(bad_request("The runtime must be APPSYNC_JS in version 1.0.0."));
    }
    let function = input.function.unwrap_or_else(|| "request".to_owned());
    if !["request", "response"].contains(&function.as_str()) {
        return Err(bad_request("The function must be request or response."));
    }
    let context = context(&input.context)?;
    let program = match Program::read(&input.code) {
        Ok(program) => program,
        Err(errors) => return Ok(unreadable(&errors)),
    };
    let name = Code::new(&input.code).name;
    let work = move |sandbox: &mut super::js::Sandbox| sandbox.run(&name, &program, &function, &context);
    let outcome = appsync
        .pool
        .run(work)
        .await
        .map_err(|error| ApiError::new("InternalFailureException", error.to_string()).status(500))?;
    Ok(match outcome {
        Ok(outcome) if outcome.absent => failed("Function is not exported by the code.", &json!([])),
        Ok(outcome) => finished(outcome),
        Err(SandboxError::Syntax { message, line }) => {
            let error = CodeError { kind: "PARSER_ERROR", message, line, column: 1 };
            unreadable(&[error])
        }
        Err(error) => failed("Runtime Error", &json!([{ "errorType": "RUNTIME_ERROR", "value": error.to_string() }])),
    })
}

/// The context with every member that handlers may look at.
fn context(text: &str) -> Result<String, ApiError> {
    if text.chars().count() > CONTEXT_LIMIT {
        return Err(bad_request(format!("The context is longer than {CONTEXT_LIMIT} characters.")));
    }
    let given: Result<Map<String, Value>, _> = serde_json::from_str(text);
    let mut context = given.map_err(|error| bad_request(format!("The context is not a JSON object: {error}")))?;
    for name in ["arguments", "stash", "env"] {
        context.entry(name).or_insert_with(|| json!({}));
    }
    for name in ["identity", "source", "request", "info", "prev", "result", "error"] {
        context.entry(name).or_insert(Value::Null);
    }
    let mode = mode(&context["identity"]).title();
    context.insert("authType".to_owned(), mode.into());
    Ok(Value::Object(context).to_string())
}

/// By which mode a caller comes, told by what an identity holds (AppSync guide, "Identity").
fn mode(identity: &Value) -> AuthMode {
    let has = |name: &str| identity.get(name).is_some_and(|value| !value.is_null());
    if has("resolverContext") {
        AuthMode::AwsLambda
    } else if has("userArn") {
        AuthMode::AwsIam
    } else if has("claims") && has("username") {
        AuthMode::AmazonCognitoUserPools
    } else if has("claims") {
        AuthMode::OpenidConnect
    } else {
        AuthMode::ApiKey
    }
}

fn failed(message: &str, code_errors: &Value) -> ApiReply {
    ApiReply::json(json!({ "error": { "message": message, "codeErrors": code_errors } }))
}

fn unreadable(errors: &[CodeError]) -> ApiReply {
    let listed = errors.iter().map(|error| {
        let location = json!({ "line": error.line, "column": error.column });
        json!({ "errorType": error.kind, "value": error.message, "location": location })
    });
    failed("The code contains one or more errors.", &listed.collect())
}

/// What came of the handler. Errors that would be part of the answer of a query are listed, the one that ended it last.
fn finished(outcome: Outcome) -> ApiReply {
    let Outcome { value, error, appended, stash, .. } = outcome;
    let entry = |problem: &Problem| {
        let Problem { message, kind, data, info } = problem;
        let unauthorized = message.is_empty() && kind.as_deref() == Some("Unauthorized");
        let message = if unauthorized { "Unauthorized" } else { message };
        json!({ "message": message, "errorType": kind, "data": data, "errorInfo": info })
    };
    let listed: Vec<Value> = appended.iter().chain(&error).map(entry).collect();
    let mut reply = Map::from_iter([
        ("stash".to_owned(), stash.to_string().into()),
        ("outErrors".to_owned(), Value::from(listed.clone()).to_string().into()),
    ]);
    if error.is_some() {
        let last = listed.last().cloned().unwrap_or_default();
        let code_errors = last.pointer("/errorInfo/codeErrors").cloned().unwrap_or_else(|| json!([]));
        reply.insert("error".to_owned(), json!({ "message": last["message"], "codeErrors": code_errors }));
    } else {
        reply.insert("evaluationResult".to_owned(), value.to_string().into());
    }
    ApiReply::json(Value::Object(reply))
}
