//! A request as the operations see it: what it asks for, who asks, and whether they may.

use std::collections::BTreeMap;

use super::buckets::Bucket;
use super::conditions::Conditions;
use super::notification::Cause;
use super::objects::Place;
use super::{Engine, record::StoredObject};
use crate::cloud::iam::policy::Policy;
use crate::cloud::service::{ApiCall, ApiError, Caller, Permission};

/// Condition keys of a request, by name.
pub(super) type Keys = BTreeMap<String, Vec<String>>;

/// The condition keys that are headers of a request: the key's name is the header's behind `s3:`.
const HEADER_KEYS: &[&str] = &[
    "x-amz-acl",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
    "if-match",
    "if-none-match",
];

/// The condition keys that are parameters of a request.
const PARAMETER_KEYS: &[(&str, &str)] = &[
    ("prefix", "s3:prefix"),
    ("delimiter", "s3:delimiter"),
    ("max-keys", "s3:max-keys"),
    ("versionId", "s3:VersionId"),
];

/// A request.
pub(super) struct Ask<'a> {
    pub engine: &'a Engine,
    pub caller: &'a Caller,
    pub call: &'a ApiCall,
    pub request_id: &'a str,
    /// Who asks, as events name them.
    pub principal: String,
}

impl<'a> Ask<'a> {
    pub(super) fn new(engine: &'a Engine, caller: &'a Caller, call: &'a ApiCall, request_id: &'a str) -> Self {
        let principal = match caller {
            Caller::Anonymous => "Anonymous".to_owned(),
            Caller::Root => engine.shared.account.to_owned(),
            Caller::Role(session) | Caller::Service(session) => {
                let role = engine.iam.role_id(&session.role_arn).unwrap_or_default();
                format!("AWS:{role}:{}", session.session_name)
            }
        };
        Self { engine, caller, call, request_id, principal }
    }

    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.call.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.call.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The version that is asked for; `action` is then that of versions.
    pub(super) fn version(&self) -> Option<&'a str> {
        self.parameter("versionId")
    }

    /// The words of an event for what this request does.
    pub(super) fn cause(&self, event: &'static str) -> Cause<'_> {
        Cause { event, principal: &self.principal, request_id: self.request_id }
    }

    /// Whether the caller may do something to the account.
    pub(super) fn allowed_account(&self, action: &str) -> Result<(), ApiError> {
        self.engine.authorize(self.caller, &Permission::new(action, "*"), None, &self.keys())
    }

    /// Whether the caller may do something to a bucket.
    pub(super) fn allowed_bucket(&self, action: &str, bucket: &str) -> Result<(), ApiError> {
        let permission = Permission::new(action, format!("arn:aws:s3:::{bucket}"));
        self.engine.authorize(self.caller, &permission, Some(bucket), &self.keys())
    }

    /// Whether the caller may do something to an object.
    pub(super) fn allowed(&self, action: &str, place: Place<'_>) -> Result<(), ApiError> {
        self.allowed_with(action, place, Keys::new())
    }

    /// As [`Self::allowed`], with the tags of the object as it is.
    pub(super) fn allowed_of(
        &self,
        action: &str,
        place: Place<'_>,
        object: Option<&StoredObject>,
    ) -> Result<(), ApiError> {
        let tags = object.map(|object| object.tags.as_slice()).unwrap_or_default();
        self.allowed_with(action, place, tag_keys("s3:ExistingObjectTag", tags))
    }

    /// As [`Self::allowed`], with further condition keys.
    pub(super) fn allowed_with(&self, action: &str, place: Place<'_>, more: Keys) -> Result<(), ApiError> {
        let permission = Permission::new(action, format!("arn:aws:s3:::{}/{}", place.bucket, place.key));
        let mut keys = self.keys();
        keys.extend(more);
        self.engine.authorize(self.caller, &permission, Some(place.bucket), &keys)
    }

    /// The condition keys that the request itself gives.
    fn keys(&self) -> Keys {
        let mut keys = Keys::new();
        let mut set = |key: &str, value: &str| keys.insert(key.to_owned(), vec![value.to_owned()]);
        for (name, key) in PARAMETER_KEYS {
            if let Some(value) = self.parameter(name) {
                set(key, value);
            }
        }
        for name in HEADER_KEYS {
            if let Some(value) = self.header(name) {
                set(&format!("s3:{name}"), value);
            }
        }
        for (name, key) in [("user-agent", "aws:UserAgent"), ("referer", "aws:Referer")] {
            if let Some(value) = self.header(name) {
                set(key, value);
            }
        }
        set("s3:ResourceAccount", self.engine.shared.account);
        set("aws:ResourceAccount", self.engine.shared.account);
        if *self.caller != Caller::Anonymous {
            set("s3:signatureversion", "AWS4-HMAC-SHA256");
            let presigned = self.parameter("X-Amz-Signature").is_some();
            let form = self.call.action == "PostObject";
            set(
                "s3:authType",
                if form {
                    "POST"
                } else if presigned {
                    "REST-QUERY-STRING"
                } else {
                    "REST-HEADER"
                },
            );
        }
        keys
    }

    /// What the request asks of the object that is there.
    pub(super) fn conditions(&self) -> Result<Conditions<'a>, ApiError> {
        match self.header("if-none-match") {
            None => Ok(Conditions { tag: self.header("if-match"), ..Conditions::default() }),
            Some("*") => Ok(Conditions { absent: true, ..Conditions::default() }),
            Some(_) => {
                let message = "A header you provided implies functionality that is not implemented";
                let mut error = ApiError::new("NotImplemented", message).status(501);
                error.extra.insert("Header".to_owned(), "If-None-Match".into());
                Err(error)
            }
        }
    }
}

/// Condition keys of tags: `s3:RequestObjectTag/name`, `s3:ExistingObjectTag/name`.
pub(super) fn tag_keys(start: &str, tags: &[(String, String)]) -> Keys {
    let mut keys: Keys = tags.iter().map(|(key, value)| (format!("{start}/{key}"), vec![value.clone()])).collect();
    if start == "s3:RequestObjectTag" && !tags.is_empty() {
        keys.insert("s3:RequestObjectTagKeys".to_owned(), tags.iter().map(|(key, _)| key.clone()).collect());
    }
    keys
}

impl Engine {
    /// Whether a caller may do something: by the caller's policies and the bucket's.
    fn authorize(
        &self,
        caller: &Caller,
        permission: &Permission,
        bucket: Option<&str>,
        keys: &Keys,
    ) -> Result<(), ApiError> {
        let bucket = bucket.and_then(|name| self.objects.buckets.get(name));
        let mut policy = bucket.as_ref().and_then(Bucket::policy);
        if *caller == Caller::Anonymous
            && bucket.is_some_and(|bucket| bucket.blocks("RestrictPublicBuckets"))
            && policy.as_ref().is_some_and(Policy::is_public)
        {
            policy = None;
        }
        if *caller == Caller::Root {
            return Ok(());
        }
        self.iam.authorize_with(caller, permission, keys, policy.as_ref()).map_err(|error| quoted(error, permission))
    }
}

/// S3 writes the resource of a refusal in quotes, other services do not.
fn quoted(mut error: ApiError, permission: &Permission) -> ApiError {
    let plain = format!("on resource: {} ", permission.resource);
    error.message = error.message.replace(&plain, &format!("on resource: \"{}\" ", permission.resource));
    error
}
