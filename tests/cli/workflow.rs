//! `ampup workflow`: a verdict with an exit code, places in the file, pictures.

use serde_json::json;

use crate::support::sandbox::Sandbox;

const HELLO: &str = r#"{
  "StartAt": "Invoke",
  "States": {
    "Invoke": { "Type": "Task", "Resource": "<LAMBDA FUNCTION ARN>", "Next": "Done" },
    "Done": { "Type": "Succeed", "OutputPath": "$.answer" }
  }
}
"#;

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_to_write() {
    let sandbox = Sandbox::new();
    sandbox.write("hello.asl.json", HELLO);
    let ran = sandbox.run(&["workflow", "validate", "hello.asl.json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    for part in ["hello.asl.json:4:45", "<LAMBDA FUNCTION ARN>", "hint: write the ARN of the function", "is not valid"]
    {
        assert!(ran.stdout.contains(part), "{part} is missing in {}", ran.stdout);
    }
    let report = sandbox.run(&["workflow", "validate", "hello.asl.json", "--json"]).json();
    assert_eq!(report["valid"], false);
    let found = &report["diagnostics"][0];
    assert_eq!(found["aws_message"], "Value is not a valid resource ARN");
    assert_eq!(found["pointer"], "/States/Invoke/Resource");
    assert_eq!(found["location"], json!({ "file": "hello.asl.json", "line": 4, "column": 45 }));
}

#[test]
fn a_definition_is_tried_with_a_sample_of_its_input() {
    let sandbox = Sandbox::new();
    sandbox
        .write("wait.asl.yaml", "StartAt: Wait\nStates:\n  Wait: { Type: Wait, SecondsPath: $.seconds, End: true }\n");
    sandbox.write("good.json", r#"{ "seconds": 1 }"#);
    sandbox.write("bad.json", r#"{ "minutes": 1 }"#);
    sandbox.write("broken.json", "{");
    let run = |input: &str| sandbox.run(&["workflow", "validate", "wait.asl.yaml", "--input", input]);
    let _ = sandbox.run(&["workflow", "validate", "wait.asl.yaml"]).ok();
    let _ = run("good.json").ok();
    let bad = run("bad.json");
    assert!(bad.code == 3 && bad.stdout.contains("wait.asl.yaml:3:3") && bad.stdout.contains("$.seconds"), "{bad:?}");
    let broken = run("broken.json");
    assert!(broken.code == 3 && broken.stderr.contains("broken.json:1:"), "{broken:?}");
    assert_eq!(run("missing.json").code, 3);
}

#[test]
fn the_type_decides_what_a_machine_may_do() {
    let sandbox = Sandbox::new();
    let text = HELLO.replace("<LAMBDA FUNCTION ARN>", "arn:aws:states:::ecs:runTask.sync");
    sandbox.write("run.asl.json", &text);
    let _ = sandbox.run(&["workflow", "validate", "run.asl.json"]).ok();
    let express = sandbox.run(&["workflow", "validate", "run.asl.json", "--type", "EXPRESS", "--json"]);
    assert_eq!(express.code, 3, "{express:?}");
    assert_eq!(express.json()["diagnostics"][0]["pointer"], "/States/Invoke/Resource");
}

#[test]
fn pictures_are_printed_or_written() {
    let sandbox = Sandbox::new();
    sandbox.write("hello.asl.json", &HELLO.replace("<LAMBDA FUNCTION ARN>", "${HelloArn}"));
    let text = sandbox.run(&["workflow", "graph", "hello.asl.json"]).ok();
    assert!(text.stdout.contains("Invoke") && text.stdout.contains("( End )"), "{text:?}");
    let mermaid = sandbox.run(&["workflow", "graph", "hello.asl.json", "--format", "mermaid"]).ok();
    assert!(mermaid.stdout.starts_with("flowchart TD\n"), "{mermaid:?}");
    let _ = sandbox.run(&["workflow", "graph", "hello.asl.json", "--format", "svg", "--out", "hello.svg"]).ok();
    assert!(sandbox.read("hello.svg").starts_with("<svg "));
    sandbox.write("wrong.asl.json", "{}");
    let wrong = sandbox.run(&["workflow", "graph", "wrong.asl.json"]);
    assert!(wrong.code == 3 && wrong.stderr.contains("`StartAt` and `States` are missing"), "{wrong:?}");
}
