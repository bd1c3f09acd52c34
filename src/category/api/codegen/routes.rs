//! Conversations in the model introspection document: the models that `@conversation` implies.

use serde_json::{Map, Value as Json, json};

use crate::category::api::compile::names;
use crate::category::api::compile::plural::plural;
use crate::category::api::models::words;

/// The entry of a conversation; `send` is its mutation.
pub(super) fn conversation(name: &str, mut send: Json) -> Json {
    let route = names::upper(&words::camel(name));
    let conversation = format!("Conversation{route}");
    let message = format!("ConversationMessage{route}");
    send["type"] = json!({ "model": message });
    json!({
        "name": name,
        "models": {
            conversation.as_str(): conversation_model(&conversation, &message),
            message.as_str(): message_model(&conversation, &message),
        },
        "nonModels": {},
        "enums": {
            "ConversationParticipantRole": {
                "name": "AmplifyAIConversationParticipantRole",
                "values": ["user", "assistant"],
            },
        },
        "conversation": { "modelName": conversation },
        "message": {
            "modelName": message,
            "send": send,
            "subscribe": {
                "isArray": false,
                "isRequired": false,
                "name": format!("onCreateAssistantResponse{route}"),
                "type": { "nonModel": "AmplifyAIConversationMessageStreamPart" },
                "arguments": {
                    "conversationId": {
                        "name": "conversationId",
                        "isArray": false,
                        "isRequired": true,
                        "type": "ID",
                    },
                },
            },
        },
    })
}

fn conversation_model(name: &str, message: &str) -> Json {
    let mut messages = field("messages", &json!({ "model": message }), false);
    listed(&mut messages, Some(true));
    messages["association"] = json!({ "connectionType": "HAS_MANY", "associatedWith": ["conversationId"] });
    let fields = [
        field("id", &json!("ID"), true),
        field("name", &json!("String"), false),
        field("metadata", &json!("AWSJSON"), false),
        messages,
        timestamp("createdAt"),
        timestamp("updatedAt"),
        field("owner", &json!("String"), false),
    ];
    model(name, fields, &json!({ "subscriptions": { "level": "off" }, "mutations": { "update": null } }))
}

fn message_model(conversation: &str, name: &str) -> Json {
    let mut parent = field("conversation", &json!({ "model": conversation }), false);
    parent["association"] = json!({ "connectionType": "BELONGS_TO", "targetNames": ["conversationId"] });
    let mut content = field("content", &json!({ "nonModel": "AmplifyAIContentBlock" }), false);
    listed(&mut content, None);
    let mut tools = field("toolConfiguration", &json!({ "nonModel": "AmplifyAIToolConfiguration" }), false);
    listed(&mut tools, Some(true));
    let fields = [
        field("id", &json!("ID"), true),
        field("conversationId", &json!("ID"), true),
        parent,
        field("role", &json!({ "enum": "AmplifyAIConversationParticipantRole" }), false),
        content,
        field("aiContext", &json!("AWSJSON"), false),
        tools,
        timestamp("createdAt"),
        timestamp("updatedAt"),
    ];
    model(name, fields, &json!({ "subscriptions": {} }))
}

fn model<const N: usize>(name: &str, fields: [Json; N], settings: &Json) -> Json {
    let named = |field: Json| (field["name"].as_str().unwrap_or_default().to_owned(), field);
    let fields: Map<String, Json> = fields.into_iter().map(named).collect();
    json!({
        "name": name,
        "fields": fields,
        "syncable": true,
        "pluralName": plural(name),
        "attributes": [
            { "type": "model", "properties": settings },
            {
                "type": "auth",
                "properties": {
                    "rules": [{
                        "provider": "userPools",
                        "ownerField": "owner",
                        "allow": "owner",
                        "identityClaim": "cognito:username",
                        "operations": ["create", "update", "delete", "read"],
                    }],
                },
            },
        ],
        "primaryKeyInfo": { "isCustomPrimaryKey": false, "primaryKeyFieldName": "id", "sortKeyFieldNames": [] },
    })
}

fn field(name: &str, of: &Json, required: bool) -> Json {
    json!({ "name": name, "isArray": false, "type": of, "isRequired": required, "attributes": [] })
}

fn listed(field: &mut Json, nullable: Option<bool>) {
    field["isArray"] = Json::Bool(true);
    if let Some(nullable) = nullable {
        field["isArrayNullable"] = Json::Bool(nullable);
    }
}

fn timestamp(name: &str) -> Json {
    let mut field = field(name, &json!("AWSDateTime"), false);
    field["isReadOnly"] = Json::Bool(true);
    field
}
