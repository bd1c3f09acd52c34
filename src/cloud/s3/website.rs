//! A bucket as a website: index and error documents, redirects, routing rules.
//!
//! Requests come under a host of their own (`{bucket}.s3-website.{region}.…`), are never signed, and are answered in HTML.
//!
//! Source: "Hosting a static website using Amazon S3" of the S3 user guide.

use http::Method;

use super::ask::Ask;
use super::buckets::{Bucket, malformed, with};
use super::conditions;
use super::get;
use super::objects::Place;
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, Element};
use crate::cloud::service::{ApiError, ApiReply, ReplyBody};

/// Checks a configuration that a client sends.
pub(super) fn check(root: &Element) -> Result<(), ApiError> {
    let argument = |message: &str| ApiError::new("InvalidArgument", message);
    let has = |name: &str| root.child(name).is_some();
    if let Some(all) = root.child("RedirectAllRequestsTo") {
        if root.children.len() > 1 {
            return Err(argument("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules."));
        }
        let protocol = all.child_text("Protocol");
        if protocol.is_some_and(|protocol| !matches!(protocol, "http" | "https")) {
            return Err(ApiError::new(
                "InvalidRequest",
                "Invalid protocol, protocol can be http or https. If not defined \
                the protocol will be selected automatically.",
            ));
        }
        return if all.child_text("HostName").is_some_and(|host| !host.is_empty()) { Ok(()) } else { Err(malformed()) };
    }
    if !has("IndexDocument") {
        return Err(argument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty"));
    }
    let suffix = root.child("IndexDocument").and_then(|index| index.child_text("Suffix")).unwrap_or_default();
    if suffix.is_empty() || suffix.contains('/') {
        return Err(argument("The IndexDocument Suffix is not well formed"));
    }
    if root.child("ErrorDocument").is_some_and(|document| document.child_text("Key").unwrap_or_default().is_empty()) {
        return Err(argument("The ErrorDocument Key is not well formed"));
    }
    rules(root).try_for_each(|rule| {
        let redirect = rule.child("Redirect").filter(|redirect| !redirect.children.is_empty()).ok_or_else(malformed)?;
        if redirect.child("ReplaceKeyWith").is_some() && redirect.child("ReplaceKeyPrefixWith").is_some() {
            let message = "You can only define ReplaceKeyPrefix or ReplaceKey but not both.";
            return Err(ApiError::new("InvalidRequest", message));
        }
        let code = redirect.child_text("HttpRedirectCode").map(str::parse::<u16>);
        if code.is_some_and(|code| !matches!(code, Ok(301..=399))) {
            let message = "The provided HTTP redirect code is not valid. Valid codes are 3XX except 300.";
            return Err(ApiError::new("InvalidRequest", message));
        }
        Ok(())
    })
}

fn rules(root: &Element) -> impl Iterator<Item = &Element> {
    root.child("RoutingRules").into_iter().flat_map(|rules| rules.all("RoutingRule"))
}

/// Answers a request for a site.
pub(super) fn answer(ask: &Ask<'_>, name: &str) -> ApiReply {
    let outcome = site(ask, name);
    let (error, root) = match outcome {
        Ok(reply) => return reply,
        Err(failure) => *failure,
    };
    let document = root.as_ref().and_then(|root| root.child("ErrorDocument")?.child_text("Key"));
    if let Some(key) = document
        && matches!(error.status, 403 | 404)
        && let Ok(mut reply) = object(ask, Place { bucket: name, key }, false)
    {
        reply.status = error.status;
        return reply;
    }
    page(ask, &error)
}

/// A refusal, and the configuration of the site when there is one.
type Failure = Box<(ApiError, Option<Element>)>;

fn site(ask: &Ask<'_>, name: &str) -> Result<ApiReply, Failure> {
    let root = configuration(ask, name).map_err(|error| Box::new((error, None)))?;
    let path = percent::decode(ask.call.path.strip_prefix('/').unwrap_or(&ask.call.path));
    if let Some(all) = root.child("RedirectAllRequestsTo") {
        return Ok(redirect(ask, all, &path, 301));
    }
    if !matches!(ask.call.method, Method::GET | Method::HEAD) {
        let message = "The specified method is not allowed against this resource.";
        let error = with("MethodNotAllowed", message, "Method", ask.call.method.as_str()).status(405);
        return Err(Box::new((error, None)));
    }
    if let Some(rule) = rules(&root).find(|rule| fits(rule, &path, None)) {
        return Ok(routed(ask, rule, &path));
    }
    let suffix = root.child("IndexDocument").and_then(|index| index.child_text("Suffix")).unwrap_or_default();
    let key = if path.is_empty() || path.ends_with('/') { format!("{path}{suffix}") } else { path.clone() };
    let error = match object(ask, Place { bucket: name, key: &key }, true) {
        Ok(reply) => return Ok(reply),
        Err(error) => error,
    };
    if let Some(rule) = rules(&root).find(|rule| fits(rule, &path, Some(error.status))) {
        return Ok(routed(ask, rule, &path));
    }
    // A folder's name without its slash leads to the folder.
    let folder = format!("{path}/{suffix}");
    if key == path && error.status != 304 && object(ask, Place { bucket: name, key: &folder }, false).is_ok() {
        return Ok(moved(302, &format!("/{}/", percent::encode_path(&path))));
    }
    Err(Box::new((error, Some(root))))
}

fn configuration(ask: &Ask<'_>, name: &str) -> Result<Element, ApiError> {
    let bucket: Bucket = ask.engine.objects.bucket(name)?;
    let text = bucket.configurations.get("website");
    text.and_then(|text| xml::parse(text).ok()).ok_or_else(|| {
        let message = "The specified bucket does not have a website configuration";
        with("NoSuchWebsiteConfiguration", message, "BucketName", name).status(404)
    })
}

/// An object of the site, or where it redirects to.
fn object(ask: &Ask<'_>, place: Place<'_>, asked: bool) -> Result<ApiReply, ApiError> {
    let object = get::readable(ask, place, None, ("s3:GetObject", "s3:GetObjectVersion"))?;
    if let Some(target) = object.header("x-amz-website-redirect-location").filter(|_| asked) {
        return Ok(moved(301, target));
    }
    let range = if asked {
        conditions::check(&ask.call.headers, &object)?;
        conditions::range(&ask.call.headers, object.length)?
    } else {
        None
    };
    let mut headers = get::facts(&object, false);
    headers.extend(object.headers.iter().filter(|(name, _)| !name.starts_with("x-amz-checksum-")).cloned());
    let (offset, length) = range.unwrap_or((0, object.length));
    if range.is_some() {
        let last = (offset + length).saturating_sub(1);
        headers.push(("content-range".to_owned(), format!("bytes {offset}-{last}/{}", object.length)));
    }
    let status = if range.is_some() { 206 } else { 200 };
    Ok(ApiReply { status, headers, body: ReplyBody::File { path: object.path, offset, length } })
}

/// Whether a rule is for a key, before anything is read (`None`) or after an error.
fn fits(rule: &Element, key: &str, status: Option<u16>) -> bool {
    let condition = rule.child("Condition");
    let text = |name: &str| condition.and_then(|condition| condition.child_text(name));
    let code = text("HttpErrorCodeReturnedEquals").and_then(|code| code.parse::<u16>().ok());
    text("KeyPrefixEquals").is_none_or(|prefix| key.starts_with(prefix)) && code == status
}

/// The redirect of a rule.
fn routed(ask: &Ask<'_>, rule: &Element, key: &str) -> ApiReply {
    let empty = Element::default();
    let target = rule.child("Redirect").unwrap_or(&empty);
    let prefix = rule.child("Condition").and_then(|condition| condition.child_text("KeyPrefixEquals"));
    let key = match (target.child_text("ReplaceKeyWith"), target.child_text("ReplaceKeyPrefixWith")) {
        (Some(whole), _) => whole.to_owned(),
        (None, Some(with)) => format!("{with}{}", &key[prefix.unwrap_or_default().len()..]),
        (None, None) => key.to_owned(),
    };
    let code = target.child_text("HttpRedirectCode").and_then(|code| code.parse().ok()).unwrap_or(301);
    redirect(ask, target, &key, code)
}

/// A redirect to a key, on another host or with another protocol where the element says so.
fn redirect(ask: &Ask<'_>, target: &Element, key: &str, code: u16) -> ApiReply {
    let own = ask.header("host").unwrap_or_default();
    let host = target.child_text("HostName").unwrap_or(own);
    let protocol = target.child_text("Protocol").unwrap_or("http");
    moved(code, &format!("{protocol}://{host}/{}", percent::encode_path(key)))
}

fn moved(status: u16, location: &str) -> ApiReply {
    ApiReply { status, headers: vec![("location".to_owned(), location.to_owned())], body: ReplyBody::Empty }
}

/// The page that tells of a refusal.
fn page(ask: &Ask<'_>, error: &ApiError) -> ApiReply {
    if error.status == 304 {
        return ApiReply { status: 304, headers: Vec::new(), body: ReplyBody::Empty };
    }
    let status = http::StatusCode::from_u16(error.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let title = format!("{} {}", error.status, status.canonical_reason().unwrap_or_default());
    let mut items = vec![("Code".to_owned(), error.code.clone()), ("Message".to_owned(), error.message.clone())];
    let extra = error.extra.iter().filter(|(name, _)| !name.starts_with("x-amz-"));
    items.extend(
        extra.map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))),
    );
    items.push(("RequestId".to_owned(), ask.request_id.to_owned()));
    let items: Vec<String> =
        items.iter().map(|(name, value)| format!("<li>{name}: {}</li>\n", xml::escape(value))).collect();
    let text = format!(
        "<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{}</ul>\n<hr/>\n</body>\n</html>\n",
        items.concat()
    );
    let mut headers = vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())];
    headers.push(("x-amz-error-code".to_owned(), error.code.clone()));
    headers.push(("x-amz-error-message".to_owned(), error.message.clone()));
    ApiReply { status: error.status, headers, body: ReplyBody::Bytes(text.into()) }
}
