use std::collections::BTreeSet;
use std::fmt::Write as _;

use indexmap::IndexMap;

use super::names::Names;
use super::tables;
use crate::base::{LogicalId, ResourceName};
use crate::category::api::plan::Model;
use crate::category::api::plan::{ConflictHandler, Plan};
use crate::category::api::testing::{blog, index, model, plan};
use crate::category::api::{ApiAuth, Conflict, Sample, client_section};
use crate::category::{ApiSpec, AuthSpec, Context, ResourceSpec, Sources, Synthesis};
use crate::cfn::{self, Value};
use crate::error::{Code, Problem};
use crate::render::Renderer;

/// The stack of an API named `blog`, beside an auth resource when there is one.
fn synthesize(spec: &ApiSpec, schema: Option<&str>, auth: bool) -> Result<Synthesis, Vec<Problem>> {
    let name = ResourceName::new("blog").unwrap();
    let mut siblings = IndexMap::from([(name.clone(), ResourceSpec::Api(spec.clone()))]);
    if auth {
        siblings.insert(ResourceName::new("users").unwrap(), ResourceSpec::Auth(AuthSpec::default()));
    }
    let mut sources = Sources::default();
    if let Some(schema) = schema {
        sources.insert(ApiSpec::schema_path(&name), schema);
    }
    let render = Renderer::default();
    spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render })
}

fn spec(auth: ApiAuth, additional: &[ApiAuth]) -> ApiSpec {
    ApiSpec { auth, additional_auth: additional.to_vec(), ..ApiSpec::default() }
}

/// The schema that a sample starts with.
fn sample(spec: &ApiSpec) -> String {
    let name = ResourceName::new("blog").unwrap();
    let files = spec.scaffold(&name, &Renderer::default()).unwrap();
    assert_eq!(files[0].path, "ampup/api/blog/schema.graphql");
    files[0].text.clone()
}

fn blog_stack() -> Synthesis {
    let spec = ApiSpec { sample: Sample::Blog, ..spec(ApiAuth::UserPool, &[ApiAuth::ApiKey]) };
    synthesize(&spec, Some(&sample(&spec)), true).unwrap()
}

#[test]
fn every_sample_compiles_for_every_mode_that_it_is_offered_for() {
    for wanted in [Sample::Todo, Sample::Blank] {
        for auth in [ApiAuth::ApiKey, ApiAuth::UserPool, ApiAuth::Iam] {
            let spec = ApiSpec { sample: wanted, ..spec(auth, &[]) };
            let synthesis = synthesize(&spec, Some(&sample(&spec)), true).unwrap();
            assert!(cfn::check::check(&synthesis.template).is_empty());
            assert!(!synthesis.text.contains("no rule allows"));
        }
    }
    let given = ApiSpec { initial_schema: Some("type A @model { id: ID! }".to_owned()), ..ApiSpec::default() };
    assert_eq!(sample(&given), "type A @model { id: ID! }");
}

#[test]
fn the_blog_is_a_sound_stack_with_labels_and_files() {
    let synthesis = blog_stack();
    assert_eq!(cfn::check::check(&synthesis.template), Vec::new());
    for (id, resource) in &synthesis.template.resources {
        assert!(resource.label.is_some(), "{id} has no label");
        let from_schema = id.as_str().ends_with("Resolver") || id.as_str().ends_with("Table");
        assert_eq!(resource.origin.is_some(), from_schema || id.as_str().ends_with("DataSource"), "{id}");
        for property in ["CodeS3Location", "DefinitionS3Location"] {
            if let Some(path) = resource.properties.get(property).and_then(Value::as_text) {
                let path = path.strip_prefix("./").unwrap();
                assert!(synthesis.files.contains_key(path), "{path}");
            }
        }
    }
    let outputs: Vec<&str> = synthesis.template.outputs.keys().map(LogicalId::as_str).collect();
    assert_eq!(outputs, ["GraphQLUrl", "GraphQLApiId", "ApiKey"]);
    assert_eq!(synthesis.needs.len(), 1);
    assert_eq!((synthesis.needs[0].parameter.as_str(), synthesis.needs[0].of.as_str()), ("UserPoolId", "users"));
    let expires = synthesis.template.parameters.get("ApiKeyExpires").unwrap();
    assert_eq!((expires.kind.as_str(), &expires.default), ("Number", &None));
}

#[test]
fn a_model_costs_few_resources() {
    // Two rules, one index, one relation; each model is the child of the one before it.
    let schema = (0..50).fold(String::new(), |mut all, number| {
        let parent = (number + 49) % 50;
        let _ = writeln!(
            all,
            "type M{number} @model @auth(rules: [{{ allow: owner }}, {{ allow: private, operations: [read] }}]) {{
               id: ID! title: String @index(name: \"byTitle\") parentId: ID parent: M{parent} @hasOne(fields: [\"parentId\"]) }}"
        );
        all
    });
    let synthesis = synthesize(&spec(ApiAuth::UserPool, &[]), Some(&schema), true).unwrap();
    // Everything counts: the API, the schema, roles, nested stacks.
    let all: usize = synthesis.templates().map(|template| template.resources.len()).sum();
    assert!(all <= 50 * 13, "{all} resources for 50 models");
    assert!(all <= 50 * 12 + 20, "{all} resources for 50 models");
}

#[test]
fn roles_are_granted_what_resolvers_do_and_no_more() {
    let schema = "type Log @model(mutations: { create: \"addLog\", update: null, delete: null }, queries: null, subscriptions: null)
        @auth(rules: [{ allow: public }]) { id: ID! text: String }";
    let text = synthesize(&spec(ApiAuth::ApiKey, &[]), Some(schema), false).unwrap().text;
    assert!(text.contains("dynamodb:PutItem") && text.contains("!GetAtt LogTable.Arn"), "{text}");
    for excess in ["Scan", "UpdateItem", "DeleteItem", "/index/*", "NONE_DS", "dynamodb:*"] {
        assert!(!text.contains(excess), "{excess} in {text}");
    }
}

#[test]
fn signed_requests_get_a_policy_for_the_fields_that_they_may_call() {
    let schema = "type Doc @model @auth(rules: [{ allow: public, provider: identityPool, operations: [get] },
        { allow: private, provider: identityPool }]) { id: ID! }";
    let synthesis = synthesize(&spec(ApiAuth::Iam, &[]), Some(schema), true).unwrap();
    let needs: Vec<&str> = synthesis.needs.iter().map(|need| need.output.as_str()).collect();
    assert_eq!(needs, ["AuthenticatedRoleName", "UnauthenticatedRoleName"]);
    let paths = |id: &str| {
        let resource = synthesis.template.resources.get(id).unwrap();
        format!("{:?}", resource.properties)
    };
    assert!(paths("GuestPolicy").contains("/types/Query/fields/getDoc"));
    assert!(!paths("GuestPolicy").contains("Mutation"));
    assert!(paths("SignedInPolicy").contains("/types/Mutation/fields/createDoc"));
}

fn refused(result: Result<Synthesis, Vec<Problem>>, code: Code, parts: &[&str]) {
    let problems = result.unwrap_err();
    assert_eq!(problems[0].code, code, "{problems:?}");
    for part in parts {
        assert!(format!("{problems:?}").contains(part), "{part} in {problems:?}");
    }
}

#[test]
fn what_is_missing_or_too_much_is_refused_with_a_way_out() {
    let users = spec(ApiAuth::UserPool, &[]);
    let one = "type A @model @auth(rules: [{ allow: private }]) { id: ID! }";
    refused(synthesize(&users, Some(one), false), Code::AMP0310, &["`blog`", "ampup add auth"]);
    refused(synthesize(&users, None, true), Code::AMP0315, &["ampup/api/blog/schema.graphql"]);
    let broken = synthesize(&users, Some("type A @model {"), true).unwrap_err();
    assert!(broken[0].location.is_some(), "{broken:?}");
    let short = ApiSpec { api_key_days: 0, ..users.clone() };
    refused(synthesize(&short, Some(one), true), Code::AMP0103, &["api-key-days"]);
}

/// A schema of models that are alike.
fn models(numbers: impl Iterator<Item = usize>) -> String {
    numbers.fold(String::new(), |mut all, number| {
        let _ = writeln!(all, "type M{number} @model @auth(rules: [{{ allow: private }}]) {{ id: ID! }}");
        all
    })
}

#[test]
fn models_that_do_not_fit_go_to_further_stacks() {
    let synthesis = synthesize(&spec(ApiAuth::UserPool, &[]), Some(&models(0..60)), true).unwrap();
    assert_eq!(synthesis.parts.keys().collect::<Vec<_>>(), ["blog/models-2"]);
    for (template, most) in synthesis.templates().zip([410, 250]) {
        assert_eq!(cfn::check::check(template), Vec::new());
        assert!(template.resources.len() <= most, "{} resources", template.resources.len());
    }
    let part = &synthesis.parts["blog/models-2"].template;
    assert!(part.resources.values().all(|resource| resource.label.is_some()));
    let table = part.resources.values().find(|resource| resource.kind.as_str() == "AWS::DynamoDB::Table").unwrap();
    assert!(table.origin.as_ref().unwrap().file.ends_with("schema.graphql"), "{:?}", table.origin);
    let nested = &synthesis.template.resources["Models2"].properties;
    let filled = nested.get("Parameters").unwrap();
    for (parameter, _) in &part.parameters {
        assert!(filled.get(parameter.as_str()).is_some(), "{parameter} is not filled");
    }
    let [kept] = &synthesis.kept[..] else { panic!("{:?}", synthesis.kept) };
    assert_eq!((kept.path.as_str(), &kept.before), ("ampup/api/blog/placement.toml", &None));
    assert_eq!(kept.text.lines().filter(|line| line.starts_with('M')).count(), 60);
    assert!(synthesize(&spec(ApiAuth::UserPool, &[]), Some(&models(0..3)), true).unwrap().kept.is_empty());
}

#[test]
fn tables_beyond_dynamodb_are_refused_with_their_line() {
    let mut wide = model(&"A".repeat(230), &["id"], &[("id", "ID!")]);
    wide.indexes = (0..21).map(|number| index(&format!("by{number}"), &["id"])).collect();
    let problems = tables::limits(&plan(vec![wide], Vec::new()));
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.location.is_some()));
}

#[test]
fn a_model_keeps_its_logical_id_whatever_else_there_is() {
    let fields = [("id", "ID!")];
    let id = |models: &[&str], wanted: &str| {
        let models = models.iter().map(|name| model(name, &["id"], &fields)).collect();
        Names::new(&plan(models, Vec::new())).model(wanted)
    };
    assert_eq!(id(&["PostTag"], "PostTag"), "PostTag");
    assert_eq!(id(&["PostTag", "Post_Tag"], "Post_Tag"), id(&["Post_Tag"], "Post_Tag"));
    let every = ["PostTag", "Post_Tag", "postTag", "post_tag"];
    let ids: BTreeSet<String> = every.iter().map(|name| id(&every, name)).collect();
    assert_eq!(ids.len(), every.len());
    let mut names = Names::new(&plan(Vec::new(), Vec::new()));
    assert_ne!(names.resolver("Query", "get_post"), names.resolver("Query", "getPost"));
}

#[test]
fn many_tables_are_spread_over_roles() {
    let roles = |prefix: &str, count: usize| {
        let indexed = |number| Model {
            indexes: vec![index("byName", &["name"])],
            ..model(&format!("{prefix}{number}"), &["id"], &[("id", "ID!"), ("name", "String")])
        };
        let plan = plan((0..count).map(indexed).collect(), Vec::new());
        let models: Vec<&Model> = plan.models.values().collect();
        let (tables, roles) = tables::tables(&plan, &models, &Names::new(&plan), "ApiId");
        (tables.len(), roles.len())
    };
    assert_eq!((roles("M", 15), roles("M", 16)), ((15, 1), (16, 2)));
    assert_eq!(roles(&"Long".repeat(50), 15), (15, 2), "the policies of a role hold 10,240 characters");
}

#[test]
fn front_ends_are_told_in_both_forms() {
    let id = |text: &str| LogicalId::new(text).unwrap();
    let outputs = IndexMap::from([
        (id("GraphQLUrl"), "http://localhost:4700/graphql/blog".to_owned()),
        (id("ApiKey"), "da2-x".to_owned()),
    ]);
    let client = client_section(&blog(), &outputs, "eu-west-1");
    assert_eq!(client.data["url"], "http://localhost:4700/graphql/blog");
    assert_eq!(client.data["default_authorization_type"], "AMAZON_COGNITO_USER_POOLS");
    assert_eq!(client.data["authorization_types"][0], "API_KEY");
    assert_eq!(client.data["api_key"], "da2-x");
    assert_eq!(client.resources_config["GraphQL"]["defaultAuthMode"], "userPool");
    assert_eq!(client.resources_config["GraphQL"]["apiKey"], client.data["api_key"]);
    assert_eq!(client.resources_config["GraphQL"]["modelIntrospection"], client.data["model_introspection"]);
    assert!(client.data.get("conflict_resolution_mode").is_none());
    let synced = Plan { conflict: Some(ConflictHandler::AutoMerge), ..blog() };
    let synced = client_section(&synced, &outputs, "eu-west-1");
    assert_eq!(synced.data["conflict_resolution_mode"], "AUTOMERGE");
    let keyless = client_section(&blog(), &IndexMap::new(), "eu-west-1");
    assert!(keyless.data.get("api_key").is_none());
}

#[test]
fn data_sync_versions_sources_and_keeps_recent_changes() {
    let conflict = Some(Conflict::Lambda("settle-${env}".to_owned()));
    let models = IndexMap::from([("Tag".to_owned(), Conflict::AutoMerge)]);
    let spec = ApiSpec { conflict, conflict_models: models, ..spec(ApiAuth::UserPool, &[]) };
    let schema = "type Note @model @auth(rules: [{ allow: owner }]) { id: ID! text: String @index(name: \"byText\") }
        type Tag @model @auth(rules: [{ allow: private }]) { id: ID! name: String }";
    let synthesis = synthesize(&spec, Some(schema), true).unwrap();
    assert_eq!(cfn::check::check(&synthesis.template), Vec::new());
    let properties = |id: &str| format!("{:?}", synthesis.template.resources.get(id).expect(id).properties);
    for id in ["NoteDataSource", "TagDataSource"] {
        let source = properties(id);
        assert!(
            source.contains("Versioned") && source.contains("43200") && source.contains("RecentChanges"),
            "{source}"
        );
    }
    assert!(properties("NoteTable").contains("_ttl") && properties("RecentChanges").contains("ds_sk"));
    let settle = "function:settle-${Environment}";
    for id in ["MutationCreateNoteResolver", "UpdateNoteFunction", "CheckDeleteNoteFunction"] {
        let text = properties(id);
        assert!(text.contains("LAMBDA") && text.contains(settle), "{id}: {text}");
    }
    // A pipeline writes by its functions, so it settles nothing itself.
    let update = properties("MutationUpdateNoteResolver");
    assert!(update.contains("PIPELINE") && !update.contains("SyncConfig"), "{update}");
    let tag = properties("MutationUpdateTagResolver");
    assert!(tag.contains("AUTOMERGE") && tag.contains("UNIT") && !tag.contains("LambdaConflict"), "{tag}");
    let role = properties("TablesRole");
    assert!(role.contains(settle) && role.contains("table/${RecentChanges}"), "{role}");
    let plain = synthesize(&self::spec(ApiAuth::UserPool, &[]), Some(schema), true).unwrap().text;
    for excess in ["Versioned", "SyncConfig", "_ttl", "lambda:"] {
        assert!(!plain.contains(excess), "{excess}");
    }
}

#[test]
fn data_sync_spreads_over_stacks_with_its_functions() {
    let spec = ApiSpec { conflict: Some(Conflict::AutoMerge), ..spec(ApiAuth::UserPool, &[]) };
    let many = (0..60).fold(String::new(), |mut all, number| {
        let _ = writeln!(all, "type M{number} @model @auth(rules: [{{ allow: owner }}]) {{ id: ID! }}");
        all
    });
    let synthesis = synthesize(&spec, Some(&many), true).unwrap();
    assert!(synthesis.parts.len() > 1, "60 models are more than one stack");
    for (path, part) in &synthesis.parts {
        assert_eq!(cfn::check::check(&part.template), Vec::new(), "{path}");
        assert!(part.template.resources.len() <= 500, "{path}");
        assert!(part.text.contains("RecentChanges:\n    Type: String"), "{path}");
        assert!(part.template.outputs.is_empty(), "{path}: what a model does itself is used by nobody else");
    }
    assert!(synthesis.text.contains("RecentChanges: !Ref RecentChanges"), "{}", synthesis.text);
}

#[test]
fn wrong_settings_of_data_sync_are_refused() {
    let lone = ApiSpec {
        conflict_models: IndexMap::from([("Note".to_owned(), Conflict::AutoMerge)]),
        ..spec(ApiAuth::UserPool, &[])
    };
    let one = "type Note @model @auth(rules: [{ allow: private }]) { id: ID! }";
    refused(synthesize(&lone, Some(one), true), Code::AMP0103, &["conflict-models", "auto-merge"]);
    let named = ApiSpec { conflict: Some(Conflict::Lambda("a b".to_owned())), ..spec(ApiAuth::UserPool, &[]) };
    refused(synthesize(&named, Some(one), true), Code::AMP0103, &["`a b`"]);
    let models = IndexMap::from([("Nots".to_owned(), Conflict::AutoMerge)]);
    let unknown =
        ApiSpec { conflict: Some(Conflict::AutoMerge), conflict_models: models, ..spec(ApiAuth::UserPool, &[]) };
    refused(synthesize(&unknown, Some(one), true), Code::AMP0103, &["`Nots`", "did you mean `Note`?"]);
}
