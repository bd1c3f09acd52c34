//! Listing the keys of a bucket: `list-type=2` and the older form.
//!
//! Source: "ListObjectsV2" and "ListObjects" of the S3 reference.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ask::Ask;
use super::buckets::with;
use super::checksums::Algorithm;
use super::record::{StoredObject, Version};
use super::wire::{method_not_allowed, open, xml_reply};
use crate::base::clock::iso_ms;
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, element};
use crate::cloud::service::{ApiError, ApiReply};
use http::Method;

/// How many keys one answer has at most.
const PAGE: usize = 1000;

/// How much is asked for, and whether keys are encoded.
struct Asked {
    limit: usize,
    encode: bool,
}

impl Asked {
    fn of(ask: &Ask<'_>) -> Result<Self, ApiError> {
        let limit = match ask.parameter("max-keys").map(str::parse::<usize>) {
            None => PAGE,
            Some(Ok(limit)) => limit.min(PAGE),
            Some(Err(_)) => {
                return Err(argument("max-keys", "Provided max-keys not an integer or within integer range"));
            }
        };
        match ask.parameter("encoding-type") {
            None => Ok(Self { limit, encode: false }),
            Some("url") => Ok(Self { limit, encode: true }),
            Some(_) => Err(argument("encoding-type", "Invalid Encoding Method specified in Request")),
        }
    }
}

fn argument(name: &str, message: &str) -> ApiError {
    with("InvalidArgument", message, "ArgumentName", name)
}

/// Everything belongs to the account.
fn owner_element(ask: &Ask<'_>) -> String {
    let account = ask.engine.shared.account;
    xml::wrap("Owner", &[element("ID", account), element("DisplayName", account)])
}

/// Which checksum an object has.
fn sums(object: &StoredObject) -> String {
    let has = |algorithm: &Algorithm| object.header(algorithm.header()).is_some();
    let names: Vec<String> =
        Algorithm::ALL.iter().filter(|sum| has(sum)).map(|sum| element("ChecksumAlgorithm", sum.name())).collect();
    if names.is_empty() {
        return String::new();
    }
    let kind = element("ChecksumType", object.header("x-amz-checksum-type").unwrap_or("FULL_OBJECT"));
    format!("{}{kind}", names.concat())
}

/// `ListBuckets`.
pub(super) fn buckets(ask: &Ask<'_>) -> Result<ApiReply, ApiError> {
    if !matches!(ask.call.method, Method::GET | Method::HEAD) {
        return Err(method_not_allowed());
    }
    ask.allowed_account("s3:ListAllMyBuckets")?;
    let text = |name: &str| ask.parameter(name).unwrap_or_default();
    let limit = match ask.parameter("max-buckets").map(str::parse::<usize>) {
        None => usize::MAX,
        Some(Ok(limit)) if (1..=10_000).contains(&limit) => limit,
        Some(_) => return Err(argument("max-buckets", "Argument max-buckets must be an integer between 1 and 10000")),
    };
    let mut found = ask.engine.objects.buckets.all();
    found.retain(|(name, _)| name.starts_with(text("prefix")) && name.as_str() > text("continuation-token"));
    let more = found.len() > limit;
    found.truncate(limit);
    let mut out = open("ListAllMyBucketsResult");
    out.push_str(&owner_element(ask));
    out.push_str("<Buckets>");
    for (name, bucket) in &found {
        let created = iso_ms(bucket.created_ms);
        let region = element("BucketRegion", ask.engine.shared.region.as_str());
        out.push_str(&xml::wrap("Bucket", &[element("Name", name), element("CreationDate", &created), region]));
    }
    out.push_str("</Buckets>");
    if let Some((last, _)) = found.last().filter(|_| more) {
        out.push_str(&element("ContinuationToken", last));
    }
    if let Some(prefix) = ask.parameter("prefix") {
        out.push_str(&element("Prefix", prefix));
    }
    out.push_str("</ListAllMyBucketsResult>");
    Ok(xml_reply(&out))
}

/// One page: keys, common prefixes, and where the next begins.
#[derive(Debug, Default)]
struct Page {
    objects: Vec<(String, StoredObject)>,
    prefixes: Vec<String>,
    /// The last key or prefix of the page, when there is more.
    next: Option<String>,
}

/// `ListObjectsV2` and `ListObjects`.
pub(super) fn objects(ask: &Ask<'_>, bucket: &str) -> Result<ApiReply, ApiError> {
    let objects = &ask.engine.objects;
    let text = |name: &str| ask.parameter(name).unwrap_or_default();
    let second = text("list-type") == "2";
    let Asked { limit, encode } = Asked::of(ask)?;
    let start = match (second, ask.parameter("continuation-token")) {
        (true, Some(token)) => {
            let bytes = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            bytes.ok_or_else(|| argument("continuation-token", "The continuation token provided is incorrect"))?
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
    if let Some(delimiter) = ask.parameter("delimiter").filter(|delimiter| !delimiter.is_empty()) {
        out.push_str(&element("Delimiter", &shown(delimiter)));
    }
    if encode {
        out.push_str(&element("EncodingType", "url"));
    }
    out.push_str(&element("IsTruncated", if page.next.is_some() { "true" } else { "false" }));
    out.push_str(&if second { second_form(ask, &page, &shown) } else { first_form(ask, &page, &shown) });
    let owner = !second || text("fetch-owner") == "true";
    for (key, object) in &page.objects {
        out.push_str(&xml::wrap(
            "Contents",
            &[
                element("Key", &shown(key)),
                element("LastModified", &iso_ms(object.modified_ms)),
                element("ETag", &format!("\"{}\"", object.etag)),
                element("Size", &object.length.to_string()),
                sums(object),
                if owner { owner_element(ask) } else { String::new() },
                element("StorageClass", object.storage_class()),
            ],
        ));
    }
    for prefix in &page.prefixes {
        out.push_str(&xml::wrap("CommonPrefixes", &[element("Prefix", &shown(prefix))]));
    }
    out.push_str("</ListBucketResult>");
    Ok(xml_reply(&out))
}

fn second_form(ask: &Ask<'_>, page: &Page, shown: &dyn Fn(&str) -> String) -> String {
    let mut out = element("KeyCount", &(page.objects.len() + page.prefixes.len()).to_string());
    if let Some(token) = ask.parameter("continuation-token") {
        out.push_str(&element("ContinuationToken", token));
    }
    if let Some(start) = ask.parameter("start-after") {
        out.push_str(&element("StartAfter", &shown(start)));
    }
    if let Some(next) = &page.next {
        out.push_str(&element("NextContinuationToken", &STANDARD.encode(next)));
    }
    out
}

fn first_form(ask: &Ask<'_>, page: &Page, shown: &dyn Fn(&str) -> String) -> String {
    let mut out = element("Marker", &shown(ask.parameter("marker").unwrap_or_default()));
    if let Some(next) = page.next.as_ref().filter(|_| ask.parameter("delimiter").is_some()) {
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

/// What of the versions goes into one answer.
#[derive(Default)]
struct VersionPage {
    versions: Vec<(String, Version, bool)>,
    prefixes: Vec<String>,
    /// Where the next begins: the last key (or common prefix), and the last version's id.
    next: Option<(String, String)>,
}

/// Cuts a page out of the versions behind the markers.
fn version_page(
    all: Vec<(String, Version)>,
    (prefix, delimiter): (&str, &str),
    (key_marker, id_marker): (&str, &str),
    limit: usize,
) -> VersionPage {
    let mut page = VersionPage::default();
    let mut last = (String::new(), String::new());
    let mut before = String::new();
    // Of the key of the marker only the versions behind the one with its id come.
    let mut met = false;
    for (key, version) in all {
        let newest = key != before;
        before.clone_from(&key);
        let rolled = key[prefix.len()..]
            .find(delimiter)
            .filter(|_| !delimiter.is_empty())
            .map(|at| key[..prefix.len() + at + delimiter.len()].to_owned());
        let come = match &rolled {
            Some(rolled) => rolled.as_str() <= key_marker,
            None if key == key_marker => {
                let behind = met;
                met = met || version.id() == id_marker;
                id_marker.is_empty() || !behind
            }
            None => key.as_str() < key_marker,
        };
        if !key_marker.is_empty() && come || rolled.is_some() && page.prefixes.last() == rolled.as_ref() {
            continue;
        }
        if page.versions.len() + page.prefixes.len() == limit {
            page.next = (limit > 0).then_some(last);
            return page;
        }
        if let Some(rolled) = rolled {
            last = (rolled.clone(), String::new());
            page.prefixes.push(rolled);
        } else {
            last = (key.clone(), version.id().to_owned());
            page.versions.push((key, version, newest));
        }
    }
    page
}

/// `ListObjectVersions`.
pub(super) fn versions(ask: &Ask<'_>, bucket: &str) -> Result<ApiReply, ApiError> {
    let text = |name: &str| ask.parameter(name).unwrap_or_default();
    let Asked { limit, encode } = Asked::of(ask)?;
    let markers = (text("key-marker"), text("version-id-marker"));
    if markers.0.is_empty() && !markers.1.is_empty() {
        return Err(argument("version-id-marker", "A version-id marker cannot be specified without a key marker."));
    }
    let all = ask.engine.objects.list_versions(bucket, text("prefix"));
    let page = version_page(all, (text("prefix"), text("delimiter")), markers, limit);
    let shown = |key: &str| if encode { percent::encode_path(key) } else { key.to_owned() };
    let mut out = open("ListVersionsResult");
    let more = page.next.is_some();
    let (next_key, next_id) = page.next.unwrap_or_default();
    for (name, value) in [
        ("Name", bucket.to_owned()),
        ("Prefix", shown(text("prefix"))),
        ("KeyMarker", shown(markers.0)),
        ("VersionIdMarker", markers.1.to_owned()),
        ("NextKeyMarker", shown(&next_key)),
        ("NextVersionIdMarker", next_id),
        ("MaxKeys", limit.to_string()),
        ("Delimiter", shown(text("delimiter"))),
        ("EncodingType", if encode { "url".to_owned() } else { String::new() }),
        ("IsTruncated", more.to_string()),
    ] {
        if !value.is_empty() || matches!(name, "Prefix" | "KeyMarker" | "VersionIdMarker") {
            out.push_str(&element(name, &value));
        }
    }
    for (key, version, newest) in &page.versions {
        let mut inside = vec![
            element("Key", &shown(key)),
            element("VersionId", version.id()),
            element("IsLatest", if *newest { "true" } else { "false" }),
            element("LastModified", &iso_ms(version.modified_ms())),
        ];
        let name = match version {
            Version::Object(object) => {
                inside.push(element("ETag", &format!("\"{}\"", object.etag)));
                inside.push(sums(object));
                inside.push(element("Size", &object.length.to_string()));
                inside.push(element("StorageClass", object.storage_class()));
                "Version"
            }
            Version::Marker(_) => "DeleteMarker",
        };
        inside.push(owner_element(ask));
        out.push_str(&xml::wrap(name, &inside));
    }
    for prefix in &page.prefixes {
        out.push_str(&xml::wrap("CommonPrefixes", &[element("Prefix", &shown(prefix))]));
    }
    out.push_str("</ListVersionsResult>");
    Ok(xml_reply(&out))
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
        let object = StoredObject::default();
        let all = keys.iter().filter(|key| key.starts_with(prefix)).map(|key| ((*key).to_owned(), object.clone()));
        let page = page(all.collect(), prefix, delimiter, from);
        (page.objects.into_iter().map(|(key, _)| key).collect(), page.prefixes, page.next)
    }
}
