//! Writing: keys, conditions, times, defaults, checks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::{Shared, World, shared};

static WORLD: Shared = Shared::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
type Note @model @auth(rules: [{ allow: public }]) {
  id: ID!
  title: String
  body: String
}
type Timed @model @auth(rules: [{ allow: public }]) {
  id: ID!
  createdAt: AWSDateTime
}
type Renamed @model(timestamps: { createdAt: "bornAt", updatedAt: null }) @auth(rules: [{ allow: public }]) {
  id: ID!
}
type Timeless @model(timestamps: null) @auth(rules: [{ allow: public }]) {
  id: ID!
}
type Filled @model @auth(rules: [{ allow: public }]) {
  id: ID!
  state: String @default(value: "new")
  count: Int @default(value: "7")
}
type Checked @model @auth(rules: [{ allow: public }]) {
  id: ID!
  name: String @validate(type: minLength, value: "3", errorMessage: "too short") @validate(type: startsWith, value: "a")
  age: Int @validate(type: gte, value: "18")
}
type Parcel @model @auth(rules: [{ allow: public }]) {
  id: ID!
  owner: ID! @index(name: "byOwner", sortKeyFields: ["status", "date"])
  status: String!
  date: String!
}
"#;

const CONDITION_FAILED: &str = "DynamoDB:ConditionalCheckFailedException";

fn world() -> Arc<World> {
    shared(&WORLD, || SCHEMA.to_owned())
}

#[test]
fn item_09_a_create_fills_id_and_times_and_takes_a_key_once() {
    let world = world();
    let made = world.write("createNote", &json!({ "title": "a" }), "id createdAt updatedAt __typename");
    let id = made["id"].as_str().unwrap();
    assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{id}");
    assert_eq!(made["createdAt"], made["updatedAt"]);
    assert_eq!(made["__typename"], "Note");
    let again = world.refused("createNote", &json!({ "id": id, "title": "b" }), "id title");
    assert_eq!(again["errorType"], CONDITION_FAILED, "{again}");
    let kept = world.value(&format!("{{ getNote(id: \"{id}\") {{ title }} }}"), &Value::Null);
    assert_eq!(kept, json!({ "title": "a" }));
}

#[test]
fn item_10_times_that_are_given_win() {
    let world = world();
    let at = "2001-02-03T04:05:06.000Z";
    let made = world.write("createTimed", &json!({ "createdAt": at }), "createdAt updatedAt");
    assert_eq!(made["createdAt"], at);
    assert_ne!(made["updatedAt"], at);
}

#[test]
fn item_11_an_update_changes_what_is_given_and_removes_what_is_null() {
    let world = world();
    world.write("createNote", &json!({ "id": "w11", "title": "a", "body": "b" }), "id");
    let updated = world.write("updateNote", &json!({ "id": "w11", "title": null }), "title body createdAt updatedAt");
    assert_eq!((&updated["title"], &updated["body"]), (&Value::Null, &json!("b")));
    assert!(updated["updatedAt"].as_str() >= updated["createdAt"].as_str(), "{updated}");
    let listed = "{ listNotes(filter: { id: { eq: \"w11\" }, title: { attributeExists: false } }, limit: 1000) { items { id } } }";
    assert_eq!(world.value(listed, &Value::Null)["items"], json!([{ "id": "w11" }]), "the attribute is gone");
    let absent = world.refused("updateNote", &json!({ "id": "w11-absent", "title": "x" }), "id");
    assert_eq!(absent["errorType"], CONDITION_FAILED);
    assert_eq!(world.value("{ getNote(id: \"w11-absent\") { id } }", &Value::Null), Value::Null);
}

#[test]
fn item_12_a_delete_gives_what_it_deleted() {
    let world = world();
    world.write("createNote", &json!({ "id": "w12", "title": "a" }), "id");
    assert_eq!(world.write("deleteNote", &json!({ "id": "w12" }), "id title"), json!({ "id": "w12", "title": "a" }));
    assert_eq!(world.refused("deleteNote", &json!({ "id": "w12" }), "id")["errorType"], CONDITION_FAILED);
}

#[test]
fn item_13_a_condition_is_added_to_the_others() {
    let world = world();
    world.write("createNote", &json!({ "id": "w13", "title": "a" }), "id");
    for field in ["updateNote", "deleteNote"] {
        let kind = if field == "updateNote" { "UpdateNoteInput" } else { "DeleteNoteInput" };
        let query = format!(
            "mutation($i: {kind}!, $c: ModelNoteConditionInput) {{ {field}(input: $i, condition: $c) {{ id }} }}"
        );
        let with = |title: &str| json!({ "i": { "id": "w13" }, "c": { "title": { "eq": title } } });
        let answer = world.ask(&query, &with("b"));
        assert_eq!(answer["data"], json!({ field: null }), "{answer}");
        assert_eq!(answer["errors"][0]["errorType"], CONDITION_FAILED, "{answer}");
        assert_eq!(world.value(&query, &with("a")), json!({ "id": "w13" }));
    }
}

#[test]
fn item_14_a_composite_sort_key_is_updated_as_a_whole() {
    let world = world();
    world.write("createParcel", &json!({ "id": "w14", "owner": "o", "status": "SENT", "date": "1" }), "id");
    let refused = world.refused("updateParcel", &json!({ "id": "w14", "status": "LOST" }), "id");
    assert_eq!(
        refused["message"],
        "When updating any part of the composite sort key for @index 'byOwner', you must provide all fields for the key. \
         Missing key: 'date'."
    );
    let done = world.write("updateParcel", &json!({ "id": "w14", "status": "LOST", "date": "2" }), "status date");
    assert_eq!(done, json!({ "status": "LOST", "date": "2" }));
}

#[test]
fn item_15_times_are_renamed_and_left_out_one_by_one() {
    let world = world();
    let made = world.write("createRenamed", &json!({}), "bornAt");
    assert!(made["bornAt"].as_str().unwrap().ends_with('Z'), "{made}");
    assert!(world.write("createTimeless", &json!({}), "id")["id"].is_string());
    for (kind, field) in [("Renamed", "updatedAt"), ("Renamed", "createdAt"), ("Timeless", "createdAt")] {
        let error = world.error(&format!("{{ get{kind}(id: \"x\") {{ {field} }} }}"), &Value::Null);
        assert!(error["message"].as_str().unwrap().contains("FieldUndefined"), "{error}");
    }
}

#[test]
fn item_16_defaults_fill_what_is_absent_or_null_on_creates_only() {
    let world = world();
    for (input, wanted) in [
        (json!({ "id": "w16-a" }), json!({ "state": "new", "count": 7 })),
        (json!({ "id": "w16-b", "state": null, "count": null }), json!({ "state": "new", "count": 7 })),
        (json!({ "id": "w16-c", "state": "", "count": 0 }), json!({ "state": "", "count": 0 })),
    ] {
        assert_eq!(world.write("createFilled", &input, "state count"), wanted, "{input}");
    }
    let cleared = world.write("updateFilled", &json!({ "id": "w16-a", "state": null }), "state count");
    assert_eq!(cleared, json!({ "state": null, "count": 7 }));
}

#[test]
fn item_17_values_are_checked_on_creates_and_updates() {
    let world = world();
    world.write("createChecked", &json!({ "id": "w17", "name": "anna", "age": 18 }), "id");
    for (input, message) in [
        (json!({ "name": "ab" }), "too short"),
        (json!({ "age": 17 }), "Field age of type Checked must be greater than or equal to 18"),
    ] {
        for (field, id) in [("createChecked", "w17-new"), ("updateChecked", "w17")] {
            let mut input = input.clone();
            input["id"] = id.into();
            let refused = world.refused(field, &input, "id");
            assert_eq!(refused["message"], message, "{field}: {refused}");
        }
    }
    let none = world.write("updateChecked", &json!({ "id": "w17", "name": null, "age": null }), "name age");
    assert_eq!(none, json!({ "name": null, "age": null }));
}
