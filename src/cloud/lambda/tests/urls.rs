//! Function URLs: events of payload format 2.0, responses, who may send, pages of other origins.

use super::*;

const TELL: &str = "exports.handler = async (event) => event";

/// A request to a URL.
fn to_url(method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> ApiCall {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    ApiCall {
        action: String::new(),
        method,
        path: path.to_owned(),
        query: crate::cloud::protocol::percent::decode_pairs(query),
        headers: map,
        input: Value::Null,
        body: body.to_vec().into(),
    }
}

/// Status, headers and body of a response.
fn parts(reply: ApiReply) -> (u16, BTreeMap<String, String>, String) {
    let body = match reply.body {
        ReplyBody::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => String::new(),
    };
    (reply.status, reply.headers.into_iter().collect(), body)
}

impl World {
    /// A function with an open URL; gives the id of the URL.
    async fn open_url(&self, name: &str, code: &str, url: Value) -> String {
        self.function(name, "nodejs20.x", code, json!({})).await;
        let (status, made) = self.wire(Method::POST, &format!("/2021-10-31/functions/{name}/url"), &url).await;
        assert_eq!(status, 201, "{made}");
        let permission = json!({"FunctionName": name, "Action": "lambda:InvokeFunctionUrl", "Principal": "*",
            "FunctionUrlAuthType": url["AuthType"]});
        self.make("AWS::Lambda::Permission", permission).await.unwrap();
        let address = made["FunctionUrl"].as_str().unwrap();
        assert!(address.ends_with(".lambda-url.us-east-1.localhost:4700/"), "{address}");
        address.trim_start_matches("http://").split('.').next().unwrap().to_owned()
    }

    async fn ask(&self, id: &str, call: ApiCall) -> (u16, BTreeMap<String, String>, String) {
        parts(self.lambda.serve_url(id, &Caller::Anonymous, "x.lambda-url.us-east-1.localhost", &call).await)
    }
}

#[tokio::test]
async fn requests_become_events_and_answers_become_responses() {
    let world = World::new().await;
    let id = world.open_url("tell", TELL, json!({"AuthType": "NONE"})).await;
    let headers = [("cookie", "a=1; b=2"), ("X-Many", "1"), ("X-Many", "2"), ("content-type", "application/json")];
    let call = to_url(Method::POST, "/a%20b/c?q=1&q=2&r=%C3%A4", &headers, br#"{"n":1}"#);
    let (status, _, body) = world.ask(&id, call).await;
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    for (pointer, wanted) in [
        ("/version", json!("2.0")),
        ("/rawPath", json!("/a%20b/c")),
        ("/rawQueryString", json!("q=1&q=2&r=%C3%A4")),
        ("/queryStringParameters", json!({"q": "1,2", "r": "ä"})),
        ("/cookies", json!(["a=1", "b=2"])),
        ("/headers/x-many", json!("1,2")),
        ("/requestContext/http/method", json!("POST")),
        ("/requestContext/domainPrefix", json!(id)),
        ("/requestContext/accountId", json!("anonymous")),
        ("/requestContext/stage", json!("$default")),
        ("/body", json!("{\"n\":1}")),
        ("/isBase64Encoded", json!(false)),
    ] {
        assert_eq!(event.pointer(pointer), Some(&wanted), "{pointer}");
    }
    let binary = to_url(Method::PUT, "/", &[("content-type", "application/octet-stream")], &[0, 255]);
    let event: Value = serde_json::from_str(&world.ask(&id, binary).await.2).unwrap();
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("AP8="), &json!(true)));
    for (name, answer, status, kind, body) in [
        ("text", "'hello'", 200, "application/json", "hello"),
        ("object", "({a: 1})", 200, "application/json", "{\"a\":1}"),
        (
            "whole",
            "({statusCode: 201, headers: {'Content-Type': 'text/html'}, cookies: ['c=1'], body: '<b>'})",
            201,
            "text/html",
            "<b>",
        ),
        ("binary", "({statusCode: 200, body: 'aGk=', isBase64Encoded: true})", 200, "application/json", "hi"),
        ("bad", "({statusCode: 'x'})", 502, "application/json", "{\"Message\":\"Internal Server Error\"}"),
        (
            "fails",
            "(() => { throw new Error('x') })()",
            502,
            "application/json",
            "{\"Message\":\"Internal Server Error\"}",
        ),
    ] {
        let code = format!("exports.handler = async () => {answer}");
        let id = world.open_url(name, &code, json!({"AuthType": "NONE"})).await;
        let (got, headers, text) = world.ask(&id, to_url(Method::GET, "/", &[], b"")).await;
        assert_eq!((got, headers["content-type"].as_str(), text.as_str()), (status, kind, body), "{name}");
        assert_eq!(headers.get("set-cookie").map(String::as_str), (name == "whole").then_some("c=1"));
    }
    world.lambda.stop().await;
}

#[tokio::test]
async fn urls_are_open_only_to_those_who_may() {
    let world = World::new().await;
    let id = world.open_url("signed", TELL, json!({"AuthType": "AWS_IAM"})).await;
    let get = || to_url(Method::GET, "/", &[], b"");
    assert!(world.lambda.url_is_signed(&id));
    world.role("guest", "lambda.amazonaws.com", &json!([])).await;
    world.function("closed", "nodejs20.x", TELL, json!({})).await;
    let made =
        world.make("AWS::Lambda::Url", json!({"TargetFunctionArn": "closed", "AuthType": "NONE"})).await.unwrap();
    let address = made.attributes["FunctionUrl"].as_str().unwrap().to_owned();
    let closed = address.trim_start_matches("http://").split('.').next().unwrap();
    assert_eq!(world.ask(closed, get()).await.0, 403, "no policy lets anyone in");
    assert_eq!(world.ask("none", get()).await.0, 403);
    let own = json!([{"Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
        "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}}]);
    world.role("may", "lambda.amazonaws.com", &own).await;
    let session = |role: &str| {
        world.iam.act_as(&format!("arn:aws:iam::000000000000:role/{role}"), "lambda.amazonaws.com").unwrap()
    };
    world.function("private", "nodejs20.x", TELL, json!({})).await;
    let (_, private) =
        world.wire(Method::POST, "/2021-10-31/functions/private/url", &json!({"AuthType": "AWS_IAM"})).await;
    let private =
        private["FunctionUrl"].as_str().unwrap().trim_start_matches("http://").split('.').next().unwrap().to_owned();
    for (role, status) in [("may", 200), ("guest", 403)] {
        let reply = world.lambda.serve_url(&private, &session(role), "x", &get()).await;
        let (got, _, body) = parts(reply);
        assert_eq!(got, status, "{role}: {body}");
        if got == 200 {
            let event: Value = serde_json::from_str(&body).unwrap();
            let arn = &event["requestContext"]["authorizer"]["iam"]["userArn"];
            assert_eq!(arn, "arn:aws:sts::000000000000:assumed-role/may/lambda");
        }
    }
    world.lambda.stop().await;
}

#[tokio::test]
async fn pages_of_other_origins_follow_the_rules_of_the_url() {
    let world = World::new().await;
    let cors = json!({"AllowOrigins": ["http://localhost:3000"], "AllowMethods": ["GET", "POST"], "AllowHeaders": ["x-own"],
        "MaxAge": 60, "AllowCredentials": true});
    let code = "exports.handler = async () => ({statusCode: 200, headers: {'access-control-allow-origin': 'http://wrong'}, body: ''})";
    let id = world.open_url("cors", code, json!({"AuthType": "NONE", "Cors": cors})).await;
    let asks = [("origin", "http://localhost:3000"), ("access-control-request-method", "POST")];
    let (status, headers, _) = world.ask(&id, to_url(Method::OPTIONS, "/", &asks, b"")).await;
    assert_eq!(status, 200);
    for (name, wanted) in [
        ("access-control-allow-origin", "http://localhost:3000"),
        ("access-control-allow-methods", "GET,POST"),
        ("access-control-allow-headers", "x-own"),
        ("access-control-max-age", "60"),
        ("access-control-allow-credentials", "true"),
    ] {
        assert_eq!(headers.get(name).map(String::as_str), Some(wanted), "{name}");
    }
    let (_, headers, _) = world.ask(&id, to_url(Method::GET, "/", &asks[..1], b"")).await;
    assert_eq!(headers["access-control-allow-origin"], "http://localhost:3000", "the URL's rules win");
    let other = [("origin", "http://localhost:9")];
    let (_, headers, _) = world.ask(&id, to_url(Method::GET, "/", &other, b"")).await;
    assert_eq!(headers.get("access-control-allow-origin"), None);
    world.lambda.stop().await;
}

#[tokio::test]
async fn urls_are_made_changed_and_deleted() {
    let world = World::new().await;
    world.function("fn", "nodejs20.x", TELL, json!({})).await;
    let path = "/2021-10-31/functions/fn/url";
    for bad in [json!({}), json!({"AuthType": "OPEN"}), json!({"AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"})] {
        assert!(world.wire(Method::POST, path, &bad).await.0 >= 400, "{bad}");
    }
    let (_, made) = world.wire(Method::POST, path, &json!({"AuthType": "NONE"})).await;
    assert_eq!(world.wire(Method::POST, path, &json!({"AuthType": "NONE"})).await.0, 409);
    let (_, changed) =
        world.wire(Method::PUT, path, &json!({"AuthType": "AWS_IAM", "Cors": {"AllowOrigins": ["*"]}})).await;
    assert_eq!((&changed["AuthType"], &changed["FunctionUrl"]), (&json!("AWS_IAM"), &made["FunctionUrl"]));
    assert_eq!(changed["Cors"], json!({"AllowOrigins": ["*"]}));
    let (_, listed) = world.wire(Method::GET, "/2021-10-31/functions/fn/urls", &Value::Null).await;
    assert_eq!(listed["FunctionUrlConfigs"].as_array().unwrap().len(), 1);
    assert_eq!(world.wire(Method::DELETE, path, &Value::Null).await.0, 204);
    assert_eq!(world.wire(Method::GET, path, &Value::Null).await.0, 404);
    world.lambda.stop().await;
}
