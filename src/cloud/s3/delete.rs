//! Deleting objects: one, or up to a thousand in a request.

use super::ask::Ask;
use super::buckets::malformed;
use super::checksums;
use super::conditions::Conditions;
use super::objects::{Deleted, Place};
use super::wire::{body_text, empty, open, xml_reply};
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiError, ApiReply};

/// How many objects one request may delete.
const DELETE_LIMIT: usize = 1000;

/// `DeleteObject`.
pub(super) fn delete(ask: &Ask<'_>, place: Place<'_>) -> Result<ApiReply, ApiError> {
    let conditions = Conditions { tag: ask.header("if-match"), ..Conditions::default() };
    let deleted = one(ask, place, ask.version(), conditions)?;
    let mut reply = empty(204);
    if deleted.marker {
        reply.headers.push(("x-amz-delete-marker".to_owned(), "true".to_owned()));
    }
    reply.headers.extend(deleted.version.map(|version| ("x-amz-version-id".to_owned(), version)));
    Ok(reply)
}

fn one(
    ask: &Ask<'_>,
    place: Place<'_>,
    version: Option<&str>,
    conditions: Conditions<'_>,
) -> Result<Deleted, ApiError> {
    let objects = &ask.engine.objects;
    let present = objects.version(place, version).ok();
    let cause = ask.cause("ObjectRemoved:Delete");
    if let Some(version) = version {
        ask.allowed_of("s3:DeleteObjectVersion", place, present.as_ref())?;
        return objects.delete_version(place, version, &cause);
    }
    ask.allowed_of("s3:DeleteObject", place, present.as_ref())?;
    objects.delete(place, conditions, &cause)
}

/// `DeleteObjects`: each is allowed or refused by itself.
pub(super) fn many(ask: &Ask<'_>, bucket: &str) -> Result<ApiReply, ApiError> {
    let summed = |name: &http::HeaderName| name.as_str().starts_with("x-amz-checksum-") || name == "content-md5";
    if !ask.call.headers.keys().any(summed) {
        let message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
        return Err(ApiError::new("InvalidRequest", message));
    }
    checksums::verify(&ask.call.headers, &ask.call.body)?;
    let request = xml::parse(body_text(ask.call)?).map_err(|_| malformed())?;
    let objects: Option<Vec<_>> = request
        .all("Object")
        // White space belongs to keys.
        .map(|object| {
            Some((object.child("Key")?.text.as_str(), object.child_text("VersionId"), object.child_text("ETag")))
        })
        .collect();
    let objects = objects.filter(|objects| (1..=DELETE_LIMIT).contains(&objects.len())).ok_or_else(malformed)?;
    let quiet = request.child_text("Quiet") == Some("true");
    let mut text = open("DeleteResult");
    for (key, version, tag) in objects {
        let place = Place { bucket, key };
        let named = |name: &str, value: Option<&str>| value.map(|value| element(name, value)).unwrap_or_default();
        match one(ask, place, version, Conditions { tag, ..Conditions::default() }) {
            Ok(_) if quiet => {}
            Ok(deleted) => {
                let mut inside = vec![element("Key", key), named("VersionId", version)];
                if deleted.marker {
                    inside.push(element("DeleteMarker", "true"));
                    inside.push(named("DeleteMarkerVersionId", deleted.version.as_deref()));
                }
                text.push_str(&xml::wrap("Deleted", &inside));
            }
            Err(error) => text.push_str(&xml::wrap(
                "Error",
                &[
                    element("Key", key),
                    named("VersionId", version),
                    element("Code", &error.code),
                    element("Message", &error.message),
                ],
            )),
        }
    }
    text.push_str("</DeleteResult>");
    Ok(xml_reply(&text))
}
