//! Fields that OpenSearch answers: a stand-in for it keeps posts, and knows order, pages and totals.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::api::{self, Api};
use crate::support::http::graphql;
use crate::support::sandbox::{Dev, Sandbox};
use crate::support::stub::{Asked, Stub, Told};
use crate::support::users::Pool;

static WORLD: api::Shared<World> = api::Shared::new(std::sync::Weak::new());

/// How many posts the index has.
const POSTS: usize = 230;

const SETTINGS: &str = r#"
[resources.auth]
kind = "auth"

[resources.api]
kind = "api"
auth = "api-key"
additional-auth = ["user-pool"]
"#;

const SCHEMA: &str = r"
type BlogPost @model @searchable @auth(rules: [{ allow: public }, { allow: private }]) {
  id: ID!
  title: String
  views: Int
  score: Float
  open: Boolean
  salary: Int @auth(rules: [{ allow: private }])
}
";

/// Takes the domain and what feeds it away; searches go to a server of the test.
fn patch(endpoint: &str) -> String {
    let taken =
        ["Domain", "StreamFunction", "StreamLogs", "StreamRole", "DeadLetters"].map(|name| format!("Search{name}"));
    let taken = taken.iter().map(String::as_str).chain(["BlogPostSearchStream"]);
    let taken: Vec<String> = taken.map(|name| format!("  {name}: null\n")).collect();
    let taken = taken.concat();
    let parameters = "Parameters:\n  SearchInstanceType: null\n  SearchInstanceCount: null\n  SearchVolumeSize: null\n";
    let source =
        format!("  SearchSource: {{ Properties: {{ OpenSearchServiceConfig: {{ Endpoint: {endpoint:?} }} }} }}\n");
    format!("{parameters}Resources:\n{taken}{source}")
}

fn post(number: usize) -> Value {
    json!({ "id": format!("p{number:03}"), "title": "t", "views": number % 7 })
}

/// The values by which a post stands in its place.
fn place(post: &Value, order: &[Value]) -> Vec<Value> {
    let names = order.iter().map(|one| one.as_object().unwrap().keys().next().unwrap().trim_end_matches(".keyword"));
    names.map(|name| post[name].clone()).collect()
}

/// Whether one place comes before another.
fn before(left: &[Value], right: &[Value], order: &[Value]) -> std::cmp::Ordering {
    let compared = left.iter().zip(right).zip(order).map(|((left, right), order)| {
        let ascending = match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.as_str().cmp(&right.as_str()),
        };
        let descends = order.as_object().unwrap().values().next().unwrap()["order"] == "desc";
        if descends { ascending.reverse() } else { ascending }
    });
    compared.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
}

/// OpenSearch's answer to a search that matches everything.
fn found(asked: &Asked) -> Told {
    if !asked.path.starts_with("/blogpost/_search") {
        return (404, json!({ "error": asked.path }).to_string().into_bytes());
    }
    let body = asked.json();
    let order = body["sort"].as_array().unwrap().clone();
    let mut posts: Vec<(Vec<Value>, Value)> = (0..POSTS).map(post).map(|post| (place(&post, &order), post)).collect();
    posts.sort_by(|left, right| before(&left.0, &right.0, &order));
    if let Some(after) = body["search_after"].as_array() {
        posts.retain(|(place, _)| before(place, after, &order).is_gt());
    }
    let number = |name: &str| usize::try_from(body[name].as_u64().unwrap_or_default()).unwrap();
    let hits = posts.into_iter().skip(number("from")).take(number("size"));
    let hits: Vec<Value> =
        hits.map(|(place, post)| json!({ "_id": post["id"], "_source": post, "sort": place })).collect();
    let aggregations: serde_json::Map<String, Value> = body["aggs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, asked)| {
            let value = json!({ "value": POSTS, "buckets": null });
            (name.clone(), if asked["aggs"]["allowed"].is_object() { json!({ "allowed": value }) } else { value })
        })
        .collect();
    let answer = json!({
        "hits": { "total": { "value": POSTS, "relation": "eq" }, "hits": hits }, "aggregations": aggregations,
    });
    (200, answer.to_string().into_bytes())
}

static INDEX: LazyLock<Stub> = LazyLock::new(|| Stub::start(found));

struct World {
    api: Api,
    token: String,
    _dev: Dev,
    _sandbox: Sandbox,
}

fn world() -> Arc<World> {
    api::shared(&WORLD, || {
        let sandbox = Sandbox::new();
        let _ = sandbox.run(&["init", "search", "--target", "local"]).ok();
        sandbox.write("ampup.toml", &format!("{}{SETTINGS}", sandbox.read("ampup.toml")));
        sandbox.write("ampup/api/api/schema.graphql", SCHEMA);
        sandbox.write("ampup/overrides/api.yaml", &patch(&INDEX.address));
        let _ = sandbox.run(&["render"]).ok();
        let dev = sandbox.dev();
        let pool = Pool::of(&dev.endpoint, &sandbox.outputs());
        pool.sign_up("ada@example.com");
        let token = pool.sign_in("ada@example.com").access;
        World { api: Api::of(&sandbox), token, _dev: dev, _sandbox: sandbox }
    })
}

impl World {
    /// A page of a search, and what the index was asked for it.
    fn search(&self, arguments: &str) -> (Value, Value) {
        let query = format!("{{ searchBlogPosts{arguments} {{ items {{ id views }} nextToken total }} }}");
        let _guard = ASKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        INDEX.take();
        let page = self.api.value(&query, &Value::Null);
        let asked = INDEX.take();
        assert_eq!(asked.len(), 1, "one search asks once");
        assert!(asked[0].header("authorization").contains("/es/aws4_request"), "{:?}", asked[0].headers);
        (page, asked[0].json())
    }
}

/// The stand-in writes down whatever comes: who looks at that asks alone.
static ASKING: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn item_56_a_search_has_pages_an_order_and_a_total() {
    let world = world();
    let (page, asked) = world.search("");
    assert_eq!((ids(&page).len(), &asked["size"], &page["total"]), (100, &json!(100), &json!(POSTS)));
    assert_eq!(page["items"][0]["id"], format!("p{:03}", POSTS - 1), "the key descends by itself");
    // Every post once, whatever page it is on.
    let (mut token, mut all) = (page["nextToken"].clone(), ids(&page));
    let last = STANDARD.decode(token.as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&last).unwrap(), json!([all.last().unwrap()]));
    while token.is_string() && all.len() <= POSTS {
        let (page, asked) = world.search(&format!("(nextToken: {token})"));
        assert_eq!(asked["search_after"], json!([all.last().unwrap()]));
        all.extend(ids(&page));
        token = page["nextToken"].clone();
    }
    let expected: Vec<String> = (0..POSTS).rev().map(|number| format!("p{number:03}")).collect();
    assert_eq!(all, expected);

    let (page, asked) = world.search("(sort: [{ field: views }], limit: 3, from: 2)");
    assert_eq!((&asked["size"], &asked["from"]), (&json!(3), &json!(2)));
    let order: Vec<(String, String)> = asked["sort"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one.as_object().unwrap())
        .map(|(name, how)| (name.clone(), how["order"].as_str().unwrap().to_owned()))
        .collect();
    let descending = |name: &str| (name.to_owned(), "desc".to_owned());
    assert_eq!(order, [descending("views"), descending("id.keyword")], "what is not said descends, then the key");
    assert!(page["items"].as_array().unwrap().iter().all(|item| item["views"] == 6), "{page}");
    let (page, _) = world.search("(sort: [{ field: views, direction: asc }, { field: id, direction: asc }], limit: 2)");
    assert_eq!(ids(&page), ["p000", "p007"]);
}

#[test]
fn item_56_each_operator_asks_in_the_language_of_the_index() {
    let world = world();
    let cases = [
        (r#"{ title: { eq: "a" } }"#, json!({ "term": { "title": "a" } })),
        (r#"{ title: { ne: "a" } }"#, json!({ "bool": { "must_not": { "term": { "title": "a" } } } })),
        (r#"{ title: { match: "a" } }"#, json!({ "match": { "title": "a" } })),
        (r#"{ title: { matchPhrase: "a b" } }"#, json!({ "match_phrase": { "title": "a b" } })),
        (r#"{ title: { matchPhrasePrefix: "a" } }"#, json!({ "match_phrase_prefix": { "title": "a" } })),
        (r#"{ title: { multiMatch: "a" } }"#, json!({ "multi_match": { "title": "a" } })),
        ("{ title: { exists: true } }", json!({ "exists": { "field": "title" } })),
        (r#"{ title: { wildcard: "a*" } }"#, json!({ "wildcard": { "title": "a*" } })),
        (r#"{ title: { regexp: "a." } }"#, json!({ "regexp": { "title": "a." } })),
        (r#"{ title: { gt: "a" } }"#, json!({ "range": { "title": { "gt": "a" } } })),
        (r#"{ title: { range: ["a", "c"] } }"#, json!({ "range": { "title": { "gte": "a", "lte": "c" } } })),
        ("{ views: { gte: 3 } }", json!({ "range": { "views": { "gte": 3 } } })),
        ("{ views: { lt: 3 } }", json!({ "range": { "views": { "lt": 3 } } })),
        ("{ views: { lte: 3 } }", json!({ "range": { "views": { "lte": 3 } } })),
        ("{ views: { eq: 3 } }", json!({ "term": { "views": 3 } })),
        ("{ score: { range: [1.5, 2.5] } }", json!({ "range": { "score": { "gte": 1.5, "lte": 2.5 } } })),
        ("{ open: { eq: true } }", json!({ "term": { "open": true } })),
        ("{ open: { ne: true } }", json!({ "bool": { "must_not": { "term": { "open": true } } } })),
    ];
    for (filter, wanted) in cases {
        let (_, asked) = world.search(&format!("(filter: {filter}, limit: 1)"));
        assert_eq!(asked["query"], json!({ "bool": { "must": [wanted] } }), "{filter}");
    }
    // What a kind of value cannot be asked is no part of its input.
    for filter in ["{ views: { match: 3 } }", "{ open: { gt: true } }", "{ views: { wildcard: 3 } }"] {
        let error = world.api.error(&format!("{{ searchBlogPosts(filter: {filter}) {{ total }} }}"), &Value::Null);
        assert!(error["message"].as_str().unwrap().contains("WrongType"), "{filter}: {error}");
    }
}

#[test]
fn item_57_what_a_caller_may_not_read_is_not_aggregated() {
    let world = world();
    let query = "query ($field: SearchableBlogPostAggregateField!) {
        searchBlogPosts(aggregates: [{ name: \"n\", type: max, field: $field }]) {
            aggregateItems { name result { ... on SearchableAggregateScalarResult { value } } }
        }
    }";
    let _guard = ASKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    INDEX.take();
    let open = world.api.value(query, &json!({ "field": "views" }));
    assert_eq!(open["aggregateItems"], json!([{ "name": "n", "result": { "value": POSTS } }]));
    assert_eq!(INDEX.take()[0].path.split('?').next(), Some("/blogpost/_search"), "the model's name in small letters");
    let refused = world.api.ask(query, &json!({ "field": "salary" }));
    assert_eq!(refused["data"]["searchBlogPosts"], Value::Null);
    let error = &refused["errors"][0];
    assert_eq!(
        (&error["errorType"], &error["message"]),
        (&json!("Unauthorized"), &json!("Unauthorized to run aggregation on field: salary"))
    );
    assert!(INDEX.take().is_empty(), "the index was not asked");
    let allowed = graphql(&world.api.url, ("authorization", &world.token), query, &json!({ "field": "salary" })).json();
    assert_eq!(allowed["data"]["searchBlogPosts"]["aggregateItems"][0]["result"]["value"], POSTS, "{allowed}");
}
