//! What callers prove themselves by is written down nowhere: not on the front page, not in logs, not in answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::world::{Api, Line, SCHEMA, World, data, gives};
use crate::support::callers::{Credential, keys, signed};
use crate::support::functions::{allow, let_appsync_in, make_from, make_role, post};
use crate::support::http::{send, split_url};
use crate::support::sigv4::{self, Key};

/// Everything that somebody who looks after the cloud can read: the front page, the mailbox, every log.
fn written(world: &World) -> String {
    let mut all = String::new();
    for path in ["/_ampup/api/snapshot", "/_ampup/mailbox", "/_ampup/health"] {
        all.push_str(&send(&world.endpoint, "GET", path, &[], b"").text());
    }
    let logs = |action: &str, input: Value| {
        sigv4::call(&world.endpoint, &Key::root(), "logs", &format!("Logs_20140328.{action}"), &input).json()
    };
    let groups = logs("DescribeLogGroups", json!({}));
    for group in groups["logGroups"].as_array().unwrap() {
        all.push_str(&logs("FilterLogEvents", json!({ "logGroupName": group["logGroupName"] })).to_string());
    }
    all
}

#[test]
fn tokens_keys_and_signatures_are_written_down_nowhere() {
    let world = World::start();
    make_role(&world.endpoint);
    allow(&world.endpoint, "logs", "logs:*");
    // It writes a line, so that there is a log; not what it is given.
    let code = "exports.handler = async ({ authorizationToken }) => {
      console.log('asked');
      if (authorizationToken.startsWith('fail')) throw new Error('no');
      return { isAuthorized: true };
    };";
    make_from(&world.endpoint, "keeper", &[("index.js", code)], &json!({}));
    let_appsync_in(&world.endpoint, "keeper");
    let pool = world.pool(&[("ada", None)]);
    let config = json!({ "userPoolId": pool.id, "awsRegion": "us-east-1", "defaultAction": "ALLOW" });
    let keeper = json!({ "authorizerUri": "arn:aws:lambda:us-east-1:000000000000:function:keeper" });
    let settings = json!({
        "authenticationType": "AMAZON_COGNITO_USER_POOLS", "userPoolConfig": config,
        "additionalAuthenticationProviders": [
            { "authenticationType": "API_KEY" },
            { "authenticationType": "AWS_IAM" },
            { "authenticationType": "AWS_LAMBDA", "lambdaAuthorizerConfig": keeper },
        ],
    });
    let api = world.api(&settings, SCHEMA, &[("Query.secret", gives("'s'"))]);
    let key = world.key(&api, 2);
    let tokens = pool.sign_in("ada");
    let (word, failing) = ("open-sesame-4711", "fail-sesame-4712");
    let by = |name: &'static str, value: &str| Credential::Header(name, value.to_owned());
    let forged = format!("{}AAAA", &tokens.access[..tokens.access.len() - 4]);
    let callers = [
        by("authorization", &tokens.access),
        by("authorization", &tokens.id),
        by("authorization", &forged),
        by("authorization", &format!("Bearer {}", tokens.access)),
        by("x-api-key", &key),
        by("x-api-key", &key[..key.len() - 1]),
        by("authorization", word),
        by("authorization", failing),
        Credential::Signed(Key::root()),
        Credential::Signed(Key { secret: "secret-4713".to_owned(), ..Key::root() }),
    ];
    let mut answers = answers_to(&api, &callers);
    let (guest, header) = (session(&world), handshake(&api, &key));
    answers.push_str(&others(&world, &api, (&guest, &header, &key)));

    // The log comes a moment after the answer.
    let begun = std::time::Instant::now();
    let mut written = written(&world);
    while !written.contains("asked") {
        assert!(begun.elapsed().as_secs() < 20, "the log of the function is read: {written}");
        written = self::written(&world);
    }
    let signature = tokens.access.rsplit('.').next().unwrap();
    for (what, secret) in [
        ("an access token", tokens.access.as_str()),
        ("its signature", signature),
        ("an id token", &tokens.id),
        ("a refresh token", &tokens.refresh),
        ("a forged token", &forged),
        ("an API key", &key),
        ("the word for the authoriser", word),
        ("a word that made it fail", failing),
        ("a secret key", "secret-4713"),
        ("the secret key of a session", &guest.secret),
        ("the token of a session", guest.token.as_deref().unwrap()),
        ("a handshake", &header),
    ] {
        assert!(!written.contains(secret), "{what} is written down");
        assert!(!answers.contains(secret), "{what} is repeated in an answer");
    }
}

/// What each caller is told, by a request and by the handshake of a connection.
fn answers_to(api: &Api, callers: &[Credential]) -> String {
    let mut told = Vec::new();
    for caller in callers {
        for query in ["{ secret }", "{ nothing }", "{ secret(", "mutation { tell { word } }"] {
            let answer = caller.send(&api.url, query, &Value::Null);
            told.push(format!("{:?}{}", answer.headers, answer.text()));
        }
        let mut line = Line::open(&api.url, &caller.authorization(&api.url, ("/connect", "{}")));
        told.push(line.init().to_string());
    }
    told.concat()
}

/// The handshake of old clients, who put it into the address.
fn handshake(api: &Api, key: &str) -> String {
    let (endpoint, _) = split_url(&api.url);
    STANDARD.encode(json!({ "x-api-key": key, "host": endpoint }).to_string())
}

/// What is said to that handshake, to a guest's signature, and to a call about a key that is not there.
fn others(world: &World, api: &Api, (guest, header, key): (&Key, &str, &str)) -> String {
    let (endpoint, path) = split_url(&api.url);
    let old = send(&endpoint, "GET", &format!("{path}/realtime?header={header}&payload=e30="), &[], b"");
    let body = data("{ secret }");
    let headers = signed(guest, &endpoint, &path, body.as_bytes());
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let by_guest = send(&endpoint, "POST", &path, &headers, body.as_bytes());
    let about = post(&world.endpoint, "appsync", &format!("/v1/apis/{}/apikeys/{key}x", api.id), &[], b"{}");
    [old.text(), by_guest.text(), about.text()].concat()
}

/// The credentials of a guest of a new identity pool, who may do nothing.
fn session(world: &World) -> Key {
    let target = "AWSCognitoIdentityService.CreateIdentityPool";
    let input = json!({ "IdentityPoolName": "guests", "AllowUnauthenticatedIdentities": true });
    let pool = sigv4::call(&world.endpoint, &Key::root(), "cognito-identity", target, &input).json();
    let pool = pool["IdentityPoolId"].as_str().unwrap().to_owned();
    let trust = json!({ "Statement": {
        "Effect": "Allow", "Principal": { "Federated": "cognito-identity.amazonaws.com" },
        "Action": "sts:AssumeRoleWithWebIdentity",
    } });
    let escaped =
        percent_encoding::utf8_percent_encode(&trust.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("Action=CreateRole&Version=2010-05-08&RoleName=guest&AssumeRolePolicyDocument={escaped}");
    assert_eq!(post(&world.endpoint, "iam", "/", &form, body.as_bytes()).status, 200);
    let roles =
        json!({ "IdentityPoolId": pool, "Roles": { "unauthenticated": "arn:aws:iam::000000000000:role/guest" } });
    let target = "AWSCognitoIdentityService.SetIdentityPoolRoles";
    let set = sigv4::call(&world.endpoint, &Key::root(), "cognito-identity", target, &roles);
    assert_eq!(set.status, 200, "{}", set.text());
    keys(&world.endpoint, &pool, &json!({}))
}
