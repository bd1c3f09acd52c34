//! `@generation` and `@predictions`: requests to Bedrock, Rekognition, Translate and the function that speaks.

use serde_json::{Value, json};

use super::project::{Project, ada, bob};

const SCHEMA: &str = r#"
type Recipe { name: String! steps: [String!]! minutes: Int kind: Kind }
enum Kind { SWEET SOUR }
type Query {
  recipe(idea: String!): Recipe
    @generation(aiModel: "anthropic.claude-3-haiku-20240307-v1:0", systemPrompt: "You cook; \"it's\" ${good}.", inferenceConfiguration: { maxTokens: 300, temperature: 0.5 })
    @auth(rules: [{ allow: groups, groups: ["Crew"] }])
  short(text: String): String @generation(aiModel: "amazon.nova-lite-v1:0", systemPrompt: "Short.") @auth(rules: [{ allow: private }])
  count(text: String): Int @generation(aiModel: "amazon.nova-lite-v1:0", systemPrompt: "Count.") @auth(rules: [{ allow: private }])
  speak: String @predictions(actions: [identifyText, translateText, convertTextToSpeech]) @auth(rules: [{ allow: private }])
  seen: [String] @predictions(actions: [identifyLabels])
}
"#;

fn project() -> Project {
    Project::new("predictions-bucket = \"pictures\"", SCHEMA)
}

/// Amazon Bedrock's API reference, "Converse".
#[test]
fn a_generation_is_a_conversation_of_one_question() {
    let project = project();
    let context = json!({ "arguments": { "idea": "rice" }, "identity": ada() });
    let request = project.request("resolvers/Query.recipe", &context);
    assert_eq!(request["method"], "POST");
    assert_eq!(request["resourcePath"], "/model/anthropic.claude-3-haiku-20240307-v1:0/converse");
    assert_eq!(request["params"]["headers"], json!({ "Content-Type": "application/json" }));
    let body = &request["params"]["body"];
    assert_eq!(body["system"], json!([{ "text": "You cook; \"it's\" ${good}." }]));
    assert_eq!(body["messages"], json!([{ "role": "user", "content": [{ "text": "{\"idea\":\"rice\"}" }] }]));
    assert_eq!(body["inferenceConfig"], json!({ "maxTokens": 300, "temperature": 0.5 }));
    assert_eq!(body["toolConfig"]["toolChoice"], json!({ "tool": { "name": "responseType" } }));
    let tool = &body["toolConfig"]["tools"][0]["toolSpec"];
    assert_eq!(tool["name"], "responseType");
    let value = &tool["inputSchema"]["json"]["properties"]["value"];
    assert_eq!(value["required"], json!(["name", "steps"]));
    assert_eq!(value["properties"]["steps"]["type"], "array");
    assert_eq!(value["properties"]["kind"]["enum"], json!(["SWEET", "SOUR"]));
    assert_eq!(tool["inputSchema"]["json"]["required"], json!(["value"]));
    let bare = project.request("resolvers/Query.short", &json!({ "arguments": {}, "identity": ada() }));
    assert_eq!(bare["params"]["body"].get("inferenceConfig"), None);
}

#[test]
fn a_generation_is_refused_by_its_rules() {
    let project = project();
    let context = json!({ "arguments": { "idea": "rice" }, "identity": bob() });
    assert_eq!(project.run("resolvers/Query.recipe", "request", &context).raised(), Some("Unauthorized"));
    let nobody = json!({ "arguments": {} });
    assert_eq!(project.run("resolvers/Query.short", "request", &nobody).raised(), Some("Unauthorized"));
}

/// The answer of Bedrock as an HTTP data source gives it.
fn answered(status: u16, headers: &Value, body: &Value) -> Value {
    json!({ "result": { "statusCode": status, "headers": headers, "body": body.to_string() } })
}

fn said(content: &Value) -> Value {
    let message = json!({ "role": "assistant", "content": content });
    answered(200, &json!({}), &json!({ "output": { "message": message }, "stopReason": "tool_use" }))
}

#[test]
fn the_answer_of_a_model_is_the_input_of_its_tool() {
    let project = project();
    let used = |value: Value| json!([{ "text": "Here." }, { "toolUse": { "toolUseId": "1", "name": "responseType", "input": { "value": value } } }]);
    let recipe = json!({ "name": "rice", "steps": ["boil"] });
    assert_eq!(project.response("resolvers/Query.recipe", &said(&used(recipe.clone()))), recipe);
    assert_eq!(
        project.response("resolvers/Query.recipe", &said(&used(recipe.to_string().into()))),
        recipe,
        "as a text"
    );
    assert_eq!(project.response("resolvers/Query.short", &said(&used("7".into()))), "7", "a text stays one");
    assert_eq!(project.response("resolvers/Query.count", &said(&used(0.into()))), 0);
    let raised =
        |context: &Value| project.run("resolvers/Query.recipe", "response", context).raised().map(str::to_owned);
    assert_eq!(raised(&said(&json!([{ "text": "No." }]))).as_deref(), Some("InvalidResponseException"));
    let denied = json!({ "x-amzn-ErrorType": "AccessDeniedException:http://internal.amazon.com/" });
    let secret = json!({ "message": "arn:aws:iam::123456789012:role/secret" });
    let refused = project.run("resolvers/Query.recipe", "response", &answered(403, &denied, &secret));
    assert_eq!(refused.raised(), Some("AccessDeniedException"));
    assert!(!refused.errors[0].to_string().contains("secret"), "{:?}", refused.errors);
    let slow = json!({ "x-amzn-errortype": "ThrottlingException" });
    assert_eq!(raised(&answered(429, &slow, &json!({}))).as_deref(), Some("ThrottlingException"));
    assert_eq!(raised(&answered(500, &json!({}), &json!({}))).as_deref(), Some("BedrockException"));
    let failed = json!({ "type": "Timeout", "message": "too long" });
    assert_eq!(project.failure("resolvers/Query.recipe", &failed).as_deref(), Some("Timeout"));
}

const SPOKEN: &str = "application/x-amz-json-1.1";

/// The API references of Rekognition and Translate: one address, the operation in a header.
#[test]
fn predictions_ask_one_service_after_the_other() {
    let project = project();
    let input = json!({ "identifyText": { "key": "a.png" }, "translateText": { "sourceLanguage": "en", "targetLanguage": "de" },
        "convertTextToSpeech": { "voiceID": "Hans" }, "identifyLabels": { "key": "b.png" } });
    let context = json!({ "arguments": { "input": input }, "identity": ada(), "env": { "PREDICTIONS_BUCKET": "pictures" }, "prev": { "result": "hello" } });
    let headers = |target: &str| json!({ "Content-Type": SPOKEN, "X-Amz-Target": target });
    let posted = |target: &str, body: Value| json!({ "method": "POST", "resourcePath": "/", "params": { "headers": headers(target), "body": body } });
    let picture = |name: &str| json!({ "S3Object": { "Bucket": "pictures", "Name": name } });
    let asked = |step: &str| project.request(&format!("functions/{step}"), &context);
    assert_eq!(
        asked("identifyText"),
        posted("RekognitionService.DetectText", json!({ "Image": picture("public/a.png") }))
    );
    assert_eq!(
        asked("identifyLabels"),
        posted(
            "RekognitionService.DetectLabels",
            json!({ "Image": picture("public/b.png"), "MaxLabels": 10, "MinConfidence": 55 })
        )
    );
    let translation = json!({ "SourceLanguageCode": "en", "TargetLanguageCode": "de", "Text": "hello" });
    assert_eq!(asked("translateText"), posted("AWSShineFrontendService_20170701.TranslateText", translation));
    assert_eq!(
        asked("convertTextToSpeech"),
        json!({ "operation": "Invoke", "payload": { "voiceID": "Hans", "text": "hello" } })
    );
}

#[test]
fn answers_of_services_are_passed_on() {
    let project = project();
    let given =
        |step: &str, body: Value| project.response(&format!("functions/{step}"), &answered(200, &json!({}), &body));
    let texts = json!({ "TextDetections": [
        { "DetectedText": "hello", "Type": "LINE", "Id": 0 }, { "DetectedText": "hello", "Type": "WORD", "Id": 1, "ParentId": 0 },
        { "DetectedText": "you", "Type": "LINE", "Id": 2 },
    ] });
    assert_eq!(given("identifyText", texts), "hello you");
    let labels =
        json!({ "Labels": [{ "Name": "Polar Bear", "Confidence": 99.1 }, { "Name": "Snow", "Confidence": 80.0 }] });
    assert_eq!(given("identifyLabels", labels), "Polar Bear, Snow");
    assert_eq!(given("translateText", json!({ "TranslatedText": "hallo" })), "hallo");
    let spoken = json!({ "result": { "url": "https://bucket/a.mp3" } });
    assert_eq!(project.response("functions/convertTextToSpeech", &spoken), "https://bucket/a.mp3");
    let list = |result: &str| project.response("resolvers/Query.seen", &json!({ "prev": { "result": result } }));
    assert_eq!((list("Polar Bear, Snow"), list("")), (json!(["Polar Bear", "Snow"]), json!([])));
    for step in ["identifyText", "identifyLabels", "translateText"] {
        let path = format!("functions/{step}");
        let refused = answered(400, &json!({}), &json!({ "__type": "InvalidS3ObjectException" }));
        let refused = project.run(&path, "response", &refused);
        assert_eq!(refused.raised(), Some("400"), "{step}");
        assert!(refused.errors[0]["message"].as_str().unwrap().contains("InvalidS3ObjectException"));
        let failed = json!({ "type": "Timeout", "message": "too long" });
        assert_eq!(project.failure(&path, &failed).as_deref(), Some("Timeout"), "{step}");
    }
    assert_eq!(project.run("resolvers/Query.speak", "request", &json!({})).raised(), Some("Unauthorized"));
}
