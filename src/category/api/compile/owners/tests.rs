use super::super::{CompileOptions, SchemaSource, compile};
use crate::category::api::conformance::conformance_files;
use crate::category::api::plan::{Action, Plan};

fn plan(schema: &str) -> Plan {
    let options = r#"{ "defaultAuth": "AMAZON_COGNITO_USER_POOLS" }"#;
    let options = CompileOptions::parse("options.json", options).unwrap();
    compile(&SchemaSource { path: "schema.graphql", text: schema }, &options).unwrap()
}

/// The owner fields that have a resolver of their own.
fn deployed(plan: &Plan) -> Vec<String> {
    let own = plan.deployed().filter(|resolver| matches!(resolver.action, Action::OwnerField { .. }));
    own.map(|resolver| format!("{}.{}", resolver.type_name, resolver.field)).collect()
}

const OWNED: &str = "@model @auth(rules: [{ allow: owner }])";

fn check(cases: &[(&str, &str, &[&str])]) {
    for (what, schema, wanted) in cases {
        assert_eq!(deployed(&plan(&schema.replace("@owned", OWNED))), *wanted, "{what}");
    }
}

#[test]
fn an_owner_field_needs_no_resolver_where_our_own_resolvers_give_every_item() {
    check(&[
        ("alone", "type A @owned { id: ID! }", &[]),
        ("declared", "type A @owned { id: ID! owner: String }", &[]),
        (
            "a list",
            "type A @model @auth(rules: [{ allow: owner, ownerField: \"editors\" }]) { id: ID! editors: [String] }",
            &[],
        ),
        (
            "related both ways",
            "type A @owned { id: ID! bs: [B] @hasMany } type B @owned { id: ID! a: A @belongsTo }",
            &[],
        ),
        (
            "a rule that every reader meets",
            "type A @owned { id: ID! pay: Int @auth(rules: [{ allow: owner, operations: [read] }]) }",
            &[],
        ),
        (
            "a field for a group",
            "type A @model @auth(rules: [{ allow: owner }, { allow: private }]) {
               id: ID! pay: Int @auth(rules: [{ allow: groups, groups: [\"Pay\"] }]) }",
            &[],
        ),
    ]);
}

#[test]
fn an_owner_field_keeps_its_resolver_where_the_stored_value_is_needed_or_items_come_from_elsewhere() {
    check(&[
        (
            "the key of a relation",
            "type A @owned { id: ID! owner: ID by: B @hasOne(fields: [\"owner\"]) } type B @owned { id: ID! }",
            &["A.owner"],
        ),
        (
            "a narrower rule of a field",
            "type A @model @auth(rules: [{ allow: owner }, { allow: private }]) {
               id: ID! pay: Int @auth(rules: [{ allow: owner }]) }",
            &["A.owner"],
        ),
        ("a query of the user's", "type A @owned { id: ID! } type Query { mine: [A] }", &["A.owner"]),
        (
            "a type of the user's",
            "type A @owned { id: ID! } type Page { a: A } type Query { page: Page }",
            &["A.owner"],
        ),
        ("a union", "type A @owned { id: ID! } type B { x: Int } union U = A | B type Query { u: U }", &["A.owner"]),
        (
            "an interface",
            "interface I { id: ID! } type A implements I @owned { id: ID! } type Query { i: I }",
            &["A.owner"],
        ),
    ]);
}

#[test]
fn conformance_files_list_the_field_in_the_terms_of_the_reference() {
    let plan = plan("type A @model @auth(rules: [{ allow: owner }]) { id: ID! }");
    assert!(deployed(&plan).is_empty());
    let files = conformance_files(&plan);
    let resolvers: serde_json::Value = serde_json::from_str(&files["resolvers.json"]).unwrap();
    let listed =
        resolvers.as_array().unwrap().iter().any(|one| one["field"] == "A.owner" && one["dataSource"] == "NONE_DS");
    assert!(listed, "{resolvers:#}");
}
