//! Functions made, run and refused: the real Node.js and Python, custom runtimes by shell scripts.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::{Asked, InvocationType, Invoker, Lambda, ServiceVisitor};
use crate::base::{RandomIds, Region, SystemClock};
use crate::cloud::feed::Feed;
use crate::cloud::iam::Iam;
use crate::cloud::s3::S3;
use crate::cloud::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, Permission, Provisioned, ReplyBody, ResourceHandler,
    ResourceRequest, RoleSession, Service as _, Shared,
};
use crate::cloud::store::memory::MemoryStore;

const ROLE: &str = "arn:aws:iam::000000000000:role/fn";
const ECHO: &str = "exports.handler = async (event) => event";

struct World {
    lambda: Arc<Lambda>,
    iam: Arc<Iam>,
    s3: Arc<S3>,
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
        });
        let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
        let s3 = Arc::new(S3::new(Arc::clone(&shared), Arc::clone(&iam)));
        let lambda = Arc::new(Lambda::new(shared, Arc::clone(&iam), Arc::clone(&s3)));
        let world = Self { lambda, iam, s3, folder };
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
            path: format!("/2015-03-31/functions{path}"),
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

#[tokio::test]
async fn node_functions_of_every_style_answer() {
    let world = World::new().await;
    let context = "exports.handler = async (event, context) => ({
        name: context.functionName, arn: context.invokedFunctionArn, memory: context.memoryLimitInMB,
        left: context.getRemainingTimeInMillis(), own: process.env.OWN, region: process.env.AWS_REGION,
        key: process.env.AWS_ACCESS_KEY_ID.slice(0, 4), home: process.env.HOME, handler: process.env._HANDLER,
        endpoint: process.env.AWS_ENDPOINT_URL })";
    world
        .function("context", "nodejs20.x", context, json!({"Environment": {"Variables": {"OWN": "it's \"mine\"\n"}}}))
        .await;
    let (answer, failed, _) = world.invoke("context", json!({})).await;
    assert!(!failed, "{answer}");
    assert!((1..=3000).contains(&answer["left"].as_i64().unwrap()), "{answer}");
    assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:000000000000:function:context");
    assert_eq!(
        (&answer["own"], &answer["region"], &answer["key"]),
        (&json!("it's \"mine\"\n"), &json!("us-east-1"), &json!("ASIA"))
    );
    assert_eq!((&answer["home"], &answer["memory"]), (&Value::Null, &json!("128")), "nothing of the user's leaks in");
    assert_eq!(answer["endpoint"], "http://localhost:4700");
    for (style, code, wanted) in [
        ("callback", "exports.handler = (event, context, done) => setTimeout(() => done(null, event.a), 5)", json!(1)),
        (
            "early",
            "exports.handler = (event, context, done) => { context.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 9); done(null, 2) }",
            json!(2),
        ),
        ("nothing", "exports.handler = () => {}", Value::Null),
        ("never", "exports.handler = () => new Promise(() => {})", Value::Null),
        ("text", "exports.handler = async () => 'ä\\u2028'", json!("ä\u{2028}")),
        (
            "nested",
            "exports.handler = async () => require('fs').existsSync(process.env.LAMBDA_TASK_ROOT + '/index.js')",
            json!(true),
        ),
    ] {
        world.function(style, "nodejs22.x", code, json!({})).await;
        for _ in 0..2 {
            let (answer, failed, log) = world.invoke(style, json!({"a": 1})).await;
            assert_eq!((&answer, failed), (&wanted, false), "{style}: {log}");
        }
    }
    let module = archive(&[
        (
            "src/app.mjs",
            "import { double } from './lib/double.mjs'; export const main = { run: async (e) => double(e.n) };",
            0o644,
        ),
        ("src/lib/double.mjs", "export const double = (n) => n * 2;", 0o644),
    ]);
    let input = json!({
        "FunctionName": "module", "Runtime": "nodejs20.x", "Handler": "src/app.main.run", "Role": ROLE,
        "Code": {"ZipFile": STANDARD.encode(module)},
    });
    assert_eq!(world.wire(Method::POST, "", &input).await.0, 201);
    assert_eq!(world.invoke("module", json!({"n": 21})).await.0, json!(42));
    world.lambda.stop().await;
}

#[tokio::test]
async fn errors_of_node_have_the_names_that_node_gives_them() {
    let world = World::new().await;
    for (name, code, kind, message) in [
        ("type", "exports.handler = async () => null.x", "TypeError", "Cannot read properties of null (reading 'x')"),
        (
            "own",
            "class Odd extends Error { constructor(m) { super(m); this.name = 'Odd' } }\nexports.handler = async () => { throw new Odd('boom') }",
            "Odd",
            "boom",
        ),
        ("text", "exports.handler = async () => { throw 'just text' }", "string", "just text"),
        ("callback", "exports.handler = (e, c, done) => done(new RangeError('far'))", "RangeError", "far"),
        ("load", "throw new TypeError('at load')", "TypeError", "at load"),
        ("syntax", "exports.handler = (", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"),
        (
            "import",
            "require('nope'); exports.handler = 1",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'nope'",
        ),
        ("missing", "exports.other = 1", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"),
        (
            "circle",
            "exports.handler = async () => { const a = {}; a.a = a; return a }",
            "Error",
            "Unable to stringify response body",
        ),
        (
            "thrown",
            "exports.handler = () => new Promise(() => setTimeout(() => { throw new TypeError('later') }, 1))",
            "TypeError",
            "later",
        ),
        (
            "rejected",
            "exports.handler = () => new Promise(() => Promise.reject(new Error('no')))",
            "Runtime.UnhandledPromiseRejection",
            "Error: no",
        ),
    ] {
        world.function(name, "nodejs20.x", code, json!({})).await;
        let (answer, failed, log) = world.invoke(name, json!({})).await;
        assert!(failed, "{name}: {answer}");
        assert_eq!(answer["errorType"], kind, "{name}: {answer}");
        assert!(answer["errorMessage"].as_str().unwrap().starts_with(message), "{name}: {answer}");
        assert!(answer["trace"].is_array(), "{name}: {answer}");
        assert!(log.contains("\tERROR\t") && log.contains("REPORT RequestId: "), "{name}: {log}");
    }
    let (answer, _, _) = world.invoke("own", json!({})).await;
    assert_eq!(answer["trace"][0], "Odd: boom");
    assert!(answer["trace"][1].as_str().unwrap().contains("index.js:2:"), "{answer}");
    world.lambda.stop().await;
}

#[tokio::test]
async fn python_functions_answer_and_fail_as_python_does() {
    let world = World::new().await;
    let good = "import os, logging\ndef handler(event, context):\n    print('seen', event['a'])\n    \
                logging.getLogger().warning('careful')\n    return {'sum': event['a'] + 1, 'id': context.aws_request_id, \
                'left': context.get_remaining_time_in_millis() > 0, 'home': os.environ.get('HOME'), 'memory': context.memory_limit_in_mb}\n";
    world.function("good", "python3.12", good, json!({"MemorySize": 256})).await;
    for _ in 0..2 {
        let (answer, failed, log) = world.invoke("good", json!({"a": 1})).await;
        assert!(!failed, "{answer}");
        assert_eq!(
            (&answer["sum"], &answer["left"], &answer["home"], &answer["memory"]),
            (&json!(2), &json!(true), &Value::Null, &json!("256"))
        );
        let id = answer["id"].as_str().unwrap();
        assert!(log.contains(&format!("START RequestId: {id} Version: $LATEST\nseen 1\n[WARNING]\t")), "{log}");
        assert!(log.contains(&format!("\t{id}\tcareful\n")), "{log}");
    }
    for (name, code, kind, message) in [
        ("value", "class Odd(ValueError): pass\ndef handler(e, c):\n    raise Odd('boom')\n", "Odd", "boom"),
        ("key", "def handler(e, c):\n    return e['b']\n", "KeyError", "'b'"),
        ("load", "raise RuntimeError('at load')\n", "RuntimeError", "at load"),
        (
            "syntax",
            "def handler(:\n",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'index': invalid syntax (index.py, line 1)",
        ),
        (
            "import",
            "import nope\n",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'nope'",
        ),
        ("missing", "x = 1\n", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        (
            "set",
            "def handler(e, c):\n    return {1}\n",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
    ] {
        world.function(name, "python3.12", code, json!({})).await;
        let (answer, failed, log) = world.invoke(name, json!({})).await;
        assert!(failed, "{name}: {answer}");
        assert_eq!(
            (answer["errorType"].as_str(), answer["errorMessage"].as_str()),
            (Some(kind), Some(message)),
            "{name}: {answer}"
        );
        assert!(
            answer["stackTrace"].is_array() && log.contains(&format!("[ERROR] {kind}: ")),
            "{name}: {answer} {log}"
        );
    }
    let (answer, _, _) = world.invoke("value", json!({})).await;
    let frame = answer["stackTrace"][0].as_str().unwrap();
    assert!(frame.contains("index.py\", line 3, in handler\n    raise Odd('boom')"), "{answer}");
    assert_eq!(answer["stackTrace"].as_array().unwrap().len(), 1, "no frames of ours: {answer}");
    world.lambda.stop().await;
}

/// A custom runtime in a shell: `$event` and `$id` are the event and its id.
fn shell(body: &str) -> String {
    let api = "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime";
    format!(
        "#!/bin/sh\nwhile :; do\n  head=$(mktemp)\n  event=$(curl -sSf -D \"$head\" {api}/invocation/next) || exit 0\n  \
         id=$(tr -d '\\r' <\"$head\" | sed -n 's/^lambda-runtime-aws-request-id: //pi')\n  rm \"$head\"\n  {body}\ndone\n"
    )
}

#[tokio::test]
async fn custom_runtimes_speak_for_themselves() {
    let world = World::new().await;
    let api = "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id";
    world.script("sh", &shell(&format!("echo got it; curl -sS -d \"{{\\\"echo\\\": $event}}\" {api}/response"))).await;
    for number in 0..2 {
        let (answer, failed, log) = world.invoke("sh", json!({"n": number})).await;
        assert_eq!((answer, failed), (json!({"echo": {"n": number}}), false), "{log}");
        assert!(log.contains("got it\n"), "{log}");
    }
    let told = "{\\\"errorType\\\": \\\"Own.Kind\\\", \\\"errorMessage\\\": \\\"said\\\"}";
    world.script("told", &shell(&format!("curl -sS -d \"{told}\" {api}/error"))).await;
    assert_eq!(world.error("told").await, ("Own.Kind".to_owned(), "said".to_owned()));
    world.script("one", "#!/bin/sh\nexit 7\n").await;
    let (kind, message) = world.error("one").await;
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.ends_with("Error: Runtime exited with error: exit status 7"), "{message}");
    world.script("zero", &shell("exit 0")).await;
    assert!(world.error("zero").await.1.ends_with("Error: Runtime exited without providing a reason"));
    let other = archive(&[("other", "x", 0o644)]);
    let input = json!({"ZipFile": STANDARD.encode(other)});
    assert_eq!(world.wire(Method::PUT, "/zero/code", &input).await.0, 200);
    assert_eq!(world.error("zero").await.0, "Runtime.InvalidEntrypoint");
    world.lambda.stop().await;
}

#[tokio::test]
async fn processes_are_used_again_until_something_changes() {
    let world = World::new().await;
    let code = "let n = 0; exports.handler = async () => [process.pid, ++n]";
    world.function("count", "nodejs20.x", code, json!({})).await;
    let (first, _, log) = world.invoke("count", json!({})).await;
    assert!(log.contains("\tInit Duration: "), "{log}");
    let (second, _, log) = world.invoke("count", json!({})).await;
    assert_eq!((&second[0], &second[1]), (&first[0], &json!(2)));
    assert!(!log.contains("Init Duration"), "{log}");
    let granted = json!({"StatementId": "a", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"});
    assert_eq!(world.wire(Method::POST, "/count/policy", &granted).await.0, 201);
    assert_eq!(world.invoke("count", json!({})).await.0[1], 3, "a permission is no new configuration");
    assert_eq!(world.wire(Method::PUT, "/count/configuration", &json!({"Description": "x"})).await.0, 200);
    assert!(gone(first[0].as_u64().unwrap()).await);
    let (third, _, _) = world.invoke("count", json!({})).await;
    assert_eq!(third[1], 1);
    assert_eq!(world.wire(Method::DELETE, "/count", &Value::Null).await.0, 204);
    assert!(gone(third[0].as_u64().unwrap()).await);
    // Code that a process was still about to leave is met again at the next change.
    world.function("next", "nodejs20.x", code, json!({})).await;
    assert_eq!(world.wire(Method::DELETE, "/next", &Value::Null).await.0, 204);
    let left: Vec<_> = std::fs::read_dir(world.folder.path().join("lambda/code")).unwrap().collect();
    assert_eq!(left.len(), 1, "only the scope of modules is left: {left:?}");
}

#[tokio::test]
async fn time_memory_and_crashes_end_an_invocation_and_leave_nothing() {
    let world = World::new().await;
    let spin = "const { spawn } = require('child_process');
        exports.handler = async (event) => {
          console.log('pids', process.pid, spawn('sleep', ['100']).pid);
          if (event.spin) for (;;) {}
          if (event.exit !== undefined) process.exit(event.exit);
          if (event.grow) { const all = []; for (;;) { all.push(Buffer.alloc(8 << 20, 1)); await new Promise(setImmediate) } }
          return 'fine' }";
    world.function("bad", "nodejs20.x", spin, json!({"Timeout": 1, "MemorySize": 256})).await;
    for (event, kind, message, report) in [
        (json!({"spin": 1}), "Sandbox.Timedout", "Error: Task timed out after 1.00 seconds", "Status: timeout"),
        (
            json!({"exit": 3}),
            "Runtime.ExitError",
            "Error: Runtime exited with error: exit status 3",
            "Error Type: Runtime.ExitError",
        ),
        (json!({"exit": 0}), "Runtime.ExitError", "Error: Runtime exited without providing a reason", "Status: error"),
        (
            json!({"grow": 1}),
            "Runtime.OutOfMemory",
            "Error: Runtime exited with error: signal: killed",
            "Error Type: Runtime.OutOfMemory",
        ),
    ] {
        let (answer, failed, log) = world.invoke("bad", event.clone()).await;
        assert!(failed, "{event}: {answer}");
        assert_eq!(answer["errorType"], kind, "{event}: {answer}");
        let told = answer["errorMessage"].as_str().unwrap();
        assert!(told.starts_with("RequestId: ") && told.ends_with(message), "{event}: {told}");
        assert!(log.contains(report), "{event}: {log}");
        let pids = log.split("pids ").nth(1).unwrap().lines().next().unwrap();
        for pid in pids.split(' ') {
            assert!(gone(pid.parse().unwrap()).await, "{event}: {pid} is alive");
        }
        assert_eq!(world.invoke("bad", json!({})).await.0, "fine", "the next invocation has a new process");
    }
    world.lambda.stop().await;
}

#[tokio::test]
async fn nothing_outlives_the_cloud() {
    let world = World::new().await;
    let code = "const { spawn } = require('child_process'); exports.handler = async () => [process.pid, spawn('sleep', ['100']).pid]";
    world.function("kept", "nodejs20.x", code, json!({})).await;
    let (pids, _, _) = world.invoke("kept", json!({})).await;
    let pids: Vec<u64> = serde_json::from_value(pids).unwrap();
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    world.lambda.stop().await;
    for pid in &pids {
        assert!(gone(*pid).await, "{pid}");
    }
    let asked = Asked::new("kept", "{}", Invoker::Caller(&Caller::Root));
    assert_eq!(world.lambda.invoke(asked).await.unwrap_err().code, "ServiceException");
}

#[tokio::test]
async fn many_at_once_and_no_more_than_reserved() {
    let world = World::new().await;
    world.function("echo", "nodejs20.x", ECHO, json!({})).await;
    let many = (0..100).map(|number| {
        let lambda = Arc::clone(&world.lambda);
        tokio::spawn(async move {
            let asked = Asked::new("echo", json!(number).to_string(), Invoker::Caller(&Caller::Root));
            (number, lambda.invoke(asked).await.unwrap())
        })
    });
    for one in many.collect::<Vec<_>>() {
        let (number, done) = one.await.unwrap();
        assert_eq!((done.payload.as_ref(), done.failed), (json!(number).to_string().as_bytes(), false));
    }
    let slow = "exports.handler = () => new Promise((done) => setTimeout(done, 300))";
    world.function("slow", "nodejs20.x", slow, json!({"ReservedConcurrentExecutions": 1})).await;
    world.invoke("slow", json!({})).await;
    let ask = || world.lambda.invoke(Asked::new("slow", "{}", Invoker::Caller(&Caller::Root)));
    let (first, second) = tokio::join!(ask(), ask());
    assert!(first.is_ok());
    let error = second.unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("TooManyRequestsException", 429));
    assert_eq!(error.extra["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded");
    world.lambda.stop().await;
}

#[tokio::test]
async fn answers_and_events_have_limits() {
    let world = World::new().await;
    world
        .function("big", "nodejs20.x", "exports.handler = async (e) => 'x'.repeat(e.n)", json!({"MemorySize": 512}))
        .await;
    let (answer, failed, _) = world.invoke("big", json!({"n": 6_291_554})).await;
    assert_eq!((answer.as_str().map(str::len), failed), (Some(6_291_554), false));
    let (answer, failed, _) = world.invoke("big", json!({"n": 6_291_555})).await;
    assert_eq!((answer["errorType"].as_str(), failed), (Some("Function.ResponseSizeTooLarge"), true));
    assert_eq!(world.invoke("big", json!({"n": 1})).await.0, "x", "the process lives on");
    let text = "ä".repeat(2_000_000);
    for (name, runtime, code) in
        [("node", "nodejs20.x", ECHO), ("python", "python3.12", "def handler(event, context):\n    return event\n")]
    {
        world.function(name, runtime, code, json!({"MemorySize": 1024, "Timeout": 30})).await;
        assert_eq!(world.invoke(name, json!(text)).await.0, json!(text), "{name}");
    }
    let event = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    for (bytes, kind, code) in [
        (6_291_457, InvocationType::Wait, Some("RequestEntityTooLargeException")),
        (6_291_456, InvocationType::Check, None),
        (1_048_577, InvocationType::Later, Some("RequestEntityTooLargeException")),
    ] {
        let asked = Asked { kind, ..Asked::new("big", event(bytes), Invoker::Caller(&Caller::Root)) };
        assert_eq!(world.lambda.invoke(asked).await.err().map(|error| error.code).as_deref(), code, "{bytes}");
    }
    let asked = Asked::new("big", "{", Invoker::Caller(&Caller::Root));
    assert_eq!(world.lambda.invoke(asked).await.unwrap_err().code, "InvalidRequestContentException");
    world.lambda.stop().await;
}

#[tokio::test]
async fn events_are_taken_at_once_and_worked_on_later() {
    let world = World::new().await;
    let mark = world.folder.path().join("mark");
    let code = format!("exports.handler = async (e) => require('fs').writeFileSync({mark:?}, JSON.stringify(e))");
    world.function("later", "nodejs20.x", &code, json!({})).await;
    let headers = [("x-amz-invocation-type", "Event")];
    let reply = world.send(Method::POST, "/later/invocations", &headers, b"{\"a\":1}".to_vec()).await.unwrap();
    assert_eq!(reply.status, 202);
    let begun = Instant::now();
    while !mark.exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the event was not worked on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "{\"a\":1}");
    let dry = world.send(Method::POST, "/later/invocations", &[("x-amz-invocation-type", "DryRun")], Vec::new()).await;
    assert_eq!(dry.unwrap().status, 204);
    world.lambda.stop().await;
}

#[tokio::test]
async fn policies_decide_who_may_invoke() {
    let world = World::new().await;
    world.function("echo", "nodejs20.x", ECHO, json!({})).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:echo";
    let allow = json!([{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}]);
    world.role("may", "appsync.amazonaws.com", &allow).await;
    world.role("may-not", "appsync.amazonaws.com", &json!([])).await;
    let session = |role: &str| {
        Caller::Service(RoleSession {
            role_arn: format!("arn:aws:iam::000000000000:role/{role}"),
            session_name: "appsync".to_owned(),
            access_key: String::new(),
            context: BTreeMap::new(),
        })
    };
    let by = |invoker: Invoker<'static>, function: &'static str| {
        let asked = Asked { kind: InvocationType::Check, ..Asked::new(function, "{}", invoker) };
        let lambda = Arc::clone(&world.lambda);
        async move { lambda.invoke(asked).await.map(|_| ()).map_err(|error| error.code) }
    };
    let (may, may_not) = (Box::leak(Box::new(session("may"))), Box::leak(Box::new(session("may-not"))));
    let denied = || Err("AccessDenied".to_owned());
    assert_eq!(by(Invoker::Caller(may), "echo").await, Ok(()));
    assert_eq!(by(Invoker::Caller(may), "echo:$LATEST").await, denied(), "the qualified ARN is another resource");
    assert_eq!(by(Invoker::Caller(may_not), "echo").await, denied());
    assert_eq!(by(Invoker::Caller(&Caller::Anonymous), "echo").await, Err("MissingAuthenticationToken".to_owned()));
    let visitor = |source_arn| Invoker::Service(ServiceVisitor { service: "appsync.amazonaws.com", source_arn });
    let refused = || Err("AccessDeniedException".to_owned());
    assert_eq!(by(visitor("arn:aws:appsync:us-east-1:000000000000:apis/a"), "echo").await, refused());
    let permission = json!({
        "Action": "lambda:InvokeFunction", "FunctionName": arn, "Principal": "appsync.amazonaws.com",
        "SourceArn": "arn:aws:appsync:us-east-1:000000000000:apis/a",
    });
    let made = world.make("AWS::Lambda::Permission", permission.clone()).await.unwrap();
    assert_eq!(by(visitor("arn:aws:appsync:us-east-1:000000000000:apis/a"), "echo").await, Ok(()));
    assert_eq!(by(visitor("arn:aws:appsync:us-east-1:000000000000:apis/b"), "echo").await, refused());
    assert_eq!(by(visitor("arn:aws:appsync:us-east-1:000000000000:apis/a"), "none").await, refused());
    let role = json!({
        "StatementId": "role", "Action": "lambda:InvokeFunction", "Principal": "arn:aws:iam::000000000000:role/may-not",
    });
    assert_eq!(world.wire(Method::POST, "/echo/policy", &role).await.0, 201);
    assert_eq!(by(Invoker::Caller(may_not), "echo").await, Ok(()), "the function's policy is enough");
    let (_, policy) = world.wire(Method::GET, "/echo/policy", &Value::Null).await;
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(
        policy["Statement"][0]["Condition"]["ArnLike"]["AWS:SourceArn"],
        "arn:aws:appsync:us-east-1:000000000000:apis/a"
    );
    world.handler("AWS::Lambda::Permission").delete(&made, &request(permission, None)).await.unwrap();
    assert_eq!(world.wire(Method::DELETE, "/echo/policy/role", &Value::Null).await.0, 204);
    let (status, gone) = world.wire(Method::GET, "/echo/policy", &Value::Null).await;
    assert_eq!((status, &gone["code"]), (404, &json!("ResourceNotFoundException")));
    world.lambda.stop().await;
}

#[tokio::test]
async fn the_api_tells_and_changes_what_a_function_is() {
    let world = World::new().await;
    let zip = archive(&[("index.js", ECHO, 0o644)]);
    let input = json!({
        "FunctionName": "one", "Runtime": "nodejs20.x", "Handler": "index.handler", "Role": ROLE, "Timeout": 10,
        "Environment": {"Variables": {"AB": "1"}}, "Tags": {"team": "x"}, "Code": {"ZipFile": STANDARD.encode(&zip)},
    });
    let (status, made) = world.wire(Method::POST, "", &input).await;
    assert_eq!(status, 201, "{made}");
    for (name, wanted) in [
        ("FunctionArn", json!("arn:aws:lambda:us-east-1:000000000000:function:one")),
        ("State", json!("Active")),
        ("LastUpdateStatus", json!("Successful")),
        ("Version", json!("$LATEST")),
        ("MemorySize", json!(128)),
        ("Timeout", json!(10)),
        ("CodeSize", json!(zip.len())),
        ("Environment", json!({"Variables": {"AB": "1"}})),
    ] {
        assert_eq!(made[name], wanted, "{name}");
    }
    for name in [
        "one",
        "one:$LATEST",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aone",
        "000000000000:function:one",
        "one?Qualifier=$LATEST",
    ] {
        let (status, got) = world.wire(Method::GET, &format!("/{name}"), &Value::Null).await;
        assert_eq!(
            (status, &got["Configuration"]["FunctionName"], &got["Tags"]["team"]),
            (200, &json!("one"), &json!("x")),
            "{name}"
        );
    }
    let (_, got) = world.wire(Method::GET, "/one", &Value::Null).await;
    let location = got["Code"]["Location"].as_str().unwrap().split("functions").nth(1).unwrap().to_owned();
    let ReplyBody::File { path, .. } = world.send(Method::GET, &location, &[], Vec::new()).await.unwrap().body else {
        panic!("no file")
    };
    assert_eq!(std::fs::read(path).unwrap(), zip);
    assert_eq!(world.send(Method::GET, "/one/archive?ticket=x", &[], Vec::new()).await.unwrap_err().status, 403);
    let changed =
        json!({"ZipFile": STANDARD.encode(archive(&[("index.js", "exports.handler = async () => 2", 0o644)]))});
    assert_eq!(world.invoke("one", json!(1)).await.0, 1);
    let (status, updated) = world.wire(Method::PUT, "/one/code", &changed).await;
    assert_eq!(status, 200, "{updated}");
    assert_ne!(updated["CodeSha256"], made["CodeSha256"]);
    assert_eq!(world.invoke("one", json!(1)).await.0, 2);
    let (status, stale) =
        world.wire(Method::PUT, "/one/configuration", &json!({"RevisionId": made["RevisionId"]})).await;
    assert_eq!((status, &stale["code"]), (412, &json!("PreconditionFailedException")));
    let (_, list) = world.wire(Method::GET, "?MaxItems=1", &Value::Null).await;
    assert_eq!((&list["Functions"][0]["FunctionName"], &list["NextMarker"]), (&json!("one"), &Value::Null));
    world.lambda.stop().await;
}

#[tokio::test]
async fn wrong_input_is_refused_in_lambdas_words() {
    let world = World::new().await;
    world.role("other", "s3.amazonaws.com", &json!([])).await;
    let good = json!({
        "FunctionName": "f", "Runtime": "nodejs20.x", "Handler": "index.handler", "Role": ROLE,
        "Code": {"ZipFile": STANDARD.encode(archive(&[("index.js", ECHO, 0o644)]))},
    });
    let zip = |bytes: &[u8]| json!({"ZipFile": STANDARD.encode(bytes)});
    for (member, value, code, words) in [
        ("FunctionName", json!("a b"), "ValidationException", "functionName"),
        (
            "Timeout",
            json!(901),
            "ValidationException",
            "Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
        ),
        ("Timeout", json!(0), "ValidationException", "greater than or equal to 1"),
        ("MemorySize", json!(64), "ValidationException", "greater than or equal to 128"),
        ("Role", json!("admin"), "ValidationException", "'role'"),
        (
            "Role",
            json!("arn:aws:iam::000000000000:role/other"),
            "InvalidParameterValueException",
            "cannot be assumed by Lambda",
        ),
        ("Runtime", json!("nodejs"), "InvalidParameterValueException", "'runtime'"),
        ("Runtime", json!("java21"), "NotImplemented", "java21"),
        ("Handler", json!(null), "InvalidParameterValueException", "Runtime and Handler are mandatory"),
        (
            "Environment",
            json!({"Variables": {"AWS_REGION": "x"}}),
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_REGION",
        ),
        ("Environment", json!({"Variables": {"BIG": "x".repeat(4096)}}), "InvalidParameterValueException", "4KB"),
        ("Environment", json!({"Variables": {"1A": "x"}}), "ValidationException", "environment"),
        ("Layers", json!(["arn"]), "NotImplemented", "Layers"),
        ("VpcConfig", json!({"SubnetIds": ["a"]}), "NotImplemented", "VpcConfig"),
        ("PackageType", json!("Image"), "NotImplemented", "Image"),
        ("Code", json!({}), "InvalidParameterValueException", "provide a source"),
        ("Code", zip(b"text"), "InvalidParameterValueException", "Could not unzip uploaded file"),
        ("Code", zip(&archive(&[])), "InvalidParameterValueException", "non-empty zip"),
        (
            "Code",
            zip(&archive(&[("../x", "x", 0o644)])),
            "InvalidParameterValueException",
            "Could not unzip uploaded file",
        ),
        (
            "Code",
            json!({"S3Bucket": "none", "S3Key": "k"}),
            "InvalidParameterValueException",
            "S3 Error Code: NoSuchBucket",
        ),
        ("Code", json!({"ImageUri": "x"}), "NotImplemented", "ImageUri"),
    ] {
        let mut input = good.clone();
        input[member] = value.clone();
        let (_, refused) = world.wire(Method::POST, "", &input).await;
        assert_eq!(refused["code"], code, "{member} {value}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains(words), "{member} {value}: {refused}");
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_built_is_refused_by_name() {
    let world = World::new().await;
    let good = json!({
        "FunctionName": "f", "Runtime": "nodejs20.x", "Handler": "index.handler", "Role": ROLE,
        "Code": {"ZipFile": STANDARD.encode(archive(&[("index.js", ECHO, 0o644)]))},
    });
    let mut empty = good.clone();
    empty["VpcConfig"] = json!({"SubnetIds": [], "SecurityGroupIds": []});
    empty["SnapStart"] = json!({"ApplyOn": "None"});
    assert_eq!(world.wire(Method::POST, "", &empty).await.0, 201, "what asks for nothing is no refusal");
    let (status, again) = world.wire(Method::POST, "", &good).await;
    assert_eq!(
        (status, &again["code"], &again["extra"]["Type"]),
        (409, &json!("ResourceConflictException"), &json!("User"))
    );
    for (method, path) in
        [(Method::GET, "/none"), (Method::POST, "/none/invocations"), (Method::DELETE, "/none"), (Method::GET, "/f:1")]
    {
        let (status, refused) = world.wire(method, path, &Value::Null).await;
        assert_eq!(status, 404, "{path}: {refused}");
        assert!(
            refused["message"]
                .as_str()
                .unwrap()
                .starts_with("Function not found: arn:aws:lambda:us-east-1:000000000000:function:"),
            "{refused}"
        );
    }
    for (method, path, name) in [
        (Method::POST, "/f/versions", "PublishVersion"),
        (Method::POST, "/f/aliases", "aliases"),
        (Method::PUT, "/f/concurrency", "PutFunctionConcurrency"),
    ] {
        let (status, refused) = world.wire(method, path, &json!({})).await;
        assert_eq!((status, refused["message"].as_str().unwrap().contains(name)), (501, true), "{refused}");
    }
}

#[tokio::test]
async fn stacks_make_and_change_functions() {
    let world = World::new().await;
    world.make("AWS::S3::Bucket", json!({"BucketName": "code-bucket"})).await.unwrap();
    let mut put = ApiCall {
        action: String::new(),
        method: Method::PUT,
        path: "/code-bucket/one.zip".to_owned(),
        query: Vec::new(),
        headers: HeaderMap::new(),
        input: Value::Null,
        body: archive(&[("index.py", "def handler(e, c):\n    return 'from s3'\n", 0o644)]).into(),
    };
    put.headers.insert("content-type", "application/zip".parse().unwrap());
    world.s3.call(&CallContext { caller: Caller::Root }, put).await.unwrap();
    let properties = json!({
        "Runtime": "python3.12", "Handler": "index.handler", "Role": ROLE, "Timeout": "5", "Tags": [{"Key": "a", "Value": "b"}],
        "Code": {"S3Bucket": "code-bucket", "S3Key": "one.zip"},
    });
    let made = world.make("AWS::Lambda::Function", properties.clone()).await.unwrap();
    assert!(made.physical_id.starts_with("s-Fn-"), "{made:?}");
    assert_eq!(made.attributes["Arn"], format!("arn:aws:lambda:us-east-1:000000000000:function:{}", made.physical_id));
    assert_eq!(world.invoke(&made.physical_id, json!({})).await.0, "from s3");
    let handler = world.handler("AWS::Lambda::Function");
    let mut inline = properties.clone();
    inline["Code"] = json!({"ZipFile": "import os\ndef handler(e, c):\n    return os.environ['AB']\n"});
    inline["Environment"] = json!({"Variables": {"AB": 7}});
    let updated = handler.update(&made, &request(inline.clone(), Some(properties))).await.unwrap();
    assert_eq!(updated, made);
    assert_eq!(world.invoke(&made.physical_id, json!({})).await.0, "7");
    let (_, got) = world.wire(Method::GET, &format!("/{}", made.physical_id), &Value::Null).await;
    assert_eq!((&got["Configuration"]["Timeout"], &got["Tags"]), (&json!(5), &json!({"stack": "s", "a": "b"})));
    let mut bad = inline.clone();
    bad["Code"] = json!({"ZipFile": "x", "S3ObjectVersion": "1"});
    let error = handler.update(&made, &request(bad, Some(inline.clone()))).await.unwrap_err();
    assert!(error.0.contains("S3ObjectVersion"), "{error}");
    handler.delete(&made, &request(inline.clone(), None)).await.unwrap();
    handler.delete(&made, &request(inline, None)).await.unwrap();
    assert!(world.lambda.snapshot().is_null());
    world.lambda.stop().await;
}

#[test]
fn callers_need_the_rights_that_lambda_asks_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let needs = |method: Method, path: &str, body: Value| {
        let call = ApiCall {
            action: String::new(),
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            input: Value::Null,
            body: body.to_string().into(),
        };
        world.lambda.access(&CallContext { caller: Caller::Anonymous }, &call)
    };
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let requires = |list: &[(&str, &str)]| {
        Access::Requires(list.iter().map(|(action, resource)| Permission::new(*action, *resource)).collect())
    };
    let code = json!({"FunctionName": "f", "Role": ROLE, "Code": {"S3Bucket": "b", "S3Key": "k"}});
    assert_eq!(
        needs(Method::POST, "/2015-03-31/functions", code),
        requires(&[("lambda:CreateFunction", arn), ("iam:PassRole", ROLE), ("s3:GetObject", "arn:aws:s3:::b/k")])
    );
    assert_eq!(
        needs(Method::DELETE, "/2015-03-31/functions/f", Value::Null),
        requires(&[("lambda:DeleteFunction", arn)])
    );
    assert_eq!(needs(Method::GET, "/2015-03-31/functions/", Value::Null), requires(&[("lambda:ListFunctions", "*")]));
    assert_eq!(needs(Method::POST, "/2015-03-31/functions/f/invocations", Value::Null), Access::Open);
}
