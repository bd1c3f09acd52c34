use std::fmt::Write as _;

use super::Graph;
use crate::cfn::{Template, parse};

fn template(resources: &[(&str, &str)]) -> Template {
    let mut text = "Parameters: {P: {Type: String}}\nResources:\n".to_owned();
    for (name, rest) in resources {
        writeln!(text, "  {name}: {{Type: AWS::X::Y, {rest}}}").unwrap();
    }
    parse(&text, "t").unwrap()
}

#[test]
fn order_follows_every_kind_of_reference() {
    let template = template(&[
        ("A", "Properties: {X: !Ref B, Y: !Ref P}"),
        ("B", "Properties: {X: !Sub '${C.Arn} ${!D} ${v}', Z: !Sub ['${A2}', {A2: 1}]}".replace("${v}", "${P}").leak()),
        ("C", "DependsOn: [D]"),
        ("D", "Properties: {X: [{Y: !Join ['', [!GetAtt E.Arn]]}]}"),
        ("E", "Properties: {}"),
    ]);
    let graph = Graph::new(&template);
    let order: Vec<String> = graph.order().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(order, ["E", "D", "C", "B", "A"]);
    assert_eq!(graph.needed_by("C").map(ToString::to_string).collect::<Vec<_>>(), ["B"]);
}

#[test]
fn independent_resources_keep_the_order_of_the_file() {
    let template = template(&[("Z", ""), ("A", ""), ("M", "")]);
    let order: Vec<String> = Graph::new(&template).order().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(order, ["Z", "A", "M"]);
}

#[test]
fn a_cycle_is_named_without_what_only_leads_to_it() {
    let template = template(&[
        ("First", "DependsOn: A"),
        ("A", "Properties: {X: !Ref B}"),
        ("B", "Properties: {X: !GetAtt C.D}"),
        ("C", "DependsOn: A"),
        ("Free", ""),
    ]);
    assert_eq!(Graph::new(&template).order().unwrap_err().to_string(), "`A` → `B` → `C` → `A`");
}
