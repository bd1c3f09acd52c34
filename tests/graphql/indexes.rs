//! Queries of indexes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::{Shared, World, shared};

static WORLD: Shared = Shared::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
type Order @model @auth(rules: [{ allow: public }]) {
  id: ID!
  customer: ID @index(name: "byCustomer", queryField: "ordersByCustomer", sortKeyFields: ["placed"])
  shop: ID @index(name: "byShop", queryField: "ordersByShop", sortKeyFields: ["status", "date"])
  placed: String
  status: String
  date: String
}
"#;

fn world() -> Arc<World> {
    shared(&WORLD, || SCHEMA.to_owned())
}

/// The ids that a query finds, in order.
fn ids(world: &World, query: &str) -> Vec<String> {
    let found = world.value(&format!("{{ {query} {{ items {{ id }} }} }}"), &Value::Null);
    found["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn item_18_an_index_is_asked_by_its_keys() {
    let world = world();
    for (id, placed) in [("i18-a", "2026-01"), ("i18-b", "2026-02"), ("i18-c", "2027-01")] {
        world.write("createOrder", &json!({ "id": id, "customer": "c18", "placed": placed }), "id");
    }
    for (arguments, wanted) in [
        ("", vec!["i18-a", "i18-b", "i18-c"]),
        (", sortDirection: DESC", vec!["i18-c", "i18-b", "i18-a"]),
        (", placed: { eq: \"2026-02\" }", vec!["i18-b"]),
        (", placed: { lt: \"2026-02\" }", vec!["i18-a"]),
        (", placed: { ge: \"2026-02\" }", vec!["i18-b", "i18-c"]),
        (", placed: { beginsWith: \"2026\" }", vec!["i18-a", "i18-b"]),
        (", placed: { between: [\"2026-02\", \"2027-01\"] }", vec!["i18-b", "i18-c"]),
        (", filter: { id: { ne: \"i18-b\" } }", vec!["i18-a", "i18-c"]),
        (", limit: 1", vec!["i18-a"]),
    ] {
        assert_eq!(ids(&world, &format!("ordersByCustomer(customer: \"c18\"{arguments})")), wanted, "{arguments}");
    }
    let two = world.error(
        "{ ordersByCustomer(customer: \"c18\", placed: { lt: \"b\", gt: \"a\" }) { items { id } } }",
        &Value::Null,
    );
    assert_eq!(two["errorType"], "InvalidArgumentsError", "{two}");
    assert_eq!(two["message"], "Argument placed must specify at most one key condition operation.");
}

#[test]
fn item_19_later_parts_of_a_key_need_the_earlier_ones() {
    let world = world();
    for (id, status, date) in [("i19-a", "SENT", "1"), ("i19-b", "SENT", "2"), ("i19-c", "LOST", "1")] {
        world.write("createOrder", &json!({ "id": id, "shop": "s19", "status": status, "date": date }), "id");
    }
    for (condition, wanted) in [
        ("{ eq: { status: \"SENT\", date: \"2\" } }", vec!["i19-b"]),
        ("{ beginsWith: { status: \"SENT\" } }", vec!["i19-a", "i19-b"]),
        ("{ between: [{ status: \"LOST\", date: \"1\" }, { status: \"SENT\", date: \"1\" }] }", vec!["i19-c", "i19-a"]),
    ] {
        assert_eq!(
            ids(&world, &format!("ordersByShop(shop: \"s19\", statusDate: {condition})")),
            wanted,
            "{condition}"
        );
    }
    let error = world
        .error("{ ordersByShop(shop: \"s19\", statusDate: { eq: { date: \"1\" } }) { items { id } } }", &Value::Null);
    assert_eq!(
        error["message"],
        "When providing argument 'statusDate.eq.date' you must also provide 'statusDate.eq.status'."
    );
}

#[test]
fn item_20_items_without_the_key_are_not_in_the_index() {
    let world = world();
    world.write("createOrder", &json!({ "id": "i20-a", "customer": "c20" }), "id");
    world.write("createOrder", &json!({ "id": "i20-b", "customer": "c20", "placed": "1" }), "id");
    assert_eq!(ids(&world, "ordersByCustomer(customer: \"c20\")"), ["i20-b"]);
}
