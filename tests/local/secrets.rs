//! Secrets and models of functions on the embedded cloud: values are set beside it, roles read what they name alone.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::http::graphql;
use crate::support::sandbox::{Ran, Sandbox};

const VALUE: &str = "sk_live_7f3a9c";

/// Calls services with the credentials that the function finds, signed from AWS's description.
const CALLS: &str = r"
import { createHash, createHmac } from 'node:crypto';
const sha = (text) => createHash('sha256').update(text).digest('hex');
const mac = (key, text) => createHmac('sha256', key).update(text).digest();
export const call = async (service, target, input) => {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = process.env;
  const url = new URL(process.env.AWS_ENDPOINT_URL);
  const body = JSON.stringify(input);
  const stamp = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
  const scope = stamp.slice(0, 8) + '/us-east-1/' + service + '/aws4_request';
  const headers = { host: url.host, 'x-amz-date': stamp, 'x-amz-security-token': token, 'x-amz-target': target };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => name + ':' + value + '\n').join('');
  const text = ['AWS4-HMAC-SHA256', stamp, scope, sha(['POST', '/', '', lines, names, sha(body)].join('\n'))].join('\n');
  const key = ['us-east-1', service, 'aws4_request'].reduce(mac, mac('AWS4' + secret, stamp.slice(0, 8)));
  delete headers.host;
  headers.authorization = 'AWS4-HMAC-SHA256 Credential=' + id + '/' + scope + ', SignedHeaders=' + names +
    ', Signature=' + mac(key, text).toString('hex');
  headers['content-type'] = 'application/x-amz-json-1.1';
  const answer = await fetch(url, { method: 'POST', headers, body });
  return { ok: answer.status === 200, body: await answer.json() };
};
";

/// Reads its secrets and its model, and tries one step further each time.
const WORK: &str = r"
import { call } from './calls.mjs';
export const handler = async () => {
  const { STRIPE_KEY_PARAMETER, DB_PASSWORD_SECRET, BLOG_POST_TABLE } = process.env;
  const read = (Name) => call('ssm', 'AmazonSSM.GetParameter', { Name, WithDecryption: true });
  const own = await read(STRIPE_KEY_PARAMETER);
  const other = await read(STRIPE_KEY_PARAMETER.replace('STRIPE_KEY', 'OTHER'));
  const managed = await call('secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: DB_PASSWORD_SECRET });
  const table = (action, input) =>
    call('dynamodb', 'DynamoDB_20120810.' + action, { TableName: BLOG_POST_TABLE, ...input });
  const scan = await table('Scan', {});
  const put = await table('PutItem', { Item: { id: { S: 'x' } } });
  return JSON.stringify([own.body.Parameter?.Value, other.ok, managed.body.SecretString, scan.body.Count, put.ok]);
};
";

/// Notes every change of a model in another model's table.
const FOLLOW: &str = r"
import { call } from './calls.mjs';
export const handler = async ({ Records }) => {
  for (const { eventName, dynamodb } of Records) {
    const Item = { id: { S: eventName + ' ' + dynamodb.Keys.id.S } };
    await call('dynamodb', 'DynamoDB_20120810.PutItem', { TableName: process.env.BLOG_NOTE_TABLE, Item });
  }
};
";

const SCHEMA: &str = "\
type Post @model @auth(rules: [{ allow: public }]) { id: ID! }
type Note @model(timestamps: null) @auth(rules: [{ allow: public }]) { id: ID! }
type Query { work: String @function(name: \"work\") @auth(rules: [{ allow: public }]) }
";

fn set(sandbox: &Sandbox, name: &str, value: &str) -> Ran {
    let arguments = ["secret", "set", name, "--value-from-stdin", "--json"];
    let mut command = sandbox.command(&arguments);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{value}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        elapsed: Duration::ZERO,
    }
}

/// A project whose function `work` answers an API, reads one of its models and two secrets.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "app", "--target", "local"]).ok();
    sandbox.write("ampup/api/blog/schema.graphql", SCHEMA);
    let _ = sandbox.run(&["add", "api", "--name", "blog", "--sample", "blank", "--auth", "api-key"]).ok();
    let secrets = ["--secret", "STRIPE_KEY", "--secret", "DB_PASSWORD:secrets-manager"];
    let work = ["add", "function", "--name", "work", "--access", "blog.Post:read"];
    let _ = sandbox.run(&[&work[..], &secrets].concat()).ok();
    let follow = ["--trigger", "blog.Post:change", "--access", "blog.Note:write"];
    let _ = sandbox.run(&[&["add", "function", "--name", "follow"], &follow[..]].concat()).ok();
    for (name, code) in [("work", WORK), ("follow", FOLLOW)] {
        sandbox.write(&format!("ampup/function/{name}/calls.mjs"), CALLS);
        sandbox.write(&format!("ampup/function/{name}/index.mjs"), code);
    }
    sandbox
}

/// Asks until an answer is as it should be.
fn until(what: &str, ask: impl Fn() -> Option<Value>) -> Value {
    let started = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(40), "{what} did not come about");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Files below a folder that hold a text.
fn holding(folder: &Path, text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text)) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_function_waits_for_its_secrets_and_reads_what_it_names_alone() {
    let sandbox = project();
    let refused = sandbox.run(&["push", "--yes", "--json"]);
    let failure = refused.json();
    assert_eq!((refused.code, &failure["code"]), (3, &json!("AMP0412")), "{failure}");
    let hints: Vec<&str> =
        failure["problems"].as_array().unwrap().iter().filter_map(|problem| problem["hints"][0].as_str()).collect();
    assert_eq!(hints, ["`ampup secret set STRIPE_KEY --env dev`", "`ampup secret set DB_PASSWORD --env dev`"]);

    // `dev` runs all the same, and deploys when the last of them is set.
    let dev = sandbox.dev();
    let ran = set(&sandbox, "STRIPE_KEY", VALUE).ok();
    assert!(!ran.stdout.contains(VALUE) && !ran.stderr.contains(VALUE), "{ran:?}");
    let _ = set(&sandbox, "OTHER", "not for work").ok();
    let _ = set(&sandbox, "DB_PASSWORD", "hunter2").ok();
    let outputs = until("the deployment", || sandbox.path("amplify_outputs.json").exists().then(|| sandbox.outputs()));
    let (url, key) = (outputs["data"]["url"].as_str().unwrap(), outputs["data"]["api_key"].as_str().unwrap());
    let ask = |query: &str| graphql(url, ("x-api-key", key), query, &Value::Null).json();
    let made = ask("mutation { createPost(input: { id: \"1\" }) { id } }");
    assert_eq!(made["data"]["createPost"]["id"], "1", "{made}");
    let worked = ask("{ work }");
    let told: Value =
        serde_json::from_str(worked["data"]["work"].as_str().unwrap_or_else(|| panic!("{worked}"))).unwrap();
    assert_eq!(told, json!([VALUE, false, "hunter2", 1, false]));
    let noted = || ask("{ getNote(id: \"INSERT 1\") { id } }")["data"]["getNote"]["id"].as_str().map(Into::into);
    until("the note of the change", noted);

    let listed = sandbox.run(&["secret", "list", "--json"]).ok().json();
    let lines: Vec<(&str, bool, usize)> = listed["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let functions = line["functions"].as_array().unwrap().len();
            (line["name"].as_str().unwrap(), line["set"].as_bool().unwrap(), functions)
        })
        .collect();
    assert_eq!(lines, [("DB_PASSWORD", true, 1), ("OTHER", true, 0), ("STRIPE_KEY", true, 1)]);
    drop(dev);
    assert_eq!(holding(&sandbox.folder(), VALUE.as_bytes()), Vec::<String>::new());
}

#[test]
fn values_are_taken_away_and_set_anew() {
    let sandbox = project();
    for name in ["STRIPE_KEY", "DB_PASSWORD"] {
        let _ = set(&sandbox, name, "one").ok();
        let removed = sandbox.run(&["secret", "remove", name, "--yes", "--json"]).ok().json();
        let line = removed["secrets"].as_array().unwrap().iter().find(|line| line["name"] == name).unwrap();
        assert_eq!(line["set"], false, "{removed}");
        let again = sandbox.run(&["secret", "remove", name, "--yes"]);
        assert_eq!((again.code, again.stderr.contains("AMP0412")), (3, true), "{again:?}");
        let _ = set(&sandbox, name, "two").ok();
    }
    let listed = sandbox.run(&["secret", "list", "--json"]).ok().json();
    assert!(listed["secrets"].as_array().unwrap().iter().all(|line| line["set"] == true), "{listed}");
}

#[test]
fn a_value_is_never_an_argument_and_never_repeated() {
    let sandbox = project();
    for (arguments, code, part) in [
        (&["secret", "set", "STRIPE_KEY", VALUE][..], 2, "is no argument"),
        (&["secret", "set", &format!("STRIPE_KEY={VALUE}")][..], 2, "a secret's name is"),
        (&["secret", "set", "STRIPE_KEY"][..], 2, "--value-from-stdin"),
        (&["secret", "set", "STRIPE_KEY", "--value-from-stdin"][..], 2, "the value is empty"),
        (&["secret", "set", "STRIPE_KEY", "--store", "secrets-manager", "--value-from-stdin"][..], 2, "is kept by"),
        (&["secret", "set", "STRIPE_KEY", "--store", "parametre"][..], 2, "did you mean `parameter`?"),
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stderr.contains(part) && !ran.stderr.contains(VALUE), "{ran:?}");
    }
    let large = set(&sandbox, "STRIPE_KEY", &"x".repeat(9000));
    assert!(large.code == 2 && large.stdout.contains("9000 bytes"), "{large:?}");
}
