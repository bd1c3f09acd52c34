//! `PostObject`: the form of a browser becomes an object, when its policy lets it.
//!
//! Source: "POST Object" and "Authenticating requests in browser-based uploads using POST" of the S3 reference.

mod fields;
mod policy;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError};

use axum::body::{Body, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::ask::Ask;
use super::buckets::{malformed, with};
use super::checksums::Algorithm;
use super::intake::{self, Incoming, OBJECT_LIMIT_BYTES, Received};
use super::objects::Place;
use super::put::{self, Described};
use super::record::StoredObject;
use super::upload::Request;
use super::wire::{WORDS, empty, xml_reply};
use super::{Engine, tagging};
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiCall, ApiError, ApiReply, Caller};
use fields::{Fields, FileBody, Refusal};
use policy::Policy;

/// The fields that are what headers of the same name are to a PUT, besides those of `x-amz-`.
const HEADERS: &[&str] =
    &["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];

/// The fields of `x-amz-` that sign the form.
const SIGNING: &[&str] =
    &["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"];

/// A form of which everything but the file was read and found right.
struct Form {
    /// The call that would do the same by its headers.
    call: ApiCall,
    caller: Caller,
    key: String,
    policy: Option<Policy>,
    described: Described,
    fields: Fields,
}

/// Whether a call on a bucket is a form.
pub(super) fn is_one(call: &ApiCall) -> bool {
    call.method == Method::POST && !call.query.iter().any(|(name, _)| WORDS.contains(&name.as_str()))
}

/// Carries out such a call.
pub(super) async fn receive(
    request: &Request<'_>,
    call: ApiCall,
    bucket: &str,
    incoming: Incoming,
) -> Result<ApiReply, ApiError> {
    let Some(boundary) = fields::boundary(&call.headers) else {
        incoming.drain(&call.headers).await;
        return Err(no_form());
    };
    let Incoming { mut body, payload } = incoming;
    let headers = call.headers.clone();
    let read = fields::read(&mut body, &boundary).await;
    let prepared = read.and_then(|(fields, begun)| Ok((prepare(request, call, bucket, fields)?, begun)));
    match prepared {
        Ok((form, begun)) => {
            let received = file(request.engine, &form, &boundary, (begun, body)).await?;
            finish(request, bucket.to_owned(), form, received).await
        }
        Err(refusal) => {
            Incoming { body, payload }.drain(&headers).await;
            Err(refusal)
        }
    }
}

/// What must hold before the file is read.
fn prepare(request: &Request<'_>, call: ApiCall, bucket: &str, fields: Fields) -> Result<Form, ApiError> {
    request.engine.objects.bucket(bucket)?;
    let key = fields.get("key").ok_or_else(|| absent("key"))?.replace("${filename}", &fields.filename);
    if key.is_empty() {
        let message = "User key must have a length greater than 0.";
        return Err(with("InvalidArgument", message, "ArgumentName", "key"));
    }
    let (caller, policy) = allowed_by(request.engine, &fields, (bucket, &key))?;
    let headers = headers(&call.headers, &fields)?;
    let call = ApiCall { action: "PostObject".to_owned(), headers, ..call };
    let described = {
        let ask = Ask::new(request.engine, &caller, &call, request.id);
        put::prepare(&ask, Place { bucket, key: &key })?
    };
    Ok(Form { call, caller, key, policy, described, fields })
}

/// Who sends a form, and what it may hold: whoever signed the policy. Without a policy it is anybody's.
fn allowed_by(engine: &Engine, fields: &Fields, place: (&str, &str)) -> Result<(Caller, Option<Policy>), ApiError> {
    let Some(text) = fields.get("policy") else {
        let signed = ["x-amz-signature", "signature"].iter().any(|name| fields.get(name).is_some());
        return if signed { Err(absent("policy")) } else { Ok((Caller::Anonymous, None)) };
    };
    let caller = engine.iam.authenticate_form(text, &|name| fields.get(name).map(str::to_owned))?;
    let policy = Policy::read(text)?;
    policy.check(fields, place, engine.shared.clock.now_ms())?;
    Ok((caller, Some(policy)))
}

/// The headers with which a PUT would say what the fields say.
fn headers(sent: &HeaderMap, fields: &Fields) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    for name in ["host", "user-agent", "referer"] {
        headers.extend(sent.get(name).map(|value| (HeaderName::from_static(name), value.clone())));
    }
    for (name, value) in &fields.all {
        let (header, value) = match name.as_str() {
            "acl" => ("x-amz-acl", value.clone()),
            "tagging" => ("x-amz-tagging", tags(value)?),
            name if HEADERS.contains(&name) => (name, value.clone()),
            name if name.starts_with("x-amz-") && !SIGNING.contains(&name) => (name, value.clone()),
            _ => continue,
        };
        let pair = HeaderName::try_from(header).ok().zip(HeaderValue::from_bytes(value.as_bytes()).ok());
        let (header, value) = pair.ok_or_else(|| {
            with("InvalidArgument", "A field cannot be what a header of its name is.", "ArgumentName", name)
        })?;
        headers.append(header, value);
    }
    Ok(headers)
}

/// Tags in XML, as the header of a PUT has them.
fn tags(text: &str) -> Result<String, ApiError> {
    let tags = tagging::of_document(&xml::parse(text).map_err(|_| malformed())?)?;
    let pair = |(name, value): &(String, String)| format!("{}={}", percent::encode(name), percent::encode(value));
    Ok(tags.iter().map(pair).collect::<Vec<_>>().join("&"))
}

/// Reads the file.
async fn file(engine: &Engine, form: &Form, boundary: &str, body: (Bytes, Body)) -> Result<Received, ApiError> {
    let most = form.policy.as_ref().map_or(u64::MAX, Policy::most).min(OBJECT_LIMIT_BYTES);
    let refusal = Refusal::default();
    let file = Body::new(FileBody::new(boundary, body, most, Arc::clone(&refusal)));
    let headers = &form.call.headers;
    // What has no checksum gets one, as S3 gives it.
    let wanted = (!intake::states_sums(headers)).then_some(Algorithm::Crc64Nvme);
    let received = intake::receive_open(engine.objects.unfinished(), headers, file, wanted.as_slice()).await;
    if let Some(reason) = refusal.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(reason);
    }
    let received = received?;
    if let Some(policy) = &form.policy {
        policy.check_size(received.finished.length)?;
    }
    Ok(received)
}

/// Stores the object, on a thread that may wait for the disk.
async fn finish(request: &Request<'_>, bucket: String, form: Form, received: Received) -> Result<ApiReply, ApiError> {
    let (engine, request_id) = (Arc::clone(request.engine), request.id.to_owned());
    let work = tokio::task::spawn_blocking(move || {
        let Form { call, caller, key, described, fields, .. } = form;
        let place = Place { bucket: &bucket, key: &key };
        let ask = Ask::new(&engine, &caller, &call, &request_id);
        let object = put::store(&ask, place, (described, received), "ObjectCreated:Post")?;
        answer(&ask, place, &object, &fields)
    });
    work.await.map_err(|_| ApiError::new("InternalError", "the upload was given up").status(500))?
}

/// The answer that the form asks for: a redirection, a status, or 204.
fn answer(ask: &Ask<'_>, place: Place<'_>, object: &StoredObject, fields: &Fields) -> Result<ApiReply, ApiError> {
    let tag = format!("\"{}\"", object.etag);
    let mut location = format!("{}/{}/{}", ask.engine.shared.endpoint, place.bucket, percent::encode(place.key));
    let redirection =
        fields.get("success_action_redirect").or_else(|| fields.get("redirect")).filter(|url| is_web(url));
    let mut reply = match (redirection, fields.get("success_action_status")) {
        (Some(url), _) => {
            let mark = if url.contains('?') { '&' } else { '?' };
            let [bucket, key, tag] = [place.bucket, place.key, &tag].map(percent::encode);
            location = format!("{url}{mark}bucket={bucket}&key={key}&etag={tag}");
            empty(303)
        }
        (None, Some("201")) => {
            let inside = [
                element("Location", &location),
                element("Bucket", place.bucket),
                element("Key", place.key),
                element("ETag", &tag),
            ];
            ApiReply { status: 201, ..xml_reply(&xml::wrap("PostResponse", &inside)) }
        }
        (None, Some("200")) => empty(200),
        (None, _) => empty(204),
    };
    reply.headers.extend(put::stored_headers(ask, place, object)?);
    reply.headers.extend([("etag".to_owned(), tag), ("location".to_owned(), location)]);
    Ok(reply)
}

/// Whether a browser can be sent to a URL; S3 passes over what is none.
fn is_web(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|url| matches!(url.scheme_str(), Some("http" | "https")))
}

/// The refusal of a form without a field that it must have.
fn absent(field: &str) -> ApiError {
    let message = format!(
        "Bucket POST must contain a field named '{field}'.  If it is specified, please check the order of the fields."
    );
    with("InvalidArgument", &message, "ArgumentName", field)
}

/// The refusal of a POST to a bucket that is no form.
fn no_form() -> ApiError {
    let message = "At least one of the pre-conditions you specified did not hold";
    let condition = "Bucket POST must be of the enclosure-type multipart/form-data";
    with("PreconditionFailed", message, "Condition", condition).status(412)
}
