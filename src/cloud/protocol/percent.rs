//! Percent-encoding as AWS wants it: everything but letters, digits and `-._~` is escaped, in upper case.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What is escaped in a name or value of a query.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is escaped in a path.
const PATH: &AsciiSet = &VALUE.remove(b'/');

/// A name or a value of a query.
pub(in crate::cloud) fn encode(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// A path: slashes stay.
pub(in crate::cloud) fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// The text behind `%XX`; bytes that are no UTF-8 are replaced.
pub(in crate::cloud) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The pairs of a query string or a form, in order, decoded; `+` is a space.
pub(in crate::cloud) fn decode_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}
