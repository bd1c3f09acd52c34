//! Owners: who they are, how items name them, what they may do.

use std::sync::Arc;

use ampup::category::api::compile::{CompileOptions, SchemaSource, compile};
use ampup::category::api::plan::Allow;
use serde_json::{Value, json};

use super::town::{Charter, Kept, Town, assert_refused_whole, town};

static TOWN: Kept = Kept::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
type Note @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  text: String
  kind: String @index(name: "byKind", queryField: "notesByKind")
}
type Badge @model @auth(rules: [{ allow: owner, identityClaim: "sub" }]) { id: ID! }
type Card @model @auth(rules: [{ allow: owner, identityClaim: "username" }]) { id: ID! }
type Letter @model @auth(rules: [{ allow: owner, identityClaim: "email" }]) { id: ID! }
type Paper @model @auth(rules: [{ allow: owner, ownerField: "author" }, { allow: public, operations: [read] }]) {
  id: ID!
  author: String
  text: String
}
type Team @model @auth(rules: [{ allow: owner, ownerField: "members" }, { allow: public, operations: [read] }]) {
  id: ID!
  members: [String]
  text: String
}
type Deal @model @auth(rules: [
  { allow: owner, ownerField: "seller" }
  { allow: owner, ownerField: "buyer", operations: [read, update] }
]) {
  id: ID!
  seller: String
  buyer: String
  price: Int
}
type Kept @model @auth(rules: [{ allow: owner }, { allow: private, operations: [read] }]) {
  id: ID!
  text: String
  owner: String @auth(rules: [{ allow: owner, operations: [read, delete] }, { allow: private, operations: [read] }])
}
type Folder @model @auth(rules: [{ allow: owner }]) {
  owner: String! @primaryKey(sortKeyFields: ["name"])
  name: String!
}
"#;

fn here() -> Arc<Town> {
    let people: &[(&str, &[&str])] = &[("ada", &[]), ("bob", &[]), ("eve", &[])];
    let ways: (&str, &[&str]) = ("user-pool", &["api-key"]);
    town(&TOWN, Charter { schema: SCHEMA, ways, people, ..Charter::default() })
}

/// The ids of a list that begin with a mark.
fn marked(town: &Town, who: &str, list: &str, mark: &str) -> Vec<String> {
    town.ids(who, list).into_iter().filter(|id| id.starts_with(mark)).collect()
}

/// Whether somebody gets an item, changes it and finds it in the list: all of it or nothing.
fn owns(town: &Town, who: &str, model: &str, id: &str) -> bool {
    let found = [
        town.admits(who, &format!("{{ get{model}(id: \"{id}\") {{ id }} }}")),
        town.admits(who, &format!("mutation {{ update{model}(input: {{ id: \"{id}\" }}) {{ id }} }}")),
        town.ids(who, &format!("list{model}s")).iter().any(|own| own == id),
    ];
    assert!(found.iter().all(|one| *one == found[0]), "{who} {model} {id}: {found:?}");
    found[0]
}

#[test]
fn item_27_an_owner_is_stored_whole_and_matched_by_each_part() {
    let town = here();
    let ada = town.person("ada");
    assert_ne!(ada.sub, ada.username);
    let made = town.write("ada", "createNote", &json!({ "id": "w27", "text": "t" }), "id owner");
    assert_eq!(made, json!({ "id": "w27", "owner": "ada" }));
    assert_eq!(town.stored("Note", "w27", "owner"), json!({ "S": ada.owner() }));
    // The pair, the subject alone, the user name alone.
    for (id, owner) in [("w27-pair", ada.owner()), ("w27-sub", ada.sub.clone()), ("w27-name", ada.username.clone())] {
        town.put("Note", &json!({ "id": id, "__typename": "Note", "owner": owner }));
        assert!(owns(&town, "ada", "Note", id), "{owner}");
        assert!(owns(&town, "ada id", "Note", id), "{owner}, with an ID token");
        assert!(!owns(&town, "bob", "Note", id), "{owner}");
        assert!(town.admits("ada", &format!("mutation {{ deleteNote(input: {{ id: \"{id}\" }}) {{ id }} }}")));
    }
    let bob = town.person("bob");
    for (id, owner) in [
        ("w27-both", format!("{}::{}", ada.sub, bob.username)),
        ("w27-part", format!("{}::", ada.sub)),
        ("w27-more", format!("{}x", ada.username)),
        ("w27-none", String::new()),
    ] {
        town.put("Note", &json!({ "id": id, "__typename": "Note", "owner": owner }));
        assert!(!owns(&town, "ada", "Note", id), "{owner}");
    }
}

#[test]
fn item_27_an_owner_is_shown_without_what_stands_before_the_last_colons() {
    let town = here();
    for (id, stored, shown) in [
        ("s27-1", json!("a::b"), json!("b")),
        ("s27-2", json!("a::b::c"), json!("c")),
        ("s27-3", json!("plain"), json!("plain")),
        ("s27-4", Value::Null, Value::Null),
        ("s27-5", json!("a:b"), json!("a:b")),
    ] {
        town.put("Paper", &json!({ "id": id, "__typename": "Paper", "author": stored }));
        let got = town.value("key", &format!("{{ getPaper(id: \"{id}\") {{ author }} }}"), &Value::Null);
        assert_eq!(got, json!({ "author": shown }), "{stored}");
        let list = format!("{{ listPapers(filter: {{ id: {{ eq: \"{id}\" }} }}) {{ items {{ by: author }} }} }}");
        assert_eq!(town.value("key", &list, &Value::Null)["items"], json!([{ "by": shown }]), "{stored}");
    }
    town.put("Team", &json!({ "id": "s27", "__typename": "Team", "members": ["a::b", "c"] }));
    let got = town.value("key", "{ getTeam(id: \"s27\") { members } }", &Value::Null);
    assert_eq!(got, json!({ "members": ["b", "c"] }));
}

#[test]
fn item_27_a_rule_may_name_the_claim() {
    let town = here();
    let ada = town.person("ada");
    for (model, who, stored, not) in [
        ("Badge", "ada", ada.sub.clone(), ada.username.clone()),
        ("Card", "ada", ada.username.clone(), ada.sub.clone()),
        ("Card", "ada id", ada.username.clone(), ada.sub.clone()),
        ("Letter", "ada id", "ada@example.com".to_owned(), ada.username.clone()),
    ] {
        let id = format!("c27-{}", who.replace(' ', "-"));
        let made = town.write(who, &format!("create{model}"), &json!({ "id": id }), "id owner");
        assert_eq!(made, json!({ "id": id, "owner": stored }), "{model}");
        assert_eq!(town.stored(model, &id, "owner"), json!({ "S": stored }), "{model}");
        assert!(owns(&town, who, model, &id) && !owns(&town, "bob id", model, &id), "{model}");
        for other in [not, ada.owner()] {
            town.put(model, &json!({ "id": "c27-other", "__typename": model, "owner": other }));
            assert!(!owns(&town, who, model, "c27-other"), "{model} {other}");
        }
    }
    // An access token has no e-mail: whoever comes with one is nobody.
    let create = town.try_write("ada", "createLetter", &json!({ "id": "c27-nobody" }), "id");
    assert_refused_whole(&create, "createLetter", "Mutation");
    assert_refused_whole(&town.ask("ada", "{ listLetters { items { id } } }", &Value::Null), "listLetters", "Query");
}

#[test]
fn item_27_older_projects_know_owners_by_the_user_name() {
    let schema = "type Note @model @auth(rules: [{ allow: owner }]) { id: ID! }";
    let claims = |sub: bool| {
        let options = json!({ "defaultAuth": "AMAZON_COGNITO_USER_POOLS",
            "params": { "useSubUsernameForDefaultIdentityClaim": sub } });
        let options = CompileOptions::parse("options.json", &options.to_string()).unwrap();
        let plan = compile(&SchemaSource { path: "schema.graphql", text: schema }, &options).unwrap();
        match &plan.models["Note"].rules[0].allow {
            Allow::Owner { claims, .. } => claims.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        (claims(true), claims(false)),
        (vec!["sub".to_owned(), "username".to_owned()], vec!["username".to_owned()])
    );
}

#[test]
fn item_28_whoever_creates_is_the_owner_and_in_nobody_elses_name() {
    let town = here();
    let ada = town.person("ada");
    let paper = |id: &str, author: Option<Value>| {
        let mut input = json!({ "id": id, "text": "t" });
        if let Some(author) = author {
            input["author"] = author;
        }
        town.try_write("ada", "createPaper", &input, "author")
    };
    assert_eq!(paper("o28-absent", None), json!({ "data": { "createPaper": { "author": "ada" } } }));
    assert_eq!(town.stored("Paper", "o28-absent", "author"), json!({ "S": ada.owner() }));
    for (id, author) in [("o28-pair", ada.owner()), ("o28-sub", ada.sub.clone()), ("o28-name", ada.username.clone())] {
        assert!(paper(id, Some(json!(author))).get("errors").is_none(), "{author}");
        assert_eq!(town.stored("Paper", id, "author"), json!({ "S": author }), "as it was given");
    }
    let bob = town.person("bob");
    let mixed = format!("{}::{}", ada.sub, bob.username);
    for author in [json!(bob.username), json!(bob.owner()), json!(mixed), json!(""), Value::Null] {
        assert_refused_whole(&paper("o28-other", Some(author.clone())), "createPaper", "Mutation");
        assert_eq!(town.stored("Paper", "o28-other", "id"), Value::Null, "{author}");
    }
}

#[test]
fn item_28_others_may_not_change_and_do_not_see() {
    let town = here();
    town.write("ada", "createNote", &json!({ "id": "p28-a", "text": "a", "kind": "k28" }), "id");
    town.write("bob", "createNote", &json!({ "id": "p28-b", "text": "b", "kind": "k28" }), "id");
    let update = json!({ "id": "p28-a", "text": "changed" });
    assert_refused_whole(&town.try_write("bob", "updateNote", &update, "id"), "updateNote", "Mutation");
    assert_refused_whole(
        &town.try_write("bob", "deleteNote", &json!({ "id": "p28-a" }), "id"),
        "deleteNote",
        "Mutation",
    );
    assert_eq!(town.stored("Note", "p28-a", "text"), json!({ "S": "a" }));
    // A condition does not tell others what the item holds.
    let guess = |field: &str, value: &str| {
        let query = format!(
            "mutation {{ {field}(input: {{ id: \"p28-a\" }}, condition: {{ text: {{ eq: \"{value}\" }} }}) {{ id }} }}"
        );
        town.ask("bob", &query, &Value::Null)
    };
    for field in ["updateNote", "deleteNote"] {
        assert_refused_whole(&guess(field, "a"), field, "Mutation");
        assert_refused_whole(&guess(field, "x"), field, "Mutation");
    }
    // What is not there belongs to nobody.
    for field in ["updateNote", "deleteNote"] {
        let absent = town.try_write("bob", field, &json!({ "id": "p28-nobody" }), "id");
        assert_refused_whole(&absent, field, "Mutation");
    }
    for (who, own) in [("ada", ["p28-a"]), ("bob", ["p28-b"])] {
        assert_eq!(marked(&town, who, "listNotes", "p28"), own, "{who}");
        assert_eq!(town.ids(who, "notesByKind(kind: \"k28\")"), own, "{who}");
        assert_eq!(marked(&town, who, "listNotes(filter: { text: { ne: \"\" } })", "p28"), own, "{who}");
        let or = "listNotes(filter: { or: [{ text: { eq: \"a\" } }, { text: { eq: \"b\" } }] })";
        assert_eq!(marked(&town, who, or, "p28"), own, "an alternative of the caller's is none to the rule");
    }
    assert_eq!(town.write("ada", "updateNote", &update, "text owner"), json!({ "text": "changed", "owner": "ada" }));
    assert_eq!(town.write("ada", "deleteNote", &json!({ "id": "p28-a" }), "text owner")["owner"], "ada");
}

#[test]
fn item_28_an_owner_that_is_the_partition_key() {
    let town = here();
    let (ada, bob) = (town.person("ada"), town.person("bob"));
    for (person, name) in [(ada, "one"), (ada, "two"), (bob, "one")] {
        town.put("Folder", &json!({ "owner": person.owner(), "name": name, "__typename": "Folder" }));
    }
    let list = |who: &str, arguments: &str| {
        town.ask(who, &format!("{{ listFolders{arguments} {{ items {{ name owner }} }} }}"), &Value::Null)
    };
    let mine = json!([{ "name": "one", "owner": "ada" }, { "name": "two", "owner": "ada" }]);
    assert_eq!(list("ada", "")["data"]["listFolders"]["items"], mine);
    assert_eq!(list("ada", &format!("(owner: {:?})", ada.owner()))["data"]["listFolders"]["items"], mine);
    assert_refused_whole(&list("ada", &format!("(owner: {:?})", bob.owner())), "listFolders", "Query");
}

#[test]
fn item_29_each_of_several_owners_may_act() {
    let town = here();
    let ada = town.person("ada");
    let made = town.write("ada", "createTeam", &json!({ "id": "m29" }), "members");
    assert_eq!(made, json!({ "members": ["ada"] }), "the caller is put in");
    assert_eq!(town.stored("Team", "m29", "members"), json!({ "L": [{ "S": ada.owner() }] }));
    let both = json!({ "id": "m29-both", "members": ["bob", "ada"] });
    assert_eq!(town.write("ada", "createTeam", &both, "members"), json!({ "members": ["bob", "ada"] }));
    for members in [json!(["bob"]), json!([]), json!(["adam", "da"]), Value::Null] {
        let refused = town.try_write("ada", "createTeam", &json!({ "id": "m29-others", "members": members }), "id");
        assert_refused_whole(&refused, "createTeam", "Mutation");
    }
    for (who, may) in [("ada", true), ("bob", true), ("eve", false)] {
        let update = json!({ "id": "m29-both", "text": who });
        let answer = town.try_write(who, "updateTeam", &update, "text");
        assert_eq!(answer.get("errors").is_none(), may, "{who}: {answer}");
        assert_eq!(marked(&town, who, "listTeams", "m29-both").len(), usize::from(may), "{who}");
    }
    // Whoever leaves has no more to say.
    town.write("bob", "updateTeam", &json!({ "id": "m29-both", "members": ["ada"] }), "id");
    let gone = town.try_write("bob", "updateTeam", &json!({ "id": "m29-both", "text": "again" }), "text");
    assert_refused_whole(&gone, "updateTeam", "Mutation");
    assert_refused_whole(
        &town.try_write("bob", "deleteTeam", &json!({ "id": "m29-both" }), "id"),
        "deleteTeam",
        "Mutation",
    );
    assert_eq!(town.write("ada", "deleteTeam", &json!({ "id": "m29-both" }), "members"), json!({ "members": ["ada"] }));
}

#[test]
fn item_30_owners_in_several_fields_are_alternatives() {
    let town = here();
    let made = town.write("ada", "createDeal", &json!({ "id": "d30", "buyer": "bob", "price": 3 }), "seller buyer");
    assert_eq!(made, json!({ "seller": "ada", "buyer": "bob" }));
    // The rule of the buyer does not create, so nobody becomes one by creating.
    let alone = town.write("ada", "createDeal", &json!({ "id": "d30-alone" }), "seller buyer");
    assert_eq!(alone, json!({ "seller": "ada", "buyer": null }));
    let as_buyer =
        town.try_write("bob", "createDeal", &json!({ "id": "d30-x", "seller": "ada", "buyer": "bob" }), "id");
    assert_refused_whole(&as_buyer, "createDeal", "Mutation");
    for (who, list, update, delete) in [
        ("eve", &[][..], false, false),
        ("bob", &["d30"][..], true, false),
        ("ada", &["d30", "d30-alone"][..], true, true),
    ] {
        assert_eq!(marked(&town, who, "listDeals", "d30"), list, "{who}");
        assert_eq!(town.admits(who, "{ getDeal(id: \"d30\") { price } }"), !list.is_empty(), "{who}");
        let change = "mutation { updateDeal(input: { id: \"d30\", price: 4 }) { price } }";
        assert_eq!(town.admits(who, change), update, "{who}");
        assert_eq!(town.admits(who, "mutation { deleteDeal(input: { id: \"d30\" }) { id } }"), delete, "{who}");
    }
    let arguments = town.value(
        "ada",
        "{ __type(name: \"Subscription\") { fields { name args { name type { name } } } } }",
        &Value::Null,
    );
    let of = arguments["fields"].as_array().unwrap().iter().find(|field| field["name"] == "onUpdateDeal").unwrap();
    for owner in ["seller", "buyer"] {
        let argument = json!({ "name": owner, "type": { "name": "String" } });
        assert!(of["args"].as_array().unwrap().contains(&argument), "{of}");
    }
    // Each rule gives a filter and an argument of its own.
    town.write("ada", "createDeal", &json!({ "id": "d30-live", "buyer": "bob" }), "id");
    let listen = |who: &str, arguments: &str| {
        town.listen(who, &format!("subscription {{ onUpdateDeal{arguments} {{ id price }} }}"), &json!({}))
    };
    let mut sockets: Vec<_> =
        [("ada", ""), ("bob", ""), ("eve", ""), ("ada", "(seller: \"ada\")"), ("bob", "(buyer: \"bob\")")]
            .into_iter()
            .map(|(who, arguments)| listen(who, arguments).unwrap_or_else(|error| panic!("{who}{arguments}: {error}")))
            .collect();
    for (who, arguments) in [("ada", "(seller: \"bob\")"), ("bob", "(buyer: \"ada\")"), ("eve", "(seller: \"ada\")")] {
        let error = listen(who, arguments).err().unwrap_or_else(|| panic!("{who}{arguments} should be refused"));
        assert_eq!(error["errorType"], "Unauthorized", "{who}{arguments}: {error}");
    }
    town.write("bob", "updateDeal", &json!({ "id": "d30-live", "price": 5 }), "id price seller buyer");
    let counts: Vec<usize> = sockets.iter_mut().map(|socket| socket.stop().len()).collect();
    assert_eq!(counts, [1, 1, 0, 1, 1]);
}

#[test]
fn an_owner_that_may_not_be_given_away() {
    let town = here();
    let made = town.write("ada", "createKept", &json!({ "id": "k", "text": "t" }), "id owner");
    assert_eq!(made, json!({ "id": "k", "owner": "ada" }), "filled in, though nobody may set it");
    let ada = town.person("ada");
    let given = town.try_write("ada", "createKept", &json!({ "id": "k2", "owner": ada.owner() }), "id");
    assert_eq!(given["errors"][0]["message"], "Unauthorized on [owner]", "{given}");
    for owner in [json!("bob"), Value::Null] {
        let moved = town.try_write("ada", "updateKept", &json!({ "id": "k", "owner": owner }), "id");
        assert_eq!(moved["errors"][0]["message"], "Unauthorized on [owner]", "{moved}");
    }
    assert_eq!(town.write("ada", "updateKept", &json!({ "id": "k", "text": "u" }), "text"), json!({ "text": "u" }));
    assert_eq!(
        town.value("bob", "{ getKept(id: \"k\") { text owner } }", &Value::Null),
        json!({ "text": "u", "owner": "ada" })
    );
    assert_refused_whole(
        &town.try_write("bob", "updateKept", &json!({ "id": "k", "text": "v" }), "id"),
        "updateKept",
        "Mutation",
    );
    assert_eq!(town.write("ada", "deleteKept", &json!({ "id": "k" }), "id"), json!({ "id": "k" }));
}
