//! Conditional requests and ranges, for objects and for sites.
//!
//! Source: RFC 9110 sections 13 and 14, and "GetObject" of the S3 reference.

use http::HeaderMap;

use super::buckets::with;
use super::objects::no_such_key;
use super::record::StoredObject;
use crate::cloud::service::ApiError;

/// A time as HTTP writes it.
pub(in crate::cloud) fn http_date(epoch_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(epoch_ms)
        .map_or_else(|_| String::new(), |time| time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// Whether the conditions of a GET or HEAD hold. The errors have the status 412 or 304.
pub(in crate::cloud) fn check(headers: &HeaderMap, object: &StoredObject) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let modified_s = object.modified_ms.div_euclid(1000);
    let date = |name: &str| text(name).and_then(seconds);
    let unchanged = || Err(ApiError::new("NotModified", "Not Modified").status(304));
    match text("if-match") {
        Some(tags) if !tag_matches(tags, &object.etag) => return Err(failed("If-Match")),
        None if date("if-unmodified-since").is_some_and(|limit| modified_s > limit) => {
            return Err(failed("If-Unmodified-Since"));
        }
        _ => {}
    }
    match text("if-none-match") {
        Some(tags) if tag_matches(tags, &object.etag) => unchanged(),
        None if date("if-modified-since").is_some_and(|limit| modified_s <= limit) => unchanged(),
        _ => Ok(()),
    }
}

/// What a write asks of the object that is there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Conditions<'a> {
    /// `If-Match`.
    pub tag: Option<&'a str>,
    /// `If-None-Match: *`.
    pub absent: bool,
    /// The version that was seen before, by its place among the versions of its key.
    pub sequence: Option<u64>,
}

/// Whether the object that is there is as a write wants it.
pub(super) fn precondition(
    conditions: Conditions<'_>,
    present: Option<&StoredObject>,
    key: &str,
) -> Result<(), ApiError> {
    match (conditions, present) {
        (Conditions { sequence: Some(sequence), .. }, Some(present)) if present.sequence != sequence => {
            Err(failed("the version"))
        }
        (Conditions { absent: true, .. }, Some(_)) => Err(failed("If-None-Match")),
        (Conditions { tag: Some(tag), .. }, Some(present)) if !tag_matches(tag, &present.etag) => {
            Err(failed("If-Match"))
        }
        (Conditions { tag: Some(_), .. }, None) => Err(no_such_key(key)),
        _ => Ok(()),
    }
}

/// Whether the source of a copy is as the request wants it.
pub(super) fn check_copy(headers: &HeaderMap, object: &StoredObject) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let modified_s = object.modified_ms.div_euclid(1000);
    let date = |name: &str| text(name).and_then(seconds);
    match text("x-amz-copy-source-if-match") {
        Some(tags) if !tag_matches(tags, &object.etag) => return Err(failed("x-amz-copy-source-If-Match")),
        None if date("x-amz-copy-source-if-unmodified-since").is_some_and(|limit| modified_s > limit) => {
            return Err(failed("x-amz-copy-source-If-Unmodified-Since"));
        }
        _ => {}
    }
    match text("x-amz-copy-source-if-none-match") {
        Some(tags) if tag_matches(tags, &object.etag) => Err(failed("x-amz-copy-source-If-None-Match")),
        None if date("x-amz-copy-source-if-modified-since").is_some_and(|limit| modified_s <= limit) => {
            Err(failed("x-amz-copy-source-If-Modified-Since"))
        }
        _ => Ok(()),
    }
}

/// Offset and length of `x-amz-copy-source-range`, which must lie in the source.
pub(super) fn copy_range(text: &str, length: u64) -> Result<(u64, u64), ApiError> {
    let argument = |message: &str| with("InvalidArgument", message, "ArgumentName", "x-amz-copy-source-range");
    let bounds = text.strip_prefix("bytes=").and_then(|range| {
        let (first, last) = range.split_once('-')?;
        Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?))
    });
    let (first, last) = bounds.filter(|(first, last)| first <= last).ok_or_else(|| {
        argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
        )
    })?;
    if last >= length {
        return Err(argument(&format!("Range specified is not valid for source object of size: {length}")));
    }
    Ok((first, last - first + 1))
}

fn failed(condition: &str) -> ApiError {
    let message = "At least one of the pre-conditions you specified did not hold";
    with("PreconditionFailed", message, "Condition", condition).status(412)
}

/// Whether a list of entity tags names this one.
pub(super) fn tag_matches(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == etag)
}

fn seconds(date: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(date).ok().map(|time| time.timestamp().as_second())
}

/// What of an object is asked for: offset and length; `None` is all of it. Several ranges at once are answered with all
/// of it, as S3 does.
pub(in crate::cloud) fn range(headers: &HeaderMap, length: u64) -> Result<Option<(u64, u64)>, ApiError> {
    let Some(text) = headers.get("range").and_then(|value| value.to_str().ok()) else { return Ok(None) };
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let unsatisfiable = || {
        let mut error = ApiError::new("InvalidRange", "The requested range is not satisfiable").status(416);
        error.extra.insert("RangeRequested".to_owned(), text.into());
        error.extra.insert("ActualObjectSize".to_owned(), length.into());
        error
    };
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(length.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, length.saturating_sub(1)),
        (Err(_), Ok(0)) if first.is_empty() => return Err(unsatisfiable()),
        (Err(_), Ok(tail)) if first.is_empty() => (length.saturating_sub(tail), length.saturating_sub(1)),
        _ => return Ok(None),
    };
    if first >= length {
        return Err(unsatisfiable());
    }
    Ok(Some((first, last - first + 1)))
}
