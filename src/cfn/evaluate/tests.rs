use serde_json::{Value as Json, json};

use super::{EvaluateError, Lookup, evaluate, evaluate_condition};
use crate::base::LogicalId;
use crate::cfn::parse;

struct Fixed;

impl Lookup for Fixed {
    fn reference(&self, name: &str) -> Result<Json, EvaluateError> {
        match name {
            "Stage" => Ok(json!("dev")),
            "List" => Ok(json!(["a", "b"])),
            "Number" => Ok(json!("3")),
            "AWS::Region" => Ok(json!("eu-west-1")),
            other => Err(EvaluateError::UnknownName(other.to_owned())),
        }
    }

    fn attribute(&self, resource: &str, path: &str) -> Result<Json, EvaluateError> {
        match path {
            "Arn" => Ok(json!(format!("arn:{resource}"))),
            "Outputs.X" => Ok(json!(5)),
            _ => Err(EvaluateError::UnknownAttribute { resource: resource.to_owned(), attribute: path.to_owned() }),
        }
    }

    fn condition(&self, name: &LogicalId) -> Result<bool, EvaluateError> {
        match name.as_str() {
            "Yes" => Ok(true),
            "No" => Ok(false),
            other => Err(EvaluateError::UnknownCondition(other.to_owned())),
        }
    }

    fn mapping(&self, map: &str, top: &str, second: &str) -> Result<Json, EvaluateError> {
        if (map, top, second) == ("M", "dev", "k") {
            return Ok(json!(7));
        }
        Err(EvaluateError::NotInMapping { map: map.to_owned(), top: top.to_owned(), second: second.to_owned() })
    }

    fn import(&self, name: &str) -> Result<Json, EvaluateError> {
        if name == "shared-dev" { Ok(json!("imported")) } else { Err(EvaluateError::UnknownExport(name.to_owned())) }
    }

    fn zones(&self, region: &str) -> Result<Vec<String>, EvaluateError> {
        let region = if region.is_empty() { "eu-west-1" } else { region };
        Ok(vec![format!("{region}a"), format!("{region}b")])
    }
}

fn run(value: &str) -> Result<Json, String> {
    let text = format!("Resources:\n  A:\n    Type: AWS::X::Y\n    Properties:\n      P: {value}\n");
    let template = parse(&text, "t").unwrap_or_else(|problems| panic!("{problems:?}"));
    evaluate(&template.resources[0].properties, &Fixed).map(|map| map["P"].clone()).map_err(|error| error.to_string())
}

#[test]
fn functions_give_what_they_promise() {
    for (value, expected) in [
        ("!Ref Stage", json!("dev")),
        ("!Sub 'a-${Stage}-${A.Arn}-${!x}-$-${AWS::Region}'", json!("a-dev-arn:A-${x}-$-eu-west-1")),
        ("!Sub ['${x}${Stage}', {x: !Ref Number, Stage: over}]", json!("3over")),
        ("!Sub '${A.Outputs.X}'", json!("5")),
        ("!Join ['-', [a, !Ref Stage, 1, true]]", json!("a-dev-1-true")),
        ("!Join [',', !Ref List]", json!("a,b")),
        ("!Select [1, [a, b]]", json!("b")),
        ("!Select [!Ref Number, [0, 1, 2, 3]]", json!(3)),
        ("!Select [0, !Split ['.', a.b.c]]", json!("a")),
        ("!Split ['|', 'a||b']", json!(["a", "", "b"])),
        ("!If [Yes, 1, 2]", json!(1)),
        ("!If [No, !Ref Missing, 2]", json!(2)),
        ("[a, !If [No, b, !Ref AWS::NoValue], c]", json!(["a", "c"])),
        ("{a: !Ref AWS::NoValue, b: {c: !Ref AWS::NoValue}}", json!({"b": {}})),
        ("!FindInMap [M, !Ref Stage, k]", json!(7)),
        (
            "!Base64 !If [Yes, 'hé', x]".replace("!Base64 !If [Yes, 'hé', x]", "{Fn::Base64: 'hé'}").leak(),
            json!("aMOp"),
        ),
        ("!GetAZs ''", json!(["eu-west-1a", "eu-west-1b"])),
        ("!GetAZs us-east-2", json!(["us-east-2a", "us-east-2b"])),
        ("{Fn::ImportValue: !Sub 'shared-${Stage}'}", json!("imported")),
        ("!Cidr [10.0.3.7/16, 3, 8]", json!(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"])),
        ("!Cidr ['2001:db8::/56', 2, 64]", json!(["2001:db8::/64", "2001:db8:0:1::/64"])),
        ("!ToJsonString {b: !Ref Stage, a: [1, !Ref AWS::NoValue]}", json!("{\"b\":\"dev\",\"a\":[1]}")),
        ("!Length [a, !Ref AWS::NoValue]", json!(1)),
        ("!Length [1, 2, 3]", json!(3)),
    ] {
        assert_eq!(run(value), Ok(expected), "{value}");
    }
}

#[test]
fn misuse_is_told() {
    for (value, part) in [
        ("!Ref Missing", "`Missing` is no resource or parameter"),
        ("!GetAtt A.Nope", "no attribute `Nope`"),
        ("!Select [2, [a, b]]", "nonexistent value at index 2"),
        ("!Select [x, [a, b]]", "no number"),
        ("!Join [',', abc]", "`Fn::Join` wants a list"),
        ("!Join [',', [[a]]]", "can join texts only"),
        ("!Sub '${List}'", "cannot write `List` as text"),
        ("!If [Maybe, 1, 2]", "no condition `Maybe`"),
        ("!FindInMap [M, x, k]", "the mapping `M` has nothing at `x`, `k`"),
        ("!ImportValue other", "no export named other found"),
        ("!Cidr [10.0.0.0/24, 3, 7]", "cannot cut 3 blocks"),
        ("!Cidr [10.0.0.0/33, 1, 7]", "cannot cut blocks"),
        ("!Cidr [10.0.0.0/24, 257, 1]", "1 to 256 blocks"),
        ("!Cidr [ten, 1, 1]", "cannot read the block"),
    ] {
        let error = run(value).unwrap_err();
        assert!(error.contains(part), "{value}: {error}");
    }
}

#[test]
fn conditions_compare_as_text() {
    for (value, expected) in [
        ("!Equals [!Ref Stage, dev]", true),
        ("!Equals [!Ref Number, 3]", true),
        ("!Equals [true, 'true']", true),
        ("!Equals [!Ref Stage, Dev]", false),
        ("!And [!Condition Yes, !Not [!Condition No]]", true),
        ("!Or [!Condition No, !Equals [a, b]]", false),
        ("!Equals [!Ref List, [a, b]]", true),
    ] {
        let text = format!("Conditions:\n  C: {value}\nResources: {{}}\n");
        let template = parse(&text, "t").unwrap();
        assert_eq!(evaluate_condition(&template.conditions[0], &Fixed), Ok(expected), "{value}");
    }
}
