use super::{MOST_OUTPUTS, MOST_RESOURCES, check, unresolved_in_resources};
use crate::cfn::parse;

fn messages(text: &str) -> Vec<String> {
    check(&parse(text, "t.yaml").unwrap()).iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_template_has_no_problems() {
    let text = "Parameters: {Stage: {Type: String, Default: a, AllowedValues: [a]}}\nMappings: {M: {a: {b: 1}}}\nConditions: {C: !Equals [!Ref Stage, a], D: !Not [!Condition C]}\nResources:\n  A: {Type: AWS::X::Y, Condition: D, Properties: {P: !Sub '${AWS::Region}${B.Arn}${Stage}', Q: !FindInMap [M, a, b]}}\n  B: {Type: AWS::X::Y}\nOutputs: {O: {Value: !If [C, !Ref B, !Ref AWS::NoValue], Condition: C}}\n";
    assert_eq!(messages(text), Vec::<String>::new());
}

#[test]
fn references_that_lead_nowhere_are_all_told() {
    let text = "Parameters: {Stage: {Type: Strng, Default: b, AllowedValues: [a]}}\nMappings: {M: {a: {b: 1}}}\nConditions:\n  C: !Equals [!Ref Table, a]\n  D: !Not [!Condition E]\n  E: !Not [!Condition D]\n  F: !Ref Stage\nResources:\n  Table: {Type: AWS::X::Y, Condition: CC, DependsOn: Tabel, Properties: {P: !Ref Stag, Q: !FindInMap [M, a, c], R: !FindInMap [N, a, c]}}\nOutputs: {O: {Value: !GetAtt Tabl.Arn}}\n";
    let found = messages(text).join("\n");
    for part in [
        "the parameter `Stage`: `Strng` is no type of parameters; did you mean `String`?",
        "its default `b` is not allowed",
        "the condition `C` names the resource `Table`: conditions see parameters only",
        "the condition `D` depends on itself",
        "the condition `F` must be",
        "t.yaml:9:3: the resource `Table` names `Stag`, which is no resource or parameter; did you mean `Stage`?",
        "the condition `CC`, which does not exist",
        "depends on `Tabel`, which is no resource of the template; did you mean `Table`?",
        "looks for `a`, `c` in the mapping `M`: not there",
        "names the mapping `N`, which does not exist",
        "the output `O` asks for `Arn` of `Tabl`, which is no resource; did you mean `Table`?",
    ] {
        assert!(found.contains(part), "{part}\n---\n{found}");
    }
    let template = parse(text, "t").unwrap();
    assert_eq!(unresolved_in_resources(&template).into_iter().collect::<Vec<_>>(), ["Stag", "Tabel"]);
}

#[test]
fn cycles_are_named() {
    let found =
        messages("Resources:\n  A: {Type: AWS::X::Y, DependsOn: B}\n  B: {Type: AWS::X::Y, Properties: {P: !Ref A}}\n");
    assert_eq!(found, ["t.yaml:2:3: resources wait for each other: `A` → `B` → `A`"]);
}

#[test]
fn limits_are_kept_to_the_last_one() {
    let resources = |count: usize| -> String {
        let entry = |index| format!("  R{index}: {{Type: AWS::X::Y}}\n");
        format!("Resources:\n{}", (0..count).map(entry).collect::<String>())
    };
    assert!(messages(&resources(MOST_RESOURCES)).is_empty());
    assert_eq!(messages(&resources(MOST_RESOURCES + 1)), ["the template has 501 resources: CloudFormation allows 500"]);
    let outputs = |count: usize| -> String {
        let entry = |index| format!("  O{index}: {{Value: a}}\n");
        format!("{}Outputs:\n{}", resources(1), (0..count).map(entry).collect::<String>())
    };
    assert!(messages(&outputs(MOST_OUTPUTS)).is_empty());
    assert_eq!(messages(&outputs(MOST_OUTPUTS + 1)), ["the template has 201 outputs: CloudFormation allows 200"]);
}
