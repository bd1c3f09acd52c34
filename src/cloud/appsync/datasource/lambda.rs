//! The Lambda data source: AppSync's requests to invocations, with the data source's role.
//!
//! Source: "AWS AppSync JavaScript resolver function reference for Lambda". Not here: which requests are invoked together.

use bytes::Bytes;
use serde_json::Value;

use super::dynamodb::malformed;
use super::{Answer, Backends, PATIENCE, PRINCIPAL};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::DataSource;
use crate::cloud::lambda::{Asked, InvocationType, Invoker};
use crate::cloud::service::ApiError;

fn operation(request: &Value) -> &str {
    request.get("operation").and_then(Value::as_str).unwrap_or_default()
}

/// Whether a request is invoked together with those of other fields.
pub(in crate::cloud::appsync) fn is_batch(request: &Value) -> bool {
    operation(request) == "BatchInvoke"
}

/// Invokes the function of a data source.
pub(in crate::cloud::appsync) async fn invoke_alone(
    backends: &Backends,
    source: &DataSource,
    request: &Value,
) -> Result<Answer, Fault> {
    let operation = operation(request);
    if operation != "Invoke" {
        let message = format!("Unsupported operation '{operation}'. Expected one of Invoke, BatchInvoke");
        return Err(malformed(&message));
    }
    let kind = invocation_type(request)?;
    let payload = request.get("payload").cloned().unwrap_or_default();
    let answer = tokio::time::timeout(PATIENCE, ask(backends, source, kind, &payload)).await;
    Ok(answer.unwrap_or_else(|_| too_late()).map_or_else(|error| error, Answer::result))
}

/// Invokes the function once for requests that are alike: their payloads become a list, and the function's list has
/// the result of each at its place.
pub(in crate::cloud::appsync) async fn invoke_together(
    backends: &Backends,
    source: &DataSource,
    requests: &[Value],
) -> Vec<Result<Answer, Fault>> {
    let all = |answer: Result<Answer, Fault>| vec![answer; requests.len()];
    let kind = match requests.first().map(invocation_type) {
        Some(Ok(kind)) => kind,
        Some(Err(fault)) => return all(Err(fault)),
        None => return Vec::new(),
    };
    let payloads = requests.iter().map(|request| request.get("payload").cloned().unwrap_or_default()).collect();
    let asked = tokio::time::timeout(PATIENCE, ask(backends, source, kind, &Value::Array(payloads))).await;
    match asked.unwrap_or_else(|_| too_late()) {
        Err(error) => all(Ok(error)),
        Ok(_) if kind == InvocationType::Later => all(Ok(Answer::result(Value::Null))),
        Ok(Value::Array(results)) if results.len() == requests.len() => {
            results.into_iter().map(|result| Ok(Answer::result(result))).collect()
        }
        Ok(_) => {
            let message = format!("BatchInvoke of {} items must return a list of as many items.", requests.len());
            all(Ok(Answer::error("Lambda:IllegalArgument", message, Value::Null)))
        }
    }
}

/// Whether a request waits for the function.
fn invocation_type(request: &Value) -> Result<InvocationType, Fault> {
    match request.get("invocationType").and_then(Value::as_str) {
        None | Some("RequestResponse") => Ok(InvocationType::Wait),
        Some("Event") => Ok(InvocationType::Later),
        Some(other) => Err(malformed(&format!("Unsupported invocationType '{other}'."))),
    }
}

fn too_late() -> Result<Value, Answer> {
    Err(Answer::error("ExecutionTimeout", "Execution timed out.", Value::Null))
}

/// What the function returns for a payload.
async fn ask(backends: &Backends, source: &DataSource, kind: InvocationType, payload: &Value) -> Result<Value, Answer> {
    let refused = |error: ApiError| Answer::error(format!("Lambda:{}", error.code), error.message, Value::Null);
    let config = source.lambda_config.as_ref().map(|config| config.lambda_function_arn.as_str()).unwrap_or_default();
    let role = source.service_role_arn.as_deref().unwrap_or_default();
    let caller = backends.iam.act_as(role, PRINCIPAL).map_err(refused)?;
    let asked = Asked { kind, ..Asked::new(config, Bytes::from(payload.to_string()), Invoker::Caller(&caller)) };
    let invocation = backends.lambda.invoke(asked).await.map_err(refused)?;
    if kind == InvocationType::Later {
        return Ok(Value::Null);
    }
    let Ok(result) = serde_json::from_slice::<Value>(&invocation.payload) else {
        return Err(Answer::error("Lambda:IllegalArgument", "Lambda returned an invalid JSON response.", Value::Null));
    };
    if invocation.failed {
        let message = result.get("errorMessage").and_then(Value::as_str).unwrap_or_default().to_owned();
        return Err(Answer::error("Lambda:Unhandled", message, Value::Null));
    }
    Ok(result)
}
