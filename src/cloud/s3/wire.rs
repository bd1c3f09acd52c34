//! Which operation a request is, and the operations on buckets.

use http::Method;

use super::ask::Ask;
use super::buckets::{Bucket, KINDS, Kind, check, check_name, defaults, malformed, with};
use super::objects::Place;
use super::{
    Engine, address, copy, cors, delete, get, listing, multipart, notification, put, tagging, upload_lists, website,
};
use crate::cloud::iam::policy::{Policy, PolicyKind};
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiCall, ApiError, ApiReply, Caller, ReplyBody};

/// The words in a query that name another operation than the plain one.
pub(super) const WORDS: &[&str] = &[
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
pub(super) fn answer(ask: &Ask<'_>) -> Result<ApiReply, ApiError> {
    let host = ask.header("host").unwrap_or_default();
    if let Some(bucket) = address::website(host) {
        // Whoever signs it is as anonymous as everybody else on a website.
        let everyone = Ask::new(ask.engine, &Caller::Anonymous, ask.call, ask.request_id);
        return Ok(website::answer(&everyone, &bucket));
    }
    let (bucket, key) = address::of_request(host, &ask.call.path);
    if ask.call.method == Method::OPTIONS {
        return preflight(ask, bucket.as_deref().unwrap_or_default());
    }
    let word = ask.call.query.iter().map(|(name, _)| name.as_str()).find(|name| WORDS.contains(name));
    match (bucket.as_deref(), key.as_deref()) {
        (None, _) => listing::buckets(ask),
        (Some(bucket), None) => match word {
            Some(word) => configuration(ask, bucket, word),
            None => bucket_call(ask, bucket),
        },
        (Some(bucket), Some(key)) => object_call(ask, Place { bucket, key }, word),
    }
}

/// The operations on an object.
fn object_call(ask: &Ask<'_>, place: Place<'_>, word: Option<&str>) -> Result<ApiReply, ApiError> {
    ask.engine.objects.bucket(place.bucket)?;
    let has = |name: &str| ask.parameter(name).is_some();
    let reads = matches!(ask.call.method, Method::GET | Method::HEAD);
    if has("uploads") || has("uploadId") {
        return multipart::answer(ask, place);
    }
    for (name, answer) in [
        ("tagging", tagging::answer as fn(&Ask<'_>, Place<'_>) -> Result<ApiReply, ApiError>),
        ("attributes", get::attributes),
        ("acl", object_acl),
        ("retention", no_lock),
        ("legal-hold", no_lock),
    ] {
        if has(name) {
            return answer(ask, place);
        }
    }
    match (&ask.call.method, word) {
        (_, None | Some("versionId" | "partNumber")) if reads => get::get(ask, place),
        (&Method::DELETE, None | Some("versionId")) => delete::delete(ask, place),
        (&Method::PUT, None) => copy::copy(ask, place),
        (method, Some(word)) if word != "versionId" => {
            Err(ApiError::not_built("s3", &format!("{method} object ?{word}")))
        }
        _ => Err(method_not_allowed()),
    }
}

/// `GetObjectAcl` gives what everything has; there is nothing to put.
fn object_acl(ask: &Ask<'_>, place: Place<'_>) -> Result<ApiReply, ApiError> {
    match ask.call.method {
        Method::GET => {
            get::readable(ask, place, ask.version(), ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"))?;
            Ok(access_list(ask))
        }
        Method::PUT => {
            ask.allowed("s3:PutObjectAcl", place)?;
            Err(put::no_access_lists())
        }
        _ => Err(method_not_allowed()),
    }
}

/// No bucket has object lock here, and S3 says so of those without.
fn no_lock(ask: &Ask<'_>, place: Place<'_>) -> Result<ApiReply, ApiError> {
    ask.allowed("s3:GetObjectRetention", place)?;
    Err(ApiError::new("InvalidRequest", "Bucket is missing Object Lock Configuration"))
}

/// The one access list that there is: everything for the account.
fn access_list(ask: &Ask<'_>) -> ApiReply {
    let account = ask.engine.shared.account;
    let owner = [element("ID", account), element("DisplayName", account)].concat();
    xml_reply(&format!(
        "{}<Owner>{owner}</Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:type=\"CanonicalUser\">{owner}</Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>\
         </AccessControlPolicy>",
        open("AccessControlPolicy")
    ))
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

fn preflight(ask: &Ask<'_>, bucket: &str) -> Result<ApiReply, ApiError> {
    let forbidden = |message: &str| ApiError::new("AccessForbidden", message).status(403);
    let rules = cors::rules(&ask.engine.objects.bucket(bucket)?);
    if rules.is_empty() {
        return Err(forbidden("CORSResponse: CORS is not enabled for this bucket."));
    }
    let asked = cors::Asked::of(&ask.call.method, &ask.call.headers);
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

fn bucket_call(ask: &Ask<'_>, name: &str) -> Result<ApiReply, ApiError> {
    match ask.call.method {
        Method::PUT => {
            ask.allowed_bucket("s3:CreateBucket", name)?;
            check_new(ask)?;
            create_bucket(ask.engine, name)?;
            let mut reply = empty(200);
            reply.headers.push(("location".to_owned(), format!("/{name}")));
            Ok(reply)
        }
        Method::DELETE => {
            ask.allowed_bucket("s3:DeleteBucket", name)?;
            ask.engine.objects.delete_bucket(name)?;
            Ok(empty(204))
        }
        Method::HEAD => {
            ask.engine.objects.bucket(name)?;
            ask.allowed_bucket("s3:ListBucket", name)?;
            let mut reply = empty(200);
            reply.headers.push(("x-amz-bucket-region".to_owned(), ask.engine.shared.region.as_str().to_owned()));
            reply.headers.push(("content-type".to_owned(), "application/xml".to_owned()));
            Ok(reply)
        }
        Method::GET => {
            ask.engine.objects.bucket(name)?;
            ask.allowed_bucket("s3:ListBucket", name)?;
            listing::objects(ask, name)
        }
        _ => Err(method_not_allowed()),
    }
}

/// Refuses a bucket for another region, and what new buckets cannot have.
fn check_new(ask: &Ask<'_>) -> Result<(), ApiError> {
    if ask.header("x-amz-bucket-object-lock-enabled") == Some("true") {
        return Err(ApiError::not_built("s3", "CreateBucket with object lock"));
    }
    if !matches!(ask.header("x-amz-acl"), None | Some("private")) {
        let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(ApiError::new("InvalidBucketAclWithObjectOwnership", message));
    }
    check_location(ask.engine, ask.call)
}

/// Refuses a bucket for another region.
fn check_location(engine: &Engine, call: &ApiCall) -> Result<(), ApiError> {
    let text = body_text(call)?;
    let wanted = if text.trim().is_empty() {
        None
    } else {
        xml::parse(text).map_err(|_| malformed())?.child_text("LocationConstraint").map(str::to_owned)
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
fn configuration(ask: &Ask<'_>, name: &str, word: &str) -> Result<ApiReply, ApiError> {
    let bucket = ask.engine.objects.bucket(name)?;
    match (word, &ask.call.method) {
        ("location", &Method::GET) => {
            ask.allowed_bucket("s3:GetBucketLocation", name)?;
            let region = ask.engine.shared.region.as_str();
            let region = if region == "us-east-1" { "" } else { region };
            Ok(xml_reply(&format!("{}{}</LocationConstraint>", open("LocationConstraint"), xml::escape(region))))
        }
        ("delete", &Method::POST) => delete::many(ask, name),
        ("policy", _) => policy(ask, &bucket),
        ("policyStatus", &Method::GET) => {
            ask.allowed_bucket("s3:GetBucketPolicyStatus", name)?;
            let public = bucket.policy().ok_or_else(|| no_policy(name))?.is_public();
            let text = element("IsPublic", if public { "true" } else { "false" });
            Ok(xml_reply(&format!("{}{text}</PolicyStatus>", open("PolicyStatus"))))
        }
        ("uploads", &Method::GET) => {
            ask.allowed_bucket("s3:ListBucketMultipartUploads", name)?;
            upload_lists::uploads(ask, name)
        }
        ("versions", &Method::GET) => {
            ask.allowed_bucket("s3:ListBucketVersions", name)?;
            listing::versions(ask, name)
        }
        ("notification", &Method::PUT) => {
            ask.allowed_bucket("s3:PutBucketNotification", name)?;
            let checks = ask.header("x-amz-skip-destination-validation") != Some("true");
            notification::put(ask.engine, name, body_text(ask.call)?, checks)?;
            Ok(empty(200))
        }
        ("acl", &Method::GET) => {
            ask.allowed_bucket("s3:GetBucketAcl", name)?;
            Ok(access_list(ask))
        }
        ("acl", &Method::PUT) => {
            ask.allowed_bucket("s3:PutBucketAcl", name)?;
            Err(put::no_access_lists())
        }
        _ => match KINDS.iter().find(|kind| kind.word == word) {
            Some(kind) => stored(ask, &bucket, kind),
            None => Err(ApiError::not_built("s3", &format!("{} ?{word}", ask.call.method))),
        },
    }
}

fn stored(ask: &Ask<'_>, bucket: &Bucket, kind: &Kind) -> Result<ApiReply, ApiError> {
    let allowed = |verb: &str| ask.allowed_bucket(&format!("s3:{verb}{}", kind.action), &bucket.name);
    let fixed = kind.fixed && ask.call.method != Method::GET;
    match ask.call.method {
        Method::GET => {
            allowed("Get")?;
            match (bucket.configurations.get(kind.word), kind.missing) {
                (Some(text), _) => {
                    let inside = text.strip_prefix(&format!("<{}>", kind.root)).unwrap_or_default();
                    Ok(xml_reply(&format!("{}{inside}", open(kind.root))))
                }
                (None, Some((code, message))) => Err(with(code, message, "BucketName", &bucket.name).status(404)),
                (None, None) => Ok(xml_reply(&format!("{}{}</{}>", open(kind.root), kind.empty, kind.root))),
            }
        }
        _ if fixed => Err(ApiError::not_built("s3", &format!("{} ?{}", ask.call.method, kind.word))),
        Method::PUT => {
            allowed("Put")?;
            super::checksums::verify(&ask.call.headers, &ask.call.body)?;
            let text = body_text(ask.call)?;
            check(kind, text)?;
            let stored = xml::parse(text).map(|root| plain(&root)).unwrap_or_default();
            ask.engine.objects.change(&bucket.name, |bucket| {
                bucket.configurations.insert(kind.word.to_owned(), stored);
            })?;
            Ok(empty(if kind.word == "tagging" { 204 } else { 200 }))
        }
        Method::DELETE if kind.missing.is_some() => {
            allowed(if kind.word == "website" { "Delete" } else { "Put" })?;
            ask.engine.objects.change(&bucket.name, |bucket| {
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

fn policy(ask: &Ask<'_>, bucket: &Bucket) -> Result<ApiReply, ApiError> {
    let name = &bucket.name;
    match ask.call.method {
        Method::GET => {
            ask.allowed_bucket("s3:GetBucketPolicy", name)?;
            let text = bucket.configurations.get("policy").ok_or_else(|| no_policy(name))?;
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            Ok(ApiReply { status: 200, headers, body: ReplyBody::Bytes(text.clone().into()) })
        }
        Method::PUT => {
            ask.allowed_bucket("s3:PutBucketPolicy", name)?;
            super::checksums::verify(&ask.call.headers, &ask.call.body)?;
            put_policy(ask.engine, name, body_text(ask.call)?)?;
            Ok(empty(204))
        }
        Method::DELETE => {
            ask.allowed_bucket("s3:DeleteBucketPolicy", name)?;
            drop_policy(ask.engine, name)?;
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

fn no_policy(bucket: &str) -> ApiError {
    with("NoSuchBucketPolicy", "The bucket policy does not exist", "BucketName", bucket).status(404)
}

pub(super) fn method_not_allowed() -> ApiError {
    ApiError::new("MethodNotAllowed", "The specified method is not allowed against this resource.").status(405)
}
