//! Functions made, run and refused: the real Node.js and Python, custom runtimes by shell scripts.

mod access;
mod later;
mod layers;
mod life;
mod log;
mod mappings;
mod runtimes;
mod stacks;
mod urls;
mod versions;
mod wire;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::{Asked, Below, InvocationType, Invoker, Lambda, ServiceVisitor};
use crate::base::{RandomIds, Region, SystemClock};
use crate::cloud::dynamodb::DynamoDb;
use crate::cloud::feed::Feed;
use crate::cloud::iam::Iam;
use crate::cloud::logs::Logs;
use crate::cloud::s3::S3;
use crate::cloud::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, Permission, Provisioned, ReplyBody, ResourceHandler,
    ResourceRequest, RoleSession, Service as _, Shared,
};
use crate::cloud::sqs::Sqs;
use crate::cloud::store::memory::MemoryStore;

const ROLE: &str = "arn:aws:iam::000000000000:role/fn";
const ECHO: &str = "exports.handler = async (event) => event";

struct World {
    lambda: Arc<Lambda>,
    iam: Arc<Iam>,
    s3: Arc<S3>,
    sqs: Arc<Sqs>,
    dynamodb: Arc<DynamoDb>,
    logs: Arc<Logs>,
    shared: Arc<Shared>,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shared = Arc::new(Shared {
            store: Arc::new(MemoryStore::default()),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds::default()),
            region: Region::default(),
            account: "000000000000",
            folder: folder.path().to_owned(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside: crate::base::ServiceEndpoints::default(),
        });
        let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
        let s3 = Arc::new(S3::new(Arc::clone(&shared), Arc::clone(&iam)));
        let logs = Arc::new(Logs::new(Arc::clone(&shared), Arc::clone(&iam)).unwrap());
        let sqs = Arc::new(Sqs::new(Arc::clone(&shared), Arc::clone(&iam)));
        let dynamodb = Arc::new(DynamoDb::new(Arc::clone(&shared)).unwrap());
        let below = Below {
            iam: Arc::clone(&iam),
            s3: Arc::clone(&s3),
            sqs: Arc::clone(&sqs),
            dynamodb: Arc::clone(&dynamodb),
            logs: Arc::clone(&logs),
        };
        let lambda = Arc::new(Lambda::new(Arc::clone(&shared), below));
        let world = Self { lambda, iam, s3, sqs, dynamodb, logs, shared, folder };
        world.role("fn", "lambda.amazonaws.com", &json!([])).await;
        world
    }

    async fn role(&self, name: &str, service: &str, statements: &Value) {
        let trust =
            json!({"Statement": {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}});
        let mut properties = json!({"RoleName": name, "AssumeRolePolicyDocument": trust});
        if statements.as_array().is_some_and(|list| !list.is_empty()) {
            properties["Policies"] = json!([{"PolicyName": "p", "PolicyDocument": {"Statement": statements}}]);
        }
        self.make("AWS::IAM::Role", properties).await.unwrap();
    }

    fn handler(&self, kind: &str) -> Box<dyn ResourceHandler> {
        let mut all = Arc::clone(&self.lambda).resources();
        all.extend(Arc::clone(&self.iam).resources());
        all.extend(Arc::clone(&self.s3).resources());
        all.extend(Arc::clone(&self.sqs).resources());
        all.extend(Arc::clone(&self.dynamodb).resources());
        all.into_iter().find(|handler| handler.kind() == kind).unwrap()
    }

    async fn make(&self, kind: &str, properties: Value) -> Result<Provisioned, String> {
        self.handler(kind).create(&request(properties, None)).await.map_err(|error| error.0)
    }

    /// A function of inline code.
    async fn function(&self, name: &str, runtime: &str, code: &str, more: Value) -> Provisioned {
        let mut properties = json!({
            "FunctionName": name, "Runtime": runtime, "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": code},
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            properties[name] = value.clone();
        }
        self.make("AWS::Lambda::Function", properties).await.unwrap()
    }

    /// A function of a custom runtime: a shell script.
    async fn script(&self, name: &str, script: &str) {
        let zip = STANDARD.encode(archive(&[("bootstrap", script, 0o755)]));
        let input = json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "any", "Role": ROLE, "Timeout": 2,
            "Code": {"ZipFile": zip},
        });
        assert_eq!(self.wire(Method::POST, "", &input).await.0, 201);
    }

    /// The answer of a function, and whether it failed.
    async fn invoke(&self, name: &str, event: Value) -> (Value, bool, String) {
        let asked = Asked::new(name, event.to_string(), Invoker::Caller(&Caller::Root));
        let done = self.lambda.invoke(asked).await.unwrap();
        (serde_json::from_slice(&done.payload).unwrap(), done.failed, done.log)
    }

    async fn error(&self, name: &str) -> (String, String) {
        let (answer, failed, _) = self.invoke(name, json!({})).await;
        assert!(failed, "{answer}");
        (answer["errorType"].as_str().unwrap().to_owned(), answer["errorMessage"].as_str().unwrap().to_owned())
    }

    async fn send(
        &self,
        method: Method,
        rest: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<ApiReply, ApiError> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let call = ApiCall {
            action: String::new(),
            method,
            path: if path.starts_with("/20") { path.to_owned() } else { format!("/2015-03-31/functions{path}") },
            query: crate::cloud::protocol::percent::decode_pairs(query),
            headers: map,
            input: Value::Null,
            body: body.into(),
        };
        self.lambda.call(&CallContext { caller: Caller::Root }, call).await
    }

    /// Status and body of a call of the API; of a refusal, its code as well.
    async fn wire(&self, method: Method, rest: &str, input: &Value) -> (u16, Value) {
        let body = if input.is_null() { Vec::new() } else { input.to_string().into_bytes() };
        match self.send(method, rest, &[], body).await {
            Ok(ApiReply { status, body: ReplyBody::Json(value), .. }) => (status, value),
            Ok(reply) => (reply.status, Value::Null),
            Err(error) => (error.status, json!({"code": error.code, "message": error.message, "extra": error.extra})),
        }
    }
}

fn request(properties: Value, previous: Option<Value>) -> ResourceRequest {
    ResourceRequest {
        stack_name: "s".to_owned(),
        logical_id: "Fn".to_owned(),
        properties,
        previous,
        tags: vec![("stack".to_owned(), "s".to_owned())],
    }
}

fn archive(files: &[(&str, &str, u32)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text, mode) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn is_alive(pid: u64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn gone(pid: u64) -> bool {
    for _ in 0..200 {
        if !is_alive(pid) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

/// A custom runtime in a shell: `$event` and `$id` are the event and its id.
fn shell(body: &str) -> String {
    let api = "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime";
    format!(
        "#!/bin/sh\nwhile :; do\n  head=$(mktemp)\n  event=$(curl -sSf -D \"$head\" {api}/invocation/next) || exit 0\n  \
         id=$(tr -d '\\r' <\"$head\" | sed -n 's/^lambda-runtime-aws-request-id: //pi')\n  rm \"$head\"\n  {body}\ndone\n"
    )
}
