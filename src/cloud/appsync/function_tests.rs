//! Functions behind an API: as data sources of resolvers, and as the one who lets callers in.

use serde_json::{Value, json};

use super::world::World;
use crate::cloud::service::Caller;

const SCHEMA: &str = "
type Query { ask(text: String): AWSJSON open: String who: AWSJSON }
type Mutation { send(text: String): Int }
";

const WORKER: &str = "
def handler(event, context):
    if event.get('text') == 'bad':
        raise ValueError('no such text')
    return {'heard': event.get('text')}
";

/// Lets `open-…` in, counts how often it was asked, and takes `Query.open` from `open-little`.
const AUTHORISER: &str = "
count = 0
def handler(event, context):
    global count
    count += 1
    token = event['authorizationToken']
    if token == 'open-broken':
        raise ValueError('broken')
    return {
        'isAuthorized': token.startswith('open-'),
        'resolverContext': {'count': str(count), 'query': event['requestContext']['queryString']},
        'deniedFields': ['Query.open'] if token == 'open-little' else [],
        'ttlOverride': 0 if token == 'open-fresh' else 60,
    }
";

impl World {
    /// A function with its role; gives its ARN.
    pub(super) async fn function(&self, name: &str, code: &str) -> String {
        let trust = |service: &str| json!({ "Statement": { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" } });
        let role =
            json!({ "RoleName": format!("{name}-role"), "AssumeRolePolicyDocument": trust("lambda.amazonaws.com") });
        let role = self.make("AWS::IAM::Role", role).await;
        let made = self
            .make(
                "AWS::Lambda::Function",
                json!({
                    "FunctionName": name, "Runtime": "python3.12", "Handler": "index.handler",
                    "Role": role.attributes["Arn"], "Code": { "ZipFile": code },
                }),
            )
            .await;
        made.attributes["Arn"].as_str().unwrap().to_owned()
    }

    /// A data source for a function, with a role that may invoke `allowed`.
    pub(super) async fn function_source(&self, api: &str, name: &str, (arn, allowed): (&str, &str)) {
        let trust = json!({ "Statement": { "Effect": "Allow", "Principal": { "Service": "appsync.amazonaws.com" }, "Action": "sts:AssumeRole" } });
        let policy =
            json!({ "Statement": { "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": allowed } });
        let role = json!({
            "RoleName": format!("{name}-source"), "AssumeRolePolicyDocument": trust,
            "Policies": [{ "PolicyName": "p", "PolicyDocument": policy }],
        });
        let role = self.make("AWS::IAM::Role", role).await;
        let source = json!({
            "ApiId": api, "Name": name, "Type": "AWS_LAMBDA", "ServiceRoleArn": role.attributes["Arn"],
            "LambdaConfig": { "LambdaFunctionArn": arn },
        });
        self.make("AWS::AppSync::DataSource", source).await;
    }
}

const TAKE: &str = "if (ctx.error) { util.error(ctx.error.message, ctx.error.type); } return ctx.result;";

#[tokio::test]
async fn functions_answer_fields() {
    let world = World::new();
    let api = world.api(json!({}), SCHEMA).await;
    let key = world.key(&api).await;
    let arn = world.function("worker", WORKER).await;
    world.function_source(&api, "Worker", (&arn, &arn)).await;
    world.function_source(&api, "Barred", (&arn, "arn:aws:lambda:*:*:function:other")).await;
    let invoke = "return { operation: 'Invoke', payload: ctx.args };";
    world.resolver(&api, ("Query", "ask"), "Worker", (invoke, TAKE)).await;
    world.resolver(&api, ("Query", "open"), "Barred", (invoke, TAKE)).await;
    let later = "return { operation: 'Invoke', invocationType: 'Event', payload: ctx.args };";
    world.resolver(&api, ("Mutation", "send"), "Worker", (later, "return ctx.result === null ? 1 : 0;")).await;
    let good = world.query(&api, &key, "{ ask(text: \"hello\") }").await;
    let heard: Value = serde_json::from_str(good["data"]["ask"].as_str().unwrap()).unwrap();
    assert_eq!(heard, json!({ "heard": "hello" }), "{good}");
    let bad = world.query(&api, &key, "{ ask(text: \"bad\") }").await;
    assert_eq!(bad["errors"][0]["errorType"], "Lambda:Unhandled", "{bad}");
    assert_eq!(bad["errors"][0]["message"], "no such text");
    let barred = world.query(&api, &key, "{ open }").await;
    assert!(barred["errors"][0]["errorType"].as_str().unwrap().starts_with("Lambda:AccessDenied"), "{barred}");
    let sent = world.query(&api, &key, "mutation { send(text: \"later\") }").await;
    assert_eq!(sent["data"]["send"], 1, "{sent}");
}

#[tokio::test]
async fn an_authoriser_lets_callers_in_and_is_asked_once() {
    let world = World::new();
    let arn = world.function("authoriser", AUTHORISER).await;
    let settings = json!({
        "AuthenticationType": "AWS_LAMBDA",
        "LambdaAuthorizerConfig": { "AuthorizerUri": arn, "AuthorizerResultTtlInSeconds": "300", "IdentityValidationExpression": "(open|shut)-.*" },
    });
    let api = world.api(settings, SCHEMA).await;
    let say = ("return { payload: null };", "return 'open';");
    world.resolver(&api, ("Query", "open"), "None", say).await;
    let who = ("return { payload: null };", "return { ...ctx.identity, mode: util.authType() };");
    world.resolver(&api, ("Query", "who"), "None", who).await;
    let ask = async |token: &str, query: &str| {
        world.send(&api, Caller::Anonymous, &[("authorization", token)], &json!({ "query": query })).await
    };
    assert_eq!(ask("open-1", "{ open }").await.0, 401, "no permission for AppSync yet");
    let permission = json!({
        "Action": "lambda:InvokeFunction", "FunctionName": arn, "Principal": "appsync.amazonaws.com",
        "SourceArn": format!("arn:aws:appsync:us-east-1:000000000000:apis/{api}"),
    });
    world.make("AWS::Lambda::Permission", permission).await;
    let context = async |token: &str| {
        let (status, answer) = ask(token, "{ who }").await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str::<Value>(answer["data"]["who"].as_str().unwrap()).unwrap()
    };
    let first = context("open-1").await;
    assert_eq!(first["mode"], "Lambda Authorization");
    assert_eq!(first["resolverContext"], json!({ "count": "1", "query": "{ who }" }));
    assert_eq!(context("open-1").await["resolverContext"]["count"], "1", "the answer is kept");
    assert_eq!(context("open-fresh").await["resolverContext"]["count"], "2");
    assert_eq!(context("open-fresh").await["resolverContext"]["count"], "3", "no answer is kept");
    for token in ["shut-1", "open-broken", "other"] {
        let (status, answer) = ask(token, "{ open }").await;
        assert_eq!((status, &answer["errors"][0]["errorType"]), (401, &json!("UnauthorizedException")), "{token}");
    }
    let (_, answer) = ask("open-little", "{ open }").await;
    assert_eq!(answer["errors"][0]["errorType"], "Unauthorized", "{answer}");
    let none = world.send(&api, Caller::Anonymous, &[], &json!({ "query": "{ open }" })).await;
    assert_eq!(none.0, 401);
}
