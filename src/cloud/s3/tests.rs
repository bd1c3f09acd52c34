//! The rules of S3 that are easy to get wrong, by table.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method};

use serde_json::{Value, json};

use super::buckets::{Bucket, check_name};
use super::checksums::Algorithm;
use super::events::{self, Destination};
use super::listing::test_support::cut;
use super::record::Version;
use super::{S3, address, checksums, conditions, cors};
use crate::base::{FixedClock, Region, SequenceIds};
use crate::cloud::feed::Feed;
use crate::cloud::iam::Iam;
use crate::cloud::protocol::percent;
use crate::cloud::service::{ApiCall, ApiError, ApiReply, CallContext, Caller, ReplyBody, Service as _, Shared};
use crate::cloud::store::memory::MemoryStore;

#[test]
fn requests_and_urls_name_buckets_and_keys() {
    let table = [
        ("localhost:4700", "/b/k/l", Some("b"), Some("k/l")),
        ("127.0.0.1:4700", "/b", Some("b"), None),
        ("localhost", "/", None, None),
        ("b.localhost:4700", "/k%20l", Some("b"), Some("k l")),
        ("b.s3.localhost", "/k", Some("b"), Some("k")),
        ("a.b.s3.eu-west-1.localhost", "/", Some("a.b"), None),
        ("b.s3.us-east-1.amazonaws.com", "/k", Some("b"), Some("k")),
        ("s3.us-east-1.amazonaws.com", "/b/k", Some("b"), Some("k")),
        ("s3.localhost", "/b/k", Some("b"), Some("k")),
        ("B.S3.amazonaws.com", "/k", Some("b"), Some("k")),
    ];
    for (host, path, bucket, key) in table {
        let found = address::of_request(host, path);
        assert_eq!((found.0.as_deref(), found.1.as_deref()), (bucket, key), "{host}{path}");
    }
    for (url, wanted) in [
        ("s3://b/k/l", Some(("b", "k/l"))),
        ("http://localhost:4700/b/k?x=1", Some(("b", "k"))),
        ("https://b.s3.eu-west-1.amazonaws.com/k", Some(("b", "k"))),
        ("https://s3.amazonaws.com/b/k", Some(("b", "k"))),
        ("s3://b", None),
        ("ftp://b/k", None),
        ("http://localhost/b", None),
    ] {
        let wanted = wanted.map(|(bucket, key)| (bucket.to_owned(), key.to_owned()));
        assert_eq!(address::of_url(url), wanted, "{url}");
    }
}

#[test]
fn bucket_names() {
    for good in ["abc", "my-site.dev", "0abc"] {
        assert!(check_name(good).is_ok(), "{good}");
    }
    let long = "a".repeat(64);
    for bad in ["ab", "Abc", "a_b", "-abc", "abc-", "a..b", "192.168.0.1", "xn--abc", &long, "a\nb"] {
        assert_eq!(check_name(bad).unwrap_err().code, "InvalidBucketName", "{bad}");
    }
}

#[test]
fn checksums_are_verified() {
    let body = b"123456789";
    let table = [
        ("x-amz-checksum-crc32", "cbf43926"),
        ("x-amz-checksum-crc32c", "e3069283"),
        ("x-amz-checksum-crc64nvme", "ae8b14860a799888"),
        ("x-amz-checksum-sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("content-md5", "25f9e794323b453885f5181f1b624d0b"),
    ];
    for (name, sum) in table {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(&STANDARD.encode(hex::decode(sum).unwrap())).unwrap();
        headers.insert(name, value);
        assert!(checksums::verify(&headers, body).is_ok(), "{name}");
        assert_eq!(checksums::verify(&headers, b"12345678").unwrap_err().code, "BadDigest", "{name}");
    }
}

#[test]
fn ranges() {
    let table = [
        ("bytes=0-9", Ok(Some((0, 10)))),
        ("bytes=90-", Ok(Some((90, 10)))),
        ("bytes=-10", Ok(Some((90, 10)))),
        ("bytes=-1000", Ok(Some((0, 100)))),
        ("bytes=50-1000", Ok(Some((50, 50)))),
        ("bytes=9-0", Ok(None)),
        ("bytes=0-1,3-4", Ok(None)),
        ("lines=1-2", Ok(None)),
        ("bytes=100-", Err(())),
        ("bytes=-0", Err(())),
    ];
    for (text, wanted) in table {
        let mut headers = HeaderMap::new();
        headers.insert("range", HeaderValue::from_static(text));
        assert_eq!(conditions::range(&headers, 100).map_err(|_| ()), wanted, "{text}");
    }
}

#[test]
fn listings_roll_up_and_continue() {
    let keys = ["a/1", "a/2", "b", "c/1", "d"];
    let texts = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    assert_eq!(cut(&keys, "", "/", ("", 1000)), (texts(&["b", "d"]), texts(&["a/", "c/"]), None));
    assert_eq!(cut(&keys, "a/", "/", ("", 1000)), (texts(&["a/1", "a/2"]), vec![], None));
    assert_eq!(cut(&keys, "", "", ("", 2)), (texts(&["a/1", "a/2"]), vec![], Some("a/2".to_owned())));
    assert_eq!(cut(&keys, "", "", ("a/2", 9)), (texts(&["b", "c/1", "d"]), vec![], None));
    // Page by page, nothing comes twice and nothing is missing.
    let (mut start, mut seen) = (String::new(), Vec::new());
    for _ in 0..10 {
        let (objects, prefixes, next) = cut(&keys, "", "/", (&start, 1));
        seen.extend(objects.into_iter().chain(prefixes));
        match next {
            Some(next) => start = next,
            None => break,
        }
    }
    assert_eq!(seen, texts(&["a/", "b", "c/", "d"]));
}

#[test]
fn the_first_cors_rule_that_fits_answers() {
    let text = "<CORSConfiguration><CORSRule><AllowedOrigin>http://*.localhost:3000</AllowedOrigin><AllowedMethod>PUT\
                </AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader></CORSRule>\
                <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>\
                </CORSConfiguration>";
    let bucket = Bucket { configurations: [("cors".to_owned(), text.to_owned())].into(), ..Bucket::default() };
    let rules = cors::rules(&bucket);
    let ask = |origin: &'static str, method: &'static str, asked: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("origin", HeaderValue::from_static(origin));
        headers.insert("access-control-request-method", HeaderValue::from_static(method));
        headers.insert("access-control-request-headers", HeaderValue::from_static(asked));
        cors::answer(&rules, &cors::Asked::of(&Method::OPTIONS, &headers))
    };
    let allowed = ask("http://app.localhost:3000", "PUT", "X-Amz-Date").unwrap();
    assert!(allowed.contains(&("access-control-allow-origin".to_owned(), "http://app.localhost:3000".to_owned())));
    assert!(ask("http://app.localhost:3001", "PUT", "x-amz-date").is_none());
    assert!(ask("http://app.localhost:3000", "PUT", "content-type").is_none());
    let everyone = ask("http://localhost:1", "GET", "").unwrap();
    assert!(everyone.contains(&("access-control-allow-origin".to_owned(), "*".to_owned())));
}

/// An S3 in memory, with a temporary folder for its objects.
pub(super) struct World {
    pub s3: S3,
    pub clock: Arc<FixedClock>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(1_700_000_000_000));
        let shared = Arc::new(Shared {
            store: Arc::new(MemoryStore::default()),
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(SequenceIds::default()),
            region: Region::default(),
            account: "000000000000",
            folder: folder.path().to_path_buf(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside: crate::base::ServiceEndpoints::default(),
        });
        let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
        Self { s3: S3::new(shared, iam), clock, _folder: folder }
    }

    async fn call(&self, method: Method, path: &str, body: &str) -> Result<ApiReply, ApiError> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("localhost:4700"));
        let call = ApiCall {
            action: String::new(),
            method,
            path: path.to_owned(),
            query: percent::decode_pairs(query),
            headers,
            input: Value::Null,
            body: body.to_owned().into(),
        };
        self.s3.call(&CallContext { caller: Caller::Root }, call).await
    }

    pub(super) async fn put(&self, path: &str, body: &str) -> ApiReply {
        self.call(Method::PUT, path, body).await.unwrap()
    }

    async fn text(&self, path: &str) -> String {
        match self.call(Method::GET, path, "").await.unwrap().body {
            ReplyBody::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

/// Destinations of which one exists.
struct OneQueue;

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:queue";

impl events::Destinations for OneQueue {
    fn check(&self, destination: &Destination, bucket_arn: &str) -> Result<(), String> {
        assert_eq!(bucket_arn, "arn:aws:s3:::bucket");
        if *destination == Destination::Queue(QUEUE.to_owned()) {
            return Ok(());
        }
        Err("The destination queue does not exist".to_owned())
    }
}

fn queue_rule(arn: &str, event: &str, prefix: &str, suffix: &str) -> String {
    format!(
        "<QueueConfiguration><Queue>{arn}</Queue><Event>{event}</Event><Filter><S3Key><FilterRule><Name>prefix</Name>\
         <Value>{prefix}</Value></FilterRule><FilterRule><Name>Suffix</Name><Value>{suffix}</Value></FilterRule></S3Key>\
         </Filter></QueueConfiguration>"
    )
}

fn notification(inside: &str) -> String {
    format!("<NotificationConfiguration>{inside}</NotificationConfiguration>")
}

#[tokio::test]
async fn events_wait_in_the_outbox_until_they_are_done() {
    let world = World::new();
    world.s3.connect(Arc::new(OneQueue));
    world.put("/bucket", "").await;
    let rule = queue_rule(QUEUE, "s3:ObjectCreated:*", "in/", ".jpg");
    world.put("/bucket?notification", &notification(&format!("{rule}<EventBridgeConfiguration/>"))).await;
    let outbox = world.s3.outbox();
    let first = outbox.take(10);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].1.body["Event"], "s3:TestEvent");
    outbox.done(&world.s3.engine.shared, &[first[0].0.clone()]).unwrap();
    world.put("/bucket/in/a%20b%2Bc.jpg", "12345").await;
    world.put("/bucket/out/a.jpg", "1").await;
    world.call(Method::DELETE, "/bucket/in/a%20b%2Bc.jpg", "").await.unwrap();
    let taken = outbox.take(10);
    let kinds: Vec<(&Destination, &Value)> =
        taken.iter().map(|(_, notice)| (&notice.destination, &notice.body)).collect();
    assert_eq!(kinds.len(), 4);
    assert_eq!(*kinds[0].0, Destination::Queue(QUEUE.to_owned()));
    let record = &kinds[0].1["Records"][0];
    assert_eq!(record["eventVersion"], "2.1");
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert_eq!(record["eventTime"], "2023-11-14T22:13:20.000Z");
    assert_eq!(record["s3"]["bucket"]["arn"], "arn:aws:s3:::bucket");
    assert_eq!(record["s3"]["object"]["key"], "in/a+b%2Bc.jpg");
    assert_eq!(record["s3"]["object"]["size"], 5);
    assert_eq!(record["s3"]["object"]["eTag"], "827ccb0eea8a706c4c34a16891f84e7b");
    assert!(record["s3"]["object"].get("versionId").is_none());
    let created = kinds[1].1;
    assert_eq!(
        (&created["detail-type"], &created["detail"]["reason"]),
        (&json!("Object Created"), &json!("PutObject"))
    );
    assert_eq!(created["detail"]["object"]["key"], "in/a b+c.jpg");
    assert_eq!(created["time"], "2023-11-14T22:13:20Z");
    let deleted = kinds[3].1;
    assert_eq!(deleted["detail"]["deletion-type"], "Permanently Deleted");
    assert!(deleted["detail"]["object"]["sequencer"].as_str() > created["detail"]["object"]["sequencer"].as_str());
    outbox.done(&world.s3.engine.shared, &taken.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>()).unwrap();
    assert!(outbox.take(1).is_empty());
}

#[tokio::test]
async fn notifications_are_checked_before_they_are_kept() {
    let world = World::new();
    world.s3.connect(Arc::new(OneQueue));
    world.put("/bucket", "").await;
    let good = queue_rule(QUEUE, "s3:ObjectCreated:Put", "a", "b");
    let table = [
        (queue_rule("arn:aws:sqs:us-east-1:000000000000:no", "s3:ObjectCreated:*", "", ""), "InvalidArgument"),
        (queue_rule("queue", "s3:ObjectCreated:*", "", ""), "InvalidArgument"),
        (queue_rule(QUEUE, "s3:ObjectMade", "", ""), "InvalidArgument"),
        (format!("{good}{}", queue_rule(QUEUE, "s3:ObjectCreated:*", "ab", "")), "InvalidArgument"),
        ("<Other></Other>".to_owned(), "MalformedXML"),
        ("<QueueConfiguration></QueueConfiguration>".to_owned(), "MalformedXML"),
    ];
    for (inside, code) in table {
        let refusal = world.call(Method::PUT, "/bucket?notification", &notification(&inside)).await.unwrap_err();
        assert_eq!(refusal.code, code, "{inside}");
    }
    assert!(!world.text("/bucket?notification").await.contains("Queue"));
    let other = queue_rule(QUEUE, "s3:ObjectCreated:*", "b", "");
    world.put("/bucket?notification", &notification(&format!("{good}{other}"))).await;
    assert_eq!(world.text("/bucket?notification").await.matches("<Id>").count(), 2);
    world.put("/bucket?notification", &notification("")).await;
    assert!(!world.text("/bucket?notification").await.contains("Queue"));
}

#[tokio::test]
async fn versions_page_by_key_and_id() {
    let world = World::new();
    world.put("/bucket", "").await;
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    world.put("/bucket?versioning", enabled).await;
    for key in ["a", "a", "a", "b/1", "b/2", "c"] {
        world.put(&format!("/bucket/{key}"), key).await;
    }
    world.call(Method::DELETE, "/bucket/c", "").await.unwrap();
    let part = |text: &str, name: &str| {
        let rest = text.split_once(&format!("<{name}>"))?.1;
        Some(rest.split_once('<')?.0.to_owned())
    };
    let (mut markers, mut versions, mut prefixes) = (String::new(), 0, 0);
    for _ in 0..10 {
        let text = world.text(&format!("/bucket?versions&delimiter=/&max-keys=1{markers}")).await;
        versions += text.matches("<Version>").count() + text.matches("<DeleteMarker>").count();
        prefixes += text.matches("<CommonPrefixes>").count();
        let Some(key) = part(&text, "NextKeyMarker") else { break };
        let id = part(&text, "NextVersionIdMarker").map(|id| format!("&version-id-marker={id}"));
        markers = format!("&key-marker={key}{}", id.unwrap_or_default());
    }
    assert_eq!((versions, prefixes), (5, 1));
    let newest = world.text("/bucket?versions&prefix=a").await;
    assert_eq!(newest.matches("<IsLatest>true").count(), 1);
    assert!(newest.find("<IsLatest>true") < newest.find("<IsLatest>false"));
    let gone = world.call(Method::GET, "/bucket/c", "").await.unwrap_err();
    assert_eq!((gone.code.as_str(), &gone.extra["x-amz-delete-marker"]), ("NoSuchKey", &json!("true")));
}

#[tokio::test]
async fn files_without_a_row_are_swept() {
    let world = World::new();
    world.put("/bucket", "").await;
    world.put("/bucket/kept", "kept").await;
    let text = match world.call(Method::POST, "/bucket/parts?uploads", "").await.unwrap().body {
        ReplyBody::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    };
    let id = text.split_once("<UploadId>").unwrap().1.split_once('<').unwrap().0.to_owned();
    world.put(&format!("/bucket/parts?partNumber=1&uploadId={id}"), "part").await;
    let shared = Arc::clone(&world.s3.engine.shared);
    let (objects, parts) = (shared.folder.join("s3"), shared.folder.join("s3-parts"));
    std::fs::write(objects.join("left"), "x").unwrap();
    std::fs::write(parts.join(&id).join("left.part"), "x").unwrap();
    std::fs::create_dir(parts.join("other")).unwrap();
    let again = S3::new(Arc::clone(&shared), Arc::new(Iam::new(Arc::clone(&shared), None)));
    assert_eq!(std::fs::read_dir(&objects).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(&parts).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(parts.join(&id)).unwrap().count(), 1);
    assert_eq!(again.read("bucket", "kept").unwrap(), b"kept");
}

#[test]
fn hosts_of_websites() {
    for (host, bucket) in [
        ("b.s3-website.us-east-1.localhost:4700", Some("b")),
        ("a.b.s3-website-us-east-1.amazonaws.com", Some("a.b")),
        ("b.s3-website.localhost", Some("b")),
        ("b.s3.us-east-1.localhost", None),
        ("s3-website.us-east-1.localhost", None),
        ("localhost", None),
    ] {
        assert_eq!(address::website(host).as_deref(), bucket, "{host}");
    }
}

#[test]
fn checksums_of_parts_join() {
    let of = |algorithm: Algorithm, bytes: &[u8]| {
        let mut sums = checksums::Sums::new(&[algorithm]);
        sums.update(bytes);
        sums.finish().named.remove(0).1
    };
    let parts: [&[u8]; 3] = [b"first part", b"", b"and the last"];
    for algorithm in Algorithm::ALL {
        let sums: Vec<String> = parts.iter().map(|part| of(algorithm, part)).collect();
        let joined =
            algorithm.joined(sums.iter().map(String::as_str).map(Some).zip(parts.map(|part| part.len() as u64)));
        let whole = algorithm.crc().map(|_| of(algorithm, &parts.concat()));
        assert_eq!(joined, whole, "{algorithm:?}");
        let composite = checksums::composite(algorithm, sums.iter().map(|sum| Some(sum.as_str()))).unwrap();
        assert!(composite.ends_with("-3"), "{composite}");
    }
    assert_eq!(Algorithm::Crc32.joined([(None, 1)].into_iter()), None);
}

const DAY_MS: i64 = 86_400_000;

impl World {
    async fn bucket(&self, versions: bool, rules: &[&str]) {
        self.put("/bucket", "").await;
        if versions {
            let status = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
            self.put("/bucket?versioning", status).await;
        }
        let rule = |text: &&str| format!("<Rule><Status>Enabled</Status>{text}</Rule>");
        let rules: String = rules.iter().map(rule).collect();
        self.put("/bucket?lifecycle", &format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>")).await;
    }

    /// The versions of the bucket after so many further days: `k` is an object, `-k` a delete marker.
    fn after(&self, days: i64) -> Vec<String> {
        self.clock.advance(days * DAY_MS);
        self.s3.engine.house();
        let all = self.s3.engine.objects.list_versions("bucket", "").into_iter();
        let shown = |(key, version): (String, Version)| match version {
            Version::Object(_) => key,
            Version::Marker(_) => format!("-{key}"),
        };
        all.map(shown).collect()
    }
}

#[tokio::test]
async fn what_a_rule_lets_go_is_gone_when_it_is_due() {
    let days = |days: i64| format!("<Expiration><Days>{days}</Days></Expiration>");
    let tag = "<Tag><Key>t</Key><Value>v</Value></Tag>";
    let size = "<ObjectSizeGreaterThan>3</ObjectSizeGreaterThan>";
    for (filter, left) in [
        ("<Filter><Prefix></Prefix></Filter>".to_owned(), vec![]),
        ("<Prefix>a/</Prefix>".to_owned(), vec!["b", "c"]),
        (format!("<Filter>{tag}</Filter>"), vec!["a/1", "b"]),
        (format!("<Filter>{size}</Filter>"), vec!["a/1", "c"]),
        (
            format!("<Filter><And><Prefix>c</Prefix>{tag}<ObjectSizeLessThan>3</ObjectSizeLessThan></And></Filter>"),
            vec!["a/1", "b"],
        ),
    ] {
        let world = World::new();
        world.bucket(false, &[&format!("{filter}{}", days(2))]).await;
        world.put("/bucket/a/1", "one").await;
        world.put("/bucket/b", "large").await;
        world.put("/bucket/c", "c").await;
        world.put("/bucket/c?tagging", &format!("<Tagging><TagSet>{tag}</TagSet></Tagging>")).await;
        assert_eq!(world.after(2).len(), 3, "the day is not over: {filter}");
        assert_eq!(world.after(1), left, "{filter}");
    }
    let world = World::new();
    world.bucket(false, &["<Filter/><Expiration><Date>2023-11-20T00:00:00Z</Date></Expiration>"]).await;
    let stored = world.put("/bucket/k", "x").await;
    let told = stored.headers.iter().find(|(name, _)| name == "x-amz-expiration").unwrap();
    assert_eq!(told.1, "expiry-date=\"Mon, 20 Nov 2023 00:00:00 GMT\", rule-id=\"\"");
    assert_eq!((world.after(5).len(), world.after(1).len()), (1, 0));
}

#[tokio::test]
async fn versions_markers_and_uploads_have_rules_of_their_own() {
    let noncurrent = "<Filter/><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>1\
                      </NewerNoncurrentVersions></NoncurrentVersionExpiration>";
    let world = World::new();
    world.bucket(true, &[noncurrent]).await;
    for body in ["1", "2", "3", "4"] {
        world.put("/bucket/k", body).await;
    }
    assert_eq!(world.after(3), ["k"; 4]);
    assert_eq!(world.after(1), ["k"; 2], "the newest, and one that is newer than the others");
    let world = World::new();
    let expire = "<Filter/><Expiration><Days>1</Days></Expiration>";
    let noncurrent =
        "<Filter/><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";
    world.bucket(true, &[expire, noncurrent]).await;
    world.put("/bucket/k", "1").await;
    assert_eq!(world.after(2), ["-k", "k"], "the newest version becomes a noncurrent one");
    assert_eq!(world.after(2), [""; 0], "the version goes, then the marker that stands alone and is old enough");
    let world = World::new();
    let markers = "<Filter/><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
    let abort = "<Filter><Prefix>k</Prefix></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>7\
                 </DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    world.bucket(true, &[markers, abort]).await;
    world.call(Method::DELETE, "/bucket/gone", "").await.unwrap();
    world.call(Method::POST, "/bucket/k?uploads", "").await.unwrap();
    world.call(Method::POST, "/bucket/other?uploads", "").await.unwrap();
    assert_eq!(world.after(0), [""; 0], "nothing is behind the marker");
    let under_way =
        || world.s3.engine.uploads.of("bucket").into_iter().map(|(_, upload)| upload.key).collect::<Vec<_>>();
    assert_eq!(under_way(), ["k", "other"]);
    world.after(8);
    assert_eq!(under_way(), ["other"]);
}
