//! Data of somebody else: ids that are guessed, subscriptions to what others write, tricks with names on the way.

use serde_json::{Value, json};

use super::world::{Line, data};
use crate::support::callers::Credential;
use crate::support::sandbox::{Dev, Sandbox};
use crate::support::users::Pool;

const SETTINGS: &str = r#"
[resources.auth]
kind = "auth"

[resources.api]
kind = "api"
auth = "user-pool"
"#;

const SCHEMA: &str = r#"
type Note @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  text: String
  lines: [Line] @hasMany(references: ["noteId"])
}
type Line @model @auth(rules: [{ allow: owner }, { allow: private, operations: [create] }]) {
  id: ID!
  noteId: ID
  word: String
  note: Note @belongsTo(references: ["noteId"])
}
"#;

struct Kept {
    url: String,
    ada: Credential,
    eve: Credential,
    /// The names by which Ada may be known as an owner.
    names: Vec<String>,
    _dev: Dev,
    _sandbox: Sandbox,
}

fn start() -> Kept {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "owners", "--target", "local"]).ok();
    sandbox.write("ampup.toml", &format!("{}{SETTINGS}", sandbox.read("ampup.toml")));
    sandbox.write("ampup/api/api/schema.graphql", SCHEMA);
    let _ = sandbox.run(&["render"]).ok();
    let dev = sandbox.dev();
    let outputs = sandbox.outputs();
    let pool = Pool::of(&dev.endpoint, &outputs);
    let sign_in = |email: &str| {
        pool.sign_up(email);
        pool.sign_in(email).access
    };
    let (ada, eve) = (sign_in("ada@example.com"), sign_in("eve@example.com"));
    let claims = super::world::parts(&ada).1;
    let text = |name: &str| claims[name].as_str().unwrap().to_owned();
    let (sub, username) = (text("sub"), text("username"));
    let names = vec![format!("{sub}::{username}"), sub, username];
    let by = |token: String| Credential::Header("authorization", token);
    let url = outputs["data"]["url"].as_str().unwrap().to_owned();
    Kept { url, ada: by(ada), eve: by(eve), names, _dev: dev, _sandbox: sandbox }
}

impl Kept {
    fn ask(&self, who: &Credential, query: &str) -> Value {
        who.send(&self.url, query, &Value::Null).json()
    }
}

/// Answers without the ids in them.
fn without(answer: &Value, id: &str) -> String {
    answer.to_string().replace(id, "ID")
}

#[test]
fn a_guessed_id_tells_nothing_of_what_it_names() {
    let kept = start();
    let made = kept.ask(&kept.ada, "mutation { createNote(input: { id: \"hers\", text: \"hidden\" }) { id } }");
    assert_eq!(made["data"]["createNote"]["id"], "hers", "{made}");
    let line = "mutation { createLine(input: { id: \"mine\", noteId: \"hers\", word: \"w\" }) { id } }";
    assert_eq!(kept.ask(&kept.eve, line)["data"]["createLine"]["id"], "mine");
    // Writes are refused in the same words, whether there is something or not.
    for query in [
        "mutation { updateNote(input: { id: \"ID\", text: \"x\" }) { id text } }",
        "mutation { deleteNote(input: { id: \"ID\" }) { id text } }",
        "mutation { x: updateNote(input: { id: \"ID\" }, condition: { text: { eq: \"hidden\" } }) { id } }",
        "mutation { updateNote(input: { id: \"ID\" }, condition: { text: { ne: \"hidden\" } }) { id } }",
        "mutation { deleteNote(input: { id: \"ID\" }, condition: { text: { beginsWith: \"h\" } }) { id } }",
    ] {
        let hers = kept.ask(&kept.eve, &query.replace("ID", "hers"));
        let none = kept.ask(&kept.eve, &query.replace("ID", "none"));
        assert_eq!(hers["errors"][0]["errorType"], "Unauthorized", "{query}: {hers}");
        assert_eq!(without(&hers, "hers"), without(&none, "none"), "{query}");
    }
    for query in [
        "{ getNote(id: \"hers\") { id text } }",
        "{ text: getNote(id: \"hers\") { id: text } }",
        "{ ...F } fragment F on Query { getNote(id: \"hers\") { ... on Note { x: text } } }",
        "{ listNotes { items { id text } } }",
        "{ listNotes(filter: { id: { eq: \"hers\" } }) { items { text } } }",
        "{ listNotes(filter: { or: [{ text: { eq: \"hidden\" } }, { id: { attributeExists: true } }] }) { items { text } } }",
        "{ getLine(id: \"mine\") { word note { text } } }",
        "{ getLine(id: \"mine\") { word: note { ... on Note { text } } } }",
        "{ listLines { items { note { text lines { items { word } } } } } }",
    ] {
        let answer = kept.ask(&kept.eve, query);
        assert!(!answer.to_string().contains("hidden"), "{query}: {answer}");
    }
    let line = kept.ask(&kept.eve, "{ getLine(id: \"mine\") { word note { text } } }");
    assert_eq!(line["data"]["getLine"], json!({ "word": "w", "note": null }), "{line}");
    assert_eq!(line["errors"][0]["errorType"], "Unauthorized", "{line}");
    let still = kept.ask(&kept.ada, "{ getNote(id: \"hers\") { text } }");
    assert_eq!(still["data"]["getNote"]["text"], "hidden", "nothing was changed: {still}");
}

#[test]
fn nobody_hears_what_is_written_for_others() {
    let kept = start();
    let open = |who: &Credential| {
        let mut line = Line::open(&kept.url, &who.authorization(&kept.url, ("/connect", "{}")));
        assert_eq!(line.init()["type"], "connection_ack");
        line
    };
    let (mut hers, mut others) = (open(&kept.ada), open(&kept.eve));
    let start = |line: &mut Line, who: &Credential, id: &str, query: &str| {
        let data = data(query);
        line.begin(id, &data, &who.authorization(&kept.url, ("", &data)))
    };
    for (index, name) in kept.names.iter().enumerate() {
        for (form, query) in [
            ("plain", format!("subscription {{ onCreateNote(owner: {name:?}) {{ text owner }} }}")),
            ("alias", format!("subscription {{ owner: onCreateNote(owner: {name:?}) {{ x: text }} }}")),
            (
                "fragment",
                format!(
                    "subscription {{ ...F }} fragment F on Subscription {{ onCreateNote(owner: {name:?}) {{ text }} }}"
                ),
            ),
            ("default", format!("subscription ($o: String = {name:?}) {{ onCreateNote(owner: $o) {{ text }} }}")),
        ] {
            let said = start(&mut others, &kept.eve, &format!("{form}{index}"), &query);
            let error = &said["payload"]["errors"][0];
            assert_eq!(
                (&said["type"], &error["errorType"]),
                (&json!("error"), &json!("Unauthorized")),
                "{form}: {said}"
            );
        }
    }
    // The connection of one with the credentials of another: each subscription is its own caller's.
    let wide = "subscription { onCreateNote(filter: { or: [{ text: { ne: \"\" } }, { id: { ne: \"\" } }] }) { id text owner } }";
    let alias = "subscription { owner: onCreateNote { id owner: text text: owner } }";
    assert_eq!(start(&mut others, &kept.eve, "wide", wide)["type"], "start_ack");
    assert_eq!(start(&mut others, &kept.eve, "alias", alias)["type"], "start_ack");
    assert_eq!(start(&mut hers, &kept.ada, "own", wide)["type"], "start_ack");
    for query in [
        "mutation { createNote(input: { id: \"1\", text: \"hidden\" }) { id text owner } }",
        "mutation { createNote(input: { id: \"2\", text: \"hidden\" }) { id text } }",
        "mutation { owner: createNote(input: { id: \"3\", text: \"hidden\" }) { id owner: text text: owner } }",
    ] {
        let made = kept.ask(&kept.ada, query);
        assert!(made.get("errors").is_none(), "{query}: {made}");
    }
    let heard = hers.hear().unwrap();
    assert_eq!(heard["payload"]["data"]["onCreateNote"]["text"], "hidden", "{heard}");
    // What the other hears next is the answer to what it says last: nothing was delivered before.
    others.say(&json!({ "type": "stop", "id": "wide" }));
    assert_eq!(others.hear(), Some(json!({ "type": "complete", "id": "wide" })));
}
