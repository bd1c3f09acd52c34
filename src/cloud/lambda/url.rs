//! Function URLs: an HTTP request becomes an event of payload format 2.0, the function's answer becomes the response.
//!
//! Source: "Invoking Lambda function URLs" and "Control access to Lambda function URLs" of the Lambda guide. Permission is
//! `lambda:InvokeFunctionUrl`, as for functions that were made before `lambda:InvokeFunction` was asked for as well.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::engine::{self, Cors, Event, FunctionUrl, Invocation, Named, URL_LABEL};
use super::{EVENT_BYTES, Lambda};
use crate::cloud::service::{ApiCall, ApiError, ApiReply, Caller, Permission, ReplyBody};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Lambda {
    /// Whether requests to a URL must be signed; false too when there is no such URL.
    pub(in crate::cloud) fn url_is_signed(&self, id: &str) -> bool {
        self.engine.url_by_id(id).is_some_and(|url| url.signed)
    }

    /// Answers a request to a function URL.
    pub(in crate::cloud) async fn serve_url(&self, id: &str, caller: &Caller, host: &str, call: &ApiCall) -> ApiReply {
        let Some(url) = self.engine.url_by_id(id) else {
            return refused(403, "Forbidden");
        };
        let origin = call.headers.get("origin").and_then(|value| value.to_str().ok());
        let preflight = call.method == Method::OPTIONS && call.headers.contains_key("access-control-request-method");
        if let (Some(cors), Some(origin), true) = (&url.cors, origin, preflight) {
            return ApiReply { status: 200, headers: preflight_headers(cors, origin), body: ReplyBody::Empty };
        }
        let mut reply = match self.called(&url, caller, host, call).await {
            Ok(invocation) => response(&invocation),
            Err(error) if error.code == "TooManyRequestsException" => refused(429, "Rate Exceeded."),
            Err(error) if error.status == 413 => refused(413, "Request Too Long"),
            Err(error) if error.status < 500 => refused(403, "Forbidden"),
            Err(_) => refused(502, "Internal Server Error"),
        };
        if let (Some(cors), Some(origin)) = (&url.cors, origin) {
            // The URL's own rules replace what the function says.
            reply.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("access-control-"));
            reply.headers.extend(answer_headers(cors, origin));
        }
        reply
    }

    async fn called(
        &self,
        url: &FunctionUrl,
        caller: &Caller,
        host: &str,
        call: &ApiCall,
    ) -> Result<Invocation, ApiError> {
        let engine = &self.engine;
        let named = Named { name: url.function.clone(), qualifier: url.qualifier.clone() };
        let arn = named.arn(&engine.shared);
        let latest = engine.function_of(&named)?;
        let kind = if url.signed { "AWS_IAM" } else { "NONE" };
        let context = BTreeMap::from([("lambda:FunctionUrlAuthType".to_owned(), vec![kind.to_owned()])]);
        let policy = engine::parsed(&latest, named.qualifier.as_deref())?;
        let permission = Permission::new("lambda:InvokeFunctionUrl", arn.clone());
        engine.iam.authorize_with(caller, &permission, &context, policy.as_ref())?;
        if call.body.len() > EVENT_BYTES {
            return Err(ApiError::new("RequestEntityTooLargeException", "Request Too Long").status(413));
        }
        let function = engine.resolve(&named)?;
        let id = engine.shared.ids.uuid();
        let payload = event(url, caller, host, call, (&id, engine.shared.clock.now_ms(), engine.shared.account));
        engine.run(&function, Event { id, payload: payload.to_string().into(), arn, client_context: None }).await
    }
}

fn refused(status: u16, message: &str) -> ApiReply {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    ApiReply { status, headers, body: ReplyBody::Bytes(json!({"Message": message}).to_string().into()) }
}

/// The event of a request.
fn event(url: &FunctionUrl, caller: &Caller, host: &str, call: &ApiCall, facts: (&str, i64, &str)) -> Value {
    let (id, now_ms, account) = facts;
    let headers = headers_of(&call.headers);
    let raw_query: Vec<String> =
        call.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let mut query = Map::new();
    for (name, value) in &call.query {
        let joined = query.get(name).and_then(Value::as_str).map(|before| format!("{before},{value}"));
        query.insert(name.clone(), json!(joined.as_ref().unwrap_or(value)));
    }
    let agent = headers.get("user-agent").cloned().unwrap_or_default();
    let cookies: Vec<&str> = call.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok()).collect();
    let cookies: Vec<&str> = cookies.iter().flat_map(|list| list.split(';')).map(str::trim).collect();
    let domain = if host.contains(URL_LABEL) { host.to_owned() } else { format!("{}.{URL_LABEL}.localhost", url.id) };
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": call.path, "rawQueryString": raw_query.join("&"),
        "headers": headers,
        "requestContext": {
            "accountId": if url.signed { account } else { "anonymous" }, "apiId": url.id, "domainName": domain,
            "domainPrefix": url.id,
            "http": {
                "method": call.method.as_str(), "path": call.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                "userAgent": agent,
            },
            "requestId": id, "routeKey": "$default", "stage": "$default", "time": clf_time(now_ms), "timeEpoch": now_ms,
        },
        "isBase64Encoded": false,
    });
    if let Caller::Role(session) | Caller::Service(session) = caller {
        let arn = session.assumed_arn(account);
        event["requestContext"]["authorizer"] = json!({"iam": {
            "accessKey": session.access_key, "accountId": account, "callerId": session.session_name,
            "cognitoIdentity": null, "principalOrgId": null, "userArn": arn, "userId": session.session_name,
        }});
    } else if *caller == Caller::Root {
        let arn = format!("arn:aws:iam::{account}:root");
        event["requestContext"]["authorizer"] = json!({"iam": {
            "accountId": account, "callerId": account, "cognitoIdentity": null, "principalOrgId": null, "userArn": arn,
            "userId": account,
        }});
    }
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = Value::Object(query);
    }
    if !call.body.is_empty() {
        let text = std::str::from_utf8(&call.body).ok().filter(|_| is_text(headers_type(&call.headers)));
        event["isBase64Encoded"] = json!(text.is_none());
        event["body"] = json!(text.map_or_else(|| STANDARD.encode(&call.body), str::to_owned));
    }
    event
}

/// Headers by names in lower case; of several with one name the values stand together.
fn headers_of(given: &HeaderMap) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in given {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|known| *known = format!("{known},{value}"))
            .or_insert(value);
    }
    for (name, value) in [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "http")] {
        headers.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    headers
}

fn headers_type(headers: &HeaderMap) -> &str {
    headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Whether a body of this type is handed over as text; any other is in Base64.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || matches!(kind.as_str(), "application/json" | "application/xml" | "application/javascript")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
        .replace("%2E", ".")
        .replace("%5F", "_")
        .replace("%7E", "~")
}

/// `02/Jan/2026:03:04:05 +0000`.
fn clf_time(now_ms: i64) -> String {
    let iso = crate::base::clock::iso_ms(now_ms);
    let (date, time) = iso.split_once('T').unwrap_or((&iso, ""));
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let month = month.and_then(|month| month.parse::<usize>().ok()).and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    let seconds = time.split('.').next().unwrap_or_default();
    format!(
        "{}/{}/{}:{seconds} +0000",
        day.unwrap_or_default(),
        month.copied().unwrap_or_default(),
        year.unwrap_or_default()
    )
}

/// The response that a function's answer stands for.
fn response(invocation: &Invocation) -> ApiReply {
    if invocation.failed {
        return refused(502, "Internal Server Error");
    }
    let answer: Value = serde_json::from_slice(&invocation.payload).unwrap_or(Value::Null);
    let json_type = || ("content-type".to_owned(), "application/json".to_owned());
    let Some(status) = answer.get("statusCode") else {
        // Any other answer is the body itself.
        let body = match answer {
            Value::String(text) => Bytes::from(text),
            _ => invocation.payload.clone(),
        };
        return ApiReply { status: 200, headers: vec![json_type()], body: ReplyBody::Bytes(body) };
    };
    let status =
        status.as_u64().or_else(|| status.as_str()?.parse().ok()).and_then(|status| u16::try_from(status).ok());
    let Some(status) = status.filter(|status| (100..600).contains(status)) else {
        return refused(502, "Internal Server Error");
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        headers.push((name.to_ascii_lowercase(), text(value)));
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.push(("set-cookie".to_owned(), text(cookie)));
    }
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(json_type());
    }
    // The server itself says how long the body is and how it is sent.
    headers.retain(|(name, _)| !matches!(name.as_str(), "content-length" | "transfer-encoding" | "connection"));
    let body = match answer.get("body") {
        None | Some(Value::Null) => ReplyBody::Empty,
        Some(Value::String(body)) if answer.get("isBase64Encoded") == Some(&json!(true)) => match STANDARD.decode(body)
        {
            Ok(bytes) => ReplyBody::Bytes(bytes.into()),
            Err(_) => return refused(502, "Internal Server Error"),
        },
        Some(body) => ReplyBody::Bytes(text(body).into()),
    };
    ApiReply { status, headers, body }
}

fn allowed<'a>(cors: &Cors, origin: &'a str) -> Option<&'a str> {
    let any = cors.allow_origins.iter().any(|allowed| allowed == "*");
    (any || cors.allow_origins.iter().any(|allowed| allowed == origin)).then_some(if any && !cors.allow_credentials {
        "*"
    } else {
        origin
    })
}

fn answer_headers(cors: &Cors, origin: &str) -> Vec<(String, String)> {
    let Some(origin) = allowed(cors, origin) else { return Vec::new() };
    let mut headers =
        vec![("access-control-allow-origin".to_owned(), origin.to_owned()), ("vary".to_owned(), "Origin".to_owned())];
    if cors.allow_credentials {
        headers.push(("access-control-allow-credentials".to_owned(), "true".to_owned()));
    }
    if !cors.expose_headers.is_empty() {
        headers.push(("access-control-expose-headers".to_owned(), cors.expose_headers.join(",")));
    }
    headers
}

fn preflight_headers(cors: &Cors, origin: &str) -> Vec<(String, String)> {
    let mut headers = answer_headers(cors, origin);
    if headers.is_empty() {
        return headers;
    }
    headers.push(("access-control-allow-methods".to_owned(), cors.allow_methods.join(",")));
    headers.push(("access-control-allow-headers".to_owned(), cors.allow_headers.join(",")));
    if let Some(seconds) = cors.max_age {
        headers.push(("access-control-max-age".to_owned(), seconds.to_string()));
    }
    headers
}
