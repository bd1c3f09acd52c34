//! How a distribution answers a request: behavior, function, object, error page, headers. Nothing is cached.

use http::Method;
use serde_json::Value;

use super::function::{self, Outcome};
use super::headers;
use super::rows::{Distribution, Rows};
use crate::cloud::iam::policy::wild;
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::s3::{S3, ServiceVisitor, StoredObject, conditions};
use crate::cloud::service::{ApiCall, ApiError, ApiReply, ReplyBody};

/// Answers a request for a site. Blocking: it may run a function.
pub(super) fn answer(rows: &Rows, s3: &S3, host: &str, call: &ApiCall) -> ApiReply {
    let Some(distribution) = rows.by_host(host) else {
        return error_page(404, "NoSuchDistribution", &format!("no distribution answers for the host {host}"));
    };
    let site = Site { rows, s3, distribution: &distribution };
    if !enabled(&distribution.config) {
        return error_page(403, "DistributionDisabled", "The distribution is disabled.");
    }
    let behavior = site.behavior(&call.path);
    if !methods(behavior).iter().any(|method| method == call.method.as_str()) {
        let message =
            "This distribution is not configured to allow the HTTP request method that was used for this request.";
        return error_page(403, "MethodNotAllowed", message);
    }
    if !matches!(call.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return error_page(501, "NotImplemented", "the embedded cloud's sites answer GET, HEAD and OPTIONS only");
    }
    site.with_functions(behavior, call)
}

struct Site<'a> {
    rows: &'a Rows,
    s3: &'a S3,
    distribution: &'a Distribution,
}

/// What an origin gave.
enum Origin {
    Object(StoredObject),
    Refused(ApiError),
}

impl Site<'_> {
    /// The behavior for a path: the first pattern that fits, else the default.
    fn behavior(&self, path: &str) -> &Value {
        let config = &self.distribution.config;
        let fits = |behavior: &&Value| {
            let pattern = text(behavior, "PathPattern");
            let pattern = if pattern.starts_with('/') { pattern.to_owned() } else { format!("/{pattern}") };
            wild(&pattern, path)
        };
        let list = config.get("CacheBehaviors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().find(fits).unwrap_or(&config["DefaultCacheBehavior"])
    }

    fn with_functions(&self, behavior: &Value, call: &ApiCall) -> ApiReply {
        let event = function::request_event(self.distribution, &self.rows.shared.ids.uuid(), call);
        let mut call = call.clone();
        if let Some(code) = self.code(behavior, "viewer-request") {
            match function::run(&code, &event).and_then(function::outcome) {
                Ok(Outcome::Request(request)) => {
                    text(&request, "uri").clone_into(&mut call.path);
                    call.headers = function::changed_headers(&request);
                }
                Ok(Outcome::Response(response)) => return made_by_function(&response),
                Err(error) => return error_page(503, "FunctionExecutionError", &error.to_string()),
            }
        }
        let mut reply = self.origin_reply(behavior, &call);
        if let Some(config) = self.header_policy(behavior) {
            headers::apply(&config, &mut reply.headers);
        }
        if let Some(code) = self.code(behavior, "viewer-response") {
            let event = function::response_event(&event, reply.status, &reply.headers);
            match function::run(&code, &event) {
                Ok(response) if response.get("headers").is_some() => {
                    reply.headers = function::headers_of(&response);
                    reply.status = status(&response).unwrap_or(reply.status);
                }
                Ok(_) => return error_page(503, "FunctionExecutionError", "the handler returned no response"),
                Err(error) => return error_page(503, "FunctionExecutionError", &error.to_string()),
            }
        }
        reply
    }

    /// The published code of the function for an event.
    fn code(&self, behavior: &Value, event: &str) -> Option<String> {
        let list = behavior.get("FunctionAssociations")?.as_array()?;
        let association = list.iter().find(|association| text(association, "EventType") == event)?;
        self.rows.functions.get(text(association, "FunctionARN"))?.live
    }

    fn header_policy(&self, behavior: &Value) -> Option<Value> {
        let id = behavior.get("ResponseHeadersPolicyId")?.as_str()?;
        headers::managed(id).or_else(|| self.rows.header_policies.get(id).map(|policy| policy.config))
    }

    fn origin_reply(&self, behavior: &Value, call: &ApiCall) -> ApiReply {
        let config = &self.distribution.config;
        let path = match (call.path.as_str(), text(config, "DefaultRootObject")) {
            ("/", root) if !root.is_empty() => format!("/{}", root.trim_start_matches('/')),
            (path, _) => path.to_owned(),
        };
        match self.fetch(behavior, &path) {
            Origin::Object(object) => object_reply(call, &object),
            Origin::Refused(error) => {
                self.custom_error(&error).unwrap_or_else(|| error_page(error.status, &error.code, &error.message))
            }
        }
    }

    /// The page that stands for an error, with the status that it is given.
    fn custom_error(&self, error: &ApiError) -> Option<ApiReply> {
        let list = self.distribution.config.get("CustomErrorResponses")?.as_array()?;
        let rule = list.iter().find(|rule| rule.get("ErrorCode").and_then(number) == Some(u64::from(error.status)))?;
        let page = text(rule, "ResponsePagePath");
        if page.is_empty() {
            return None;
        }
        let behavior = self.behavior(page);
        let Origin::Object(object) = self.fetch(behavior, page) else { return None };
        let wanted = rule.get("ResponseCode").and_then(number).and_then(|code| u16::try_from(code).ok());
        let mut reply = plain_reply(&object);
        reply.status = wanted.unwrap_or(error.status);
        Some(reply)
    }

    /// Asks the bucket, as the distribution: its policy must admit it.
    fn fetch(&self, behavior: &Value, path: &str) -> Origin {
        let denied = || Origin::Refused(ApiError::new("AccessDenied", "Access Denied").status(403));
        let origins = self.distribution.config.get("Origins").and_then(Value::as_array);
        let wanted = text(behavior, "TargetOriginId");
        let Some(origin) = origins.into_iter().flatten().find(|origin| text(origin, "Id") == wanted) else {
            return denied();
        };
        let Some(bucket) = bucket_of(text(origin, "DomainName")) else { return denied() };
        let key = percent::decode(&format!("{}{path}", text(origin, "OriginPath")));
        let key = key.strip_prefix('/').unwrap_or(&key);
        let arn = self.rows.arn(&self.distribution.id);
        let visitor = |action| ServiceVisitor { service: "cloudfront.amazonaws.com", source_arn: &arn, action };
        if !self.s3.admits(bucket, key, &visitor("s3:GetObject")) {
            return denied();
        }
        match self.s3.object(bucket, key) {
            Ok(object) => Origin::Object(object),
            // Who may not list learns nothing about what is missing.
            Err(error) if error.code == "NoSuchKey" && !self.s3.admits(bucket, "", &visitor("s3:ListBucket")) => {
                denied()
            }
            Err(error) => Origin::Refused(error),
        }
    }
}

/// The bucket in the domain name of an S3 origin.
pub(super) fn bucket_of(domain: &str) -> Option<&str> {
    let rest = domain.strip_suffix(".amazonaws.com")?;
    let position = rest.rfind(".s3.").or_else(|| rest.strip_suffix(".s3").map(str::len))?;
    (position > 0).then(|| &rest[..position])
}

fn object_reply(call: &ApiCall, object: &StoredObject) -> ApiReply {
    let mut reply = plain_reply(object);
    match conditions::check(&call.headers, object).and_then(|()| conditions::range(&call.headers, object.length)) {
        Ok(None) => {}
        Ok(Some((offset, length))) => {
            let range = format!("bytes {offset}-{}/{}", offset + length - 1, object.length);
            reply.headers.push(("content-range".to_owned(), range));
            reply.status = 206;
            reply.body = ReplyBody::File { path: object.path.clone(), offset, length };
        }
        Err(error) if error.status == 304 => {
            reply.status = 304;
            reply.headers.retain(|(name, _)| name != "content-type");
            reply.body = ReplyBody::Empty;
        }
        Err(error) => return error_page(error.status, &error.code, &error.message),
    }
    reply
}

fn plain_reply(object: &StoredObject) -> ApiReply {
    let mut headers = vec![
        ("content-type".to_owned(), object.content_type.clone()),
        ("etag".to_owned(), format!("\"{}\"", object.etag)),
        ("last-modified".to_owned(), conditions::http_date(object.modified_ms)),
        ("accept-ranges".to_owned(), "bytes".to_owned()),
        ("x-cache".to_owned(), "Miss from cloudfront".to_owned()),
    ];
    headers.extend(object.headers.iter().filter(|(name, _)| !name.starts_with("x-amz-checksum-")).cloned());
    ApiReply {
        status: 200,
        headers,
        body: ReplyBody::File { path: object.path.clone(), offset: 0, length: object.length },
    }
}

/// The response that a viewer-request function made.
fn made_by_function(response: &Value) -> ApiReply {
    let body = match response.get("body") {
        Some(Value::String(text)) => text.clone(),
        Some(body) => text(body, "data").to_owned(),
        None => String::new(),
    };
    let mut headers = function::headers_of(response);
    headers.push(("x-cache".to_owned(), "FunctionGeneratedResponse from cloudfront".to_owned()));
    ApiReply { status: status(response).unwrap_or(200), headers, body: ReplyBody::Bytes(body.into()) }
}

fn status(response: &Value) -> Option<u16> {
    let code = response.get("statusCode").and_then(number)?;
    u16::try_from(code).ok().filter(|code| (100..600).contains(code))
}

fn error_page(status: u16, code: &str, message: &str) -> ApiReply {
    let text = format!("{}<Error>{}{}</Error>", xml::DECLARATION, element("Code", code), element("Message", message));
    let headers = vec![
        ("content-type".to_owned(), "application/xml".to_owned()),
        ("x-cache".to_owned(), "Error from cloudfront".to_owned()),
    ];
    ApiReply { status, headers, body: ReplyBody::Bytes(text.into()) }
}

/// The methods that a behavior allows; GET and HEAD when it names none.
fn methods(behavior: &Value) -> Vec<String> {
    let list = behavior.get("AllowedMethods").and_then(Value::as_array);
    list.map_or_else(
        || vec!["GET".to_owned(), "HEAD".to_owned()],
        |list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    )
}

fn enabled(config: &Value) -> bool {
    config.get("Enabled").is_some_and(|value| value == "true" || *value == Value::Bool(true))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}
