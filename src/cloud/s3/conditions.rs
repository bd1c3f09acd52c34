//! Conditional requests and ranges, for objects and for sites.
//!
//! Source: RFC 9110 sections 13 and 14, and "GetObject" of the S3 reference.

use http::HeaderMap;

use super::StoredObject;
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
    let failed = || {
        ApiError::new("PreconditionFailed", "At least one of the pre-conditions you specified did not hold").status(412)
    };
    let unchanged = || Err(ApiError::new("NotModified", "Not Modified").status(304));
    match text("if-match") {
        Some(tags) if !tag_matches(tags, &object.etag) => return Err(failed()),
        None if date("if-unmodified-since").is_some_and(|limit| modified_s > limit) => return Err(failed()),
        _ => {}
    }
    match text("if-none-match") {
        Some(tags) if tag_matches(tags, &object.etag) => unchanged(),
        None if date("if-modified-since").is_some_and(|limit| modified_s <= limit) => unchanged(),
        _ => Ok(()),
    }
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
