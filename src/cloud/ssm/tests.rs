//! Parameters put, read, sealed, listed by path and made by stacks.

use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::Ssm;
use crate::base::{FixedClock, RandomIds, Region};
use crate::cloud::feed::Feed;
use crate::cloud::service::{
    Access, ApiCall, ApiError, CallContext, Caller, ReplyBody, ResourceRequest, Service as _, Shared,
};
use crate::cloud::store::Store as _;
use crate::cloud::store::memory::MemoryStore;

struct World {
    ssm: Arc<Ssm>,
    store: Arc<MemoryStore>,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(MemoryStore::default());
        let shared = Arc::new(Shared {
            store: Arc::clone(&store) as Arc<dyn crate::cloud::store::Store>,
            clock: Arc::new(FixedClock::at(1_767_225_600_500)),
            ids: Arc::new(RandomIds::default()),
            region: Region::default(),
            account: "000000000000",
            folder: folder.path().to_owned(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside: crate::base::ServiceEndpoints::default(),
        });
        Self { ssm: Arc::new(Ssm::new(shared)), store, folder }
    }

    async fn call(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        match self.ssm.call(&CallContext { caller: Caller::Root }, call(action, input)).await?.body {
            ReplyBody::Json(value) => Ok(value),
            other => panic!("{other:?}"),
        }
    }

    async fn put(&self, name: &str, kind: &str, value: &str) {
        self.call("PutParameter", json!({"Name": name, "Type": kind, "Value": value})).await.unwrap();
    }
}

fn call(action: &str, input: Value) -> ApiCall {
    ApiCall {
        action: action.to_owned(),
        method: Method::POST,
        path: "/".to_owned(),
        query: Vec::new(),
        headers: HeaderMap::new(),
        input,
        body: Vec::new().into(),
    }
}

#[tokio::test]
async fn parameters_have_versions_and_are_read_by_name_and_arn() {
    let world = World::new();
    world.put("/app/url", "String", "one").await;
    let again = world.call("PutParameter", json!({"Name": "/app/url", "Value": "two"})).await.unwrap_err();
    assert_eq!(again.code, "ParameterAlreadyExists");
    let put = world.call("PutParameter", json!({"Name": "/app/url", "Value": "two", "Overwrite": true})).await.unwrap();
    assert_eq!(put, json!({"Version": 2, "Tier": "Standard"}));
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/app/url";
    for (name, value) in [("/app/url", "two"), ("/app/url:1", "one"), (arn, "two")] {
        let read = world.call("GetParameter", json!({"Name": name})).await.unwrap();
        assert_eq!((&read["Parameter"]["Value"], &read["Parameter"]["ARN"]), (&json!(value), &json!(arn)), "{name}");
        assert_eq!(read["Parameter"]["LastModifiedDate"], 1_767_225_600.5);
    }
    let some = world.call("GetParameters", json!({"Names": ["/app/url", "/none"]})).await.unwrap();
    assert_eq!((some["Parameters"].as_array().unwrap().len(), &some["InvalidParameters"]), (1, &json!(["/none"])));
    let history = world.call("GetParameterHistory", json!({"Name": "/app/url"})).await.unwrap();
    assert_eq!(history["Parameters"].as_array().unwrap().len(), 2);
    for (input, code) in
        [(json!({"Name": "/none"}), "ParameterNotFound"), (json!({"Name": "/app/url:9"}), "ParameterVersionNotFound")]
    {
        assert_eq!(world.call("GetParameter", input).await.unwrap_err().code, code);
    }
    world.call("DeleteParameter", json!({"Name": "/app/url"})).await.unwrap();
    assert_eq!(world.call("DeleteParameter", json!({"Name": "/app/url"})).await.unwrap_err().code, "ParameterNotFound");
}

#[tokio::test]
async fn secure_strings_are_sealed_on_the_disk() {
    let world = World::new();
    world.put("/app/key", "SecureString", "top secret").await;
    let closed = world.call("GetParameter", json!({"Name": "/app/key"})).await.unwrap();
    assert_ne!(closed["Parameter"]["Value"], "top secret");
    let open = world.call("GetParameter", json!({"Name": "/app/key", "WithDecryption": true})).await.unwrap();
    assert_eq!(open["Parameter"]["Value"], "top secret");
    let rows = world.store.range("ssm.parameter", b"");
    assert_eq!(rows.len(), 1);
    assert!(!String::from_utf8_lossy(&rows[0].1).contains("top secret"));
    let key = world.folder.path().join("secrets.key");
    assert_eq!(std::fs::read(&key).unwrap().len(), 32);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.metadata().unwrap().permissions()) & 0o77, 0);
    world.call("PutParameter", json!({"Name": "/app/key", "Value": "new", "Overwrite": true})).await.unwrap();
    let open = world.call("GetParameter", json!({"Name": "/app/key", "WithDecryption": true})).await.unwrap();
    assert_eq!((&open["Parameter"]["Value"], &open["Parameter"]["Type"]), (&json!("new"), &json!("SecureString")));
}

#[tokio::test]
async fn paths_are_listed_a_page_at_a_time() {
    let world = World::new();
    for name in ["/app/a", "/app/b", "/app/deep/c", "/apple", "plain"] {
        world.put(name, "String", name).await;
    }
    let names = |answer: &Value| -> Vec<String> {
        let list = answer["Parameters"].as_array().unwrap().iter();
        list.map(|parameter| parameter["Name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&world.call("GetParametersByPath", json!({"Path": "/app"})).await.unwrap()), ["/app/a", "/app/b"]);
    let all = json!({"Path": "/app/", "Recursive": true, "MaxResults": 2});
    let first = world.call("GetParametersByPath", all.clone()).await.unwrap();
    assert_eq!(names(&first), ["/app/a", "/app/b"]);
    let mut rest = all;
    rest["NextToken"] = first["NextToken"].clone();
    let rest = world.call("GetParametersByPath", rest).await.unwrap();
    assert_eq!((names(&rest), &rest["NextToken"]), (vec!["/app/deep/c".to_owned()], &Value::Null));
    let filter = json!({"ParameterFilters": [{"Key": "Name", "Option": "BeginsWith", "Values": ["/app"]}]});
    assert_eq!(world.call("DescribeParameters", filter).await.unwrap()["Parameters"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn bad_parameters_are_refused() {
    let world = World::new();
    for (input, code) in [
        (json!({"Name": "a b", "Type": "String", "Value": "x"}), "ValidationException"),
        (json!({"Name": "a/b", "Type": "String", "Value": "x"}), "ValidationException"),
        (json!({"Name": "/aws/x", "Type": "String", "Value": "x"}), "ValidationException"),
        (json!({"Name": "/a", "Value": "x"}), "ValidationException"),
        (json!({"Name": "/a", "Type": "Number", "Value": "x"}), "ValidationException"),
        (json!({"Name": "/a", "Type": "String", "Value": ""}), "ValidationException"),
        (json!({"Name": "/a", "Type": "String", "Value": "x".repeat(4097)}), "ValidationException"),
        (
            json!({"Name": "/a", "Type": "String", "Value": "x", "AllowedPattern": "[0-9]+"}),
            "ParameterPatternMismatchException",
        ),
        (
            json!({"Name": "/a", "Type": "String", "Value": "x", "AllowedPattern": "["}),
            "InvalidAllowedPatternException",
        ),
    ] {
        assert_eq!(world.call("PutParameter", input.clone()).await.unwrap_err().code, code, "{input}");
    }
    let advanced = json!({"Name": "/a", "Type": "String", "Value": "x".repeat(4097), "Tier": "Intelligent-Tiering"});
    assert_eq!(world.call("PutParameter", advanced).await.unwrap()["Tier"], "Advanced");
    assert_eq!(world.call("SendCommand", json!({})).await.unwrap_err().code, "NotImplemented");
}

#[tokio::test]
async fn callers_need_each_parameter_that_they_name() {
    let world = World::new();
    let context = CallContext { caller: Caller::Anonymous };
    let arn = |name: &str| format!("arn:aws:ssm:us-east-1:000000000000:parameter/{name}");
    for (action, input, wanted) in [
        ("GetParameter", json!({"Name": "/a/b:3"}), vec![arn("a/b")]),
        ("GetParameters", json!({"Names": ["a", "/c/d"]}), vec![arn("a"), arn("c/d")]),
        ("GetParametersByPath", json!({"Path": "/a/"}), vec![arn("a")]),
        ("DescribeParameters", json!({}), vec!["*".to_owned()]),
    ] {
        let Access::Requires(needed) = world.ssm.access(&context, &call(action, input)) else { panic!("{action}") };
        let resources: Vec<String> = needed.into_iter().map(|permission| permission.resource).collect();
        assert_eq!(resources, wanted, "{action}");
    }
}

#[tokio::test]
async fn stacks_make_parameters_but_no_secure_strings() {
    let world = World::new();
    let handler = Arc::clone(&world.ssm).resources().remove(0);
    let request = |properties: Value| ResourceRequest {
        stack_name: "s".to_owned(),
        logical_id: "Url".to_owned(),
        properties,
        previous: None,
        tags: vec![("stack".to_owned(), "s".to_owned())],
    };
    let made = handler.create(&request(json!({"Type": "String", "Value": "1"}))).await.unwrap();
    assert!(made.physical_id.starts_with("CFN-Url-"), "{made:?}");
    let updated = handler.update(&made, &request(json!({"Type": "String", "Value": "2"}))).await.unwrap();
    assert_eq!((&updated.physical_id, &updated.attributes["Value"]), (&made.physical_id, &json!("2")));
    let tags = world.call("ListTagsForResource", json!({"ResourceType": "Parameter", "ResourceId": made.physical_id}));
    assert_eq!(tags.await.unwrap(), json!({"TagList": [{"Key": "stack", "Value": "s"}]}));
    assert!(handler.create(&request(json!({"Type": "SecureString", "Value": "x"}))).await.is_err());
    for _ in 0..2 {
        handler.delete(&made, &request(json!({}))).await.unwrap();
    }
}
