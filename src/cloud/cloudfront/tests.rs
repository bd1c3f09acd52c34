//! Functions with their limits, and a site from its bucket to its error page.

use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::function::{Outcome, check, outcome, run};
use super::{CloudFront, headers, site};
use crate::base::{FixedClock, Region, SequenceIds};
use crate::cloud::feed::Feed;
use crate::cloud::iam::Iam;
use crate::cloud::s3::S3;
use crate::cloud::service::{
    ApiCall, ApiReply, CallContext, Caller, Provisioned, ReplyBody, ResourceHandler, ResourceRequest, Service as _,
    Shared,
};
use crate::cloud::store::memory::MemoryStore;

const REWRITE: &str = "function handler(event) {
  var request = event.request;
  if (!request.uri.split('/').pop().includes('.')) request.uri = '/index.html';
  return request;
}";

#[test]
fn functions_rewrite_answer_and_are_bounded() {
    let event = json!({"request": {"uri": "/deep/link", "method": "GET", "headers": {}}});
    let Outcome::Request(request) = outcome(run(REWRITE, &event).unwrap()).unwrap() else { panic!("no request") };
    assert_eq!(request["uri"], "/index.html");
    let redirect = "async function handler(event) { return {statusCode: 302, headers: {location: {value: '/x'}}}; }";
    assert!(matches!(outcome(run(redirect, &event).unwrap()).unwrap(), Outcome::Response(_)));
    for bad in [
        "function handler() { while (true) {} }",
        "function handler() { const a = []; while (true) a.push('x'.repeat(10000)); }",
        "function handler() { return handler(); }",
        "function handler() { throw new Error('no') }",
    ] {
        assert!(run(bad, &event).is_err(), "{bad}");
    }
    for bad in ["function other() {}", "function handler( {", &" ".repeat(20_000)] {
        assert!(check(bad).is_err(), "{bad}");
    }
    assert!(outcome(json!({"uri": "no-slash"})).is_err());
}

#[test]
fn header_policies_set_keep_and_remove() {
    let config = json!({
        "SecurityHeadersConfig": {
            "FrameOptions": {"FrameOption": "DENY", "Override": true},
            "StrictTransportSecurity": {"AccessControlMaxAgeSec": 10, "IncludeSubdomains": true, "Override": "false"},
        },
        "CustomHeadersConfig": {"Items": [{"Header": "X-A", "Value": "1", "Override": false}]},
        "RemoveHeadersConfig": {"Items": [{"Header": "Server"}]},
    });
    assert_eq!(headers::unknown(&config), None);
    assert_eq!(headers::unknown(&json!({"CorsConfig": {}})).as_deref(), Some("CorsConfig"));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut sent = vec![pair("x-frame-options", "SAMEORIGIN"), pair("x-a", "0"), pair("server", "s")];
    headers::apply(&config, &mut sent);
    sent.sort();
    let wanted = [
        pair("strict-transport-security", "max-age=10; includeSubDomains"),
        pair("x-a", "0"),
        pair("x-frame-options", "DENY"),
    ];
    assert_eq!(sent, wanted);
}

#[test]
fn s3_origins_are_known_by_their_names() {
    for (domain, bucket) in [
        ("b.s3.amazonaws.com", Some("b")),
        ("a.b.s3.eu-west-1.amazonaws.com", Some("a.b")),
        ("api.example.com", None),
        ("s3.amazonaws.com", None),
    ] {
        assert_eq!(site::bucket_of(domain), bucket, "{domain}");
    }
}

struct World {
    s3: Arc<S3>,
    cloudfront: Arc<CloudFront>,
    handlers: Vec<Box<dyn ResourceHandler>>,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shared = Arc::new(Shared {
            store: Arc::new(MemoryStore::default()),
            clock: Arc::new(FixedClock::at(1_000_000)),
            ids: Arc::new(SequenceIds::default()),
            region: Region::default(),
            account: "000000000000",
            folder: folder.path().to_path_buf(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside: crate::base::ServiceEndpoints::default(),
        });
        let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
        let s3 = Arc::new(S3::new(Arc::clone(&shared), iam));
        let cloudfront = Arc::new(CloudFront::new(shared, Arc::clone(&s3)));
        let mut handlers = Arc::clone(&s3).resources();
        handlers.extend(Arc::clone(&cloudfront).resources());
        Self { s3, cloudfront, handlers, _folder: folder }
    }

    async fn make(&self, kind: &str, properties: Value) -> Result<Provisioned, String> {
        let request = ResourceRequest {
            stack_name: "stack".to_owned(),
            logical_id: "Site".to_owned(),
            properties,
            previous: None,
            tags: Vec::new(),
        };
        let handler = self.handlers.iter().find(|handler| handler.kind() == kind).unwrap();
        handler.create(&request).await.map_err(|error| error.0)
    }

    async fn put(&self, bucket: &str, key: &str, body: &str) {
        let context = CallContext { caller: Caller::Root };
        let mut call = call(Method::PUT, &format!("/{bucket}/{key}"));
        call.headers.insert("content-type", "text/html".parse().unwrap());
        call.body = body.to_owned().into();
        self.s3.call(&context, call).await.unwrap();
    }

    async fn get(&self, host: &str, path: &str) -> (u16, String, ApiReply) {
        let reply = self.cloudfront.serve(host, &call(Method::GET, path)).await;
        let body = match &reply.body {
            ReplyBody::File { path, .. } => std::fs::read_to_string(path).unwrap(),
            ReplyBody::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        };
        (reply.status, body, reply)
    }
}

fn call(method: Method, path: &str) -> ApiCall {
    ApiCall {
        action: String::new(),
        method,
        path: path.to_owned(),
        query: Vec::new(),
        headers: HeaderMap::new(),
        input: Value::Null,
        body: axum::body::Bytes::new(),
    }
}

fn distribution(control: &str, function: Option<&str>) -> Value {
    let associations: Vec<Value> =
        function.into_iter().map(|arn| json!({"EventType": "viewer-request", "FunctionARN": arn})).collect();
    json!({"DistributionConfig": {
        "Enabled": true, "DefaultRootObject": "index.html",
        "Origins": [{
            "Id": "site", "DomainName": "site.s3.us-east-1.amazonaws.com", "OriginAccessControlId": control,
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }],
        "DefaultCacheBehavior": {
            "TargetOriginId": "site", "ViewerProtocolPolicy": "redirect-to-https",
            "ResponseHeadersPolicyId": "67f7725c-6f97-4210-82d7-5512b31e9d03", "FunctionAssociations": associations,
        },
        "CustomErrorResponses": [{"ErrorCode": 403, "ResponseCode": 200, "ResponsePagePath": "/index.html"}],
    }})
}

#[tokio::test]
async fn a_site_is_served_to_those_whom_the_bucket_admits() {
    let world = World::new();
    world.make("AWS::S3::Bucket", json!({"BucketName": "site"})).await.unwrap();
    world.put("site", "index.html", "<h1>home</h1>").await;
    world.put("site", "app.js", "code").await;
    let config = json!({"OriginAccessControlConfig": {
        "Name": "oac", "OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4",
    }});
    let control = world.make("AWS::CloudFront::OriginAccessControl", config).await.unwrap().physical_id;
    let made = world.make("AWS::CloudFront::Distribution", distribution(&control, None)).await.unwrap();
    let host = format!("{}.cloudfront.localhost", made.physical_id.to_ascii_lowercase());
    assert_eq!(made.attributes["DomainName"], format!("{host}:4700"));
    assert!(world.cloudfront.knows(&host) && !world.cloudfront.knows("other.cloudfront.localhost"));
    assert_eq!(world.get(&host, "/app.js").await.0, 403, "the bucket has not admitted the distribution yet");
    let arn = format!("arn:aws:cloudfront::000000000000:distribution/{}", made.physical_id);
    let policy = json!({"Bucket": "site", "PolicyDocument": {"Statement": {
        "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::site/*", "Condition": {"StringEquals": {"AWS:SourceArn": arn}},
    }}});
    world.make("AWS::S3::BucketPolicy", policy).await.unwrap();
    let (status, body, reply) = world.get(&host, "/").await;
    assert_eq!((status, body.as_str()), (200, "<h1>home</h1>"));
    assert!(
        reply.headers.contains(&("x-content-type-options".to_owned(), "nosniff".to_owned())),
        "{:?}",
        reply.headers
    );
    assert_eq!(world.get(&host, "/app.js").await.1, "code");
    assert_eq!(world.get(&host, "/deep/link").await.1, "<h1>home</h1>", "a missing page is the entry page");
    let posted = world.cloudfront.serve(&host, &call(Method::POST, "/")).await;
    assert_eq!(posted.status, 403);
    let other = world.make("AWS::CloudFront::Distribution", distribution(&control, None)).await.unwrap();
    let other = format!("{}.cloudfront.localhost", other.physical_id.to_ascii_lowercase());
    assert_eq!(world.get(&other, "/app.js").await.0, 403, "the policy names another distribution");
}

#[tokio::test]
async fn what_does_not_exist_is_refused() {
    let world = World::new();
    let error = world.make("AWS::CloudFront::Distribution", distribution("E0", None)).await.unwrap_err();
    assert!(error.contains("E0 does not exist"), "{error}");
    let function = json!({"Name": "spa", "FunctionCode": REWRITE, "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"}});
    let arn = world.make("AWS::CloudFront::Function", function).await.unwrap().physical_id;
    let config = json!({"OriginAccessControlConfig": {
        "Name": "oac", "OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4",
    }});
    let control = world.make("AWS::CloudFront::OriginAccessControl", config).await.unwrap().physical_id;
    let error = world.make("AWS::CloudFront::Distribution", distribution(&control, Some(&arn))).await.unwrap_err();
    assert!(error.contains("not published"), "{error}");
    let mut unknown = distribution(&control, None);
    unknown["DistributionConfig"]["WebACLId"] = json!("x");
    let error = world.make("AWS::CloudFront::Distribution", unknown).await.unwrap_err();
    assert!(error.contains("`WebACLId`"), "{error}");
    let public = json!({"Bucket": "b", "PolicyDocument": {"Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bbb/*",
    }}});
    world.make("AWS::S3::Bucket", json!({"BucketName": "bbb"})).await.unwrap();
    let mut public = public;
    public["Bucket"] = json!("bbb");
    let error = world.make("AWS::S3::BucketPolicy", public).await.unwrap_err();
    assert!(error.contains("BlockPublicPolicy"), "{error}");
}
