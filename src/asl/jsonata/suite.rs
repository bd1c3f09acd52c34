//! The language, by expressions with the values that its documentation gives for them (docs.jsonata.org, version 2.0),
//! and those that Step Functions adds.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Bindings, Expression, Session};
use crate::base::{Ids, SequenceIds};

const SUITE: &str = include_str!("suite.json");

/// The documents of the documentation, as variables.
pub(super) fn variables() -> Map<String, Value> {
    let product = |name: &str, id: u64, sku: &str, colour: &str, weight: f64, price: f64, quantity: u64| {
        json!({"Product Name": name, "ProductID": id, "SKU": sku, "Description": {"Colour": colour, "Weight": weight},
               "Price": price, "Quantity": quantity})
    };
    let account = json!({"Account Name": "Firefly", "Order": [
        {"OrderID": "order103", "Product": [
            product("Bowler Hat", 858_383, "0406654608", "Purple", 0.75, 34.45, 2),
            product("Trilby hat", 858_236, "0406634348", "Orange", 0.6, 21.67, 1)]},
        {"OrderID": "order104", "Product": [
            product("Bowler Hat", 858_383, "040657863", "Purple", 0.75, 34.45, 4),
            product("Cloak", 345_664, "0406654603", "Black", 2.0, 107.99, 1)]}]});
    let address = json!({
        "FirstName": "Fred", "Surname": "Smith", "Age": 28,
        "Address": {"Street": "Hursley Park", "City": "Winchester", "Postcode": "SO21 2JN"},
        "Phone": [{"type": "home", "number": "0203 544 1234"}, {"type": "office", "number": "01962 001234"},
                  {"type": "office", "number": "01962 001235"}, {"type": "mobile", "number": "077 7700 1234"}],
        "Other": {"Over 18 ?": true, "Misc": null,
                  "Alternative.Address": {"Street": "Brick Lane", "City": "London", "Postcode": "E1 6RF"}}});
    let all = [
        ("address", address),
        ("account", account),
        ("nums", json!([[1, 2], [3, 4]])),
        ("one", json!([7])),
        ("none", json!([])),
    ];
    Map::from_iter(all.map(|(name, value)| (name.to_owned(), value)))
}

/// Evaluates an expression of the field `Output`.
pub(super) fn evaluate(text: &str) -> Result<Value, String> {
    let variables = variables();
    let input = json!({"list": [{"id": "a", "n": 1}, {"id": "b", "n": 2}], "big": 9_007_199_254_740_993_i64, "n": 5});
    let context = json!({"Execution": {"Name": "run"}});
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    let bindings = Bindings {
        input: &input,
        result: None,
        error_output: None,
        context: &context,
        variables: &variables,
        ids: &ids,
        now_ms: 1_510_067_557_121,
    };
    let expression = Expression::compile(text).map_err(|error| error.to_string())?;
    Session::new(bindings).evaluate(&expression, "Output").map_err(|fault| fault.cause)
}

#[test]
fn expressions_have_the_documented_values() {
    let cases: Vec<(String, Value)> = serde_json::from_str(SUITE).unwrap();
    assert!(cases.len() >= 200, "{} expressions", cases.len());
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let found = evaluate(&text);
        if found.as_ref() != Ok(&expected) {
            wrong.push(format!("{text}\n    expected {expected}\n    found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
