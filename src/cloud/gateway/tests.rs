//! The routing table row by row, and a running cloud over real sockets.

use std::fmt::Write as _;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ring::hmac;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::origin::{host_is_ours, host_name, origin_is_ours};
use super::route::{RequestHead, Route, route};
use super::{Cloud, CloudError, RunningCloud};
use crate::base::{Clock as _, RandomIds, Region, ServiceEndpoints, SystemClock};
use crate::cloud::CloudConfig;
use crate::cloud::protocol::Protocol;
use crate::cloud::service::ServiceId;
use crate::error::{Code, Diagnose as _};

fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
    )
}

fn route_of(method: Method, url: &str, headers: &[(&str, &str)], form: &str) -> Route {
    let (host, path) = url.split_once('/').unwrap();
    let path = format!("/{path}");
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
        .collect();
    let pairs = crate::cloud::protocol::percent::decode_pairs;
    let (query, form) = (pairs(query), pairs(form));
    let head =
        RequestHead { method: &method, path, query: &query, headers: &headers, host: &host_name(host), form: &form };
    route(&head, &|host| host == "www.example.com")
}

#[test]
fn each_request_has_one_place() {
    use Protocol::{Json10, Json11, Query, RestJson, RestXml};
    let service = |service, protocol| Route::Service(service, protocol);
    let html = ("accept", "text/html,*/*");
    let site = |host: &str| Route::Site(host.to_owned());
    let get = |url: &str, headers: &[(&str, &str)]| route_of(Method::GET, url, headers, "");
    let post = |url: &str, headers: &[(&str, &str)], form: &str| route_of(Method::POST, url, headers, form);
    let s3 = service(ServiceId::S3, RestXml);
    let target = |name| [("x-amz-target", name)];
    assert_eq!(
        post("localhost:1/", &target("AWSCognitoIdentityProviderService.SignUp"), ""),
        service(ServiceId::Cognito, Json11)
    );
    assert_eq!(
        post("localhost/", &target("AWSCognitoIdentityService.GetId"), ""),
        service(ServiceId::CognitoIdentity, Json11)
    );
    for (name, wanted) in [
        ("DynamoDB_20120810.PutItem", service(ServiceId::DynamoDb, Json10)),
        ("DynamoDBStreams_20120810.GetRecords", service(ServiceId::DynamoDb, Json10)),
        ("Logs_20140328.FilterLogEvents", service(ServiceId::Logs, Json11)),
        ("AmazonSSM.GetParameter", service(ServiceId::Ssm, Json11)),
        ("secretsmanager.GetSecretValue", service(ServiceId::SecretsManager, Json11)),
    ] {
        assert_eq!(post("localhost/", &target(name), ""), wanted, "{name}");
    }
    assert_eq!(get("abc.lambda-url.us-east-1.localhost/graphql", &[]), Route::FunctionUrl("abc".to_owned()));
    assert_eq!(post("localhost/", &target("AmazonSQS.SendMessage"), ""), service(ServiceId::Sqs, Json10));
    assert_eq!(post("localhost/", &target("AWSEvents.PutEvents"), ""), service(ServiceId::EventBridge, Json11));
    assert_eq!(post("localhost/", &[], "Action=Publish&Version=2010-03-31"), service(ServiceId::Sns, Query));
    let queue = "localhost/000000000000/q";
    assert_eq!(post(queue, &[], "Action=SendMessage&Version=2012-11-05"), service(ServiceId::Sqs, Query));
    assert_eq!(
        post("localhost/", &target("AWSStepFunctions.StartExecution"), ""),
        Route::Absent("AWSStepFunctions".to_owned(), Json11)
    );
    for (name, wanted) in [
        ("s3", s3.clone()),
        ("sts", service(ServiceId::Sts, Query)),
        ("iam", service(ServiceId::Iam, Query)),
        ("cloudformation", service(ServiceId::CloudFormation, Query)),
        ("appsync", service(ServiceId::AppSync, RestJson)),
        ("cloudfront", service(ServiceId::CloudFront, RestXml)),
        ("lambda", service(ServiceId::Lambda, RestJson)),
        ("sqs", service(ServiceId::Sqs, Query)),
        ("sns", service(ServiceId::Sns, Query)),
        ("scheduler", service(ServiceId::Scheduler, RestJson)),
        ("es", service(ServiceId::OpenSearch, RestJson)),
        ("states", Route::Absent("states".to_owned(), RestJson)),
    ] {
        assert_eq!(post("localhost/x", &[("authorization", &signed(name))], ""), wanted, "{name}");
        let presigned = format!("localhost/x?X-Amz-Credential=test%2F20260101%2Fus-east-1%2F{name}%2Faws4_request");
        assert_eq!(get(&presigned, &[]), wanted, "presigned {name}");
    }
    assert_eq!(post("localhost/", &[], "Action=GetCallerIdentity&Version=2011-06-15"), service(ServiceId::Sts, Query));
    assert_eq!(post("localhost/", &[], "Action=ListRoles&Version=2010-05-08"), service(ServiceId::Iam, Query));
    assert_eq!(
        post("localhost/", &[], "Action=CreateCluster&Version=2012-12-01"),
        Route::Absent("CreateCluster of version 2012-12-01".to_owned(), Query)
    );
    assert_eq!(
        post("localhost/graphql/abc/graphql", &[("authorization", &signed("appsync"))], ""),
        Route::GraphQl("abc".to_owned())
    );
    assert_eq!(post("localhost/v1/apis/abc/graphql", &[], ""), Route::GraphQl("abc".to_owned()));
    assert_eq!(post("abc.appsync-api.us-east-1.amazonaws.com/graphql", &[], ""), Route::GraphQl("abc".to_owned()));
    assert_eq!(
        get("localhost/graphql/abc/graphql/realtime", &[("upgrade", "websocket")]),
        Route::Realtime("abc".to_owned())
    );
    assert_eq!(get("localhost/v1/apis", &[]), service(ServiceId::AppSync, RestJson));
    let document = Route::WellKnown { pool: "us-east-1_a".to_owned(), document: "jwks.json".to_owned() };
    assert_eq!(get("localhost/us-east-1_a/.well-known/jwks.json", &[]), document);
    assert_eq!(get("localhost/_ampup/health", &[]), Route::Health);
    assert_eq!(get("localhost/_ampup/api", &[]), Route::Studio);
    assert_eq!(get("localhost/_local/mailbox", &[]), Route::Studio);
    assert_eq!(get("localhost/_local/other", &[]), s3);
    assert_eq!(get("localhost:4700/", &[html]), Route::Studio);
    assert_eq!(get("localhost:4700/", &[]), s3);
    assert_eq!(get("bucket.localhost:4700/", &[html]), s3);
    assert_eq!(get("localhost/bucket/key", &[html]), s3);
    assert_eq!(get("E1.CloudFront.localhost:4700/_ampup/x", &[html]), site("e1.cloudfront.localhost"));
    assert_eq!(get("d1.cloudfront.net/", &[]), site("d1.cloudfront.net"));
    assert_eq!(get("www.example.com/", &[]), site("www.example.com"));
}

#[test]
fn strangers_are_told_apart() {
    let nobody = |_: &str| false;
    for ours in
        ["localhost:4700", "LOCALHOST", "a.b.localhost", "127.0.0.1:1", "[::1]:4700", "b.s3.us-east-1.amazonaws.com"]
    {
        assert!(host_is_ours(&host_name(ours), &nobody), "{ours}");
    }
    for theirs in [
        "",
        "evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "127.0.0.1.evil.example",
        "amazonaws.com.evil.example",
        "192.168.0.1",
        "d.cloudfront.net",
    ] {
        assert!(!host_is_ours(&host_name(theirs), &nobody), "{theirs}");
    }
    assert!(host_is_ours("www.example.com", &|host| host == "www.example.com"));
    for ours in ["http://localhost:3000", "https://app.localhost", "http://127.0.0.1:5173", "http://[::1]:3000"] {
        assert!(origin_is_ours(ours), "{ours}");
    }
    for theirs in [
        "null",
        "https://evil.example",
        "http://localhost.evil.example",
        "",
        "http://a.amazonaws.com",
        "https://evil.cloudfront.net",
    ] {
        assert!(!origin_is_ours(theirs), "{theirs}");
    }
}

fn config(state: Option<&std::path::Path>) -> CloudConfig {
    CloudConfig {
        port: 0,
        state: state.map(std::path::Path::to_path_buf),
        region: Region::default(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
        root_key: None,
        endpoints: ServiceEndpoints::default(),
    }
}

/// A request of a test, signed by an implementation of its own.
struct Call<'a> {
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: Vec<u8>,
}

impl<'a> Call<'a> {
    fn new(method: &'a str, path: &'a str, body: &[u8]) -> Self {
        Self { method, path, headers: Vec::new(), body: body.to_vec() }
    }

    fn with(mut self, name: &'a str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Signs host, payload hash, date and the headers of AWS so far, for paths and queries that are in canonical form already.
    fn sign(mut self, cloud: &RunningCloud, service: &str, key: (&str, &str, Option<&str>)) -> Self {
        let (access, secret, token) = key;
        let stamp = crate::base::clock::iso_ms(SystemClock.now_ms()).replace(['-', ':'], "");
        let date = format!("{}Z", stamp.split('.').next().unwrap());
        let hash = hex::encode(Sha256::digest(&self.body));
        let (path, query) = self.path.split_once('?').unwrap_or((self.path, ""));
        if let Some(token) = token {
            self.headers.push(("x-amz-security-token", token.to_owned()));
        }
        let mut signed =
            vec![("host", host(cloud)), ("x-amz-content-sha256", hash.clone()), ("x-amz-date", date.clone())];
        signed.extend(self.headers.iter().filter(|(name, _)| name.starts_with("x-amz-")).cloned());
        signed.sort();
        let canonical_headers: String = signed.iter().map(|(name, value)| [name, ":", value, "\n"].concat()).collect();
        let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let canonical = format!("{}\n{path}\n{query}\n{canonical_headers}\n{names}\n{hash}", self.method);
        let scope = format!("{}/us-east-1/{service}/aws4_request", &date[..8]);
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
        let mut signing = format!("AWS4{secret}").into_bytes();
        for part in scope.split('/') {
            signing = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &signing), part.as_bytes()).as_ref().to_vec();
        }
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &signing), text.as_bytes());
        let signature = hex::encode(signature);
        self.headers.push(("x-amz-content-sha256", hash));
        self.headers.push(("x-amz-date", date));
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}");
        self.headers.push(("authorization", authorization));
        self
    }

    async fn send(self, cloud: &RunningCloud) -> (u16, String, String) {
        let mut socket = tokio::net::TcpStream::connect(cloud.address).await.unwrap();
        let mut head = format!(
            "{} {} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.method,
            self.path,
            self.body.len()
        );
        if !self.headers.iter().any(|(name, _)| *name == "host") {
            write!(head, "host: {}\r\n", host(cloud)).unwrap();
        }
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        socket.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
        socket.write_all(&self.body).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
    }
}

fn host(cloud: &RunningCloud) -> String {
    format!("localhost:{}", cloud.address.port())
}

const ROOT: (&str, &str, Option<&str>) = ("test", "test", None);

#[tokio::test]
async fn health_strangers_and_preflights() {
    let cloud = Cloud::start(config(None)).await.unwrap();
    let (status, _, body) = Call::new("GET", "/_ampup/health", b"").send(&cloud).await;
    assert_eq!(status, 200);
    assert!(body.contains("\"ready\":true") && body.contains("us-east-1"), "{body}");
    assert_eq!(Call::new("GET", "/_ampup/health", b"").with("host", "evil.example").send(&cloud).await.0, 403);
    assert_eq!(Call::new("POST", "/", b"").with("origin", "https://evil.example").send(&cloud).await.0, 403);
    let preflight = Call::new("OPTIONS", "/", b"")
        .with("origin", "http://localhost:3000")
        .with("access-control-request-method", "POST")
        .with("access-control-request-headers", "x-amz-target,authorization");
    let (status, head, _) = preflight.send(&cloud).await;
    assert_eq!(status, 200);
    assert!(head.contains("access-control-allow-headers: x-amz-target,authorization"), "{head}");
    let target = "AWSStepFunctions.StartExecution";
    let (status, head, body) = Call::new("POST", "/", b"{}").with("x-amz-target", target).send(&cloud).await;
    assert_eq!(status, 501);
    assert!(head.contains("access-control-allow-origin: *") && body.contains("AWSStepFunctions"), "{head}{body}");
    cloud.stop().await.unwrap();
}

#[tokio::test]
async fn the_front_page_and_its_mailbox_are_for_no_other_page() {
    let cloud = Cloud::start(config(None)).await.unwrap();
    let own = format!("http://{}", host(&cloud));
    for path in ["/_ampup", "/_ampup/mailbox", "/_local/mailbox", "/_ampup/api/snapshot"] {
        for (origin, wanted) in [(None, 200), (Some(own.as_str()), 200), (Some("http://localhost:3000"), 403)] {
            let call = Call::new("GET", path, b"");
            let call = if let Some(origin) = origin { call.with("origin", origin) } else { call };
            let (status, head, _) = call.send(&cloud).await;
            assert_eq!(status, wanted, "{path} {origin:?}");
            assert!(!head.contains("access-control-"), "{path} {origin:?}\n{head}");
        }
        let preflight = Call::new("OPTIONS", path, b"")
            .with("origin", "http://localhost:3000")
            .with("access-control-request-method", "GET");
        let (status, head, _) = preflight.send(&cloud).await;
        assert!(status == 405 && !head.contains("access-control-"), "{path} {status}\n{head}");
    }
    cloud.stop().await.unwrap();
}

#[tokio::test]
async fn objects_over_the_wire() {
    let cloud = Cloud::start(config(None)).await.unwrap();
    let root = |call: Call<'static>| call.sign(&cloud, "s3", ROOT).send(&cloud);
    assert_eq!(root(Call::new("PUT", "/bucket", b"")).await.0, 200);
    let put = Call::new("PUT", "/bucket/a%20b", b"0123456789").with("content-type", "text/plain");
    assert_eq!(root(put.with("x-amz-meta-who", "me")).await.0, 200);
    let (status, head, body) = root(Call::new("GET", "/bucket/a%20b", b"").with("range", "bytes=2-4")).await;
    assert_eq!((status, body.as_str()), (206, "234"));
    assert!(head.contains("content-range: bytes 2-4/10") && head.contains("x-amz-meta-who: me"), "{head}");
    let etag = "\"781e5e245d69b566979b86e28d23f2c7\"";
    assert_eq!(root(Call::new("GET", "/bucket/a%20b", b"").with("if-none-match", etag)).await.0, 304);
    let (status, head, body) = root(Call::new("HEAD", "/bucket/a%20b", b"")).await;
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("content-length: 10"), "{head}");
    assert!(root(Call::new("GET", "/bucket?list-type=2", b"")).await.2.contains("<Key>a b</Key>"));
    assert!(root(Call::new("GET", "/bucket/no", b"")).await.2.contains("<Code>NoSuchKey</Code>"));
    assert!(root(Call::new("DELETE", "/bucket", b"")).await.2.contains("<Code>BucketNotEmpty</Code>"));
    let wrong = Call::new("PUT", "/bucket/c", b"abc").with("x-amz-checksum-crc32", "AAAAAA==");
    assert!(root(wrong).await.2.contains("<Code>BadDigest</Code>"));
    assert_eq!(root(Call::new("DELETE", "/bucket/a%20b", b"")).await.0, 204);
    assert_eq!(root(Call::new("DELETE", "/bucket", b"")).await.0, 204);
    cloud.stop().await.unwrap();
}

#[tokio::test]
async fn signatures_are_required_and_checked() {
    let cloud = Cloud::start(config(None)).await.unwrap();
    let (status, _, body) = Call::new("GET", "/", b"").send(&cloud).await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>AccessDenied</Code>"), "{body}");
    let forged = Call::new("PUT", "/bucket", b"").sign(&cloud, "s3", ("test", "wrong", None)).send(&cloud).await;
    assert_eq!(forged.0, 403);
    assert!(forged.2.contains("<Code>SignatureDoesNotMatch</Code>"), "{}", forged.2);
    let mut moved = Call::new("PUT", "/bucket", b"").sign(&cloud, "s3", ROOT);
    moved.path = "/other";
    assert!(moved.send(&cloud).await.2.contains("<Code>SignatureDoesNotMatch</Code>"));
    let unknown = Call::new("GET", "/", b"").sign(&cloud, "s3", ("AKIAUNKNOWN", "x", None)).send(&cloud).await;
    assert!(unknown.2.contains("<Code>InvalidAccessKeyId</Code>"), "{}", unknown.2);
    let stranger =
        Call::new("POST", "/graphql/blog/graphql", b"{}").sign(&cloud, "appsync", ("AKIAUNKNOWN", "x", None));
    let (status, head, body) = stranger.send(&cloud).await;
    assert_eq!(status, 403);
    assert!(head.contains("x-amzn-errortype: UnrecognizedClientException"), "{head}");
    assert!(body.starts_with("{\"errors\":[{\"errorType\":\"UnrecognizedClientException\""), "{body}");
    let form = b"Action=ListRoles&Version=2010-05-08";
    let unsigned = Call::new("POST", "/", form).with("content-type", "application/x-www-form-urlencoded");
    let (status, _, body) = unsigned.send(&cloud).await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>MissingAuthenticationToken</Code>"), "{body}");
    cloud.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_ends_early_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(config(Some(folder.path()))).await.unwrap();
    assert_eq!(Call::new("PUT", "/bucket", b"").sign(&cloud, "s3", ROOT).send(&cloud).await.0, 200);
    let whole = Call::new("PUT", "/bucket/key", &vec![b'x'; 100_000]).sign(&cloud, "s3", ROOT);
    let mut head = format!("PUT /bucket/key HTTP/1.1\r\nhost: {}\r\ncontent-length: 100000\r\n", host(&cloud));
    for (name, value) in &whole.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    // The client waits to be asked for the body, and then goes away in the middle of it.
    let mut socket = tokio::net::TcpStream::connect(cloud.address).await.unwrap();
    socket.write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
    let mut asked = [0; 12];
    socket.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");
    socket.write_all(&vec![b'x'; 50_000]).await.unwrap();
    socket.flush().await.unwrap();
    drop(socket);
    for _ in 0..500 {
        let left = std::fs::read_dir(folder.path().join("s3")).map_or(0, Iterator::count);
        if left == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(std::fs::read_dir(folder.path().join("s3")).map_or(0, Iterator::count), 0);
    assert_eq!(Call::new("GET", "/bucket/key", b"").sign(&cloud, "s3", ROOT).send(&cloud).await.0, 404);
    // Whoever may not write is told so before the body is asked for.
    let mut socket = tokio::net::TcpStream::connect(cloud.address).await.unwrap();
    let head = head.replace("/key", "/other");
    socket.write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
    socket.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 403");
    let late = Call::new("PUT", "/bucket/key", b"x").with("x-amz-meta-a", "b").sign(&cloud, "s3", ROOT);
    let (status, _, body) = late.with("x-amz-meta-c", "d").send(&cloud).await;
    assert_eq!(status, 403);
    assert!(body.contains("<HeadersNotSigned>x-amz-meta-c</HeadersNotSigned>"), "{body}");
    cloud.stop().await.unwrap();
}

#[tokio::test]
async fn a_receiver_that_is_gone_hides_no_message() {
    let cloud = Cloud::start(config(None)).await.unwrap();
    let sqs = |body: &'static str| Call::new("POST", "/", body.as_bytes());
    let made = sqs("Action=CreateQueue&QueueName=q").with("content-type", "application/x-www-form-urlencoded");
    assert_eq!(made.sign(&cloud, "sqs", ROOT).send(&cloud).await.0, 200);
    let ask = |body: &'static str| {
        Call::new("POST", "/000000000000/q", body.as_bytes())
            .with("content-type", "application/x-www-form-urlencoded")
            .sign(&cloud, "sqs", ROOT)
    };
    let waiting = ask("Action=ReceiveMessage&WaitTimeSeconds=20");
    let mut head = format!("POST {} HTTP/1.1\r\nhost: {}\r\n", waiting.path, host(&cloud));
    for (name, value) in &waiting.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(head, "content-length: {}\r\n\r\n", waiting.body.len()).unwrap();
    let mut socket = tokio::net::TcpStream::connect(cloud.address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&waiting.body).await.unwrap();
    // It is answered by nothing before its time, so it waits.
    let mut byte = [0];
    let answered = tokio::time::timeout(std::time::Duration::from_millis(300), socket.read(&mut byte)).await;
    assert!(answered.is_err(), "the receiver was answered");
    drop(socket);
    // The end of the connection is on its way.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(ask("Action=SendMessage&MessageBody=hello").send(&cloud).await.0, 200);
    let (_, _, body) = ask("Action=ReceiveMessage&WaitTimeSeconds=1").send(&cloud).await;
    assert!(body.contains("<Body>hello</Body>"), "{body}");
    cloud.stop().await.unwrap();
}

/// The text of an element in an answer.
fn inside<'a>(text: &'a str, name: &str) -> &'a str {
    let after = text.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {text}")).1;
    after.split_once('<').unwrap().0
}

#[tokio::test]
async fn a_role_is_taken_and_bounded() {
    let cloud = Cloud::start(config(None)).await.unwrap();
    let form = |body: String, service: &'static str, key| {
        let call = Call::new("POST", "/", body.as_bytes()).with("content-type", "application/x-www-form-urlencoded");
        call.sign(&cloud, service, key)
    };
    let encode = crate::cloud::protocol::percent::encode;
    let trust =
        encode(r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole"}}"#);
    let create = format!("Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument={trust}");
    assert_eq!(form(create, "iam", ROOT).send(&cloud).await.0, 200);
    let policy =
        encode(r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/open/*"}}"#);
    let put = format!("Action=PutRolePolicy&Version=2010-05-08&RoleName=r&PolicyName=p&PolicyDocument={policy}");
    assert_eq!(form(put, "iam", ROOT).send(&cloud).await.0, 200);
    for (method, path) in [("PUT", "/bucket"), ("PUT", "/bucket/open/a"), ("PUT", "/bucket/shut/a")] {
        assert_eq!(Call::new(method, path, b"").sign(&cloud, "s3", ROOT).send(&cloud).await.0, 200);
    }
    let assume =
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fr";
    let (status, _, body) = form(assume.to_owned(), "sts", ROOT).send(&cloud).await;
    assert_eq!(status, 200, "{body}");
    let (access, secret) = (inside(&body, "AccessKeyId"), inside(&body, "SecretAccessKey"));
    let key = (access, secret, Some(inside(&body, "SessionToken")));
    let who = form("Action=GetCallerIdentity&Version=2011-06-15".to_owned(), "sts", key).send(&cloud).await;
    assert_eq!(inside(&who.2, "Arn"), "arn:aws:sts::000000000000:assumed-role/r/me");
    let get = |path: &'static str| Call::new("GET", path, b"").sign(&cloud, "s3", key);
    assert_eq!(get("/bucket/open/a").send(&cloud).await.0, 200);
    assert_eq!(get("/bucket/shut/a").send(&cloud).await.0, 403);
    // Without the right to list, a missing object looks like a forbidden one.
    assert_eq!(get("/bucket/open/none").send(&cloud).await.0, 403);
    let stolen = Call::new("GET", "/bucket/open/a", b"").sign(&cloud, "s3", (access, secret, Some("other")));
    assert_eq!(stolen.send(&cloud).await.0, 403);
    let lists = form("Action=ListRoles&Version=2010-05-08".to_owned(), "iam", key).send(&cloud).await;
    assert_eq!(lists.0, 403);
    assert!(lists.2.contains("is not authorized to perform: iam:ListRoles"), "{}", lists.2);
    cloud.stop().await.unwrap();
}

#[tokio::test]
async fn state_survives_and_is_held_by_one_cloud() {
    let folder = tempfile::tempdir().unwrap();
    let first = Cloud::start(config(Some(folder.path()))).await.unwrap();
    for path in ["/bucket", "/bucket/key"] {
        assert_eq!(Call::new("PUT", path, b"").sign(&first, "s3", ROOT).send(&first).await.0, 200);
    }
    let locked = Cloud::start(config(Some(folder.path()))).await.unwrap_err();
    assert!(matches!(locked, CloudError::Locked { .. }) && locked.code() == Code::AMP0604, "{locked}");
    let taken = Cloud::start(CloudConfig { port: first.address.port(), ..config(None) }).await.unwrap_err();
    assert_eq!(taken.code(), Code::AMP0601);
    assert!(taken.hints().iter().any(|hint| hint.0.contains("--port")));
    first.stop().await.unwrap();
    // What a kill would leave: a file without a row.
    std::fs::write(folder.path().join("s3/half.part"), b"x").unwrap();
    let second = Cloud::start(config(Some(folder.path()))).await.unwrap();
    assert_eq!(Call::new("GET", "/bucket/key", b"").sign(&second, "s3", ROOT).send(&second).await.0, 200);
    assert!(!folder.path().join("s3/half.part").exists());
    second.stop().await.unwrap();
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let cloud = Cloud::start(config(None)).await.unwrap();
    let body = vec![b' '; super::server::BODY_LIMIT_BYTES + 1];
    let mut socket = tokio::net::TcpStream::connect(cloud.address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: DynamoDB_20120810.PutItem\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = socket.into_split();
    // The cloud answers before it has read all; what it does not take any more is no matter here.
    let sender = tokio::spawn(async move {
        let _ = writing.write_all(&body).await;
        writing
    });
    let mut answer = [0; 12];
    reading.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    // Until here the connection was open in both directions.
    drop(sender.await.unwrap());
}
