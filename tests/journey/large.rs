//! An API of several stacks: relations between them, edits that move nothing, the one edit that would.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::http::graphql;
use crate::support::sandbox::Sandbox;

const MODELS: usize = 42;

/// Models in a circle, each related to the next.
fn schema(models: &[String]) -> String {
    models.iter().enumerate().fold(String::new(), |mut text, (at, model)| {
        let next = &models[(at + 1) % models.len()];
        writeln!(
            text,
            "type {model} @model @auth(rules: [{{ allow: public }}]) {{ id: ID! nextId: ID next: {next} @hasOne(fields: [\"nextId\"]) }}"
        )
        .unwrap();
        text
    })
}

/// The stack of each model, as the project remembers it.
fn placement(sandbox: &Sandbox) -> Vec<(String, String)> {
    let text = sandbox.read("ampup/api/large/placement.toml");
    text.lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(model, number)| (model.to_owned(), number.to_owned()))
        .collect()
}

#[test]
fn an_api_of_several_stacks() {
    let sandbox = Sandbox::new();
    let path = "ampup/api/large/schema.graphql";
    let mut models: Vec<String> = (0..MODELS).map(|number| format!("M{number}")).collect();
    let _ = sandbox.run(&["init", "large", "--target", "local"]).ok();
    sandbox.write("large.graphql", &schema(&models));
    let _ = sandbox.run(&["add", "api", "--name", "large", "--auth", "api-key", "--schema", "large.graphql"]).ok();
    assert!(sandbox.path("ampup/stacks/large/models-2.yaml").is_file());
    let _dev = sandbox.dev();
    let outputs = sandbox.outputs();
    let (url, key) = (outputs["data"]["url"].as_str().unwrap(), outputs["data"]["api_key"].as_str().unwrap());
    let ask = |query: &str| {
        let body = graphql(url, ("x-api-key", key), query, &Value::Null).json();
        assert!(body.get("errors").is_none(), "{query}: {body}");
        body["data"].clone()
    };
    for model in &models {
        ask(&format!("mutation {{ create{model}(input: {{ id: \"x\", nextId: \"x\" }}) {{ id }} }}"));
    }
    for model in &models {
        let found = ask(&format!("{{ get{model}(id: \"x\") {{ next {{ id next {{ id }} }} }} }}"));
        assert_eq!(found[format!("get{model}")], json!({ "next": { "id": "x", "next": { "id": "x" } } }), "{model}");
    }

    // One goes, one comes at the top: no other moves, and nothing is lost.
    let before = placement(&sandbox);
    assert_eq!(before.len(), MODELS);
    models.remove(3);
    models.insert(0, "Added".to_owned());
    sandbox.write(path, &schema(&models));
    let pushed = sandbox.run(&["push", "--yes", "--json"]).ok().json();
    assert_eq!(pushed["outcome"], "deployed");
    let after = placement(&sandbox);
    for (model, number) in before.iter().filter(|(model, _)| model != "M3") {
        assert!(after.contains(&(model.clone(), number.clone())), "{model} was moved: {after:?}");
        let found = ask(&format!("{{ get{model}(id: \"x\") {{ id }} }}"));
        assert_eq!(found[format!("get{model}")]["id"], "x", "{model}");
    }

    // A field that would go to another stack is refused before anything is done.
    let far = &after.iter().find(|(_, number)| number == "2").unwrap().0;
    let text = sandbox.read(path);
    sandbox.write(path, &text.replacen("next: M6 ", &format!("next: {far} "), 1));
    let refused = sandbox.run(&["push", "--yes"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    for word in ["AMP0318", "`M5.next`", "large/models-2.yaml", "in two steps"] {
        assert!(refused.stderr.contains(word), "`{word}` is not in {}", refused.stderr);
    }
}
