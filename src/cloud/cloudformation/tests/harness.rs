//! A CloudFormation over a make-believe resource type, whose world can be looked at.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Method};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::base::{BoxFuture, FixedClock, Region, SequenceIds};
use crate::cloud::cloudformation::CloudFormation;
use crate::cloud::cloudformation::dynamic::{Stored, Values};
use crate::cloud::feed::Feed;
use crate::cloud::iam::Iam;
use crate::cloud::s3::S3;
use crate::cloud::service::{
    ApiCall, ApiError, CallContext, Caller, Provisioned, ReplyBody, ResourceError, ResourceHandler, ResourceRequest,
    Service, Shared,
};
use crate::cloud::store::Store;
use crate::cloud::store::memory::MemoryStore;

/// What exists, by physical id: the properties.
type World = Arc<Mutex<BTreeMap<String, Value>>>;

/// A type of resource that does what its properties say.
struct Fake {
    kind: &'static str,
    world: World,
    gate: Arc<Semaphore>,
    shared: Arc<Shared>,
}

impl Fake {
    async fn obey(&self, request: &ResourceRequest, fail: &str) -> Result<(), ResourceError> {
        if request.flag("Wait") == Some(true) {
            self.gate.acquire().await.expect("never closed").forget();
        }
        assert!(request.flag("Panic") != Some(true), "as the properties say");
        match request.text(fail) {
            Some(reason) => Err(ResourceError(reason)),
            None => Ok(()),
        }
    }

    fn provisioned(&self, physical_id: &str, properties: &Value) -> Provisioned {
        self.world.lock().unwrap().insert(physical_id.to_owned(), properties.clone());
        let value = properties.get("Value").cloned().unwrap_or(Value::Null);
        let attributes = [("Arn".to_owned(), json!(format!("arn:{physical_id}"))), ("Value".to_owned(), value)];
        Provisioned { physical_id: physical_id.to_owned(), attributes: attributes.into() }
    }
}

impl ResourceHandler for Fake {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "Name",
            "Value",
            "Fixed",
            "Needs",
            "Wait",
            "Panic",
            "FailCreate",
            "FailUpdate",
            "FailDelete",
            "Tags",
            "RoleName",
        ]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Fixed", "Name"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "Value"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.obey(request, "FailCreate").await?;
            let name = request.text("Name").unwrap_or_else(|| request.generated_name(&*self.shared.ids, 60));
            if self.world.lock().unwrap().contains_key(&name) {
                return Err(ResourceError(format!("{name} already exists")));
            }
            Ok(self.provisioned(&name, &request.properties))
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.obey(request, "FailUpdate").await?;
            Ok(self.provisioned(&current.physical_id, &request.properties))
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            if let Some(reason) = request.text("FailDelete") {
                return Err(ResourceError(reason));
            }
            self.world.lock().unwrap().remove(&current.physical_id);
            Ok(())
        })
    }
}

/// Values that are always there: `/plain` in two versions, `/list`, `/sealed`, the secret `db`.
struct Known;

impl Values for Known {
    fn parameter(&self, name: &str, version: Option<u64>) -> Option<Stored> {
        let (kind, value) = match (name, version) {
            ("/plain", None | Some(2)) => ("String", "new"),
            ("/plain", Some(1)) => ("String", "old"),
            ("/list", None) => ("StringList", "a, b"),
            ("/sealed", None) => ("SecureString", "x"),
            _ => return None,
        };
        Some(Stored { kind: kind.to_owned(), value: value.to_owned() })
    }

    fn secret(&self, id: &str, stage: Option<&str>, _: Option<&str>) -> Result<String, ApiError> {
        match (id, stage) {
            ("db" | "arn:aws:secretsmanager:us-east-1:000000000000:secret:db-Ab1", None | Some("AWSCURRENT")) => {
                Ok(r#"{"user":"lovelace","port":5432}"#.to_owned())
            }
            ("text", None) => Ok("plain text".to_owned()),
            _ => Err(ApiError::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")),
        }
    }
}

/// A small cloud: CloudFormation, a bucket for templates, two make-believe types.
pub(super) struct Little {
    pub cloudformation: CloudFormation,
    pub s3: Arc<S3>,
    pub world: World,
    pub gate: Arc<Semaphore>,
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    folder: Arc<tempfile::TempDir>,
}

impl Little {
    pub(super) fn new() -> Self {
        Self::open(Arc::new(MemoryStore::default()), World::default(), Arc::new(tempfile::tempdir().unwrap()))
    }

    /// The same state in a new process.
    pub(super) fn reopened(&self) -> Self {
        Self::open(Arc::clone(&self.store), Arc::clone(&self.world), Arc::clone(&self.folder))
    }

    fn open(store: Arc<dyn Store>, world: World, folder: Arc<tempfile::TempDir>) -> Self {
        let shared = Arc::new(Shared {
            store: Arc::clone(&store),
            clock: Arc::new(FixedClock::at(1_700_000_000_000)),
            ids: Arc::new(SequenceIds::default()),
            region: Region::default(),
            account: "000000000000",
            folder: folder.path().to_owned(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside: crate::base::ServiceEndpoints::default(),
        });
        let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
        let s3 = Arc::new(S3::new(Arc::clone(&shared), iam));
        let gate = Arc::new(Semaphore::new(0));
        let fake = |kind| -> Box<dyn ResourceHandler> {
            Box::new(Fake { kind, world: Arc::clone(&world), gate: Arc::clone(&gate), shared: Arc::clone(&shared) })
        };
        let handlers = vec![fake("Test::Thing::Basic"), fake("AWS::IAM::Role")];
        let cloudformation = CloudFormation::new(Arc::clone(&shared), Arc::clone(&s3), Box::new(Known), handlers);
        Self { cloudformation, s3, world, gate, shared, store, folder }
    }

    /// Carries out an action.
    pub(super) async fn call(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        let call = ApiCall {
            action: action.to_owned(),
            method: Method::POST,
            path: "/".to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            input,
            body: axum::body::Bytes::new(),
        };
        match self.cloudformation.call(&context(), call).await?.body {
            ReplyBody::Json(value) => Ok(value),
            other => panic!("{other:?}"),
        }
    }

    /// The message of a refusal, after its code.
    pub(super) async fn refused(&self, action: &str, input: Value) -> String {
        let error = self.call(action, input).await.unwrap_err();
        format!("{}: {}", error.code, error.message)
    }

    pub(super) async fn create(&self, name: &str, template: &str) -> String {
        self.call("CreateStack", json!({"StackName": name, "TemplateBody": template})).await.unwrap();
        self.settled(name).await
    }

    pub(super) async fn update(&self, name: &str, template: &str) -> String {
        self.call("UpdateStack", json!({"StackName": name, "TemplateBody": template})).await.unwrap();
        self.settled(name).await
    }

    /// Waits until nothing moves in the stack, and gives its status.
    pub(super) async fn settled(&self, name: &str) -> String {
        let mut feed = self.shared.feed.listen();
        loop {
            let status = self.status(name);
            if !status.ends_with("_IN_PROGRESS") || status == "REVIEW_IN_PROGRESS" {
                return status;
            }
            let _ = feed.recv().await;
        }
    }

    /// Waits until a resource of the stack has a status.
    pub(super) async fn until(&self, name: &str, resource: &str, status: &str) {
        loop {
            let reached = {
                let memory = self.cloudformation.engine.model.memory();
                let record = memory.stack(name).and_then(|stack| stack.resources.get(resource));
                record.is_some_and(|record| record.status.text() == status)
            };
            if reached {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn status(&self, name: &str) -> String {
        let memory = self.cloudformation.engine.model.memory();
        let stack = memory.stack(name).or_else(|| memory.stacks.values().rfind(|stack| stack.name == name));
        stack.map(|stack| stack.status.text().to_owned()).unwrap_or_default()
    }

    /// Every event of the stack, oldest first: `resource STATUS reason`.
    pub(super) fn events(&self, name: &str) -> Vec<String> {
        let memory = self.cloudformation.engine.model.memory();
        let stack = memory.stacks.values().rfind(|stack| stack.name == name || stack.id == name).unwrap();
        let line = |event: &crate::cloud::cloudformation::record::Event| {
            let reason = event.reason.as_ref().map(|reason| format!(" {reason}")).unwrap_or_default();
            format!("{} {}{reason}", event.logical_id, event.status.text())
        };
        stack.events.iter().map(line).collect()
    }

    /// The value of an output.
    pub(super) async fn output(&self, name: &str, key: &str) -> Option<String> {
        let stacks = self.call("DescribeStacks", json!({"StackName": name})).await.unwrap();
        let outputs = stacks["Stacks"][0]["Outputs"].as_array()?.clone();
        let output = outputs.into_iter().find(|output| output["OutputKey"] == key)?;
        output["OutputValue"].as_str().map(str::to_owned)
    }

    /// What exists: the values of `Value`, by the beginning of the physical id.
    pub(super) fn things(&self) -> Vec<String> {
        let world = self.world.lock().unwrap();
        let value = |properties: &Value| properties.get("Value").map(ToString::to_string).unwrap_or_default();
        let mut things: Vec<String> = world
            .iter()
            .map(|(id, properties)| {
                let logical = id.split('-').nth_back(1).unwrap_or(id);
                format!("{logical}={}", value(properties))
            })
            .collect();
        things.sort();
        things
    }

    /// Puts a template into a bucket; its URL.
    pub(super) async fn upload(&self, key: &str, text: &str) -> String {
        for path in ["/templates".to_owned(), format!("/templates/{key}")] {
            let is_object = path.matches('/').count() == 2;
            let mut headers = HeaderMap::new();
            headers.insert("host", "localhost:4700".parse().unwrap());
            let call = ApiCall {
                action: String::new(),
                method: Method::PUT,
                path,
                query: Vec::new(),
                headers,
                input: Value::Null,
                body: if is_object { text.to_owned().into() } else { axum::body::Bytes::new() },
            };
            let made = self.s3.call(&context(), call).await;
            assert!(made.is_ok() || !is_object, "{made:?}");
        }
        format!("http://localhost:4700/templates/{key}")
    }
}

fn context() -> CallContext {
    CallContext { caller: Caller::Root }
}

/// A template of things: `A: {Value: 1}` for each line.
pub(super) fn things(lines: &[&str]) -> String {
    let mut text = "Resources:\n".to_owned();
    for line in lines {
        let (id, properties) = line.split_once(": ").unwrap();
        writeln!(text, "  {id}:\n    Type: Test::Thing::Basic\n    Properties: {properties}").unwrap();
    }
    text
}
