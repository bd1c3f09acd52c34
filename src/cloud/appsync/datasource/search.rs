//! The OpenSearch data source: a request to the endpoint of the data source, signed with its role; the result is the
//! answer's JSON.
//!
//! Source: "AWS AppSync JavaScript resolver function reference for Amazon OpenSearch Service".

use serde_json::{Map, Value};

use super::dynamodb::malformed;
use super::http::text;
use super::wire::{Outgoing, Signing, escaped};
use super::{Answer, Backends};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::DataSource;
use crate::cloud::service::Shared;

/// The operations that a request may have.
const OPERATIONS: [&str; 5] = ["GET", "POST", "PUT", "HEAD", "DELETE"];

/// Sends the request of a handler.
pub(super) fn invoke(backends: &Backends, source: &DataSource, request: &Value) -> Result<Answer, Fault> {
    let config = source.search_config();
    let config = config.ok_or_else(|| malformed(&format!("the data source {} has no endpoint", source.name)))?;
    let outgoing = outgoing(own(&backends.shared, &config.endpoint), request)?;
    let role = source.service_role_arn.as_deref().unwrap_or_default();
    let answer = match backends.wire.send(&outgoing, Some(&Signing { role, service: "es", region: &config.aws_region }))
    {
        Ok(answer) => answer,
        Err(silence) => {
            let (kind, message) = silence.told("OpenSearch");
            return Ok(Answer::error(kind, message, Value::Null));
        }
    };
    let read = serde_json::from_str::<Value>(&answer.body).ok();
    if answer.status < 300 {
        return Ok(Answer::result(read.unwrap_or_default()));
    }
    let message = format!("The search service answered with status {}: {}", answer.status, answer.body);
    Ok(Answer::error(format!("OpenSearch:{}", answer.status), message, read.unwrap_or_default()))
}

/// A domain of this cloud is at the cloud's own host, where it needs no TLS.
fn own<'a>(shared: &'a Shared, endpoint: &'a str) -> &'a str {
    let host = |address: &'a str| address.rsplit("//").next().unwrap_or_default();
    if host(endpoint) == host(&shared.endpoint) { &shared.endpoint } else { endpoint }
}

fn outgoing(endpoint: &str, request: &Value) -> Result<Outgoing, Fault> {
    let operation = request.get("operation").and_then(Value::as_str).unwrap_or_default();
    if !OPERATIONS.contains(&operation) {
        return Err(malformed(&format!(
            "Unsupported operation '{operation}'. Expected one of {}",
            OPERATIONS.join(", ")
        )));
    }
    let path = request.get("path").and_then(Value::as_str).unwrap_or_default();
    if !path.starts_with('/') {
        return Err(malformed("Value for field '$[path]' must begin with '/'."));
    }
    let empty = Map::new();
    let members = |name: &str| request.pointer(&format!("/params/{name}")).and_then(Value::as_object).unwrap_or(&empty);
    let mut address = format!("{}{path}", endpoint.trim_end_matches('/'));
    for (name, value) in members("queryString") {
        let mark = if address.contains('?') { '&' } else { '?' };
        address = format!("{address}{mark}{}={}", escaped(name), escaped(&text(value)));
    }
    let mut headers: Vec<_> =
        members("headers").iter().map(|(name, value)| (name.to_lowercase(), text(value))).collect();
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    let body = request.pointer("/params/body").filter(|body| !body.is_null()).map(text).unwrap_or_default();
    Ok(Outgoing { method: operation.to_owned(), address, headers, body })
}
