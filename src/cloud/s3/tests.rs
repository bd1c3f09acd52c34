//! The rules of S3 that are easy to get wrong, by table.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method};

use super::buckets::{Bucket, check_name};
use super::listing::test_support::cut;
use super::{address, checksums, conditions, cors};

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
