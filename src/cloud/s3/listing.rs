//! Listing the keys of a bucket: `list-type=2` and the older form.
//!
//! Source: "ListObjectsV2" and "ListObjects" of the S3 reference.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::StoredObject;
use super::objects::Objects;
use super::wire::{open, xml_reply};
use crate::base::clock::iso_ms;
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiCall, ApiError, ApiReply};

/// How many keys one answer has at most.
const PAGE: usize = 1000;

/// The condition keys of a listing: `s3:prefix`, `s3:delimiter`, `s3:max-keys`.
pub(super) fn condition_keys(call: &ApiCall) -> BTreeMap<String, Vec<String>> {
    ["prefix", "delimiter", "max-keys"]
        .into_iter()
        .filter_map(|name| Some((format!("s3:{name}"), vec![parameter(call, name)?.to_owned()])))
        .collect()
}

fn parameter<'a>(call: &'a ApiCall, name: &str) -> Option<&'a str> {
    call.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// One page: keys, common prefixes, and where the next begins.
#[derive(Debug, Default)]
struct Page {
    objects: Vec<(String, StoredObject)>,
    prefixes: Vec<String>,
    /// The last key or prefix of the page, when there is more.
    next: Option<String>,
}

/// Answers a listing.
pub(super) fn list(objects: &Objects, call: &ApiCall, bucket: &str) -> Result<ApiReply, ApiError> {
    let text = |name: &str| parameter(call, name).unwrap_or_default();
    let second = text("list-type") == "2";
    let argument = |message: &str| ApiError::new("InvalidArgument", message);
    let limit = match parameter(call, "max-keys").map(str::parse::<usize>) {
        None => PAGE,
        Some(Ok(limit)) => limit.min(PAGE),
        Some(Err(_)) => return Err(argument("Provided max-keys not an integer or within integer range")),
    };
    let encode = match parameter(call, "encoding-type") {
        None => false,
        Some("url") => true,
        Some(_) => return Err(argument("Invalid Encoding Method specified in Request")),
    };
    let start = match (second, parameter(call, "continuation-token")) {
        (true, Some(token)) => {
            let bytes = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            bytes.ok_or_else(|| argument("The continuation token provided is incorrect"))?
        }
        (true, None) => text("start-after").to_owned(),
        (false, _) => text("marker").to_owned(),
    };
    let page = page(objects.list(bucket, text("prefix")), text("prefix"), text("delimiter"), (&start, limit));
    let shown = |key: &str| if encode { percent::encode_path(key) } else { key.to_owned() };
    let mut out = open("ListBucketResult");
    out.push_str(&element("Name", bucket));
    out.push_str(&element("Prefix", &shown(text("prefix"))));
    out.push_str(&element("MaxKeys", &limit.to_string()));
    if let Some(delimiter) = parameter(call, "delimiter").filter(|delimiter| !delimiter.is_empty()) {
        out.push_str(&element("Delimiter", &shown(delimiter)));
    }
    if encode {
        out.push_str(&element("EncodingType", "url"));
    }
    out.push_str(&element("IsTruncated", if page.next.is_some() { "true" } else { "false" }));
    out.push_str(&if second { second_form(call, &page, &shown) } else { first_form(call, &page, &shown) });
    let owner = !second || text("fetch-owner") == "true";
    for (key, object) in &page.objects {
        out.push_str(&xml::wrap(
            "Contents",
            &[
                element("Key", &shown(key)),
                element("LastModified", &iso_ms(object.modified_ms)),
                element("ETag", &format!("\"{}\"", object.etag)),
                element("Size", &object.length.to_string()),
                if owner { format!("<Owner>{}</Owner>", element("ID", objects.shared.account)) } else { String::new() },
                element("StorageClass", "STANDARD"),
            ],
        ));
    }
    for prefix in &page.prefixes {
        out.push_str(&xml::wrap("CommonPrefixes", &[element("Prefix", &shown(prefix))]));
    }
    out.push_str("</ListBucketResult>");
    Ok(xml_reply(&out))
}

fn second_form(call: &ApiCall, page: &Page, shown: &dyn Fn(&str) -> String) -> String {
    let mut out = element("KeyCount", &(page.objects.len() + page.prefixes.len()).to_string());
    if let Some(token) = parameter(call, "continuation-token") {
        out.push_str(&element("ContinuationToken", token));
    }
    if let Some(start) = parameter(call, "start-after") {
        out.push_str(&element("StartAfter", &shown(start)));
    }
    if let Some(next) = &page.next {
        out.push_str(&element("NextContinuationToken", &STANDARD.encode(next)));
    }
    out
}

fn first_form(call: &ApiCall, page: &Page, shown: &dyn Fn(&str) -> String) -> String {
    let mut out = element("Marker", &shown(parameter(call, "marker").unwrap_or_default()));
    if let Some(next) = page.next.as_ref().filter(|_| parameter(call, "delimiter").is_some()) {
        out.push_str(&element("NextMarker", &shown(next)));
    }
    out
}

/// Cuts a page out of the ordered keys. Keys with the delimiter after the prefix are rolled up into one common prefix,
/// which counts as one.
fn page(all: Vec<(String, StoredObject)>, prefix: &str, delimiter: &str, (start, limit): (&str, usize)) -> Page {
    let mut page = Page::default();
    let mut last = String::new();
    for (key, object) in all {
        let rest = &key[prefix.len()..];
        let rolled = rest
            .find(delimiter)
            .filter(|_| !delimiter.is_empty())
            .map(|position| key[..prefix.len() + position + delimiter.len()].to_owned());
        let item = rolled.as_deref().unwrap_or(&key);
        // A page that ended with a common prefix is continued behind everything that the prefix stands for.
        let behind = !delimiter.is_empty() && start.ends_with(delimiter) && rolled.as_deref() == Some(start);
        let again = rolled.is_some() && page.prefixes.last() == rolled.as_ref();
        if again || behind || (!start.is_empty() && key.as_str() <= start) {
            continue;
        }
        if page.objects.len() + page.prefixes.len() == limit {
            page.next = (limit > 0).then_some(last);
            return page;
        }
        item.clone_into(&mut last);
        match rolled {
            Some(rolled) => page.prefixes.push(rolled),
            None => page.objects.push((key, object)),
        }
    }
    page
}

#[cfg(test)]
pub(super) mod test_support {
    use super::{StoredObject, page};

    /// The keys, prefixes and next mark of a page.
    pub(in crate::cloud::s3) fn cut(
        keys: &[&str],
        prefix: &str,
        delimiter: &str,
        from: (&str, usize),
    ) -> (Vec<String>, Vec<String>, Option<String>) {
        let object = StoredObject {
            path: "a".into(),
            length: 0,
            etag: String::new(),
            content_type: String::new(),
            headers: Vec::new(),
            modified_ms: 0,
        };
        let all = keys.iter().filter(|key| key.starts_with(prefix)).map(|key| ((*key).to_owned(), object.clone()));
        let page = page(all.collect(), prefix, delimiter, from);
        (page.objects.into_iter().map(|(key, _)| key).collect(), page.prefixes, page.next)
    }
}
