//! Refusals in the words and the shape of each protocol.

use serde_json::{Map, Value, json};

use super::{Asked, Protocol, namespace, sqs_query_code, with_body, xml};
use crate::cloud::service::{ApiError, ApiReply, ReplyBody, ServiceId};

/// Writes a refusal.
pub(super) fn encode(asked: &Asked<'_>, error: ApiError) -> ApiReply {
    let error = in_words_of(asked, error);
    let ApiError { code, message, status, mut extra } = error;
    // What S3 says of a delete marker stands in headers.
    let (headers, members): (Map<String, Value>, _) =
        extra.into_iter().partition(|(name, _)| name.starts_with("x-amz-"));
    extra = members;
    let headers: Vec<(String, String)> =
        headers.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    match asked.protocol {
        Protocol::Json10 | Protocol::Json11 => {
            let kind = match asked.service {
                Some(ServiceId::DynamoDb) => dynamodb_type(&code),
                Some(ServiceId::Sqs) => format!("com.amazonaws.sqs#{code}"),
                _ => code.clone(),
            };
            let mut fields = Map::new();
            fields.insert("__type".to_owned(), json!(kind));
            fields.insert("message".to_owned(), json!(message));
            fields.extend(extra);
            let content_type = match asked.protocol {
                Protocol::Json10 => "application/x-amz-json-1.0",
                _ => "application/x-amz-json-1.1",
            };
            let mut headers = vec![
                ("x-amzn-errortype".to_owned(), format!("{code}:")),
                ("x-amzn-errormessage".to_owned(), header_text(&message)),
            ];
            if asked.service == Some(ServiceId::Sqs) {
                let fault = if status < 500 { "Sender" } else { "Receiver" };
                headers.push(("x-amzn-query-error".to_owned(), format!("{};{fault}", sqs_query_code(&code))));
            }
            with_body(status, headers, content_type, Value::Object(fields).to_string())
        }
        Protocol::RestJson => {
            let mut fields = Map::new();
            // Lambda's own errors have a type and write their members with capitals.
            let own = asked.service == Some(ServiceId::Lambda) && extra.contains_key("Type");
            fields.insert(if own { "Message" } else { "message" }.to_owned(), json!(message));
            fields.extend(extra);
            let headers = vec![("x-amzn-errortype".to_owned(), code)];
            with_body(status, headers, "application/json", Value::Object(fields).to_string())
        }
        Protocol::Query => {
            let code = if asked.service == Some(ServiceId::Sqs) { sqs_query_code(&code) } else { &code };
            with_body(status, Vec::new(), "text/xml", wrapped(asked, code, &message, status))
        }
        Protocol::RestXml if asked.head || status == 304 => ApiReply { status, headers, body: ReplyBody::Empty },
        Protocol::RestXml if asked.service == Some(ServiceId::CloudFront) => {
            with_body(status, Vec::new(), "text/xml", wrapped(asked, &code, &message, status))
        }
        Protocol::RestXml => {
            let mut text = format!("{}<Error>{}", xml::DECLARATION, xml::element("Code", &code));
            text.push_str(&xml::element("Message", &message));
            extra.iter().for_each(|(name, value)| xml::write(&mut text, name, value, false));
            text.push_str(&xml::element("RequestId", asked.request_id));
            text.push_str(&xml::element("HostId", "ampup"));
            text.push_str("</Error>");
            with_body(status, headers, "application/xml", text)
        }
    }
}

/// `<ErrorResponse>` of the Query protocol.
fn wrapped(asked: &Asked<'_>, code: &str, message: &str, status: u16) -> String {
    let kind = if status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"{}\"><Error>{}{}{}</Error>{}</ErrorResponse>",
        namespace(asked.service),
        xml::element("Type", kind),
        xml::element("Code", code),
        xml::element("Message", message),
        xml::element("RequestId", asked.request_id)
    )
}

/// DynamoDB's errors carry the name of the model that they come from; clients cut it off at `#`.
fn dynamodb_type(code: &str) -> String {
    let model = match code {
        "ValidationException" => "com.amazon.coral.validate",
        "SerializationException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "MissingAuthenticationTokenException"
        | "AccessDeniedException"
        | "UnknownOperationException" => "com.amazon.coral.service",
        _ => "com.amazonaws.dynamodb.v20120810",
    };
    format!("{model}#{code}")
}

/// The message as it may stand in a header: one line of visible ASCII.
fn header_text(message: &str) -> String {
    message.chars().map(|letter| if (' '..='~').contains(&letter) { letter } else { ' ' }).take(512).collect()
}

/// IAM speaks the words of the Query protocol; other protocols have other codes for the same.
/// (From AWS's "Common errors" of each service's reference; S3's from its "Error responses".)
pub(in crate::cloud) fn in_words_of(asked: &Asked<'_>, mut error: ApiError) -> ApiError {
    let json = matches!(asked.protocol, Protocol::Json10 | Protocol::Json11 | Protocol::RestJson);
    let s3 = asked.service == Some(ServiceId::S3);
    let (code, status) = match (error.code.as_str(), json, s3) {
        ("InvalidClientTokenId", true, _) => ("UnrecognizedClientException", 400),
        ("SignatureDoesNotMatch" | "RequestTimeTooSkewed", true, _) => ("InvalidSignatureException", 400),
        ("IncompleteSignature", true, _) => ("IncompleteSignatureException", 400),
        ("ExpiredToken", true, _) => ("ExpiredTokenException", 400),
        ("MissingAuthenticationToken", true, _) => ("MissingAuthenticationTokenException", 400),
        ("AccessDenied", true, _) => ("AccessDeniedException", 400),
        ("InvalidClientTokenId", _, true) => {
            "The AWS Access Key Id you provided does not exist in our records.".clone_into(&mut error.message);
            ("InvalidAccessKeyId", 403)
        }
        ("IncompleteSignature", _, true) => ("AuthorizationHeaderMalformed", 400),
        ("ExpiredToken", _, true) => {
            "The provided token has expired.".clone_into(&mut error.message);
            ("ExpiredToken", 400)
        }
        ("RequestTimeTooSkewed", _, true) => {
            "The difference between the request time and the current time is too large.".clone_into(&mut error.message);
            ("RequestTimeTooSkewed", 403)
        }
        ("MissingAuthenticationToken", _, true) => {
            "Access Denied".clone_into(&mut error.message);
            ("AccessDenied", 403)
        }
        ("RequestTimeTooSkewed", false, false) => ("SignatureDoesNotMatch", 403),
        _ => return error,
    };
    // REST-JSON services answer authentication failures with 403, the target services with 400.
    error.status = if asked.protocol == Protocol::RestJson { 403 } else { status };
    code.clone_into(&mut error.code);
    error
}
