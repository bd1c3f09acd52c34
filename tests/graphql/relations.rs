//! Relations: what stands behind them, and to whom.

use std::sync::Arc;

use serde_json::{Value, json};

use super::town::{Charter, Kept, Town, assert_refused, assert_refused_whole, errors, refusal, town};

static TOWN: Kept = Kept::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
type Author @model @auth(rules: [{ allow: private }]) {
  id: ID!
  name: String
  code: String
  posts: [Post] @hasMany(limit: 3)
  pages: [Page] @hasMany(indexName: "byCode", fields: ["code"])
  diaries: [Diary] @hasMany(references: ["authorId"])
  coins: [Coin] @hasMany
  vault: Vault @hasOne
  desk: Desk @hasOne
}
type Post @model @auth(rules: [{ allow: private }]) {
  id: ID!
  title: String
  author: Author @belongsTo
}
type Page @model @auth(rules: [{ allow: private }]) {
  id: ID!
  code: String @index(name: "byCode", sortKeyFields: ["number"])
  number: Int!
  text: String
}
type Diary @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  authorId: ID
  text: String
  author: Author @belongsTo(references: ["authorId"])
}
type Coin @model @auth(rules: [{ allow: groups, groups: ["Staff"] }]) { id: ID! worth: Int }
type Vault @model @auth(rules: [{ allow: groups, groups: ["Staff"] }]) { id: ID! gold: Int }
type Desk @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  wood: String
  note: Note @hasOne(references: ["deskId"])
}
type Note @model @auth(rules: [{ allow: private }]) {
  id: ID!
  deskId: ID
  desk: Desk @belongsTo(references: ["deskId"])
}
type Box @model @auth(rules: [{ allow: private }, { allow: owner }]) {
  id: ID!
  things: [Thing] @hasMany(references: ["boxId"]) @auth(rules: [{ allow: owner }])
  coins: [Coin] @hasMany @auth(rules: [{ allow: owner }])
  lid: Lid @hasOne(references: ["boxId"]) @auth(rules: [{ allow: groups, groups: ["Staff"] }])
}
type Thing @model @auth(rules: [{ allow: private }]) { id: ID! boxId: ID box: Box @belongsTo(references: ["boxId"]) }
type Lid @model @auth(rules: [{ allow: private }]) { id: ID! boxId: ID box: Box @belongsTo(references: ["boxId"]) }
type Loose @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  text: String
}
type Crew @model @auth(rules: [{ allow: groups, groupsField: "team" }]) {
  id: ID!
  team: String
}
"#;

fn here() -> Arc<Town> {
    let people: &[(&str, &[&str])] = &[("ada", &[]), ("bob", &[]), ("zoe", &["Staff"])];
    town(&TOWN, Charter { schema: SCHEMA, ways: ("user-pool", &[]), people, ..Charter::default() })
}

#[test]
fn item_02_what_the_rules_hide_is_refused_and_what_is_absent_is_null() {
    let town = here();
    town.write("ada", "createLoose", &json!({ "id": "r02", "text": "mine" }), "id");
    let read = |who: &str, id: &str| town.ask(who, &format!("{{ getLoose(id: \"{id}\") {{ text }} }}"), &Value::Null);
    assert_eq!(read("ada", "r02"), json!({ "data": { "getLoose": { "text": "mine" } } }));
    assert_refused_whole(&read("bob", "r02"), "getLoose", "Query");
    assert_eq!(read("bob", "nobody"), json!({ "data": { "getLoose": null } }));
    // An item without any owner is nobody's.
    town.put("Loose", &json!({ "id": "r02-free", "__typename": "Loose", "text": "free" }));
    assert_refused_whole(&read("ada", "r02-free"), "getLoose", "Query");
    // The same by groups that the item names; whoever is in no group at all is refused before anything is read.
    town.put("Crew", &json!({ "id": "r02", "__typename": "Crew", "team": "Staff" }));
    town.put("Crew", &json!({ "id": "r02-other", "__typename": "Crew", "team": "Others" }));
    let crew = |who: &str, id: &str| town.ask(who, &format!("{{ getCrew(id: \"{id}\") {{ team }} }}"), &Value::Null);
    assert_eq!(crew("zoe", "r02"), json!({ "data": { "getCrew": { "team": "Staff" } } }));
    assert_refused_whole(&crew("zoe", "r02-other"), "getCrew", "Query");
    assert_eq!(crew("zoe", "nobody"), json!({ "data": { "getCrew": null } }));
    assert_refused_whole(&crew("ada", "nobody"), "getCrew", "Query");
}

#[test]
fn item_21_many_are_queried_by_the_key_of_the_parent() {
    let town = here();
    town.write("ada", "createAuthor", &json!({ "id": "r21", "code": "c21" }), "id");
    town.write("ada", "createAuthor", &json!({ "id": "r21-none" }), "id");
    for number in 0..105 {
        let page = json!({ "id": format!("r21-{number}"), "code": "c21", "number": number, "text": "t" });
        town.put("Page", &page);
    }
    town.put("Page", &json!({ "id": "r21-other", "code": "c21-other", "number": 1 }));
    let pages = |arguments: &str| {
        let query = format!("{{ getAuthor(id: \"r21\") {{ pages{arguments} {{ items {{ number }} nextToken }} }} }}");
        let page = town.value("ada", &query, &Value::Null)["pages"].clone();
        let numbers: Vec<i64> =
            page["items"].as_array().unwrap().iter().map(|item| item["number"].as_i64().unwrap()).collect();
        (numbers, page["nextToken"].as_str().map(str::to_owned))
    };
    let (first, token) = pages("");
    assert_eq!(first, (0..100).collect::<Vec<i64>>(), "the default limit");
    let token = token.unwrap();
    assert_eq!(pages(&format!("(nextToken: {token:?})")), ((100..105).collect(), None));
    assert_eq!(pages("(sortDirection: DESC, limit: 2)").0, [104, 103]);
    assert_eq!(pages("(number: { between: [3, 5] })"), (vec![3, 4, 5], None));
    assert_eq!(pages("(number: { lt: 4 }, filter: { id: { eq: \"r21-2\" } })"), (vec![2], None));
    // The directive's own limit, and the caller's.
    for number in 0..5 {
        let post = json!({ "id": format!("r21-{number}"), "authorPostsId": "r21" });
        town.write("ada", "createPost", &post, "id");
    }
    let posts = |arguments: &str| {
        let query = format!("{{ getAuthor(id: \"r21\") {{ posts{arguments} {{ items {{ id }} nextToken }} }} }}");
        let page = town.value("ada", &query, &Value::Null)["posts"].clone();
        (page["items"].as_array().unwrap().len(), page["nextToken"].is_string())
    };
    assert_eq!((posts(""), posts("(limit: 10)"), posts("(limit: 2)")), ((3, true), (5, false), (2, true)));
    // A parent without the key has none.
    let none = town.ask("ada", "{ getAuthor(id: \"r21-none\") { pages { items { id } nextToken } } }", &Value::Null);
    assert_eq!(none, json!({ "data": { "getAuthor": { "pages": { "items": [], "nextToken": null } } } }));
}

#[test]
fn item_22_one_is_looked_up_by_the_stored_key() {
    let town = here();
    town.write("zoe", "createVault", &json!({ "id": "r22", "gold": 7 }), "id");
    town.write("ada", "createDesk", &json!({ "id": "r22", "wood": "oak" }), "id");
    let author = json!({ "id": "r22", "name": "Ann", "authorVaultId": "r22", "authorDeskId": "r22" });
    town.write("ada", "createAuthor", &author, "id");
    town.write("ada", "createAuthor", &json!({ "id": "r22-bare" }), "id");
    for (id, of) in [("r22", json!("r22")), ("r22-lost", json!("nobody")), ("r22-bare", Value::Null)] {
        town.write("ada", "createPost", &json!({ "id": id, "authorPostsId": of }), "id");
    }
    let post =
        |id: &str| town.ask("ada", &format!("{{ getPost(id: \"{id}\") {{ author {{ name }} }} }}"), &Value::Null);
    assert_eq!(post("r22"), json!({ "data": { "getPost": { "author": { "name": "Ann" } } } }));
    for absent in ["r22-lost", "r22-bare"] {
        assert_eq!(post(absent), json!({ "data": { "getPost": { "author": null } } }), "{absent}");
    }
    // hasOne by a field of its own.
    let query = |id: &str| format!("{{ getAuthor(id: \"{id}\") {{ id desk {{ wood }} }} }}");
    let ada = town.ask("ada", &query("r22"), &Value::Null);
    assert_eq!(ada, json!({ "data": { "getAuthor": { "id": "r22", "desk": { "wood": "oak" } } } }));
    let bare = town.ask("ada", &query("r22-bare"), &Value::Null);
    assert_eq!(bare, json!({ "data": { "getAuthor": { "id": "r22-bare", "desk": null } } }));
    let bob = town.ask("bob", &query("r22"), &Value::Null);
    let refused = [(json!(["getAuthor", "desk"]), "Author")];
    assert_refused(&bob, &json!({ "getAuthor": { "id": "r22", "desk": null } }), &refused);
    // belongsTo and hasOne by references.
    town.write("ada", "createNote", &json!({ "id": "r22", "deskId": "r22" }), "id");
    let query = "{ getNote(id: \"r22\") { id desk { wood note { id } } } }";
    let ada = town.value("ada", query, &Value::Null);
    assert_eq!(ada, json!({ "id": "r22", "desk": { "wood": "oak", "note": { "id": "r22" } } }));
    let bob = town.ask("bob", query, &Value::Null);
    assert_refused(&bob, &json!({ "getNote": { "id": "r22", "desk": null } }), &[(json!(["getNote", "desk"]), "Note")]);
}

#[test]
fn item_23_relations_follow_the_rules_of_the_related_model() {
    let town = here();
    town.write("zoe", "createVault", &json!({ "id": "r23", "gold": 1 }), "id");
    town.write("ada", "createAuthor", &json!({ "id": "r23", "name": "Ann", "authorVaultId": "r23" }), "id");
    town.write("zoe", "createCoin", &json!({ "id": "r23", "worth": 2, "authorCoinsId": "r23" }), "id");
    town.write("ada", "createDiary", &json!({ "id": "r23-a", "authorId": "r23", "text": "a" }), "id");
    town.write("bob", "createDiary", &json!({ "id": "r23-b", "authorId": "r23", "text": "b" }), "id");
    let query =
        "{ getAuthor(id: \"r23\") { name vault { gold } coins { items { worth } } diaries { items { text } } } }";
    let staff = town.value("zoe", query, &Value::Null);
    let found = json!({ "name": "Ann", "vault": { "gold": 1 }, "coins": { "items": [{ "worth": 2 }] },
        "diaries": { "items": [] } });
    assert_eq!(staff, found);
    for (who, own) in [("ada", "a"), ("bob", "b")] {
        let answer = town.ask(who, query, &Value::Null);
        let data = json!({ "getAuthor": {
            "name": "Ann", "vault": null, "coins": null, "diaries": { "items": [{ "text": own }] },
        } });
        let refused = [(json!(["getAuthor", "vault"]), "Author"), (json!(["getAuthor", "coins"]), "Author")];
        assert_refused(&answer, &data, &refused);
    }
    // Within lists, and under other names: the path has these, the message the field's own.
    let nested =
        "{ all: listPosts(filter: { id: { eq: \"r23\" } }) { items { by: author { safe: vault { gold } } } } }";
    town.write("ada", "createPost", &json!({ "id": "r23", "authorPostsId": "r23" }), "id");
    let answer = town.ask("ada", nested, &Value::Null);
    assert_eq!(answer["data"], json!({ "all": { "items": [{ "by": { "safe": null } }] } }), "{answer}");
    let mut wanted = refusal(&json!(["all", "items", 0, "by", "safe"]), "Author");
    wanted["message"] = json!("Not Authorized to access vault on type Author");
    assert_eq!(errors(&answer), [wanted]);
    // A fragment is no way around.
    let fragment =
        "query { getAuthor(id: \"r23\") { ...F } } fragment F on Author { ... on Author { vault { gold } } }";
    let answer = town.ask("bob", fragment, &Value::Null);
    assert_refused(&answer, &json!({ "getAuthor": { "vault": null } }), &[(json!(["getAuthor", "vault"]), "Author")]);
}

#[test]
fn item_24_mutations_do_not_give_relations_that_subscribers_may_not_see() {
    let town = here();
    town.write("zoe", "createVault", &json!({ "id": "r24", "gold": 9 }), "id");
    let author = json!({ "id": "r24", "name": "Ann", "code": "c24", "authorVaultId": "r24" });
    town.write("zoe", "createAuthor", &author, "id");
    town.write("zoe", "createCoin", &json!({ "id": "r24", "worth": 2, "authorCoinsId": "r24" }), "id");
    town.write("zoe", "createDiary", &json!({ "id": "r24", "authorId": "r24" }), "id");
    town.write("zoe", "createPost", &json!({ "id": "r24", "title": "P", "authorPostsId": "r24" }), "id");
    town.write("zoe", "createPage", &json!({ "id": "r24", "number": 1, "code": "c24" }), "id");
    let selection = "id name vault { gold } coins { items { worth } nextToken } diaries { items { id } } \
                     posts { items { title } } pages { items { number } }";
    let open = json!({ "id": "r24", "name": "Bea", "posts": { "items": [{ "title": "P" }] }, "pages": { "items": [{ "number": 1 }] } });
    let with = |vault: Value, coins: Value, diaries: Value| {
        let mut all = open.clone();
        (all["vault"], all["coins"], all["diaries"]) = (vault, coins, diaries);
        all
    };
    let query = format!("subscription {{ onUpdateAuthor(filter: {{ id: {{ eq: \"r24\" }} }}) {{ {selection} }} }}");
    let mut socket = town.listen("bob", &query, &json!({})).unwrap();
    // Whoever may read them gets them by a query, and nothing by a mutation, without an error.
    let update = json!({ "id": "r24", "name": "Bea" });
    let changed = town.write("zoe", "updateAuthor", &update, selection);
    let empty = json!({ "items": [] });
    let none = with(Value::Null, json!({ "items": [], "nextToken": null }), empty.clone());
    assert_eq!(changed, none);
    let read = town.value("zoe", &format!("{{ getAuthor(id: \"r24\") {{ {selection} }} }}"), &Value::Null);
    let coins = json!({ "items": [{ "worth": 2 }], "nextToken": null });
    assert_eq!(read, with(json!({ "gold": 9 }), coins, json!({ "items": [{ "id": "r24" }] })));
    assert_eq!(socket.stop(), [json!({ "data": { "onUpdateAuthor": none } })]);
    // Whoever may not read them is refused there as well.
    let answer = town.try_write("ada", "updateAuthor", &update, selection);
    let data = json!({ "updateAuthor": with(Value::Null, Value::Null, empty) });
    let at = |field: &str| (json!(["updateAuthor", field]), "Author");
    assert_refused(&answer, &data, &[at("vault"), at("coins")]);
    // The same of create and delete.
    let created =
        town.write("zoe", "createAuthor", &json!({ "id": "r24-2", "authorVaultId": "r24" }), "vault { gold }");
    let deleted = town.write("zoe", "deleteAuthor", &json!({ "id": "r24-2" }), "vault { gold }");
    assert_eq!((created, deleted), (json!({ "vault": null }), json!({ "vault": null })));
}

#[test]
fn relation_fields_with_rules_of_their_own_ask_these_first() {
    let town = here();
    for (who, id) in [("ada", "own-a"), ("zoe", "own-z")] {
        town.write(who, "createBox", &json!({ "id": id }), "id");
        town.write(who, "createThing", &json!({ "id": id, "boxId": id }), "id");
        town.write(who, "createLid", &json!({ "id": id, "boxId": id }), "id");
        town.write("zoe", "createCoin", &json!({ "id": id, "worth": 1, "boxCoinsId": id }), "id");
    }
    let selection = "things { items { id } } coins { items { worth } } lid { id }";
    let ask =
        |who: &str, id: &str| town.ask(who, &format!("{{ getBox(id: \"{id}\") {{ {selection} }} }}"), &Value::Null);
    let things = |id: &str| json!({ "items": [{ "id": id }] });
    let at = |field: &str| (json!(["getBox", field]), "Box");
    // The owner has what the related models give the owner, and the group what they give the group.
    let data = json!({ "getBox": { "things": things("own-a"), "coins": null, "lid": null } });
    assert_refused(&ask("ada", "own-a"), &data, &[at("coins"), at("lid")]);
    let data = json!({ "getBox": { "things": null, "coins": null, "lid": { "id": "own-a" } } });
    assert_refused(&ask("zoe", "own-a"), &data, &[at("things"), at("coins")]);
    let all = json!({ "things": things("own-z"), "coins": { "items": [{ "worth": 1 }] }, "lid": { "id": "own-z" } });
    assert_eq!(ask("zoe", "own-z"), json!({ "data": { "getBox": all } }));
    let data = json!({ "getBox": { "things": null, "coins": null, "lid": null } });
    assert_refused(&ask("bob", "own-a"), &data, &[at("things"), at("coins"), at("lid")]);
    // By way of another item the rules are the same.
    let nested = town.ask("bob", "{ getThing(id: \"own-a\") { box { id things { items { id } } } } }", &Value::Null);
    let data = json!({ "getThing": { "box": { "id": "own-a", "things": null } } });
    assert_refused(&nested, &data, &[(json!(["getThing", "box", "things"]), "Box")]);
    // Mutations give nobody any of them.
    let changed = town.write("zoe", "updateBox", &json!({ "id": "own-z" }), selection);
    let empty = json!({ "items": [] });
    assert_eq!(changed, json!({ "things": empty, "coins": empty, "lid": null }));
}
