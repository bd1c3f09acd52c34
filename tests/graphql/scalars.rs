//! Scalars of AWS, both ways.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::{Shared, World, shared};

static WORLD: Shared = Shared::new(std::sync::Weak::new());

const SCHEMA: &str = "
type Kit @model @auth(rules: [{ allow: public }]) {
  id: ID!
  date: AWSDate
  time: AWSTime
  dateTime: AWSDateTime
  timestamp: AWSTimestamp
  email: AWSEmail
  url: AWSURL
  phone: AWSPhone
  address: AWSIPAddress
  json: AWSJSON
  count: Int
}
";

fn world() -> Arc<World> {
    shared(&WORLD, || SCHEMA.to_owned())
}

/// Values of a field that are taken and come back, and values that are refused.
fn check(field: &str, taken: &[Value], refused: &[Value]) {
    let world = world();
    for value in taken {
        let made = world.write("createKit", &json!({ field: value }), field);
        assert_eq!(&made[field], value, "{field}");
    }
    for value in refused {
        let answer = world.ask(
            "mutation Go($input: CreateKitInput!) { createKit(input: $input) { id } }",
            &json!({ "input": { field: value } }),
        );
        assert!(answer["data"].is_null(), "{field} {value}: {answer}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("has an invalid value"), "{field} {value}: {message}");
    }
}

#[test]
fn item_58_dates_and_times() {
    check(
        "date",
        &[json!("2026-02-28"), json!("2024-02-29Z"), json!("2026-01-02+05:30"), json!("2026-01-02-08:00:30")],
        &[json!("2026-02-30"), json!("2026-1-2"), json!("today"), json!(5)],
    );
    check(
        "time",
        &[json!("10:20"), json!("10:20:30"), json!("10:20:30.123Z"), json!("23:59:59+01:00")],
        &[json!("24:01"), json!("10"), json!("10:61")],
    );
    check(
        "dateTime",
        &[json!("2026-01-02T03:04:05Z"), json!("2026-01-02T03:04:05.678+02:00")],
        &[json!("2026-01-02T03:04:05"), json!("2026-01-02 03:04:05Z"), json!("2026-13-02T03:04:05Z")],
    );
    check("timestamp", &[json!(0), json!(-1), json!(1_767_323_045)], &[json!("soon"), json!(1.5)]);
}

#[test]
fn item_59_addresses_numbers_and_documents() {
    check("email", &[json!("ada@example.com")], &[json!("ada"), json!("@example.com")]);
    check(
        "url",
        &[json!("https://example.com/a?b=c"), json!("mailto:a@b.example")],
        &[json!("example.com"), json!("/a")],
    );
    check("phone", &[json!("+44 20 7946 0958"), json!("555-123-4567")], &[json!("call me")]);
    check(
        "address",
        &[json!("127.0.0.1"), json!("10.0.0.0/8"), json!("::1"), json!("2001:db8::/32")],
        &[json!("256.1.1.1"), json!("10.0.0.0/40")],
    );
    check("json", &[json!("{\"a\":1}"), json!("[1,\"x\",null]"), json!("\"text\"")], &[json!("{a:1}"), json!("")]);
}

#[test]
fn item_60_nothing_is_carried_out_when_a_value_is_wrong() {
    let world = world();
    let literal = world.ask("mutation { createKit(input: { id: \"s60\", email: \"nobody\" }) { id } }", &Value::Null);
    let message = literal["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("Validation error of type WrongType"), "{literal}");
    assert!(literal["data"].is_null(), "{literal}");
    let variable = world.ask(
        "mutation($input: CreateKitInput!) { createKit(input: $input) { id } }",
        &json!({ "input": { "id": "s60", "email": "nobody" } }),
    );
    assert!(variable["errors"][0]["message"].as_str().unwrap().contains("has an invalid value"), "{variable}");
    assert_eq!(world.value("{ getKit(id: \"s60\") { id } }", &Value::Null), Value::Null);
}

#[test]
fn item_61_int_has_32_bits() {
    check(
        "count",
        &[json!(2_147_483_647), json!(-2_147_483_648_i64)],
        &[json!(2_147_483_648_i64), json!("1"), json!(1.5)],
    );
}
