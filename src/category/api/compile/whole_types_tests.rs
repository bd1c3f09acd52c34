//! Types whose fields stand in several places: extensions, and models with interfaces.

use super::tests::{USER_POOLS, assert_fields, try_plan};

#[test]
fn extensions_extend_what_is_declared_and_hold_no_directives_of_ours() {
    let good = "type A @model { id: ID! } extend type A { b: Int }
        type Query { x: Int } extend type Query { y: Int @auth(rules: [{ allow: public }]) }";
    assert_fields(good, "{}", &[("A.b", Some("Int")), ("CreateAInput.b", Some("Int")), ("Query.y", Some("Int"))]);
    for (words, schema) in [
        ("cannot extend nonexistent type 'B'", "type A @model { id: ID! } extend type B { x: Int }"),
        ("cannot extend nonexistent type 'Query'", "type A @model { id: ID! } extend type Query { x: Int }"),
        ("on object or interface extensions", "type A { id: ID! } extend type A @model { x: Int }"),
        ("on fields of extended types", "type A @model { id: ID! } extend type A { x: Int @index(name: \"byX\") }"),
    ] {
        let problems = try_plan(schema, "{}").expect_err(schema);
        assert!(problems.iter().any(|own| own.message.contains(words) && own.excerpt.is_some()), "{problems:#?}");
    }
}

#[test]
fn a_model_has_the_fields_of_its_interfaces_once_it_is_whole() {
    let good = "interface Node { id: ID! createdAt: AWSDateTime! owner: String }
        type A implements Node @model @auth(rules: [{ allow: owner }]) { id: ID! }";
    assert_fields(good, USER_POOLS, &[("A.createdAt", Some("AWSDateTime!")), ("A.owner", Some("String"))]);
    let relation = "interface Node { id: ID! items: [B] }
        type A implements Node @model { id: ID! items: [B] @hasMany }
        type B @model { id: ID! }";
    let problems = try_plan(relation, "{}").expect_err("AppSync refuses it");
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let expected = "interface field Node.items expects type [B] but A.items is type ModelBConnection";
    assert!(told.iter().any(|message| message.contains(expected)), "{told:?}");
}
