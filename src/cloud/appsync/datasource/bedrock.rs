//! The data source of Bedrock's runtime: `InvokeModel` and `Converse` at the address that the cloud was given, signed
//! with the role of the data source.
//!
//! Source: "AWS AppSync JavaScript resolver and function reference for Amazon Bedrock runtime".

use serde_json::{Map, Value};

use super::dynamodb::malformed;
use super::outside::{Outside, ask, denied, may, model_right};
use super::wire::{Incoming, Signing, escaped};
use super::{Answer, Backends};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::DataSource;

/// The members of `InvokeModel` that are headers ("InvokeModel", Bedrock API reference).
const GUARDRAIL: [(&str, &str); 3] = [
    ("guardrailIdentifier", "x-amzn-bedrock-guardrailidentifier"),
    ("guardrailVersion", "x-amzn-bedrock-guardrailversion"),
    ("guardrailTrace", "x-amzn-bedrock-trace"),
];

/// The members of `Converse` that are its body.
const CONVERSE: [&str; 8] = [
    "messages",
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "inferenceConfig",
    "promptVariables",
    "system",
    "toolConfig",
];

/// A call of Bedrock: the last part of its path, its headers, its body.
type Call = (&'static str, Vec<(String, String)>, Value);

/// Asks a model.
pub(super) fn invoke(backends: &Backends, source: &DataSource, request: &Value) -> Result<Answer, Fault> {
    let model = request.get("modelId").and_then(Value::as_str).filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| malformed("Value for field '$[modelId]' not found."))?;
    let (action, headers, body) = call(request)?;
    let shared = &backends.shared;
    Outside::BedrockRuntime.endpoint(shared)?;
    let role = source.service_role_arn.as_deref().unwrap_or_default();
    if let Err(error) = may(backends, role, &[model_right(shared, model)]) {
        return Ok(failed(&denied(&error)));
    }
    let signing = Signing { role, service: "bedrock", region: shared.region.as_str() };
    let path = format!("/model/{}/{action}", escaped(model));
    let answer = match ask(backends, (Outside::BedrockRuntime, &signing), (&path, headers, &body))? {
        Ok(answer) if answer.status < 300 => answer,
        Ok(answer) => return Ok(failed(&answer)),
        Err(silent) => return Ok(silent),
    };
    let read = serde_json::from_str(&answer.body);
    Ok(read.map_or_else(
        |_| Answer::error("Bedrock:RequestFailed", "The answer is not JSON.", Value::Null),
        Answer::result,
    ))
}

fn call(request: &Value) -> Result<Call, Fault> {
    let operation = request.get("operation").and_then(Value::as_str).unwrap_or_default();
    let given = |name: &str| request.get(name).filter(|value| !value.is_null());
    match operation {
        "InvokeModel" => {
            let header =
                |(member, header): (&str, &str)| Some((header.to_owned(), given(member)?.as_str()?.to_owned()));
            let headers = GUARDRAIL.into_iter().filter_map(header).collect();
            let body = given("body").cloned();
            Ok(("invoke", headers, body.ok_or_else(|| malformed("Value for field '$[body]' not found."))?))
        }
        "Converse" => {
            let member = |name: &str| Some((name.to_owned(), given(name)?.clone()));
            let body: Map<String, Value> = CONVERSE.into_iter().filter_map(member).collect();
            if !body.contains_key("messages") {
                return Err(malformed("Value for field '$[messages]' not found."));
            }
            Ok(("converse", Vec::new(), body.into()))
        }
        _ => {
            let message = format!("Unsupported operation '{operation}'. Expected one of InvokeModel, Converse");
            Err(malformed(&message))
        }
    }
}

/// A refusal of Bedrock: its error's name as the type, its message.
fn failed(answer: &Incoming) -> Answer {
    let kind = answer.headers.iter().find(|(name, _)| name == "x-amzn-errortype").map(|(_, value)| value.as_str());
    let kind = kind.and_then(|kind| kind.split(':').next()).unwrap_or("BedrockException");
    let read: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let message = read.get("message").or_else(|| read.get("Message")).and_then(Value::as_str);
    Answer::error(format!("Bedrock:{kind}"), message.unwrap_or_default(), Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_become_calls() {
        let request = json!({
            "operation": "InvokeModel", "modelId": "m", "body": { "a": 1 }, "guardrailIdentifier": "g", "guardrailTrace": null,
        });
        let headers = vec![("x-amzn-bedrock-guardrailidentifier".to_owned(), "g".to_owned())];
        assert_eq!(call(&request).unwrap(), ("invoke", headers, json!({ "a": 1 })));
        let request = json!({ "operation": "Converse", "modelId": "m", "messages": [], "system": null, "other": 1 });
        assert_eq!(call(&request).unwrap(), ("converse", Vec::new(), json!({ "messages": [] })));
        for wrong in [json!({}), json!({ "operation": "Converse" }), json!({ "operation": "InvokeModel" })] {
            assert_eq!(call(&wrong).unwrap_err().kind.as_deref(), Some("MappingTemplate"), "{wrong}");
        }
    }
}
