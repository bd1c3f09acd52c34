//! What the compiler refuses, with its code, its reason and its place.

use super::tests::{USER_POOLS, try_plan};
use crate::error::Code;

/// A code, words of its message, and a schema that deserves it.
const REFUSED: &[(Code, &str, &str)] = &[
    (Code::AMP0303, "unknown directive \"@modle\"", "type A @modle { id: ID! }"),
    (Code::AMP0303, "older version", "type A @model @key(fields: [\"id\"]) { id: ID! }"),
    (Code::AMP0303, "\"quries\" is not defined", "type A @model(quries: null) { id: ID! }"),
    (
        Code::AMP0303,
        "does not exist in \"ModelOperation\"",
        "type A @model @auth(rules: [{ allow: public, operations: [write] }]) { id: ID! }",
    ),
    (Code::AMP0305, "may not be used on", "enum E @model { A }"),
    (Code::AMP0316, "ModelAFilterInput has already a field with name not", "type A @model { id: ID! not: Int }"),
    (Code::AMP0305, "can only be used once", "type A @model @model { id: ID! }"),
    (Code::AMP0305, "reserved type name", "type Mutation @model { id: ID! }"),
    (Code::AMP0305, "\"rules\" of directive \"@auth\" is required", "type A @model @auth { id: ID! }"),
    (Code::AMP0306, "does not have any auth rules", "type A @model @auth(rules: []) { id: ID! }"),
    (Code::AMP0306, "must also be annotated with @model", "type A @auth(rules: [{ allow: public }]) { id: ID! }"),
    (Code::AMP0306, "no Cognito User Pools", "type A @model @auth(rules: [{ allow: owner }]) { id: ID! }"),
    (
        Code::AMP0306,
        "already exists for A",
        "type A @model @auth(rules: [{ allow: public }, { allow: public, operations: [read] }]) { id: ID! }",
    ),
    (
        Code::AMP0306,
        "operations are specified in addition to 'read'",
        "type A @model @auth(rules: [{ allow: public, operations: [read, get] }]) { id: ID! }",
    ),
    (
        Code::AMP0306,
        "not allowed at the field level",
        "type A @model { id: ID! x: Int @auth(rules: [{ allow: public, operations: [get] }]) }",
    ),
    (
        Code::AMP0306,
        "cannot specify 'operations'",
        "type Query { x: Int @auth(rules: [{ allow: public, operations: [read] }]) }",
    ),
    (
        Code::AMP0306,
        "globalAuthRule must be { allow: public }",
        "input AMPLIFY { globalAuthRule: AuthRule = { allow: owner } }",
    ),
    (Code::AMP0307, "only supply one primary key", "type A @model { a: ID! @primaryKey b: ID! @primaryKey }"),
    (Code::AMP0307, "must reference non-null fields", "type A @model { a: ID @primaryKey }"),
    (Code::AMP0307, "cannot be a non-scalar", "type A @model { a: [ID!]! @primaryKey }"),
    (Code::AMP0307, "cannot reference itself", "type A @model { a: ID! @primaryKey(sortKeyFields: [\"a\"]) }"),
    (
        Code::AMP0307,
        "can't find field 'z'",
        "type A @model { id: ID! a: ID @index(name: \"byA\", sortKeyFields: [\"z\"]) }",
    ),
    (Code::AMP0307, "between 3 and 255", "type A @model { id: ID! a: ID @index(name: \"x\") }"),
    (
        Code::AMP0307,
        "one @index with the name 'byX'",
        "type A @model { id: ID! a: ID @index(name: \"byX\") b: ID @index(name: \"byX\") }",
    ),
    (Code::AMP0307, "boolean values cannot be used", "type A @model { id: ID! a: Boolean @index(name: \"byA\") }"),
    (
        Code::AMP0307,
        "should be specified when using INCLUDE",
        "type A @model { id: ID! a: ID @index(name: \"byA\", projection: { type: INCLUDE }) }",
    ),
    (Code::AMP0307, "annotated with @model", "type A { a: ID! @primaryKey }"),
    (
        Code::AMP0307,
        "cannot hold hyphens and periods",
        "type A @model { id: ID! a: ID @index(name: \"by.A\", sortKeyFields: [\"b\", \"c\"]) b: Int c: Int }",
    ),
    (Code::AMP0308, "must be used with a list", "type A @model { id: ID! b: A @hasMany }"),
    (Code::AMP0308, "must be annotated with @model", "type A @model { id: ID! b: [B] @hasMany } type B { id: ID! }"),
    (
        Code::AMP0308,
        "must have a relationship with A",
        "type A @model { id: ID! b: B @belongsTo } type B @model { id: ID! }",
    ),
    (Code::AMP0308, "is not a field in A", "type A @model { id: ID! b: A @hasOne(fields: [\"bId\"]) }"),
    (Code::AMP0308, "field is not of type ID", "type A @model { id: ID! n: Int b: A @hasOne(fields: [\"n\"]) }"),
    (
        Code::AMP0308,
        "index byA does not exist",
        "type A @model { id: ID! b: [A] @hasMany(indexName: \"byA\", fields: [\"id\"]) }",
    ),
    (
        Code::AMP0308,
        "expecting 'fields' only",
        "type A @model { id: ID! b: A @hasOne(fields: [\"id\"], references: [\"id\"]) }",
    ),
    (
        Code::AMP0308,
        "uni-directional",
        "type A @model { id: ID! b: [B] @hasMany(references: [\"aId\"]) } type B @model { id: ID! aId: ID }",
    ),
    (Code::AMP0309, "is not a valid Int", "type A @model { id: ID! n: Int @default(value: \"x\") }"),
    (Code::AMP0309, "is not a member of E enum", "type A @model { id: ID! e: E @default(value: \"Y\") } enum E { X }"),
    (Code::AMP0305, "cannot be one", "type A @model(mutations: { delete: \"remov&A\" }) { id: ID! }"),
    (Code::AMP0305, "cannot be one", "type A @model(subscriptions: { onCreate: [\"ok\", \"a b\"] }) { id: ID! }"),
    (Code::AMP0305, "cannot be one", "type A @model { id: ID! x: ID @index(name: \"byX\", queryField: \"9\") }"),
    (Code::AMP0317, "declares no type", "input AMPLIFY"),
    (Code::AMP0316, "Query.getA exists already", "type A @model { id: ID! } type Query { getA: Int }"),
    (Code::AMP0317, "must be an output type", "type A @model { id: ID! i: I } input I { a: Int }"),
];

#[test]
fn what_is_wrong_is_refused_with_its_reason() {
    for &(code, words, schema) in REFUSED {
        let problems = try_plan(schema, "{}").expect_err(schema);
        let found = problems.iter().find(|problem| problem.code == code && problem.message.contains(words));
        let found = found.unwrap_or_else(|| panic!("{schema}: {problems:#?}"));
        assert!(found.location.is_some() && found.excerpt.is_some(), "{schema}: no place");
    }
}

#[test]
fn all_problems_are_told_at_once_by_place() {
    let schema = "type A @model {\n  id: ID!\n  x: Mising\n  b: A @hasMany\n  n: Int @default(value: \"x\")\n}";
    let problems = try_plan(schema, "{}").expect_err("three faults");
    let lines: Vec<usize> = problems.iter().filter_map(|own| own.location.as_ref()).map(|place| place.line).collect();
    assert_eq!(lines, [3, 4, 5]);
}

#[test]
fn required_fields_must_be_readable_by_all_readers() {
    let schema =
        "type A @model @auth(rules: [{ allow: private }]) { id: ID! s: String! @auth(rules: [{ allow: owner }]) }";
    let problems = try_plan(schema, USER_POOLS).expect_err("s hides whole items");
    assert!(problems[0].message.contains("required fields [\"s\"]"), "{problems:#?}");
}
