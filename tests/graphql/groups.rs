//! Groups: those that rules name, and those that items name.

use std::sync::Arc;

use serde_json::{Value, json};

use super::town::{Charter, Kept, Town, assert_refused_whole, town};

static TOWN: Kept = Kept::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
type Memo @model @auth(rules: [{ allow: groups, groups: ["Editors", "Admins"] }]) { id: ID! }
type Paper @model @auth(rules: [
  { allow: groups, groups: ["Editors"], operations: [create, read] }
  { allow: groups, groups: ["Admins"], operations: [delete, read] }
]) { id: ID! }
type Role @model @auth(rules: [{ allow: groups, groups: ["Staff"], groupClaim: "roles", provider: oidc }]) { id: ID! }
type Plan @model @auth(rules: [{ allow: groups, groupsField: "teams" }]) {
  id: ID!
  teams: [String]
  text: String
}
type Task @model @auth(rules: [{ allow: groups, groupsField: "team" }]) {
  id: ID!
  team: String
  text: String
}
type Duty @model @auth(rules: [{ allow: groups, groupsField: "roles", groupClaim: "roles", provider: oidc }]) {
  id: ID!
  roles: [String]
}
"#;

fn here() -> Arc<Town> {
    let people: &[(&str, &[&str])] =
        &[("ada", &[]), ("eda", &["Editors"]), ("max", &["Admins"]), ("sue", &["Admins", "Editors"])];
    let ways: (&str, &[&str]) = ("user-pool", &["OIDC"]);
    town(&TOWN, Charter { schema: SCHEMA, ways, people, ..Charter::default() })
}

fn get(model: &str, id: &str) -> String {
    format!("{{ get{model}(id: \"{id}\") {{ id }} }}")
}

#[test]
fn item_31_members_of_a_named_group_may_do_everything_that_its_rule_says() {
    let town = here();
    for (who, may) in [("ada", false), ("eda", true), ("max", true), ("sue", true)] {
        for who in [who.to_owned(), format!("{who} id")] {
            let id = format!("s31-{}", who.replace(' ', "-"));
            let made = town.try_write(&who, "createMemo", &json!({ "id": id }), "id");
            assert_eq!(made["data"]["createMemo"]["id"] == json!(id), may, "{who}: {made}");
            assert_eq!(town.admits(&who, &get("Memo", &id)), may, "{who}");
            assert_eq!(town.admits(&who, "{ listMemos { items { id } } }"), may, "{who}");
            let update = format!("mutation {{ updateMemo(input: {{ id: \"{id}\" }}) {{ id }} }}");
            assert_eq!(town.admits(&who, &update), may, "{who}");
            assert_eq!(town.listen(&who, "subscription { onCreateMemo { id } }", &json!({})).is_ok(), may, "{who}");
            let delete = format!("mutation {{ deleteMemo(input: {{ id: \"{id}\" }}) {{ id }} }}");
            assert_eq!(town.admits(&who, &delete), may, "{who}");
        }
    }
    assert_refused_whole(&town.ask("ada", &get("Memo", "x"), &Value::Null), "getMemo", "Query");
    // Each group has what its own rule gives; whoever is in both has all of it.
    for (who, create, delete) in [("eda", true, false), ("max", false, true), ("sue", true, true)] {
        let made = town.try_write(who, "createPaper", &json!({ "id": format!("s31-{who}") }), "id");
        assert_eq!(made.get("errors").is_none(), create, "{who}: {made}");
        town.put("Paper", &json!({ "id": format!("s31-{who}"), "__typename": "Paper" }));
        assert!(town.admits(who, &get("Paper", "x")), "{who}");
        let gone = town.try_write(who, "deletePaper", &json!({ "id": format!("s31-{who}") }), "id");
        assert_eq!(gone.get("errors").is_none(), delete, "{who}: {gone}");
    }
}

#[test]
fn item_31_a_claim_may_hold_a_list_or_its_text() {
    let town = here();
    let query = get("Role", "x");
    let refused = json!({ "getRole": null });
    for (roles, may) in [
        (json!(["Other", "Staff"]), true),
        (json!("[\"Other\",\"Staff\"]"), true),
        (json!("Staff"), true),
        (json!(["Staffer"]), false),
        (json!("[\"Staffer\"]"), false),
        (json!("My Staff"), false),
        (json!("[]"), false),
        (json!([]), false),
        (Value::Null, false),
    ] {
        let caller = town.token(&json!({ "sub": "o", "roles": roles }));
        let answer = town.send(&caller, &query, &Value::Null).json();
        assert_eq!(answer["data"], refused, "{roles}: {answer}");
        assert_eq!(answer.get("errors").is_none(), may, "{roles}: {answer}");
    }
    // The pool's own claim counts only where the rule does not name another.
    let pool_groups = town.token(&json!({ "sub": "o", "cognito:groups": ["Staff"] }));
    assert_refused_whole(&town.send(&pool_groups, &query, &Value::Null).json(), "getRole", "Query");
}

#[test]
fn item_32_items_name_groups_in_a_list_or_in_a_single_field() {
    let town = here();
    for (model, list) in [("Plan", true), ("Task", false)] {
        let field = if list { "teams" } else { "team" };
        let naming = |group: &str| if list { json!(["Other", group]) } else { json!(group) };
        for group in ["Editors", "Admins", "Nobody", "Editorsx"] {
            town.put(model, &json!({ "id": format!("g32-{group}"), "__typename": model, field: naming(group) }));
        }
        town.put(model, &json!({ "id": "g32-none", "__typename": model }));
        let both = ["g32-Admins", "g32-Editors"];
        for (who, sees) in [("eda", &["g32-Editors"][..]), ("max", &["g32-Admins"]), ("sue", &both)] {
            let list = format!("list{model}s(filter: {{ id: {{ beginsWith: \"g32\" }} }})");
            assert_eq!(town.ids(who, &list), sees, "{who}");
            for id in ["g32-Editors", "g32-Admins", "g32-Nobody", "g32-Editorsx", "g32-none"] {
                assert_eq!(town.admits(who, &get(model, id)), sees.contains(&id), "{who} {id}");
                let change =
                    format!("mutation {{ update{model}(input: {{ id: \"{id}\", text: \"{who}\" }}) {{ id }} }}");
                assert_eq!(town.admits(who, &change), sees.contains(&id), "{who} {id}");
            }
        }
        // Whoever is in no group is refused, lists included.
        let page = format!("list{model}s");
        assert_refused_whole(
            &town.ask("ada", &format!("{{ {page} {{ items {{ id }} }} }}"), &Value::Null),
            &page,
            "Query",
        );
        // A new item must name one of the creator's groups.
        let create = format!("create{model}");
        let make = |who: &str, groups: Option<Value>| {
            let mut input = json!({ "id": format!("n32-{who}") });
            if let Some(groups) = groups {
                input[field] = groups;
            }
            town.try_write(who, &create, &input, "id")
        };
        for groups in [None, Some(Value::Null), Some(naming("Admins")), Some(naming("Editorsx"))] {
            assert_refused_whole(&make("eda", groups), &create, "Mutation");
        }
        if list {
            assert_refused_whole(&make("eda", Some(json!([]))), &create, "Mutation");
        }
        assert_refused_whole(&make("ada", Some(naming("Editors"))), &create, "Mutation");
        assert!(make("eda", Some(naming("Editors"))).get("errors").is_none());
        assert!(make("sue", Some(naming("Admins"))).get("errors").is_none());
        // The item may be given to other groups, and then it is theirs.
        let given = json!({ "id": "n32-eda", field: naming("Admins") });
        assert!(town.try_write("eda", &format!("update{model}"), &given, "id").get("errors").is_none());
        let delete = format!("delete{model}");
        assert_refused_whole(&town.try_write("eda", &delete, &json!({ "id": "n32-eda" }), "id"), &delete, "Mutation");
        assert!(town.try_write("max", &delete, &json!({ "id": "n32-eda" }), "id").get("errors").is_none());
    }
}

#[test]
fn item_32_the_groups_of_another_claim() {
    let town = here();
    town.put("Duty", &json!({ "id": "c32", "__typename": "Duty", "roles": ["Guards"] }));
    for (roles, sees) in
        [(json!(["Guards"]), 1), (json!("[\"Cooks\",\"Guards\"]"), 1), (json!("Guards"), 1), (json!(["Cooks"]), 0)]
    {
        let caller = town.token(&json!({ "sub": "o", "roles": roles }));
        let answer = town.send(&caller, "{ listDuties { items { id } } }", &Value::Null).json();
        assert_eq!(answer["data"]["listDuties"]["items"].as_array().map(Vec::len), Some(sees), "{roles}: {answer}");
    }
}
