//! Whole requests, against APIs made as CloudFormation makes them, over the real tables and roles.

use base64::Engine as _;
use http::Method;
use serde_json::{Value, json};

use super::world::{NOW_MS, World, code};
use crate::cloud::service::{Caller, RoleSession};

const RESULT: &str = "if (ctx.error) { util.error(ctx.error.message, ctx.error.type, ctx.result); } return ctx.result;";

const BLOG: &str = "
type Query { post(id: ID!): Post posts(limit: Int, nextToken: String): Page any: [Thing] broken: Post deep: Post! count: Int }
type Mutation { add(id: ID!, title: String, n: Int): Post change(id: ID!, title: String): Post drop(id: ID!): Post }
type Post { id: ID! title: String n: Int author: Author words: [String!] required: String! }
type Author { name: String posts: [Post] }
type Page { items: [Post] nextToken: String }
union Thing = Post | Author
";

#[tokio::test]
async fn fields_are_resolved_read_and_completed() {
    let world = World::new();
    let api = world.api(json!({}), BLOG).await;
    let key = world.key(&api).await;
    let post = "return { payload: { id: ctx.args.id, title: 't', n: 1.0, words: ['a', null] } };";
    world.resolver(&api, ("Query", "post"), "None", (post, "return ctx.result;")).await;
    world.resolver(&api, ("Post", "author"), "None", ("return { payload: { name: `by ${ctx.source.id} ${ctx.info.fieldName} ${ctx.info.selectionSetList.join(',')}` } };", "return ctx.result;")).await;
    world.resolver(&api, ("Query", "any"), "None", ("return { payload: [{ __typename: 'Post', id: 1, title: 'x' }, { __typename: 'Author', name: 'n' }, { name: 'lost' }] };", "return ctx.result;")).await;
    world
        .resolver(
            &api,
            ("Query", "broken"),
            "None",
            ("util.error('no', 'Kind', { a: 1, id: 7 }, { b: 2 });", "return 1;"),
        )
        .await;
    world.resolver(&api, ("Query", "deep"), "None", ("return { payload: { id: 1 } };", "return ctx.result;")).await;
    world.resolver(&api, ("Query", "count"), "None", ("return { payload: 'many' };", "return ctx.result;")).await;
    let answer = world.query(&api, &key, "{ a: post(id: 1) { ...F author { name } } b: post(id: \"2\") { id @skip(if: true) __typename n } } fragment F on Post { id title }").await;
    assert_eq!(
        answer,
        json!({ "data": {
        "a": { "id": "1", "title": "t", "author": { "name": "by 1 author name" } },
        "b": { "__typename": "Post", "n": 1 },
    } })
    );
    let answer = world.query(&api, &key, "{ any { __typename ... on Post { title } ... on Author { name } } }").await;
    assert_eq!(
        answer["data"]["any"],
        json!([{ "__typename": "Post", "title": "x" }, { "__typename": "Author", "name": "n" }, null])
    );
    assert_eq!(answer["errors"][0]["path"], json!(["any", 2]));
    let answer = world.query(&api, &key, "{\n  broken { id }\n  count\n}").await;
    assert_eq!(answer["data"], json!({ "broken": null, "count": null }));
    // Fields run at the same time, so their errors come in any order.
    let errors = answer["errors"].as_array().unwrap();
    let at = |path: &str| errors.iter().find(|error| error["path"] == json!([path])).unwrap();
    assert_eq!(errors.len(), 2, "{answer}");
    assert_eq!(
        *at("broken"),
        json!({
            "path": ["broken"], "data": { "id": 7 }, "errorType": "Kind", "errorInfo": { "b": 2 },
            "locations": [{ "line": 2, "column": 3, "sourceName": null }], "message": "no",
        })
    );
    assert_eq!(at("count")["message"], json!("Can't serialize value (/count) : Expected type 'Int' but was 'String'."));
    let answer = world.query(&api, &key, "{ post(id: 1) { words } }").await;
    assert_eq!(answer["data"], json!({ "post": { "words": null } }));
    let answer = world.query(&api, &key, "{ deep { required } post(id: 1) { id } }").await;
    assert_eq!(answer["data"], Value::Null);
    assert_eq!(
        answer["errors"][0]["message"],
        json!("Cannot return null for non-nullable type: 'String' within parent 'Post' (/deep/required)")
    );
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
    let answer = world.query(&api, &key, "{ __type(name: \"Post\") { fields { name } } __typename }").await;
    assert_eq!(answer["data"]["__type"]["fields"][0]["name"], json!("id"));
}

#[tokio::test]
async fn pipelines_share_the_stash_and_hand_on_results() {
    let world = World::new();
    let api = world.api(json!({ "EnvironmentVariables": { "STAGE": "dev" } }), BLOG).await;
    let key = world.key(&api).await;
    let runtime = json!({ "Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0" });
    let mut ids = Vec::new();
    for (request, response) in [
        (
            "ctx.args.id = 'spoilt'; ctx.stash.a = ctx.prev.result; return { payload: { title: 'one' } };",
            "return ctx.result;",
        ),
        (
            "if (ctx.stash.skip) { runtime.earlyReturn({ title: 'early' }); } return { payload: { title: `${ctx.prev.result.title} two ${ctx.args.id}` } };",
            "util.appendError('by the way', 'Note'); return ctx.result;",
        ),
    ] {
        let made = world.make("AWS::AppSync::FunctionConfiguration", json!({
            "ApiId": api, "Name": "f", "DataSourceName": "None", "Runtime": runtime, "Code": code(request, response),
        })).await;
        ids.push(made.attributes["FunctionId"].clone());
    }
    world.make("AWS::AppSync::Resolver", json!({
        "ApiId": api, "TypeName": "Query", "FieldName": "post", "Kind": "PIPELINE", "Runtime": runtime,
        "PipelineConfig": { "Functions": ids },
        "Code": code("ctx.stash.skip = ctx.args.id === 'e'; return { first: ctx.env.STAGE };", "return { id: ctx.stash.a.first, title: ctx.prev.result.title };"),
    })).await;
    let answer = world.query(&api, &key, "{ post(id: \"x\") { id title } }").await;
    assert_eq!(answer["data"]["post"], json!({ "id": "dev", "title": "one two x" }));
    assert_eq!(answer["errors"][0]["errorType"], json!("Note"));
    let answer = world.query(&api, &key, "{ post(id: \"e\") { title } }").await;
    assert_eq!(answer, json!({ "data": { "post": { "title": "early" } } }));
}

#[tokio::test]
async fn items_are_written_read_and_guarded() {
    let world = World::new();
    let api = world.api(json!({}), BLOG).await;
    let key = world.key(&api).await;
    world.table(&api, &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Scan"]).await;
    let add = "return ddb.put({ key: { id: ctx.args.id }, item: { title: ctx.args.title, n: ctx.args.n }, condition: { id: { attributeExists: false } } });";
    world.resolver(&api, ("Mutation", "add"), "Posts", (add, RESULT)).await;
    world.resolver(&api, ("Mutation", "change"), "Posts", ("return ddb.update({ key: { id: ctx.args.id }, update: { title: ctx.args.title }, condition: { id: { attributeExists: true } } });", RESULT)).await;
    world
        .resolver(&api, ("Mutation", "drop"), "Posts", ("return ddb.remove({ key: { id: ctx.args.id } });", RESULT))
        .await;
    world.resolver(&api, ("Query", "post"), "Posts", ("return ddb.get({ key: { id: ctx.args.id } });", RESULT)).await;
    world
        .resolver(
            &api,
            ("Query", "posts"),
            "Posts",
            (
                "return ddb.scan({ limit: ctx.args.limit, nextToken: ctx.args.nextToken, filter: { n: { gt: 0 } } });",
                RESULT,
            ),
        )
        .await;
    let answer = world
        .query(
            &api,
            &key,
            "mutation { a: add(id: 1, title: \"x\", n: 1) { id title n } b: add(id: 2, n: 2) { id title } }",
        )
        .await;
    assert_eq!(
        answer,
        json!({ "data": { "a": { "id": "1", "title": "x", "n": 1 }, "b": { "id": "2", "title": null } } })
    );
    let answer = world.query(&api, &key, "mutation { add(id: 1, title: \"other\") { id title } }").await;
    assert_eq!(answer["data"]["add"], Value::Null);
    let error = &answer["errors"][0];
    assert_eq!(
        (&error["errorType"], &error["data"]),
        (&json!("DynamoDB:ConditionalCheckFailedException"), &json!({ "id": "1", "title": "x" })),
        "what the caller selected of it"
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("The conditional request failed (Service: DynamoDb, Status Code: 400, Request ID: "),
        "{error}"
    );
    // The same item again is what was wanted: AppSync takes it for done.
    let answer = world.query(&api, &key, "mutation { add(id: 1, title: \"x\", n: 1) { id } }").await;
    assert_eq!(answer, json!({ "data": { "add": { "id": "1" } } }));
    let answer = world
        .query(
            &api,
            &key,
            "mutation { change(id: 1, title: \"y\") { title n } lost: change(id: 9, title: \"y\") { title } }",
        )
        .await;
    assert_eq!(answer["data"], json!({ "change": { "title": "y", "n": 1 }, "lost": null }));
    let answer = world.query(&api, &key, "{ post(id: 1) { title } lost: post(id: 9) { title } }").await;
    assert_eq!(answer, json!({ "data": { "post": { "title": "y" }, "lost": null } }));
    let first = world.query(&api, &key, "{ posts(limit: 1) { items { id } nextToken } }").await;
    let token = first["data"]["posts"]["nextToken"].as_str().unwrap();
    let second =
        world.query(&api, &key, &format!("{{ posts(limit: 1, nextToken: \"{token}\") {{ items {{ id }} }} }}")).await;
    assert_ne!(first["data"]["posts"]["items"], second["data"]["posts"]["items"]);
    let bad = world.query(&api, &key, "{ posts(nextToken: \"x\") { nextToken } }").await;
    assert_eq!(bad["errors"][0]["message"], json!("Invalid pagination token given."));
    let answer = world.query(&api, &key, "mutation { drop(id: 1) { id } }").await;
    assert_eq!(answer["errors"][0]["errorType"], json!("DynamoDB:AccessDeniedException"), "{answer}");
}

#[tokio::test]
async fn callers_are_established_or_refused_whole() {
    let world = World::new();
    let api = world.api(json!({}), BLOG).await;
    let key = world.key(&api).await;
    let query = json!({ "query": "{ __typename }" });
    let refused =
        |message: &str| (401, json!({ "errors": [{ "errorType": "UnauthorizedException", "message": message }] }));
    assert_eq!(world.send(&api, Caller::Anonymous, &[("x-api-key", &key)], &query).await.0, 200);
    assert_eq!(
        world.send(&api, Caller::Anonymous, &[], &query).await,
        refused("Valid authorization header not provided.")
    );
    let wrong = world.send(&api, Caller::Anonymous, &[("x-api-key", "da2-wrong")], &query).await;
    assert_eq!(wrong, refused("You are not authorized to make this call."));
    let signed = world.send(&api, Caller::Root, &[("x-api-key", &key)], &query).await;
    assert_eq!(signed.0, 401, "the API takes no signatures");
    world.clock.advance(8 * 24 * 3600 * 1000);
    let expired = world.send(&api, Caller::Anonymous, &[("x-api-key", &key)], &query).await;
    assert_eq!(expired, refused("You are not authorized to make this call."));
    let pools = json!({ "AuthenticationType": "AMAZON_COGNITO_USER_POOLS",
        "UserPoolConfig": { "UserPoolId": "us-east-1_none", "AwsRegion": "us-east-1", "DefaultAction": "ALLOW" } });
    let api = world.api(pools, BLOG).await;
    for token in ["nonsense", "a.b.c", "Bearer a.b.c"] {
        let reply = world.send(&api, Caller::Anonymous, &[("authorization", token)], &query).await;
        assert_eq!(reply, refused("Unable to parse JWT token."), "{token}");
    }
    assert_eq!(world.send("nowhere", Caller::Anonymous, &[], &query).await.0, 404);
}

#[tokio::test]
async fn fields_are_refused_by_directive_and_policy() {
    let world = World::new();
    let schema = "type Query { open: Int shut: Int @aws_iam both: Inner @aws_iam @aws_api_key } type Inner @aws_iam { a: Int b: Int @aws_api_key }";
    let extra = json!({ "AdditionalAuthenticationProviders": [{ "AuthenticationType": "AWS_IAM" }] });
    let api = world.api(extra, schema).await;
    let key = world.key(&api).await;
    for field in ["open", "shut", "both"] {
        let value = if field == "both" { "{ a: 1, b: 2 }" } else { "1" };
        world
            .resolver(
                &api,
                ("Query", field),
                "None",
                (&format!("return {{ payload: {value} }};"), "return ctx.result;"),
            )
            .await;
    }
    let answer = world.query(&api, &key, "{ open shut both { a b } }").await;
    assert_eq!(answer["data"], json!({ "open": 1, "shut": null, "both": { "a": null, "b": 2 } }));
    let messages: Vec<&str> =
        answer["errors"].as_array().unwrap().iter().map(|error| error["message"].as_str().unwrap()).collect();
    assert!(messages.contains(&"Not Authorized to access shut on type Query"), "{messages:?}");
    assert!(messages.contains(&"Not Authorized to access a on type Inner"), "{messages:?}");
    assert_eq!(answer["errors"][0]["errorType"], json!("Unauthorized"));
    // Root may do everything that the schema leaves to IAM; the default mode's fields are not among it.
    let (_, answer) = world.send(&api, Caller::Root, &[], &json!({ "query": "{ open shut both { a b } }" })).await;
    assert_eq!(answer["data"], json!({ "open": null, "shut": 1, "both": { "a": 1, "b": null } }));
    let nobody = RoleSession {
        role_arn: "arn:aws:iam::000000000000:role/nobody".to_owned(),
        session_name: "s".to_owned(),
        access_key: "ASIA".to_owned(),
        context: std::collections::BTreeMap::new(),
    };
    let (status, answer) = world.send(&api, Caller::Role(nobody), &[], &json!({ "query": "{ shut }" })).await;
    assert_eq!((status, &answer["data"]["shut"]), (200, &Value::Null));
    assert_eq!(answer["errors"][0]["message"], json!("Not Authorized to access shut on type Query"));
}

#[tokio::test]
async fn requests_that_cannot_be_read_are_refused() {
    let world = World::new();
    let api = world.api(json!({ "QueryDepthLimit": 2, "IntrospectionConfig": "DISABLED" }), BLOG).await;
    let key = world.key(&api).await;
    let key: &[(&str, &str)] = &[("x-api-key", &key)];
    for body in [json!({}), json!([]), json!({ "query": 1 }), json!({ "query": "{ a }", "variables": 5 })] {
        let (status, answer) = world.send(&api, Caller::Anonymous, key, &body).await;
        assert_eq!(
            (status, &answer["errors"][0]["message"]),
            (400, &json!("Unable to parse GraphQL query.")),
            "{body}"
        );
    }
    let large = json!({ "query": format!("{{ {} }}", "a ".repeat(600_000)) });
    assert_eq!(world.send(&api, Caller::Anonymous, key, &large).await.0, 413);
    let cases = [
        (
            "{ badfield }",
            "Validation error of type FieldUndefined: Field 'badfield' in type 'Query' is undefined @ 'badfield'",
        ),
        ("{ post(id: 1) { author { name } } }", "The query is nested deeper than the limit of 2."),
        (
            "{ __schema { types { name } } }",
            "Validation error of type IntrospectionDisabled: Introspection is disabled for this API",
        ),
    ];
    for (query, wanted) in cases {
        let (status, answer) = world.send(&api, Caller::Anonymous, key, &json!({ "query": query })).await;
        assert_eq!((status, &answer["data"], &answer["errors"][0]["message"]), (200, &Value::Null, &json!(wanted)));
    }
    let (_, answer) = world.send(&api, Caller::Anonymous, key, &json!({ "query": "{ badfield }" })).await;
    assert_eq!(
        answer["errors"][0],
        json!({ "path": null, "locations": [{ "line": 1, "column": 3, "sourceName": null }], "message": cases[0].1 })
    );
}

#[tokio::test]
async fn what_is_not_built_is_refused_when_it_is_made() {
    let world = World::new();
    let api = world.api(json!({}), BLOG).await;
    let runtime = json!({ "Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0" });
    let resolver = |field: &str, more: Value| {
        let mut properties = json!({ "ApiId": api, "TypeName": "Query", "FieldName": field, "DataSourceName": "None", "Runtime": runtime, "Code": code("return {};", "return 1;") });
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        properties
    };
    let cases = [
        ("AWS::AppSync::GraphQLApi", json!({ "Name": "a", "AuthenticationType": "AWS_LAMBDA" }), "AWS_LAMBDA"),
        ("AWS::AppSync::GraphQLApi", json!({ "Name": "a", "AuthenticationType": "OPENID_CONNECT" }), "OPENID_CONNECT"),
        (
            "AWS::AppSync::GraphQLApi",
            json!({ "Name": "a", "AuthenticationType": "AMAZON_COGNITO_USER_POOLS" }),
            "userPoolConfig",
        ),
        ("AWS::AppSync::DataSource", json!({ "ApiId": api, "Name": "f", "Type": "AWS_LAMBDA" }), "AWS_LAMBDA"),
        ("AWS::AppSync::DataSource", json!({ "ApiId": api, "Name": "f", "Type": "AMAZON_DYNAMODB" }), "dynamodbConfig"),
        (
            "AWS::AppSync::GraphQLSchema",
            json!({ "ApiId": api, "Definition": "type Query {" }),
            "Schema Creation Status is FAILED",
        ),
        ("AWS::AppSync::Resolver", resolver("nothing", json!({})), "No field named nothing found on type Query"),
        (
            "AWS::AppSync::Resolver",
            resolver("post", json!({ "Code": "export function request( {" })),
            "The code contains one or more errors",
        ),
        (
            "AWS::AppSync::Resolver",
            resolver("post", json!({ "Code": code("while (true) {}", "return 1;") })),
            "`while` is not supported",
        ),
        (
            "AWS::AppSync::Resolver",
            resolver("post", json!({ "Runtime": null, "Code": null })),
            "mapping templates (VTL) are not supported",
        ),
        (
            "AWS::AppSync::Resolver",
            resolver("post", json!({ "DataSourceName": "Gone" })),
            "No data source found named Gone",
        ),
    ];
    for (kind, properties, wanted) in cases {
        let error = world.try_make(kind, properties.clone()).await.expect_err(wanted);
        assert!(error.contains(wanted), "{properties}: {error}");
    }
    world.make("AWS::AppSync::Resolver", resolver("post", json!({}))).await;
    let twice = world.try_make("AWS::AppSync::Resolver", resolver("post", json!({}))).await.unwrap_err();
    assert!(twice.contains("Only one resolver is allowed per field."), "{twice}");
}

#[tokio::test]
async fn the_control_api_makes_shows_and_deletes() {
    let world = World::new();
    let made = world
        .control(Method::POST, "/v1/apis", &json!({ "name": "a", "authenticationType": "API_KEY" }))
        .await
        .unwrap();
    let id = made["graphqlApi"]["apiId"].as_str().unwrap().to_owned();
    assert_eq!(made["graphqlApi"]["arn"], json!(format!("arn:aws:appsync:us-east-1:000000000000:apis/{id}")));
    assert_eq!(made["graphqlApi"]["uris"]["GRAPHQL"], json!(format!("http://localhost:4700/graphql/{id}/graphql")));
    let path = |rest: &str| format!("/v1/apis/{id}{rest}");
    let blob = base64::engine::general_purpose::STANDARD.encode("type Query { a: Int }");
    world.control(Method::POST, &path("/schemacreation"), &json!({ "definition": blob })).await.unwrap();
    let status = world.control(Method::GET, &path("/schemacreation"), &Value::Null).await.unwrap();
    assert_eq!(status["status"], json!("SUCCESS"));
    let bad = base64::engine::general_purpose::STANDARD.encode("type Query { a: Nope }");
    world.control(Method::POST, &path("/schemacreation"), &json!({ "definition": bad })).await.unwrap();
    let status = world.control(Method::GET, &path("/schemacreation"), &Value::Null).await.unwrap();
    assert!(status["status"] == "FAILED" && status["details"].as_str().unwrap().contains("Nope"), "{status}");
    assert_eq!(
        world.control(Method::GET, &path("/schema?format=SDL"), &Value::Null).await.unwrap(),
        json!("type Query { a: Int }")
    );
    let key = world.control(Method::POST, &path("/apikeys"), &json!({})).await.unwrap();
    let key = key["apiKey"]["id"].as_str().unwrap().to_owned();
    assert!(key.starts_with("da2-") && key.len() == 30);
    let short =
        world.control(Method::POST, &path("/apikeys"), &json!({ "expires": NOW_MS / 1000 + 60 })).await.unwrap_err();
    assert_eq!(short, (400, "ApiKeyValidityOutOfBoundsException".to_owned()));
    world.control(Method::POST, &path("/datasources"), &json!({ "name": "n", "type": "NONE" })).await.unwrap();
    let resolver = json!({ "fieldName": "a", "dataSourceName": "n", "code": code("return {};", "return 1;"), "runtime": { "name": "APPSYNC_JS", "runtimeVersion": "1.0.0" } });
    world.control(Method::POST, &path("/types/Query/resolvers"), &resolver).await.unwrap();
    let listed = world.control(Method::GET, &path("/types/Query/resolvers"), &Value::Null).await.unwrap();
    assert_eq!(listed["resolvers"][0]["fieldName"], json!("a"));
    let kind = world.control(Method::GET, &path("/types/Query?format=SDL"), &Value::Null).await.unwrap();
    assert!(kind["type"]["definition"].as_str().unwrap().contains("a: Int"));
    world.control(Method::DELETE, &path(&format!("/apikeys/{key}")), &Value::Null).await.unwrap();
    let gone = world.control(Method::GET, &path("/datasources/x"), &Value::Null).await.unwrap_err();
    assert_eq!(gone, (404, "NotFoundException".to_owned()));
    world.control(Method::DELETE, &path(""), &Value::Null).await.unwrap();
    assert_eq!(world.control(Method::GET, &path(""), &Value::Null).await.unwrap_err().0, 404);
    assert_eq!(world.control(Method::POST, "/v1/domainnames", &json!({})).await.unwrap_err().0, 501);
}
