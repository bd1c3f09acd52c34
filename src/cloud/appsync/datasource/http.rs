//! The HTTP data source: a request to the endpoint of the data source, its whole answer as the result.
//!
//! Source: "AWS AppSync JavaScript resolver function reference for HTTP". Not here: sending and signing, which is in
//! `wire`.

use serde_json::{Map, Value, json};

use super::dynamodb::malformed;
use super::outside::{Outside, denied, may, model_right, place};
use super::wire::{Outgoing, Signing, escaped};
use super::{Answer, Backends};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::DataSource;

/// The methods that a request may have.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "PATCH"];

/// Sends the request of a handler.
pub(super) fn invoke(backends: &Backends, source: &DataSource, request: &Value) -> Result<Answer, Fault> {
    let Some(config) = &source.http_config else {
        return Err(malformed(&format!("the data source {} has no endpoint", source.name)));
    };
    let (endpoint, service) = match config.signing() {
        Some(_) => place(&backends.shared, &config.endpoint)?,
        None => (config.endpoint.clone(), None),
    };
    let outgoing = outgoing(&endpoint, request)?;
    let signing = config.signing().map(|iam| Signing {
        role: source.service_role_arn.as_deref().unwrap_or_default(),
        service: iam.signing_service_name.as_deref().unwrap_or_default(),
        region: iam.signing_region.as_deref().unwrap_or_default(),
    });
    let role = source.service_role_arn.as_deref().unwrap_or_default();
    let asked = service.filter(|service| *service == Outside::BedrockRuntime).and_then(|_| model_of(request));
    let refused = asked.and_then(|model| may(backends, role, &[model_right(&backends.shared, &model)]).err());
    let answer = match refused {
        Some(error) => Ok(denied(&error)),
        None => backends.wire.send(&outgoing, signing.as_ref()),
    };
    match answer {
        Ok(answer) => Ok(Answer::result(json!({
            "statusCode": answer.status, "headers": joined(answer.headers), "body": answer.body,
        }))),
        Err(silence) => {
            let (kind, message) = silence.told("Http");
            Ok(Answer::error(kind, message, Value::Null))
        }
    }
}

/// The model that a request to Bedrock is for: `/model/{modelId}/converse`.
fn model_of(request: &Value) -> Option<String> {
    let path = request.get("resourcePath").and_then(Value::as_str)?;
    let model = path.strip_prefix("/model/")?.split('/').next()?;
    Some(percent_encoding::percent_decode_str(model).decode_utf8_lossy().into_owned())
}

/// Headers by name; several of a name are one with commas (RFC 9110, section 5.3).
fn joined(headers: Vec<(String, String)>) -> Map<String, Value> {
    let mut found: Map<String, Value> = Map::new();
    for (name, value) in headers {
        let known = found.get(&name).and_then(Value::as_str).map(|before| format!("{before},{value}"));
        found.insert(name, known.unwrap_or(value).into());
    }
    found
}

fn outgoing(endpoint: &str, request: &Value) -> Result<Outgoing, Fault> {
    let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
    if !METHODS.contains(&method) {
        return Err(malformed(&format!("Unsupported method '{method}'. Expected one of {}", METHODS.join(", "))));
    }
    let path = request.get("resourcePath").and_then(Value::as_str).unwrap_or("/");
    if !path.starts_with('/') {
        return Err(malformed("Value for field '$[resourcePath]' must begin with '/'."));
    }
    let empty = Map::new();
    let members = |name: &str| request.pointer(&format!("/params/{name}")).and_then(Value::as_object).unwrap_or(&empty);
    let mut address = format!("{}{path}", endpoint.trim_end_matches('/'));
    for (name, value) in members("query") {
        for value in several(value) {
            let mark = if address.contains('?') { '&' } else { '?' };
            address = format!("{address}{mark}{}={}", escaped(name), escaped(&value));
        }
    }
    let headers = members("headers").iter().filter(|(_, value)| !value.is_null());
    let headers = headers.map(|(name, value)| (name.to_lowercase(), text(value))).collect();
    let body = request.pointer("/params/body").filter(|body| !body.is_null()).map(text).unwrap_or_default();
    Ok(Outgoing { method: method.to_owned(), address, headers, body })
}

/// The values of a query's name: a list is given one by one.
fn several(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Null => Vec::new(),
        one => vec![text(one)],
    }
}

/// A text as it is, anything else as JSON.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_put_together() {
        let request = json!({
            "method": "POST", "resourcePath": "/a%2Fb",
            "params": {
                "query": { "q": "x &", "many": [1, "b"], "none": null },
                "headers": { "X-One": "1", "two": 2, "gone": null },
                "body": { "deep": [true] },
            },
        });
        let made = outgoing("https://h.example/v1/", &request).unwrap();
        assert_eq!(made.address, "https://h.example/v1/a%2Fb?q=x%20%26&many=1&many=b");
        assert_eq!(made.headers, [("x-one".to_owned(), "1".to_owned()), ("two".to_owned(), "2".to_owned())]);
        assert_eq!(made.body, "{\"deep\":[true]}");
        for wrong in [json!({ "method": "TRACE" }), json!({}), json!({ "method": "GET", "resourcePath": "x" })] {
            assert_eq!(outgoing("https://h.example", &wrong).unwrap_err().kind.as_deref(), Some("MappingTemplate"));
        }
    }

    #[test]
    fn headers_of_one_name_are_one() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let found = joined(vec![pair("vary", "a"), pair("x", "1"), pair("vary", "b")]);
        assert_eq!(Value::Object(found), json!({ "vary": "a,b", "x": "1" }));
    }
}
