//! Domains: who is let in, what is handed on, and what is refused without an engine.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::OpenSearch;
use crate::base::clock::FixedClock;
use crate::base::ids::SequenceIds;
use crate::base::{Endpoint, Region, ServiceEndpoints};
use crate::cloud::config::ACCOUNT_ID;
use crate::cloud::feed::Feed;
use crate::cloud::iam::Iam;
use crate::cloud::service::{
    ApiCall, CallContext, Caller, ReplyBody, ResourceHandler, ResourceRequest, RoleSession, Service, Shared,
};
use crate::cloud::store::memory::MemoryStore;

/// An engine that answers with what it was asked.
fn engine() -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).unwrap();
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            let told = json!({ "head": head, "body": String::from_utf8_lossy(&body) }).to_string();
            let head = "HTTP/1.1 201 x\r\ncontent-type: application/json\r\nx-other: 1\r\nconnection: close";
            stream.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{told}", told.len()).as_bytes()).unwrap();
        }
    });
    Endpoint::new(address).unwrap()
}

fn service(opensearch: Option<Endpoint>) -> (Arc<OpenSearch>, Box<dyn ResourceHandler>) {
    let shared = Arc::new(Shared {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(FixedClock::at(1_767_323_045_678)),
        ids: Arc::new(SequenceIds::default()),
        region: "us-east-1".parse::<Region>().unwrap(),
        account: ACCOUNT_ID,
        folder: std::env::temp_dir(),
        endpoint: "http://localhost:4700".to_owned(),
        feed: Feed::default(),
        outside: ServiceEndpoints { opensearch, ..ServiceEndpoints::default() },
    });
    let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
    let service = Arc::new(OpenSearch::new(shared, iam));
    let handler = Arc::clone(&service).resources().remove(0);
    (service, handler)
}

fn domain(properties: Value) -> ResourceRequest {
    ResourceRequest {
        stack_name: "Shop".to_owned(),
        logical_id: "SearchDomain".to_owned(),
        properties,
        previous: None,
        tags: Vec::new(),
    }
}

fn role(name: &str) -> Caller {
    Caller::Role(RoleSession {
        role_arn: format!("arn:aws:iam::{ACCOUNT_ID}:role/{name}"),
        session_name: "s".to_owned(),
        access_key: "ASIA".to_owned(),
        context: std::collections::BTreeMap::new(),
    })
}

async fn send(service: &OpenSearch, caller: Caller, method: Method, path: &str) -> Result<Value, (u16, String)> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/x-ndjson".parse().unwrap());
    headers.insert("authorization", "AWS4-HMAC-SHA256 secret".parse().unwrap());
    let call = ApiCall {
        action: String::new(),
        method,
        path: path.to_owned(),
        query: vec![("q".to_owned(), "a b".to_owned())],
        headers,
        input: Value::Null,
        body: Bytes::from("{}"),
    };
    let reply = service.call(&CallContext { caller }, call).await.map_err(|error| (error.status, error.message))?;
    let ReplyBody::Bytes(bytes) = reply.body else { panic!("no bytes") };
    assert_eq!((reply.status, reply.headers.len()), (201, 1), "{:?}", reply.headers);
    Ok(serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn whom_the_policy_of_a_domain_lets_in_reaches_the_engine() {
    let (service, handler) = service(Some(engine()));
    let nothing = send(&service, role("reader"), Method::GET, "/post/_search").await.unwrap_err();
    assert_eq!(nothing.0, 404, "{nothing:?}");
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT_ID}:role/reader") },
        "Action": "es:ESHttpGet", "Resource": format!("arn:aws:es:us-east-1:{ACCOUNT_ID}:domain/*/post/_search"),
    }] });
    let made = handler.create(&domain(json!({ "AccessPolicies": policy, "EngineVersion": "OpenSearch_2.19" }))).await;
    let made = made.unwrap();
    let name = &made.physical_id;
    assert!(name.len() <= 28 && name.starts_with("shop-searchdoma-"), "{name}");
    assert_eq!(made.attributes["DomainEndpoint"], "localhost:4700");
    assert_eq!(made.attributes["Arn"], format!("arn:aws:es:us-east-1:{ACCOUNT_ID}:domain/{name}"));
    let told = send(&service, role("reader"), Method::GET, "/post/_search").await.unwrap();
    let head = told["head"].as_str().unwrap();
    assert!(head.starts_with("GET /post/_search?q=a%20b HTTP/1.1"), "{head}");
    assert!(head.contains("content-type: application/x-ndjson") && !head.contains("secret"), "{head}");
    assert_eq!(told["body"], "{}");
    for (caller, method, path) in [
        (role("reader"), Method::POST, "/post/_search"),
        (role("reader"), Method::GET, "/other/_search"),
        (role("writer"), Method::GET, "/post/_search"),
    ] {
        let refused = send(&service, caller, method, path).await.unwrap_err();
        assert_eq!(refused.0, 403, "{refused:?}");
    }
    let control = send(&service, Caller::Root, Method::GET, "/2021-01-01/domain").await.unwrap_err();
    assert_eq!(control.0, 501, "{control:?}");
    handler.delete(&made, &domain(json!({}))).await.unwrap();
    assert_eq!(send(&service, role("reader"), Method::GET, "/post/_search").await.unwrap_err().0, 404);
}

#[tokio::test]
async fn without_an_engine_there_is_no_domain_and_no_answer() {
    let (service, handler) = service(None);
    let words = "AWS_ENDPOINT_URL_OPENSEARCH=http";
    assert!(handler.absence().is_some_and(|reason| reason.contains(words)));
    let refused = handler.create(&domain(json!({}))).await.unwrap_err();
    assert!(refused.0.contains(words), "{refused}");
    let (status, message) = send(&service, Caller::Root, Method::GET, "/x").await.unwrap_err();
    assert!(status == 501 && message.contains(words), "{message}");
}
