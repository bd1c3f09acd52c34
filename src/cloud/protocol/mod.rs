//! AWS wire formats to and from calls and replies.
//!
//! A service sees decoded input and gives JSON or bytes; what the bytes around them look like is decided here.

pub(in crate::cloud) mod chunked;
pub(in crate::cloud) mod percent;
pub(in crate::cloud) mod query;
mod refusal;
mod sqs_codes;
pub(in crate::cloud) mod xml;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::service::{ApiCall, ApiError, ApiReply, ReplyBody, ServiceId};
pub(in crate::cloud) use refusal::graphql_refusal;
pub(in crate::cloud) use sqs_codes::sqs_query_code;

/// How a service's requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cloud) enum Protocol {
    /// `application/x-amz-json-1.0` with a target header.
    Json10,
    /// `application/x-amz-json-1.1` with a target header.
    Json11,
    /// A form in, XML out.
    Query,
    /// Paths and methods, JSON bodies.
    RestJson,
    /// Paths and methods, XML bodies.
    RestXml,
}

/// What an answer is written for.
#[derive(Clone, Copy, Debug)]
pub(in crate::cloud) struct Asked<'a> {
    pub service: Option<ServiceId>,
    pub protocol: Protocol,
    /// The action of JSON and Query services.
    pub action: &'a str,
    pub request_id: &'a str,
    /// `HEAD` answers have no body.
    pub head: bool,
}

/// The namespace of a service's XML.
fn namespace(service: Option<ServiceId>) -> &'static str {
    match service {
        Some(ServiceId::Iam) => "https://iam.amazonaws.com/doc/2010-05-08/",
        Some(ServiceId::CloudFormation) => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        Some(ServiceId::CloudFront) => "http://cloudfront.amazonaws.com/doc/2020-05-31/",
        Some(ServiceId::Sns) => "http://sns.amazonaws.com/doc/2010-03-31/",
        Some(ServiceId::Sqs) => "http://queue.amazonaws.com/doc/2012-11-05/",
        Some(ServiceId::S3) => "http://s3.amazonaws.com/doc/2006-03-01/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

/// Whether a call came in the Query protocol, to a service that speaks two.
pub(in crate::cloud) fn is_form(call: &ApiCall) -> bool {
    !call.headers.contains_key("x-amz-target")
}

/// The input of a JSON service: its body, an object.
pub(in crate::cloud) fn json_input(body: &[u8]) -> Result<Value, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ApiError::new("SerializationException", "Start of structure or map found where not expected.")),
        Err(error) => Err(ApiError::new("SerializationException", format!("the body is not JSON: {error}"))),
    }
}

/// Writes the outcome of a call as bytes (or leaves the file to stream).
pub(in crate::cloud) fn encode(asked: &Asked<'_>, outcome: Result<ApiReply, ApiError>) -> ApiReply {
    let mut reply = match outcome {
        Ok(reply) => success(asked, reply),
        Err(error) => refusal::encode(asked, error),
    };
    let id_header = if asked.protocol == Protocol::RestXml { "x-amz-request-id" } else { "x-amzn-requestid" };
    // An invocation of a function has an id of its own.
    if !reply.headers.iter().any(|(name, _)| name == id_header) {
        reply.headers.push((id_header.to_owned(), asked.request_id.to_owned()));
    }
    if asked.service == Some(ServiceId::DynamoDb)
        && let ReplyBody::Bytes(bytes) = &reply.body
    {
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        reply.headers.push(("x-amz-crc32".to_owned(), sum.sum().to_string()));
    }
    reply
}

fn success(asked: &Asked<'_>, reply: ApiReply) -> ApiReply {
    let ApiReply { status, headers, body } = reply;
    match body {
        ReplyBody::Json(value) => match asked.protocol {
            Protocol::Query => with_body(status, headers, "text/xml", query_answer(asked, &value)),
            Protocol::RestXml => {
                let mut text = xml::DECLARATION.to_owned();
                if let Some((name, value)) = value.as_object().and_then(|fields| fields.iter().next()) {
                    xml::write(&mut text, name, value, false);
                }
                with_body(status, headers, "application/xml", text)
            }
            Protocol::Json10 => with_body(status, headers, "application/x-amz-json-1.0", value.to_string()),
            Protocol::Json11 => with_body(status, headers, "application/x-amz-json-1.1", value.to_string()),
            Protocol::RestJson => with_body(status, headers, "application/json", value.to_string()),
        },
        ReplyBody::Empty if asked.protocol == Protocol::Query => {
            with_body(status, headers, "text/xml", query_answer(asked, &Value::Object(Map::new())))
        }
        body => ApiReply { status, headers, body },
    }
}

/// A reply with text, and its content type unless the service chose one.
fn with_body(status: u16, mut headers: Vec<(String, String)>, content_type: &str, text: String) -> ApiReply {
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    ApiReply { status, headers, body: ReplyBody::Bytes(text.into()) }
}

/// `<ActionResponse><ActionResult>…</ActionResult><ResponseMetadata>…`.
fn query_answer(asked: &Asked<'_>, value: &Value) -> String {
    let Asked { service, action, request_id, .. } = *asked;
    let mut text = format!("<{action}Response xmlns=\"{}\">", namespace(service));
    // SQS repeats elements for lists; it, SNS and one action of IAM write a result that is empty.
    let repeats = service == Some(ServiceId::Sqs);
    let empty_too = repeats || service == Some(ServiceId::Sns) || action == "UpdateRole";
    if empty_too || value.as_object().is_some_and(|fields| !fields.is_empty()) {
        xml::write(&mut text, &format!("{action}Result"), value, !repeats);
    }
    text.push_str(&xml::wrap("ResponseMetadata", &[xml::element("RequestId", request_id)]));
    text.push_str("</");
    text.push_str(action);
    text.push_str("Response>");
    text
}
