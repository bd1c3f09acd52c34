//! The functions that stand behind searches, speech and conversations, run by the cloud's Lambda against servers that
//! answer as the services document it.

use serde_json::{Value, json};

use super::project::Project;
use crate::support::functions::{FUNCTIONS, make_from, make_role, post};
use crate::support::stub::{Asked, Stub};

/// Invokes a function: its result, or the error that it ended with.
fn invoke(endpoint: &str, name: &str, event: &Value) -> Value {
    let path = format!("{FUNCTIONS}/{name}/invocations");
    let answer = post(endpoint, "lambda", &path, &[], event.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

const SEARCHED: &str = "type Post @model @searchable @auth(rules: [{ allow: private }]) { id: ID! title: String }";

fn record(name: &str, image: &Value) -> Value {
    let keys = json!({ "id": { "S": "1" }, "day#at": { "S": "x" } });
    json!({
        "eventName": name, "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/Post-abc-dev/stream/2026",
        "dynamodb": { "Keys": keys, "NewImage": image, "SequenceNumber": format!("{name}-1") },
    })
}

#[test]
fn changes_of_tables_are_copied_in_bulk() {
    let project = Project::new("", SEARCHED);
    let endpoint = project.endpoint();
    let code = project.property("SearchStreamFunction", "/Code/ZipFile");
    make_role(endpoint);
    let stub = Stub::start(|asked: &Asked| {
        let refused = asked.body.contains("too long");
        let error = if refused { json!({ "type": "mapper_parsing_exception" }) } else { Value::Null };
        let one = json!({ "index": { "status": 201, "error": error } });
        (200, json!({ "errors": refused, "items": [{ "delete": { "status": 404 } }, one] }).to_string().into_bytes())
    });
    make_from(endpoint, "stream", &[("index.js", &code)], &json!({ "ENDPOINT": stub.address }));
    let image = json!({
        "id": { "S": "1" }, "count": { "N": "7" }, "tags": { "L": [{ "S": "a" }, { "NULL": true }] },
        "open": { "BOOL": false }, "inner": { "M": { "x": { "N": "1.5" } } }, "set": { "NS": ["1", "2"] },
    });
    let records = json!({ "Records": [record("REMOVE", &Value::Null), record("MODIFY", &image)] });
    assert_eq!(invoke(endpoint, "stream", &records), json!({ "batchItemFailures": [] }));
    let asked = stub.take();
    let [bulk] = asked.as_slice() else { panic!("one request for all: {asked:?}") };
    assert_eq!((bulk.method.as_str(), bulk.path.as_str()), ("POST", "/_bulk"));
    assert_eq!(bulk.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = bulk.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let target = json!({ "_index": "post", "_id": "x|1" });
    let item =
        json!({ "id": "1", "count": 7, "tags": ["a", null], "open": false, "inner": { "x": 1.5 }, "set": [1, 2] });
    assert_eq!(lines, [json!({ "delete": target }), json!({ "index": target }), item]);
    assert!(bulk.body.ends_with('\n'));
    let tombstone = json!({ "id": { "S": "1" }, "_deleted": { "BOOL": true }, "_version": { "N": "3" } });
    let _ = invoke(endpoint, "stream", &json!({ "Records": [record("MODIFY", &tombstone)] }));
    assert_eq!(stub.take()[0].body.trim(), json!({ "delete": target }).to_string());
    let long = json!({ "id": { "S": "too long" } });
    let records = json!({ "Records": [record("REMOVE", &Value::Null), record("MODIFY", &long)] });
    let failures = json!({ "batchItemFailures": [{ "itemIdentifier": "MODIFY-1" }] });
    assert_eq!(invoke(endpoint, "stream", &records), failures, "what is refused comes again, and what is after it");
    // The cloud checks signatures before it says that it has no such service.
    make_from(endpoint, "signed", &[("index.js", &code)], &json!({ "ENDPOINT": endpoint }));
    let refused = invoke(endpoint, "signed", &records);
    let message = refused["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("OpenSearch answered ") && !message.contains("ignature"), "{message}");
}

const SPOKEN: &str =
    "type Query { speak: String @predictions(actions: [convertTextToSpeech]) @auth(rules: [{ allow: private }]) }";

/// Polly's API reference, "SynthesizeSpeech", and "Authenticating requests: using query parameters".
#[test]
fn speech_is_an_address_that_is_signed() {
    let project = Project::new("predictions-bucket = \"pictures\"", SPOKEN);
    let endpoint = project.endpoint();
    make_role(endpoint);
    let code = project.property("SpeechFunction", "/Code/ZipFile");
    make_from(endpoint, "speech", &[("index.js", &code)], &json!({}));
    let made = invoke(endpoint, "speech", &json!({ "text": "it's (so) & \"ä\"", "voiceID": "Hans" }));
    let url = made["url"].as_str().unwrap();
    let (address, query) = url.split_once('?').unwrap();
    assert_eq!(address, "https://polly.us-east-1.amazonaws.com/v1/speech");
    let names: Vec<&str> = query.split('&').map(|pair| pair.split('=').next().unwrap()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(
        names[..names.len() - 1],
        sorted.iter().copied().filter(|name| *name != "X-Amz-Signature").collect::<Vec<_>>()
    );
    for part in ["OutputFormat=mp3", "Text=it%27s%20%28so%29%20%26%20%22%C3%A4%22", "VoiceId=Hans", "X-Amz-Expires=900"]
    {
        assert!(query.split('&').any(|pair| pair == part), "{part}: {query}");
    }
    assert!(query.contains("%2Fus-east-1%2Fpolly%2Faws4_request&"), "{query}");
}
