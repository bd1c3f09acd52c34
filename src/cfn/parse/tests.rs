use serde_json::json;

use super::parse;
use crate::cfn::{DeletionPolicy, Intrinsic, Template, Value};

fn good(text: &str) -> Template {
    parse(text, "t.yaml").unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

/// The property `P` of a resource whose text is `value`.
fn property(value: &str) -> Value {
    let text = format!("Resources:\n  A:\n    Type: AWS::X::Y\n    Properties:\n      P: {value}\n");
    good(&text).resources[0].properties.get("P").unwrap().clone()
}

/// Every problem as `line:column message`.
fn problems(text: &str) -> Vec<String> {
    let problems = parse(text, "t.yaml").unwrap_err();
    problems
        .iter()
        .map(|problem| {
            let location = problem.location.as_ref().expect("every problem has a place");
            format!("{}:{} {}", location.line, location.column, problem.message)
        })
        .collect()
}

#[test]
fn scalars_keep_what_was_written() {
    for (written, expected) in [
        ("012345678901", json!("012345678901")),
        ("123456789012", json!(123_456_789_012_u64)),
        ("123456789012345678901234567890", json!("123456789012345678901234567890")),
        ("1.10", json!("1.10")),
        ("1.5", json!(1.5)),
        ("1e3", json!("1e3")),
        ("0x10", json!("0x10")),
        ("2012-10-17", json!("2012-10-17")),
        ("yes", json!("yes")),
        ("True", json!(true)),
        ("'true'", json!("true")),
        ("\"5\"", json!("5")),
        ("!!str 5", json!("5")),
        ("~", json!(null)),
        ("", json!(null)),
        ("-7", json!(-7)),
    ] {
        assert_eq!(property(written).to_json(), expected, "{written}");
    }
}

#[test]
fn short_and_long_forms_are_the_same() {
    for (short, long) in [
        ("!Ref A", "{Ref: A}"),
        ("!GetAtt A.Outputs.B", "{Fn::GetAtt: [A, Outputs.B]}"),
        ("!GetAtt [A, Outputs.B]", "{Fn::GetAtt: A.Outputs.B}"),
        ("!Sub 'x${A}'", "{Fn::Sub: 'x${A}'}"),
        ("!Sub ['x${v}', {v: !Ref A}]", "{Fn::Sub: ['x${v}', {v: {Ref: A}}]}"),
        ("!Join ['', [a, !Ref A]]", "{Fn::Join: ['', [a, {Ref: A}]]}"),
        ("!Select [0, !GetAZs '']", "{Fn::Select: [0, {Fn::GetAZs: ''}]}"),
        ("!Split [',', 'a,b']", "{Fn::Split: [',', 'a,b']}"),
        ("!If [C, 1, 2]", "{Fn::If: [C, 1, 2]}"),
        ("!FindInMap [M, a, b]", "{Fn::FindInMap: [M, a, b]}"),
        ("!Base64 x", "{Fn::Base64: x}"),
        ("!ImportValue x", "{Fn::ImportValue: x}"),
        ("!Cidr [10.0.0.0/16, 4, 8]", "{Fn::Cidr: [10.0.0.0/16, 4, 8]}"),
        ("!ToJsonString {a: !Ref A}", "{Fn::ToJsonString: {a: {Ref: A}}}"),
        ("!Length [1, 2]", "{Fn::Length: [1, 2]}"),
    ] {
        let short_value = property(short);
        assert!(matches!(short_value, Value::Call(_)), "{short}");
        assert_eq!(short_value, property(long), "{short}");
    }
}

#[test]
fn a_condition_key_of_a_policy_is_plain() {
    let value = property("{Condition: {StringEquals: {a: b}}}");
    assert_eq!(value.to_json(), json!({"Condition": {"StringEquals": {"a": "b"}}}));
    let template = good(
        "Conditions:\n  A: !Equals [a, a]\n  B: !Not [!Condition A]\n  C: {Fn::Or: [{Condition: A}, {Condition: B}]}\nResources: {}\n",
    );
    let Value::Call(call) = &template.conditions["C"] else { panic!() };
    let Intrinsic::Or(list) = &**call else { panic!() };
    assert!(list.iter().all(|item| matches!(item, Value::Call(_))));
}

#[test]
fn json_is_read_with_places() {
    let template =
        good(r#"{"Resources": {"A": {"Type": "AWS::X::Y", "Properties": {"Account": "012345678901", "N": 4}}}}"#);
    assert_eq!(template.resources["A"].properties.to_json(), json!({"Account": "012345678901", "N": 4}));
    let found = problems("{\n  \"Resources\": {\n    \"A\": {\"Type\": 5},\n    \"A\": {}\n  }\n}");
    assert_eq!(found, ["4:5 the key `A` stands twice in one map"]);
    let found = problems("{\n  \"Resources\": {,}\n}");
    assert!(found[0].starts_with("2:17 the template is not JSON: "), "{found:?}");
}

#[test]
fn many_problems_are_told_at_once_with_places() {
    let text = "Resorces: {}\nTransform: AWS::Serverless-2016-10-31\nResources:\n  A:\n    Type: AWS::X::Y\n    Propertys: {}\n    DeletionPolicy: retain\n    Properties:\n      P: !Sup x\n      Q: {Fn::Join: [a]}\n      R: !GetAtt A\n      S: !Sub 'a${b'\n  B-C:\n    Type: X\nOutputs:\n  O: {Description: d}\n";
    let found = problems(text);
    let expected = [
        "1:1 `Resorces` is no section of a template; did you mean `Resources`?",
        "2:1 `Transform: AWS::Serverless-2016-10-31` is refused: macros and transforms are not supported",
        "6:5 `Propertys` is no attribute of a resource; did you mean `Properties`?",
        "7:21 `retain` is no value of `DeletionPolicy`; did you mean `Retain`?",
        "9:10 there is no intrinsic function `Sup`; did you mean `Sub`?",
        "10:21 `Join` takes a list of 2, here are 1",
    ];
    for line in expected {
        assert!(found.iter().any(|problem| problem == line), "{line}\n{found:#?}");
    }
    for part in [
        "`GetAtt` takes a resource and an attribute",
        "`${b` does not end",
        "`B-C` cannot be a logical id",
        "`O` has no `Value`",
    ] {
        assert!(found.iter().any(|problem| problem.contains(part)), "{part}\n{found:#?}");
    }
}

#[test]
fn hostile_texts_are_refused_without_a_panic() {
    let deep_json = format!("{}{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    let deep_yaml = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
    for text in [
        "",
        " ",
        "\u{feff}",
        "a",
        "- a",
        "{",
        "}",
        "[]",
        "a: b: c",
        "\t",
        "--- a\n--- b",
        "*a",
        "&a [*a]",
        "? [a]\n: b",
        "Resources: !Ref x",
        "Resources: {A: {Type: 'a::b', Properties: !GetAZs ''}}",
        "ä: é: ö",
        "{\"a\": 1e999999}",
        deep_json.as_str(),
        deep_yaml.as_str(),
        bomb,
    ] {
        let problems = parse(text, "t.yaml").unwrap_err();
        assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.message.contains('\n')), "{problems:?}");
    }
}

#[test]
fn places_count_characters_behind_other_scripts() {
    let found = problems("Description: äöü日本\nResources:\n  A: {Type: AWS::X::Y, 日本: 1}\n");
    assert_eq!(found, ["3:24 `日本` is no attribute of a resource"]);
}

#[test]
fn attributes_are_read() {
    let template = good(
        "Parameters:\n  P: {Type: String, Default: 007, AllowedValues: [007, true], MinLength: 1, NoEcho: true}\nMappings:\n  M: {a: {b: 012}}\nResources:\n  A:\n    Type: AWS::X::Y\n    DependsOn: B\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Snapshot\n    Metadata: {Ampup: {Label: table for Post}}\n  B: {Type: AWS::X::Y, DependsOn: [], Condition: C}\nConditions:\n  C: !Equals [a, b]\nOutputs:\n  O: {Value: !Ref A, Export: {Name: !Sub '${AWS::StackName}-o'}, Condition: C}\n",
    );
    let parameter = &template.parameters["P"];
    assert_eq!((parameter.default.as_deref(), parameter.no_echo), (Some("007"), true));
    assert_eq!(parameter.allowed_values, ["007", "true"]);
    assert_eq!(template.mappings["M"]["a"]["b"], Value::Text("012".to_owned()));
    let resource = &template.resources["A"];
    assert_eq!((resource.deletion, resource.update_replace), (DeletionPolicy::Retain, DeletionPolicy::Snapshot));
    assert_eq!(resource.label.as_ref().unwrap().0, "table for Post");
    assert_eq!(resource.depends_on[0].as_str(), "B");
    assert_eq!(resource.origin.as_ref().unwrap().line, 6);
    assert!(template.outputs["O"].export.is_some() && template.outputs["O"].condition.is_some());
}
