//! Matrices of small schemas, a row as one line: the columns create, get, list, update, delete, onCreate.

use super::{Access, ApiAccess, Cell, FieldAccess, access};
use crate::category::api::compile::{CompileOptions, SchemaSource, compile};

const ALL: &str = r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS","additionalAuth":["API_KEY","AWS_IAM","OPENID_CONNECT","AWS_LAMBDA"]}"#;

fn matrix(schema: &str, options: &str) -> ApiAccess {
    let options = CompileOptions::parse("options.json", options).unwrap();
    access(&compile(&SchemaSource { path: "schema.graphql", text: schema }, &options).unwrap())
}

fn word(cell: &Cell) -> String {
    let fields: Vec<String> = cell
        .fields
        .iter()
        .map(|(name, access)| match access {
            FieldAccess::Refused => format!("!{name}"),
            FieldAccess::KeepOnly => format!("~{name}"),
            FieldAccess::Own => format!("+{name}"),
        })
        .collect();
    let plain = match cell.access {
        Access::Allowed => "yes",
        Access::Own => "own",
        Access::Hidden => "-",
        Access::File => "file",
        Access::Refused => "no",
    };
    [plain.to_owned()].into_iter().chain(fields).collect()
}

/// The rows of the first model: label and the columns that are named.
fn rows(access: &ApiAccess, columns: &[&str]) -> Vec<String> {
    let model = &access.models[0];
    let at = |name: &&str| model.columns.iter().position(|column| column.field.starts_with(*name)).unwrap();
    let columns: Vec<usize> = columns.iter().map(at).collect();
    let line = |row: &super::Row| {
        let words: Vec<String> = columns.iter().map(|column| word(&row.cells[*column])).collect();
        format!("{}: {}", row.identity.label(), words.join(" "))
    };
    model.rows.iter().map(line).collect()
}

const COLUMNS: [&str; 6] = ["create", "get", "list", "update", "delete", "onCreate"];

#[test]
fn rules_of_models_become_rows() {
    let cases: [(&str, &[&str]); 5] = [
        (
            "type Todo @model @auth(rules: [{ allow: owner }]) { id: ID! name: String }",
            &["user pool: owner (owner): yes yes yes yes yes yes", "user pool: anyone else: own no - no no -"],
        ),
        (
            "type Todo @model @auth(rules: [{ allow: public }, { allow: private, provider: iam, operations: [read] }]) { id: ID! }",
            &[
                "API key: yes yes yes yes yes yes",
                "identity pool: guest: no no no no no no",
                "identity pool: signed in: no yes yes no no yes",
            ],
        ),
        (
            "type Todo @model @auth(rules: [{ allow: groups, groups: [\"A\", \"B\"], operations: [get, create] }]) { id: ID! }",
            &["user pool: group A: yes yes no no no no", "user pool: group B: yes yes no no no no"],
        ),
        (
            "type Todo @model @auth(rules: [{ allow: groups, groupsField: \"teams\" }, { allow: groups, groups: [\"A\"], operations: [list] }]) { id: ID! teams: [String] }",
            &[
                "user pool: group of the item (teams): yes yes yes yes yes yes",
                "user pool: group A: own no yes no no -",
                "user pool: anyone else: no no no no no no",
            ],
        ),
        (
            "type Todo @model @auth(rules: [{ allow: custom, operations: [read] }]) { id: ID! }",
            &["Lambda authoriser: no yes yes no no yes"],
        ),
    ];
    for (schema, wanted) in cases {
        let found = rows(&matrix(schema, ALL), &COLUMNS);
        for line in wanted {
            assert!(found.iter().any(|row| row == line), "{schema}\nwants {line}\nhas {found:#?}");
        }
        let others = found.iter().filter(|row| !wanted.contains(&row.as_str()));
        for row in others.filter(|row| !row.contains("anyone else")) {
            assert!(row.ends_with("no no no no no no"), "{schema}: {row}");
        }
    }
}

#[test]
fn fields_with_rules_are_told_apart() {
    let schema = "type Pay @model @auth(rules: [{ allow: private, operations: [create, read, update] }, { allow: owner }]) {
        id: ID! name: String salary: Int @auth(rules: [{ allow: owner }, { allow: groups, groups: [\"HR\"], operations: [read] }]) }";
    let found = rows(&matrix(schema, ALL), &COLUMNS);
    let has = |line: &str| assert!(found.iter().any(|row| row == line), "{line}: {found:#?}");
    has("user pool: owner (owner): yes yes yes yes yes yes");
    has("user pool: group HR: yes+salary yes yes yes~name!salary no yes");
    has("user pool: anyone else: yes+salary yes!salary yes!salary yes~name!salary no yes");
    has("API key: no no no no no no");
}

#[test]
fn modes_that_no_rule_names_are_refused_and_sandboxes_are_open() {
    let sandbox = "input AMPLIFY { globalAuthRule: AuthRule = { allow: public } } type Todo @model { id: ID! }";
    assert_eq!(rows(&matrix(sandbox, "{}"), &COLUMNS), ["API key: yes yes yes yes yes yes"]);
    let closed = "type Todo @model { id: ID! }";
    assert_eq!(rows(&matrix(closed, "{}"), &COLUMNS), ["API key: no no no no no no"]);
}

#[test]
fn a_partition_that_names_the_owner_is_refused_to_others() {
    let schema = "type Note @model @auth(rules: [{ allow: owner }]) { id: ID! owner: String @index(queryField: \"notesByOwner\") kind: String @index(queryField: \"notesByKind\") }";
    let found = rows(&matrix(schema, ALL), &["notesByOwner", "notesByKind", "list"]);
    assert!(found.contains(&"user pool: anyone else: no - -".to_owned()), "{found:#?}");
    assert!(found.contains(&"user pool: owner (owner): yes yes yes".to_owned()), "{found:#?}");
}

#[test]
fn public_subscriptions_are_open_to_the_default_mode() {
    let schema = "type Note @model(subscriptions: { level: public }) @auth(rules: [{ allow: owner }]) { id: ID! }";
    let found = rows(&matrix(schema, ALL), &["get", "onCreate"]);
    assert!(found.contains(&"user pool: anyone else: no yes".to_owned()), "{found:#?}");
    assert!(found.contains(&"API key: no no".to_owned()), "{found:#?}");
}

#[test]
fn fields_of_non_models_have_rows_of_their_own() {
    let schema = "type Weather { wind: Int secret: Int @auth(rules: [{ allow: groups, groups: [\"Crew\"] }]) }
        type Query { weather: Weather @auth(rules: [{ allow: private }, { allow: public }]) }";
    let found = matrix(schema, ALL);
    let of = |name: &str| {
        let field = found.custom.iter().find(|field| field.field == name).unwrap();
        let lines = field.rows.iter().map(|row| format!("{}: {:?}", row.identity.label(), row.access));
        lines.collect::<Vec<_>>()
    };
    assert!(of("weather").contains(&"API key: Allowed".to_owned()), "{:?}", of("weather"));
    assert!(of("weather").contains(&"user pool: anyone else: Allowed".to_owned()));
    assert!(of("weather").contains(&"identity pool: guest: Refused".to_owned()));
    assert!(of("secret").contains(&"user pool: group Crew: Allowed".to_owned()), "{:?}", of("secret"));
    assert!(of("secret").contains(&"user pool: anyone else: Refused".to_owned()));
    assert!(of("secret").contains(&"API key: Refused".to_owned()));
}

#[test]
fn searching_is_a_column_of_its_own() {
    let schema = "type Note @model @searchable @auth(rules: [{ allow: public, operations: [search] }, { allow: owner }]) { id: ID! text: String }";
    let found = rows(&matrix(schema, ALL), &["search", "list"]);
    assert!(found.contains(&"API key: yes no".to_owned()), "{found:#?}");
    assert!(found.contains(&"user pool: anyone else: - -".to_owned()), "{found:#?}");
}

#[test]
fn signatures_that_pass_all_rules_have_rows() {
    let schema = "type Todo @model @auth(rules: [{ allow: owner, operations: [read] }]) { id: ID! }";
    let modes = r#""defaultAuth":"AMAZON_COGNITO_USER_POOLS","additionalAuth":["AWS_IAM"]"#;
    let refused = ["identity pool: guest: no no no no no no", "identity pool: signed in: no no no no no no"];
    let cases: [(&str, &[&str]); 2] = [
        (
            r#""adminRoles":["Auditor"]"#,
            &["signature: admin role Auditor: yes yes yes yes yes yes", "signature: anyone else: no no no no no no"],
        ),
        (r#""enableIamAccess":true"#, &["signature: anyone else: yes yes yes yes yes yes"]),
    ];
    for (setting, wanted) in cases {
        let rows = rows(&matrix(schema, &format!("{{{modes},{setting}}}")), &COLUMNS);
        assert_eq!(rows[2..], [&refused[..], wanted].concat(), "{setting}");
    }
}
