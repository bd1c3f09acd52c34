//! Subscriptions: who may begin one, and what it delivers.

use std::sync::Arc;

use serde_json::{Value, json};

use super::town::{Charter, Kept, Town, assert_refused_whole, town};

static TOWN: Kept = Kept::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
enum Mood { GLAD SAD }
type Open @model @auth(rules: [{ allow: public }, { allow: private }]) {
  id: ID!
  text: String
  count: Int
  weight: Float
  done: Boolean
  mood: Mood
  tags: [String]
}
type Note @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  text: String
  count: Int
}
type Team @model @auth(rules: [{ allow: owner, ownerField: "members" }]) {
  id: ID!
  members: [String]
}
type Memo @model @auth(rules: [{ allow: groups, groups: ["Staff"] }]) { id: ID! }
type Plan @model @auth(rules: [{ allow: groups, groupsField: "teams" }, { allow: groups, groups: ["Staff"] }]) {
  id: ID!
  teams: [String]
}
type Task @model @auth(rules: [{ allow: groups, groupsField: "team" }, { allow: groups, groups: ["Staff"] }]) {
  id: ID!
  team: String
}
type Mixed @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Staff"] }, { allow: public, operations: [get, listen] }]) {
  id: ID!
}
"#;

const MANY: [&str; 12] = ["G01", "G02", "G03", "G04", "G05", "G06", "G07", "G08", "G09", "G10", "G11", "G12"];

fn here() -> Arc<Town> {
    let people: &[(&str, &[&str])] =
        &[("ada", &[]), ("bob", &[]), ("max", &["Movers"]), ("many", &MANY), ("zoe", &["Staff"])];
    town(&TOWN, Charter { schema: SCHEMA, ways: ("user-pool", &["api-key"]), people, ..Charter::default() })
}

fn ids(delivered: &[Value]) -> Vec<String> {
    let id = |payload: &Value| {
        payload["data"].as_object().unwrap().values().next().unwrap()["id"].as_str().unwrap().to_owned()
    };
    delivered.iter().map(id).collect()
}

/// What of some writes each listener hears: listeners are callers with the arguments of the subscription.
fn heard(town: &Town, field: &str, listeners: &[(&str, &str)], write: impl FnOnce()) -> Vec<Vec<String>> {
    let mut sockets: Vec<_> = listeners
        .iter()
        .map(|(who, arguments)| {
            let query = format!("subscription {{ {field}{arguments} {{ id }} }}");
            town.listen(who, &query, &json!({})).unwrap_or_else(|error| panic!("{who}: {query}: {error}"))
        })
        .collect();
    write();
    sockets.iter_mut().map(|socket| ids(&socket.stop())).collect()
}

/// The error of a subscription that is refused, which must be AppSync's refusal of the field.
fn assert_no_listening(town: &Town, who: &str, field: &str, arguments: &str) {
    let query = format!("subscription {{ {field}{arguments} {{ id }} }}");
    let error = town.listen(who, &query, &json!({})).err().unwrap_or_else(|| panic!("{who} may listen: {query}"));
    let message = format!("Not Authorized to access {field} on type Subscription");
    assert_eq!((&error["errorType"], &error["message"]), (&json!("Unauthorized"), &json!(message)), "{error}");
}

#[test]
fn item_39_rules_without_an_item_let_in_or_refuse() {
    let town = here();
    assert_no_listening(&town, "key", "onCreateMemo", "");
    assert_no_listening(&town, "ada", "onCreateMemo", "");
    let heard_of = heard(&town, "onCreateMemo", &[("zoe", "")], || {
        town.write("zoe", "createMemo", &json!({ "id": "s39" }), "id");
    });
    assert_eq!(heard_of, [["s39"]]);
    let listeners = [("key", ""), ("ada", ""), ("zoe", "")];
    let heard_of = heard(&town, "onCreateOpen", &listeners, || {
        town.write("ada", "createOpen", &json!({ "id": "s39" }), "id");
    });
    assert_eq!(heard_of, [["s39"], ["s39"], ["s39"]]);
    // One rule of several that holds for all is enough.
    let listeners = [("key", ""), ("zoe", ""), ("ada", ""), ("bob", "")];
    let heard_of = heard(&town, "onCreateMixed", &listeners, || {
        town.write("ada", "createMixed", &json!({ "id": "s39" }), "id owner");
    });
    assert_eq!(heard_of, [&["s39"][..], &["s39"], &["s39"], &[]]);
}

#[test]
fn item_39_owners_hear_of_their_own() {
    let town = here();
    let listeners = [
        ("ada", ""),
        ("bob", ""),
        ("ada", "(owner: \"ada\")"),
        ("ada", "(filter: { text: { eq: \"wanted\" } })"),
        ("ada", "(owner: \"ada\", filter: { text: { eq: \"wanted\" } })"),
        ("ada", "(filter: { or: [{ text: { eq: \"wanted\" } }, { count: { ge: 1 } }] })"),
        ("bob", "(filter: { or: [{ text: { eq: \"wanted\" } }, { count: { ge: 0 } }] })"),
        ("ada", "(filter: { and: [{ text: { ne: \"x\" } }, { count: { between: [1, 2] } }] })"),
    ];
    let make = |who: &str, id: &str, text: &str, count: i64| {
        town.write(who, "createNote", &json!({ "id": id, "text": text, "count": count }), "id text count owner");
    };
    let heard_of = heard(&town, "onCreateNote", &listeners, || {
        make("ada", "o39-1", "wanted", 0);
        make("ada", "o39-2", "other", 2);
        make("bob", "o39-3", "other", -1);
    });
    let wanted: [&[&str]; 8] = [
        &["o39-1", "o39-2"],
        &["o39-3"],
        &["o39-1", "o39-2"],
        &["o39-1"],
        &["o39-1"],
        &["o39-1", "o39-2"],
        &[],
        &["o39-2"],
    ];
    assert_eq!(heard_of, wanted);
    // Updates and deletions, too.
    for (field, subscription) in [("updateNote", "onUpdateNote"), ("deleteNote", "onDeleteNote")] {
        let heard_of = heard(&town, subscription, &[("ada", ""), ("bob", "")], || {
            town.write("ada", field, &json!({ "id": "o39-1" }), "id owner");
        });
        assert_eq!(heard_of, [&["o39-1"][..], &[]], "{field}");
    }
    // In nobody else's name, whatever form it has.
    let bob = town.person("bob");
    for other in [bob.username.clone(), bob.sub.clone(), bob.owner(), "nobody".to_owned()] {
        assert_no_listening(&town, "ada", "onCreateNote", &format!("(owner: {other:?})"));
    }
    assert_no_listening(&town, "key", "onCreateNote", "");
    // Several owners.
    let heard_of = heard(&town, "onCreateTeam", &[("ada", ""), ("bob", ""), ("max", "")], || {
        let both = json!({ "id": "o39-team", "members": ["ada", "bob"] });
        town.write("ada", "createTeam", &both, "id members");
    });
    assert_eq!(heard_of, [&["o39-team"][..], &["o39-team"], &[]]);
}

#[test]
fn item_39_members_hear_of_what_names_their_groups() {
    let town = here();
    for (model, field) in [("Plan", "teams"), ("Task", "team")] {
        let naming = |group: &str| if field == "teams" { json!([group]) } else { json!(group) };
        let subscription = format!("onCreate{model}");
        assert_no_listening(&town, "ada", &subscription, "");
        let listeners = [("max", ""), ("many", ""), ("zoe", "")];
        let heard_of = heard(&town, &subscription, &listeners, || {
            for group in ["Movers", "G01", "G05", "G06", "G12", "Others"] {
                let input = json!({ "id": format!("g39-{group}"), field: naming(group) });
                town.write("zoe", &format!("create{model}"), &input, &format!("id {field}"));
            }
        });
        let all = ["g39-Movers", "g39-G01", "g39-G05", "g39-G06", "g39-G12", "g39-Others"];
        // Twelve groups are more than one condition takes.
        assert_eq!(heard_of, [&all[..1], &all[1..5], &all[..]], "{model}");
    }
}

/// A filter with this many alternatives of conditions on this many fields.
fn filter(groups: usize, fields: usize) -> Value {
    let names = ["id", "text", "createdAt", "updatedAt", "count", "weight"];
    let condition = |name: &str, number: usize| match name {
        "count" | "weight" => json!({ name: { "ne": number } }),
        name => json!({ name: { "ne": format!("{number}") } }),
    };
    let group = |number: usize| json!({ "and": names[..fields].iter().map(|name| condition(name, number)).collect::<Vec<_>>() });
    json!({ "or": (0..groups).map(group).collect::<Vec<_>>() })
}

#[test]
fn item_39_filters_have_limits() {
    let town = here();
    let query = "subscription($filter: ModelSubscriptionOpenFilterInput) { onCreateOpen(filter: $filter) { id } }";
    let begin = |filter: Value| town.listen("ada", query, &json!({ "filter": filter })).err();
    assert_eq!(begin(filter(10, 5)), None);
    assert!(begin(filter(11, 1)).is_some(), "ten alternatives");
    assert!(begin(filter(1, 6)).is_some(), "five fields");
    // What rules add counts.
    let query = "subscription($filter: ModelSubscriptionNoteFilterInput) { onCreateNote(filter: $filter) { id } }";
    let begin = |filter: Value| town.listen("ada", query, &json!({ "filter": filter })).err();
    assert_eq!(begin(filter(10, 4)), None);
    assert!(begin(filter(1, 5)).is_some(), "the rule's own field is the sixth");
}

#[test]
fn item_39_every_operator_of_a_filter() {
    let town = here();
    let things = [
        json!({ "id": "f39-a", "text": "apple", "count": 1, "weight": 0.5, "done": true, "mood": "GLAD", "tags": ["red"] }),
        json!({ "id": "f39-b", "text": "banana", "count": 2, "weight": 1.5, "done": false, "mood": "SAD", "tags": ["green", "red"] }),
        json!({ "id": "f39-c", "text": "cherry", "count": 3, "weight": 2.5, "done": false, "mood": "SAD", "tags": [] }),
    ];
    let cases: [(&str, &[&str]); 22] = [
        ("text: { eq: \"apple\" }", &["a"]),
        ("text: { ne: \"apple\" }", &["b", "c"]),
        ("text: { lt: \"b\" }", &["a"]),
        ("text: { le: \"banana\" }", &["a", "b"]),
        ("text: { gt: \"banana\" }", &["c"]),
        ("text: { ge: \"banana\" }", &["b", "c"]),
        ("text: { contains: \"an\" }", &["b"]),
        ("text: { notContains: \"an\" }", &["a", "c"]),
        ("text: { between: [\"b\", \"c\"] }", &["b"]),
        ("text: { beginsWith: \"ch\" }", &["c"]),
        ("text: { in: [\"apple\", \"cherry\"] }", &["a", "c"]),
        ("text: { notIn: [\"apple\", \"cherry\"] }", &["b"]),
        ("count: { ge: 2 }", &["b", "c"]),
        ("count: { in: [1, 3] }", &["a", "c"]),
        ("count: { gt: 1, lt: 3 }", &["b"]),
        ("weight: { between: [0.4, 1.6] }", &["a", "b"]),
        ("done: { eq: true }", &["a"]),
        ("done: { ne: true }", &["b", "c"]),
        ("tags: { contains: \"green\" }", &["b"]),
        ("tags: { notContains: \"red\" }", &["c"]),
        ("or: [{ text: { eq: \"apple\" } }, { count: { eq: 3 } }]", &["a", "c"]),
        ("and: [{ count: { gt: 1 } }, { or: [{ text: { eq: \"cherry\" } }, { weight: { lt: 1 } }] }]", &["c"]),
    ];
    let arguments: Vec<String> = cases.iter().map(|(filter, _)| format!("(filter: {{ {filter} }})")).collect();
    let listeners: Vec<(&str, &str)> = arguments.iter().map(|arguments| ("ada", arguments.as_str())).collect();
    let heard_of = heard(&town, "onCreateOpen", &listeners, || {
        for thing in &things {
            town.write("ada", "createOpen", thing, "id text count weight done mood tags");
        }
    });
    for ((filter, wanted), found) in cases.iter().zip(&heard_of) {
        let wanted: Vec<String> = wanted.iter().map(|id| format!("f39-{id}")).collect();
        assert_eq!(*found, wanted, "{filter}");
    }
}

#[test]
fn item_40_lists_are_filtered_and_single_items_are_rejected() {
    let town = here();
    town.write("ada", "createNote", &json!({ "id": "l40-a" }), "id");
    town.write("bob", "createNote", &json!({ "id": "l40-b" }), "id");
    let list = "{ listNotes(filter: { id: { beginsWith: \"l40\" } }) { items { id } nextToken } }";
    for (who, own, other) in [("ada", "l40-a", "l40-b"), ("bob", "l40-b", "l40-a")] {
        let listed = town.ask(who, list, &Value::Null);
        assert_eq!(listed, json!({ "data": { "listNotes": { "items": [{ "id": own }], "nextToken": null } } }));
        let get = |id: &str| town.ask(who, &format!("{{ getNote(id: \"{id}\") {{ id }} }}"), &Value::Null);
        assert_eq!(get(own), json!({ "data": { "getNote": { "id": own } } }));
        assert_refused_whole(&get(other), "getNote", "Query");
        for field in ["updateNote", "deleteNote"] {
            assert_refused_whole(&town.try_write(who, field, &json!({ "id": other }), "id"), field, "Mutation");
        }
    }
    // Whoever can see none gets an empty list, and whoever comes in a way that no rule names is refused.
    assert_eq!(
        town.ask("max", list, &Value::Null),
        json!({ "data": { "listNotes": { "items": [], "nextToken": null } } })
    );
    assert_refused_whole(&town.ask("key", list, &Value::Null), "listNotes", "Query");
    // The limit counts what is read, not what is seen.
    for number in 0..4 {
        town.put("Task", &json!({ "id": format!("l40-{number}"), "__typename": "Task", "team": "Movers" }));
    }
    let page = town.value("max", "{ listTasks(limit: 1) { items { id } nextToken } }", &Value::Null);
    assert!(page["items"].as_array().unwrap().len() <= 1 && page["nextToken"].is_string(), "{page}");
}
