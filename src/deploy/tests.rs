//! Packaging, parameters, publishing, failure analysis and the deployer, over scripted clouds.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use indexmap::IndexMap;

use super::artifacts::{Bucket, ObjectMeta, ObjectStore};
use super::package::{Bundle, package};
use super::parameters::{ParameterFacts, values};
use super::publish::{Site, publish};
use super::stacks::{
    ChangeSetId, ChangeSetRequest, ChangeSetState, EventCursor, RawChange, StackApi, StackEvent, StackId,
    StackResource, StackState, Status,
};
use super::{DeployError, Deployer, Deployment, Pace, PushKind};
use crate::base::{BoxFuture, EnvName, NullReporter, Recorder, StackName};
use crate::cfn::{self, Action, Replacement};
use crate::error::{Code, Diagnose};

const ROOT: &str = "Parameters: {Environment: {Type: String}, ApiKeyExpires: {Type: Number}}\n\
    Resources: {Blog: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: ./blog.yaml}}}";
const BLOG: &str = "Resources: {Post: {Type: 'AWS::AppSync::Resolver', Metadata: {Ampup: {Label: resolver Post}}, \
    Properties: {CodeS3Location: ./blog/post.js}}}";

/// A bucket in memory.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, ObjectMeta>>);

impl ObjectStore for Memory {
    fn ensure(&self) -> BoxFuture<'_, Result<Bucket, DeployError>> {
        Box::pin(async { Ok(Bucket::Kept) })
    }
    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<ObjectMeta>, DeployError>> {
        Box::pin(async move { Ok(self.0.lock().unwrap().get(key).cloned()) })
    }
    fn put<'a>(&'a self, key: &'a str, _: Bytes, meta: ObjectMeta) -> BoxFuture<'a, Result<(), DeployError>> {
        Box::pin(async move {
            self.0.lock().unwrap().insert(key.to_owned(), meta);
            Ok(())
        })
    }
    fn list(&self) -> BoxFuture<'_, Result<Vec<String>, DeployError>> {
        Box::pin(async { Ok(self.0.lock().unwrap().keys().cloned().collect()) })
    }
    fn delete(&self, keys: Vec<String>) -> BoxFuture<'_, Result<(), DeployError>> {
        Box::pin(async move {
            self.0.lock().unwrap().retain(|key, _| !keys.contains(key));
            Ok(())
        })
    }
    fn url(&self, key: &str) -> String {
        format!("https://bucket/{key}")
    }
    fn uri(&self, key: &str) -> String {
        format!("s3://bucket/{key}")
    }
}

/// Stacks that do what a script says; `fail` names the call that fails.
#[derive(Default)]
struct Scripted {
    fail: &'static str,
    status: Mutex<VecDeque<&'static str>>,
    events: Vec<StackEvent>,
    calls: Mutex<Vec<&'static str>>,
}

impl Scripted {
    fn call(&self, name: &'static str) -> Result<(), DeployError> {
        self.calls.lock().unwrap().push(name);
        if self.fail == name {
            let (code, message) = ("InternalFailure".to_owned(), "scripted".to_owned());
            return Err(DeployError::Service { operation: name.to_owned(), code, message });
        }
        Ok(())
    }
}

impl StackApi for Scripted {
    fn describe<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<StackState>, DeployError>> {
        Box::pin(async {
            self.call("describe")?;
            let status = self.status.lock().unwrap().pop_front();
            Ok(status.map(|status| StackState {
                id: StackId("arn:root".to_owned()),
                status: Status(status.to_owned()),
                reason: None,
                parameters: IndexMap::new(),
                outputs: IndexMap::new(),
                changed_ms: None,
            }))
        })
    }
    fn template<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<String, DeployError>> {
        Box::pin(async { self.call("template").map(|()| "{}".to_owned()) })
    }
    fn create_change_set(&self, _: ChangeSetRequest) -> BoxFuture<'_, Result<(ChangeSetId, StackId), DeployError>> {
        Box::pin(async {
            self.call("create")?;
            Ok((ChangeSetId("arn:set".to_owned()), StackId("arn:root".to_owned())))
        })
    }
    fn change_set<'a>(&'a self, _: &'a ChangeSetId) -> BoxFuture<'a, Result<ChangeSetState, DeployError>> {
        Box::pin(async {
            self.call("change_set")?;
            Ok(ChangeSetState::Ready(vec![RawChange {
                resource: "Blog".to_owned(),
                kind: "AWS::CloudFormation::Stack".to_owned(),
                physical_id: None,
                action: Action::Add,
                replacement: Replacement::Never,
                why: Vec::new(),
                nested: None,
            }]))
        })
    }
    fn execute_change_set<'a>(&'a self, _: &'a ChangeSetId) -> BoxFuture<'a, Result<(), DeployError>> {
        Box::pin(async { self.call("execute") })
    }
    fn delete_change_set<'a>(&'a self, _: &'a ChangeSetId) -> BoxFuture<'a, Result<(), DeployError>> {
        Box::pin(async { self.call("delete_set") })
    }
    fn events_since<'a>(
        &'a self,
        stack: &'a StackId,
        cursor: &'a EventCursor,
    ) -> BoxFuture<'a, Result<Vec<StackEvent>, DeployError>> {
        Box::pin(async move {
            self.call("events")?;
            let executed = self.calls.lock().unwrap().iter().any(|call| matches!(*call, "execute" | "delete"));
            let mine = self.events.iter().filter(|event| executed && event.stack == *stack);
            Ok(mine.skip_while(|_| cursor.after.is_some()).cloned().collect())
        })
    }
    fn resources<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<StackResource>, DeployError>> {
        Box::pin(async { self.call("resources").map(|()| Vec::new()) })
    }
    fn delete_stack<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), DeployError>> {
        Box::pin(async { self.call("delete") })
    }
}

fn event(stack: &str, resource: &str, physical: &str, kind: &str, status: &str, reason: Option<&str>) -> StackEvent {
    StackEvent {
        id: format!("{stack}-{resource}-{status}"),
        at_ms: 1,
        stack: StackId(stack.to_owned()),
        stack_name: stack.to_owned(),
        resource: resource.to_owned(),
        physical_id: physical.to_owned(),
        kind: kind.to_owned(),
        status: Status(status.to_owned()),
        reason: reason.map(str::to_owned),
    }
}

const STACK: &str = "AWS::CloudFormation::Stack";

fn rolled_back() -> Vec<StackEvent> {
    vec![
        event("arn:root", "Blog", "arn:blog", STACK, "CREATE_IN_PROGRESS", None),
        event(
            "arn:root",
            "Blog",
            "arn:blog",
            STACK,
            "CREATE_FAILED",
            Some("Embedded stack arn:blog was not successfully created"),
        ),
        event("arn:root", "my-app-dev", "arn:root", STACK, "ROLLBACK_COMPLETE", None),
        event("arn:blog", "Other", "", "AWS::SNS::Topic", "CREATE_FAILED", Some("Resource creation cancelled")),
        event("arn:blog", "Post", "", "AWS::AppSync::Resolver", "CREATE_FAILED", Some("AccessDenied: no")),
    ]
}

fn bundle() -> Bundle {
    let template = |text, file| cfn::parse::parse(text, file).unwrap();
    Bundle {
        root: template(ROOT, "root.yaml"),
        templates: BTreeMap::from([("blog.yaml".to_owned(), template(BLOG, "blog.yaml"))]),
        files: BTreeMap::from([("blog/post.js".to_owned(), Bytes::from("code"))]),
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn push(api: &Scripted) -> Result<PushKind, DeployError> {
    run(async {
        let pace = Pace { first: std::time::Duration::ZERO, longest: std::time::Duration::ZERO };
        let deployer = Deployer { stacks: api, objects: Arc::new(Memory::default()), reporter: &NullReporter, pace };
        let stack = StackName::new("my-app-dev").unwrap();
        let current = deployer.current(&stack).await?;
        let bundle = bundle();
        let deployment = Deployment {
            stack: &stack,
            bundle: &bundle,
            parameters: IndexMap::new(),
            change_set: "one".to_owned(),
            current,
        };
        let prepared = deployer.prepare(&deployment).await?;
        let kind = prepared.kind;
        assert_eq!(prepared.changes.changes[0].label.0, "resolver Post");
        deployer.execute(prepared).await?;
        Ok(kind)
    })
}

#[test]
fn small_files_stand_in_their_template_and_nested_templates_go_first() {
    let packaged = package(&bundle(), &StackName::new("my-app-dev").unwrap(), &Memory::default()).unwrap();
    let names: Vec<&str> = packaged.uploads.values().map(|upload| upload.name.as_str()).collect();
    assert_eq!(names, ["blog.yaml", "root.yaml"]);
    assert!(packaged.root_text.contains("https://bucket/artifacts/"), "{}", packaged.root_text);
    let blog = &packaged.tree[&vec!["Blog".to_owned()]];
    assert_eq!(blog.name.as_str(), "blog");
    let resolver = blog.template.resources["Post"].properties.to_json();
    assert_eq!(resolver, serde_json::json!({"Code": "code"}));
}

/// The properties of the one resource of a template that names `file`, packaged.
fn placed(kind: &str, properties: &str, content: &[u8]) -> (serde_json::Value, usize) {
    let text = format!("Resources: {{One: {{Type: '{kind}', Properties: {{{properties}}}}}}}");
    let files = BTreeMap::from([("file.vtl".to_owned(), Bytes::copy_from_slice(content))]);
    let bundle = Bundle { root: cfn::parse::parse(&text, "root.yaml").unwrap(), files, ..Bundle::default() };
    let packaged = package(&bundle, &StackName::new("my-app-dev").unwrap(), &Memory::default()).unwrap();
    (packaged.tree[&Vec::new()].template.resources["One"].properties.to_json(), packaged.uploads.len() - 1)
}

#[test]
fn size_and_content_decide_whether_a_file_is_inlined() {
    const RESOLVER: &str = "AWS::AppSync::Resolver";
    const FUNCTION: &str = "AWS::AppSync::FunctionConfiguration";
    const SCHEMA: &str = "AWS::AppSync::GraphQLSchema";
    let of = |size: usize| vec![b'a'; size];
    let cases: [(&str, &str, Vec<u8>, bool); 9] = [
        (RESOLVER, "Code", of(16 * 1024), true),
        (RESOLVER, "Code", of(16 * 1024 + 1), false),
        (FUNCTION, "RequestMappingTemplate", of(9), true),
        (FUNCTION, "ResponseMappingTemplate", of(16 * 1024 + 1), false),
        (SCHEMA, "Definition", of(256 * 1024), true),
        (SCHEMA, "Definition", of(256 * 1024 + 1), false),
        (SCHEMA, "Definition", "\"Größe\"\ntype A".as_bytes().to_vec(), true),
        // CloudFormation would replace the reference, or fail.
        (RESOLVER, "Code", b"'{{resolve:ssm:name}}'".to_vec(), false),
        (RESOLVER, "Code", vec![0xff, 0xfe], false),
    ];
    for (kind, property, content, inlined) in cases {
        let location = format!("{property}S3Location");
        let (properties, uploads) = placed(kind, &format!("ApiId: a, {location}: file.vtl, Name: n"), &content);
        let keys: Vec<&str> = properties.as_object().unwrap().keys().map(String::as_str).collect();
        let size = content.len();
        if inlined {
            assert_eq!(keys, ["ApiId", property, "Name"], "{size}");
            assert_eq!(properties[property].as_str().unwrap().as_bytes(), content);
        } else {
            assert_eq!(keys, ["ApiId", &location, "Name"], "{size}");
            assert!(properties[&location].as_str().unwrap().starts_with("s3://bucket/artifacts/"), "{properties}");
        }
        assert_eq!(uploads, usize::from(!inlined), "{size}");
    }
}

#[test]
fn what_the_cloud_must_refuse_is_not_hidden() {
    let (properties, _) = placed("AWS::AppSync::Resolver", "Code: mine, CodeS3Location: file.vtl", b"code");
    assert_eq!(properties["Code"], "mine");
    assert!(properties["CodeS3Location"].as_str().unwrap().starts_with("s3://"), "{properties}");
}

#[test]
fn a_template_grows_to_its_limit_and_the_rest_is_uploaded() {
    // A quote takes two bytes in the template.
    let content = "\"".repeat(15_000);
    let mut text = "Resources:\n".to_owned();
    let mut files = BTreeMap::new();
    for number in 0..60 {
        writeln!(text, "  R{number}: {{Type: 'AWS::AppSync::Resolver', Properties: {{CodeS3Location: f{number}.js}}}}")
            .unwrap();
        files.insert(format!("f{number}.js"), Bytes::from(format!("{content}{number}")));
    }
    let bundle = Bundle { root: cfn::parse::parse(&text, "root.yaml").unwrap(), files, ..Bundle::default() };
    let packaged = package(&bundle, &StackName::new("my-app-dev").unwrap(), &Memory::default()).unwrap();
    let inlined: Vec<bool> = packaged.tree[&Vec::new()]
        .template
        .resources
        .values()
        .map(|one| one.properties.get("Code").is_some())
        .collect();
    assert_eq!(inlined, (0..60).map(|number| number < 29).collect::<Vec<_>>());
    assert!((870_000..900_000).contains(&packaged.root_text.len()), "{}", packaged.root_text.len());
}

#[test]
fn a_path_that_leads_nowhere_is_told() {
    let mut bundle = bundle();
    bundle.files.clear();
    let problems = package(&bundle, &StackName::new("my-app-dev").unwrap(), &Memory::default()).unwrap_err();
    assert_eq!(problems[0].code, Code::AMP0315);
    assert!(problems[0].message.contains("./blog/post.js"));
}

#[test]
fn the_first_real_cause_is_found_below_its_echoes() {
    let api = Scripted { events: rolled_back(), ..Scripted::default() };
    let error = push(&api).unwrap_err();
    assert_eq!(error.code(), Code::AMP0401);
    assert!(error.to_string().contains("resolver Post"), "{error}");
    assert!(error.to_string().contains("AccessDenied: no") && !error.hints().is_empty());
}

#[test]
fn each_call_that_fails_ends_in_its_error() {
    for fail in ["describe", "create", "change_set", "events", "execute"] {
        let api = Scripted { fail, events: rolled_back(), ..Scripted::default() };
        let error = push(&api).unwrap_err();
        assert!(matches!(&error, DeployError::Service { operation, .. } if operation == fail), "{fail}: {error}");
    }
}

#[test]
fn states_that_cannot_be_deployed_to() {
    for (status, code) in [("UPDATE_IN_PROGRESS", Code::AMP0403), ("UPDATE_ROLLBACK_FAILED", Code::AMP0404)] {
        let api = Scripted { status: Mutex::new(VecDeque::from([status])), ..Scripted::default() };
        assert_eq!(push(&api).unwrap_err().code(), code, "{status}");
    }
    let gone = event("arn:root", "my-app-dev", "arn:root", STACK, "DELETE_COMPLETE", None);
    let api = Scripted {
        status: Mutex::new(VecDeque::from(["ROLLBACK_COMPLETE"])),
        events: vec![gone],
        fail: "create",
        ..Scripted::default()
    };
    assert!(push(&api).is_err());
    let calls = api.calls.lock().unwrap().clone();
    assert!(calls.iter().position(|call| *call == "delete") < calls.iter().position(|call| *call == "create"));
}

#[test]
fn an_api_key_keeps_its_end_for_half_of_its_life() {
    let root = bundle().root;
    let environment = EnvName::new("dev").unwrap();
    let expires = |deployed: Option<i64>, now_s: i64| {
        let deployed: IndexMap<String, String> =
            deployed.map(|value| ("ApiKeyExpires".to_owned(), value.to_string())).into_iter().collect();
        let given = &IndexMap::new();
        let facts = ParameterFacts { environment: &environment, now_s, api_key_days: 10, given, deployed: &deployed };
        values(&root, &facts)["ApiKeyExpires"].parse::<i64>().unwrap()
    };
    let first = expires(None, 3600 * 100 + 17);
    assert_eq!(first, 3600 * 340);
    assert_eq!(expires(Some(first), 3600 * 200), first);
    assert_eq!(expires(Some(first), 3600 * 230), 3600 * 470);
}

#[test]
fn what_an_environment_gives_goes_before_what_is_deployed() {
    let text = "Parameters:\n  Environment: { Type: String }\n  BlogSqlCluster: { Type: String }\n  Size: { Type: Number, Default: 1 }\nResources: {}\n";
    let root = crate::cfn::parse(text, "root.yaml").unwrap();
    let environment = EnvName::new("dev").unwrap();
    let texts = |pairs: &[(&str, &str)]| -> IndexMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let (given, deployed) = (texts(&[("BlogSqlCluster", "new"), ("Other", "x")]), texts(&[("BlogSqlCluster", "old")]));
    let facts =
        ParameterFacts { environment: &environment, now_s: 0, api_key_days: 7, given: &given, deployed: &deployed };
    let found: Vec<(String, String)> =
        values(&root, &facts).into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    let wanted = [("Environment", "dev"), ("BlogSqlCluster", "new"), ("Size", "1")];
    assert_eq!(found, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn publishing_sends_what_changed_and_removes_what_is_gone() {
    let objects: Arc<dyn ObjectStore> = Arc::new(Memory::default());
    let site = |files: &[(&str, &'static str)]| -> Site {
        files.iter().map(|(path, text)| ((*path).to_owned(), Bytes::from_static(text.as_bytes()))).collect()
    };
    run(async {
        let reporter = Recorder::default();
        let first = site(&[("index.html", "a"), ("assets/index-DiwrgTda.js", "b"), ("old.txt", "c")]);
        let done = publish(&objects, &first, &reporter).await.unwrap();
        assert_eq!(done.uploaded.len(), 3);
        let cached = |meta: Option<ObjectMeta>| meta.unwrap().cache_control.unwrap();
        assert_eq!(cached(objects.head("index.html").await.unwrap()), "no-cache");
        assert!(cached(objects.head("assets/index-DiwrgTda.js").await.unwrap()).contains("immutable"));
        let second = site(&[("index.html", "other"), ("assets/index-DiwrgTda.js", "b")]);
        let done = publish(&objects, &second, &reporter).await.unwrap();
        assert_eq!(
            (done.uploaded, done.removed, done.unchanged),
            (vec!["index.html".to_owned()], vec!["old.txt".to_owned()], 1)
        );
    });
}

/// The files in the archive that becomes the `Code` of a function which names `path`, with their permissions.
fn function_code(path: &str, files: &[(&str, &[u8])]) -> Option<Vec<(String, u32)>> {
    let text = format!("Resources: {{One: {{Type: 'AWS::Lambda::Function', Properties: {{Code: {path}}}}}}}");
    let files = files.iter().map(|(name, content)| ((*name).to_owned(), Bytes::copy_from_slice(content))).collect();
    let bundle = Bundle { root: cfn::parse::parse(&text, "root.yaml").unwrap(), files, ..Bundle::default() };
    let packaged = package(&bundle, &StackName::new("my-app-dev").unwrap(), &Memory::default()).ok()?;
    let code = packaged.tree[&Vec::new()].template.resources["One"].properties.to_json()["Code"].clone();
    let (key, upload) = packaged.uploads.first().unwrap();
    assert_eq!(code, serde_json::json!({"S3Bucket": "bucket", "S3Key": key.0}));
    assert_eq!(key.0, format!("artifacts/{}.zip", super::artifacts::sha256(&upload.content)));
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(upload.content.to_vec())).unwrap();
    let entries = (0..archive.len()).map(|index| {
        let file = archive.by_index(index).unwrap();
        (file.name().unwrap().into_owned(), file.unix_mode().unwrap() & 0o777)
    });
    Some(entries.collect())
}

#[test]
fn the_code_of_functions_is_uploaded_as_archives() {
    let files: &[(&str, &[u8])] = &[
        ("hello/bootstrap", b"#!/bin/sh\n"),
        ("hello/index.mjs", b"export"),
        ("hello/lib/a.mjs", b"a"),
        ("hello-other/x", b"x"),
        ("one.py", b"def"),
    ];
    let folder = [("bootstrap".to_owned(), 0o755), ("index.mjs".to_owned(), 0o644), ("lib/a.mjs".to_owned(), 0o644)];
    assert_eq!(function_code("./hello", files).unwrap(), folder);
    assert_eq!(function_code("./hello/", files).unwrap(), folder);
    assert_eq!(function_code("one.py", files).unwrap(), [("one.py".to_owned(), 0o644)]);
    assert_eq!(function_code("./hell", files), None);
    let archive = super::function_code::archive(&BTreeMap::from([("a/b".to_owned(), Bytes::from("b"))]), "a").unwrap();
    assert_eq!(function_code("ready.zip", &[("ready.zip", &archive)]).unwrap(), [("b".to_owned(), 0o644)]);
}
