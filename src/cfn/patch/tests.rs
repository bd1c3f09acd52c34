use serde_json::json;

use super::apply;
use crate::cfn::{DeletionPolicy, Template, parse};

fn template() -> Template {
    parse(
        "Parameters: {Stage: {Type: String}}\nConditions: {C: !Equals [!Ref Stage, a]}\nResources:\n  PostTable:\n    Type: AWS::DynamoDB::Table\n    Properties: {Billing: OnDemand, Keys: [{Name: id}], Stream: {View: NEW, On: true}, Name: !Ref Stage}\n  Other: {Type: AWS::X::Y}\nOutputs: {O: {Value: a}}\n",
        "stack.yaml",
    )
    .unwrap()
}

fn problems(patch: &str) -> Vec<String> {
    apply(&template(), patch, "patch.yaml").unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn maps_merge_null_removes_lists_replace() {
    let patch = "Parameters: {Extra: {Type: Number, Default: 4}}\nConditions: {D: !Not [!Condition C]}\nResources:\n  PostTable:\n    DeletionPolicy: Retain\n    Properties:\n      Billing: Provisioned\n      Keys: [{Name: pk}, {Name: sk}]\n      Stream: {On: null}\n      Name: {Fn::Join: ['-', [a, !Ref Stage]]}\n      Tags: {Owner: me, Gone: null}\nOutputs: {O: {Value: !GetAtt PostTable.Arn}}\n";
    let patched = apply(&template(), patch, "patch.yaml").unwrap();
    let resource = &patched.resources["PostTable"];
    assert_eq!(
        resource.properties.to_json(),
        json!({"Billing": "Provisioned", "Keys": [{"Name": "pk"}, {"Name": "sk"}], "Stream": {"View": "NEW"},
               "Name": {"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "Tags": {"Owner": "me"}})
    );
    assert_eq!(resource.deletion, DeletionPolicy::Retain);
    assert_eq!(resource.origin.as_ref().unwrap().to_string(), "stack.yaml:4:3");
    assert_eq!(patched.resources["Other"], template().resources["Other"]);
    assert_eq!(patched.outputs["O"].value.to_json(), json!({"Fn::GetAtt": ["PostTable", "Arn"]}));
    assert_eq!((patched.parameters.len(), patched.conditions.len()), (2, 2));
}

#[test]
fn nothing_changes_nothing() {
    for patch in ["", "\n", "Resources: {PostTable: {Properties: {}}}", "{}"] {
        assert_eq!(apply(&template(), patch, "p").unwrap(), template(), "{patch}");
    }
}

#[test]
fn what_is_missing_is_told_with_its_neighbour() {
    assert_eq!(
        problems("Resources:\n  PostTabel: {Properties: {A: 1}}\n  Nothing: {}\nResource: {}\n"),
        [
            "patch.yaml:2:3: the patch names `PostTabel`, which is no resource of this stack; did you mean `PostTable`?",
            "patch.yaml:3:3: the patch names `Nothing`, which is no resource of this stack",
            "patch.yaml:4:1: the patch touches `Resource`: no such section; did you mean `Resources`?",
        ]
    );
}

#[test]
fn a_result_that_is_no_template_is_told_at_the_key_of_the_patch() {
    assert_eq!(
        problems("Resources:\n  PostTable:\n    Propertys: {A: 1}\nOutputs:\n  New: {Description: x}\n"),
        [
            "patch.yaml:3:5: `Propertys` is no attribute of a resource; did you mean `Properties`?",
            "patch.yaml:5:3: the output `New` has no `Value`",
        ]
    );
    assert!(problems("Resources: [").first().unwrap().contains("patch.yaml:1:"));
    assert!(problems("text").first().unwrap().contains("must be a map of sections"));
}
