//! Reading and filtering.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::{Shared, World, shared};

static WORLD: Shared = Shared::new(std::sync::Weak::new());

const SCHEMA: &str = "
enum Kind { DAY NIGHT }
type Thing @model @auth(rules: [{ allow: public }]) {
  id: ID!
  title: String
  count: Int
  weight: Float
  open: Boolean
  kind: Kind
  tags: [String]
}
type Entry @model @auth(rules: [{ allow: public }]) {
  book: ID! @primaryKey(sortKeyFields: [\"page\"])
  page: Int!
  text: String
}
";

fn world() -> Arc<World> {
    shared(&WORLD, || SCHEMA.to_owned())
}

/// The ids of things whose title begins with a mark and that pass a filter, sorted.
fn found(world: &World, mark: &str, filter: &Value) -> Vec<String> {
    let list = "query($filter: ModelThingFilterInput) { listThings(filter: $filter, limit: 1000) { items { id } } }";
    let filter = json!({ "and": [{ "id": { "beginsWith": mark } }, filter] });
    let items = world.value(list, &json!({ "filter": filter }))["items"].clone();
    let mut ids: Vec<String> =
        items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().replace(mark, "")).collect();
    ids.sort();
    ids
}

#[test]
fn item_01_an_absent_item_is_null_without_an_error() {
    let world = world();
    assert_eq!(world.ask("{ getThing(id: \"nobody\") { id } }", &Value::Null), json!({ "data": { "getThing": null } }));
    world.write("createEntry", &json!({ "book": "b01", "page": 1, "text": "x" }), "page");
    let read =
        |page: i64| world.value(&format!("{{ getEntry(book: \"b01\", page: {page}) {{ text }} }}"), &Value::Null);
    assert_eq!((read(1), read(2)), (json!({ "text": "x" }), Value::Null));
}

#[test]
fn item_03_lists_are_scans_or_queries_and_the_limit_comes_before_the_filter() {
    let world = world();
    for page in 0..105 {
        world.write("createEntry", &json!({ "book": "b03", "page": page, "text": format!("{page}") }), "page");
    }
    let first = world.value("{ listEntries(book: \"b03\") { items { page } nextToken } }", &Value::Null);
    assert_eq!(first["items"].as_array().unwrap().len(), 100, "the default limit");
    let rest = world.value(
        "query($t: String) { listEntries(book: \"b03\", nextToken: $t) { items { page } nextToken } }",
        &json!({ "t": first["nextToken"] }),
    );
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["nextToken"]), (5, &Value::Null));
    let empty = world.value(
        "{ listEntries(book: \"b03\", limit: 10, filter: { text: { eq: \"104\" } }) { items { page } nextToken } }",
        &Value::Null,
    );
    assert_eq!(empty["items"], json!([]), "the one that fits is not on the page");
    assert!(empty["nextToken"].is_string(), "{empty}");
    let scanned =
        world.value("{ listEntries(filter: { text: { eq: \"3\" } }, limit: 1000) { items { page } } }", &Value::Null);
    assert!(scanned["items"].as_array().unwrap().contains(&json!({ "page": 3 })), "{scanned}");
}

#[test]
fn item_04_the_order_is_that_of_the_sort_key() {
    let world = world();
    for page in [3, 1, 20] {
        world.write("createEntry", &json!({ "book": "b04", "page": page }), "page");
    }
    for (direction, wanted) in
        [("", [1, 3, 20]), (", sortDirection: ASC", [1, 3, 20]), (", sortDirection: DESC", [20, 3, 1])]
    {
        let read =
            world.value(&format!("{{ listEntries(book: \"b04\"{direction}) {{ items {{ page }} }} }}"), &Value::Null);
        let pages: Vec<i64> =
            read["items"].as_array().unwrap().iter().map(|item| item["page"].as_i64().unwrap()).collect();
        assert_eq!(pages, wanted, "{direction}");
    }
}

#[test]
fn item_05_every_operator_of_a_filter() {
    let world = world();
    for thing in [
        json!({ "id": "f05-a", "title": "apple", "count": 1, "weight": 0.5, "open": true, "kind": "DAY" }),
        json!({ "id": "f05-b", "title": "banana", "count": 2, "weight": 1.5, "open": false, "kind": "NIGHT" }),
        json!({ "id": "f05-c", "count": 3 }),
    ] {
        world.write("createThing", &thing, "id");
    }
    for (filter, wanted) in [
        (json!({ "title": { "eq": "apple" } }), vec!["a"]),
        (json!({ "title": { "ne": "apple" } }), vec!["b", "c"]),
        (json!({ "title": { "lt": "b" } }), vec!["a"]),
        (json!({ "title": { "le": "apple" } }), vec!["a"]),
        (json!({ "title": { "gt": "b" } }), vec!["b"]),
        (json!({ "title": { "ge": "apple" } }), vec!["a", "b"]),
        (json!({ "title": { "contains": "an" } }), vec!["b"]),
        (json!({ "title": { "notContains": "an" } }), vec!["a", "c"]),
        (json!({ "title": { "between": ["a", "b"] } }), vec!["a"]),
        (json!({ "title": { "beginsWith": "ba" } }), vec!["b"]),
        (json!({ "title": { "attributeExists": true } }), vec!["a", "b"]),
        (json!({ "title": { "attributeExists": false } }), vec!["c"]),
        (json!({ "title": { "size": { "gt": 5 } } }), vec!["b"]),
        (json!({ "title": { "size": { "between": [5, 6] } } }), vec!["a", "b"]),
        (json!({ "count": { "between": [2, 3] } }), vec!["b", "c"]),
        (json!({ "count": { "ne": 2 } }), vec!["a", "c"]),
        (json!({ "weight": { "ge": 1.5 } }), vec!["b"]),
        (json!({ "open": { "eq": true } }), vec!["a"]),
        (json!({ "open": { "attributeExists": false } }), vec!["c"]),
        (json!({ "kind": { "ne": "DAY" } }), vec!["b", "c"]),
        (json!({ "count": { "gt": 1, "lt": 3 } }), vec!["b"]),
        (json!({ "or": [{ "title": { "eq": "apple" } }, { "count": { "eq": 3 } }] }), vec!["a", "c"]),
        (json!({ "not": { "count": { "eq": 3 } } }), vec!["a", "b"]),
        (json!({ "count": { "gt": 1 }, "open": { "eq": false } }), vec!["b"]),
    ] {
        assert_eq!(found(&world, "f05-", &filter), wanted, "{filter}");
    }
}

#[test]
fn item_06_contains_tests_membership_of_lists() {
    let world = world();
    world.write("createThing", &json!({ "id": "f06-a", "tags": ["red", "green"] }), "id");
    world.write("createThing", &json!({ "id": "f06-b", "tags": ["reddish"] }), "id");
    assert_eq!(found(&world, "f06-", &json!({ "tags": { "contains": "red" } })), ["a"]);
    assert_eq!(found(&world, "f06-", &json!({ "tags": { "notContains": "red" } })), ["b"]);
}

#[test]
fn item_07_attribute_types_by_name() {
    let world = world();
    world.write("createThing", &json!({ "id": "f07-a", "title": "x", "tags": ["y"], "count": 1, "open": true }), "id");
    for (field, kind, fits) in [
        ("title", "string", true),
        ("title", "number", false),
        ("count", "number", true),
        ("open", "bool", true),
        ("tags", "list", true),
        ("tags", "stringSet", false),
        ("title", "_null", false),
    ] {
        let ids = found(&world, "f07-", &json!({ field: { "attributeType": kind } }));
        assert_eq!(!ids.is_empty(), fits, "{field} {kind}");
    }
}
