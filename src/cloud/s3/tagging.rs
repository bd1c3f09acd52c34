//! Tags of objects: in the header of a PUT, and as a document of their own.
//!
//! Source: "Categorizing your storage using tags" of the S3 user guide.

use http::Method;

use super::ask::{Ask, tag_keys};
use super::buckets::malformed;
use super::checksums;
use super::objects::Place;
use super::wire::{body_text, empty, method_not_allowed, open, xml_reply};
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, Element, element};
use crate::cloud::service::{ApiError, ApiReply};

/// How many tags an object can have.
const OBJECT_TAGS: usize = 10;

/// How many tags a bucket can have.
const BUCKET_TAGS: usize = 50;

/// Tags in their order.
type Tags = Vec<(String, String)>;

/// The action that reads tags.
pub(super) fn read_action(versioned: bool) -> &'static str {
    if versioned { "s3:GetObjectVersionTagging" } else { "s3:GetObjectTagging" }
}

/// `x-amz-tagging`: tags as the query of a URL.
pub(super) fn of_header(text: &str) -> Result<Tags, ApiError> {
    let tags = percent::decode_pairs(text);
    let mut names: Vec<&String> = tags.iter().map(|(name, _)| name).collect();
    names.sort();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        let message = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without \
                       tag name duplicates.";
        return Err(super::buckets::with("InvalidArgument", message, "ArgumentName", "x-amz-tagging"));
    }
    check(tags)
}

/// `<Tagging>` of an object.
pub(super) fn of_document(root: &Element) -> Result<Tags, ApiError> {
    check(read(root)?)
}

/// `<Tagging>` of a bucket, which may have more tags, and those of its stack.
pub(super) fn check_bucket(root: &Element) -> Result<(), ApiError> {
    if read(root)?.len() > BUCKET_TAGS {
        return Err(ApiError::new("BadRequest", format!("Bucket tag count cannot be greater than {BUCKET_TAGS}")));
    }
    Ok(())
}

fn read(root: &Element) -> Result<Tags, ApiError> {
    if root.name != "Tagging" {
        return Err(malformed());
    }
    let set = root.child("TagSet").ok_or_else(malformed)?;
    let tag = |tag: &Element| Some((tag.child("Key")?.text.clone(), tag.child("Value")?.text.clone()));
    let tags: Option<Tags> = set.all("Tag").map(tag).collect();
    let tags = tags.ok_or_else(malformed)?;
    let mut names: Vec<&String> = tags.iter().map(|(name, _)| name).collect();
    names.sort();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(ApiError::new("InvalidTag", "Cannot provide multiple Tags with the same key"));
    }
    Ok(tags)
}

fn check(tags: Tags) -> Result<Tags, ApiError> {
    if tags.len() > OBJECT_TAGS {
        return Err(ApiError::new("BadRequest", format!("Object tags cannot be greater than {OBJECT_TAGS}")));
    }
    for (key, value) in &tags {
        if !(1..=128).contains(&key.chars().count()) {
            return Err(ApiError::new("InvalidTag", "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 {
            return Err(ApiError::new("InvalidTag", "The TagValue you have provided is invalid"));
        }
        if key.starts_with("aws:") {
            return Err(ApiError::new("InvalidTag", "Your TagKey cannot be prefixed with aws:"));
        }
    }
    Ok(tags)
}

/// `GetObjectTagging`, `PutObjectTagging`, `DeleteObjectTagging`.
pub(super) fn answer(ask: &Ask<'_>, place: Place<'_>) -> Result<ApiReply, ApiError> {
    let objects = &ask.engine.objects;
    let version = ask.version();
    let of_version = if version.is_some() { "Version" } else { "" };
    let present = objects.version(place, version);
    let action = |verb: &str| format!("s3:{verb}Object{of_version}Tagging");
    let mut reply = match ask.call.method {
        Method::GET => {
            ask.allowed_of(&action("Get"), place, present.as_ref().ok())?;
            let tags = present.as_ref().map_err(Clone::clone)?.tags.iter();
            let tags: Vec<String> =
                tags.map(|(key, value)| xml::wrap("Tag", &[element("Key", key), element("Value", value)])).collect();
            xml_reply(&format!("{}{}</Tagging>", open("Tagging"), xml::wrap("TagSet", &tags)))
        }
        Method::PUT => {
            checksums::verify(&ask.call.headers, &ask.call.body)?;
            let root = xml::parse(body_text(ask.call)?).map_err(|_| malformed())?;
            let tags = of_document(&root)?;
            let mut keys = tag_keys("s3:RequestObjectTag", &tags);
            if let Ok(object) = &present {
                keys.extend(tag_keys("s3:ExistingObjectTag", &object.tags));
            }
            ask.allowed_with(&action("Put"), place, keys)?;
            objects.change_object(place, version, &ask.cause("ObjectTagging:Put"), |object| object.tags = tags)?;
            empty(200)
        }
        Method::DELETE => {
            ask.allowed_of(&action("Delete"), place, present.as_ref().ok())?;
            objects.change_object(place, version, &ask.cause("ObjectTagging:Delete"), |object| object.tags.clear())?;
            empty(204)
        }
        _ => return Err(method_not_allowed()),
    };
    if objects.bucket(place.bucket)?.has_versions()
        && let Ok(object) = present
    {
        reply.headers.push(("x-amz-version-id".to_owned(), object.version_id().to_owned()));
    }
    Ok(reply)
}
