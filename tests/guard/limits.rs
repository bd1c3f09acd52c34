//! The limits that an API sets itself: levels, resolvers, introspection.

use serde_json::{Value, json};

use super::world::{Api, World, data, gives};
use crate::support::callers::Credential;

const SCHEMA: &str = "
type Query { node: Node must: Must! plain: String }
type Node { name: String next: Node list: [Node] own: String firm: Node! }
type Must { name: String! next: Must! }
type Mutation { touch: Node }
type Subscription { touched: Node @aws_subscribe(mutations: [\"touch\"]) }
schema { query: Query mutation: Mutation subscription: Subscription }
";

const NODE: &str = "{ name: '1', next: { name: '2', next: { name: '3', next: { name: '4' } } }, \
    list: [{ name: '2', next: { name: '3' } }], firm: { name: '2', firm: { name: '3' } } }";

fn api(world: &World, limits: &Value) -> (Api, Credential) {
    let mut settings = json!({ "authenticationType": "API_KEY" });
    settings.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    let must = "{ name: '1', next: { name: '2', next: { name: '3' } } }";
    let code = [
        ("Query.node", gives(NODE)),
        ("Query.must", gives(must)),
        ("Query.plain", gives("'p'")),
        ("Node.own", gives("ctx.source.name")),
        ("Mutation.touch", gives(NODE)),
    ];
    let api = world.api(&settings, SCHEMA, &code);
    let key = Credential::Header("x-api-key", world.key(&api, 2));
    (api, key)
}

/// The paths of errors of a kind.
fn paths(answer: &Value, kind: &str) -> Vec<String> {
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert!(errors.iter().all(|error| error["errorType"] == kind), "{answer}");
    errors.iter().map(|error| error["path"].to_string()).collect()
}

#[test]
fn levels_beyond_the_limit_are_null_and_the_others_are_there() {
    let world = World::start();
    let (api, key) = api(&world, &json!({ "queryDepthLimit": 2 }));
    let ask = |query: &str| key.send(&api.url, query, &Value::Null).json();
    let kind = "QueryDepthLimitReached";
    assert_eq!(ask("{ node { name } plain }"), json!({ "data": { "node": { "name": "1" }, "plain": "p" } }));

    let deep = ask("{ node { name next { name next { name } } } plain }");
    assert_eq!(deep["data"], json!({ "node": { "name": "1", "next": { "name": null, "next": null } }, "plain": "p" }));
    assert_eq!(paths(&deep, kind), ["[\"node\",\"next\",\"name\"]", "[\"node\",\"next\",\"next\"]"]);
    assert!(deep["errors"][0]["locations"].is_array() && deep["errors"][0]["message"].is_string(), "{deep}");

    for query in [
        "{ node { next { ...F } } } fragment F on Node { name }",
        "{ node { ... on Node { ... { next { x: name } } } } }",
        "query ($yes: Boolean = true) { node { next @include(if: $yes) { name } } }",
        "{ node { list { name } } }",
        "mutation { touch { next { name } } }",
        "{ node { next { own } } }",
        "{ node { next { __typename } } }",
    ] {
        let answer = ask(query);
        let seen = answer["data"].to_string();
        assert!(!seen.contains("\"2\"") && !seen.contains(":\"Node\""), "{query}: {answer}");
        assert_eq!(paths(&answer, kind).len(), 1, "{query}: {answer}");
    }
    // A null that its parent cannot hold takes the parent along.
    let firm = ask("{ node { name firm { firm { name } } } plain }");
    assert_eq!(firm["data"], json!({ "node": null, "plain": "p" }), "{firm}");
    let must = ask("{ must { next { name } } }");
    assert_eq!((&must["data"], paths(&must, kind).len()), (&Value::Null, 1), "{must}");
}

#[test]
fn resolvers_beyond_the_limit_do_not_run() {
    let world = World::start();
    let (api, key) = api(&world, &json!({ "resolverCountLimit": 2 }));
    let ask = |query: &str| key.send(&api.url, query, &Value::Null).json();
    let kind = "ResolverExecutionLimitReached";
    assert_eq!(ask("{ a: plain b: plain }"), json!({ "data": { "a": "p", "b": "p" } }));
    let three = ask("{ a: plain b: plain c: plain }");
    assert_eq!(
        (&three["data"], paths(&three, kind)),
        (&json!({ "a": "p", "b": "p", "c": null }), vec!["[\"c\"]".to_owned()])
    );
    let below = ask("{ node { own next { own } } }");
    assert_eq!(below["data"]["node"]["next"]["own"], Value::Null, "{below}");
    assert_eq!((&below["data"]["node"]["own"], paths(&below, kind).len()), (&json!("1"), 1), "{below}");
    let written = ask("mutation { a: touch { name } b: touch { name } c: touch { name } }");
    assert_eq!((&written["data"]["b"]["name"], &written["data"]["c"]), (&json!("1"), &Value::Null), "{written}");
    // Each request has its own.
    assert_eq!(ask("{ a: plain b: plain }")["data"]["b"], "p");
}

#[test]
fn limits_are_numbers_that_appsync_takes() {
    let world = World::start();
    for (name, value, status) in [
        ("queryDepthLimit", json!(75), 200),
        ("queryDepthLimit", json!(76), 400),
        ("queryDepthLimit", json!(-1), 400),
        ("resolverCountLimit", json!(10_000), 200),
        ("resolverCountLimit", json!(10_001), 400),
        ("resolverCountLimit", json!(-1), 400),
        ("introspectionConfig", json!("DISABLED"), 200),
        ("introspectionConfig", json!("OFF"), 400),
    ] {
        let settings = json!({ "name": "n", "authenticationType": "API_KEY", name: value });
        let answer = world.try_control("/v1/apis", &settings);
        assert_eq!(answer.status, status, "{name} {value}: {}", answer.text());
        if status == 200 {
            assert_eq!(answer.json()["graphqlApi"][name], value);
        } else {
            assert_eq!(answer.header("x-amzn-errortype"), Some("BadRequestException"), "{}", answer.text());
        }
    }
}

#[test]
fn the_schema_is_not_told_where_introspection_is_off() {
    let world = World::start();
    let (api, key) = api(&world, &json!({ "introspectionConfig": "DISABLED" }));
    let ask = |query: &str| key.send(&api.url, query, &Value::Null).json();
    let refused = ask("{ __schema { types { name } } }");
    assert!(refused["data"].is_null(), "{refused}");
    assert_eq!(
        refused["errors"][0]["message"],
        "Validation error of type FieldUndefined: Field 'types' in type '__Schema' is undefined @ '__schema/types'"
    );
    assert_eq!(refused["errors"].as_array().unwrap().len(), 1);
    for query in [
        "{ s: __schema { t: types { n: name } } }",
        "{ __type(name: \"Query\") { fields { name } } }",
        "query ($n: String = \"Query\") { t: __type(name: $n) { name } }",
        "{ ...F } fragment F on Query { __schema { ...G } } fragment G on __Schema { queryType { name } }",
        "{ ... on Query { ... { __schema { queryType { fields { name } } } } } }",
        "{ plain __schema { types { name } } }",
        "{ plain @skip(if: true) __schema @include(if: true) { directives { name } } }",
    ] {
        let answer = ask(query);
        assert!(answer["data"].is_null(), "{query}: {answer}");
        assert!(!answer.to_string().contains("touch"), "{query}: {answer}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("Validation error of type FieldUndefined: "), "{query}: {answer}");
    }
    // Another operation of the same document is looked at as well; what is no introspection goes on.
    assert_eq!(ask("{ __typename node { __typename name } }")["data"]["node"]["__typename"], "Node");
    let mut socket = super::world::Line::open(&api.url, &key.authorization(&api.url, ("/connect", "{}")));
    assert_eq!(socket.init()["type"], "connection_ack");
    let data = data("subscription { touched { name } } query Q { __schema { types { name } } }");
    let said = socket.begin("1", &data, &key.authorization(&api.url, ("", &data)));
    assert_eq!(said["type"], "error", "{said}");
}
