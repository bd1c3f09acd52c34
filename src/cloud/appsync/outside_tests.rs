//! Databases and language models, at an address that the cloud was given.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::world::{World, heard};
use crate::base::{Endpoint, ServiceEndpoints};

const SCHEMA: &str = "
type Query { rows(id: Int): AWSJSON raw: String model(text: String): String other: String }
";

const TAKE: &str = "if (ctx.error) { util.error(ctx.error.message, ctx.error.type); } return ctx.result;";
const CLUSTER: &str = "arn:aws:rds:us-east-1:000000000000:cluster:shop";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:shop-a1B2c3";

/// A server and what it was asked: first line, headers, body.
struct Server {
    endpoint: Endpoint,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    /// Answers each request with a status, the name of an error, and a body.
    fn start(answer: impl Fn(&Value) -> (u16, &'static str, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (line, headers, body) = heard(&stream);
                let body: Value = serde_json::from_slice(&body).unwrap();
                let request = json!({ "line": line, "headers": headers, "body": body });
                let (status, error, told) = answer(&request);
                noted.lock().unwrap().push(request);
                let told = told.to_string();
                let head = format!("HTTP/1.1 {status} x\r\nx-amzn-errortype: {error}\r\nconnection: close");
                stream.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{told}", told.len()).as_bytes()).unwrap();
            }
        });
        Self { endpoint: Endpoint::new(address).unwrap(), asked }
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl World {
    /// The role of a data source, with some statements.
    async fn outside_role(&self, name: &str, statements: Value) -> Value {
        let trust = json!({ "Statement": { "Effect": "Allow", "Principal": { "Service": "appsync.amazonaws.com" }, "Action": "sts:AssumeRole" } });
        let policies = json!([{ "PolicyName": "p", "PolicyDocument": { "Statement": statements } }]);
        let role = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust, "Policies": policies });
        self.make("AWS::IAM::Role", role).await.attributes["Arn"].clone()
    }

    /// A database as the data source `name`.
    async fn database(&self, api: &str, name: &str, statements: Value) {
        let role = self.outside_role(name, statements).await;
        let endpoint = json!({
            "AwsRegion": "us-east-1", "DbClusterIdentifier": CLUSTER, "DatabaseName": "shop", "AwsSecretStoreArn": SECRET,
        });
        let config = json!({ "RelationalDatabaseSourceType": "RDS_HTTP_ENDPOINT", "RdsHttpEndpointConfig": endpoint });
        let source = json!({
            "ApiId": api, "Name": name, "Type": "RELATIONAL_DATABASE", "ServiceRoleArn": role,
            "RelationalDatabaseConfig": config,
        });
        self.make("AWS::AppSync::DataSource", source).await;
    }
}

fn may_read() -> Value {
    json!([
        { "Effect": "Allow", "Action": "rds-data:ExecuteStatement", "Resource": CLUSTER },
        { "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET },
    ])
}

const TWO: &str = "return { statements: ['insert into a values (:id)', 'select * from a where b = :b'], \
                   variableMap: { ':id': ctx.args.id, ':b': 'x' }, variableTypeHintMap: { ':b': 'UUID' } };";

#[tokio::test]
async fn statements_are_run_one_by_one_until_one_fails() {
    let server = Server::start(|asked| {
        if asked["body"]["parameters"][0]["value"]["longValue"] == 13 {
            return (400, "BadRequestException", json!({ "message": "ERROR: no such table" }));
        }
        let rows = json!([[{ "stringValue": "x" }, { "isNull": true }]]);
        let columns = json!([{ "name": "b", "label": "b" }, { "name": "c", "label": "C" }]);
        let answer = json!({ "numberOfRecordsUpdated": 1, "records": rows, "columnMetadata": columns, "other": 1 });
        (200, "", answer)
    });
    let world =
        World::with(ServiceEndpoints { rds_data: Some(server.endpoint.clone()), ..ServiceEndpoints::default() });
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    world.database(&api, "Shop", may_read()).await;
    let rows = format!("{TAKE} ").replace("return ctx.result;", "return util.rds.toJsonObject(ctx.result);");
    world.resolver(&api, ("Query", "rows"), "Shop", (TWO, &rows)).await;
    world.resolver(&api, ("Query", "raw"), "Shop", (TWO, "return typeof ctx.result;")).await;
    let answer = world.query(&api, &key, "{ rows(id: 7) raw }").await;
    let row = json!([{ "b": "x", "C": null }]);
    assert_eq!(serde_json::from_str::<Value>(answer["data"]["rows"].as_str().unwrap()).unwrap(), json!([row, row]));
    assert_eq!(answer["data"]["raw"], "string", "handlers get a text");
    let asked = server.take();
    assert_eq!(asked.len(), 4, "a call for each statement");
    let first = asked.iter().find(|one| !one["body"]["parameters"][0]["value"]["longValue"].is_null()).unwrap();
    assert_eq!(first["line"], "POST /Execute HTTP/1.1");
    let wanted = json!({
        "resourceArn": CLUSTER, "secretArn": SECRET, "database": "shop", "sql": "insert into a values (:id)",
        "parameters": [{ "name": "id", "value": { "longValue": 7 } }], "includeResultMetadata": true,
    });
    assert_eq!(first["body"], wanted);
    let signature = first["headers"]["authorization"].as_str().unwrap();
    assert!(signature.contains("/us-east-1/rds-data/aws4_request"), "{signature}");
    let answer = world.query(&api, &key, "{ rows(id: 13) }").await;
    let error = &answer["errors"][0];
    assert_eq!(error["errorType"], "400 Bad Request", "{answer}");
    assert_eq!(error["message"], "RDSHttp:{\"message\":\"ERROR: no such table\"}");
    assert_eq!(server.take().len(), 1, "what comes after a failure is not run");
}

#[tokio::test]
async fn rights_are_looked_at_before_anything_is_sent() {
    let server = Server::start(|_| (200, "", json!({})));
    let endpoints = ServiceEndpoints {
        rds_data: Some(server.endpoint.clone()),
        bedrock_runtime: Some(server.endpoint.clone()),
        ..ServiceEndpoints::default()
    };
    let world = World::with(endpoints);
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    let half = json!([{ "Effect": "Allow", "Action": "rds-data:ExecuteStatement", "Resource": "*" }]);
    world.database(&api, "Shop", half).await;
    world.resolver(&api, ("Query", "rows"), "Shop", (TWO, TAKE)).await;
    let answer = world.query(&api, &key, "{ rows(id: 1) }").await;
    assert_eq!(answer["errors"][0]["errorType"], "403 Forbidden", "{answer}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("secretsmanager:GetSecretValue"), "{answer}");
    let other = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0";
    let role = json!([{ "Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": other }]);
    let role = world.outside_role("models", role).await;
    let source = json!({ "ApiId": api, "Name": "Models", "Type": "AMAZON_BEDROCK_RUNTIME", "ServiceRoleArn": role });
    world.make("AWS::AppSync::DataSource", source).await;
    let ask = "return { operation: 'Converse', modelId: 'amazon.titan', messages: [] };";
    world.resolver(&api, ("Query", "other"), "Models", (ask, TAKE)).await;
    let answer = world.query(&api, &key, "{ other }").await;
    assert_eq!(answer["errors"][0]["errorType"], "Bedrock:AccessDeniedException", "{answer}");
    assert!(server.take().is_empty());
}

#[tokio::test]
async fn models_are_asked_by_both_data_sources() {
    let server = Server::start(|asked| {
        if asked["line"].as_str().unwrap().contains("/invoke") {
            return (429, "ThrottlingException:http://x/", json!({ "message": "Too many requests" }));
        }
        (200, "", json!({ "output": { "message": { "content": [{ "text": "hello" }] } } }))
    });
    let endpoints = ServiceEndpoints { bedrock_runtime: Some(server.endpoint.clone()), ..ServiceEndpoints::default() };
    let world = World::with(endpoints);
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    let rights = json!([{ "Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "*" }]);
    let role = world.outside_role("models", rights).await;
    let source = json!({ "ApiId": api, "Name": "Models", "Type": "AMAZON_BEDROCK_RUNTIME", "ServiceRoleArn": role });
    world.make("AWS::AppSync::DataSource", source).await;
    let iam = json!({ "SigningRegion": "us-east-1", "SigningServiceName": "bedrock" });
    let config = json!({
        "Endpoint": "https://bedrock-runtime.us-east-1.amazonaws.com",
        "AuthorizationConfig": { "AuthorizationType": "AWS_IAM", "AwsIamConfig": iam },
    });
    let source = json!({ "ApiId": api, "Name": "Plain", "Type": "HTTP", "ServiceRoleArn": role, "HttpConfig": config });
    world.make("AWS::AppSync::DataSource", source).await;
    let converse = "return { operation: 'Converse', modelId: 'eu.amazon.nova-micro-v1:0', messages: [{ role: 'user', content: [{ text: ctx.args.text }] }] };";
    let text = format!("{TAKE} ").replace("return ctx.result;", "return ctx.result.output.message.content[0].text;");
    world.resolver(&api, ("Query", "model"), "Models", (converse, &text)).await;
    let post = "return { method: 'POST', resourcePath: '/model/amazon.nova-micro-v1%3A0/converse', params: { body: { messages: [] } } };";
    world.resolver(&api, ("Query", "raw"), "Plain", (post, "return ctx.result.body;")).await;
    let invoke = "return { operation: 'InvokeModel', modelId: 'amazon.titan', body: { inputText: 'a' }, guardrailIdentifier: 'g' };";
    world.resolver(&api, ("Query", "other"), "Models", (invoke, TAKE)).await;
    let answer = world.query(&api, &key, "{ model(text: \"hi\") }").await;
    assert_eq!(answer["data"]["model"], "hello", "{answer}");
    let asked = server.take();
    assert_eq!(asked[0]["line"], "POST /model/eu.amazon.nova-micro-v1%3A0/converse HTTP/1.1");
    assert_eq!(asked[0]["body"], json!({ "messages": [{ "role": "user", "content": [{ "text": "hi" }] }] }));
    assert!(asked[0]["headers"]["authorization"].as_str().unwrap().contains("/us-east-1/bedrock/aws4_request"));
    let answer = world.query(&api, &key, "{ raw }").await;
    assert!(answer["data"]["raw"].as_str().unwrap().contains("hello"), "{answer}");
    assert_eq!(server.take()[0]["line"], "POST /model/amazon.nova-micro-v1%3A0/converse HTTP/1.1");
    let answer = world.query(&api, &key, "{ other }").await;
    assert_eq!(answer["errors"][0]["errorType"], "Bedrock:ThrottlingException", "{answer}");
    assert_eq!(answer["errors"][0]["message"], "Too many requests");
    assert_eq!(server.take()[0]["headers"]["x-amzn-bedrock-guardrailidentifier"], "g");
}

#[tokio::test]
async fn what_has_no_address_is_refused_with_the_variable_to_set() {
    let world = World::new();
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    world.database(&api, "Shop", may_read()).await;
    let role = world.outside_role("models", may_read()).await;
    let source = json!({ "ApiId": api, "Name": "Models", "Type": "AMAZON_BEDROCK_RUNTIME", "ServiceRoleArn": role });
    world.make("AWS::AppSync::DataSource", source).await;
    // What the handler makes of errors of the data source does not hide it.
    world.resolver(&api, ("Query", "raw"), "Shop", (TWO, "return 'fine';")).await;
    let ask = "return { operation: 'Converse', modelId: 'm', messages: [] };";
    world.resolver(&api, ("Query", "other"), "Models", (ask, "return 'fine';")).await;
    for (query, variable) in
        [("{ raw }", "AWS_ENDPOINT_URL_RDS_DATA=http"), ("{ other }", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http")]
    {
        let answer = world.query(&api, &key, query).await;
        assert_eq!(answer["errors"][0]["errorType"], "NotImplemented", "{answer}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(variable), "{answer}");
    }
    for (config, reason) in [
        (json!(null), "relationalDatabaseConfig is required"),
        (json!({ "RelationalDatabaseSourceType": "JDBC" }), "RDS_HTTP_ENDPOINT, not JDBC"),
        (json!({}), "rdsHttpEndpointConfig is required"),
    ] {
        let source = json!({
            "ApiId": api, "Name": "Wrong", "Type": "RELATIONAL_DATABASE", "ServiceRoleArn": role,
            "RelationalDatabaseConfig": config,
        });
        let refused = world.try_make("AWS::AppSync::DataSource", source).await.unwrap_err();
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
}
