//! Forms as browsers send them, with the policies of version 4 and 2, by table.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method};
use ring::hmac;
use serde_json::{Value, json};

use super::super::objects::Place;
use super::super::tests::World;
use crate::cloud::service::{ApiCall, ApiError, ApiReply, CallContext, Caller, ReplyBody, Service as _};

/// The fields that boto3 sends with a policy of version 4, signed with the well-known root key.
fn signed(conditions: &Value, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let scope = "20231114/us-east-1/s3/aws4_request";
    let signing = [
        ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("x-amz-credential", format!("test/{scope}")),
        ("x-amz-date", "20231114T221320Z".to_owned()),
    ];
    let mut conditions = conditions.as_array().unwrap().clone();
    conditions.extend(signing.iter().map(|(name, value)| json!({*name: value})));
    let policy = STANDARD.encode(json!({"expiration": "2023-11-14T23:00:00Z", "conditions": conditions}).to_string());
    let sign = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let key = scope.split('/').fold(b"AWS4test".to_vec(), |key, part| sign(&key, part).as_ref().to_vec());
    let signature = hex::encode(sign(&key, &policy));
    let all = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).chain(signing);
    let all = all.chain([("policy", policy), ("x-amz-signature", signature)]);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The same with a policy of version 2.
fn signed_2(conditions: &Value, fields: &[(&str, &str)], secret: &str) -> Vec<(String, String)> {
    let policy = STANDARD.encode(json!({"expiration": "2023-11-14T23:00:00Z", "conditions": conditions}).to_string());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, policy.as_bytes()));
    let all = fields.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let all = all.chain([("AWSAccessKeyId", "test".to_owned()), ("policy", policy), ("signature", signature)]);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

async fn post(world: &World, fields: &[(String, String)], file: &str) -> Result<ApiReply, ApiError> {
    let field = |(name, value): &(String, String)| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let fields: String = fields.iter().map(field).collect();
    let file =
        format!("Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n{file}\r\n--edge--\r\n");
    send(world, "multipart/form-data; boundary=edge", format!("{fields}--edge\r\n{file}")).await
}

async fn send(world: &World, kind: &'static str, body: String) -> Result<ApiReply, ApiError> {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("bucket.localhost:4700"));
    headers.insert("content-type", HeaderValue::from_static(kind));
    let call = ApiCall {
        action: String::new(),
        method: Method::POST,
        path: "/".to_owned(),
        query: Vec::new(),
        headers,
        input: Value::Null,
        body: body.into(),
    };
    world.s3.call(&CallContext { caller: Caller::Anonymous }, call).await
}

#[tokio::test]
async fn a_form_becomes_an_object_and_is_answered_as_it_asks() {
    let world = World::new();
    world.put("/bucket", "").await;
    let key = json!(["starts-with", "$key", "in/"]);
    let tagging = "<Tagging><TagSet><Tag><Key>t</Key><Value>a b</Value></Tag></TagSet></Tagging>";
    let url = "http://localhost:3000/done?x=1";
    let there = "http://localhost:4700/bucket/in%2Fa.txt";
    let back =
        "http://localhost:3000/done?x=1&bucket=bucket&key=in%2Fa.txt&etag=%22900150983cd24fb0d6963f7d28e17f72%22";
    for (name, value, status, location) in [
        ("success_action_status", "200", 200, there),
        ("success_action_status", "201", 201, there),
        ("success_action_status", "404", 204, there),
        ("success_action_redirect", url, 303, back),
        ("redirect", url, 303, back),
        ("success_action_redirect", "no address", 204, there),
    ] {
        let conditions = json!([{"bucket": "bucket"}, key, {name: value}, ["starts-with", "$Content-Type", "text/"],
                   {"x-amz-meta-a": "b"}, {"tagging": tagging}, ["content-length-range", 3, 3]]);
        let fields = [
            ("key", "in/${filename}"),
            (name, value),
            ("Content-Type", "text/plain"),
            ("x-amz-meta-a", "b"),
            ("tagging", tagging),
        ];
        for fields in [signed(&conditions, &fields), signed_2(&conditions, &fields, "test")] {
            let reply = post(&world, &fields, "abc").await.unwrap();
            let header = |name: &str| reply.headers.iter().find(|(known, _)| known == name).unwrap().1.as_str();
            assert_eq!((reply.status, header("location")), (status, location), "{name} {value}");
            assert_eq!(header("etag"), "\"900150983cd24fb0d6963f7d28e17f72\"");
            if let ReplyBody::Bytes(text) = &reply.body {
                let text = String::from_utf8_lossy(text);
                assert!(text.contains("<PostResponse>") && text.contains("<Key>in/a.txt</Key>"), "{text}");
            }
            assert_eq!(matches!(reply.body, ReplyBody::Bytes(_)), status == 201);
            let object = world.s3.engine.objects.object(Place { bucket: "bucket", key: "in/a.txt" }).unwrap();
            assert_eq!((object.length, object.content_type.as_str()), (3, "text/plain"));
            assert_eq!(object.tags, [("t".to_owned(), "a b".to_owned())]);
            assert!(object.headers.contains(&("x-amz-meta-a".to_owned(), "b".to_owned())), "{:?}", object.headers);
        }
    }
}

#[tokio::test]
async fn a_form_that_is_not_as_it_was_signed_stores_nothing() {
    let world = World::new();
    world.put("/bucket", "").await;
    let conditions = json!([["starts-with", "$key", ""], ["content-length-range", 1, 4]]);
    let good = signed(&conditions, &[("key", "k")]);
    let changed = |name: &str, value: &str| {
        let change = |(known, old): &(String, String)| {
            (known.clone(), if known == name { value.to_owned() } else { old.clone() })
        };
        good.iter().map(change).collect::<Vec<_>>()
    };
    let without = |name: &str| good.iter().filter(|(known, _)| known != name).cloned().collect::<Vec<_>>();
    let other_bucket = json!([{"bucket": "other"}, {"key": "k"}]);
    let plain = |fields: &[(&str, &str)]| {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    for (fields, file, code) in [
        (changed("x-amz-signature", &"0".repeat(64)), "abc", "SignatureDoesNotMatch"),
        (changed("policy", "e30="), "abc", "SignatureDoesNotMatch"),
        (changed("x-amz-credential", "none/20231114/us-east-1/s3/aws4_request"), "abc", "InvalidClientTokenId"),
        (changed("x-amz-credential", "test/20231114/us-east-1/sqs/aws4_request"), "abc", "InvalidArgument"),
        (changed("x-amz-algorithm", "AWS4-HMAC-SHA1"), "abc", "InvalidArgument"),
        (changed("key", ""), "abc", "InvalidArgument"),
        (without("key"), "abc", "InvalidArgument"),
        (without("policy"), "abc", "InvalidArgument"),
        (without("x-amz-signature"), "abc", "InvalidArgument"),
        (signed_2(&conditions, &[("key", "k")], "other"), "abc", "SignatureDoesNotMatch"),
        (signed(&other_bucket, &[("key", "k")]), "abc", "AccessDenied"),
        (signed(&conditions, &[("key", "k"), ("acl", "private")]), "abc", "AccessDenied"),
        // Nobody let everybody in.
        (plain(&[("key", "k")]), "abc", "MissingAuthenticationToken"),
        (good.clone(), "", "EntityTooSmall"),
        (good.clone(), "abcde", "EntityTooLarge"),
    ] {
        assert_eq!(post(&world, &fields, file).await.unwrap_err().code, code, "{fields:?}");
    }
    let error = send(&world, "application/json", "{}".to_owned()).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("PreconditionFailed", 412));
    assert!(world.s3.engine.objects.list("bucket", "").is_empty());
    assert!(post(&world, &good, "abcd").await.is_ok());
    world.clock.advance(3_600_000);
    let error = post(&world, &good, "abcd").await.unwrap_err();
    assert_eq!(error.message, "Invalid according to Policy: Policy expired.");
}
