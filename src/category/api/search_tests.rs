//! Tests of searching, from the directive to the stack.

use indexmap::IndexMap;

use super::conformance::compile_case;
use super::{ApiSpec, CompileOptions, Plan, SchemaSource, compile, resolvers};
use crate::base::ResourceName;
use crate::category::{AuthSpec, Context, ResourceSpec, Sources, Synthesis};
use crate::cfn;
use crate::render::Renderer;

const POOLS: &str = r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS","additionalAuth":["API_KEY"]}"#;

fn plan(schema: &str) -> Plan {
    let options = CompileOptions::parse("options.json", POOLS).unwrap();
    compile::compile(&SchemaSource { path: "schema.graphql", text: schema }, &options).unwrap()
}

/// The text of one resolver.
fn resolver(schema: &str, name: &str) -> String {
    let files = resolvers::write(&plan(schema), &Renderer::default()).unwrap();
    files.into_iter().find(|file| file.path == format!("resolvers/{name}.js")).unwrap().text
}

fn stack(schema: &str) -> Synthesis {
    let name = ResourceName::new("blog").unwrap();
    let spec = ApiSpec { auth: super::ApiAuth::UserPool, ..ApiSpec::default() };
    let users = (ResourceName::new("users").unwrap(), ResourceSpec::Auth(AuthSpec::default()));
    let siblings = IndexMap::from([(name.clone(), ResourceSpec::Api(spec.clone())), users]);
    let mut sources = Sources::default();
    sources.insert(ApiSpec::schema_path(&name), schema);
    let render = Renderer::default();
    spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render }).unwrap()
}

#[test]
fn the_search_query_has_its_name_or_is_left_out() {
    let cases = [
        ("@searchable", Some("searchPeople")),
        ("@searchable(queries: null)", Some("searchPeople")),
        ("@searchable(queries: { search: \"find\" })", Some("find")),
        ("@searchable(queries: { search: null })", None),
        ("@searchable(queries: {})", None),
    ];
    for (directive, wanted) in cases {
        let plan = plan(&format!("type Person @model {directive} {{ id: ID! name: String }}"));
        let found = plan.resolvers.iter().find(|resolver| resolver.source == "OpenSearchDataSource");
        assert_eq!(found.map(|resolver| resolver.field.as_str()), wanted, "{directive}");
        assert_eq!(plan.schema.contains("SearchablePersonConnection"), wanted.is_some(), "{directive}");
    }
}

#[test]
fn a_search_query_takes_no_name_that_is_taken() {
    let taken = [
        "type Bee @model @searchable { id: ID! } type Query { searchBees: String }",
        "type Bee @model @searchable(queries: { search: \"listBees\" }) { id: ID! }",
        "type A @model @searchable(queries: { search: \"find\" }) { id: ID! } \
         type B @model @searchable(queries: { search: \"find\" }) { id: ID! }",
    ];
    for schema in taken {
        let problems = compile_case("schema.graphql", schema, POOLS).unwrap_err();
        assert!(problems.iter().any(|problem| problem.message.contains("cannot redeclare field")), "{problems:?}");
    }
}

#[test]
fn whoever_owns_items_finds_those_alone() {
    let owner = "type Note @model @searchable @auth(rules: [{ allow: owner }]) { id: ID! text: String count: Int }";
    let text = resolver(owner, "Query.searchNotes");
    for part in [
        "const must = all ? [] : [anyOf(tests)];",
        "{ term: { [`${field}.keyword`]: test[field].eq ?? test[field].contains } }",
        "path: '/note/_search'",
        "['count', 'createdAt', 'updatedAt'].includes(field)",
        "named[name] = { [type]: { field: exact(field) } };",
    ] {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
    let nobody = "type Note @model @searchable @auth(rules: [{ allow: private, operations: [get] }]) { id: ID! }";
    let text = resolver(nobody, "Query.searchNotes");
    assert!(!text.contains("_search") && text.contains("no rule allows it to anyone"), "{text}");
}

#[test]
fn aggregations_follow_the_rules_of_their_fields() {
    let schema = "type Note @model @searchable @auth(rules: [{ allow: private }]) { id: ID! text: String \
                  secret: String @auth(rules: [{ allow: owner }]) owner: String }";
    let text = resolver(schema, "Query.searchNotes");
    for part in [
        "Unauthorized to run aggregation on field: ${field}",
        "if (field === 'secret') {\n    return access1(ctx);",
        "return access2(ctx);",
        "aggregateResult(aggregations[name].allowed)",
    ] {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
}

#[test]
fn one_domain_one_function_and_a_stream_for_each_model() {
    let schema = "type Note @model @searchable { id: ID! } type Post @model @searchable { id: ID! } \
                  type Plain @model { id: ID! }";
    let synthesis = stack(schema);
    assert_eq!(cfn::check::check(&synthesis.template), Vec::new());
    let count =
        |kind: &str| synthesis.template.resources.values().filter(|resource| resource.kind.as_str() == kind).count();
    assert_eq!(count("AWS::OpenSearchService::Domain"), 1);
    assert_eq!(count("AWS::Lambda::Function"), 1);
    assert_eq!(count("AWS::Lambda::EventSourceMapping"), 2);
    for (part, wanted) in [
        ("domain/*/note/_search", true),
        ("domain/*/post/_search", true),
        ("domain/*/plain/_search", false),
        ("!GetAtt PlainTable.StreamArn", false),
        ("FunctionResponseTypes: [ReportBatchItemFailures]", true),
        ("Destination: !GetAtt SearchDeadLetters.Arn", true),
        ("exports.handler = async ({ Records })", true),
    ] {
        assert_eq!(synthesis.text.contains(part), wanted, "{part}");
    }
    let without = stack("type Plain @model { id: ID! }");
    assert!(!without.text.contains("OpenSearch") && !without.text.contains("SearchInstanceType"), "{}", without.text);
}
