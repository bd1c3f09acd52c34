//! Filters, messages, and connections over channels, without a socket.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::filter::Filter;
use super::{Handshake, converse, queue};
use crate::cloud::appsync::world::World;

fn passes(filters: &Value, payload: &Value) -> bool {
    Filter::read(&json!({ "filterGroup": [{ "filters": filters }] })).unwrap().matches(payload)
}

#[test]
fn each_operator_tests_a_field() {
    let payload =
        json!({ "n": 5, "s": "hello", "tags": ["a", "b"], "flag": true, "none": null, "by": { "name": "ada" } });
    let cases = [
        ("n", "eq", json!(5.0), true),
        ("n", "ne", json!(5), false),
        ("n", "le", json!(5), true),
        ("n", "lt", json!(5), false),
        ("n", "ge", json!(6), false),
        ("n", "gt", json!(4), true),
        ("n", "between", json!([1, 5]), true),
        ("n", "between", json!([6, 9]), false),
        ("n", "in", json!([1, 5]), true),
        ("n", "notIn", json!([1, 5]), false),
        ("s", "gt", json!("abc"), true),
        ("s", "beginsWith", json!("he"), true),
        ("s", "contains", json!("ell"), true),
        ("s", "notContains", json!("ell"), false),
        ("tags", "contains", json!("b"), true),
        ("tags", "containsAny", json!(["x", "a"]), true),
        ("tags", "containsAny", json!(["x"]), false),
        ("flag", "eq", json!(true), true),
        ("by.name", "eq", json!("ada"), true),
        ("none", "ne", json!("x"), true),
        ("none", "notContains", json!("x"), false),
        ("absent", "ne", json!("x"), false),
        ("n", "gt", json!("4"), false),
    ];
    for (field, operator, value, wanted) in cases {
        let filters = json!([{ "fieldName": field, "operator": operator, "value": value }]);
        assert_eq!(passes(&filters, &payload), wanted, "{filters}");
    }
}

#[test]
fn groups_are_alternatives_and_have_limits() {
    let test = |value: u8| json!({ "filters": [{ "fieldName": "n", "operator": "eq", "value": value }] });
    let either = Filter::read(&json!({ "filterGroup": [test(1), test(2)] })).unwrap();
    assert!(either.matches(&json!({ "n": 2 })) && !either.matches(&json!({ "n": 3 })));
    assert!(!Filter::read(&json!({ "filterGroup": [] })).unwrap().matches(&json!({ "n": 1 })), "no group, nothing");
    let many: Vec<Value> = (0..11).map(test).collect();
    assert!(Filter::read(&json!({ "filterGroup": many })).unwrap_err().contains("10 groups"));
    let group = |filters: Vec<Value>| Filter::read(&json!({ "filterGroup": [{ "filters": filters }] }));
    let one =
        |field: &str, operator: &str, value: Value| json!({ "fieldName": field, "operator": operator, "value": value });
    let fields = |names: &[&str]| group(names.iter().map(|name| one(name, "eq", json!(1))).collect());
    assert!(fields(&["a", "b", "c", "d", "e", "f"]).unwrap_err().contains("5 fields"));
    assert!(fields(&["a", "a", "a", "a", "a", "a"]).is_ok(), "fields are counted, not tests");
    let values = |count: usize| json!((0..count).collect::<Vec<_>>());
    let cases = [
        (one("n", "like", json!(1)), Some("`like`")),
        (one("n", "in", values(5)), None),
        (one("n", "in", values(6)), Some("5 values")),
        (one("n", "notIn", values(6)), Some("5 values")),
        (one("n", "containsAny", values(20)), None),
        (one("n", "containsAny", values(21)), Some("20 values")),
        (one("n", "between", values(1)), Some("two values")),
        (one("n", "in", json!("a")), Some("a list")),
        (one("n", "in", json!([{ "a": 1 }])), Some("numbers or texts")),
        (one("n", "eq", values(2)), Some("one value")),
        (one("n", "eq", json!("x".repeat(256))), None),
        (one("n", "eq", json!("x".repeat(257))), Some("256 characters")),
        (one("a.b.c.d.e", "eq", json!(1)), None),
        (one("a.b.c.d.e.f", "eq", json!(1)), Some("5 levels")),
    ];
    for (filter, wanted) in cases {
        let read = group(vec![filter.clone()]);
        match wanted {
            None => assert!(read.is_ok(), "{filter}: {read:?}"),
            Some(reason) => assert!(read.unwrap_err().contains(reason), "{filter}"),
        }
    }
}

const SCHEMA: &str = "
type Query { x: Int }
type Mutation { add(id: ID!, owner: String, secret: String): Post remove(id: ID!): Post end(id: ID!): Post }
type Subscription {
  onAdd(owner: String): Post @aws_subscribe(mutations: [\"add\"])
  onMine: Post @aws_subscribe(mutations: [\"add\", \"remove\"])
  closed: Post @aws_subscribe(mutations: [\"add\"]) @aws_iam
  angry: Post @aws_subscribe(mutations: [\"add\"])
}
type Post @aws_api_key @aws_iam { id: ID! owner: String secret: String @aws_iam need: String! }
";

/// A client at the end of two channels.
struct Client {
    to: mpsc::Sender<String>,
    from: mpsc::Receiver<String>,
    authorization: Value,
}

impl Client {
    async fn connect(world: &World, api: &str, key: &str) -> Self {
        let authorization = json!({ "host": "localhost", "x-api-key": key });
        let protocol = format!("graphql-ws, header-{}", URL_SAFE_NO_PAD.encode(authorization.to_string()));
        let mut headers = HeaderMap::new();
        headers.insert("sec-websocket-protocol", protocol.parse().unwrap());
        let path = format!("/graphql/{api}/graphql");
        let handshake = Handshake { api_id: api.to_owned(), path, headers, query: Vec::new() };
        let (to, incoming) = mpsc::channel(10);
        let (outgoing, from) = queue();
        tokio::spawn(converse(Arc::clone(&world.appsync), handshake, incoming, outgoing));
        let client = Self { to, from, authorization };
        client.say(json!({ "type": "connection_init" })).await;
        client
    }

    async fn say(&self, message: Value) {
        self.to.send(message.to_string()).await.unwrap();
    }

    async fn start(&self, id: &str, query: &str) {
        let data = json!({ "query": query, "variables": {} }).to_string();
        let payload = json!({ "data": data, "extensions": { "authorization": self.authorization } });
        self.say(json!({ "id": id, "type": "start", "payload": payload })).await;
    }

    /// The next message that is no sign of life.
    async fn hear(&mut self) -> Value {
        loop {
            let text = tokio::time::timeout(Duration::from_secs(10), self.from.recv()).await.unwrap().unwrap();
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] != "ka" {
                return message;
            }
        }
    }

    async fn ready(world: &World, api: &str, key: &str) -> Self {
        let mut client = Self::connect(world, api, key).await;
        let said = client.hear().await;
        assert_eq!(said, json!({ "type": "connection_ack", "payload": { "connectionTimeoutMs": 300_000 } }));
        client
    }

    async fn begin(&mut self, id: &str, query: &str) {
        self.start(id, query).await;
        assert_eq!(self.hear().await, json!({ "type": "start_ack", "id": id }));
    }
}

async fn world() -> (World, String, String) {
    let world = World::new();
    let iam = json!({ "AdditionalAuthenticationProviders": [{ "AuthenticationType": "AWS_IAM" }] });
    let api = world.api(iam, SCHEMA).await;
    let key = world.key(&api).await;
    let payload = "return { payload: { ...ctx.args, need: 'n' } };";
    for field in ["add", "remove"] {
        world.resolver(&api, ("Mutation", field), "None", (payload, "return ctx.result;")).await;
    }
    let end = "extensions.invalidateSubscriptions({ subscriptionField: 'onMine', payload: { id: ctx.args.id } }); return ctx.result;";
    world.resolver(&api, ("Mutation", "end"), "None", (payload, end)).await;
    let filter = "extensions.setSubscriptionFilter({ filterGroup: [{ filters: [{ fieldName: 'owner', operator: 'in', value: ['ada', 'eve'] }] }] });
        extensions.setSubscriptionInvalidationFilter({ filterGroup: [{ filters: [{ fieldName: 'id', operator: 'eq', value: 'gone' }] }] });
        return null;";
    world.resolver(&api, ("Subscription", "onMine"), "None", ("return { payload: null };", filter)).await;
    world.resolver(&api, ("Subscription", "angry"), "None", ("util.unauthorized();", "return null;")).await;
    (world, api, key)
}

#[tokio::test]
async fn subscribers_get_what_the_mutation_selected_and_what_they_may_see() {
    let (world, api, key) = world().await;
    let mut client = Client::ready(&world, &api, &key).await;
    client.begin("1", "subscription { onAdd { id title: owner secret need __typename } }").await;
    let answer =
        world.query(&api, &key, "mutation { made: add(id: 7, owner: \"ada\") { key: id who: owner need } }").await;
    assert_eq!(answer["data"]["made"], json!({ "key": "7", "who": "ada", "need": "n" }));
    let said = client.hear().await;
    let wanted = json!({ "id": "7", "title": "ada", "secret": null, "need": "n", "__typename": "Post" });
    assert_eq!((&said["type"], &said["id"]), (&json!("data"), &json!("1")));
    assert_eq!(said["payload"]["data"]["onAdd"], wanted);
    assert_eq!(said["payload"]["errors"][0]["errorType"], "Unauthorized", "a field for others: {said}");
    world.query(&api, &key, "mutation { add(id: 8) { id } }").await;
    let said = client.hear().await;
    assert_eq!(said["payload"]["data"], json!({ "onAdd": null }), "a required field that was not selected");
}

#[tokio::test]
async fn arguments_and_filters_decide_and_order_holds() {
    let (world, api, key) = world().await;
    let mut client = Client::ready(&world, &api, &key).await;
    client.begin("a", "subscription { onAdd(owner: \"ada\") { id } }").await;
    client.begin("m", "subscription { onMine { id } }").await;
    for (id, owner) in [(1, "bob"), (2, "ada"), (3, "eve"), (4, "ada")] {
        world.query(&api, &key, &format!("mutation {{ add(id: {id}, owner: \"{owner}\") {{ id owner }} }}")).await;
    }
    world.query(&api, &key, "mutation { add(id: 5, owner: \"ada\") { id } }").await;
    client.say(json!({ "type": "stop", "id": "a" })).await;
    let mut heard: Vec<(Value, Value)> = Vec::new();
    loop {
        let said = client.hear().await;
        if said["type"] == "complete" {
            assert_eq!(said["id"], "a");
            break;
        }
        let data = said["payload"]["data"].as_object().unwrap().values().next().unwrap()["id"].clone();
        heard.push((said["id"].clone(), data));
    }
    let pair = |id: &str, item: &str| (json!(id), json!(item));
    assert_eq!(heard, [pair("a", "2"), pair("m", "2"), pair("m", "3"), pair("a", "4"), pair("m", "4")]);
    world.query(&api, &key, "mutation { end(id: \"other\") { id } }").await;
    world.query(&api, &key, "mutation { end(id: \"gone\") { id } }").await;
    assert_eq!(client.hear().await, json!({ "type": "complete", "id": "m" }));
    assert!(client.from.recv().await.is_none(), "the connection ends with it");
}

#[tokio::test]
async fn what_a_caller_may_not_have_is_an_error_and_not_silence() {
    let (world, api, key) = world().await;
    let mut client = Client::ready(&world, &api, &key).await;
    let cases = [
        ("subscription { closed { id } }", "Unauthorized", "Not Authorized to access closed on type Subscription"),
        ("subscription { angry { id } }", "Unauthorized", "Not Authorized to access angry on type Subscription"),
        ("subscription { nothing { id } }", "ValidationException", "FieldUndefined"),
        ("query { x }", "UnsupportedOperation", "only subscriptions"),
        ("subscription { onAdd { id } onMine { id } }", "ValidationException", "one"),
    ];
    for (query, kind, message) in cases {
        client.start("1", query).await;
        let said = client.hear().await;
        assert_eq!((&said["type"], &said["id"]), (&json!("error"), &json!("1")), "{said}");
        let error = &said["payload"]["errors"][0];
        assert_eq!(error["errorType"], kind, "{said}");
        assert!(error["message"].as_str().unwrap().contains(message), "{said}");
    }
    client.begin("1", "subscription { onAdd { id } }").await;
    client.start("1", "subscription { onAdd { id } }").await;
    assert_eq!(client.hear().await["payload"]["errors"][0]["errorType"], "DuplicatedOperationError");
    client.say(json!({ "type": "hello", "id": "9" })).await;
    assert_eq!(client.hear().await["payload"]["errors"][0]["errorType"], "UnsupportedOperation");
    client.authorization["x-api-key"] = "da2-wrong".into();
    client.start("2", "subscription { onAdd { id } }").await;
    assert_eq!(client.hear().await["payload"]["errors"][0]["errorType"], "UnauthorizedException");
}

#[tokio::test]
async fn a_handshake_without_good_credentials_is_refused() {
    let (world, api, _) = world().await;
    let mut client = Client::connect(&world, &api, "da2-wrong").await;
    let said = client.hear().await;
    assert_eq!(said["type"], "connection_error");
    assert_eq!(said["payload"]["errors"][0]["errorType"], "UnauthorizedException");
    assert_eq!(said["payload"]["errors"][0]["errorCode"], 401);
    assert!(client.from.recv().await.is_none(), "the connection ends");
}
