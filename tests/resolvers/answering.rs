//! The handler of conversations: what it reads, what it asks of Bedrock, which tools it uses, and what it sends.

use serde_json::{Value, json};

use super::conversation::SCHEMA;
use super::project::{Project, ada};
use crate::support::functions::{FUNCTIONS, make_from, make_role, post};
use crate::support::stub::{Asked, Stub, Told};

const FILES: [&str; 4] = ["index.mjs", "bedrock.mjs", "graphql.mjs", "history.mjs"];

/// A message of the event stream encoding (Amazon's "vnd.amazon.eventstream"), without checksums.
fn event(kind: &str, data: &Value) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")] {
        headers.push(u8::try_from(name.len()).unwrap());
        headers.extend(name.as_bytes());
        headers.push(7);
        headers.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend(value.as_bytes());
    }
    let body = data.to_string();
    let total = u32::try_from(16 + headers.len() + body.len()).unwrap();
    let lengths = [total.to_be_bytes(), u32::try_from(headers.len()).unwrap().to_be_bytes(), [0; 4]].concat();
    [&lengths, headers.as_slice(), body.as_bytes(), &[0; 4]].concat()
}

/// An answer that uses a tool, then one in words (Bedrock's API reference, "ConverseStream").
fn model(asked: &Asked) -> Told {
    let messages = asked.json()["messages"].as_array().unwrap().len();
    let stop = |reason: &str| event("messageStop", &json!({ "stopReason": reason }));
    let delta = |delta: Value| event("contentBlockDelta", &json!({ "delta": delta, "contentBlockIndex": 0 }));
    let end = event("contentBlockStop", &json!({ "contentBlockIndex": 0 }));
    let parts = if messages == 3 {
        let start = json!({ "start": { "toolUse": { "toolUseId": "t1", "name": "weather" } }, "contentBlockIndex": 0 });
        let input = |part: &str| delta(json!({ "toolUse": { "input": part } }));
        vec![event("contentBlockStart", &start), input("{\"town\":"), input("\"Bonn\"}"), end, stop("tool_use")]
    } else {
        let text = |part: &str| delta(json!({ "text": part }));
        vec![
            event("messageStart", &json!({ "role": "assistant" })),
            text("It is "),
            text("sunny."),
            end,
            stop("end_turn"),
        ]
    };
    (200, parts.concat())
}

/// The API, as the handler sees it.
fn api(asked: &Asked) -> Value {
    let query = asked.json()["query"].as_str().unwrap().to_owned();
    let message = json!({ "id": "m", "role": "user", "associatedUserMessageId": null, "aiContext": null, "content": [{ "text": "hi", "image": null }] });
    if query.starts_with("query Messages") {
        // The index does not have what was written a moment ago.
        let old = json!({ "id": "o", "role": "user", "content": [{ "text": "before" }] });
        let answer = json!({ "id": "o#response", "role": "assistant", "associatedUserMessageId": "o", "content": [{ "text": "yes" }] });
        return json!({ "listConversationMessageChats": { "items": [old, answer] } });
    }
    if query.starts_with("query Message(") {
        return json!({ "getConversationMessageChat": message });
    }
    if query.starts_with("query Tool") { json!({ "weather": "sunny" }) } else { json!({}) }
}

/// Everything that one message sets off.
fn answered(model: fn(&Asked) -> Told) -> Vec<Asked> {
    let project = Project::new("", SCHEMA);
    let endpoint = project.endpoint();
    let stub = Stub::start(move |asked: &Asked| {
        if asked.path == "/graphql" {
            (200, json!({ "data": api(asked) }).to_string().into_bytes())
        } else {
            model(asked)
        }
    });
    let context = json!({
        "arguments": { "conversationId": "c" }, "identity": ada(), "stash": { "id": "m" },
        "request": { "headers": { "authorization": "token", "host": "elsewhere.example" } },
    });
    let payload = project.request("functions/ChatAskHandler", &context)["payload"].take();
    make_role(endpoint);
    let files = FILES.map(|name| (name, project.file(&format!("conversation/{name}"))));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let variables =
        json!({ "GRAPHQL_URL": format!("{}/graphql", stub.address), "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": stub.address });
    make_from(endpoint, "handler", &files, &variables);
    let path = format!("{FUNCTIONS}/handler/invocations");
    let done = post(endpoint, "lambda", &path, &[], payload.to_string().as_bytes());
    assert_eq!((done.status, done.json()), (200, Value::Null), "{}", done.text());
    let asked = stub.take();
    for request in asked.iter().filter(|request| request.path == "/graphql") {
        assert_eq!(request.header("authorization"), "token", "it acts as the user who asked");
    }
    asked
}

/// What is sent to the user, part by part.
fn sent(asked: &[Asked]) -> Vec<Value> {
    let parts = asked.iter().filter(|request| request.path == "/graphql").map(Asked::json);
    parts
        .filter(|body| body["query"].as_str().unwrap().starts_with("mutation Part"))
        .map(|mut body| body["variables"]["input"].take())
        .collect()
}

#[test]
fn an_answer_is_sent_part_by_part_with_what_tools_give() {
    let asked = answered(model);
    let models: Vec<&Asked> = asked.iter().filter(|request| request.path != "/graphql").collect();
    let [first, second] = models.as_slice() else { panic!("the model is asked twice: {asked:?}") };
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("POST", "/model/amazon.nova-lite-v1%3A0/converse-stream")
    );
    assert!(
        first.header("authorization").contains("/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;")
    );
    let body = first.json();
    assert_eq!(body["system"], json!([{ "text": "You \"help\"." }]));
    assert_eq!(body["inferenceConfig"], json!({ "topP": 0.3 }));
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "weather");
    let said = |role: &str, text: &str| json!({ "role": role, "content": [{ "text": text }] });
    let before = [said("user", "before"), said("assistant", "yes"), said("user", "hi")];
    assert_eq!(body["messages"].as_array().unwrap()[..], before);
    let used = json!({ "toolUse": { "toolUseId": "t1", "name": "weather", "input": { "town": "Bonn" } } });
    let given = json!({ "toolResult": { "toolUseId": "t1", "status": "success", "content": [{ "json": { "value": "sunny" } }] } });
    let after = json!([{ "role": "assistant", "content": [used] }, { "role": "user", "content": [given] }]);
    assert_eq!(second.json()["messages"].as_array().unwrap()[3..], after.as_array().unwrap()[..]);
    let tool = asked.iter().find(|request| request.body.contains("query Tool")).unwrap().json();
    assert_eq!(tool["query"], "query Tool($town: String!) { weather(town: $town) }");
    assert_eq!(tool["variables"], json!({ "town": "Bonn" }));
    let part = |so_far: &str, more: Value| {
        let mut part = json!({ "conversationId": "c", "associatedUserMessageId": "m", "accumulatedTurnContent": [{ "text": so_far }], "contentBlockIndex": 0 });
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        part
    };
    assert_eq!(
        sent(&asked),
        [
            part("It is ", json!({ "contentBlockDeltaIndex": 0, "contentBlockText": "It is " })),
            part("It is sunny.", json!({ "contentBlockDeltaIndex": 1, "contentBlockText": "sunny." })),
            part("It is sunny.", json!({ "contentBlockDoneAtIndex": 1 })),
            part("It is sunny.", json!({ "stopReason": "end_turn" })),
        ]
    );
}

#[test]
fn whoever_asked_hears_the_kind_of_an_error_and_no_more() {
    let asked = answered(|_| (403, b"{\"message\":\"arn:aws:iam::1:role/secret\"}".to_vec()));
    let errors = json!([{ "errorType": "BedrockException", "message": "The conversation could not go on." }]);
    assert_eq!(sent(&asked), [json!({ "conversationId": "c", "associatedUserMessageId": "m", "errors": errors })]);
}
