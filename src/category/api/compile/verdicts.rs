//! Tests: schemas that differ in little, of which one is refused and the other is not.

use super::{CompileOptions, SchemaSource, compile};
use crate::error::{Code, Problem};

fn problems(schema: &str, options: &str) -> Vec<Problem> {
    let options = CompileOptions::parse("options.json", options).unwrap();
    compile(&SchemaSource { path: "schema.graphql", text: schema }, &options).err().unwrap_or_default()
}

/// Each is refused with a code and some words, at the place of the first `§`, and is good when `old` becomes `new`.
fn differ(cases: &[(&str, Code, &str, &str, &str)]) {
    for (schema, code, words, old, new) in cases {
        let at = schema.find('§').unwrap_or_else(|| panic!("no place in {schema}"));
        let plain = schema.replace('§', "");
        let found = problems(&plain, "{}");
        assert_eq!(found.len(), 1, "{plain}: {found:#?}");
        assert!(found[0].code == *code && found[0].message.contains(words), "{plain}: {found:#?}");
        let column = found[0].location.as_ref().map(|place| place.column);
        assert_eq!(column, Some(plain[..at].chars().count() + 1), "{plain}: {found:#?}");
        assert!(plain.contains(old), "{plain} has no {old}");
        let good = plain.replace(old, new);
        assert!(problems(&good, "{}").is_empty(), "{good}: {:#?}", problems(&good, "{}"));
    }
}

#[test]
fn relations_go_by_scalars() {
    let enums = "enum S { A B } ";
    let cases = [
        ("type P @model { id: ID! c: C §@hasOne } type C @model { k: S! @primaryKey }", "k: S!", "k: ID!"),
        (
            "type P @model { id: ID! f: S c: C §@hasOne(fields: [\"f\"]) } type C @model { k: S! @primaryKey }",
            "@hasOne(fields: [\"f\"]) } type C @model { k: S! @primaryKey }",
            "@hasOne } type C @model { id: ID! }",
        ),
        (
            "type P @model { k: ID! @primaryKey(sortKeyFields: [\"s\"]) s: S! c: [C] @hasMany } \
             type C @model { id: ID! p: P §@belongsTo }",
            "s: S!",
            "s: String!",
        ),
        (
            "type P @model { id: ID! c: [C] §@hasMany(indexName: \"byP\", fields: [\"id\"]) } \
             type C @model { id: ID! p: ID! @index(name: \"byP\", sortKeyFields: [\"s\"]) s: S! t: Int }",
            "[\"s\"]",
            "[\"s\", \"t\"]",
        ),
        (
            "type P @model { id: ID! c: [C] §@hasMany } \
             type C @model { k: ID! @primaryKey(sortKeyFields: [\"s\"]) s: S! }",
            "s: S!",
            "s: Int!",
        ),
    ];
    for (schema, old, new) in cases {
        // Three parts are one text, whatever they are.
        differ(&[(&format!("{enums}{schema}"), Code::AMP0308, "the enum S", old, new)]);
    }
    let three = "type P @model { k: ID! @primaryKey(sortKeyFields: [\"s\", \"t\"]) s: S! t: S! c: [C] @hasMany } \
                 type C @model { id: ID! p: P @belongsTo }";
    assert!(problems(&format!("{enums}{three}"), "{}").is_empty());
}

#[test]
fn relations_between_two_models_go_by_references_on_all_sides() {
    let schema = "type P @model { id: ID! a: [C] @hasMany(references: [\"p\"]) MORE } \
                  type C @model { id: ID! p: ID q: ID own: P @belongsTo(references: [\"p\"]) BACK }";
    let cases = [
        ("b: [C] @hasMany", "", 1),
        ("", "x: P @belongsTo", 1),
        ("", "x: P @belongsTo(fields: [\"q\"])", 1),
        ("", "x: P @hasOne", 0),
        ("b: [C] @hasMany(references: [\"q\"])", "x: P @belongsTo(references: [\"q\"])", 0),
    ];
    for (more, back, wanted) in cases {
        let schema = schema.replace("MORE", more).replace("BACK", back);
        let found = problems(&schema, "{}");
        assert_eq!(found.len(), wanted, "{schema}: {found:#?}");
        assert!(found.iter().all(|one| one.message.contains("which leads back, does not")), "{found:#?}");
    }
}

#[test]
fn names_are_there_once_and_are_names() {
    differ(&[
        (
            "type §T @model(subscriptions: { onCreate: [\"a\"], onUpdate: [\"a\"] }) { id: ID! }",
            Code::AMP0316,
            "Subscription.a exists already",
            "onUpdate: [\"a\"]",
            "onUpdate: [\"b\"]",
        ),
        (
            "type §T @model(subscriptions: { onCreate: [\"a\", \"a\"] }) { id: ID! }",
            Code::AMP0316,
            "Subscription.a exists already",
            "[\"a\", \"a\"]",
            "[\"a\", \"b\"]",
        ),
        (
            "type T @model(subscriptions: { onCreate: [§\"\"] }) { id: ID! }",
            Code::AMP0305,
            "cannot be one",
            "\"\"",
            "\"a\"",
        ),
        ("type T @model(timestamps: { createdAt: §\"\" }) { id: ID! }", Code::AMP0305, "cannot be one", "\"\"", "null"),
        (
            "type T @model { id: ID! §@primaryKey(sortKeyFields: [\"a\", \"a\"]) a: String! }",
            Code::AMP0307,
            "names the sort field 'a' twice",
            "[\"a\", \"a\"]",
            "[\"a\"]",
        ),
        ("type T @model { id: ID! } type §AuthRule { a: Int }", Code::AMP0316, "one type named", "AuthRule", "Rule"),
    ]);
}

#[test]
fn fields_that_the_api_fills_in_hold_one_value() {
    differ(&[
        ("type T @model { §id: [ID]! }", Code::AMP0307, "is a list", "[ID]!", "ID!"),
        ("type T @model { id: ID! §createdAt: [String] }", Code::AMP0307, "is a list", "[String]", "String"),
        ("type T @model { id: ID! §updatedAt: [Int!] }", Code::AMP0307, "is a list", "updatedAt", "changes"),
        (
            "type T @model { id: Int! a: String §@index(sortKeyFields: [\"id\"]) }",
            Code::AMP0307,
            "key is text where none is declared",
            "Int!",
            "Int! @primaryKey",
        ),
        (
            "type T @model { id: Float! §@index(sortKeyFields: [\"a\"]) a: String }",
            Code::AMP0307,
            "holds id as a number",
            "Float!",
            "String!",
        ),
    ]);
    // A list of ids is no key where nothing writes items.
    assert!(problems("type T @model(mutations: null) { id: [ID] }", "{}").is_empty());
}

#[test]
fn the_setting_in_the_schema_is_said_in_one_way() {
    let differs = |rule: &str| problems(&format!("input AMPLIFY {{ {rule} }} type T @model {{ id: ID! }}"), "{}");
    assert!(differs("globalAuthRule: AuthRule = { allow: public }").is_empty());
    for rule in [
        "globalAuthRule: AuthRule! = { allow: public }",
        "globalAuthRule: [AuthRule] = { allow: public }",
        "globalAuthRule: AuthRule = { provider: apiKey, allow: public }",
        "globalAuthRule: AuthRule",
        "globalAuthRule: AuthRule = { allow: public } @auth(rules: [{ allow: public }])",
    ] {
        assert_eq!(differs(rule).len(), 1, "{rule}");
    }
}

#[test]
fn an_api_takes_a_mode_once() {
    let schema = "type T @model { id: ID! }";
    for (options, wanted) in [
        (r#"{"additionalAuth":["API_KEY"]}"#, 1),
        (r#"{"defaultAuth":"AWS_IAM","additionalAuth":["AWS_IAM"]}"#, 1),
        (r#"{"additionalAuth":["AMAZON_COGNITO_USER_POOLS","AMAZON_COGNITO_USER_POOLS"]}"#, 1),
        (r#"{"additionalAuth":["OPENID_CONNECT","AWS_LAMBDA","AWS_IAM"]}"#, 0),
    ] {
        assert_eq!(problems(schema, options).len(), wanted, "{options}");
    }
}
