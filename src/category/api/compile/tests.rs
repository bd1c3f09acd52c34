//! What the compiler decides, on small schemas.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::plural::plural;
use super::{CompileOptions, SchemaSource, compile, names};
use crate::category::api::conformance::compile_case;
use crate::category::api::plan::{Action, Allow, AttributeType, AuthMode, Operation, Plan, Projection};
use crate::error::Problem;
use crate::graphql::{self, Document};

pub(super) const USER_POOLS: &str = r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS"}"#;
const BOTH: &str = r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS","additionalAuth":["API_KEY"]}"#;

pub(super) fn try_plan(schema: &str, options: &str) -> Result<Plan, Vec<Problem>> {
    let options = CompileOptions::parse("options.json", options).expect("the options are right");
    compile(&SchemaSource { path: "schema.graphql", text: schema }, &options)
}

fn plan(schema: &str, options: &str) -> Plan {
    try_plan(schema, options).unwrap_or_else(|problems| panic!("{schema}: {problems:#?}"))
}

fn expanded(schema: &str, options: &str) -> Document {
    let document = graphql::parse(&plan(schema, options).schema).expect("the expanded schema can be parsed");
    assert_eq!(graphql::check(&document), [], "the expanded schema is valid");
    document
}

/// A field as written: arguments by name, type, directives; of a type or an input.
fn field(document: &Document, path: &str) -> Option<String> {
    let (type_name, name) = path.split_once('.').expect("a path has a point");
    let found = document.types.iter().find(|found| found.name == type_name)?;
    if let Some(input) = found.input_fields().iter().find(|own| own.name == name) {
        return Some(input.type_ref.to_string());
    }
    let field = found.fields().iter().find(|own| own.name == name)?;
    let mut arguments: Vec<String> =
        field.arguments.iter().map(|argument| format!("{}: {}", argument.name, argument.type_ref)).collect();
    arguments.sort();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let mut marks: Vec<String> = field.directives.iter().map(|directive| format!(" @{}", directive.name)).collect();
    marks.sort();
    Some(format!("{arguments}{}{}", field.type_ref, marks.concat()))
}

fn marks(document: &Document, type_name: &str) -> Vec<String> {
    let found = document.types.iter().find(|found| found.name == type_name).expect("the type exists");
    let mut names: Vec<String> = found.directives.iter().map(|directive| directive.name.clone()).collect();
    names.sort();
    names
}

#[track_caller]
pub(super) fn assert_fields(schema: &str, options: &str, expected: &[(&str, Option<&str>)]) {
    let document = expanded(schema, options);
    for (path, wanted) in expected {
        assert_eq!(field(&document, path).as_deref(), *wanted, "{path} in {}", graphql::print(&document));
    }
}

#[test]
fn plurals_are_english_and_keep_their_case() {
    let cases = [
        ("Todo", "Todos"),
        ("Todos", "Todos"),
        ("Category", "Categories"),
        ("Day", "Days"),
        ("Bus", "Buses"),
        ("Status", "Statuses"),
        ("Box", "Boxes"),
        ("Person", "People"),
        ("SalesPerson", "SalesPeople"),
        ("Child", "Children"),
        ("Woman", "Women"),
        ("Hero", "Heroes"),
        ("Photo", "Photos"),
        ("Leaf", "Leaves"),
        ("Knife", "Knives"),
        ("Sheep", "Sheep"),
        ("Goldfish", "Goldfish"),
        ("Data", "Data"),
        ("Datum", "Data"),
        ("Criterion", "Criteria"),
        ("Analysis", "Analyses"),
        ("Index", "Indices"),
        ("Axis", "Axes"),
        ("Quiz", "Quizzes"),
        ("Menu", "Menus"),
        ("Money", "Monies"),
        ("Journey", "Journeys"),
        ("Mouse", "Mice"),
        ("Equipment", "Equipment"),
        ("Schema", "Schemata"),
        ("API", "APIS"),
        ("W", "WS"),
        ("blog", "blogs"),
    ];
    for (one, many) in cases {
        assert_eq!(plural(one), many, "{one}");
    }
}

#[test]
fn long_subscription_names_are_cut_to_what_appsync_takes() {
    let model = "AVeryLongModelNameThatGoesBeyondWhatASubscriptionTakes";
    let name = names::subscription("onCreate", model);
    assert_eq!(name.len(), 50);
    assert!(name.starts_with("onCreateAVeryLongModelName"));
    assert_ne!(name, names::subscription("onCreate", &format!("{model}Two")));
    assert_eq!(names::subscription("onCreate", "Post"), "onCreatePost");
}

#[test]
fn a_model_gets_operations_inputs_and_filters() {
    assert_fields(
        "type Hero @model { name: String! tags: [String!] at: AWSTimestamp mood: Mood home: Place } enum Mood { A } type Place { x: Float! }",
        "{}",
        &[
            ("Hero.id", Some("ID!")),
            ("Hero.createdAt", Some("AWSDateTime!")),
            ("Query.getHero", Some("(id: ID!)Hero")),
            (
                "Query.listHeroes",
                Some("(filter: ModelHeroFilterInput, limit: Int, nextToken: String)ModelHeroConnection"),
            ),
            ("Mutation.createHero", Some("(condition: ModelHeroConditionInput, input: CreateHeroInput!)Hero")),
            ("Subscription.onDeleteHero", Some("(filter: ModelSubscriptionHeroFilterInput)Hero @aws_subscribe")),
            ("CreateHeroInput.id", Some("ID")),
            ("CreateHeroInput.name", Some("String!")),
            ("CreateHeroInput.home", Some("PlaceInput")),
            ("CreateHeroInput.createdAt", None),
            ("UpdateHeroInput.id", Some("ID!")),
            ("UpdateHeroInput.name", Some("String")),
            ("DeleteHeroInput.id", Some("ID!")),
            ("PlaceInput.x", Some("Float!")),
            ("ModelHeroFilterInput.id", Some("ModelIDInput")),
            ("ModelHeroFilterInput.at", Some("ModelIntInput")),
            ("ModelHeroFilterInput.mood", Some("ModelMoodInput")),
            ("ModelHeroFilterInput.home", None),
            ("ModelHeroConditionInput.id", None),
            ("ModelHeroConditionInput.createdAt", Some("ModelStringInput")),
            ("ModelSubscriptionHeroFilterInput.mood", Some("ModelSubscriptionStringInput")),
            ("ModelSubscriptionHeroFilterInput.not", None),
        ],
    );
}

#[test]
fn model_arguments_rename_and_remove() {
    assert_fields(
        r#"type A @model(queries: { get: "fetchA", list: null }, mutations: { delete: null }, subscriptions: { onCreate: ["made", "born"] }, timestamps: { createdAt: "born" }) { id: ID! }
           type B @model(queries: null, mutations: null, timestamps: null) { id: ID! }
           type C @model(subscriptions: { level: off }) { id: ID! updatedAt: AWSDateTime! }"#,
        "{}",
        &[
            ("Query.fetchA", Some("(id: ID!)A")),
            ("Query.listAS", None),
            ("Mutation.deleteA", None),
            ("Mutation.updateA", Some("(condition: ModelAConditionInput, input: UpdateAInput!)A")),
            ("Subscription.born", Some("(filter: ModelSubscriptionAFilterInput)A @aws_subscribe")),
            ("Subscription.onCreateA", None),
            ("Subscription.onUpdateA", Some("(filter: ModelSubscriptionAFilterInput)A @aws_subscribe")),
            ("Subscription.onDeleteA", None),
            ("A.born", Some("AWSDateTime!")),
            ("A.createdAt", None),
            ("A.updatedAt", Some("AWSDateTime!")),
            ("B.createdAt", None),
            ("Query.getB", None),
            ("Subscription.onCreateC", None),
            ("CreateCInput.updatedAt", Some("AWSDateTime")),
        ],
    );
}

#[test]
fn keys_become_arguments_and_conditions() {
    let schema = r#"
        type Stock @model {
          house: ID! @primaryKey(sortKeyFields: ["shelf", "slot"])
          shelf: AWSDate!
          slot: Int!
          owner: String @index(name: "byOwner", sortKeyFields: ["slot"])
          kind: Kind! @index(name: "byKind", sortKeyFields: ["slot", "shelf"], queryField: "stockByKind", projection: { type: INCLUDE, nonKeyAttributes: ["owner"] })
          quiet: ID @index(name: "byQuiet", queryField: null)
        }
        enum Kind { A B }"#;
    assert_fields(
        schema,
        "{}",
        &[
            ("Query.getStock", Some("(house: ID!, shelf: AWSDate!, slot: Int!)Stock")),
            (
                "Query.listStocks",
                Some(
                    "(filter: ModelStockFilterInput, house: ID, limit: Int, nextToken: String, \
                     shelfSlot: ModelStockPrimaryCompositeKeyConditionInput, sortDirection: ModelSortDirection)\
                     ModelStockConnection",
                ),
            ),
            (
                "Query.stocksByOwnerAndSlot",
                Some(
                    "(filter: ModelStockFilterInput, limit: Int, nextToken: String, owner: String!, \
                     slot: ModelIntKeyConditionInput, sortDirection: ModelSortDirection)ModelStockConnection",
                ),
            ),
            ("ModelStockByKindCompositeKeyInput.shelf", Some("String")),
            ("ModelStockPrimaryCompositeKeyInput.shelf", Some("AWSDate")),
            ("CreateStockInput.id", None),
            ("UpdateStockInput.shelf", Some("AWSDate!")),
            ("DeleteStockInput.slot", Some("Int!")),
            ("ModelStockConditionInput.slot", None),
            ("ModelIntKeyConditionInput.beginsWith", None),
            ("Stock.id", None),
        ],
    );
    let plan = plan(schema, "{}");
    let stock = &plan.models["Stock"];
    assert_eq!(stock.key.sort_attribute().as_deref(), Some("shelf#slot"));
    assert_eq!(stock.key.sort_type(), Some(AttributeType::S));
    let names: Vec<&str> = stock.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(names, ["byOwner", "byKind", "byQuiet"]);
    assert_eq!(stock.indexes[0].key.sort_type(), Some(AttributeType::N));
    assert_eq!(stock.indexes[1].projection, Projection::Include(vec!["owner".to_owned()]));
    assert_eq!(stock.indexes[2].query_field, None);
}

#[test]
fn an_index_on_the_own_partition_is_local_only_when_asked() {
    let schema = r#"type P @model { a: ID! @primaryKey(sortKeyFields: ["b"]) @index(name: "byC", sortKeyFields: ["c"]) b: ID! c: Int }"#;
    assert!(!plan(schema, "{}").models["P"].indexes[0].local);
    assert!(plan(schema, r#"{"params":{"secondaryKeyAsGSI":false}}"#).models["P"].indexes[0].local);
}

#[test]
fn implicit_relations_add_foreign_keys_and_an_index() {
    let schema = r#"
        type Blog @model { slug: ID! @primaryKey(sortKeyFields: ["lang"]) lang: String! posts: [Post] @hasMany(limit: 7) cover: Image! @hasOne }
        type Post @model { id: ID! blog: Blog @belongsTo }
        type Image @model { id: ID! of: Blog @belongsTo }"#;
    assert_fields(
        schema,
        "{}",
        &[
            ("Post.blogPostsSlug", Some("ID")),
            ("Post.blogPostsLang", Some("String")),
            ("CreatePostInput.blogPostsLang", Some("String")),
            ("ModelPostFilterInput.blogPostsSlug", Some("ModelIDInput")),
            ("ModelSubscriptionBlogFilterInput.blogPostsSlug", Some("ModelSubscriptionIDInput")),
            ("ModelSubscriptionPostFilterInput.blogPostsSlug", None),
            ("Blog.blogCoverId", Some("ID!")),
            ("CreateBlogInput.blogCoverId", Some("ID!")),
            ("UpdateBlogInput.blogCoverId", Some("ID")),
            ("Image.imageOfSlug", Some("ID")),
            (
                "Blog.posts",
                Some(
                    "(filter: ModelPostFilterInput, limit: Int, nextToken: String, sortDirection: ModelSortDirection)\
                     ModelPostConnection",
                ),
            ),
        ],
    );
    let plan = plan(schema, "{}");
    let index = &plan.models["Post"].indexes[0];
    assert_eq!((index.name.as_str(), index.key.sort_attribute().as_deref()), ("gsi-Blog.posts", Some("blogPostsLang")));
    assert!(index.origin.is_none());
    let action = |path: &str| {
        let resolver = plan.resolvers.iter().find(|own| format!("{}.{}", own.type_name, own.field) == path);
        resolver.unwrap_or_else(|| panic!("no resolver for {path}")).action.clone()
    };
    assert_eq!(
        action("Blog.posts"),
        Action::RelatedMany {
            model: "Blog".to_owned(),
            related: "Post".to_owned(),
            index: Some("gsi-Blog.posts".to_owned()),
            fields: vec!["slug".to_owned(), "lang".to_owned()],
            limit: 7,
        }
    );
    let Action::RelatedOne { fields, index, .. } = action("Post.blog") else { panic!("a lookup") };
    assert_eq!((fields, index), (vec!["blogPostsSlug".to_owned(), "blogPostsLang".to_owned()], None));
    let Action::RelatedOne { fields, .. } = action("Image.of") else { panic!("a lookup") };
    assert_eq!(fields, ["imageOfSlug", "imageOfLang"]);
    assert!(plan.models["Post"].fields["blogPostsSlug"].implied);
    assert!(!plan.models["Post"].fields.contains_key("blog"));
    assert_eq!(plan.models["Post"].relations, ["blog"]);
}

#[test]
fn explicit_relations_use_the_named_fields() {
    let schema = r#"
        type Post @model { id: ID! notes: [Note] @hasMany(indexName: "byPost", fields: ["id"]) likes: [Like] @hasMany(references: ["postId"]) }
        type Note @model { id: ID! postID: ID! @index(name: "byPost", sortKeyFields: ["at"]) at: AWSDateTime! post: Post @belongsTo(fields: ["postID"]) }
        type Like @model { id: ID! postId: ID post: Post @belongsTo(references: ["postId"]) }"#;
    let document = expanded(schema, "{}");
    let notes = field(&document, "Post.notes").expect("a field");
    assert!(notes.contains("at: ModelStringKeyConditionInput"), "{notes}");
    assert_eq!(field(&document, "Note.postNotesId"), None);
    let plan = plan(schema, "{}");
    let like = &plan.models["Like"];
    assert_eq!(like.indexes[0].name, "gsi-Post.likes");
    assert_eq!(like.indexes[0].key.partition.name, "postId");
    let association = &plan.introspection["models"]["Post"]["fields"]["notes"]["association"];
    assert_eq!(*association, json!({ "connectionType": "HAS_MANY", "associatedWith": ["post"] }));
}

#[test]
fn rules_become_modes_owner_fields_and_arguments() {
    let schema = r#"
        type Doc @model @auth(rules: [{ allow: public, operations: [read] }, { allow: owner }, { allow: groups, groupsField: "teams" }]) { id: ID! teams: [String] extra: Extra }
        type Extra { note: String }"#;
    assert_fields(
        schema,
        BOTH,
        &[
            ("Doc.owner", Some("String")),
            ("CreateDocInput.owner", None),
            ("ModelDocFilterInput.owner", Some("ModelStringInput")),
            ("ModelSubscriptionDocFilterInput.owner", Some("ModelStringInput")),
            ("ModelSubscriptionDocFilterInput.teams", None),
            ("Query.getDoc", Some("(id: ID!)Doc @aws_api_key @aws_cognito_user_pools")),
            ("Mutation.deleteDoc", Some("(condition: ModelDocConditionInput, input: DeleteDocInput!)Doc")),
            (
                "Subscription.onCreateDoc",
                Some(
                    "(filter: ModelSubscriptionDocFilterInput, owner: String)Doc @aws_api_key @aws_cognito_user_pools \
                     @aws_subscribe",
                ),
            ),
        ],
    );
    let document = expanded(schema, BOTH);
    assert_eq!(marks(&document, "Doc"), ["aws_api_key", "aws_cognito_user_pools"]);
    assert_eq!(marks(&document, "Extra"), ["aws_api_key", "aws_cognito_user_pools"]);
    let plan = plan(schema, BOTH);
    let rules = &plan.models["Doc"].rules;
    assert_eq!(rules[0].mode, AuthMode::ApiKey);
    assert_eq!(
        rules[0].operations,
        [Operation::Get, Operation::List, Operation::Sync, Operation::Listen, Operation::Search]
    );
    let owner =
        Allow::Owner { field: "owner".to_owned(), list: false, claims: vec!["sub".to_owned(), "username".to_owned()] };
    assert_eq!(rules[1].allow, owner);
    let groups = Allow::DynamicGroups { claim: "cognito:groups".to_owned(), field: "teams".to_owned(), list: true };
    assert_eq!(rules[2].allow, groups);
    let owner_field = Action::OwnerField { model: "Doc".to_owned() };
    assert!(plan.resolvers.iter().any(|own| own.field == "owner" && own.action == owner_field));
}

#[test]
fn fields_with_rules_are_protected_from_other_readers() {
    let schema = r#"
        type Staff @model @auth(rules: [{ allow: private }, { allow: groups, groups: ["Boss"] }]) {
          id: ID! name: String!
          pay: Int @auth(rules: [{ allow: groups, groups: ["Boss"] }])
          open: Int @auth(rules: [{ allow: private, operations: [read] }])
        }
        type Query { stats: Int @auth(rules: [{ allow: private }]) }"#;
    let plan = plan(schema, USER_POOLS);
    let protected: Vec<String> = plan
        .resolvers
        .iter()
        .filter(|own| matches!(own.action, Action::ProtectedField { .. }))
        .map(|own| format!("{}.{}", own.type_name, own.field))
        .collect();
    assert_eq!(protected, ["Query.stats", "Staff.pay"]);
    assert_eq!(plan.custom_rules["Query.stats"][0].allow, Allow::Private);
    assert_eq!(plan.models["Staff"].field_rules["pay"].len(), 1);
}

#[test]
fn sandbox_mode_opens_models_without_rules_to_api_keys() {
    let schema = "input AMPLIFY { globalAuthRule: AuthRule = { allow: public } } type A @model { id: ID! } type Query { q: Int }";
    let document = expanded(schema, BOTH);
    assert!(document.types.iter().all(|found| found.name != "AMPLIFY"));
    assert_eq!(marks(&document, "A"), ["aws_api_key"]);
    assert_eq!(field(&document, "Query.getA").as_deref(), Some("(id: ID!)A @aws_api_key"));
    assert_eq!(field(&document, "Query.q").as_deref(), Some("Int @aws_iam"));
    assert!(plan(schema, "{}").models["A"].sandbox);
    assert!(!plan("type A @model { id: ID! }", "{}").models["A"].sandbox);
    assert!(!plan(schema, r#"{"sandbox":false}"#).models["A"].sandbox);
}

#[test]
fn defaults_have_the_type_of_their_field() {
    let schema = r#"type T @model { n: Int @default(value: "3") f: Float @default(value: "0.5") b: Boolean @default(value: "TRUE") j: AWSJSON @default(value: "{\"a\":1}") e: E @default(value: "X") s: String! @default(value: "3") } enum E { X }"#;
    let defaults = serde_json::to_value(&plan(schema, "{}").models["T"].defaults).expect("plain values");
    assert_eq!(defaults, json!({ "n": 3, "f": 0.5, "b": true, "j": { "a": 1 }, "e": "X", "s": "3" }));
    assert_eq!(field(&expanded(schema, "{}"), "CreateTInput.s").as_deref(), Some("String!"));
}

#[test]
fn options_with_unknown_names_are_refused() {
    assert!(CompileOptions::parse("o.json", r#"{"defaultAuht":1}"#).is_err());
}

#[test]
fn cases_are_written_as_four_files() {
    let files = compile_case("s.graphql", "type Todo @model { id: ID! }", "{}").expect("valid");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["schema.graphql", "tables.json", "resolvers.json", "model-introspection.json"]);
    let tables: serde_json::Value = serde_json::from_str(&files["tables.json"]).expect("JSON");
    assert_eq!(tables["tables"][0]["keySchema"], json!(["HASH id"]));
    let resolvers: serde_json::Value = serde_json::from_str(&files["resolvers.json"]).expect("JSON");
    assert_eq!(resolvers.as_array().map(Vec::len), Some(8));
}

#[test]
fn long_chains_of_types_are_no_trouble() {
    let mut chain = String::new();
    for number in 0..5000 {
        writeln!(chain, "type T{number} {{ next: T{} }}", number + 1).unwrap();
    }
    let schema = format!(
        "{chain}type T5000 {{ end: Int }} type M @model @auth(rules: [{{ allow: public }}]) {{ id: ID! first: T0 }}"
    );
    let document = expanded(&schema, BOTH);
    assert_eq!(field(&document, "T4999Input.next").as_deref(), Some("T5000Input"));
    assert_eq!(marks(&document, "T5000"), ["aws_api_key"]);
}

#[test]
fn a_belongs_to_without_fields_follows_the_index_of_its_other_side() {
    let schema = r#"
        type Post @model { id: ID! notes: [Note] @hasMany(indexName: "byPost", fields: ["id"]) }
        type Note @model { id: ID! postID: ID! @index(name: "byPost") post: Post @belongsTo }"#;
    let resolvers = plan(schema, "{}").resolvers;
    let found = resolvers.iter().find(|own| own.type_name == "Note").map(|own| &own.action);
    assert!(matches!(found, Some(Action::RelatedOne { fields, .. }) if *fields == ["postID"]), "{found:?}");
}

const SEED: &str = r#"
input AMPLIFY { globalAuthRule: AuthRule = { allow: public } }
type Blog @model(queries: { get: "blog" }, timestamps: { createdAt: null }) @auth(rules: [{ allow: owner, operations: [read] }, { allow: groups, groups: ["A"] }]) {
  id: ID! name: String! @index(name: "byName", sortKeyFields: ["at", "n"], projection: { type: KEYS_ONLY }) at: AWSDate! n: Int! @default(value: "1")
  posts: [Post] @hasMany top: Post @hasOne kind: Kind
}
type Post @model { slug: ID! @primaryKey(sortKeyFields: ["lang"]) lang: String! blog: Blog @belongsTo secret: String @auth(rules: [{ allow: private }]) }
enum Kind { A B } interface Node { id: ID! } type Own implements Node { id: ID! } union U = Own | Other type Other { x(a: In = { k: 1 }): Float }
input In { k: Int } type Query { own: U @auth(rules: [{ allow: private }]) } extend type Query { more: [Node!]! }
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        let _ = compile_case("s.graphql", &text, "{}");
    }

    #[test]
    fn no_change_to_a_schema_makes_it_panic(cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, any::<prop::sample::Index>()), 1..6)) {
        let mut words: Vec<&str> = SEED.split_inclusive([' ', '\n', '(', ')', '{', '}', ':', '[', ']', '"']).collect();
        let all = words.clone();
        for (place, count, other) in &cuts {
            if words.is_empty() {
                break;
            }
            let start = place.index(words.len());
            let end = (start + count).min(words.len());
            words.splice(start..end, [all[other.index(all.len())]]);
        }
        let text = words.concat();
        if let Ok(files) = compile_case("s.graphql", &text, BOTH) {
            let faults = graphql::parse(&files["schema.graphql"]).map(|document| graphql::check(&document));
            prop_assert_eq!(faults, Ok(Vec::new()), "{}", text);
        }
    }
}
