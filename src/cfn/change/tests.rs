use serde_json::json;

use super::{compare, differing_paths};
use crate::base::StackName;
use crate::cfn::{Action, Replacement, parse};

#[test]
fn resources_are_compared_by_logical_id() {
    let before = "Resources:\n  A: {Type: AWS::X::Y, Properties: {P: 1, Q: !Ref B}}\n  B: {Type: AWS::X::Y}\n  C: {Type: AWS::X::Y}\n  D: {Type: AWS::X::Y, Metadata: {Ampup: {Label: the old one}}}\n  E: {Type: AWS::X::Y}\n";
    let after = "Resources:\n  E: {Type: AWS::X::Y, DeletionPolicy: Retain}\n  A: {Type: AWS::X::Y, Properties: {P: 2, Q: !Ref B}}\n  B: {Type: AWS::X::Z}\n  C: {Type: AWS::X::Y}\n  N: {Type: AWS::X::Y, Metadata: {Ampup: {Label: new table}}}\n";
    let stack = StackName::new("s").unwrap();
    let set = compare(&stack, &parse(before, "b").unwrap(), &parse(after, "a").unwrap());
    let found: Vec<_> = set
        .changes
        .iter()
        .map(|change| {
            (change.resource.as_str(), change.label.0.as_str(), change.action, change.replacement, change.why.join(","))
        })
        .collect();
    let none = String::new;
    assert_eq!(
        found,
        [
            ("E", "E", Action::Modify, Replacement::Never, "DeletionPolicy".to_owned()),
            ("A", "A", Action::Modify, Replacement::Conditional, "P".to_owned()),
            ("B", "B", Action::Modify, Replacement::Always, "Type".to_owned()),
            ("N", "new table", Action::Add, Replacement::Never, none()),
            ("D", "the old one", Action::Remove, Replacement::Never, none()),
        ]
    );
}

#[test]
fn paths_lead_to_the_difference() {
    let before = json!({"a": {"b": [1, {"c": 2}]}, "d": 1, "l": [1], "same": {"x": []}});
    let after = json!({"a": {"b": [1, {"c": 3}]}, "e": 1, "l": [1, 2], "same": {"x": []}});
    assert_eq!(differing_paths(&before, &after), ["a.b.1.c", "e", "l", "d"]);
}
