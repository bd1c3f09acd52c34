//! Data sources outside of tables and functions, and functions that handle failed conditions.

use std::io::Write as _;
use std::net::TcpListener;

use serde_json::{Value, json};

use super::world::{World, heard};

const SCHEMA: &str = "
type Post { id: ID! title: String }
type Query { find(q: String): AWSJSON other: AWSJSON }
type Mutation { put(id: ID!, title: String): Post }
";

const TAKE: &str = "if (ctx.error) { util.error(ctx.error.message, ctx.error.type); } return ctx.result;";

/// A server that answers with what it was asked; gives its address.
fn mirror() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (line, headers, body) = heard(&stream);
            let told = json!({ "line": line, "headers": headers, "body": String::from_utf8_lossy(&body) }).to_string();
            let status = if line.contains("bad") { 418 } else { 201 };
            let head = format!(
                "HTTP/1.1 {status} x\r\nx-mark: m\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                told.len()
            );
            stream.write_all(format!("{head}{told}").as_bytes()).unwrap();
        }
    });
    address
}

impl World {
    /// A role that AppSync may take; gives its ARN.
    async fn source_role(&self, name: &str, action: &str) -> Value {
        let trust = json!({ "Statement": { "Effect": "Allow", "Principal": { "Service": "appsync.amazonaws.com" }, "Action": "sts:AssumeRole" } });
        let policy = json!({ "Statement": { "Effect": "Allow", "Action": action, "Resource": "*" } });
        let role = json!({
            "RoleName": name, "AssumeRolePolicyDocument": trust,
            "Policies": [{ "PolicyName": "p", "PolicyDocument": policy }],
        });
        self.make("AWS::IAM::Role", role).await.attributes["Arn"].clone()
    }

    /// The value of a field that is JSON.
    async fn read(&self, api: &str, key: &str, query: &str) -> Value {
        let answer = self.query(api, key, query).await;
        let value = answer["data"].as_object().and_then(|data| data.values().next()).and_then(Value::as_str);
        serde_json::from_str(value.unwrap_or_else(|| panic!("{answer}"))).unwrap()
    }
}

#[tokio::test]
async fn http_servers_are_asked_and_requests_signed_where_that_is_wanted() {
    let world = World::new();
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    let address = mirror();
    let plain = json!({ "ApiId": api, "Name": "Plain", "Type": "HTTP", "HttpConfig": { "Endpoint": address } });
    world.make("AWS::AppSync::DataSource", plain).await;
    let role = world.source_role("signer", "states:StartExecution").await;
    let iam = json!({ "SigningRegion": "eu-west-1", "SigningServiceName": "states" });
    let signed = json!({
        "ApiId": api, "Name": "Signed", "Type": "HTTP", "ServiceRoleArn": role,
        "HttpConfig": { "Endpoint": address, "AuthorizationConfig": { "AuthorizationType": "AWS_IAM", "AwsIamConfig": iam } },
    });
    world.make("AWS::AppSync::DataSource", signed).await;
    let ask = "return { method: 'POST', resourcePath: `/${ctx.args.q}`, params: { query: { a: 'b c' }, headers: { 'X-One': '1', Host: 'evil' }, body: { n: 1 } } };";
    world.resolver(&api, ("Query", "find"), "Plain", (ask, TAKE)).await;
    world.resolver(&api, ("Query", "other"), "Signed", ("return { method: 'GET', resourcePath: '/' };", TAKE)).await;
    let answer = world.read(&api, &key, "{ find(q: \"bad\") }").await;
    assert_eq!((&answer["statusCode"], &answer["headers"]["x-mark"]), (&json!(418), &json!("m")), "{answer}");
    let told: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!((&told["line"], &told["body"]), (&json!("POST /bad?a=b%20c HTTP/1.1"), &json!("{\"n\":1}")));
    assert_eq!((&told["headers"]["x-one"], &told["headers"]["authorization"]), (&json!("1"), &Value::Null));
    assert_eq!(told["headers"]["host"], address.trim_start_matches("http://"), "the host is the server's");
    let answer = world.read(&api, &key, "{ other }").await;
    let told: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let signature = told["headers"]["authorization"].as_str().unwrap();
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=ASIA"), "{signature}");
    assert!(signature.contains("/eu-west-1/states/aws4_request"), "{signature}");
    assert!(told["headers"]["x-amz-security-token"].is_string(), "{told}");
}

#[tokio::test]
async fn searches_are_signed_and_answers_read() {
    let world = World::new();
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    let role = world.source_role("searcher", "es:ESHttpGet").await;
    let config = json!({ "AwsRegion": "us-east-1", "Endpoint": mirror() });
    let source = json!({
        "ApiId": api, "Name": "Search", "Type": "AMAZON_OPENSEARCH_SERVICE", "ServiceRoleArn": role,
        "OpenSearchServiceConfig": config,
    });
    world.make("AWS::AppSync::DataSource", source).await;
    let ask = "return { operation: 'GET', path: `/${ctx.args.q}/_search`, params: { body: { size: 3 } } };";
    world.resolver(&api, ("Query", "find"), "Search", (ask, TAKE)).await;
    let told = world.read(&api, &key, "{ find(q: \"post\") }").await;
    assert_eq!((&told["line"], &told["body"]), (&json!("GET /post/_search HTTP/1.1"), &json!("{\"size\":3}")));
    assert!(told["headers"]["authorization"].as_str().unwrap().contains("/us-east-1/es/aws4_request"), "{told}");
    let answer = world.query(&api, &key, "{ find(q: \"bad\") }").await;
    assert_eq!(answer["errors"][0]["errorType"], "OpenSearch:418", "{answer}");
}

#[tokio::test]
async fn servers_that_do_not_answer_are_errors_of_the_field() {
    let world = World::new();
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    // A port that nobody listens on any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let source =
        json!({ "ApiId": api, "Name": "Gone", "Type": "HTTP", "HttpConfig": { "Endpoint": format!("http://{gone}") } });
    world.make("AWS::AppSync::DataSource", source).await;
    let ask = "return { method: 'GET', resourcePath: '/', params: { query: { secret: 's3cret' } } };";
    world.resolver(&api, ("Query", "other"), "Gone", (ask, TAKE)).await;
    let answer = world.query(&api, &key, "{ other }").await;
    assert_eq!(answer["errors"][0]["errorType"], "Http:RequestFailed", "{answer}");
    assert!(!answer.to_string().contains("s3cret"), "{answer}");
    for (config, reason) in [
        (json!(null), "httpConfig is required"),
        (json!({ "Endpoint": "ftp://x" }), "The endpoint is not the address of a server"),
        (json!({ "Endpoint": "https://user:word@x" }), "The endpoint is not the address of a server"),
        (
            json!({ "Endpoint": "https://x", "AuthorizationConfig": { "AuthorizationType": "AWS_IAM" } }),
            "signingRegion",
        ),
    ] {
        let source = json!({ "ApiId": api, "Name": "Wrong", "Type": "HTTP", "HttpConfig": config });
        let refused = world.try_make("AWS::AppSync::DataSource", source).await.unwrap_err();
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
}

#[tokio::test]
async fn events_are_put_with_the_role_of_the_data_source() {
    let world = World::new();
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    let bus = json!({ "EventBusArn": "arn:aws:events:us-east-1:000000000000:event-bus/default" });
    for (name, action) in [("Allowed", "events:PutEvents"), ("Barred", "events:PutRule")] {
        let role = world.source_role(name, action).await;
        let source = json!({ "ApiId": api, "Name": name, "Type": "AMAZON_EVENTBRIDGE", "ServiceRoleArn": role, "EventBridgeConfig": bus });
        world.make("AWS::AppSync::DataSource", source).await;
    }
    let put = "return { operation: 'PutEvents', events: [{ source: 'shop', detailType: 'sold', detail: { q: ctx.args.q ?? 1 }, time: '2026-01-02T03:04:05Z' }, { source: 'shop', detailType: 'sold' }] };";
    world.resolver(&api, ("Query", "find"), "Allowed", (put, TAKE)).await;
    world.resolver(&api, ("Query", "other"), "Barred", (put, TAKE)).await;
    let result = world.read(&api, &key, "{ find(q: \"a\") }").await;
    assert_eq!(result["FailedEntryCount"], 1, "{result}");
    assert!(result["Entries"][0]["EventId"].is_string(), "{result}");
    assert_eq!(result["Entries"][1]["ErrorCode"], "InvalidArgument", "{result}");
    let barred = world.query(&api, &key, "{ other }").await;
    assert_eq!(barred["errors"][0]["errorType"], "EventBridge:AccessDeniedException", "{barred}");
}

/// Does what the title says.
const HANDLER: &str = "
def handler(event, context):
    title = event['arguments']['title']
    if title == 'again':
        mapping = event['requestMapping']
        mapping['attributeValues']['title'] = {'S': event['currentValue']['title'] + '+again'}
        del mapping['condition']
        return {'action': 'retry', 'retryMapping': mapping}
    return {'action': title}
";

#[tokio::test]
async fn functions_handle_failed_conditions() {
    let world = World::new();
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    world.table(&api, &["dynamodb:PutItem", "dynamodb:GetItem"]).await;
    let function = world.function("judge", HANDLER).await;
    let policy = json!({ "Statement": { "Effect": "Allow", "Action": ["lambda:InvokeFunction", "dynamodb:*"], "Resource": "*" } });
    let trust = json!({ "Statement": { "Effect": "Allow", "Principal": { "Service": "appsync.amazonaws.com" }, "Action": "sts:AssumeRole" } });
    let role = json!({ "RoleName": "both", "AssumeRolePolicyDocument": trust, "Policies": [{ "PolicyName": "p", "PolicyDocument": policy }] });
    let role = world.make("AWS::IAM::Role", role).await;
    let config = json!({ "TableName": "Posts", "AwsRegion": "us-east-1" });
    let source = json!({ "ApiId": api, "Name": "Judged", "Type": "AMAZON_DYNAMODB", "ServiceRoleArn": role.attributes["Arn"], "DynamoDBConfig": config });
    world.make("AWS::AppSync::DataSource", source).await;
    let put = format!(
        "return {{ operation: 'PutItem', key: util.dynamodb.toMapValues({{ id: ctx.args.id }}), attributeValues: util.dynamodb.toMapValues({{ title: ctx.args.title }}), condition: {{ expression: 'attribute_not_exists(id)', conditionalCheckFailedHandler: {{ strategy: 'Custom', lambdaArn: '{function}' }} }} }};"
    );
    world.resolver(&api, ("Mutation", "put"), "Judged", (&put, TAKE)).await;
    let write = async |title: &str| {
        world.query(&api, &key, &format!("mutation {{ put(id: \"1\", title: \"{title}\") {{ title }} }}")).await
    };
    assert_eq!(write("first").await["data"]["put"]["title"], "first");
    assert_eq!(write("discard").await["data"]["put"]["title"], "first");
    let refused = write("reject").await;
    assert_eq!(refused["errors"][0]["errorType"], "DynamoDB:ConditionalCheckFailedException", "{refused}");
    assert_eq!(write("again").await["data"]["put"]["title"], "first+again");
    let nonsense = write("nonsense").await;
    assert_eq!(nonsense["errors"][0]["errorType"], "DynamoDB:ConditionalCheckFailedHandler", "{nonsense}");
}
