//! What lies behind what a caller may see: relations, aliases, fragments, interfaces and unions lead nobody to more.

use serde_json::{Value, json};

use super::world::{Api, World, gives};
use crate::support::callers::Credential;

const SCHEMA: &str = "
type Query {
  post: Post @aws_api_key @aws_cognito_user_pools
  nodes: [Node] @aws_api_key @aws_cognito_user_pools
  found: [Found] @aws_api_key @aws_cognito_user_pools
  closed: String
  staff: String @aws_cognito_user_pools(cognito_groups: [\"Staff\"])
}
type Post implements Node @aws_api_key @aws_cognito_user_pools {
  id: ID!
  title: String
  note: String @aws_cognito_user_pools
  draft: String! @aws_cognito_user_pools(cognito_groups: [\"Staff\"])
  secret: Secret
  secrets: [Secret!]!
  self: Post
}
type Secret implements Node @aws_cognito_user_pools { id: ID! value: String post: Post }
interface Node { id: ID! }
union Found = Post | Secret
type Mutation { touch: Post @aws_api_key @aws_cognito_user_pools }
schema { query: Query mutation: Mutation }
";

const POST: &str = "{ __typename: 'Post', id: 'p', title: 't', note: 'hidden', draft: 'hidden', \
    secret: { __typename: 'Secret', id: 'hidden', value: 'hidden' }, secrets: [{ __typename: 'Secret', id: 'hidden' }], \
    self: { id: 'q', note: 'hidden' } }";

struct Kept {
    world: World,
    api: Api,
    key: Credential,
    ada: Credential,
    staff: Credential,
}

fn start() -> Kept {
    let world = World::start();
    let pool = world.pool(&[("ada", None), ("max", Some("Staff"))]);
    let config = json!({ "userPoolId": pool.id, "awsRegion": "us-east-1", "defaultAction": "ALLOW" });
    let settings = json!({
        "authenticationType": "AMAZON_COGNITO_USER_POOLS", "userPoolConfig": config,
        "additionalAuthenticationProviders": [{ "authenticationType": "API_KEY" }],
    });
    let both = format!("[{POST}, {{ __typename: 'Secret', id: 'hidden', value: 'hidden' }}]");
    let code = [
        ("Query.post", gives(POST)),
        ("Query.nodes", gives(&both)),
        ("Query.found", gives(&both)),
        ("Query.closed", gives("'hidden'")),
        ("Query.staff", gives("'hidden'")),
        ("Mutation.touch", gives(POST)),
    ];
    let api = world.api(&settings, SCHEMA, &code);
    let key = Credential::Header("x-api-key", world.key(&api, 2));
    let by = |name: &str| Credential::Header("authorization", pool.sign_in(name).access);
    let (ada, staff) = (by("ada"), by("max"));
    Kept { world, api, key, ada, staff }
}

#[test]
fn no_path_leads_to_a_type_that_the_caller_may_not_read() {
    let kept = start();
    let url = &kept.api.url;
    assert_eq!(kept.key.send(url, "{ post { id title } }", &Value::Null).json()["data"]["post"]["title"], "t");
    let own = kept.ada.send(url, "{ post { note secret { value } } }", &Value::Null).json();
    assert_eq!(own, json!({ "data": { "post": { "note": "hidden", "secret": { "value": "hidden" } } } }));
    for query in [
        "{ post { note } }",
        "{ post { title: note } }",
        "{ post { id: note } }",
        "{ post { ...F } } fragment F on Post { note }",
        "{ post { ...F } } fragment F on Node { ... on Post { note } }",
        "{ post { ... { ... on Post { ... on Node { ... on Post { x: note } } } } } }",
        "{ post { self { self: note } } }",
        "{ post { secret { value } } }",
        "{ post { secret { id } } }",
        "{ post { s: secret { v: value } } }",
        "{ post { secret { ... on Node { id } } } }",
        "{ post { secret { ...S } } } fragment S on Secret { value }",
        "{ post { secrets { id } } }",
        "{ nodes { id } }",
        "{ nodes { ... on Secret { value } } }",
        "{ nodes { ...N } } fragment N on Node { id ... on Secret { value id } }",
        "{ found { ... on Node { id } } }",
        "{ found { ... on Secret { id: value } } }",
        "query ($yes: Boolean = true) { post { id note @include(if: $yes) } }",
        "mutation { touch { id note } }",
        "mutation { a: touch { ...F } b: touch { secret { value } } } fragment F on Post { t: note }",
        "{ closed }",
        "{ title: closed }",
        "{ staff }",
    ] {
        let answer = kept.key.send(url, query, &Value::Null);
        assert_eq!(answer.status, 200, "{query}");
        let told = answer.json();
        assert!(!answer.text().contains("hidden"), "{query}: {told}");
        let errors = told["errors"].as_array().unwrap_or_else(|| panic!("{query}: {told}"));
        for error in errors {
            assert_eq!(error["errorType"], "Unauthorized", "{query}: {told}");
            assert!(error["message"].as_str().unwrap().starts_with("Not Authorized to access "), "{query}: {told}");
            assert!(error["data"].is_null() && error["errorInfo"].is_null(), "{query}: {told}");
        }
    }
}

#[test]
fn a_field_that_must_be_there_takes_its_parent_along_when_it_is_refused() {
    let kept = start();
    let url = &kept.api.url;
    let answer = kept.ada.send(url, "{ post { id draft } }", &Value::Null).json();
    assert_eq!(
        (&answer["data"], answer["errors"].as_array().unwrap().len()),
        (&json!({ "post": null }), 1),
        "{answer}"
    );
    assert_eq!(answer["errors"][0]["path"], json!(["post", "draft"]));
    let staff = kept.staff.send(url, "{ post { draft } staff }", &Value::Null).json();
    assert_eq!(staff, json!({ "data": { "post": { "draft": "hidden" }, "staff": "hidden" } }));
}

#[test]
fn what_no_directive_opens_is_closed_where_the_default_is_to_deny() {
    let kept = start();
    let pool = kept.world.pool(&[("eve", None)]);
    let config = json!({ "userPoolId": pool.id, "awsRegion": "us-east-1", "defaultAction": "DENY" });
    let settings = json!({ "authenticationType": "AMAZON_COGNITO_USER_POOLS", "userPoolConfig": config });
    let schema = "type Query { open: Kept @aws_cognito_user_pools closed: String } \
        type Kept { a: String b: String @aws_cognito_user_pools }";
    let code = [("Query.open", gives("{ a: 'hidden', b: 'seen' }")), ("Query.closed", gives("'hidden'"))];
    let api = kept.world.api(&settings, schema, &code);
    let eve = Credential::Header("authorization", pool.sign_in("eve").access);
    for (query, data) in [
        ("{ open { b } }", json!({ "open": { "b": "seen" } })),
        ("{ open { a b } }", json!({ "open": { "a": null, "b": "seen" } })),
        ("{ open { b: a } }", json!({ "open": { "b": null } })),
        ("{ closed }", json!({ "closed": null })),
    ] {
        let answer = eve.send(&api.url, query, &Value::Null);
        assert_eq!(answer.json()["data"], data, "{query}");
        assert!(!answer.text().contains("hidden"), "{query}: {}", answer.text());
    }
}
