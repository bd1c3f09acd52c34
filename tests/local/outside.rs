//! Services outside of the embedded cloud, at addresses that it is started with: search, which tables feed, and language
//! models; and what is said where there is no address.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::sandbox::Sandbox;
use crate::support::stub::{Asked, Stub};

/// How long changes of a table may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

const SEARCHED: &str = "\
type Note @model @searchable @auth(rules: [{ allow: public }]) {
  id: ID!
  title: String!
  size: Int
}
";

const GENERATED: &str = "\
type Recipe { name: String! minutes: Int }
type Query {
  recipe(idea: String!): Recipe
    @generation(aiModel: \"anthropic.claude-3-haiku-20240307-v1:0\", systemPrompt: \"You cook.\")
    @auth(rules: [{ allow: public }])
}
";

/// A project with an API of a schema.
fn project(schema: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "app", "--target", "local"]).ok();
    sandbox.write("app.graphql", schema);
    let _ = sandbox.run(&["add", "api", "--name", "app", "--schema", "app.graphql", "--auth", "api-key"]).ok();
    sandbox
}

/// Waits until the stub was asked something.
fn asked(stub: &Stub, wanted: impl Fn(&Asked) -> bool) -> Asked {
    let began = Instant::now();
    loop {
        if let Some(found) = stub.take().into_iter().find(|one| wanted(one)) {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "it was not asked");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn searches_reach_an_engine_that_tables_feed() {
    let stub = Stub::start(|asked| {
        let told = if asked.path == "/_bulk" {
            let items: Vec<Value> = asked.body.lines().map(|_| json!({ "index": { "status": 201 } })).collect();
            json!({ "errors": false, "items": items })
        } else {
            let hit = json!({ "_source": { "id": "n1", "title": "Rain", "size": 3 }, "sort": ["n1"] });
            json!({ "hits": { "total": { "value": 1 }, "hits": [hit] } })
        };
        (200, told.to_string().into_bytes())
    });
    let sandbox = project(SEARCHED);
    let _dev = sandbox.dev_with(&[("AWS_ENDPOINT_URL_OPENSEARCH", &stub.address)]);
    let api = Api::of(&sandbox);
    api.write("createNote", &json!({ "id": "n1", "title": "Rain", "size": 3 }), "id");
    let bulk = asked(&stub, |one| one.path == "/_bulk");
    assert_eq!((bulk.method.as_str(), bulk.header("content-type")), ("POST", "application/x-ndjson"));
    assert_eq!(bulk.header("authorization"), "", "the credentials stay here");
    let lines: Vec<Value> = bulk.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({ "index": { "_index": "note", "_id": "n1" } }));
    assert_eq!((&lines[1]["title"], &lines[1]["size"]), (&json!("Rain"), &json!(3)));
    let query = "query Go($filter: SearchableNoteFilterInput) { searchNotes(filter: $filter) { total items { id title size } } }";
    let found = api.value(query, &json!({ "filter": { "title": { "eq": "Rain" } } }));
    assert_eq!(found, json!({ "total": 1, "items": [{ "id": "n1", "title": "Rain", "size": 3 }] }));
    let search = asked(&stub, |one| one.path.starts_with("/note/_search"));
    assert_eq!(search.json()["query"]["bool"]["must"].as_array().map(Vec::len), Some(1), "{}", search.body);
    api.write("deleteNote", &json!({ "id": "n1" }), "id");
    let gone = asked(&stub, |one| one.path == "/_bulk");
    assert_eq!(gone.body.lines().count(), 1, "{}", gone.body);
    assert_eq!(
        serde_json::from_str::<Value>(gone.body.trim()).unwrap(),
        json!({ "delete": { "_index": "note", "_id": "n1" } })
    );
}

#[test]
fn without_an_engine_search_is_refused_before_anything_is_made() {
    let sandbox = project(SEARCHED);
    let pushed = sandbox.run(&["push", "--yes"]);
    assert_ne!(pushed.code, 0, "{pushed:?}");
    for words in ["SearchDomain (AWS::OpenSearchService::Domain)", "AWS_ENDPOINT_URL_OPENSEARCH=http"] {
        assert!(pushed.stderr.contains(words), "`{words}` is not in\n{}", pushed.stderr);
    }
}

#[test]
fn generations_ask_a_model_at_an_address_of_ones_own() {
    let stub = Stub::start(|asked| {
        assert!(asked.header("authorization").contains("/us-east-1/bedrock/aws4_request"), "{asked:?}");
        let idea = asked.json()["messages"][0]["content"][0]["text"].clone();
        if idea.as_str().unwrap_or_default().contains("nothing") {
            return (400, json!({ "message": "no such account" }).to_string().into_bytes());
        }
        let value = json!({ "value": { "name": format!("about {}", idea.as_str().unwrap()), "minutes": 5 } });
        let content = json!([{ "toolUse": { "toolUseId": "t", "name": "responseType", "input": value } }]);
        (200, json!({ "output": { "message": { "role": "assistant", "content": content } } }).to_string().into_bytes())
    });
    let sandbox = project(GENERATED);
    let dev = sandbox.dev_with(&[("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &stub.address)]);
    let api = Api::of(&sandbox);
    let query = "query Go($idea: String!) { recipe(idea: $idea) { name minutes } }";
    let cooked = api.value(query, &json!({ "idea": "rice" }));
    assert_eq!(cooked, json!({ "name": "about {\"idea\":\"rice\"}", "minutes": 5 }));
    let request = asked(&stub, |_| true);
    assert_eq!(request.path, "/model/anthropic.claude-3-haiku-20240307-v1:0/converse");
    assert_eq!(request.json()["system"], json!([{ "text": "You cook." }]));
    let refused = api.error(query, &json!({ "idea": "nothing" }));
    assert!(!refused.to_string().contains("no such account"), "{refused}");
    dev.kill();
    let _dev = sandbox.dev();
    let error = Api::of(&sandbox).error(query, &json!({ "idea": "rice" }));
    assert_eq!(error["errorType"], "NotImplemented", "{error}");
    assert!(error["message"].as_str().unwrap().contains("AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http"), "{error}");
}
