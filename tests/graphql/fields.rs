//! Fields with rules of their own.

use std::sync::Arc;

use serde_json::{Value, json};

use super::rules::compiled;
use super::town::{Charter, Kept, Town, assert_refused, assert_refused_whole, errors, town};
use ampup::error::Code;

static TOWN: Kept = Kept::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
type Employee @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Staff"], operations: [create, read, update] }]) {
  id: ID!
  name: String
  salary: Int @auth(rules: [{ allow: groups, groups: ["Staff"] }])
  note: String @auth(rules: [{ allow: owner, operations: [create, read, update] }])
  badge: String @auth(rules: [
    { allow: owner, operations: [read] }
    { allow: groups, groups: ["Staff"], operations: [create, read, update, delete] }
  ])
  tag: String @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Staff"], operations: [read, delete] }])
}
type Plain @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Staff"], operations: [delete] }]) {
  id: ID!
  name: String
  secret: String @auth(rules: [{ allow: owner }])
}
type Quiet @model(subscriptions: null) @auth(rules: [{ allow: private }]) {
  id: ID!
  secret: String @auth(rules: [{ allow: groups, groups: ["Staff"] }])
}
"#;

fn here() -> Arc<Town> {
    let people: &[(&str, &[&str])] = &[("ada", &[]), ("bob", &[]), ("zoe", &["Staff"])];
    town(&TOWN, Charter { schema: SCHEMA, ways: ("user-pool", &["api-key"]), people, ..Charter::default() })
}

/// A write is refused for these fields, in AppSync's words.
#[track_caller]
fn assert_denied(answer: &Value, field: &str, denied: &str) {
    assert_eq!(answer["data"], json!({ field: null }), "{answer}");
    let wanted = json!({
        "path": [field], "data": null, "errorType": "Unauthorized", "errorInfo": null,
        "message": format!("Unauthorized on [{denied}]"),
    });
    assert_eq!(errors(answer), [wanted], "{answer}");
}

#[test]
fn item_35_a_write_that_names_a_field_beyond_ones_rights_is_refused_whole() {
    let town = here();
    let create = |who: &str, input: Value| town.try_write(who, "createEmployee", &input, "id");
    for (who, input, denied) in [
        ("ada", json!({ "id": "f35-no", "name": "n", "salary": 1 }), "salary"),
        ("ada", json!({ "id": "f35-no", "badge": "b" }), "badge"),
        ("ada", json!({ "id": "f35-no", "salary": 1, "note": "mine", "badge": "b" }), "salary, badge"),
        ("ada", json!({ "id": "f35-no", "salary": null }), "salary"),
    ] {
        assert_denied(&create(who, input), "createEmployee", denied);
        assert_eq!(town.stored("Employee", "f35-no", "id"), Value::Null);
    }
    assert!(create("ada", json!({ "id": "f35", "name": "n", "note": "mine" })).get("errors").is_none());
    assert!(create("zoe", json!({ "id": "f35-z", "name": "n", "salary": 2, "badge": "b" })).get("errors").is_none());
    let update = |who: &str, input: Value| town.try_write(who, "updateEmployee", &input, "id");
    let may = |answer: Value| assert!(answer.get("errors").is_none(), "{answer}");
    assert_denied(&update("ada", json!({ "id": "f35", "name": "changed", "salary": 9 })), "updateEmployee", "salary");
    assert_eq!(town.stored("Employee", "f35", "name"), json!({ "S": "n" }), "nothing of it is written");
    may(update("zoe", json!({ "id": "f35", "salary": 9, "badge": "b" })));
    may(update("ada", json!({ "id": "f35", "note": "still mine" })));
    assert_denied(&update("zoe", json!({ "id": "f35", "note": "of staff" })), "updateEmployee", "note");
    // To clear a field takes the right to delete it.
    assert_denied(&update("ada", json!({ "id": "f35", "note": null })), "updateEmployee", "note");
    assert_denied(&update("ada", json!({ "id": "f35", "badge": null })), "updateEmployee", "badge");
    may(update("zoe", json!({ "id": "f35", "badge": null, "salary": null })));
    assert_eq!(town.stored("Employee", "f35", "badge"), Value::Null);
    assert_eq!(town.stored("Employee", "f35", "note"), json!({ "S": "still mine" }));
    // That right alone is not enough.
    for tag in [json!("t"), Value::Null] {
        assert_denied(&update("zoe", json!({ "id": "f35", "tag": tag })), "updateEmployee", "tag");
    }
    may(update("ada", json!({ "id": "f35", "tag": null })));
    // The group may not clear a field that follows the type, since it may not delete.
    assert_denied(&update("zoe", json!({ "id": "f35", "name": null })), "updateEmployee", "name");
    may(update("ada", json!({ "id": "f35", "name": null })));
    // Somebody else is no owner of any field.
    assert_refused_whole(
        &update("bob", json!({ "id": "f35", "name": "x", "note": "y" })),
        "updateEmployee",
        "Mutation",
    );
}

#[test]
fn item_35_deleting_takes_the_rights_on_all_fields() {
    let town = here();
    town.write("ada", "createEmployee", &json!({ "id": "f35-d", "name": "n" }), "id");
    town.write("ada", "createPlain", &json!({ "id": "f35-d", "secret": "s" }), "id");
    for (who, model) in [("ada", "Employee"), ("zoe", "Employee"), ("zoe", "Plain"), ("bob", "Plain")] {
        let field = format!("delete{model}");
        assert_refused_whole(&town.try_write(who, &field, &json!({ "id": "f35-d" }), "id"), &field, "Mutation");
        assert_eq!(town.stored(model, "f35-d", "id"), json!({ "S": "f35-d" }), "{who} {model}");
    }
    assert_eq!(town.write("ada", "deletePlain", &json!({ "id": "f35-d" }), "id"), json!({ "id": "f35-d" }));
}

#[test]
fn item_36_a_field_that_one_may_not_read_is_null_with_an_error() {
    let town = here();
    town.write("ada", "createEmployee", &json!({ "id": "f36", "name": "n", "note": "mine" }), "id");
    town.write("zoe", "updateEmployee", &json!({ "id": "f36", "salary": 5, "badge": "b" }), "id");
    let fields = "name salary note badge";
    let get = |who: &str| town.ask(who, &format!("{{ getEmployee(id: \"f36\") {{ {fields} }} }}"), &Value::Null);
    let read = |salary: Value, note: Value| json!({ "name": "n", "salary": salary, "note": note, "badge": "b" });
    let at = |path: Value| (path, "Employee");
    let ada = json!({ "getEmployee": read(Value::Null, json!("mine")) });
    assert_refused(&get("ada"), &ada, &[at(json!(["getEmployee", "salary"]))]);
    let zoe = json!({ "getEmployee": read(json!(5), Value::Null) });
    assert_refused(&get("zoe"), &zoe, &[at(json!(["getEmployee", "note"]))]);
    // In lists each item has its own error, under the name that the caller gave.
    let list = "{ all: listEmployees(filter: { id: { eq: \"f36\" } }) { items { name pay: salary } } }";
    let answer = town.ask("ada", list, &Value::Null);
    assert_eq!(answer["data"], json!({ "all": { "items": [{ "name": "n", "pay": null }] } }), "{answer}");
    let found = errors(&answer);
    assert_eq!((found.len(), &found[0]["path"]), (1, &json!(["all", "items", 0, "pay"])), "{answer}");
    assert_eq!(found[0]["message"], "Not Authorized to access salary on type Employee");
}

#[test]
fn item_36_a_mutation_gives_no_protected_field_not_even_to_its_readers() {
    let town = here();
    town.write("ada", "createEmployee", &json!({ "id": "m36", "name": "n", "note": "mine" }), "id");
    let query = "subscription { onUpdateEmployee(filter: { id: { eq: \"m36\" } }) { name salary note badge } }";
    let mut staff = town.listen("zoe", query, &json!({})).unwrap();
    let changed = town.write(
        "zoe",
        "updateEmployee",
        &json!({ "id": "m36", "salary": 5, "badge": "b" }),
        "id name salary badge owner",
    );
    // Everyone who reads the model reads the badge.
    assert_eq!(changed, json!({ "id": "m36", "name": "n", "salary": null, "badge": "b", "owner": "ada" }));
    let read = town.value("zoe", "{ getEmployee(id: \"m36\") { salary badge } }", &Value::Null);
    assert_eq!(read, json!({ "salary": 5, "badge": "b" }));
    let delivered = json!({ "onUpdateEmployee": { "name": "n", "salary": null, "note": null, "badge": "b" } });
    let heard = staff.stop();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0]["data"], delivered);
    // Whoever may not read it is refused in the result of the mutation, too.
    let answer = town.try_write("ada", "updateEmployee", &json!({ "id": "m36", "note": "new" }), "note salary");
    let data = json!({ "updateEmployee": { "note": null, "salary": null } });
    assert_refused(&answer, &data, &[(json!(["updateEmployee", "salary"]), "Employee")]);
    // Where nobody can listen, there is nothing to keep from anybody.
    let made = town.try_write("zoe", "createQuiet", &json!({ "id": "q36", "secret": "s" }), "secret");
    assert_eq!(made, json!({ "data": { "createQuiet": { "secret": "s" } } }));
    let made = town.try_write("ada", "createQuiet", &json!({ "id": "q36-a" }), "id secret");
    let data = json!({ "createQuiet": { "id": "q36-a", "secret": null } });
    assert_refused(&made, &data, &[(json!(["createQuiet", "secret"]), "Quiet")]);
}

/// The one problem of a schema: its code, its column in the first line, its message. `§` marks the place.
#[track_caller]
fn refused(schema: &str, words: &[&str]) {
    let column = schema.split('§').next().unwrap().chars().count() + 1;
    let problems = compiled(&schema.replace('§', "")).err().unwrap_or_else(|| panic!("{schema} is good"));
    let [problem] = &problems[..] else { panic!("{schema}: {problems:#?}") };
    let place = problem.location.as_ref().unwrap();
    let found = (problem.code, place.file.as_str(), place.line, place.column);
    assert_eq!(found, (Code::AMP0306, "schema.graphql", 1, column), "{schema}: {problem:#?}");
    for word in words {
        assert!(problem.message.contains(word), "{word}: {problem:#?}");
    }
}

#[track_caller]
fn good(schema: &str) {
    assert!(compiled(schema).is_ok(), "{schema}: {:#?}", compiled(schema).err());
}

#[test]
fn item_37_a_required_field_is_for_every_reader_of_its_model() {
    let words = "you need to add rules to all of the model's required fields";
    let model = "type A @model @auth(rules: [{ allow: private }])";
    refused(
        &format!("{model} {{ id: ID! §x: String! @auth(rules: [{{ allow: groups, groups: [\"Staff\"] }}]) }}"),
        &[words, "Found model \"A\" with required fields [\"x\"]"],
    );
    refused(
        &format!(
            "{model} {{ id: ID! §x: String! @auth(rules: [{{ allow: private, operations: [create, update] }}]) }}"
        ),
        &[words],
    );
    refused(
        "type A @model @auth(rules: [{ allow: private }, { allow: public }]) { id: ID! §x: Int! @auth(rules: [{ allow: private }]) }",
        &[words],
    );
    for good_rules in [
        "[{ allow: private }]",
        "[{ allow: private, operations: [read] }]",
        "[{ allow: private, operations: [read] }, { allow: groups, groups: [\"Staff\"] }]",
    ] {
        good(&format!("{model} {{ id: ID! x: String! @auth(rules: {good_rules}) }}"));
    }
    good(&format!("{model} {{ id: ID! x: String @auth(rules: [{{ allow: groups, groups: [\"Staff\"] }}]) }}"));
    // Without rules of the type every required field needs some, the key too.
    let rule = "@auth(rules: [{ allow: private }])";
    refused(
        &format!("type A @model {{ id: §ID! a: String {rule} b: Int! }}").replace("id: §ID!", "§id: ID!"),
        &[words, "[\"id\",\"b\"]"],
    );
    refused(&format!("type A @model {{ §id: ID! a: String {rule} b: Int! {rule} }}"), &["[\"id\"]"]);
    refused(&format!("type A @model {{ id: ID! {rule} a: String {rule} §b: Int! }}"), &["[\"b\"]"]);
    good(&format!("type A @model {{ id: ID! {rule} a: String {rule} b: Int! {rule} c: Int }}"));
}

#[test]
fn item_38_where_rules_may_give_operations() {
    let field = |operations: &str| {
        format!("type A @model {{ id: ID! x: Int @auth(rules: [§{{ allow: public, operations: [{operations}] }}]) }}")
    };
    for narrow in ["get", "list", "sync", "listen", "search"] {
        refused(&field(narrow), &[&format!("'{narrow}' operation is not allowed at the field level")]);
    }
    let open = "type A @model @auth(rules: [{ allow: public }])";
    for wide in ["create", "update", "delete", "read", "create, update, delete, read"] {
        good(&format!("{open} {{ id: ID! x: Int @auth(rules: [{{ allow: public, operations: [{wide}] }}]) }}"));
    }
    for root in ["Query", "Mutation", "Subscription"] {
        let rule = |operations: &str| {
            format!(
                "type {root} {{ x: Int @auth(rules: [§{{ allow: public{operations} }}]) }} type B @model {{ id: ID! }}"
            )
        };
        for operation in ["read", "create", "get"] {
            let words = "fields within Query, Mutation, Subscription cannot specify 'operations'";
            refused(&rule(&format!(", operations: [{operation}]")), &[words]);
        }
        good(&rule("").replace('§', ""));
    }
    let rule = |operations: &str| {
        format!("type Query {{ b: B }} type B {{ x: Int @auth(rules: [§{{ allow: public{operations} }}]) }}")
    };
    let words = "types that does not have @model directive cannot specify 'operations'";
    refused(&rule(", operations: [read]"), &[words]);
    good(&rule("").replace('§', ""));
}
