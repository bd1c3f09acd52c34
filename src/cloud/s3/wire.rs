//! Which operation a request is, and the operations on buckets.

use std::collections::BTreeMap;

use http::Method;

use super::buckets::{Bucket, KINDS, Kind, check, check_name, defaults};
use super::{Engine, Target, address, cors, listing, multipart, object_wire};
use crate::base::clock::iso_ms;
use crate::cloud::iam::policy::{Policy, PolicyKind};
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiCall, ApiError, ApiReply, Caller, ReplyBody};

/// The words in a query that name another operation than the plain one.
const WORDS: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Carries out a call.
pub(super) fn answer(engine: &Engine, caller: &Caller, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let host = call.headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (bucket, key) = address::of_request(host, &call.path);
    let target = Target { bucket: bucket.as_deref(), key: key.as_deref() };
    let words: Vec<&str> =
        call.query.iter().map(|(name, _)| name.as_str()).filter(|name| WORDS.contains(name)).collect();
    if call.method == Method::OPTIONS {
        return preflight(engine, target, call);
    }
    match (target.bucket, target.key) {
        (None, _) => list_buckets(engine, caller, call),
        (Some(name), None) => match words.first() {
            Some(word) => configuration(engine, caller, call, name, word),
            None => bucket_call(engine, caller, call, name),
        },
        (Some(name), Some(key)) => {
            if words.iter().any(|word| matches!(*word, "uploads" | "uploadId" | "partNumber")) {
                return multipart::answer(engine, caller, call, (name, key));
            }
            object_wire::answer(engine, caller, call, (name, key), words.first().copied())
        }
    }
}

/// A reply with XML.
pub(super) fn xml_reply(text: &str) -> ApiReply {
    let headers = vec![("content-type".to_owned(), "application/xml".to_owned())];
    ApiReply { status: 200, headers, body: ReplyBody::Bytes(format!("{}{text}", xml::DECLARATION).into()) }
}

/// An opening tag with S3's namespace.
pub(super) fn open(name: &str) -> String {
    format!("<{name} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">")
}

/// A reply without a body.
pub(super) fn empty(status: u16) -> ApiReply {
    ApiReply { status, headers: Vec::new(), body: ReplyBody::Empty }
}

/// The body as text.
pub(super) fn body_text(call: &ApiCall) -> Result<&str, ApiError> {
    std::str::from_utf8(&call.body).map_err(|_| ApiError::new("MalformedXML", "the body is not UTF-8"))
}

fn preflight(engine: &Engine, target: Target<'_>, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let forbidden = |message: &str| ApiError::new("AccessForbidden", message).status(403);
    let bucket = engine.objects.bucket(target.bucket.unwrap_or_default())?;
    let rules = cors::rules(&bucket);
    if rules.is_empty() {
        return Err(forbidden("CORSResponse: CORS is not enabled for this bucket."));
    }
    let asked = cors::Asked::of(&call.method, &call.headers);
    match cors::answer(&rules, &asked) {
        // The gateway adds the headers themselves, as to every answer of this bucket.
        Some(_) => Ok(empty(200)),
        None => Err(forbidden(
            "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request \
             method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
             resource's CORS spec.",
        )),
    }
}

fn list_buckets(engine: &Engine, caller: &Caller, call: &ApiCall) -> Result<ApiReply, ApiError> {
    if !matches!(call.method, Method::GET | Method::HEAD) {
        return Err(method_not_allowed());
    }
    engine.authorize(caller, "s3:ListAllMyBuckets", &Target { bucket: None, key: None }, &BTreeMap::new())?;
    let account = engine.shared.account;
    let mut text = open("ListAllMyBucketsResult");
    text.push_str(&xml::wrap("Owner", &[element("ID", account)]));
    text.push_str("<Buckets>");
    for (name, bucket) in engine.objects.buckets.all() {
        let created = iso_ms(bucket.created_ms);
        let region = element("BucketRegion", engine.shared.region.as_str());
        text.push_str(&xml::wrap("Bucket", &[element("Name", &name), element("CreationDate", &created), region]));
    }
    text.push_str("</Buckets></ListAllMyBucketsResult>");
    Ok(xml_reply(&text))
}

fn bucket_call(engine: &Engine, caller: &Caller, call: &ApiCall, name: &str) -> Result<ApiReply, ApiError> {
    let allowed =
        |action: &str| engine.authorize(caller, action, &Target { bucket: Some(name), key: None }, &BTreeMap::new());
    match call.method {
        Method::PUT => {
            allowed("s3:CreateBucket")?;
            check_location(engine, call)?;
            create_bucket(engine, name)?;
            let mut reply = empty(200);
            reply.headers.push(("location".to_owned(), format!("/{name}")));
            Ok(reply)
        }
        Method::DELETE => {
            allowed("s3:DeleteBucket")?;
            engine.objects.delete_bucket(name)?;
            Ok(empty(204))
        }
        Method::HEAD => {
            engine.objects.bucket(name)?;
            allowed("s3:ListBucket")?;
            let mut reply = empty(200);
            reply.headers.push(("x-amz-bucket-region".to_owned(), engine.shared.region.as_str().to_owned()));
            reply.headers.push(("content-type".to_owned(), "application/xml".to_owned()));
            Ok(reply)
        }
        Method::GET => {
            engine.objects.bucket(name)?;
            let context = listing::condition_keys(call);
            engine.authorize(caller, "s3:ListBucket", &Target { bucket: Some(name), key: None }, &context)?;
            listing::list(&engine.objects, call, name)
        }
        Method::POST => Err(ApiError::not_built("s3", "PostObject (a form upload of a browser)")),
        _ => Err(method_not_allowed()),
    }
}

/// Refuses a bucket for another region.
fn check_location(engine: &Engine, call: &ApiCall) -> Result<(), ApiError> {
    let malformed = |_| {
        ApiError::new(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    };
    let text = body_text(call)?;
    let wanted = if text.trim().is_empty() {
        None
    } else {
        xml::parse(text).map_err(malformed)?.child_text("LocationConstraint").map(str::to_owned)
    };
    let region = engine.shared.region.as_str();
    let constraint = match wanted.as_deref() {
        Some(wanted) if wanted != region || region == "us-east-1" => wanted,
        None if region != "us-east-1" => "unspecified",
        _ => return Ok(()),
    };
    let message = format!(
        "The {constraint} location constraint is incompatible for the region specific endpoint this request was sent to."
    );
    Err(ApiError::new("IllegalLocationConstraintException", message))
}

/// Makes a bucket.
pub(super) fn create_bucket(engine: &Engine, name: &str) -> Result<(), ApiError> {
    check_name(name)?;
    if engine.objects.buckets.get(name).is_some() {
        // In us-east-1 S3 answers the owner's second attempt with success.
        if engine.shared.region.as_str() == "us-east-1" {
            return Ok(());
        }
        let message = "Your previous request to create the named bucket succeeded and you already own it.";
        return Err(super::buckets::with("BucketAlreadyOwnedByYou", message, "BucketName", name).status(409));
    }
    let created_ms = engine.shared.clock.now_ms();
    let bucket = Bucket { name: name.to_owned(), created_ms, configurations: defaults() };
    Ok(engine.objects.buckets.put(name, &bucket)?)
}

/// The operations that a word in the query names.
fn configuration(
    engine: &Engine,
    caller: &Caller,
    call: &ApiCall,
    name: &str,
    word: &str,
) -> Result<ApiReply, ApiError> {
    let target = Target { bucket: Some(name), key: None };
    let allowed = |action: &str| engine.authorize(caller, action, &target, &BTreeMap::new());
    let bucket = engine.objects.bucket(name)?;
    match (word, &call.method) {
        ("location", &Method::GET) => {
            allowed("s3:GetBucketLocation")?;
            let region = engine.shared.region.as_str();
            let region = if region == "us-east-1" { "" } else { region };
            Ok(xml_reply(&format!("{}{}</LocationConstraint>", open("LocationConstraint"), xml::escape(region))))
        }
        ("delete", &Method::POST) => object_wire::delete_many(engine, caller, call, name),
        ("policy", _) => policy(engine, caller, call, &bucket),
        ("policyStatus", &Method::GET) => {
            allowed("s3:GetBucketPolicyStatus")?;
            let public = bucket.policy().ok_or_else(no_policy)?.is_public();
            Ok(xml_reply(&format!(
                "{}{}</PolicyStatus>",
                open("PolicyStatus"),
                element("IsPublic", if public { "TRUE" } else { "FALSE" })
            )))
        }
        ("uploads", &Method::GET) => {
            allowed("s3:ListBucketMultipartUploads")?;
            Ok(xml_reply(&engine.uploads.list(name)))
        }
        _ => match KINDS.iter().find(|kind| kind.word == word) {
            Some(kind) => stored(engine, caller, call, &bucket, kind),
            None => Err(ApiError::not_built("s3", &format!("{} ?{word}", call.method))),
        },
    }
}

fn stored(
    engine: &Engine,
    caller: &Caller,
    call: &ApiCall,
    bucket: &Bucket,
    kind: &Kind,
) -> Result<ApiReply, ApiError> {
    let target = Target { bucket: Some(&bucket.name), key: None };
    let allowed =
        |verb: &str| engine.authorize(caller, &format!("s3:{verb}{}", kind.action), &target, &BTreeMap::new());
    match call.method {
        Method::GET => {
            allowed("Get")?;
            match (bucket.configurations.get(kind.word), kind.missing) {
                (Some(text), _) => {
                    let inside = text.strip_prefix(&format!("<{}>", kind.root)).unwrap_or_default();
                    Ok(xml_reply(&format!("{}{inside}", open(kind.root))))
                }
                (None, Some((code, message))) => {
                    Err(super::buckets::with(code, message, "BucketName", &bucket.name).status(404))
                }
                (None, None) => Ok(xml_reply(&format!("{}</{}>", open(kind.root), kind.root))),
            }
        }
        Method::PUT => {
            allowed("Put")?;
            super::checksums::verify(&call.headers, &call.body)?;
            let text = body_text(call)?;
            check(kind, text)?;
            let stored = xml::parse(text).map(|root| plain(&root)).unwrap_or_default();
            engine.objects.change(&bucket.name, |bucket| {
                bucket.configurations.insert(kind.word.to_owned(), stored);
            })?;
            Ok(empty(if kind.word == "tagging" { 204 } else { 200 }))
        }
        Method::DELETE if kind.missing.is_some() => {
            allowed("Put")?;
            engine.objects.change(&bucket.name, |bucket| {
                bucket.configurations.remove(kind.word);
            })?;
            Ok(empty(204))
        }
        _ => Err(method_not_allowed()),
    }
}

/// An element as text, without prefixes and attributes.
fn plain(element: &xml::Element) -> String {
    if element.children.is_empty() {
        return xml::element(&element.name, element.text.trim());
    }
    let children: Vec<String> = element.children.iter().map(plain).collect();
    xml::wrap(&element.name, &children)
}

fn policy(engine: &Engine, caller: &Caller, call: &ApiCall, bucket: &Bucket) -> Result<ApiReply, ApiError> {
    let target = Target { bucket: Some(&bucket.name), key: None };
    let allowed = |action: &str| engine.authorize(caller, action, &target, &BTreeMap::new());
    match call.method {
        Method::GET => {
            allowed("s3:GetBucketPolicy")?;
            let text = bucket.configurations.get("policy").ok_or_else(no_policy)?;
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            Ok(ApiReply { status: 200, headers, body: ReplyBody::Bytes(text.clone().into()) })
        }
        Method::PUT => {
            allowed("s3:PutBucketPolicy")?;
            put_policy(engine, &bucket.name, body_text(call)?)?;
            Ok(empty(204))
        }
        Method::DELETE => {
            allowed("s3:DeleteBucketPolicy")?;
            drop_policy(engine, &bucket.name)?;
            Ok(empty(204))
        }
        _ => Err(method_not_allowed()),
    }
}

/// Stores a bucket policy; a public one only where that is not blocked.
pub(super) fn put_policy(engine: &Engine, name: &str, text: &str) -> Result<(), ApiError> {
    let malformed = |error: ApiError| ApiError::new("MalformedPolicy", error.message);
    let policy = Policy::parse_text(text, PolicyKind::Resource).map_err(malformed)?;
    if !policy.concerns(&format!("arn:aws:s3:::{name}")) {
        return Err(ApiError::new("MalformedPolicy", "Policy has invalid resource"));
    }
    if policy.is_public() && engine.objects.bucket(name)?.blocks("BlockPublicPolicy") {
        let message = format!(
            "User is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{name}\" because public \
             policies are blocked by the BlockPublicPolicy block public access setting."
        );
        return Err(ApiError::new("AccessDenied", message).status(403));
    }
    engine.objects.change(name, |bucket| {
        bucket.configurations.insert("policy".to_owned(), text.to_owned());
    })
}

/// Removes a bucket policy.
pub(super) fn drop_policy(engine: &Engine, name: &str) -> Result<(), ApiError> {
    engine.objects.change(name, |bucket| {
        bucket.configurations.remove("policy");
    })
}

fn no_policy() -> ApiError {
    ApiError::new("NoSuchBucketPolicy", "The bucket policy does not exist").status(404)
}

pub(super) fn method_not_allowed() -> ApiError {
    ApiError::new("MethodNotAllowed", "The specified method is not allowed against this resource.").status(405)
}
