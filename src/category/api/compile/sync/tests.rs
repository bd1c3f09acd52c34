use serde_json::Value;

use crate::category::api::compile::{CompileOptions, SchemaSource, compile};
use crate::category::api::conformance::compile_case;
use crate::category::api::plan::{Action, ConflictHandler, Operation, Plan};
use crate::category::api::resolvers;
use crate::error::{Code, Problem};
use crate::render::Renderer;

fn try_plan(schema: &str, options: &str) -> Result<Plan, Vec<Problem>> {
    let options = CompileOptions::parse("options.json", options).expect("the options are right");
    compile(&SchemaSource { path: "schema.graphql", text: schema }, &options)
}

fn plan(schema: &str, options: &str) -> Plan {
    try_plan(schema, options).unwrap_or_else(|problems| panic!("{schema}: {problems:#?}"))
}

const OWNED: &str = "type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groups: [\"Admins\"] }])
    { id: ID! text: String }";
const OWNED_OPTIONS: &str = r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS","conflict":"AUTOMERGE"}"#;

#[test]
fn every_model_gets_versions_tombstones_and_a_sync_query() {
    let schema = "type Note @model(queries: { get: \"note\" }) { id: ID! text: String tags: [Tag] @hasMany }
        type Tag @model(queries: null) { name: String }";
    let text = plan(schema, r#"{"conflict":"OPTIMISTIC_CONCURRENCY"}"#).schema;
    for wanted in [
        "_version: Int!",
        "_deleted: Boolean",
        "_lastChangedAt: AWSTimestamp!",
        "syncNotes(filter: ModelNoteFilterInput, limit: Int, nextToken: String, lastSync: AWSTimestamp): ModelNoteConnection",
        "startedAt: AWSTimestamp",
        "_deleted: ModelBooleanInput",
    ] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    assert!(!text.contains("syncTags"), "queries: null takes the sync query too");
    let part =
        |name: &str| text.split(&format!("{name} {{")).nth(1).and_then(|rest| rest.split('}').next()).expect(name);
    for input in ["input CreateNoteInput", "input UpdateTagInput", "input DeleteTagInput"] {
        assert!(part(input).contains("_version: Int\n"), "{input}: {}", part(input));
    }
    assert!(!part("type ModelTagConnection").contains("startedAt"), "a relation's own connection has no start");
    assert!(!plan(schema, "{}").schema.contains("_version"));
}

#[test]
fn models_may_have_handlers_of_their_own() {
    let schema = "type A @model { id: ID! bs: [B] @manyToMany(relationName: \"AB\") } type B @model
        { id: ID! as: [A] @manyToMany(relationName: \"AB\") } type C @model { id: ID! }";
    let options = r#"{"conflict":"AUTOMERGE","conflictModels":{"AB":"LAMBDA","B":"OPTIMISTIC_CONCURRENCY",
        "C":{"lambda":"settle-${env}"}},"conflictLambda":"merge"}"#;
    let plan = plan(schema, options);
    let handler = |model: &str| plan.models[model].conflict.clone().expect("data sync");
    let lambda = |function: &str| ConflictHandler::Lambda { function: function.to_owned() };
    assert_eq!(plan.conflict, Some(ConflictHandler::AutoMerge));
    assert_eq!(handler("A"), ConflictHandler::AutoMerge);
    assert_eq!(handler("B"), ConflictHandler::OptimisticConcurrency);
    assert_eq!(handler("AB"), lambda("merge"));
    assert_eq!(handler("C"), lambda("settle-${env}"));
}

#[test]
fn tables_and_sources_of_a_case_are_versioned() {
    let files = compile_case("schema.graphql", OWNED, OWNED_OPTIONS).expect("it compiles");
    let tables: Value = serde_json::from_str(&files["tables.json"]).expect("JSON");
    assert_eq!(tables["tables"][0]["ttl"], "_ttl");
    assert_eq!(tables["tables"][1]["name"], "AmplifyDataStore-<apiId>-<env>");
    let source = &tables["dataSources"][1];
    assert_eq!((&source["versioned"], &source["deltaSync"]["baseTableTTL"]), (&Value::Bool(true), &"43200".into()));
    let resolvers: Value = serde_json::from_str(&files["resolvers.json"]).expect("JSON");
    let update = resolvers.as_array().and_then(|all| all.iter().find(|own| own["field"] == "Mutation.updateNote"));
    assert_eq!(update.expect("it is there")["sync"], "AUTOMERGE");
}

#[test]
fn a_write_by_owner_reads_the_item_before_appsync_may_merge() {
    let plan = plan(OWNED, OWNED_OPTIONS);
    let note = &plan.models["Note"];
    assert!(note.reads_before(Operation::Update) && note.reads_before(Operation::Delete));
    let update = plan.resolvers.iter().find(|own| own.field == "updateNote").expect("it is there");
    assert_eq!(update.functions(&plan), ["CheckUpdateNote", "UpdateNote"]);
    assert_eq!(update.action, Action::Update { model: "Note".to_owned() });
    let functions = resolvers::write_functions(&plan, &Renderer::default()).expect("they render");
    let text = |name: &str| &functions.iter().find(|own| own.name == name).expect(name).text;
    let check = text("CheckUpdateNote");
    assert!(check.contains("operation: 'GetItem'") && check.contains("util.unauthorized()"), "{check}");
    assert!(!check.contains("conditionExpression"), "{check}");
    assert!(text("UpdateNote").contains("_version: input._version ?? 0"), "{}", text("UpdateNote"));
    assert!(text("DeleteNote").contains("_version: input._version ?? 0"), "{}", text("DeleteNote"));
    let open = "type Note @model @auth(rules: [{ allow: private }]) { id: ID! }";
    let open = self::plan(open, OWNED_OPTIONS);
    assert!(open.functions.is_empty(), "nobody's own items: one resolver does the work");
}

#[test]
fn versions_are_no_fields_of_the_user() {
    let schema = "type Note @model @auth(rules: [{ allow: private }]) { id: ID! text: String
        secret: String @auth(rules: [{ allow: groups, groups: [\"A\"] }]) }";
    let plan = plan(schema, OWNED_OPTIONS);
    assert!(!plan.models["Note"].fields.contains_key("_version"));
    let written = resolvers::write(&plan, &Renderer::default()).expect("they render");
    let text = |field: &str| &written.iter().find(|own| own.field == field).expect(field).text;
    assert!(text("createNote").contains("name !== '_version'"), "{}", text("createNote"));
    assert!(text("updateNote").contains("['id', '_version']"), "{}", text("updateNote"));
    // Fields with rules of their own must not come back in the data of an error.
    assert!(text("updateNote").contains("util.error(error.message, error.type);"), "{}", text("updateNote"));
    assert!(text("syncNotes").contains("operation: 'Sync'"), "{}", text("syncNotes"));
}

#[test]
fn what_data_sync_cannot_have_is_refused() {
    let sync = r#"{"conflict":"AUTOMERGE"}"#;
    let cases = [
        (sync, Code::AMP0305, "already a field with name _version", "type A @model { id: ID! _version: Int }"),
        (sync, Code::AMP0305, "no model can have that name", "type AmplifyDataStore @model { id: ID! }"),
        (sync, Code::AMP0303, "\"sync\" is not defined", "type A @model(queries: { sync: \"pull\" }) { id: ID! }"),
        (
            sync,
            Code::AMP0308,
            "cannot refer to each other",
            "type A @model { id: ID! b: B @hasOne } type B @model { id: ID! as: [A] @hasMany }",
        ),
        (
            r#"{"conflictModels":{"B":"AUTOMERGE"}}"#,
            Code::AMP0305,
            "A has no conflict handler",
            "type A @model { id: ID! } type B @model { id: ID! }",
        ),
        (
            r#"{"conflict":"AUTOMERGE","conflictModels":{"Nota":"AUTOMERGE"}}"#,
            Code::AMP0103,
            "no model has that name",
            "type Note @model { id: ID! }",
        ),
    ];
    for (options, code, words, schema) in cases {
        let problems = try_plan(schema, options).expect_err(schema);
        assert!(problems.iter().any(|own| own.code == code && own.message.contains(words)), "{schema}: {problems:#?}");
    }
    assert!(CompileOptions::parse("o.json", r#"{"conflict":"MERGE"}"#).is_err());
}
