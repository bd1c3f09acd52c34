//! `@searchable`: requests to OpenSearch and what becomes of its answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::project::{Project, ada, bob};

const SCHEMA: &str = "
type Post @model @searchable @auth(rules: [{ allow: owner }, { allow: groups, groups: [\"Crew\"], operations: [search] }, { allow: public }]) {
  id: ID! @primaryKey(sortKeyFields: [\"section\"])
  section: String!
  title: String!
  views: Int
  day: AWSDate
  open: Boolean
  owner: String
  notes: String @auth(rules: [{ allow: owner }])
}
";

/// A search as the developer guide has it ("OpenSearch resolvers"), with a query of OpenSearch's own language.
#[test]
fn a_search_asks_opensearch() {
    let project = Project::new("", SCHEMA);
    let plain = project.request("resolvers/Query.searchPosts", &json!({ "arguments": {} }));
    assert_eq!(
        plain,
        json!({
            "operation": "GET",
            "path": "/post/_search",
            "params": {
                "queryString": { "ignore_unavailable": "true" },
                "body": {
                    "query": { "match_all": {} },
                    "size": 100,
                    "sort": [
                        { "id.keyword": { "order": "desc", "unmapped_type": "keyword" } },
                        { "section.keyword": { "order": "desc", "unmapped_type": "keyword" } },
                    ],
                    "aggs": {},
                    "track_total_hits": true,
                },
            },
        })
    );
    let token = STANDARD.encode("[\"7\",\"news\"]");
    let arguments = json!({
        "filter": { "title": { "matchPhrase": "a b" }, "or": [{ "views": { "gt": 3 } }, { "not": { "open": { "eq": true } } }] },
        "sort": [{ "field": "views", "direction": "asc" }, { "field": "id" }],
        "limit": 5, "from": 10, "nextToken": token,
        "aggregates": [{ "name": "most", "type": "max", "field": "views" }, { "name": "titles", "type": "terms", "field": "title" }],
    });
    let body = &project.request("resolvers/Query.searchPosts", &json!({ "arguments": arguments }))["params"]["body"];
    let either =
        json!([{ "range": { "views": { "gt": 3 } } }, { "bool": { "must_not": { "term": { "open": true } } } }]);
    let filter = json!({ "bool": { "must": [
        { "match_phrase": { "title": "a b" } },
        { "bool": { "should": either, "minimum_should_match": 1 } },
    ] } });
    assert_eq!(body["query"], json!({ "bool": { "must": [filter] } }));
    assert_eq!((&body["size"], &body["from"]), (&json!(5), &json!(10)));
    assert_eq!(body["search_after"], json!(["7", "news"]));
    assert_eq!(
        body["sort"],
        json!([
            { "views": { "order": "asc", "unmapped_type": "keyword" } },
            { "id.keyword": { "order": "desc", "unmapped_type": "keyword" } },
            { "section.keyword": { "order": "desc", "unmapped_type": "keyword" } },
        ])
    );
    let all = json!({ "match_all": {} });
    assert_eq!(
        body["aggs"],
        json!({
            "most": { "filter": all, "aggs": { "allowed": { "max": { "field": "views" } } } },
            "titles": { "filter": all, "aggs": { "allowed": { "terms": { "field": "title.keyword" } } } },
        })
    );
}

#[test]
fn rules_become_part_of_the_query() {
    let project = Project::new("", SCHEMA);
    let ask = |identity: Value, arguments: Value| {
        project.run("resolvers/Query.searchPosts", "request", &json!({ "arguments": arguments, "identity": identity }))
    };
    let query = |identity: Value| ask(identity, json!({})).value()["params"]["body"]["query"].take();
    assert_eq!(query(ada()), json!({ "match_all": {} }), "her group may find everything");
    let own = json!({ "bool": { "should": [
        { "term": { "owner.keyword": "s-2::bob" } }, { "term": { "owner.keyword": "s-2" } }, { "term": { "owner.keyword": "bob" } },
    ] } });
    assert_eq!(query(bob()), json!({ "bool": { "must": [own] } }));
    let filtered = ask(bob(), json!({ "filter": { "views": { "lte": 1 } } })).value();
    let must = &filtered["params"]["body"]["query"]["bool"]["must"];
    assert_eq!(*must, json!([own, { "range": { "views": { "lte": 1 } } }]));
    let notes = json!({ "aggregates": [{ "name": "n", "type": "terms", "field": "notes" }] });
    let made = ask(bob(), notes.clone()).value();
    assert_eq!(made["params"]["body"]["aggs"]["n"]["filter"], own, "over his own items alone");
    let refused = ask(Value::Null, notes);
    assert_eq!(refused.raised(), Some("Unauthorized"));
    assert_eq!(refused.errors[0]["message"], "Unauthorized to run aggregation on field: notes");
}

#[test]
fn answers_of_opensearch_become_a_page() {
    let project = Project::new("", SCHEMA);
    let hit =
        |id: &str| json!({ "_index": "post", "_id": id, "_source": { "id": id, "title": "t" }, "sort": [id, "news"] });
    let result = json!({
        "took": 2, "timed_out": false,
        "hits": { "total": { "value": 31, "relation": "eq" }, "max_score": null, "hits": [hit("1"), hit("2")] },
        "aggregations": {
            "most": { "doc_count": 31, "allowed": { "value": 9.0 } },
            "titles": { "doc_count": 31, "allowed": { "buckets": [{ "key": "t", "doc_count": 30 }, { "key": 4, "doc_count": 1 }] } },
            "none": { "doc_count": 0, "allowed": { "value": null } },
        },
    });
    let page = project.response("resolvers/Query.searchPosts", &json!({ "result": result, "arguments": {} }));
    assert_eq!(page["items"], json!([{ "id": "1", "title": "t" }, { "id": "2", "title": "t" }]));
    assert_eq!(page["total"], 31);
    let token = STANDARD.decode(page["nextToken"].as_str().unwrap()).unwrap();
    assert_eq!(token, b"[\"2\",\"news\"]");
    assert_eq!(
        page["aggregateItems"],
        json!([
            { "name": "most", "result": { "__typename": "SearchableAggregateScalarResult", "value": 9 } },
            { "name": "titles", "result": {
                "__typename": "SearchableAggregateBucketResult",
                "buckets": [{ "key": "t", "doc_count": 30 }, { "key": "4", "doc_count": 1 }],
            } },
            { "name": "none", "result": null },
        ])
    );
    let empty = json!({ "hits": { "total": { "value": 0 }, "hits": [] } });
    let page = project.response("resolvers/Query.searchPosts", &json!({ "result": empty }));
    assert_eq!(page, json!({ "items": [], "total": 0, "nextToken": null, "aggregateItems": [] }));
    let error = json!({ "type": "OpenSearch:400", "message": "bad" });
    assert_eq!(project.failure("resolvers/Query.searchPosts", &error).as_deref(), Some("OpenSearch:400"));
}
