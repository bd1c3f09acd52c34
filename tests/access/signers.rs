//! Signed requests that pass all rules: those of admin roles, and those of every role where the API says so.

use serde_json::{Value, json};

use super::world::ANSWER;
use crate::support::callers::{Credential, keys};
use crate::support::roles;
use crate::support::sandbox::Sandbox;
use crate::support::sigv4::Key;

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

/// Sends a signed GraphQL request.
fn ask(url: &str, key: &Key, query: &str) -> Value {
    Credential::Signed(key.clone()).send(url, query, &Value::Null).json()
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
    roles::allow_all(&dev.endpoint);
    let (admin, other) = (roles::make(&dev.endpoint, "Auditor-dev"), roles::make(&dev.endpoint, "Auditor"));

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
