use std::sync::Arc;

use http::{HeaderMap, HeaderName, Method};
use serde_json::Value;

use super::answer;
use crate::base::{FixedClock, Region, SequenceIds};
use crate::cloud::feed::{Feed, Happening};
use crate::cloud::service::{ApiCall, ApiReply, ReplyBody, Shared};
use crate::cloud::services::Services;
use crate::cloud::store::memory::MemoryStore;

fn services(folder: &tempfile::TempDir) -> Services {
    let shared = Arc::new(Shared {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(FixedClock::at(1_700_000_000_000)),
        ids: Arc::new(SequenceIds::default()),
        region: Region::default(),
        account: "000000000000",
        folder: folder.path().to_owned(),
        endpoint: "http://localhost:4700".to_owned(),
        feed: Feed::default(),
        outside: crate::base::ServiceEndpoints::default(),
    });
    Services::open(shared, None).unwrap_or_else(|error| panic!("{error}"))
}

async fn ask(services: &Services, method: Method, path: &str, headers: &[(&'static str, &str)]) -> ApiReply {
    let mut map = HeaderMap::new();
    map.insert("host", "localhost:4700".parse().unwrap());
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    let call = ApiCall {
        action: String::new(),
        method,
        path: path.to_owned(),
        query: Vec::new(),
        headers: map,
        input: Value::Null,
        body: axum::body::Bytes::new(),
    };
    answer(services, &call).await
}

fn text(reply: &ApiReply) -> String {
    match &reply.body {
        ReplyBody::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pages_and_facts_are_served_with_a_strict_policy() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(&folder);
    for (path, status, kind) in [
        ("/", 200, "text/html; charset=utf-8"),
        ("/_ampup", 200, "text/html; charset=utf-8"),
        ("/_ampup/", 200, "text/html; charset=utf-8"),
        ("/_ampup/app.js", 200, "text/javascript; charset=utf-8"),
        ("/_ampup/style.css", 200, "text/css; charset=utf-8"),
        ("/_ampup/api/snapshot", 200, "application/json"),
        ("/_ampup/mailbox", 200, "application/json"),
        ("/_local/mailbox", 200, "application/json"),
        ("/_ampup/nothing", 404, "text/plain; charset=utf-8"),
    ] {
        let reply = ask(&services, Method::GET, path, &[]).await;
        let header = |name: &str| reply.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        assert_eq!((reply.status, header("content-type").as_deref()), (status, Some(kind)), "{path}");
        let policy = header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(header("access-control-allow-origin").is_none(), "{path}");
    }
    assert_eq!(ask(&services, Method::POST, "/_ampup", &[]).await.status, 405);
}

#[tokio::test]
async fn pages_of_other_origins_read_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(&folder);
    for (headers, status) in [
        (&[("origin", "https://evil.example")][..], 403),
        (&[("origin", "http://localhost:3000")][..], 403),
        (&[("origin", "null")][..], 403),
        (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")][..], 403),
        (&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")][..], 403),
        (&[("origin", "http://localhost:4700")][..], 200),
        (&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")][..], 200),
        (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")][..], 200),
        (&[][..], 200),
    ] {
        for path in ["/_ampup/mailbox", "/_local/mailbox", "/_ampup/api/snapshot"] {
            assert_eq!(ask(&services, Method::GET, path, headers).await.status, status, "{path} {headers:?}");
        }
    }
}

#[tokio::test]
async fn the_snapshot_tells_where_what_and_when() {
    let folder = tempfile::tempdir().unwrap();
    let services = services(&folder);
    for status in ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"] {
        let (stack, status) = ("<b>s</b>".to_owned(), status.to_owned());
        services.shared.feed.publish(Happening::Stack { at_ms: 1, stack, status });
    }
    let reply = ask(&services, Method::GET, "/_ampup/api/snapshot", &[]).await;
    let snapshot: Value = serde_json::from_str(&text(&reply)).unwrap();
    assert_eq!(snapshot["endpoint"], "http://localhost:4700");
    assert_eq!(snapshot["happenings"][0]["status"], "CREATE_COMPLETE", "newest first");
    assert_eq!(snapshot["services"]["cloudformation"]["rows"], serde_json::json!([]));
}

#[test]
fn the_page_has_nothing_inline_nothing_foreign_and_writes_text_only() {
    let (page, script, style) =
        (include_str!("assets/index.html"), include_str!("assets/app.js"), include_str!("assets/style.css"));
    assert!(!page.contains("style=") && !page.contains("<style") && !page.contains(" on"), "inline style or handler");
    assert_eq!(page.matches("<script").count(), page.matches("<script src=\"/_ampup/").count());
    for asset in [page, style] {
        assert!(!asset.contains("http:") && !asset.contains("https:") && !asset.contains("url("), "foreign resource");
    }
    for door in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"] {
        assert!(!script.contains(door), "{door}");
    }
    // Every part that the script fills is on the page.
    for part in script.split("fill(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
    {
        assert!(page.contains(&format!("id=\"{part}\"")), "{part}");
    }
}
