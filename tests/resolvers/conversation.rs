//! `@conversation`: the steps of a message and of its answer, and who hears what.

use serde_json::{Value, json};

use super::project::{Project, ada, bob};

pub(super) const SCHEMA: &str = r#"
enum AmplifyAIConversationParticipantRole { user assistant }
interface AmplifyAIConversationMessage { id: ID! conversationId: ID! content: [AmplifyAIContentBlock] owner: String }
type AmplifyAIContentBlock { text: String }
input AmplifyAIContentBlockInput { text: String }
type AmplifyAIToolConfiguration { tools: [String] }
input AmplifyAIToolConfigurationInput { tools: [String] }
type AmplifyAIToolUseBlock { toolUseId: String! name: String! input: AWSJSON! }
type AmplifyAIConversationMessageStreamPart { id: ID! owner: String conversationId: ID! associatedUserMessageId: ID! contentBlockText: String contentBlockToolUse: AmplifyAIToolUseBlock errors: [AmplifyAIConversationTurnError] }
type AmplifyAIConversationTurnError { message: String! errorType: String! }
type Query { weather(town: String!): String @function(name: "weather") @auth(rules: [{ allow: private }]) }
type Mutation {
  chat(conversationId: ID!, content: [AmplifyAIContentBlockInput], aiContext: AWSJSON, toolConfiguration: AmplifyAIToolConfigurationInput): AmplifyAIConversationMessage
    @conversation(aiModel: "amazon.nova-lite-v1:0", systemPrompt: "You \"help\".", inferenceConfiguration: { topP: 0.3 }, auth: { strategy: owner, provider: userPools }, tools: [{ name: "weather", description: "What it is like", queryName: "weather" }])
    @aws_cognito_user_pools
}
"#;

/// What the pipeline notes before its steps.
fn stash(project: &Project, caller: &Value) -> Value {
    let evaluated = project.run("resolvers/Mutation.chat", "request", &json!({ "identity": caller, "arguments": {} }));
    assert!(evaluated.result.is_some(), "{:?}", evaluated.errors);
    evaluated.stash
}

fn owners(name: &str, sub: &str) -> Value {
    json!([format!("{sub}::{name}"), sub, name])
}

#[test]
fn only_users_of_the_pool_talk() {
    let project = Project::new("", SCHEMA);
    assert_eq!(stash(&project, &ada())["owners"], owners("ada", "s-1"));
    for (identity, what) in [(Value::Null, "an API key"), (json!({ "userArn": "arn", "username": "k" }), "a role")] {
        let refused = project.run("resolvers/Mutation.chat", "request", &json!({ "identity": identity }));
        assert_eq!(refused.raised(), Some("Unauthorized"), "{what}");
    }
}

#[test]
fn a_message_is_stored_in_the_callers_own_conversation() {
    let project = Project::new("", SCHEMA);
    let stash = stash(&project, &ada());
    let arguments = json!({ "conversationId": "c", "content": [{ "text": "hi" }] });
    let context = json!({ "arguments": arguments, "identity": ada(), "stash": stash });
    let touch = project.request("functions/ChatTouchConversation", &context);
    assert_eq!((&touch["operation"], &touch["key"]), (&json!("UpdateItem"), &json!({ "id": { "S": "c" } })));
    assert_eq!(touch["update"]["expressionValues"], json!({ ":now": { "S": stash["now"] } }));
    let condition = &touch["condition"];
    let values: Vec<&Value> =
        condition["expressionValues"].as_object().unwrap().values().map(|one| &one["S"]).collect();
    assert_eq!(values, ["s-1::ada", "s-1", "ada"], "{condition}");
    assert!(condition["expression"].as_str().unwrap().contains(" OR "), "{condition}");
    let gone = json!({ "type": "DynamoDB:ConditionalCheckFailedException", "message": "no" });
    assert_eq!(project.failure("functions/ChatTouchConversation", &gone).as_deref(), Some("ResourceNotFound"));
    let write = project.request("functions/ChatWriteMessage", &context);
    assert_eq!((&write["operation"], &write["key"]), (&json!("PutItem"), &json!({ "id": { "S": stash["id"] } })));
    let stored = &write["attributeValues"];
    assert_eq!((&stored["role"], &stored["owner"]), (&json!({ "S": "user" }), &json!({ "S": "s-1::ada" })));
    assert_eq!(stored["__typename"], json!({ "S": "ConversationMessageChat" }));
    assert_eq!(stored["content"], json!({ "L": [{ "M": { "text": { "S": "hi" } } }] }));
}

#[test]
fn the_handler_is_told_everything_and_nobody_waits_for_it() {
    let project = Project::new("", SCHEMA);
    let stash = stash(&project, &ada());
    let context = json!({
        "arguments": { "conversationId": "c" }, "identity": ada(), "stash": stash,
        "request": { "headers": { "authorization": "token", "host": "x.appsync-api.example" } },
        "prev": { "result": { "id": "m" } },
    });
    let asked = project.request("functions/ChatAskHandler", &context);
    assert_eq!((&asked["operation"], &asked["invocationType"]), (&json!("Invoke"), &json!("Event")));
    let payload = &asked["payload"];
    assert_eq!(payload["graphqlApiEndpoint"], "https://x.appsync-api.example/graphql");
    assert_eq!(payload["currentMessageId"], stash["id"]);
    assert_eq!(payload["request"]["headers"]["authorization"], "token");
    assert_eq!(payload["responseMutation"]["name"], "createAssistantResponseStreamChat");
    assert_eq!(payload["responseMutation"]["inputTypeName"], "CreateConversationMessageChatAssistantStreamingInput");
    let model = &payload["modelConfiguration"];
    assert_eq!((&model["modelId"], &model["systemPrompt"]), (&json!("amazon.nova-lite-v1:0"), &json!("You \"help\".")));
    assert_eq!(model["inferenceConfiguration"], json!({ "topP": 0.3 }));
    let tool = &payload["toolsConfiguration"]["dataTools"][0];
    assert_eq!((&tool["name"], &tool["description"]), (&json!("weather"), &json!("What it is like")));
    assert_eq!(tool["inputSchema"]["json"]["required"], json!(["town"]));
    let done = json!({ "prev": { "result": { "id": "m" } }, "result": null });
    assert_eq!(project.response("functions/ChatAskHandler", &done), json!({ "id": "m" }));
    let failed = json!({ "prev": { "result": { "id": "m" } }, "error": { "type": "Lambda:TooManyRequests", "message": "busy" } });
    let told = project.run("functions/ChatAskHandler", "response", &failed);
    assert_eq!(told.result, Some(json!({ "id": "m" })), "the message is stored all the same");
    assert_eq!(told.errors[0]["errorType"], "Lambda:TooManyRequests");
}

#[test]
fn answers_go_into_conversations_of_their_owner_alone() {
    let project = Project::new("", SCHEMA);
    let stash = json!({ "owners": owners("ada", "s-1"), "id": "a", "now": "2026-01-02T03:04:05.678Z" });
    let input = json!({ "conversationId": "c", "associatedUserMessageId": "m", "content": [{ "text": "yes" }] });
    let context = |more: Value| {
        let mut all = json!({ "arguments": { "input": input }, "identity": ada(), "stash": stash });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let check = project.request("functions/ChatCheckConversation", &context(json!({})));
    assert_eq!(check, json!({ "operation": "GetItem", "key": { "id": { "S": "c" } } }));
    let checked = |result: Value| {
        let evaluated =
            project.run("functions/ChatCheckConversation", "response", &context(json!({ "result": result })));
        evaluated.raised().map(str::to_owned)
    };
    assert_eq!(checked(json!({ "id": "c", "owner": "s-1" })), None);
    assert_eq!(checked(json!({ "id": "c", "owner": "s-2::bob" })).as_deref(), Some("ResourceNotFound"));
    assert_eq!(checked(Value::Null).as_deref(), Some("ResourceNotFound"));
    let write = project.request("functions/ChatWriteAnswer", &context(json!({})));
    assert_eq!(write["attributeValues"]["role"], json!({ "S": "assistant" }));
    assert_eq!(write["attributeValues"]["owner"], json!({ "S": "s-1::ada" }));
}

#[test]
fn parts_of_answers_are_stored_and_passed_on() {
    let project = Project::new("", SCHEMA);
    let stash = json!({ "owners": owners("ada", "s-1"), "id": "a", "now": "2026-01-02T03:04:05.678Z" });
    let context = |more: Value| {
        let mut input = json!({ "conversationId": "c", "associatedUserMessageId": "m", "contentBlockText": "ye" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "arguments": { "input": input }, "identity": ada(), "stash": stash, "result": {} })
    };
    let file = "functions/ChatStreamAnswer";
    let part = context(json!({ "accumulatedTurnContent": [{ "text": "ye" }] }));
    let request = project.request(file, &part);
    assert_eq!(
        (&request["operation"], &request["key"]),
        (&json!("UpdateItem"), &json!({ "id": { "S": "m#response" } }))
    );
    let (update, names) = (&request["update"], &request["update"]["expressionNames"]);
    for name in names.as_object().unwrap().keys() {
        assert!(update["expression"].as_str().unwrap().contains(name.as_str()), "{name}: {update}");
    }
    assert_eq!(update["expressionValues"][":content"], json!({ "L": [{ "M": { "text": { "S": "ye" } } }] }));
    assert!(update["expression"].as_str().unwrap().ends_with("#createdAt = if_not_exists(#createdAt, :createdAt)"));
    assert!(request["condition"]["expression"].as_str().unwrap().contains("attribute_not_exists"), "{request}");
    let told = project.response(file, &part);
    assert_eq!((&told["id"], &told["owner"]), (&json!("m#stream"), &json!("s-1::ada")));
    assert_eq!(told["contentBlockText"], "ye");
    let used = json!({ "toolUse": { "toolUseId": "1", "name": "weather", "input": {} } });
    for given in [used.clone(), Value::from(used.to_string())] {
        let told = project.response(file, &context(json!({ "contentBlockToolUse": given })));
        assert_eq!(told["contentBlockToolUse"], used["toolUse"]);
    }
    let errors = json!([{ "errorType": "Throttled", "message": "later" }]);
    let failed = project.request(file, &context(json!({ "errors": errors })));
    assert_eq!((&failed["errors"], &failed["id"]), (&errors, &json!("m#response")), "nothing is stored");
}

#[test]
fn subscribers_hear_their_own_conversations() {
    let project = Project::new("", SCHEMA);
    let file = "resolvers/Subscription.onCreateAssistantResponseChat";
    let asked = |identity: Value| project.run(file, "request", &json!({ "identity": identity, "arguments": {} }));
    assert!(asked(bob()).result.is_some());
    assert_eq!(asked(Value::Null).raised(), Some("Unauthorized"));
}

#[test]
fn messages_are_read_from_the_latest_and_given_in_their_order() {
    let project = Project::new("", SCHEMA);
    let file = "resolvers/Query.listConversationMessageChats";
    let context = json!({ "identity": ada(), "arguments": { "filter": { "conversationId": { "eq": "c" }, "role": { "eq": "user" } }, "limit": 2 } });
    let request = project.request(file, &context);
    assert_eq!((&request["operation"], &request["scanIndexForward"]), (&json!("Query"), &json!(false)));
    assert_eq!(request["query"]["expressionValues"], json!({ ":partition": { "S": "c" } }));
    let filter = request["filter"]["expression"].as_str().unwrap();
    assert!(filter.contains("#role") && !filter.contains("#conversationId"), "{filter}");
    let result = json!({ "items": [{ "id": "2", "owner": "s-1::ada" }, { "id": "1" }], "nextToken": "t" });
    let page = project.response(file, &json!({ "identity": ada(), "arguments": {}, "result": result }));
    let ids: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
    assert_eq!((ids, &page["nextToken"]), (vec![&json!("1"), &json!("2")], &json!("t")));
}
