//! Versioned tables as resolvers of any kind use them: permissions, keys of changes, limits, what is refused.

use http::Method;
use serde_json::{Value, json};

use super::world::World;
use crate::cloud::service::Caller;

const SCHEMA: &str = "
type Query { sync(lastSync: AWSTimestamp, limit: Int, nextToken: String, part: String): AWSJSON }
type Mutation { write(request: AWSJSON!): AWSJSON }
";

/// Sends the request that it is given.
const ANY: &str = "return ctx.args.request;";
const RESULT: &str = "if (ctx.error) { util.error(ctx.error.message, ctx.error.type, ctx.result); } return ctx.result;";

const ALL: [&str; 6] = [
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
];

struct Synced {
    world: World,
    api: String,
    key: String,
}

impl Synced {
    /// A versioned table with a partition and a sort key; `statements` are what the role may do.
    async fn new(handler: Option<&str>, (base_ttl, statements): (u32, Value)) -> Self {
        let world = World::new();
        let api = world.api(json!({}), SCHEMA).await;
        let key = world.key(&api).await;
        table(&world, "Base", [("pk", "sk")].into(), &[]).await;
        table(&world, "Delta", [("ds_pk", "ds_sk")].into(), &[("byDay", "gsi_ds_pk", "gsi_ds_sk")]).await;
        let trust = json!({ "Statement": { "Effect": "Allow", "Principal": { "Service": "appsync.amazonaws.com" }, "Action": "sts:AssumeRole" } });
        let role = json!({
            "RoleName": "synced", "AssumeRolePolicyDocument": trust,
            "Policies": [{ "PolicyName": "p", "PolicyDocument": { "Statement": statements } }],
        });
        let role = world.make("AWS::IAM::Role", role).await;
        let source = json!({
            "ApiId": api, "Name": "Base", "Type": "AMAZON_DYNAMODB", "ServiceRoleArn": role.attributes["Arn"],
            "DynamoDBConfig": {
                "TableName": "Base", "AwsRegion": "us-east-1", "Versioned": "true",
                "DeltaSyncConfig": {
                    "DeltaSyncTableName": "Delta", "BaseTableTTL": base_ttl.to_string(), "DeltaSyncTableTTL": "30",
                },
            },
        });
        world.make("AWS::AppSync::DataSource", source).await;
        let synced = Self { world, api, key };
        let sync_config = handler.map(|handler| json!({ "ConflictDetection": "VERSION", "ConflictHandler": handler }));
        synced.resolver(("Mutation", "write"), (ANY, RESULT), sync_config).await;
        let sync = "return { operation: 'Sync', lastSync: ctx.args.lastSync, limit: ctx.args.limit, nextToken: ctx.args.nextToken,
            ...(ctx.args.part ? { basePartitionKey: 'pk', query: { expression: '#p = :p', expressionNames: { '#p': 'pk' },
            expressionValues: util.dynamodb.toMapValues({ ':p': ctx.args.part }) } } : {}) };";
        synced.resolver(("Query", "sync"), (sync, RESULT), None).await;
        synced
    }

    async fn resolver(&self, (kind, field): (&str, &str), (request, response): (&str, &str), sync: Option<Value>) {
        let code = format!(
            "import {{ util }} from '@aws-appsync/utils';\nexport function request(ctx) {{ {request} }}\n\
             export function response(ctx) {{ {response} }}"
        );
        let mut resolver = json!({
            "ApiId": self.api, "TypeName": kind, "FieldName": field, "DataSourceName": "Base", "Code": code,
            "Runtime": { "Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0" },
        });
        if let Some(sync) = sync {
            resolver["SyncConfig"] = sync;
        }
        self.world.make("AWS::AppSync::Resolver", resolver).await;
    }

    async fn ask(&self, query: &str, variables: Value) -> Result<Value, Value> {
        let body = json!({ "query": query, "variables": variables });
        let headers = [("x-api-key", self.key.as_str())];
        let answer = self.world.send(&self.api, Caller::Anonymous, &headers, &body).await.1;
        if let Some(error) = answer["errors"].get(0) {
            return Err(error.clone());
        }
        let value = answer["data"].as_object().unwrap().values().next().unwrap();
        Ok(value.as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap()))
    }

    async fn write(&self, request: Value) -> Result<Value, Value> {
        let query = "mutation($request: AWSJSON!) { write(request: $request) }";
        self.ask(query, json!({ "request": request.to_string() })).await
    }

    async fn put(&self, pk: &str, more: Value) -> Result<Value, Value> {
        let mut request =
            json!({ "operation": "PutItem", "key": key(pk), "attributeValues": { "title": { "S": pk } } });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.write(request).await
    }

    /// All items of a table.
    fn stored(&self, table: &str) -> Vec<Value> {
        let answer = self.world.appsync.backends.dynamodb.execute("Scan", json!({ "TableName": table })).unwrap();
        answer["Items"].as_array().unwrap().clone()
    }
}

fn key(pk: &str) -> Value {
    json!({ "pk": { "S": pk }, "sk": { "S": "2b" } })
}

async fn table(world: &World, name: &str, keys: Vec<(&str, &str)>, indexes: &[(&str, &str, &str)]) {
    let schema = |pk: &str, sk: &str| json!([{ "AttributeName": pk, "KeyType": "HASH" }, { "AttributeName": sk, "KeyType": "RANGE" }]);
    let (pk, sk) = keys[0];
    let mut names = vec![pk, sk];
    names.extend(indexes.iter().flat_map(|(_, pk, sk)| [*pk, *sk]));
    let attributes: Vec<Value> =
        names.into_iter().map(|name| json!({ "AttributeName": name, "AttributeType": "S" })).collect();
    let mut properties = json!({
        "TableName": name, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": attributes, "KeySchema": schema(pk, sk),
    });
    if !indexes.is_empty() {
        let index = |(name, pk, sk): &(&str, &str, &str)| json!({ "IndexName": name, "KeySchema": schema(pk, sk), "Projection": { "ProjectionType": "ALL" } });
        properties["GlobalSecondaryIndexes"] = indexes.iter().map(index).collect();
    }
    world.make("AWS::DynamoDB::Table", properties).await;
}

fn everything() -> Value {
    json!({ "Effect": "Allow", "Action": ALL, "Resource": "arn:aws:dynamodb:*:*:table/*" })
}

#[tokio::test]
async fn keys_of_changes_are_the_guides() {
    let synced = Synced::new(None, (60, everything())).await;
    let made = synced.put("1a", json!({})).await.unwrap();
    assert_eq!((&made["_version"], &made["title"]), (&json!(1), &json!("1a")));
    synced.put("1a", json!({ "customPartitionKey": "pk", "populateIndexFields": true })).await.unwrap();
    let mut records = synced.stored("Delta");
    records.sort_by_key(|record| record["_version"]["N"].to_string());
    // The clock of the test stands at 2026-01-02T03:04:05.678Z.
    let day = "AppSync-delta-sync-Base:2026-01-02";
    assert_eq!(records[0]["ds_pk"]["S"], day);
    assert_eq!(records[0]["ds_sk"]["S"], "03:04:05.678:1a#2b:1");
    assert_eq!(records[1]["ds_pk"]["S"], format!("{day}:1a"));
    assert_eq!(records[1]["ds_sk"]["S"], "03:04:05.678:2b:2");
    assert_eq!(
        (&records[1]["gsi_ds_pk"]["S"], &records[1]["gsi_ds_sk"]["S"]),
        (&json!(day), &json!("03:04:05.678:1a#2b:2"))
    );
    let now = made["_lastChangedAt"].as_i64().unwrap();
    let sync = "query($lastSync: AWSTimestamp, $part: String) { sync(lastSync: $lastSync, part: $part) }";
    let versions = |page: Value| -> Vec<Value> {
        page["items"].as_array().unwrap().iter().map(|item| item["_version"].clone()).collect()
    };
    let plain = synced.ask(sync, json!({ "lastSync": now })).await.unwrap();
    assert_eq!(versions(plain), [1], "the partition of the day");
    let own = synced.ask(sync, json!({ "lastSync": now, "part": "1a" })).await.unwrap();
    assert_eq!(versions(own), [2], "the partition of the day and the key");
    let base = synced.ask(sync, json!({ "part": "1a" })).await.unwrap();
    assert_eq!(versions(base), [2], "a query of the items");
}

#[tokio::test]
async fn the_role_must_reach_both_tables() {
    let only = |table: &str| json!({ "Effect": "Allow", "Action": ALL, "Resource": format!("arn:aws:dynamodb:*:*:table/{table}") });
    let synced = Synced::new(None, (60, only("Base"))).await;
    let refused = synced.put("1", json!({})).await.unwrap_err();
    assert_eq!(refused["errorType"], "DeltaSyncWriteError", "{refused}");
    assert!(synced.stored("Base").is_empty(), "nothing is written without the record of it");
    let synced = Synced::new(None, (60, only("Delta"))).await;
    let refused = synced.put("1", json!({})).await.unwrap_err();
    assert_eq!(refused["errorType"], "DynamoDB:AccessDeniedException", "{refused}");
    let refused = synced.ask("{ sync }", json!({})).await.unwrap_err();
    assert_eq!(refused["errorType"], "DynamoDB:AccessDeniedException", "{refused}");
}

#[tokio::test]
async fn tombstones_may_be_switched_off() {
    let synced = Synced::new(Some("AUTOMERGE"), (0, everything())).await;
    synced.put("1", json!({})).await.unwrap();
    let gone = synced.write(json!({ "operation": "DeleteItem", "key": key("1"), "_version": 1 })).await.unwrap();
    assert_eq!((&gone["_deleted"], &gone["_version"]), (&json!(true), &json!(2)));
    assert!(synced.stored("Base").is_empty(), "it is removed at once");
    assert_eq!(synced.stored("Delta").len(), 2, "and its removal is told");
    let again = synced.write(json!({ "operation": "DeleteItem", "key": key("1") })).await.unwrap();
    assert_eq!(again, Value::Null, "there is nothing to delete");
    assert_eq!(synced.stored("Delta").len(), 2);
}

#[tokio::test]
async fn without_detection_versions_are_counted_and_nothing_more() {
    let synced = Synced::new(None, (60, everything())).await;
    synced.put("1", json!({})).await.unwrap();
    let update = json!({
        "operation": "UpdateItem", "key": key("1"), "_version": 17,
        "update": { "expression": "SET n = :n", "expressionValues": { ":n": { "N": 1 } } },
    });
    let done = synced.write(update).await.unwrap();
    assert_eq!((&done["n"], &done["_version"]), (&json!(1), &json!(2)));
    let count = json!({
        "operation": "UpdateItem", "key": key("1"),
        "update": { "expression": "ADD n :n", "expressionValues": { ":n": { "N": 2 } } },
    });
    assert_eq!(synced.write(count).await.unwrap()["n"], 3, "expressions see what is stored");
}

#[tokio::test]
async fn what_versions_cannot_be_kept_for_is_refused() {
    let synced = Synced::new(Some("OPTIMISTIC_CONCURRENCY"), (60, everything())).await;
    synced.put("1", json!({})).await.unwrap();
    let batch = json!({ "operation": "BatchPutItem", "tables": { "Base": [] } });
    for request in [batch, json!({ "operation": "TransactWriteItems", "transactItems": [] })] {
        let refused = synced.write(request).await.unwrap_err();
        assert_eq!(refused["errorType"], "UnsupportedOperation");
        assert!(refused["message"].as_str().unwrap().contains("Datasource Versioning only supports"), "{refused}");
    }
    let forged = synced.put("2", json!({ "attributeValues": { "_version": { "N": 9 } } })).await.unwrap_err();
    assert_eq!(forged["errorType"], "BadRequest", "{forged}");
    let set = json!({
        "operation": "UpdateItem", "key": key("1"), "_version": 1,
        "update": { "expression": "SET #v = :v", "expressionNames": { "#v": "_version" }, "expressionValues": { ":v": { "N": 9 } } },
    });
    assert_eq!(synced.write(set).await.unwrap_err()["errorType"], "BadRequest");
    let bad = json!({ "operation": "UpdateItem", "key": key("1"), "_version": 1, "update": { "expression": "SET" } });
    assert_eq!(synced.write(bad).await.unwrap_err()["errorType"], "DynamoDB:ValidationException");
    let read = synced.write(json!({ "operation": "GetItem", "key": key("1") })).await.unwrap();
    assert_eq!(read["_version"], 1, "reading is as without versions");
    assert_eq!(synced.stored("Delta").len(), 1);
}

#[tokio::test]
async fn the_control_api_takes_and_shows_the_settings() {
    let synced = Synced::new(Some("AUTOMERGE"), (60, everything())).await;
    let path = format!("/v1/apis/{}/datasources/Base", synced.api);
    let shown = synced.world.control(Method::GET, &path, &Value::Null).await.unwrap();
    let config = &shown["dataSource"]["dynamodbConfig"];
    assert_eq!(config["versioned"], true);
    let delta = json!({ "deltaSyncTableName": "Delta", "baseTableTTL": 60, "deltaSyncTableTTL": 30 });
    assert_eq!(config["deltaSyncConfig"], delta);
    let path = format!("/v1/apis/{}/types/Mutation/resolvers/write", synced.api);
    let shown = synced.world.control(Method::GET, &path, &Value::Null).await.unwrap();
    let wanted = json!({ "conflictDetection": "VERSION", "conflictHandler": "AUTOMERGE" });
    assert_eq!(shown["resolver"]["syncConfig"], wanted);
    let path = format!("/v1/apis/{}/datasources", synced.api);
    let source = |config: Value| json!({ "name": "Other", "type": "AMAZON_DYNAMODB", "serviceRoleArn": "arn:aws:iam::0:role/r", "dynamodbConfig": config });
    let bare = source(json!({ "tableName": "Base", "awsRegion": "us-east-1", "versioned": true }));
    let refused = synced.world.control(Method::POST, &path, &bare).await.unwrap_err();
    assert_eq!(refused, (400, "BadRequestException".to_owned()));
    let mut resolver = shown["resolver"].clone();
    resolver["syncConfig"] = json!({ "conflictDetection": "VERSION", "conflictHandler": "LAMBDA" });
    let path = format!("/v1/apis/{}/types/Mutation/resolvers/write", synced.api);
    let refused = synced.world.control(Method::POST, &path, &resolver).await.unwrap_err();
    assert_eq!(refused, (400, "BadRequestException".to_owned()), "a function that settles must be named");
}

#[tokio::test]
async fn pages_of_changes_go_over_midnight() {
    let synced = Synced::new(None, (60, everything())).await;
    // From 03:04 to the last minutes of the day, and over.
    let before_midnight_ms = (20 * 60 + 50) * 60 * 1000;
    synced.world.clock.advance(before_midnight_ms);
    let first = synced.put("a", json!({})).await.unwrap();
    synced.put("b", json!({})).await.unwrap();
    synced.world.clock.advance(10 * 60 * 1000);
    synced.put("c", json!({})).await.unwrap();
    let mut variables = json!({ "lastSync": first["_lastChangedAt"], "limit": 1 });
    let (mut seen, mut started) = (Vec::new(), None);
    loop {
        let sync = "query($lastSync: AWSTimestamp, $limit: Int, $nextToken: String) { sync(lastSync: $lastSync, limit: $limit, nextToken: $nextToken) }";
        let page = synced.ask(sync, variables.clone()).await.unwrap();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["pk"].clone()));
        assert_eq!(*started.get_or_insert(page["startedAt"].clone()), page["startedAt"]);
        synced.world.clock.advance(1000);
        if page["nextToken"].is_null() {
            break;
        }
        variables["nextToken"] = page["nextToken"].clone();
    }
    assert_eq!(seen, ["a", "b", "c"]);
    let days: std::collections::BTreeSet<String> =
        synced.stored("Delta").iter().map(|record| record["ds_pk"]["S"].as_str().unwrap().to_owned()).collect();
    assert_eq!(days.len(), 2, "{days:?}");
}
