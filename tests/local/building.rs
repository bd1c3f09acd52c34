//! Functions that are built before they are deployed, and programs that need no interpreter, on the embedded cloud.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::functions::{FUNCTIONS, post};
use crate::support::sandbox::Sandbox;

/// What stands for esbuild: it takes the arguments, and writes one answer and its map.
const ESBUILD: &str = r#"#!/bin/sh
for argument in "$@"; do
  case "$argument" in --outfile=*) out="${argument#--outfile=}" ;; esac
done
mkdir -p "$(dirname "$out")"
printf 'exports.handler = async (event) => ({ built: true, event });\n' > "$out"
printf '{"version": 3}' > "$out.map"
"#;

fn project(name: &str, runtime: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "app", "--target", "local"]).ok();
    let _ = sandbox.run(&["add", "function", "--name", name, "--runtime", runtime]).ok();
    sandbox
}

/// Deploys, and what the function `name` answers.
fn answer(sandbox: &Sandbox, name: &str, event: &Value) -> Value {
    let dev = sandbox.dev();
    let pushed = sandbox.run(&["push", "--yes", "--json"]).ok().json();
    let function = pushed["outputs"][format!("{name}FunctionName")].as_str().unwrap_or_else(|| panic!("{pushed}"));
    let path = format!("{FUNCTIONS}/{function}/invocations");
    let answer = post(&dev.endpoint, "lambda", &path, &[], event.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn a_program_of_any_kind_answers() {
    for runtime in ["provided.al2023", "rust"] {
        let sandbox = project("echo", runtime);
        let event = json!({ "name": "Ada" });
        assert_eq!(answer(&sandbox, "Echo", &event), json!({ "message": "Hello!", "event": event }), "{runtime}");
    }
}

#[test]
fn rust_that_does_not_build_is_told_with_its_line() {
    let sandbox = project("echo", "rust");
    sandbox.write("ampup/function/echo/src/main.rs", "fn main() {\n    missing();\n}\n");
    let failed = sandbox.run(&["push", "--yes", "--json"]);
    let failure = failed.json();
    assert_eq!((failed.code, &failure["code"]), (3, &json!("AMP0322")), "{failure}");
    let place = &failure["problems"][0]["location"];
    assert_eq!((&place["file"], &place["line"]), (&json!("ampup/function/echo/src/main.rs"), &json!(2)), "{failure}");
}

#[test]
fn typescript_is_bundled_by_the_esbuild_of_the_project() {
    let sandbox = project("hello", "typescript");
    let failed = sandbox.run(&["push", "--yes", "--json"]);
    let failure = failed.json();
    assert_eq!((failed.code, &failure["code"]), (3, &json!("AMP0322")), "{failure}");
    let problem = &failure["problems"][0];
    assert_eq!(problem["hints"][0], "`npm install --save-dev esbuild`", "{failure}");
    assert_eq!(problem["location"]["file"], "ampup/function/hello/index.ts", "{failure}");
    sandbox.write("node_modules/.bin/esbuild", ESBUILD);
    let program = sandbox.path("node_modules/.bin/esbuild");
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(answer(&sandbox, "Hello", &json!({ "a": 1 })), json!({ "built": true, "event": { "a": 1 } }));
}
