//! Scalars, coercion and the words of validation.

use serde_json::{Map, Value, json};

use super::{coerce, scalars};
use crate::cloud::appsync::schema::CompiledSchema;

const SCHEMA: &str = "
type Query {
  getPost(id: ID!, limit: Int = 3): Post
  find(filter: Filter!, state: State, when: AWSDateTime): [Post!]
  node: Node
}
type Post implements Node { id: ID! title: String! tags: [String!] author: Author state: State }
type Author implements Node { id: ID! name: String }
interface Node { id: ID! }
enum State { DRAFT DONE }
input Filter { title: String! size: Int nested: Filter state: State = DONE }
";

fn schema() -> CompiledSchema {
    CompiledSchema::compile(SCHEMA).unwrap()
}

#[test]
fn scalars_of_aws_are_checked() {
    let cases: [(&str, &[&str], &[&str]); 7] = [
        (
            "AWSDate",
            &["1970-01-01", "1970-01-01Z", "1970-01-01-07:00", "1970-01-01+05:30:15"],
            &["1970-13-01", "70-01-01", "1970-02-30", "1970-01-01+99:00"],
        ),
        (
            "AWSTime",
            &["12:30", "12:30:24", "12:30:24.500", "12:30Z", "12:30:24.500+05:30"],
            &["25:00", "12:61", "12", "12:30:24."],
        ),
        (
            "AWSDateTime",
            &["1970-01-01T12:30:00.000Z", "2024-02-29T00:00:00+01:00", "1970-01-01T12:30Z"],
            &["1970-01-01T12:30:00", "1970-01-01", "2023-02-29T00:00:00Z", "1970-01-01 12:30:00Z"],
        ),
        (
            "AWSEmail",
            &["ada@example.com", "a.b+c@sub.example.org"],
            &["ada", "@example.com", "a b@example.com", "a@-x.com", "a@.com"],
        ),
        (
            "AWSURL",
            &["https://www.amazon.com/a?b=c", "mailto:a@b.c", "ftp://host"],
            &["amazon.com", "https://", "http:// x", "://x"],
        ),
        ("AWSPhone", &["+1 555-555-1212", "5551234", "555-1234"], &["phone", "1", "+", "555-"]),
        (
            "AWSIPAddress",
            &["127.0.0.1", "::1", "10.0.0.0/8", "1a2b:3c4b::1234:4567/64"],
            &["256.0.0.1", "10.0.0.0/33", "x", "1.2.3"],
        ),
    ];
    for (name, good, bad) in cases {
        for text in good {
            assert!(scalars::input(name, &json!(text)).is_some(), "{name} takes {text}");
        }
        for text in bad {
            assert!(scalars::input(name, &json!(text)).is_none(), "{name} refuses {text}");
        }
    }
    assert_eq!(scalars::input("AWSJSON", &json!("{\"a\": 1}")), Some(json!({"a": 1})));
    assert_eq!(scalars::input("AWSJSON", &json!("{a}")), None);
    assert_eq!(scalars::input("AWSTimestamp", &json!(-5)), Some(json!(-5)));
    assert_eq!(scalars::input("Int", &json!(2_147_483_648_i64)), None);
    assert_eq!(scalars::input("Int", &json!(1.5)), None);
    assert_eq!(scalars::input("ID", &json!(7)), Some(json!("7")));
    assert_eq!(scalars::input("String", &json!(7)), None);
}

#[test]
fn scalars_are_written_as_appsync_does() {
    let cases = [
        ("Int", json!(5.0), Some(json!(5))),
        ("Int", json!("x"), None),
        ("Int", json!(3_000_000_000_i64), None),
        ("String", json!(5), Some(json!("5"))),
        ("String", json!({}), None),
        ("Boolean", json!("true"), Some(json!(true))),
        ("AWSJSON", json!({"a": [1]}), Some(json!("{\"a\":[1]}"))),
        ("AWSJSON", json!("{\"a\":1}"), Some(json!("{\"a\":1}"))),
        ("AWSJSON", json!("plain"), Some(json!("\"plain\""))),
        ("AWSDateTime", json!("never"), None),
        ("AWSTimestamp", json!(9_999_999_999_i64), Some(json!(9_999_999_999_i64))),
    ];
    for (name, value, wanted) in cases {
        assert_eq!(scalars::output(name, value.clone()), wanted, "{name} {value}");
    }
}

/// The messages that a document meets.
fn faults(text: &str) -> Vec<String> {
    super::validate::document(&schema(), text)
        .map_or_else(|faults| faults.into_iter().map(|fault| fault.message).collect(), |_| Vec::new())
}

/// Documents, and the message that each deserves.
const FAULTY: &[(&str, &str)] = &[
    (
        "{ getPost(id: 1) { nothing } }",
        "Validation error of type FieldUndefined: Field 'nothing' in type 'Post' is undefined @ 'getPost/nothing'",
    ),
    ("{ getPost { id } }", "Validation error of type MissingFieldArgument: Missing field argument id @ 'getPost'"),
    (
        "{ getPost(id: 1, x: 2) { id } }",
        "Validation error of type UnknownArgument: Unknown field argument x @ 'getPost'",
    ),
    (
        "{ getPost(id: 1) }",
        "Validation error of type SubSelectionRequired: Sub selection required for type Post of field getPost @ 'getPost'",
    ),
    (
        "{ getPost(id: 1) { title { x } } }",
        "Validation error of type SubSelectionNotAllowed: Sub selection not allowed on leaf type String! of field title @ 'getPost/title'",
    ),
    (
        "{ getPost(id: 1, limit: \"a\") { id } }",
        "Validation error of type WrongType: argument 'limit' with value 'StringValue{value='a'}' is not a valid 'Int' @ 'getPost'",
    ),
    (
        "{ getPost(id: null) { id } }",
        "Validation error of type WrongType: argument 'id' with value 'NullValue{}' must not be null @ 'getPost'",
    ),
    (
        "{ find(filter: {}) { id } }",
        "Validation error of type WrongType: argument 'filter' with value 'ObjectValue{objectFields=[]}' is missing required fields '[title]' @ 'find'",
    ),
    (
        "{ find(filter: {title: \"a\", x: 1}) { id } }",
        "Validation error of type WrongType: argument 'filter' with value 'ObjectValue{objectFields=[ObjectField{name='title', value=StringValue{value='a'}}, ObjectField{name='x', value=IntValue{value=1}}]}' contains a field not in 'Filter': 'x' @ 'find'",
    ),
    (
        "{ find(filter: {title: \"a\"}, state: NONE) { id } }",
        "Validation error of type WrongType: argument 'state' with value 'EnumValue{name='NONE'}' is not a valid 'State' @ 'find'",
    ),
    (
        "{ find(filter: {title: \"a\"}, when: \"x\") { id } }",
        "Validation error of type WrongType: argument 'when' with value 'StringValue{value='x'}' is not a valid 'AWSDateTime' @ 'find'",
    ),
    ("{ getPost(id: $id) { id } }", "Validation error of type UndefinedVariable: Undefined variable id @ 'getPost'"),
    (
        "query A($id: ID!, $x: Int) { getPost(id: $id) { id } }",
        "Validation error of type UnusedVariable: Unused variable x",
    ),
    (
        "query A($id: ID) { getPost(id: $id) { id } }",
        "Validation error of type VariableTypeMismatch: Variable type 'ID' doesn't match expected type 'ID!' @ 'getPost'",
    ),
    ("query A($id: Nope) { getPost(id: $id) { id } }", "Validation error of type UnknownType: Unknown type Nope"),
    ("{ getPost(id: 1) { ...F } }", "Validation error of type UndefinedFragment: Undefined fragment F @ 'getPost'"),
    (
        "{ getPost(id: 1) { id } } fragment F on Post { id }",
        "Validation error of type UnusedFragment: Unused fragment F @ ''",
    ),
    (
        "{ getPost(id: 1) { id @nope } }",
        "Validation error of type UnknownDirective: Unknown directive nope @ 'getPost/id'",
    ),
];

#[test]
fn faults_of_documents_are_told_in_appsyncs_words() {
    for &(text, wanted) in FAULTY {
        let found = faults(text);
        let wanted = wanted.trim_end_matches(" @ ''");
        assert!(found.iter().any(|message| message == wanted), "{text}\n wanted {wanted}\n found {found:?}");
    }
    assert!(faults("{ getPost(id: 1) { id ").iter().all(|message| message.contains("InvalidSyntax")), "syntax");
    assert!(faults("{ a: getPost(id: 1) { id } a: getPost(id: 2) { id } }")[0].contains("FieldsConflict"));
    let fine = [
        "query A($id: ID!) { getPost(id: $id) { ...F } } fragment F on Post { id author { name } }",
        "query A($title: String!) { find(filter: {title: $title}) { ... on Node { id } __typename } }",
        "{ __schema { types { name } } node { __typename ... on Author { name } } }",
        "query A($in: Boolean = true) { getPost(id: 1) { id @include(if: $in) } }",
    ];
    for text in fine {
        assert_eq!(faults(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn too_deep_and_too_long_documents_are_refused() {
    let deep = format!(
        "{}{}",
        "{ getPost(id: 1) ".repeat(super::validate::NESTING_LIMIT + 5),
        "}".repeat(super::validate::NESTING_LIMIT + 5)
    );
    assert!(!faults(&deep).is_empty());
    let long = format!("{{ {} }}", "__typename ".repeat(super::validate::TOKEN_LIMIT + 5));
    assert!(!faults(&long).is_empty());
}

fn variables(definitions: &str, given: &Value) -> Result<Map<String, Value>, String> {
    let schema = schema();
    let uses = "find(filter: $f) { id }";
    let document = super::validate::document(&schema, &format!("query A({definitions}) {{ {uses} }}")).unwrap();
    let operation = document.operations.get(None).unwrap();
    coerce::variables(&schema.schema, &operation.variables, given.as_object().unwrap()).map_err(|(message, _)| message)
}

#[test]
fn variables_are_coerced_or_refused() {
    let good = variables("$f: Filter!", &json!({"f": {"title": "a", "nested": {"title": "b"}}})).unwrap();
    assert_eq!(good["f"], json!({"title": "a", "nested": {"title": "b", "state": "DONE"}, "state": "DONE"}));
    let cases = [
        (json!({}), "Variable 'f' has coerced Null value for NonNull type 'Filter!'"),
        (json!({"f": {}}), "Variable 'f' has coerced Null value for NonNull type 'String!'"),
        (json!({"f": {"title": 1}}), "Variable 'f' has an invalid value."),
        (json!({"f": {"title": "a", "state": "NO"}}), "Variable 'f' has an invalid value."),
        (
            json!({"f": {"title": "a", "x": 1}}),
            "The variables input contains a field name 'x' that is not defined for input object type 'Filter' ",
        ),
    ];
    for (given, wanted) in cases {
        assert_eq!(variables("$f: Filter!", &given).unwrap_err(), wanted, "{given}");
    }
}

#[test]
fn schemas_are_checked() {
    let cases = [
        ("type Query { a: Nope }", "Nope"),
        ("type Post { a: Int }", "query"),
        ("type Query { a: Mine } scalar Mine", "Custom scalar types are not supported: Mine"),
        ("type Query {", ""),
        ("type Query { a(b: Query): Int }", ""),
        ("type Query { a: Int } type A implements B { x: Int } interface B { y: Int }", "y"),
    ];
    for (text, wanted) in cases {
        let errors = CompiledSchema::compile(text).expect_err(text);
        assert!(errors.join("\n").to_lowercase().contains(&wanted.to_lowercase()), "{text}: {errors:?}");
    }
    let schema = CompiledSchema::compile(
        "type Query @aws_iam { a: Int @aws_api_key b: Int } type C { d: AWSJSON @aws_auth(cognito_groups: [\"G\"]) }",
    )
    .unwrap();
    assert_eq!(schema.admits("Query", "b").map(<[_]>::len), Some(1));
    assert_ne!(schema.admits("Query", "a"), schema.admits("Query", "b"));
    assert_eq!(schema.admits("C", "e"), None);
    assert!(schema.introspection_json().contains("AWSDateTime"));
}
