use serde_json::{Value, json};

use crate::category::api::compile::{CompileOptions, SchemaSource, compile};
use crate::category::api::conformance::compile_case;
use crate::category::api::plan::{Action, Allow, Operation, Plan};
use crate::error::{Code, Problem};

fn try_plan(schema: &str, options: &str) -> Result<Plan, Vec<Problem>> {
    let options = CompileOptions::parse("options.json", options).expect("the options are right");
    compile(&SchemaSource { path: "schema.graphql", text: schema }, &options)
}

fn plan(schema: &str, options: &str) -> Plan {
    try_plan(schema, options).unwrap_or_else(|problems| panic!("{schema}: {problems:#?}"))
}

const KEYED: &str = r#"enum Lang { en de }
    type Post @model { slug: String! @primaryKey(sortKeyFields: ["lang", "rev"]) lang: Lang! rev: Int!
      tags: [Tag] @manyToMany(relationName: "post tags", limit: 7) }
    type Tag @model { code: Int! @primaryKey posts: [Post!]! @manyToMany(relationName: "post tags") }"#;

#[test]
fn a_join_model_holds_the_keys_of_both_sides() {
    let plan = plan(KEYED, "{}");
    let join = &plan.models["Posttags"];
    let types: Vec<String> = join.fields.values().map(|field| format!("{}: {}", field.name, field.type_name)).collect();
    let wanted = ["id: ID", "postSlug: String", "postlang: Lang", "postrev: Int", "tagCode: Int"];
    assert_eq!(types[..5], wanted);
    assert!(join.fields.values().take(5).all(|field| field.required));
    let indexes: Vec<(&str, Option<String>, Option<&str>)> = join
        .indexes
        .iter()
        .map(|index| (index.name.as_str(), index.key.sort_attribute(), index.query_field.as_deref()))
        .collect();
    let by_post = ("byPost", Some("postlang#postrev".to_owned()), Some("posttagsByPostSlugAndPostlangAndPostrev"));
    assert_eq!(indexes, [by_post, ("byTag", None, Some("posttagsByTagCode"))]);
    let many = plan.resolvers.iter().find(|own| own.type_name == "Post" && own.field == "tags").expect("a resolver");
    let fields = ["slug", "lang", "rev"].map(str::to_owned).to_vec();
    let (model, related) = ("Post".to_owned(), "Posttags".to_owned());
    assert_eq!(many.action, Action::RelatedMany { model, related, index: Some("byPost".to_owned()), fields, limit: 7 });
    assert!(many.origin.line == 3, "the user's own line: {:?}", many.origin);
    assert!(plan.schema.contains("post: Post!") && plan.schema.contains("createPosttags"), "{}", plan.schema);
}

#[test]
fn where_both_sides_name_the_same_callers_the_second_decides() {
    let schema = r#"type A @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["x", "y"] }])
        { id: ID! bs: [B] @manyToMany(relationName: "AB") }
      type B @model @auth(rules: [{ allow: owner, operations: [get] }, { allow: groups, groups: ["y"], operations: [list] }])
        { id: ID! as: [A] @manyToMany(relationName: "AB") }"#;
    let plan = plan(schema, r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS"}"#);
    let rules = &plan.models["AB"].rules;
    let groups: Vec<&[String]> = rules
        .iter()
        .filter_map(|rule| match &rule.allow {
            Allow::Groups { groups, .. } => Some(&groups[..]),
            _ => None,
        })
        .collect();
    assert_eq!(groups, [["x".to_owned()], ["y".to_owned()]]);
    let owner: Vec<&[Operation]> = rules
        .iter()
        .filter(|rule| matches!(rule.allow, Allow::Owner { .. }))
        .map(|rule| &rule.operations[..])
        .collect();
    assert_eq!(owner, [[Operation::Get]]);
}

#[test]
fn front_ends_see_nullable_ids_and_names_of_words() {
    let schema = r#"type HTTPPost @model { n: Int! @primaryKey tags: [a_tag] @manyToMany(relationName: "PT") }
        type a_tag @model { id: ID! posts: [HTTPPost] @manyToMany(relationName: "PT") }"#;
    let files = compile_case("schema.graphql", schema, "{}").expect("it compiles");
    let document: Value = serde_json::from_str(&files["model-introspection.json"]).expect("JSON");
    let fields = &document["models"]["PT"]["fields"];
    assert_eq!(fields["hTTPPostN"]["type"], "ID");
    assert_eq!(fields["hTTPPostN"]["isRequired"], false);
    let belongs = json!({ "connectionType": "BELONGS_TO", "targetNames": ["hTTPPostN"] });
    assert_eq!(fields["httpPost"]["association"], belongs);
    let many = json!({ "connectionType": "HAS_MANY", "associatedWith": ["aTag"] });
    assert_eq!(document["models"]["a_tag"]["fields"]["posts"]["association"], many);
}

#[test]
fn relations_that_do_not_fit_are_refused_with_their_place() {
    let relation = |left: &str, right: &str| {
        format!("type A @model {{ id: ID! bs: {left} @manyToMany(relationName: \"R\") }} type B {right}")
    };
    let side = "@model { id: ID! as: [A] @manyToMany(relationName: \"R\") }";
    let cases = [
        ("exactly two locations", relation("[B]", "@model { id: ID! }")),
        (
            "exactly two locations",
            relation("[B]", side) + " type C @model { as: [A] @manyToMany(relationName: \"R\") }",
        ),
        ("must be used with a list", relation("B", side)),
        ("must be on an @model object type field", relation("[B]", &side.replace("@model ", ""))),
        ("expects 'C' but got 'B'", relation("[C]", side) + " type C @model { id: ID! }"),
        ("already exists as a type", relation("[B]", side) + " type R { id: ID! }"),
        (
            "with itself",
            "type A @model { xs: [A] @manyToMany(relationName: \"R\") ys: [A] @manyToMany(relationName: \"R\") }"
                .to_owned(),
        ),
        ("already exists: one field, one relation", relation("[B] @hasMany", side)),
        ("it holds a letter", relation("[B]", side).replace("\"R\"", "\"1\"")),
        ("two underscores", relation("[B]", side).replace("\"R\"", "\"__R\"")),
    ];
    for (words, schema) in cases {
        let problems = try_plan(&schema, "{}").expect_err(&schema);
        let found = problems.iter().find(|own| own.code == Code::AMP0308 && own.message.contains(words));
        assert!(found.is_some_and(|own| own.location.is_some()), "{schema}: {problems:#?}");
    }
}
