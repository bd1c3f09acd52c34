//! Signed requests that pass all rules: those of admin roles, and those of every role where the API says so.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::world::{ANSWER, keys, signed};
use crate::support::http::{send, split_url};
use crate::support::sandbox::Sandbox;
use crate::support::sigv4::{self, Key};

const VAULT: &str = r#"
type Note @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  text: String
  mood: String @auth(rules: [{ allow: owner, operations: [read] }])
  lines: [Line] @hasMany(references: ["noteId"])
}
type Line @model @auth(rules: [{ allow: groups, groups: ["Staff"] }]) {
  id: ID!
  noteId: ID
  note: Note @belongsTo(references: ["noteId"])
}
type Plain @model { id: ID! }
type Query { ping: String @auth(rules: [{ allow: private }]) }
"#;

const SETTINGS: &str = r#"
[resources.auth]
kind = "auth"
guests = true
groups = ["Staff"]

[resources.vault]
kind = "api"
auth = "user-pool"
additional-auth = ["iam"]
admin-roles = ["Auditor-${env}"]

[resources.open]
kind = "api"
auth = "user-pool"
additional-auth = ["iam"]
iam-access = true
"#;

/// The texts in all elements of a name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).map(str::to_owned).collect()
}

/// A call of IAM or STS as the account's root; gives the XML.
fn query(endpoint: &str, service: &str, parameters: &[(&str, &str)]) -> String {
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    let body = pairs.collect::<Vec<_>>().join("&");
    let host = endpoint.trim_start_matches("http://");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let headers = sigv4::sign(&Key::root(), service, host, "/", &form, body.as_bytes());
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = send(endpoint, "POST", "/", &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.text()
}

/// Lets a role call every API.
fn allow(endpoint: &str, role: &str) {
    let policy = r#"{"Statement":{"Effect":"Allow","Action":"appsync:GraphQL","Resource":"*"}}"#;
    let named = [("RoleName", role), ("PolicyName", "all"), ("PolicyDocument", policy)];
    query(endpoint, "iam", &[&[("Action", "PutRolePolicy"), ("Version", "2010-05-08")][..], &named].concat());
}

/// Credentials of a new role that may call every API, in a session that is called like the admin role.
fn role(endpoint: &str, name: &str) -> Key {
    let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}"#;
    let make = [("Action", "CreateRole"), ("Version", "2010-05-08")];
    query(endpoint, "iam", &[&make[..], &[("RoleName", name), ("AssumeRolePolicyDocument", trust)]].concat());
    allow(endpoint, name);
    let arn = format!("arn:aws:iam::000000000000:role/{name}");
    let take = [("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", arn.as_str())];
    let xml = query(endpoint, "sts", &[&take[..], &[("RoleSessionName", "Auditor-dev")]].concat());
    let text = |name: &str| elements(&xml, name).remove(0);
    Key { access: text("AccessKeyId"), secret: text("SecretAccessKey"), token: Some(text("SessionToken")) }
}

/// Sends a signed GraphQL request.
fn ask(url: &str, key: &Key, query: &str) -> Value {
    let (endpoint, path) = split_url(url);
    let body = json!({ "query": query }).to_string();
    let headers = signed(key, &endpoint, &path, body.as_bytes());
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send(&endpoint, "POST", &path, &headers, body.as_bytes()).json()
}

const WRITES: [&str; 2] = [
    r#"mutation { createNote(input: { id: "n", text: "t", mood: "calm" }) { id text } }"#,
    r#"mutation { createLine(input: { id: "l", noteId: "n" }) { id } }"#,
];
const READS: [(&str, &str); 4] = [
    ("{ getNote(id: \"n\") { text mood lines { items { id } } } }", "/getNote/lines/items/0/id"),
    ("{ listNotes { items { id mood } } }", "/listNotes/items/0/mood"),
    ("{ listLines { items { note { mood } } } }", "/listLines/items/0/note/mood"),
    ("mutation { updateNote(input: { id: \"n\", text: \"u\", mood: \"glad\" }) { text } }", "/updateNote/text"),
];

#[test]
fn admin_roles_pass_all_rules_and_others_do_not() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "signers", "--target", "local"]).ok();
    sandbox.write("ampup.toml", &format!("{}{SETTINGS}", sandbox.read("ampup.toml")));
    for api in ["vault", "open"] {
        sandbox.write(&format!("ampup/api/{api}/schema.graphql"), VAULT);
        sandbox.write(&format!("ampup/api/{api}/resolvers/Query.ping.js"), ANSWER);
    }
    let dev = sandbox.dev();
    let outputs = sandbox.outputs();
    let (vault, open) = (url(&outputs, "vault"), url(&outputs, "open"));
    let guest = keys(&dev.endpoint, outputs["auth"]["identity_pool_id"].as_str().unwrap(), &json!({}));
    for name in
        elements(&query(&dev.endpoint, "iam", &[("Action", "ListRoles"), ("Version", "2010-05-08")]), "RoleName")
    {
        allow(&dev.endpoint, &name);
    }
    let (admin, other) = (role(&dev.endpoint, "Auditor-dev"), role(&dev.endpoint, "Auditor"));

    for (api, key) in [(&vault, &admin), (&open, &other)] {
        for query in WRITES {
            let answer = ask(api, key, query);
            assert!(answer["errors"].is_null(), "{query}: {answer}");
        }
        for (query, pointer) in READS {
            let answer = ask(api, key, query);
            assert!(answer["errors"].is_null(), "{query}: {answer}");
            assert!(answer["data"].pointer(pointer).is_some_and(Value::is_string), "{query}: {answer}");
        }
        assert_eq!(ask(api, key, "{ ping }"), json!({ "data": { "ping": null } }));
    }
    // What has no rule at all is open to every signature, and to named roles as little as to others.
    let plain = "mutation { createPlain(input: { id: \"p\" }) { id } }";
    assert_eq!(ask(&open, &other, plain)["data"]["createPlain"]["id"], "p");
    for (api, key, queries) in [
        (&vault, &admin, &[plain][..]),
        (&vault, &other, &[WRITES[0], WRITES[1], READS[0].0, READS[1].0, READS[2].0, READS[3].0, "{ ping }"]),
        (&vault, &guest, &[WRITES[0], READS[0].0, READS[1].0, "{ ping }"]),
        (&open, &guest, &[WRITES[0], READS[0].0, READS[1].0, "{ ping }", plain]),
    ] {
        for query in queries {
            let answer = ask(api, key, query);
            assert_eq!(answer["errors"][0]["errorType"], "Unauthorized", "{query}: {answer}");
        }
    }
}

/// The address of an API: the first stands in the section `data`, the others by their names.
fn url(outputs: &Value, name: &str) -> String {
    let found = outputs["custom"][name]["url"].as_str().or_else(|| outputs["data"]["url"].as_str());
    found.unwrap_or_else(|| panic!("{name} is not in {outputs}")).to_owned()
}
