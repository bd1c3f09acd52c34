//! Rules of models: what none allows, and what several allow together.

use std::sync::Arc;

use ampup::category::api::compile::{CompileOptions, SchemaSource, compile};
use ampup::category::api::plan::{Allow, Operation, Plan};
use ampup::error::{Code, Problem};
use serde_json::{Value, json};

use super::town::{Charter, Kept, Town, assert_refused_whole, town};

static TOWN: Kept = Kept::new(std::sync::Weak::new());
static SANDBOX: Kept = Kept::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
type Bare @model {
  id: ID!
  kind: String @index(name: "byKind", queryField: "bareByKind")
}
type Post @model @auth(rules: [
  { allow: owner, operations: [create, update] }
  { allow: groups, groups: ["Editors"], operations: [read, delete] }
  { allow: public, operations: [get] }
]) {
  id: ID!
  kind: String @index(name: "byKind", queryField: "postsByKind")
}
type Listed @model @auth(rules: [{ allow: private, operations: [list] }, { allow: public, operations: [listen] }]) { id: ID! }
type Whole @model @auth(rules: [{ allow: private }]) { id: ID! kind: String @index(name: "byKind", queryField: "wholeByKind") }
"#;

const IN_SANDBOX: &str = r#"
input AMPLIFY { globalAuthRule: AuthRule = { allow: public } }
type Bare @model {
  id: ID!
  kind: String @index(name: "byKind", queryField: "bareByKind")
  parts: [Part] @hasMany
}
type Part @model { id: ID! }
type Ruled @model @auth(rules: [{ allow: private }]) { id: ID! }
"#;

const PEOPLE: &[(&str, &[&str])] = &[("ada", &[]), ("zoe", &["Editors"])];

fn here() -> Arc<Town> {
    let ways: (&str, &[&str]) = ("api-key", &["user-pool"]);
    town(&TOWN, Charter { schema: SCHEMA, ways, people: PEOPLE, ..Charter::default() })
}

/// Every operation of a model with an index query, each with the field that it asks for and its type.
fn operations(model: &str, plural: &str, by_kind: &str, id: &str) -> Vec<(String, String, &'static str)> {
    let query = |field: String, text: String| (field, text, "Query");
    let write = |verb: &str| {
        let field = format!("{verb}{model}");
        (field.clone(), format!("mutation {{ {field}(input: {{ id: \"{id}\" }}) {{ id }} }}"), "Mutation")
    };
    vec![
        write("create"),
        query(format!("get{model}"), format!("{{ get{model}(id: \"{id}\") {{ id }} }}")),
        query(format!("list{plural}"), format!("{{ list{plural} {{ items {{ id }} }} }}")),
        query(by_kind.to_owned(), format!("{{ {by_kind}(kind: \"k\") {{ items {{ id }} }} }}")),
        write("update"),
        write("delete"),
    ]
}

const VERBS: [&str; 3] = ["Create", "Update", "Delete"];

/// Whether each of a model's subscriptions can be begun: all of them, or none, which must be refused by name.
fn listens(town: &Town, who: &str, model: &str) -> bool {
    let begun = VERBS.map(|verb| {
        let field = format!("on{verb}{model}");
        match town.listen(who, &format!("subscription {{ {field} {{ id }} }}"), &json!({})) {
            Ok(mut socket) => socket.stop().is_empty(),
            Err(error) => {
                let message = format!("Not Authorized to access {field} on type Subscription");
                assert_eq!(
                    (&error["errorType"], &error["message"]),
                    (&json!("Unauthorized"), &json!(message)),
                    "{error}"
                );
                false
            }
        }
    });
    assert!(begun.iter().all(|one| *one == begun[0]), "{who} {model} {begun:?}");
    begun[0]
}

#[test]
fn item_25_what_no_rule_allows_is_refused() {
    let town = here();
    town.put("Bare", &json!({ "id": "a25", "__typename": "Bare", "kind": "k" }));
    for who in ["key", "ada", "zoe"] {
        for (field, query, type_name) in operations("Bare", "Bares", "bareByKind", "a25") {
            assert_refused_whole(&town.ask(who, &query, &Value::Null), &field, type_name);
        }
        assert!(!listens(&town, who, "Bare"), "{who}");
    }
    assert_eq!(town.stored("Bare", "a25", "id"), json!({ "S": "a25" }), "nothing was deleted");
    assert_eq!(town.stored("Bare", "a25", "updatedAt"), Value::Null, "nothing was changed");
}

#[test]
fn item_25_in_sandbox_mode_the_api_key_may_do_everything_without_rules() {
    let ways: (&str, &[&str]) = ("user-pool", &["api-key"]);
    let town = town(&SANDBOX, Charter { schema: IN_SANDBOX, ways, people: &PEOPLE[..1], ..Charter::default() });
    for (field, query, type_name) in operations("Bare", "Bares", "bareByKind", "s25") {
        assert_refused_whole(&town.ask("ada", &query, &Value::Null), &field, type_name);
    }
    for (_, query, _) in operations("Bare", "Bares", "bareByKind", "s25") {
        assert!(town.admits("key", &query), "{query}");
    }
    assert!(listens(&town, "key", "Bare") && !listens(&town, "ada", "Bare"));
    // Relations, pages and timestamps are open with the model.
    town.write("key", "createBare", &json!({ "id": "s25-all" }), "id");
    town.write("key", "createPart", &json!({ "id": "p", "barePartsId": "s25-all" }), "id");
    let read =
        town.value("key", "{ getBare(id: \"s25-all\") { createdAt parts { items { id } nextToken } } }", &Value::Null);
    assert_eq!(read["parts"], json!({ "items": [{ "id": "p" }], "nextToken": null }), "{read}");
    assert!(read["createdAt"].is_string(), "{read}");
    // Rules are rules, there too.
    let get = "{ getRuled(id: \"1\") { id } }";
    assert_refused_whole(&town.ask("key", get, &Value::Null), "getRuled", "Query");
    assert_eq!(town.ask("ada", get, &Value::Null), json!({ "data": { "getRuled": null } }));
}

#[test]
fn item_26_one_rule_that_allows_is_enough() {
    let town = here();
    // Columns: create, get, list, query of the index, update, delete, listen.
    let rows: [(&str, &str, [bool; 7]); 3] = [
        ("ada", "createPost updatePost", [true, false, false, false, true, false, false]),
        ("zoe", "all but another's", [true, true, true, true, true, true, true]),
        ("key", "get", [false, true, false, false, false, false, false]),
    ];
    for (who, what, wanted) in rows {
        let id = format!("a26-{who}");
        let found: Vec<bool> = operations("Post", "Posts", "postsByKind", &id)
            .iter()
            .map(|(_, query, _)| town.admits(who, query))
            .chain([listens(&town, who, "Post")])
            .collect();
        assert_eq!(found, wanted, "{who}: {what}");
    }
    // `read` is all ways to read, and one of them is not the others.
    let admits = |who: &str, query: &str| town.admits(who, query);
    assert!(admits("ada", "{ listListeds { items { id } } }") && !admits("ada", "{ getListed(id: \"1\") { id } }"));
    assert!(!admits("key", "{ listListeds { items { id } } }"));
    assert!(listens(&town, "key", "Listed") && !listens(&town, "ada", "Listed"));
    // Without operations a rule gives all of them.
    for (_, query, _) in operations("Whole", "Wholes", "wholeByKind", "a26") {
        assert!(admits("ada", &query), "{query}");
        assert!(!admits("key", &query), "{query}");
    }
    assert!(listens(&town, "ada", "Whole") && !listens(&town, "key", "Whole"));
}

/// What a schema compiles to where callers come by an API key or as users of a pool.
pub(super) fn compiled(schema: &str) -> Result<Plan, Vec<Problem>> {
    let modes = r#"{ "defaultAuth": "API_KEY", "additionalAuth": ["AMAZON_COGNITO_USER_POOLS"] }"#;
    let options = CompileOptions::parse("options.json", modes).unwrap();
    compile(&SchemaSource { path: "schema.graphql", text: schema }, &options)
}

#[test]
fn item_26_read_stands_for_all_ways_to_read_and_beside_none_of_them() {
    use Operation::{Create, Delete, Get, List, Listen, Search, Sync, Update};

    let rules = |operations: &str| {
        let schema = format!("type Post @model @auth(rules: [{{ allow: public{operations} }}]) {{ id: ID! }}");
        compiled(&schema).map(|plan| plan.models["Post"].rules.clone())
    };
    let operations = |given: &str| {
        let mut found = rules(given).unwrap();
        assert!(found.len() == 1 && found[0].allow == Allow::Public);
        found.remove(0).operations
    };
    let same = |given: &str, wanted: &[Operation]| {
        let found = operations(given);
        assert!(found.len() == wanted.len() && wanted.iter().all(|one| found.contains(one)), "{given}: {found:?}");
    };
    same(", operations: [read]", &[Get, List, Sync, Listen, Search]);
    same(", operations: [get, list]", &[Get, List]);
    same("", &[Create, Update, Delete, Get, List, Sync, Listen, Search]);
    for narrow in ["get", "list", "sync", "listen", "search"] {
        let problems = rules(&format!(", operations: [read, {narrow}]")).unwrap_err();
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        let place = problem.location.as_ref().unwrap();
        assert_eq!((problem.code, place.line, place.column), (Code::AMP0306, 1, 32), "{problem:?}");
        let words = format!("'{narrow}' operations are specified in addition to 'read'");
        assert!(problem.message.contains(&words), "{problem:?}");
    }
}
