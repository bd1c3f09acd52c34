//! `ampup codegen`: files of ours are written, kept, taken away; files of the user are left alone.

use std::time::SystemTime;

use serde_json::json;

use crate::support::sandbox::Sandbox;

/// A project with one API and no cloud.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "code", "--target", "local"]).ok();
    let _ = sandbox.run(&["add", "api", "--name", "todo", "--sample", "todo", "--auth", "api-key"]).ok();
    sandbox
}

fn written(sandbox: &Sandbox, path: &str) -> SystemTime {
    std::fs::metadata(sandbox.path(path)).unwrap().modified().unwrap()
}

#[test]
fn the_front_end_decides_what_is_generated() {
    for (file, text, expected) in [
        ("notes.txt", "", "src/graphql/queries.graphql"),
        ("package.json", "{}", "src/graphql/queries.js"),
        ("package.json", r#"{"devDependencies":{"typescript":"5"}}"#, "src/API.ts"),
        ("package.json", r#"{"dependencies":{"@angular/core":"20"}}"#, "src/graphql/queries.graphql"),
        ("package.json", r#"{"dependencies":{"@aws-amplify/datastore":"5"}}"#, "src/models/schema.js"),
    ] {
        let sandbox = project();
        sandbox.write(file, text);
        let report = sandbox.run(&["codegen", "--json"]).ok().json();
        assert!(report["created"].as_array().unwrap().contains(&json!(expected)), "{text}: {report}");
        assert_eq!(report["kept_up_to_date"], false);
    }
}

#[test]
fn what_would_not_change_is_not_touched() {
    let sandbox = project();
    let arguments = ["codegen", "--target", "ts,types,models-js", "--json"];
    let first = sandbox.run(&arguments).ok().json();
    assert_eq!(first["created"].as_array().unwrap().len(), 8, "{first}");
    let before = written(&sandbox, "src/API.ts");
    let again = sandbox.run(&arguments).ok().json();
    assert_eq!((&again["created"], &again["updated"], &again["unchanged"]), (&json!([]), &json!([]), &json!(8)));
    assert_eq!(written(&sandbox, "src/API.ts"), before);
    let schema = sandbox.read("ampup/api/todo/schema.graphql").replace("@model", "@model(subscriptions: null)");
    sandbox.write("ampup/api/todo/schema.graphql", &schema);
    let changed = sandbox.run(&arguments).ok().json();
    assert_eq!(changed["removed"], json!(["src/graphql/subscriptions.ts"]), "{changed}");
    assert!(!sandbox.path("src/graphql/subscriptions.ts").exists());
}

#[test]
fn a_file_of_the_user_stops_it_before_anything_is_written() {
    let sandbox = project();
    sandbox.write("src/API.ts", "export const mine = 1;\n");
    let ran = sandbox.run(&["codegen", "--target", "ts,types"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("AMP0104") && ran.stderr.contains("src/API.ts"), "{ran:?}");
    assert_eq!(sandbox.read("src/API.ts"), "export const mine = 1;\n");
    assert!(!sandbox.path("src/graphql").exists());
}

#[test]
fn saved_settings_are_what_a_push_keeps_up_to_date() {
    let sandbox = project();
    let flags =
        ["codegen", "todo", "--target", "ts,types", "--depth", "3", "--statements", "app/documents/", "--types"];
    let report = sandbox.run(&[&flags[..], &["app/API.ts", "--save", "--json"]].concat()).ok().json();
    assert_eq!(report["kept_up_to_date"], true, "{report}");
    let manifest = sandbox.read("ampup.toml");
    assert!(manifest.contains("targets = [\"ts\", \"types\"]") && manifest.contains("app/documents"), "{manifest}");
    assert!(sandbox.read("app/documents/queries.ts").contains("from \"../API\""));
    let schema = sandbox.read("ampup/api/todo/schema.graphql").replace("type Todo", "type Errand");
    sandbox.write("ampup/api/todo/schema.graphql", &schema);
    let pushed = sandbox.run(&["push", "--yes", "--json"]).ok().json();
    assert!(pushed["code_files"].as_array().unwrap().contains(&json!("app/API.ts")), "{pushed}");
    assert!(sandbox.read("app/API.ts").contains("export type Errand = "));
    let again = sandbox.run(&["push", "--yes", "--json"]).ok().json();
    assert_eq!(again["code_files"], json!([]));
}

#[test]
fn wrong_settings_are_told_with_their_place() {
    let sandbox = project();
    let good = sandbox.read("ampup.toml");
    let bad = "\n[resources.todo.codegen]\ntargets = [\"js\", \"flow\"]\ndepth = 40\nstatments = \"x\"\n";
    sandbox.write("ampup.toml", &(good + bad));
    let ran = sandbox.run(&["codegen"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    for word in ["AMP0103", "ampup.toml:", "statments", "did you mean `statements`"] {
        assert!(ran.stderr.contains(word), "`{word}` is not in {}", ran.stderr);
    }
    let refused = project().run(&["codegen", "--target", "js,flow"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("write the same files"), "{refused:?}");
}

#[test]
fn a_schema_alone_needs_no_project() {
    let sandbox = Sandbox::new();
    sandbox.write("schema.graphql", "type Todo @model @auth(rules: [{ allow: owner }]) { id: ID! text: String! }\n");
    sandbox.write("options.json", r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS"}"#);
    let arguments = ["codegen", "--schema", "schema.graphql", "--options", "options.json", "--out", "out", "--json"];
    let report = sandbox.run(&arguments).ok().json();
    let made = ["queries", "mutations", "subscriptions"].map(|kind| format!("src/graphql/{kind}.ts"));
    assert_eq!(report["created"], json!([&made[0], &made[1], &made[2], "src/API.ts"]), "{report}");
    assert!(sandbox.read("out/src/API.ts").contains("  owner?: string | null,\n"));
    sandbox.write("out/src/API.ts", "mine\n");
    let refused = sandbox.run(&arguments);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(sandbox.read("out/src/API.ts"), "mine\n");
}
