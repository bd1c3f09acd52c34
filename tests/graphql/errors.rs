//! Errors, introspection, limits of requests.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::{Shared, World, shared};

static WORLD: Shared = Shared::new(std::sync::Weak::new());

const SCHEMA: &str = "
type Note @model @auth(rules: [{ allow: public }]) {
  id: ID!
  title: String
}
";

fn world() -> Arc<World> {
    shared(&WORLD, || SCHEMA.to_owned())
}

#[test]
fn item_62_an_error_says_where_and_leaves_the_rest() {
    let world = world();
    let answer = world.ask(
        "mutation {\n  first: createNote(input: { id: \"e62\", title: \"a\" }) { title }\n  second: createNote(input: { id: \"e62\" }) { title }\n}",
        &Value::Null,
    );
    assert_eq!(answer["data"], json!({ "first": { "title": "a" }, "second": null }), "{answer}");
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{answer}");
    let mut members: Vec<&str> = errors[0].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["data", "errorInfo", "errorType", "locations", "message", "path"]);
    assert_eq!(errors[0]["path"], json!(["second"]));
    assert_eq!(errors[0]["locations"], json!([{ "line": 3, "column": 3, "sourceName": null }]));
}

#[test]
fn item_63_requests_that_are_wrong_are_told_by_kind() {
    let world = world();
    for (query, words) in [
        ("{ getNote(id: \"1\") { nothing } }", "FieldUndefined"),
        ("{ nowhere }", "FieldUndefined"),
        ("{ getNote { id } }", "MissingFieldArgument"),
        ("{ getNote(id: \"1\", more: 2) { id } }", "UnknownArgument"),
        ("{ getNote(id: \"1\") }", "SubSelectionRequired"),
        ("{ getNote(id: \"1\") { id { x } } }", "SubSelectionNotAllowed"),
        ("{ getNote(id: $id) { id } }", "UndefinedVariable"),
    ] {
        let answer = world.ask(query, &Value::Null);
        assert!(answer["data"].is_null(), "{answer}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(words), "{query}: {message}");
        assert!(answer["errors"][0]["locations"].is_array(), "{answer}");
    }
    let syntax = world.ask("{ getNote(", &Value::Null);
    assert!(syntax["data"].is_null() && syntax.to_string().contains("InvalidSyntax"), "{syntax}");
}

#[test]
fn item_64_the_schema_can_be_read() {
    let world = world();
    let types = world.value("{ __schema { types { name } directives { name } } }", &Value::Null);
    let names = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let (types, directives) = (names(&types["types"]), names(&types["directives"]));
    assert!(
        ["Note", "AWSDateTime", "ModelNoteFilterInput"].iter().all(|name| types.iter().any(|one| one == name)),
        "{types:?}"
    );
    assert!(directives.iter().any(|name| name == "aws_api_key"), "{directives:?}");
    let kind = world.value("{ __type(name: \"Note\") { kind fields { name } } }", &Value::Null);
    assert_eq!(kind["kind"], "OBJECT");
    assert_eq!(world.ask("{ __typename }", &Value::Null)["data"], json!({ "__typename": "Query" }));
}
