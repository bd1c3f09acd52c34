//! Typed values.

use serde_json::json;

use super::item::{plain, strict};

#[test]
fn resolvers_values_become_strict_ones() {
    let cases = [
        (json!({"N": 5}), json!({"N": "5"})),
        (json!({"NULL": null}), json!({"NULL": true})),
        (json!({"NS": [1, 2.5]}), json!({"NS": ["1", "2.5"]})),
        (json!({"M": {"a": {"L": [{"N": 1}]}}}), json!({"M": {"a": {"L": [{"N": "1"}]}}})),
        (json!({"BOOL": false}), json!({"BOOL": false})),
    ];
    for (given, wanted) in cases {
        assert_eq!(strict(&given), wanted);
    }
}

#[test]
fn stored_values_become_plain_ones() {
    let cases = [
        (json!({"N": "5"}), json!(5)),
        (json!({"N": "5.25"}), json!(5.25)),
        (json!({"NULL": true}), json!(null)),
        (json!({"SS": ["a"]}), json!(["a"])),
        (json!({"NS": ["1"]}), json!([1])),
        (json!({"M": {"a": {"L": [{"BOOL": true}]}}}), json!({"a": [true]})),
    ];
    for (given, wanted) in cases {
        assert_eq!(plain(&given), wanted);
    }
}
