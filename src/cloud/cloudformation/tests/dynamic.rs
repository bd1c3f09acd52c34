//! Values that stand in Parameter Store and Secrets Manager.

use serde_json::{Value, json};

use super::harness::{Little, things};

/// The property `Value` of what was made.
fn made(little: &Little) -> Vec<Value> {
    little.world.lock().unwrap().values().map(|properties| properties["Value"].clone()).collect()
}

#[tokio::test]
async fn references_become_values_on_their_way_and_no_record_holds_a_secret() {
    let little = Little::new();
    let template = things(&[
        "A: {Value: {Plain: '{{resolve:ssm:/plain}}', Old: 'v-{{resolve:ssm:/plain:1}}-{{resolve:ssm:/plain:2}}'}}",
        "B: {Value: !Sub 'jdbc://{{resolve:secretsmanager:db:SecretString:user}}:{{resolve:secretsmanager:db::port}}'}",
        "C: {Value: '{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:000000000000:secret:db-Ab1:SecretString:user:AWSCURRENT}}'}",
        "D: {Value: '{{resolve:secretsmanager:text}} and {{not closed'}",
    ]) + "Outputs: {O: {Value: 'is {{resolve:ssm:/plain}}'}}\n";
    assert_eq!(little.create("s", &template).await, "CREATE_COMPLETE");
    assert_eq!(
        made(&little),
        [
            json!({"Plain": "new", "Old": "v-old-new"}),
            json!("jdbc://lovelace:5432"),
            json!("lovelace"),
            json!("plain text and {{not closed")
        ]
    );
    assert_eq!(little.output("s", "O").await.as_deref(), Some("is new"));
    let kept = little.call("DescribeStackEvents", json!({"StackName": "s"})).await.unwrap().to_string();
    assert!(!kept.contains("lovelace"), "{kept}");
}

#[tokio::test]
async fn what_cannot_be_found_fails_the_resource_in_awss_words() {
    for (value, reason) in [
        ("{{resolve:ssm:/gone}}", "Parameters: [ssm:/gone] cannot be found."),
        ("{{resolve:ssm:/plain:9}}", "Parameters: [ssm:/plain:9] cannot be found."),
        ("{{resolve:ssm:/sealed}}", "have types not supported by CloudFormation."),
        ("{{resolve:secretsmanager:gone}}", "Secrets Manager can't find the specified secret."),
        (
            "{{resolve:secretsmanager:db:SecretString:nope}}",
            "Could not find a value associated with JSONKey in SecretString: nope",
        ),
        ("{{resolve:secretsmanager:text:SecretString:a}}", "Could not parse SecretString JSON"),
        ("{{resolve:secretsmanager:db:SecretBinary}}", "is no reference to the SecretString of a secret."),
    ] {
        let little = Little::new();
        let template = things(&[&format!("A: {{Value: '{value}'}}")]);
        assert_eq!(little.create("s", &template).await, "ROLLBACK_COMPLETE", "{value}");
        let events = little.events("s");
        assert!(
            events.iter().any(|event| event.starts_with("A CREATE_FAILED") && event.ends_with(reason)),
            "{events:#?}"
        );
    }
}

#[tokio::test]
async fn parameters_are_filled_by_the_store() {
    let little = Little::new();
    let template = things(&["A: {Value: !Ref P}", "B: {Value: !Select [1, !Ref L]}"])
        + "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /plain}, \
           L: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /list}}\n";
    assert_eq!(little.create("s", &template).await, "CREATE_COMPLETE");
    assert_eq!(made(&little), [json!("new"), json!("b")]);
    let stack = little.call("DescribeStacks", json!({"StackName": "s"})).await.unwrap();
    let parameters = stack["Stacks"][0]["Parameters"].as_array().unwrap().clone();
    assert_eq!(parameters[0], json!({"ParameterKey": "P", "ParameterValue": "/plain", "ResolvedValue": "new"}));
}
