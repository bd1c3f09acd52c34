//! Functions of Lambda over the wire: the role that they take, and themselves.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::http::{Answer, send};
use super::sigv4::{Key, sign};

/// The path of all functions.
pub(crate) const FUNCTIONS: &str = "/2015-03-31/functions";

/// A signed POST.
pub(crate) fn post(endpoint: &str, service: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let host = endpoint.trim_start_matches("http://");
    let signed = sign(&Key::root(), service, host, path, headers, body);
    let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send(endpoint, "POST", path, &headers, body)
}

/// A role that Lambda may take and that may list tables.
pub(crate) fn make_role(endpoint: &str) {
    let trust =
        r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    ask_iam(endpoint, "CreateRole", &[("AssumeRolePolicyDocument", trust)]);
    allow(endpoint, "p", "dynamodb:ListTables");
}

/// Gives the role a policy for actions.
pub(crate) fn allow(endpoint: &str, policy: &str, action: &str) {
    let document = json!({ "Statement": { "Effect": "Allow", "Action": action, "Resource": "*" } }).to_string();
    ask_iam(endpoint, "PutRolePolicy", &[("PolicyName", policy), ("PolicyDocument", &document)]);
}

fn ask_iam(endpoint: &str, action: &str, fields: &[(&str, &str)]) {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let fields = fields.iter().map(|(name, text)| format!("&{name}={}", utf8_percent_encode(text, NON_ALPHANUMERIC)));
    let body = format!("Action={action}&Version=2010-05-08&RoleName=fn{}", fields.collect::<Vec<_>>().concat());
    let answer = post(endpoint, "iam", "/", &form, body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// A Node.js function of that role from the text of its module.
pub(crate) fn make_function(endpoint: &str, name: &str, code: &str, timeout: u32) {
    make(endpoint, name, &[("index.js", code)], (timeout, &json!({})));
}

/// A Node.js function of that role from the files of a folder, with variables in its environment.
pub(crate) fn make_from(endpoint: &str, name: &str, files: &[(&str, &str)], variables: &Value) {
    make(endpoint, name, files, (30, variables));
}

fn make(endpoint: &str, name: &str, files: &[(&str, &str)], (timeout, variables): (u32, &Value)) {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, text) in files {
        writer.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    let archive = STANDARD.encode(writer.finish().unwrap().into_inner());
    let input = json!({
        "FunctionName": name, "Runtime": "nodejs20.x", "Handler": "index.handler", "Timeout": timeout,
        "Role": "arn:aws:iam::000000000000:role/fn", "Code": {"ZipFile": archive},
        "Environment": { "Variables": variables },
    });
    let json = [("content-type", "application/json")];
    let answer = post(endpoint, "lambda", FUNCTIONS, &json, input.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// Lets AppSync invoke a function.
pub(crate) fn let_appsync_in(endpoint: &str, name: &str) {
    let input = json!({
        "StatementId": "appsync", "Action": "lambda:InvokeFunction", "Principal": "appsync.amazonaws.com",
    });
    let json = [("content-type", "application/json")];
    let path = format!("{FUNCTIONS}/{name}/policy");
    let answer = post(endpoint, "lambda", &path, &json, input.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
}
