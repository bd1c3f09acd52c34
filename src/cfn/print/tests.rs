use indexmap::IndexMap;
use proptest::prelude::*;

use super::{json, yaml};
use crate::base::{Label, LogicalId, ResourceKind};
use crate::cfn::{DeletionPolicy, Intrinsic, Map, Output, Parameter, Resource, Template, Value, parse};

fn id() -> impl Strategy<Value = LogicalId> {
    "[A-Za-z0-9]{1,8}".prop_map(|text| LogicalId::new(text).unwrap())
}

/// Text with everything that could be taken for something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| text.replace("${", "$ {")),
        "[ -~\\n\\t]{0,30}".prop_map(|text| text.replace("${", "$ {")),
        prop::sample::select(vec![
            "",
            " ",
            "true",
            "no",
            "~",
            "null",
            "012",
            "1.0",
            "1e3",
            "- a",
            "a: b",
            "a #b",
            "#",
            "!Ref x",
            "*a",
            "&a",
            "|",
            ">",
            "a\nb",
            "a\n\nb\n",
            "a\n\n",
            "\na",
            " a\n b",
            "a\n--- b",
            "'",
            "\"",
            "\\",
            "%a",
            "@a",
            "é\u{85}x",
            "\u{2028}",
            "a\u{0}b",
            "2012-10-17",
            "a:",
            "=",
            "<<",
            "a\r\nb",
            "\u{feff}",
            "a\n...\nb",
            "a \nb",
            "---",
            "...",
        ])
        .prop_map(str::to_owned),
    ]
}

/// A key that is not taken for a call.
fn key() -> impl Strategy<Value = String> {
    text().prop_filter("calls", |text| !text.starts_with("Fn::") && text != "Ref")
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Number(number.into())),
        (-1000..1000_i32)
            .prop_map(|number| { Value::Number(serde_json::Number::from_f64(f64::from(number) / 8.0).unwrap()) }),
        text().prop_map(Value::Text),
        (text(), id()).prop_map(|(plain, id)| call(Intrinsic::Sub(format!("{plain}${{{id}}}${{!x}}"), Map::new()))),
        text().prop_filter("names", |text| !text.is_empty()).prop_map(|text| call(Intrinsic::Ref(text))),
        (id(), "[A-Za-z]{1,5}(\\.[A-Za-z]{1,5})?").prop_map(|(id, path)| call(Intrinsic::GetAtt(id, path))),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            list().prop_map(Value::List),
            prop::collection::vec((key(), inner.clone()), 0..4).prop_map(|map| Value::Map(map.into_iter().collect())),
            (text(), inner.clone()).prop_map(|(separator, value)| call(Intrinsic::Join(separator, value))),
            (inner.clone(), inner.clone()).prop_map(|(index, list)| call(Intrinsic::Select(index, list))),
            (id(), inner.clone(), inner.clone()).prop_map(|(id, then, other)| call(Intrinsic::If(id, then, other))),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| call(Intrinsic::FindInMap(a, b, c))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| call(Intrinsic::Cidr(a, b, Value::Null))),
            inner.clone().prop_map(|value| call(Intrinsic::Base64(value))),
            inner.clone().prop_map(|value| call(Intrinsic::GetAzs(value))),
            inner.clone().prop_map(|value| call(Intrinsic::ToJsonString(value))),
            inner.clone().prop_map(|value| call(Intrinsic::Length(value))),
            inner.clone().prop_map(|value| call(Intrinsic::ImportValue(value))),
            inner.clone().prop_map(|value| call(Intrinsic::Not(value))),
            (text().prop_filter("separates", |text| !text.is_empty()), inner.clone())
                .prop_map(|(separator, value)| call(Intrinsic::Split(separator, value))),
            (text(), prop::collection::vec((key(), inner.clone()), 1..3))
                .prop_map(|(text, map)| call(Intrinsic::Sub(text, map.into_iter().collect()))),
        ]
    })
}

fn call(intrinsic: Intrinsic) -> Value {
    Value::Call(Box::new(intrinsic))
}

fn parameter() -> impl Strategy<Value = Parameter> {
    (prop::option::of(text()), prop::option::of(text()), prop::collection::vec(text(), 0..3), any::<bool>()).prop_map(
        |(default, description, allowed_values, no_echo)| Parameter {
            kind: "List<Number>".to_owned(),
            default,
            description,
            allowed_values,
            allowed_pattern: None,
            constraints: IndexMap::from([("MinLength".to_owned(), Value::Number(3.into()))]),
            no_echo,
        },
    )
}

fn resource() -> impl Strategy<Value = Resource> {
    let policy =
        || prop::sample::select(vec![DeletionPolicy::Delete, DeletionPolicy::Retain, DeletionPolicy::Snapshot]);
    let metadata = prop::option::of(text());
    let properties = prop::collection::vec((key(), value()), 0..4);
    (properties, prop::collection::vec(id(), 0..3), prop::option::of(id()), policy(), policy(), metadata).prop_map(
        |(properties, depends_on, condition, deletion, update_replace, label)| Resource {
            kind: ResourceKind::new("AWS::X::Y").unwrap(),
            properties: Value::Map(properties.into_iter().collect()),
            depends_on,
            condition,
            deletion,
            update_replace,
            metadata: label.clone().map(|label| {
                let inner = Value::Map(Map::from([("Label".to_owned(), Value::Text(label))]));
                Value::Map(Map::from([("Ampup".to_owned(), inner)]))
            }),
            label: label.map(Label),
            origin: None,
        },
    )
}

fn template() -> impl Strategy<Value = Template> {
    let output = (value(), prop::option::of(text()), prop::option::of(value()), prop::option::of(id()))
        .prop_map(|(value, description, export, condition)| Output { value, description, export, condition });
    (
        prop::option::of(text()),
        prop::collection::vec((id(), parameter()), 0..3),
        prop::collection::vec((text(), text(), text(), text()), 0..3),
        prop::collection::vec((id(), id()), 0..2),
        prop::collection::vec((id(), resource()), 0..4),
        prop::collection::vec((id(), output), 0..3),
    )
        .prop_map(|(description, parameters, mappings, conditions, resources, outputs)| {
            let mut template = Template { description, ..Template::default() };
            template.parameters.extend(parameters);
            for (map, top, second, value) in mappings {
                let tops = template.mappings.entry(map).or_default();
                tops.entry(top).or_default().insert(second, Value::Text(value));
            }
            template.mappings.values_mut().flat_map(IndexMap::values_mut).for_each(|map| {
                map.retain(|key, _| !key.starts_with("Fn::") && key != "Ref");
            });
            for (name, other) in conditions {
                let or =
                    Intrinsic::Or(vec![call(Intrinsic::Condition(other.clone())), call(Intrinsic::Condition(other))]);
                template.conditions.insert(name, call(or));
            }
            template.resources.extend(resources);
            template.outputs.extend(outputs);
            template
        })
}

fn read(text: &str) -> Template {
    let mut template = parse(text, "t").unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    template.resources.values_mut().for_each(|resource| resource.origin = None);
    template
}

proptest! {
    #[test]
    fn reading_what_was_printed_gives_the_same(template in template()) {
        prop_assert_eq!(&read(&json(&template)), &template);
        let printed = yaml(&template);
        prop_assert_eq!(&read(&printed), &template, "{}", printed);
    }
}

#[test]
fn yaml_is_readable() {
    let text = "Parameters:\n  Stage: {Type: String, Default: '012'}\nResources:\n  Table:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      Keys: [{Name: id, Kind: HASH}, {Name: at}]\n      Code: \"a\\nb\\n\"\n      Name: {\"Fn::Join\": ['-', [post, {Ref: Stage}]]}\n      Arn: {\"Fn::Base64\": {\"Fn::Sub\": 'x${Stage}'}}\n      Empty: {}\n";
    let expected = "AWSTemplateFormatVersion: '2010-09-09'\nParameters:\n  Stage:\n    Type: String\n    Default: '012'\nResources:\n  Table:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      Keys:\n        - Name: id\n          Kind: HASH\n        - Name: at\n      Code: |\n        a\n        b\n      Name: !Join\n        - '-'\n        - - post\n          - !Ref Stage\n      Arn:\n        Fn::Base64: !Sub x${Stage}\n      Empty: {}\n";
    assert_eq!(yaml(&read(text)), expected);
}
