//! Data sync: requests on versioned tables.

use serde_json::{Value, json};

use super::project::{Project, ada, bob};

const SCHEMA: &str = "
type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groups: [\"Crew\"], operations: [read] }]) { id: ID! text: String }
";

/// The developer guide, "Using DynamoDB sync operations on versioned data sources".
#[test]
fn a_sync_reads_what_changed_and_what_the_rules_allow() {
    let project = Project::new("conflict = \"auto-merge\"", SCHEMA);
    let ask = |identity: Value, arguments: Value| {
        let context = json!({ "arguments": arguments, "identity": identity });
        project.run("resolvers/Query.syncNotes", "request", &context)
    };
    assert_eq!(
        ask(ada(), json!({})).value(),
        json!({ "operation": "Sync", "filter": null, "lastSync": null, "limit": 100, "nextToken": null })
    );
    let arguments =
        json!({ "lastSync": 1_767_000_000_000_i64, "limit": 5, "nextToken": "t", "filter": { "text": { "eq": "x" } } });
    let request = ask(bob(), arguments).value();
    assert_eq!(request["lastSync"], 1_767_000_000_000_i64);
    assert_eq!((&request["limit"], &request["nextToken"]), (&json!(5), &json!("t")));
    let filter = &request["filter"];
    let values = filter["expressionValues"].as_object().unwrap();
    for wanted in ["x", "s-2::bob", "s-2", "bob"] {
        assert!(values.values().any(|value| value["S"] == wanted), "{wanted}: {filter}");
    }
    assert_eq!(values.len(), 4, "{filter}");
    assert_eq!(ask(Value::Null, json!({})).raised(), Some("Unauthorized"));
    let items = json!([{ "id": "1", "text": "x", "_version": 2, "_deleted": true, "_lastChangedAt": 7 }]);
    let result = json!({ "items": items, "nextToken": null, "startedAt": 9 });
    let page =
        project.response("resolvers/Query.syncNotes", &json!({ "result": result, "identity": ada(), "arguments": {} }));
    assert_eq!((&page["items"], &page["startedAt"]), (&items, &json!(9)), "tombstones are part of it");
    let error = json!({ "type": "DynamoDB:ValidationException", "message": "bad" });
    assert_eq!(project.failure("resolvers/Query.syncNotes", &error).as_deref(), Some("DynamoDB:ValidationException"));
}

#[test]
fn writes_name_the_version_that_they_know() {
    let project = Project::new("conflict = \"optimistic-concurrency\"", SCHEMA);
    let input = json!({ "id": "1", "text": "y", "_version": 4 });
    let context = json!({ "arguments": { "input": input }, "identity": ada() });
    for (verb, operation) in [("Update", "UpdateItem"), ("Delete", "DeleteItem")] {
        let file = format!("functions/{verb}Note");
        let request = project.request(&file, &context);
        assert_eq!((&request["operation"], &request["_version"]), (&json!(operation), &json!(4)), "{request}");
        let without = json!({ "arguments": { "input": { "id": "1" } }, "identity": ada() });
        assert_eq!(project.request(&file, &without)["_version"], 0);
        let stored = json!({ "id": "1", "text": "x", "owner": "s-1::ada", "_version": 5 });
        let error = json!({ "type": "ConflictUnhandled", "message": "Conflict resolver rejects mutation." });
        let context = json!({ "error": error, "result": stored, "arguments": context["arguments"], "identity": ada() });
        let refused = project.run(&file, "response", &context);
        assert_eq!(refused.raised(), Some("ConflictUnhandled"));
        assert_eq!(refused.errors[0]["data"], stored, "the caller learns what is stored");
    }
}
