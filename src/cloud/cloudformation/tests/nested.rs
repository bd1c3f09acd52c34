//! Stacks in stacks: made, changed, rolled back and deleted with their parents.

use serde_json::{Value, json};

use super::harness::{Little, things};

/// A parent with a nested stack `Child` and a thing that uses the child's output.
fn parent(url: &str, value: &str, tail: &str) -> String {
    format!(
        "Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: '{url}', Parameters: {{P: {value}}}}}\n  User: {{Type: Test::Thing::Basic, Properties: {{Value: !GetAtt Child.Outputs.O {tail}}}}}\nOutputs: {{Id: {{Value: !Ref Child}}}}\n"
    )
}

const CHILD: &str = "Parameters: {P: {Type: String}}\nResources:\n  Inner: {Type: Test::Thing::Basic, Properties: {Value: !Ref P}}\nOutputs: {O: {Value: !Sub 'out-${Inner.Value}'}}\n";

fn child_name(little: &Little) -> String {
    let memory = little.cloudformation.engine.model.memory();
    memory.stacks.values().rfind(|stack| stack.parent.is_some()).unwrap().name.clone()
}

#[tokio::test]
async fn a_nested_stack_lives_with_its_parent() {
    let little = Little::new();
    let url = little.upload("child.yaml", CHILD).await;
    assert_eq!(little.create("s", &parent(&url, "one", "")).await, "CREATE_COMPLETE");
    assert_eq!(little.things(), ["Inner=\"one\"", "User=\"out-one\""]);
    let child = child_name(&little);
    assert!(child.starts_with("s-Child-"), "{child}");
    assert_eq!(little.status(&child), "CREATE_COMPLETE");
    let described = little.call("DescribeStacks", json!({"StackName": child})).await.unwrap();
    assert_eq!(described["Stacks"][0]["ParentId"], described["Stacks"][0]["RootId"]);
    assert_eq!(little.output("s", "Id").await.as_deref(), described["Stacks"][0]["StackId"].as_str());

    assert_eq!(little.update("s", &parent(&url, "two", "")).await, "UPDATE_COMPLETE");
    assert_eq!(little.things(), ["Inner=\"two\"", "User=\"out-two\""]);
    assert_eq!(little.status(&child), "UPDATE_COMPLETE");
    let same = little.refused("UpdateStack", json!({"StackName": "s", "TemplateBody": parent(&url, "two", "")})).await;
    assert_eq!(same, "ValidationError: No updates are to be performed.");

    little.call("DeleteStack", json!({"StackName": "s"})).await.unwrap();
    assert_eq!(little.settled("s").await, "DELETE_COMPLETE");
    assert_eq!(little.status(&child), "DELETE_COMPLETE");
    assert!(little.things().is_empty());
}

#[tokio::test]
async fn a_failure_inside_takes_the_parent_back() {
    let little = Little::new();
    let url = little.upload("bad.yaml", &CHILD.replace("!Ref P}", "!Ref P, FailCreate: inner trouble}")).await;
    assert_eq!(little.create("s", &parent(&url, "one", "")).await, "ROLLBACK_COMPLETE");
    let reason = little.events("s").into_iter().find(|event| event.starts_with("Child CREATE_FAILED")).unwrap();
    assert!(
        reason.contains("was not successfully created: The following resource(s) failed to create: [Inner]."),
        "{reason}"
    );
    assert_eq!(little.status(&child_name(&little)), "DELETE_COMPLETE");
    assert!(little.things().is_empty());
}

#[tokio::test]
async fn a_failure_beside_takes_the_nested_stack_back() {
    let little = Little::new();
    let url = little.upload("child.yaml", CHILD).await;
    little.create("s", &parent(&url, "one", "")).await;
    let broken = parent(&url, "two", ", FailUpdate: broken");
    assert_eq!(little.update("s", &broken).await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(little.things(), ["Inner=\"one\"", "User=\"out-one\""]);
    let child = child_name(&little);
    assert_eq!(little.status(&child), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(little.output(&child, "O").await.as_deref(), Some("out-one"));
    assert_eq!(little.update("s", &parent(&url, "three", "")).await, "UPDATE_COMPLETE");
    assert_eq!(little.things(), ["Inner=\"three\"", "User=\"out-three\""]);
}

#[tokio::test]
async fn a_failed_update_inside_goes_back_in_both() {
    let little = Little::new();
    let url = little.upload("child.yaml", CHILD).await;
    little.create("s", &parent(&url, "one", "")).await;
    let bad = little.upload("bad.yaml", &CHILD.replace("!Ref P}", "!Ref P, FailUpdate: inner}")).await;
    assert_eq!(little.update("s", &parent(&bad, "two", "")).await, "UPDATE_ROLLBACK_COMPLETE");
    let reason = little.events("s").into_iter().find(|event| event.starts_with("Child UPDATE_FAILED")).unwrap();
    assert!(reason.contains("was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS"), "{reason}");
    assert_eq!(little.status(&child_name(&little)), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(little.things(), ["Inner=\"one\"", "User=\"out-one\""]);
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_nested_update_goes_back() {
    let little = Little::new();
    let url = little.upload("child.yaml", CHILD).await;
    little.create("s", &parent(&url, "one", "")).await;
    let waiting = little.upload("wait.yaml", &CHILD.replace("!Ref P}", "!Ref P, Wait: true}")).await;
    little.call("UpdateStack", json!({"StackName": "s", "TemplateBody": parent(&waiting, "two", "")})).await.unwrap();
    little.until(&child_name(&little), "Inner", "UPDATE_IN_PROGRESS").await;
    let again = little.reopened();
    assert_eq!(again.settled("s").await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(again.status(&child_name(&again)), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(again.things(), ["Inner=\"one\"", "User=\"out-one\""]);
}

#[tokio::test]
async fn change_sets_tell_what_nested_stacks_will_do() {
    let little = Little::new();
    let url = little.upload("child.yaml", CHILD).await;
    let input = |name: &str, kind: &str, template: &str| {
        json!({"StackName": "s", "ChangeSetName": name, "ChangeSetType": kind, "TemplateBody": template,
               "IncludeNestedStacks": "true"})
    };
    little.call("CreateChangeSet", input("first", "CREATE", &parent(&url, "one", ""))).await.unwrap();
    assert_eq!(little.status("s"), "REVIEW_IN_PROGRESS");
    little.call("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "first"})).await.unwrap();
    assert_eq!(little.settled("s").await, "CREATE_COMPLETE");

    little.call("CreateChangeSet", input("second", "UPDATE", &parent(&url, "two", ""))).await.unwrap();
    let set = little.call("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "second"})).await.unwrap();
    let change = |set: &Value, id: &str| -> Value {
        let changes = set["Changes"].as_array().unwrap();
        let found =
            changes.iter().map(|change| &change["ResourceChange"]).find(|change| change["LogicalResourceId"] == id);
        found.unwrap_or_else(|| panic!("{id} in {set:#}")).clone()
    };
    let child = change(&set, "Child");
    assert_eq!((child["Action"].as_str(), child["Replacement"].as_str()), (Some("Modify"), Some("False")));
    let user = change(&set, "User");
    let detail = &user["Details"][0];
    let told = [&detail["Target"]["Name"], &detail["Evaluation"], &detail["ChangeSource"], &detail["CausingEntity"]];
    assert_eq!(told, ["Value", "Dynamic", "ResourceAttribute", "Child.Outputs.O"]);
    let inner = little.call("DescribeChangeSet", json!({"ChangeSetName": child["ChangeSetId"]})).await.unwrap();
    assert_eq!(inner["ParentChangeSetId"], set["ChangeSetId"]);
    let cause = &change(&inner, "Inner")["Details"][0];
    assert_eq!((&cause["ChangeSource"], &cause["CausingEntity"]), (&json!("ParameterReference"), &json!("P")));
    little.call("ExecuteChangeSet", json!({"ChangeSetName": set["ChangeSetId"]})).await.unwrap();
    assert_eq!(little.settled("s").await, "UPDATE_COMPLETE");
    assert_eq!(little.things(), ["Inner=\"two\"", "User=\"out-two\""]);
}

#[tokio::test]
async fn capabilities_count_in_nested_templates_too() {
    let little = Little::new();
    let role = "Resources:\n  Role: {Type: AWS::IAM::Role, Properties: {RoleName: named}}\n";
    let url = little.upload("role.yaml", role).await;
    let template =
        format!("Resources:\n  Child: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: '{url}'}}}}\n");
    let input =
        |capabilities: &[&str]| json!({"StackName": "s", "TemplateBody": template, "Capabilities": capabilities});
    for given in [&[][..], &["CAPABILITY_IAM"][..]] {
        let refused = little.refused("CreateStack", input(given)).await;
        assert_eq!(refused, "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_NAMED_IAM]");
    }
    little.call("CreateStack", input(&["CAPABILITY_NAMED_IAM"])).await.unwrap();
    assert_eq!(little.settled("s").await, "CREATE_COMPLETE");
}

#[tokio::test]
async fn what_a_nested_template_lacks_is_told_before_anything_is_made() {
    let little = Little::new();
    let url = little.upload("bad.yaml", "Resources:\n  X: {Type: AWS::Lambda::Function}\n").await;
    let template = format!(
        "{}  C: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: '{url}'}}}}\n",
        things(&["A: {Value: 1}"])
    );
    let refused = little.refused("CreateStack", json!({"StackName": "s", "TemplateBody": template})).await;
    assert!(
        refused.contains("Resource type AWS::Lambda::Function is not supported by the embedded cloud; it has: AWS::"),
        "{refused}"
    );
    assert!(little.things().is_empty() && little.status("s").is_empty());
}
