//! Caches of APIs: per resolver, of all resolvers, of whole answers; how they end, are evicted, flushed, and refused.

use http::Method;
use serde_json::{Value, json};

use super::world::{NOW_MS, World, code};
use crate::cloud::service::Caller;

const SCHEMA: &str = "
type Note { id: ID! made: Float deep: Float }
type Query { note(id: ID!, x: Int): Note many: [Note] broken: Float time: Float }
type Mutation { change(id: ID!): Float now: Float }
";

/// The time is what tells a new answer from one that was kept.
const NOTE: &str = "return { payload: { id: ctx.args.id, made: util.time.nowEpochMilliSeconds() } };";
const TIME: &str = "return { payload: util.time.nowEpochMilliSeconds() };";
const RESULT: &str = "return ctx.result;";

async fn api(world: &World, behaviour: &str, ttl: i64) -> (String, String) {
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    let cache = json!({ "ApiId": api, "ApiCachingBehavior": behaviour, "Ttl": ttl, "Type": "SMALL" });
    let made = world.make("AWS::AppSync::ApiCache", cache).await;
    assert_eq!(made.attributes["Id"], format!("{api}ApiCache"));
    for field in ["time", "broken"] {
        let response = if field == "broken" { "util.appendError('x'); return ctx.result;" } else { RESULT };
        world.resolver(&api, ("Query", field), "None", (TIME, response)).await;
    }
    world.resolver(&api, ("Mutation", "now"), "None", (TIME, RESULT)).await;
    let many = "return { payload: [{ id: 'a' }, { id: 'b' }] };";
    world.resolver(&api, ("Query", "many"), "None", (many, RESULT)).await;
    let deep = "return { payload: util.time.nowEpochMilliSeconds() + (ctx.source.id === 'a' ? 0 : 0.5) };";
    world.resolver(&api, ("Note", "deep"), "None", (deep, RESULT)).await;
    (api, key)
}

async fn note(world: &World, api: &str, caching: Value) {
    let resolver = json!({
        "ApiId": api, "TypeName": "Query", "FieldName": "note", "DataSourceName": "None", "Code": code(NOTE, RESULT),
        "Runtime": { "Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0" }, "CachingConfig": caching,
    });
    world.make("AWS::AppSync::Resolver", resolver).await;
}

/// The number that a query gives in the end, as milliseconds since the beginning.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
fn number(answer: &Value) -> i64 {
    let mut value = &answer["data"];
    while let Some(next) = value.as_object().and_then(|members| members.values().next()) {
        value = next;
    }
    value.as_f64().unwrap_or_else(|| panic!("{answer}")) as i64 - NOW_MS
}

#[tokio::test]
async fn resolvers_that_say_so_are_kept_by_their_keys_until_they_end() {
    let world = World::new();
    let (api, key) = api(&world, "PER_RESOLVER_CACHING", 3600).await;
    note(&world, &api, json!({ "Ttl": "30", "CachingKeys": ["$context.arguments.id"] })).await;
    let ask = async |query: &str| number(&world.query(&api, &key, query).await);
    assert_eq!(ask("{ note(id: 1) { made } }").await, 0);
    world.clock.advance(29_999);
    assert_eq!(ask("{ note(id: 1, x: 5) { made } }").await, 0, "what is no key makes no difference");
    assert_eq!(ask("{ other: note(id: 2) { made } }").await, 29_999, "another key");
    assert_eq!(ask("{ time }").await, 29_999, "a resolver that says nothing");
    world.clock.advance(1);
    assert_eq!(ask("{ note(id: 1) { made } }").await, 30_000, "it has ended");
    assert_eq!(ask("{ other: note(id: 2) { made } }").await, 29_999);
}

#[tokio::test]
async fn mutations_evict_and_tell_how_many() {
    let world = World::new();
    let (api, key) = api(&world, "PER_RESOLVER_CACHING", 3600).await;
    note(&world, &api, json!({ "Ttl": 3600, "CachingKeys": ["context.arguments.id"] })).await;
    let evict = "extensions.evictFromApiCache('Query', 'note', { 'ctx.args.id': ctx.args.id }); return { payload: 1 };";
    world.resolver(&api, ("Mutation", "change"), "None", (evict, RESULT)).await;
    let ask = async |query: &str| number(&world.query(&api, &key, query).await);
    for id in [1, 2] {
        assert_eq!(ask(&format!("{{ note(id: {id}) {{ made }} }}")).await, 0);
    }
    world.clock.advance(5);
    let answer = world.query(&api, &key, "mutation { change(id: 1) }").await;
    assert_eq!(answer["extensions"], json!({ "apiCacheEntriesDeleted": 1 }), "{answer}");
    assert_eq!(ask("{ note(id: 1) { made } }").await, 5);
    assert_eq!(ask("{ note(id: 2) { made } }").await, 0);
    let answer = world.query(&api, &key, "mutation { change(id: 9) }").await;
    assert!(answer.get("extensions").is_none(), "{answer}");
}

#[tokio::test]
async fn all_resolvers_of_queries_are_kept_apart_by_source_and_caller() {
    let world = World::new();
    let (api, key) = api(&world, "FULL_REQUEST_CACHING", 10).await;
    note(&world, &api, Value::Null).await;
    let ask = async |query: &str| world.query(&api, &key, query).await;
    let first = ask("{ many { deep } note(id: 1, x: 1) { made } }").await;
    assert_ne!(first["data"]["many"][0]["deep"], first["data"]["many"][1]["deep"], "{first}");
    world.clock.advance(1000);
    assert_eq!(ask("{ many { deep } note(id: 1, x: 1) { made } }").await, first);
    assert_eq!(number(&ask("{ note(id: 1, x: 2) { made } }").await), 1000, "every argument counts");
    let at = async |query: &str| number(&ask(query).await);
    assert_eq!((at("mutation { now }").await, at("{ broken }").await), (1000, 1000));
    world.clock.advance(1);
    assert_eq!((at("mutation { now }").await, at("{ broken }").await), (1001, 1001), "never kept");
    world.clock.advance(9000);
    assert_ne!(ask("{ many { deep } note(id: 1, x: 1) { made } }").await, first, "it has ended");
}

#[tokio::test]
async fn whole_answers_are_kept_by_what_was_asked_and_by_whom() {
    let world = World::new();
    let (api, key) = api(&world, "OPERATION_LEVEL_CACHING", 60).await;
    let other = world.key(&api).await;
    let send = async |key: &str, headers: &[(&str, &str)], body: Value| {
        let headers: Vec<(&str, &str)> = [("x-api-key", key)].into_iter().chain(headers.iter().copied()).collect();
        number(&world.send(&api, Caller::Anonymous, &headers, &body).await.1)
    };
    let ask = |query: &str| json!({ "query": query });
    assert_eq!(send(&key, &[], ask("{ time }")).await, 0);
    world.clock.advance(7);
    let again = [("x-amzn-trace-id", "1"), ("host", "elsewhere")];
    assert_eq!(send(&key, &again, ask("{ time }")).await, 0, "reserved headers say nothing");
    assert_eq!(send(&key, &[("x-mine", "1")], ask("{ time }")).await, 7, "other headers do");
    assert_eq!(send(&other, &[], ask("{ time }")).await, 7, "the key is a header");
    assert_eq!(send(&key, &[], ask("{  time }")).await, 7, "another text");
    assert_eq!(send(&key, &[], json!({ "query": "{ time }", "variables": { "a": 1 } })).await, 7);
    assert_eq!(send(&key, &[], ask("{ broken }")).await, 7);
    assert_eq!(send(&key, &[], ask("mutation { now }")).await, 7);
    world.clock.advance(1);
    assert_eq!(send(&key, &[], ask("{ broken }")).await, 8, "answers with errors are not kept");
    assert_eq!(send(&key, &[], ask("mutation { now }")).await, 8);
    world.clock.advance(60_000);
    assert_eq!(send(&key, &[], ask("{ time }")).await, 60_008);
}

#[tokio::test]
async fn caches_are_made_shown_changed_flushed_and_deleted_on_the_wire() {
    let world = World::new();
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    world.resolver(&api, ("Query", "time"), "None", (TIME, RESULT)).await;
    let caches = format!("/v1/apis/{api}/ApiCaches");
    let missing = world.control(Method::GET, &caches, &Value::Null).await.unwrap_err();
    assert_eq!(missing, (404, "NotFoundException".to_owned()));
    let wanted = json!({ "ttl": 60, "apiCachingBehavior": "FULL_REQUEST_CACHING", "type": "LARGE", "transitEncryptionEnabled": true });
    let made = world.control(Method::POST, &caches, &wanted).await.unwrap();
    let shown = json!({
        "ttl": 60, "apiCachingBehavior": "FULL_REQUEST_CACHING", "type": "LARGE", "transitEncryptionEnabled": true,
        "atRestEncryptionEnabled": false, "healthMetricsConfig": "DISABLED", "status": "AVAILABLE",
    });
    assert_eq!(made["apiCache"], shown);
    assert_eq!(world.control(Method::POST, &caches, &wanted).await.unwrap_err().1, "BadRequestException", "one an API");
    let ask = async || number(&world.query(&api, &key, "{ time }").await);
    assert_eq!(ask().await, 0);
    world.clock.advance(3);
    assert_eq!(ask().await, 0);
    world.control(Method::DELETE, &format!("/v1/apis/{api}/FlushCache"), &Value::Null).await.unwrap();
    assert_eq!(ask().await, 3);
    let changed = json!({ "ttl": 1, "apiCachingBehavior": "PER_RESOLVER_CACHING", "type": "SMALL" });
    let changed = world.control(Method::POST, &format!("{caches}/update"), &changed).await.unwrap();
    assert_eq!(changed["apiCache"]["transitEncryptionEnabled"], true, "it stays");
    world.clock.advance(1);
    assert_eq!(ask().await, 4, "its resolver says nothing of caching");
    world.control(Method::DELETE, &caches, &Value::Null).await.unwrap();
    assert_eq!(world.control(Method::GET, &caches, &Value::Null).await.unwrap_err().0, 404);
    for wrong in [
        json!({ "ttl": 0, "apiCachingBehavior": "FULL_REQUEST_CACHING", "type": "SMALL" }),
        json!({ "ttl": 3601, "apiCachingBehavior": "FULL_REQUEST_CACHING", "type": "SMALL" }),
        json!({ "ttl": 60, "apiCachingBehavior": "SOME", "type": "SMALL" }),
        json!({ "ttl": 60, "apiCachingBehavior": "FULL_REQUEST_CACHING", "type": "TINY" }),
        json!({ "ttl": 60, "type": "SMALL" }),
    ] {
        let refused = world.control(Method::POST, &caches, &wrong).await.unwrap_err();
        assert_eq!(refused, (400, "BadRequestException".to_owned()), "{wrong}");
    }
    for (caching, reason) in [
        (json!({ "Ttl": 0 }), "between 1 and 3600"),
        (json!({ "Ttl": 5, "CachingKeys": ["context.stash.id"] }), "Invalid caching key context.stash.id"),
    ] {
        let resolver = json!({
            "ApiId": api, "TypeName": "Query", "FieldName": "note", "DataSourceName": "None", "Code": code(NOTE, RESULT),
            "Runtime": { "Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0" }, "CachingConfig": caching,
        });
        let refused = world.try_make("AWS::AppSync::Resolver", resolver).await.unwrap_err();
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
}
