//! The messages of the subscription protocol, `graphql-ws` as AppSync speaks it, and the credentials in its handshake.
//!
//! Not here: what is done about them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use serde_json::{Map, Value, json};

use crate::cloud::service::ApiError;

/// The name of the protocol, which the answer to the handshake selects.
pub(in crate::cloud) const PROTOCOL: &str = "graphql-ws";

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// `connection_init`.
    Init,
    /// `start`.
    Start(Box<Start>),
    /// `stop`.
    Stop { id: String },
    /// Something else; with its id where it has one.
    Unknown { id: Option<String>, kind: String },
}

/// A subscription that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Start {
    pub id: String,
    /// The JSON text with the document; signatures are made over it.
    pub data: String,
    pub authorization: Map<String, Value>,
}

/// Reads a message.
pub(super) fn read(text: &str) -> Said {
    let message: Value = serde_json::from_str(text).unwrap_or_default();
    let kind = message.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = message.get("id").and_then(Value::as_str).map(str::to_owned);
    match (kind.as_str(), id) {
        ("connection_init", _) => Said::Init,
        ("stop", Some(id)) => Said::Stop { id },
        ("start", Some(id)) => {
            let payload = &message["payload"];
            let authorization = payload["extensions"]["authorization"].as_object().cloned().unwrap_or_default();
            let data = payload["data"].as_str().unwrap_or_default().to_owned();
            Said::Start(Box::new(Start { id, data, authorization }))
        }
        (_, id) => Said::Unknown { id, kind },
    }
}

/// `connection_ack`.
pub(super) fn acknowledged(timeout_ms: u64) -> String {
    json!({ "type": "connection_ack", "payload": { "connectionTimeoutMs": timeout_ms } }).to_string()
}

/// `ka`.
pub(super) fn keep_alive() -> String {
    json!({ "type": "ka" }).to_string()
}

/// `start_ack` or `complete`.
pub(super) fn about(kind: &str, id: &str) -> String {
    json!({ "type": kind, "id": id }).to_string()
}

/// `data`, with a payload that is JSON already.
pub(super) fn data(id: &str, payload: &str) -> String {
    format!("{{\"id\":{},\"type\":\"data\",\"payload\":{payload}}}", Value::from(id))
}

/// `error`, about one subscription or about none.
pub(super) fn error(id: Option<&str>, errors: &[Value]) -> String {
    let mut message = json!({ "type": "error", "payload": { "errors": errors } });
    if let Some(id) = id {
        message["id"] = id.into();
    }
    message.to_string()
}

/// One entry of `errors`.
pub(super) fn entry(kind: &str, message: &str) -> Value {
    json!({ "errorType": kind, "message": message })
}

/// `connection_error`: the handshake is refused.
pub(super) fn refused(error: &ApiError) -> String {
    let entry = json!({ "errorType": error.code, "errorCode": error.status, "message": error.message });
    json!({ "type": "connection_error", "payload": { "errors": [entry] } }).to_string()
}

/// The credentials of a handshake: in a sub-protocol `header-…`, or in the query parameter `header` of older clients.
pub(super) fn handshake(headers: &HeaderMap, query: &[(String, String)]) -> Result<Map<String, Value>, ApiError> {
    let offered = headers.get_all("sec-websocket-protocol").iter().filter_map(|value| value.to_str().ok());
    let offered: Vec<&str> = offered.flat_map(|list| list.split(',')).map(str::trim).collect();
    let bad = |message: &str| ApiError::new("BadRequestException", message);
    if !offered.contains(&PROTOCOL) {
        return Err(bad("NoProtocolError: the sub-protocol graphql-ws is missing"));
    }
    let in_protocol = offered.iter().find_map(|one| one.strip_prefix("header-"));
    let bytes = if let Some(text) = in_protocol {
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
    } else {
        let given = query.iter().find(|(name, _)| name == "header").map(|(_, value)| value.as_str());
        given.and_then(|text| STANDARD.decode(text.replace(' ', "+")).ok())
    };
    let bytes = bytes.ok_or_else(|| bad("Required headers are missing."))?;
    serde_json::from_slice(&bytes).map_err(|_| bad("The header of the handshake is not JSON"))
}

/// Credentials as the head of a request to `path`, so that they are checked like those of queries.
pub(super) fn head(authorization: &Map<String, Value>, path: &str) -> Result<Parts, ApiError> {
    let request = Request::builder().method("POST").uri(path).body(());
    let request = request.map_err(|error| ApiError::new("BadRequestException", error.to_string()))?;
    let mut parts = request.into_parts().0;
    for (name, value) in authorization {
        let pair = HeaderName::try_from(name.to_ascii_lowercase())
            .ok()
            .zip(value.as_str().and_then(|value| HeaderValue::from_str(value).ok()));
        if let Some((name, value)) = pair {
            parts.headers.insert(name, value);
        }
    }
    Ok(parts)
}
