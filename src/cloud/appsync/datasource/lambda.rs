//! The Lambda data source: AppSync's requests to invocations, with the data source's role.
//!
//! Not here: batches; a resolver that asks for them is refused when it is made.

use bytes::Bytes;
use serde_json::Value;

use super::dynamodb::malformed;
use super::{Answer, Backends, PRINCIPAL, wait};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::DataSource;
use crate::cloud::lambda::{Asked, InvocationType, Invoker};
use crate::cloud::service::ApiError;

/// Invokes the function of a data source. It waits, so it must run where waiting holds nothing up.
pub(super) fn invoke(backends: &Backends, source: &DataSource, request: &Value) -> Result<Answer, Fault> {
    let operation = request.get("operation").and_then(Value::as_str).unwrap_or_default();
    if operation != "Invoke" {
        let message = format!("Unsupported operation '{operation}'. Expected one of Invoke");
        return Err(malformed(&message));
    }
    let kind = match request.get("invocationType").and_then(Value::as_str) {
        None | Some("RequestResponse") => InvocationType::Wait,
        Some("Event") => InvocationType::Later,
        Some(other) => return Err(malformed(&format!("Unsupported invocationType '{other}'."))),
    };
    let refused = |error: ApiError| Ok(Answer::error(format!("Lambda:{}", error.code), error.message, Value::Null));
    let config = source.lambda_config.as_ref().map(|config| config.lambda_function_arn.as_str()).unwrap_or_default();
    let caller = match backends.iam.act_as(source.service_role_arn.as_deref().unwrap_or_default(), PRINCIPAL) {
        Ok(caller) => caller,
        Err(error) => return refused(error),
    };
    let payload = Bytes::from(request.get("payload").cloned().unwrap_or_default().to_string());
    let asked = Asked { kind, ..Asked::new(config, payload, Invoker::Caller(&caller)) };
    let invocation = match wait(backends.lambda.invoke(asked)) {
        Some(Ok(invocation)) => invocation,
        Some(Err(error)) => return refused(error),
        None => return Ok(Answer::error("ExecutionTimeout", "Execution timed out.", Value::Null)),
    };
    if kind == InvocationType::Later {
        return Ok(Answer::result(Value::Null));
    }
    let Ok(result) = serde_json::from_slice::<Value>(&invocation.payload) else {
        return Ok(Answer::error("Lambda:IllegalArgument", "Lambda returned an invalid JSON response.", Value::Null));
    };
    if invocation.failed {
        let message = result.get("errorMessage").and_then(Value::as_str).unwrap_or_default().to_owned();
        return Ok(Answer::error("Lambda:Unhandled", message, Value::Null));
    }
    Ok(Answer::result(result))
}
