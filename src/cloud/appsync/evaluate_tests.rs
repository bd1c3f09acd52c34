//! Evaluation of code: what handlers give, raise and leave behind, and which calls are not taken.

use http::Method;
use serde_json::{Value, json};

use super::world::World;

const CODE: &str = "import { util } from '@aws-appsync/utils';
export function request(ctx) {
  ctx.stash.mode = util.authType();
  if (ctx.args.fail === 'here') {
    util.appendError('first', 'Small', { at: 1 });
    util.error('it is so', 'Large', null, { why: 2 });
  }
  if (ctx.args.fail === 'access') {
    util.unauthorized();
  }
  return { payload: ctx.args.nothing.at };
}
export const response = (ctx) => ({ given: ctx.result, env: ctx.env.A ?? null });";

fn text(value: &Value) -> Value {
    serde_json::from_str(value.as_str().unwrap()).unwrap()
}

impl World {
    async fn evaluate(&self, function: &str, context: &Value) -> Value {
        let body = json!({
            "runtime": { "name": "APPSYNC_JS", "runtimeVersion": "1.0.0" },
            "code": CODE, "context": context.to_string(), "function": function,
        });
        self.control(Method::POST, "/v1/dataplane-evaluatecode", &body).await.unwrap()
    }
}

#[tokio::test]
async fn a_handler_gives_its_result_and_its_stash() {
    let world = World::new();
    let answer = world.evaluate("request", &json!({ "arguments": { "nothing": { "at": [1] } } })).await;
    assert_eq!(text(&answer["evaluationResult"]), json!({ "payload": [1] }), "{answer}");
    assert_eq!(text(&answer["stash"]), json!({ "mode": "API Key Authorization" }));
    assert_eq!((text(&answer["outErrors"]), answer.get("error")), (json!([]), None));
    let answer = world.evaluate("response", &json!({ "result": 7, "env": { "A": "b" } })).await;
    assert_eq!(text(&answer["evaluationResult"]), json!({ "given": 7, "env": "b" }), "{answer}");
}

#[tokio::test]
async fn an_identity_tells_the_mode() {
    let world = World::new();
    let cases = [
        (json!({ "claims": {}, "username": "ada", "sub": "1" }), "User Pool Authorization"),
        (json!({ "claims": {}, "sub": "1" }), "Open ID Connect Authorization"),
        (json!({ "userArn": "arn", "username": "key" }), "IAM Authorization"),
        (json!({ "resolverContext": {} }), "Lambda Authorization"),
        (Value::Null, "API Key Authorization"),
    ];
    for (identity, wanted) in cases {
        let answer = world.evaluate("request", &json!({ "identity": identity, "arguments": { "nothing": {} } })).await;
        assert_eq!(text(&answer["stash"])["mode"], wanted, "{identity}");
    }
}

#[tokio::test]
async fn errors_are_told_with_what_the_answer_of_a_query_would_hold() {
    let world = World::new();
    let answer = world.evaluate("request", &json!({ "arguments": { "fail": "here" } })).await;
    assert_eq!(answer["error"], json!({ "message": "it is so", "codeErrors": [] }));
    assert_eq!(
        text(&answer["outErrors"]),
        json!([
            { "message": "first", "errorType": "Small", "data": { "at": 1 }, "errorInfo": null },
            { "message": "it is so", "errorType": "Large", "data": null, "errorInfo": { "why": 2 } },
        ])
    );
    assert_eq!(answer.get("evaluationResult"), None);
    let answer = world.evaluate("request", &json!({ "arguments": { "fail": "access" } })).await;
    assert_eq!(text(&answer["outErrors"])[0]["errorType"], "Unauthorized", "{answer}");
    let answer = world.evaluate("request", &json!({})).await;
    assert_eq!(answer["error"]["codeErrors"][0]["errorType"], "RUNTIME_ERROR", "{answer}");
}

#[tokio::test]
async fn what_is_no_code_or_no_context_is_refused() {
    let world = World::new();
    let runtime = json!({ "name": "APPSYNC_JS", "runtimeVersion": "1.0.0" });
    let call = async |body: Value| world.control(Method::POST, "/v1/dataplane-evaluatecode", &body).await;
    for body in [
        json!({ "runtime": runtime, "code": CODE, "context": "[]" }),
        json!({ "runtime": runtime, "code": CODE, "context": "{}", "function": "main" }),
        json!({ "runtime": { "name": "VTL", "runtimeVersion": "1.0.0" }, "code": CODE, "context": "{}" }),
        json!({ "code": CODE, "context": "{}" }),
    ] {
        assert_eq!(call(body.clone()).await.unwrap_err(), (400, "BadRequestException".to_owned()), "{body}");
    }
    for (code, wanted) in [("export function request(ctx) { while (true) {} }", "`while`"), ("export const a = ;", "")]
    {
        let answer = call(json!({ "runtime": runtime, "code": code, "context": "{}" })).await.unwrap();
        let first = &answer["error"]["codeErrors"][0];
        assert!(first["value"].as_str().unwrap().contains(wanted) && first["location"]["line"] == 1, "{answer}");
    }
}
