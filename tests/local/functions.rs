//! Functions over the wire: made, invoked with their own role, kept through a restart, gone with a killed cloud.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ampup::base::{RandomIds, Region, ServiceEndpoints, SystemClock};
use ampup::cloud::{Cloud, CloudConfig, RunningCloud};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::functions::{FUNCTIONS, make_function, make_role, post};
use crate::support::http::{Answer, send};
use crate::support::sandbox::Sandbox;

fn header(answer: &Answer, name: &str) -> Option<String> {
    answer.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
}

fn invoke(endpoint: &str, name: &str, kind: &str, event: &Value) -> Answer {
    let headers = [("x-amz-invocation-type", kind), ("x-amz-log-type", "Tail")];
    let path = format!("{FUNCTIONS}/{name}/invocations");
    post(endpoint, "lambda", &path, &headers, event.to_string().as_bytes())
}

fn start(runtime: &tokio::runtime::Runtime, state: &Path) -> RunningCloud {
    let config = CloudConfig {
        port: 0,
        state: Some(state.to_owned()),
        region: Region::default(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
        root_key: None,
        endpoints: ServiceEndpoints::default(),
    };
    runtime.block_on(Cloud::start(config)).unwrap()
}

/// Calls DynamoDB with the credentials that the function finds, signed from AWS's description.
const CALLER: &str = r"
const { createHash, createHmac } = require('crypto');
const sha = (text) => createHash('sha256').update(text).digest('hex');
const mac = (key, text) => createHmac('sha256', key).update(text).digest();
exports.handler = async ({ target }) => {
  console.log('asking for', target);
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = process.env;
  const url = new URL(process.env.AWS_ENDPOINT_URL);
  const stamp = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
  const scope = stamp.slice(0, 8) + '/us-east-1/dynamodb/aws4_request';
  const headers = { host: url.host, 'x-amz-date': stamp, 'x-amz-security-token': token, 'x-amz-target': target };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => name + ':' + value + '\n').join('');
  const text = ['AWS4-HMAC-SHA256', stamp, scope, sha(['POST', '/', '', lines, names, sha('{}')].join('\n'))].join('\n');
  const key = ['us-east-1', 'dynamodb', 'aws4_request'].reduce(mac, mac('AWS4' + secret, stamp.slice(0, 8)));
  const signature = mac(key, text).toString('hex');
  delete headers.host;
  headers.authorization = 'AWS4-HMAC-SHA256 Credential=' + id + '/' + scope + ', SignedHeaders=' + names +
    ', Signature=' + signature;
  headers['content-type'] = 'application/x-amz-json-1.0';
  const answer = await fetch(url, { method: 'POST', headers, body: '{}' });
  return { status: answer.status, body: await answer.json() };
};";

#[test]
fn a_function_acts_with_its_own_role_and_no_more() {
    let state = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = start(&runtime, state.path());
    let endpoint = cloud.endpoint().to_string();
    make_role(&endpoint);
    make_function(&endpoint, "caller", CALLER, 10);
    let answer = invoke(&endpoint, "caller", "RequestResponse", &json!({"target": "DynamoDB_20120810.ListTables"}));
    assert_eq!((answer.status, header(&answer, "x-amz-executed-version").as_deref()), (200, Some("$LATEST")));
    assert_eq!(answer.json(), json!({"status": 200, "body": {"TableNames": []}}), "{}", answer.text());
    let log = STANDARD.decode(header(&answer, "x-amz-log-result").unwrap()).unwrap();
    let log = String::from_utf8(log).unwrap();
    let id = header(&answer, "x-amzn-requestid").unwrap();
    assert!(log.contains(&format!("\t{id}\tINFO\tasking for DynamoDB_20120810.ListTables\n")), "{log}");
    assert!(log.contains(&format!("END RequestId: {id}\nREPORT RequestId: {id}\tDuration: ")), "{log}");
    let answer = invoke(&endpoint, "caller", "RequestResponse", &json!({"target": "DynamoDB_20120810.CreateTable"}));
    let denied = answer.json();
    assert_eq!(denied["status"], 400, "{denied}");
    let message = denied["body"]["message"].as_str().unwrap();
    assert!(
        message.starts_with(
            "User: arn:aws:sts::000000000000:assumed-role/fn/caller is not authorized to perform: dynamodb:CreateTable"
        ),
        "{message}"
    );
    let failed = invoke(&endpoint, "caller", "RequestResponse", &Value::Null);
    assert_eq!((failed.status, header(&failed, "x-amz-function-error").as_deref()), (200, Some("Unhandled")));
    assert_eq!(failed.json()["errorType"], "TypeError");
    let unsigned = send(&endpoint, "POST", &format!("{FUNCTIONS}/caller/invocations"), &[], b"{}");
    assert_eq!(
        (unsigned.status, header(&unsigned, "x-amzn-errortype").as_deref()),
        (403, Some("MissingAuthenticationTokenException"))
    );
    let absent = invoke(&endpoint, "nobody", "RequestResponse", &Value::Null);
    assert_eq!(
        (absent.status, absent.json()),
        (
            404,
            json!({"Message": "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody", "Type": "User"})
        )
    );
    runtime.block_on(cloud.stop()).unwrap();
}

fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn functions_and_accepted_events_survive_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = start(&runtime, state.path());
    let endpoint = cloud.endpoint().to_string();
    make_role(&endpoint);
    let (begun, go, done) =
        (state.path().join("test-begun"), state.path().join("test-go"), state.path().join("test-done"));
    let code = format!(
        "const fs = require('fs'); exports.handler = async (event) => {{ fs.writeFileSync({begun:?}, ''); \
         if (!fs.existsSync({go:?})) await new Promise((end) => setTimeout(end, 60000)); \
         fs.writeFileSync({done:?}, JSON.stringify(event)); return 'done' }}"
    );
    make_function(&endpoint, "worker", &code, 60);
    assert_eq!(invoke(&endpoint, "worker", "Event", &json!({"n": 1})).status, 202);
    wait_for("the function did not begin", || begun.exists());
    runtime.block_on(cloud.stop()).unwrap();
    assert!(!done.exists());
    std::fs::write(go, "").unwrap();
    let cloud = start(&runtime, state.path());
    wait_for("the event was forgotten", || done.exists());
    assert_eq!(std::fs::read_to_string(done).unwrap(), "{\"n\":1}");
    let answer = invoke(cloud.endpoint().as_str(), "worker", "RequestResponse", &Value::Null);
    assert_eq!(answer.json(), "done", "{}", answer.text());
    runtime.block_on(cloud.stop()).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_cloud_leaves_no_process() {
    let is_alive =
        |pid: &u64| std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "app", "--target", "local"]).ok();
    let dev = sandbox.dev();
    make_role(&dev.endpoint);
    let note = sandbox.path("pids");
    let code = format!(
        "const {{ spawn }} = require('child_process'); exports.handler = async (event) => {{ \
         const pids = [process.pid, spawn('sleep', ['100']).pid]; require('fs').writeFileSync({note:?} + event.name, \
         JSON.stringify(pids)); if (event.name === 'busy') for (;;) {{}} return pids }}"
    );
    make_function(&dev.endpoint, "held", &code, 60);
    let idle = invoke(&dev.endpoint, "held", "RequestResponse", &json!({"name": "idle"})).json();
    assert_eq!(invoke(&dev.endpoint, "held", "Event", &json!({"name": "busy"})).status, 202);
    let busy = sandbox.path("pidsbusy");
    wait_for("the busy one did not begin", || std::fs::read(&busy).is_ok_and(|text| text.ends_with(b"]")));
    let mut pids: Vec<u64> = serde_json::from_value(idle).unwrap();
    pids.extend(serde_json::from_slice::<Vec<u64>>(&std::fs::read(busy).unwrap()).unwrap());
    assert!(pids.iter().all(is_alive), "{pids:?}");
    dev.kill();
    wait_for("something outlived the cloud", || !pids.iter().any(is_alive));
}
