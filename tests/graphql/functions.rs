//! Fields that HTTP servers answer.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use super::world::{Shared, World, shared};
use crate::support::stub::{Asked, Stub};

static WORLD: Shared = Shared::new(std::sync::Weak::new());

/// Tells what it was asked; `/broken` fails.
fn told(asked: &Asked) -> (u16, Vec<u8>) {
    let path = asked.path.split('?').next().unwrap_or_default();
    match path {
        "/broken/7" => (503, b"out of order".to_vec()),
        _ => (
            200,
            json!({ "id": asked.method, "path": asked.path, "body": asked.body, "mark": asked.header("x-mark") })
                .to_string()
                .into_bytes(),
        ),
    }
}

fn stub() -> &'static str {
    static STUB: OnceLock<String> = OnceLock::new();
    STUB.get_or_init(|| Stub::start(told).address)
}

fn world() -> Arc<World> {
    shared(&WORLD, || SCHEMA.replace("SERVER", stub()))
}

const SCHEMA: &str = r#"
type Told { id: ID path: String body: String mark: String }
type Query {
  get(id: ID!, q: String): Told @http(url: "SERVER/things/:id", headers: [{ key: "X-Mark", value: "m" }])
  broken(id: ID!): Told @http(url: "SERVER/broken/:id")
}
type Mutation {
  add(title: String!): Told @http(method: POST, url: "SERVER/things")
}
"#;

#[test]
fn item_54_http_answers_are_json_and_other_statuses_errors() {
    let world = world();
    let told = world.value("{ get(params: { id: \"a b\" }, query: { q: \"&\" }) { id path mark } }", &Value::Null);
    assert_eq!(told, json!({ "id": "GET", "path": "/things/a%20b?q=%26", "mark": "m" }));
    let added = world.value("mutation { add(body: { title: \"t\" }) { id path body } }", &Value::Null);
    assert_eq!((&added["id"], &added["path"]), (&json!("POST"), &json!("/things")));
    assert_eq!(serde_json::from_str::<Value>(added["body"].as_str().unwrap()).unwrap(), json!({ "title": "t" }));
    let error = world.error("{ broken(params: { id: \"7\" }) { id } }", &Value::Null);
    assert_eq!((&error["message"], &error["errorType"]), (&json!("out of order"), &json!("503")), "{error}");
}

#[test]
fn item_55_what_must_be_given_may_come_in_the_query_or_the_body() {
    let world = world();
    let added = world.value("mutation { add(query: { title: \"t\" }) { path } }", &Value::Null);
    assert_eq!(added["path"], "/things?title=t");
    let error = world.error("mutation { add { path } }", &Value::Null);
    assert_eq!(
        error["message"],
        "An argument you marked as Non-Null is not present in the query nor the body of your request."
    );
}
