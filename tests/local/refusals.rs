//! Forged, expired and foreign tokens, wrong keys and tampered signatures are refused as AWS refuses them.

use std::sync::Arc;

use ampup::base::{FixedClock, RandomIds, Region, ServiceEndpoints};
use ampup::cloud::{Cloud, CloudConfig};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::support::http::{Answer, graphql, send, split_url};
use crate::support::sandbox::{Dev, Sandbox};
use crate::support::sigv4::{self, Key};
use crate::support::users::Pool;

/// Names and values, in order.
type Headers = Vec<(String, String)>;

const QUERY: &str = "query { listPosts { items { id } } }";

struct World {
    _sandbox: Sandbox,
    dev: Dev,
    outputs: Value,
}

impl World {
    fn start() -> Self {
        let sandbox = Sandbox::blog();
        let dev = sandbox.dev();
        let outputs = sandbox.outputs();
        Self { _sandbox: sandbox, dev, outputs }
    }

    fn pool(&self) -> Pool {
        Pool::of(&self.dev.endpoint, &self.outputs)
    }

    fn ask(&self, credential: (&str, &str)) -> Answer {
        graphql(self.outputs["data"]["url"].as_str().unwrap(), credential, QUERY, &Value::Null)
    }
}

/// HTTP 401 with AppSync's error.
fn unauthorized(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.text());
    assert_eq!(answer.json()["errors"][0]["errorType"], "UnauthorizedException", "{what}: {}", answer.text());
    assert!(answer.json().get("data").is_none_or(Value::is_null), "{what}: {}", answer.text());
}

/// A token with one claim changed and the old signature.
fn tampered(token: &str, claim: &str, value: Value) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&BASE64.decode(parts[1]).unwrap()).unwrap();
    claims[claim] = value;
    format!("{}.{}.{}", parts[0], BASE64.encode(claims.to_string()), parts[2])
}

#[test]
fn tokens() {
    let world = World::start();
    let pool = world.pool();
    pool.sign_up("ada@example.com");
    let tokens = pool.sign_in("ada@example.com");
    for good in [&tokens.access, &tokens.id] {
        let answer = world.ask(("authorization", good));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.json().get("errors").is_none(), "{}", answer.text());
    }
    let claims: Value =
        serde_json::from_slice(&BASE64.decode(tokens.access.split('.').nth(1).unwrap()).unwrap()).unwrap();
    let unsigned = format!("{}.{}.", BASE64.encode(r#"{"alg":"none","typ":"JWT"}"#), BASE64.encode(claims.to_string()));
    let hmac_header = BASE64.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let hmac_body = format!("{hmac_header}.{}", BASE64.encode(claims.to_string()));
    let hmac = format!("{hmac_body}.{}", BASE64.encode(sigv4::hmac(b"secret", hmac_body.as_bytes())));
    let forged = [
        ("another user's sub", tampered(&tokens.access, "sub", json!("someone-else"))),
        ("a group that was never given", tampered(&tokens.access, "cognito:groups", json!(["Editors"]))),
        ("a later expiry", tampered(&tokens.access, "exp", json!(4_000_000_000_u64))),
        ("algorithm none", unsigned),
        ("an HMAC instead of RS256", hmac),
        ("a signature that is cut", tokens.access[..tokens.access.len() - 10].to_owned()),
        ("no token at all", "nonsense".to_owned()),
    ];
    for (what, token) in forged {
        unauthorized(&world.ask(("authorization", &token)), what);
    }
    unauthorized(&world.ask(("x-other", "1")), "no credential");
}

#[test]
fn a_token_of_another_pool() {
    let (world, other) = (World::start(), World::start());
    other.pool().sign_up("eve@example.com");
    let foreign = other.pool().sign_in("eve@example.com");
    unauthorized(&world.ask(("authorization", &foreign.access)), "a pool of another cloud");

    // A second pool in the same cloud, made by the account's root.
    let endpoint = &world.dev.endpoint;
    let admin = |action: &str, input: &Value| {
        let answer = sigv4::call(
            endpoint,
            &Key::root(),
            "cognito-idp",
            &format!("AWSCognitoIdentityProviderService.{action}"),
            input,
        );
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer.json()
    };
    let pool = admin("CreateUserPool", &json!({ "PoolName": "second" }))["UserPool"]["Id"].as_str().unwrap().to_owned();
    let client = admin(
        "CreateUserPoolClient",
        &json!({ "UserPoolId": pool, "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] }),
    )["UserPoolClient"]["ClientId"]
        .as_str()
        .unwrap()
        .to_owned();
    let password = crate::support::users::PASSWORD;
    admin("AdminCreateUser", &json!({ "UserPoolId": pool, "Username": "eve", "MessageAction": "SUPPRESS" }));
    admin(
        "AdminSetUserPassword",
        &json!({ "UserPoolId": pool, "Username": "eve", "Password": password, "Permanent": true }),
    );
    let second = Pool { endpoint: endpoint.clone(), id: pool, client };
    let tokens = second.sign_in("eve");
    unauthorized(&world.ask(("authorization", &tokens.access)), "another pool of the same cloud");
}

#[test]
fn an_expired_token() {
    let sandbox = Sandbox::blog();
    let _ = sandbox.run(&["push", "--yes"]).ok();
    let outputs = sandbox.outputs();
    // The same state in a cloud of our own, whose clock can be moved instead of waiting for an hour.
    let clock = Arc::new(FixedClock::at(jiff::Timestamp::now().as_millisecond()));
    let config = CloudConfig {
        port: 0,
        state: Some(sandbox.path(".ampup/cloud")),
        region: Region::default(),
        clock: clock.clone(),
        ids: Arc::new(RandomIds::default()),
        root_key: None,
        endpoints: ServiceEndpoints::default(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = runtime.block_on(Cloud::start(config)).unwrap();
    let endpoint = cloud.endpoint().to_string();
    let pool = Pool::of(&endpoint, &outputs);
    pool.sign_up("ada@example.com");
    let tokens = pool.sign_in("ada@example.com");
    let (_, path) = split_url(&outputs["data"]["url"].as_str().unwrap().replacen("HTTP", "http", 1));
    let ask = |token: &str| graphql(&format!("{endpoint}{path}"), ("authorization", token), QUERY, &Value::Null);
    assert_eq!(ask(&tokens.access).status, 200);
    clock.advance(59 * 60_000);
    assert_eq!(ask(&tokens.access).status, 200);
    clock.advance(2 * 60_000);
    unauthorized(&ask(&tokens.access), "an expired token");
    let input = json!({ "ClientId": pool.client, "RefreshToken": tokens.refresh });
    let refreshed = pool.call("GetTokensFromRefreshToken", &input);
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    let fresh = refreshed.json()["AuthenticationResult"]["AccessToken"].as_str().unwrap().to_owned();
    assert_eq!(ask(&fresh).status, 200);
    runtime.block_on(cloud.stop()).unwrap();
}

#[test]
fn api_keys() {
    let world = World::start();
    let key = world.outputs["data"]["api_key"].as_str().unwrap().to_owned();
    assert_eq!(world.ask(("x-api-key", &key)).status, 200);
    for wrong in ["da2-aaaaaaaaaaaaaaaaaaaaaaaaaa", &key[..key.len() - 1], ""] {
        unauthorized(&world.ask(("x-api-key", wrong)), wrong);
    }
}

#[test]
fn signatures() {
    let world = World::start();
    let endpoint = &world.dev.endpoint;
    let list = |key: &Key| sigv4::call(endpoint, key, "dynamodb", "DynamoDB_20120810.ListTables", &json!({}));
    assert_eq!(list(&Key::root()).status, 200);

    let wrong_secret = Key { secret: "wrong".to_owned(), ..Key::root() };
    let answer = list(&wrong_secret);
    assert_eq!(
        (
            answer.status,
            answer.text().contains("SignatureException") || answer.text().contains("SignatureDoesNotMatch")
        ),
        (400, true),
        "{}",
        answer.text()
    );
    let unknown = Key { access: "AKIAIOSFODNN7EXAMPLE".to_owned(), ..Key::root() };
    assert!(list(&unknown).text().contains("UnrecognizedClientException"), "{}", list(&unknown).text());

    // A body, a header, and a date changed after signing.
    let host = endpoint.trim_start_matches("http://");
    let plain = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "DynamoDB_20120810.ListTables")];
    let signed = sigv4::sign(&Key::root(), "dynamodb", host, "/", &plain, b"{}");
    let with = |change: &dyn Fn(&mut Headers), body: &[u8]| {
        let mut headers = signed.clone();
        change(&mut headers);
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        send(endpoint, "POST", "/", &headers, body).status
    };
    let set = |name: &'static str, value: &'static str| {
        move |headers: &mut Headers| {
            for header in headers.iter_mut().filter(|(found, _)| found == name) {
                header.1 = value.to_owned();
            }
        }
    };
    assert_eq!(with(&|_| (), b"{}"), 200);
    assert_eq!(with(&|_| (), br#"{"Limit":1}"#), 400);
    assert_eq!(with(&set("x-amz-target", "DynamoDB_20120810.DescribeLimits"), b"{}"), 400);
    assert_eq!(with(&set("x-amz-date", "20200101T000000Z"), b"{}"), 400);
}

#[test]
fn guests_have_only_what_their_role_allows() {
    let world = World::start();
    let endpoint = &world.dev.endpoint;
    let identity_pool = world.outputs["auth"]["identity_pool_id"].as_str().unwrap();
    let call = |action: &str, input: &Value| {
        let answer = crate::support::http::target(endpoint, &format!("AWSCognitoIdentityService.{action}"), input);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer.json()
    };
    let identity = call("GetId", &json!({ "IdentityPoolId": identity_pool }))["IdentityId"].clone();
    let credentials = call("GetCredentialsForIdentity", &json!({ "IdentityId": identity }))["Credentials"].clone();
    let text = |key: &str| credentials[key].as_str().unwrap().to_owned();
    let guest = Key { access: text("AccessKeyId"), secret: text("SecretKey"), token: Some(text("SessionToken")) };
    let answer = sigv4::call(endpoint, &guest, "dynamodb", "DynamoDB_20120810.ListTables", &json!({}));
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("AccessDeniedException"), "{}", answer.text());
    let without_token = Key { token: None, ..guest };
    assert_ne!(
        sigv4::call(endpoint, &without_token, "dynamodb", "DynamoDB_20120810.ListTables", &json!({})).status,
        200
    );
}

#[test]
fn foreign_hosts_and_origins() {
    let world = World::start();
    let endpoint = &world.dev.endpoint;
    for headers in [&[("host", "evil.example")][..], &[("origin", "https://evil.example")]] {
        let answer = send(endpoint, "GET", "/_ampup/mailbox", headers, b"");
        assert_eq!(answer.status, 403, "{headers:?}: {}", answer.text());
    }
}
