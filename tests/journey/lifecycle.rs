//! The life of an environment: push, preview, change, failure with its cause, restart, delete.

use serde_json::{Value, json};

use crate::support::http::send;
use crate::support::sandbox::Sandbox;
use crate::support::sigv4::{self, Key};

/// A Query-protocol call of CloudFormation by the account's root.
fn cloudformation(endpoint: &str, body: &str) -> String {
    let host = endpoint.trim_start_matches("http://");
    let plain = [("content-type", "application/x-www-form-urlencoded")];
    let signed = sigv4::sign(&Key::root(), "cloudformation", host, "/", &plain, body.as_bytes());
    let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send(endpoint, "POST", "/", &headers, body.as_bytes()).text()
}

#[test]
fn push_preview_change_delete() {
    let sandbox = Sandbox::blog();
    let preview = sandbox.run(&["push", "--dry-run", "--json"]).ok().json();
    assert!(preview["changes"].as_array().unwrap().len() > 30, "{preview}");
    assert!(preview["changes"].as_array().unwrap().iter().all(|change| change["action"] == "add"), "{preview}");
    assert_eq!(sandbox.run(&["push", "--dry-run", "--exit-code"]).code, 6);
    let pushed = sandbox.run(&["push", "--yes", "--json"]).ok().json();
    assert_eq!(pushed["outcome"], "deployed");
    assert_eq!(sandbox.run(&["push", "--yes", "--json"]).ok().json()["outcome"], "nothing-to-do");
    assert_eq!(sandbox.run(&["push", "--dry-run", "--exit-code"]).code, 0);
    assert_eq!(sandbox.run(&["status", "--exit-code"]).code, 0);

    let _ = sandbox.run(&["update", "auth", "--groups", "Editors,Reviewers"]).ok();
    assert_eq!(sandbox.run(&["status", "--exit-code"]).code, 6);
    let change = sandbox.run(&["push", "--yes", "--json"]).ok().json();
    let changed: Vec<&Value> = change["changes"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert!(changed.contains(&&json!("AWS::Cognito::UserPoolGroup")), "{change}");

    let refused = sandbox.run(&["delete", "--env", "dev"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let _ = sandbox.run(&["delete", "--env", "dev", "--yes"]).ok();
    let _ = sandbox.run(&["delete", "--env", "dev", "--yes"]);
    assert_eq!(sandbox.run(&["pull"]).code, 1, "nothing is deployed any more");
}

#[test]
fn a_failure_shows_its_cause_and_a_second_push_heals() {
    let sandbox = Sandbox::blog();
    // A patch that asks for what DynamoDB refuses: a key attribute that is not defined.
    sandbox.write("ampup/overrides/blog.yaml", "Resources:\n  PostTable:\n    Properties:\n      KeySchema:\n        - AttributeName: nowhere\n          KeyType: HASH\n");
    let failed = sandbox.run(&["push", "--yes"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    for word in ["AMP0401", "table for Post", "hint:"] {
        assert!(failed.stderr.contains(word), "`{word}` is not in {}", failed.stderr);
    }
    assert!(!failed.stderr.contains("cancelled"), "an echo is shown: {}", failed.stderr);
    // The stack is left in ROLLBACK_COMPLETE, which cannot be updated: the next push removes it first and says so.
    std::fs::remove_file(sandbox.path("ampup/overrides/blog.yaml")).unwrap();
    let healed = sandbox.run(&["push", "--yes", "--json"]).ok();
    assert_eq!(healed.json()["outcome"], "deployed");
}

#[test]
fn state_survives_a_kill_and_a_restart() {
    let sandbox = Sandbox::blog();
    let dev = sandbox.dev();
    let first = sandbox.outputs();
    dev.kill();
    let dev = sandbox.dev();
    let second = sandbox.outputs();
    assert_eq!(first["auth"], second["auth"], "the same pools");
    assert_eq!(first["data"]["api_key"], second["data"]["api_key"]);
    let stacks = cloudformation(&dev.endpoint, "Action=DescribeStacks&Version=2010-05-15");
    assert!(stacks.contains("<StackStatus>CREATE_COMPLETE</StackStatus>"), "{stacks}");
}

#[test]
fn unknown_types_and_properties_are_refused_by_name() {
    let sandbox = Sandbox::blog();
    let dev = sandbox.dev();
    for (template, word) in [
        (r#"{"Resources":{"X":{"Type":"AWS::Kinesis::Stream"}}}"#, "AWS::Kinesis::Stream"),
        (r#"{"Resources":{"X":{"Type":"AWS::S3::Bucket","Properties":{"Colour":"red"}}}}"#, "Colour"),
        (r#"{"Resources":{"X":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":{"Ref":"Nobody"}}}}}"#, "Nobody"),
    ] {
        let encoded: String = template.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = cloudformation(
            &dev.endpoint,
            &format!("Action=CreateStack&Version=2010-05-15&StackName=bad&TemplateBody={encoded}"),
        );
        assert!(answer.contains("ValidationError") && answer.contains(word), "{answer}");
    }
}

#[test]
fn the_quickstart_answers_a_signed_in_query() {
    let sandbox = Sandbox::new();
    for sample in ["blog", "todo"] {
        let ran = sandbox.run(&["quickstart", sample, "--sample", sample, "--once", "--json"]).ok();
        let report = ran.json();
        assert!(report["first_query"]["exchanges"].to_string().contains("title"), "{report}");
    }
}
