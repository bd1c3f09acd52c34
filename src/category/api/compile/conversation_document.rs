//! What the introspection document says of conversations: their models, how a message is sent and answers are heard.

use serde_json::{Map, Value as Json, json};

use super::draft::Catalogue;
use super::introspection::named_values;
use super::names;
use super::plural::plural;
use crate::graphql::{Field, TypeDefinition, TypeKind};

/// The conversations among the fields of the mutation root, by their names.
pub(super) fn document(catalogue: &Catalogue<'_>, root: Option<&TypeDefinition>) -> Map<String, Json> {
    let fields = root.map(TypeDefinition::fields).unwrap_or_default();
    let chats = fields.iter().filter(|field| field.directive("conversation").is_some());
    chats.map(|field| (field.name.clone(), conversation(catalogue, field))).collect()
}

fn conversation(catalogue: &Catalogue<'_>, field: &Field) -> Json {
    let name = names::upper(&field.name);
    let (model, message) = (format!("Conversation{name}"), format!("ConversationMessage{name}"));
    let roles: Vec<&str> = match catalogue.types.get(ROLE).map(|found| &found.kind) {
        Some(TypeKind::Enum(values)) => values.iter().map(|value| value.name.as_str()).collect(),
        _ => Vec::new(),
    };
    json!({
        "name": field.name,
        "models": {
            (model.clone()): conversation_model(&model, &message),
            (message.clone()): message_model(&model, &message),
        },
        "nonModels": {},
        "enums": { "ConversationParticipantRole": { "name": ROLE, "values": roles } },
        "conversation": { "modelName": model },
        "message": {
            "modelName": message,
            "send": {
                "name": field.name,
                "isArray": false,
                "type": { "model": message },
                "isRequired": false,
                "arguments": named_values(catalogue, &field.arguments),
            },
            "subscribe": {
                "isArray": false,
                "isRequired": false,
                "name": format!("onCreateAssistantResponse{name}"),
                "type": { "nonModel": "AmplifyAIConversationMessageStreamPart" },
                "arguments": { "conversationId": scalar("conversationId", "ID!", false) },
            },
        },
    })
}

const ROLE: &str = "AmplifyAIConversationParticipantRole";

/// A field of a model, or an argument; `type_name` ends in `!` when it is required.
fn scalar(name: &str, type_name: &str, attributes: bool) -> Json {
    let mut value = json!({
        "name": name,
        "type": type_name.trim_end_matches('!'),
        "isArray": false,
        "isRequired": type_name.ends_with('!'),
    });
    if attributes {
        value["attributes"] = json!([]);
    }
    value
}

fn timestamp(name: &str) -> Json {
    let mut value = scalar(name, "AWSDateTime", true);
    value["isReadOnly"] = Json::Bool(true);
    value
}

fn typed(name: &str, kind: &str, type_name: &str, list: bool) -> Json {
    let mut value = scalar(name, "", true);
    value["type"] = json!({ kind: type_name });
    value["isArray"] = Json::Bool(list);
    value
}

fn model(name: &str, fields: &[Json], settings: &Json) -> Json {
    let fields: Map<String, Json> =
        fields.iter().map(|field| (field["name"].as_str().unwrap_or_default().to_owned(), field.clone())).collect();
    let rule = json!({
        "provider": "userPools",
        "ownerField": "owner",
        "allow": "owner",
        "identityClaim": "cognito:username",
        "operations": ["create", "update", "delete", "read"],
    });
    json!({
        "name": name,
        "fields": fields,
        "syncable": true,
        "pluralName": plural(name),
        "attributes": [
            { "type": "model", "properties": settings },
            { "type": "auth", "properties": { "rules": [rule] } },
        ],
        "primaryKeyInfo": { "isCustomPrimaryKey": false, "primaryKeyFieldName": "id", "sortKeyFieldNames": [] },
    })
}

fn conversation_model(name: &str, message: &str) -> Json {
    let mut messages = typed("messages", "model", message, true);
    messages["isArrayNullable"] = Json::Bool(true);
    messages["association"] = json!({ "connectionType": "HAS_MANY", "associatedWith": ["conversationId"] });
    let fields = [
        scalar("id", "ID!", true),
        scalar("name", "String", true),
        scalar("metadata", "AWSJSON", true),
        messages,
        timestamp("createdAt"),
        timestamp("updatedAt"),
        scalar("owner", "String", true),
    ];
    model(name, &fields, &json!({ "subscriptions": { "level": "off" }, "mutations": { "update": null } }))
}

fn message_model(conversation: &str, name: &str) -> Json {
    let mut parent = typed("conversation", "model", conversation, false);
    parent["association"] = json!({ "connectionType": "BELONGS_TO", "targetNames": ["conversationId"] });
    let mut tools = typed("toolConfiguration", "nonModel", "AmplifyAIToolConfiguration", true);
    tools["isArrayNullable"] = Json::Bool(true);
    let fields = [
        scalar("id", "ID!", true),
        scalar("conversationId", "ID!", true),
        parent,
        typed("role", "enum", ROLE, false),
        typed("content", "nonModel", "AmplifyAIContentBlock", true),
        scalar("aiContext", "AWSJSON", true),
        tools,
        timestamp("createdAt"),
        timestamp("updatedAt"),
    ];
    model(name, &fields, &json!({ "subscriptions": {} }))
}
