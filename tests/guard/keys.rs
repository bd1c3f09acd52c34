//! API keys and signatures.

use serde_json::{Value, json};

use super::world::{Api, Doors, Line, World, data, gives};
use crate::support::callers::{Credential, signed};
use crate::support::functions::post;
use crate::support::http::{send, split_url};
use crate::support::sigv4::{self, Key};

const SCHEMA: &str = "
type Query { secret: String other: String }
type Mutation { tell(word: String): Told }
type Told { word: String }
type Subscription { heard: Told @aws_subscribe(mutations: [\"tell\"]) }
schema { query: Query mutation: Mutation subscription: Subscription }
";

const SUBSCRIPTION: &str = "subscription { heard { word } }";

fn api(world: &World, mode: &str) -> Api {
    let code = [("Query.secret", gives("'s'")), ("Query.other", gives("'o'"))];
    world.api(&json!({ "authenticationType": mode }), SCHEMA, &code)
}

fn by_key(key: &str) -> Credential {
    Credential::Header("x-api-key", key.to_owned())
}

#[test]
fn wrong_deleted_expired_and_foreign_keys_open_no_door() {
    let world = World::start();
    let (api, other) = (api(&world, "API_KEY"), api(&world, "API_KEY"));
    let (short, long, foreign) = (world.key(&api, 2), world.key(&api, 300), world.key(&other, 2));
    let deleted = world.key(&api, 2);
    let path = format!("/v1/apis/{}/apikeys/{deleted}", api.id);
    let host = world.endpoint.trim_start_matches("http://");
    let headers = sigv4::sign_method(&Key::root(), "appsync", host, ("DELETE", &path), &[], b"");
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(send(&world.endpoint, "DELETE", &path, &headers, b"").status, 200);

    let doors = Doors { url: &api.url, query: "{ secret }", subscription: SUBSCRIPTION, friend: by_key(&long) };
    doors.are_open();
    for (what, key) in [
        ("a key of another API", foreign.as_str()),
        ("a deleted key", &deleted),
        ("a key that is cut", &long[..long.len() - 1]),
        ("a key with more", &format!("{long}a")),
        ("a key that nobody has", "da2-aaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("the beginning of all keys", "da2-"),
        ("a key in capitals", &long.to_uppercase()),
    ] {
        let words = doors.refuse(what, &by_key(key));
        assert_eq!(words, "You are not authorized to make this call.", "{what}");
    }
    // Where nobody takes tokens, a token does not stand for a key.
    doors.refuse("a key in the wrong header", &Credential::Header("authorization", long.clone()));
    assert_eq!(by_key(&short).send(&api.url, "{ secret }", &Value::Null).status, 200);
    world.pass(3 * 86_400);
    assert_eq!(doors.refuse("an expired key", &by_key(&short)), "You are not authorized to make this call.");
}

/// What a signed request is answered: status and type of the first error.
fn answered(url: &str, headers: &[(String, String)], body: &[u8]) -> (u16, String) {
    let (endpoint, path) = split_url(url);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = send(&endpoint, "POST", &path, &headers, body);
    let told = answer.json();
    assert!(answer.status == 200 || told.get("data").is_none(), "{told}");
    (answer.status, told["errors"][0]["errorType"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn tampered_signatures_are_refused() {
    let world = World::start();
    let (api, other) = (api(&world, "AWS_IAM"), api(&world, "AWS_IAM"));
    let (endpoint, path) = split_url(&api.url);
    let body = data("{ secret }");
    let headers = signed(&Key::root(), &endpoint, &path, body.as_bytes());
    assert_eq!(answered(&api.url, &headers, body.as_bytes()), (200, String::new()));

    let invalid = (403, "InvalidSignatureException".to_owned());
    let with = |name: &str, value: &str| {
        let change = |(known, old): &(String, String)| {
            (known.clone(), if known == name { value.to_owned() } else { old.clone() })
        };
        headers.iter().map(change).collect::<Vec<_>>()
    };
    assert_eq!(answered(&api.url, &headers, data("{ other }").as_bytes()), invalid, "another body");
    assert_eq!(answered(&other.url, &headers, body.as_bytes()), invalid, "another API");
    assert_eq!(answered(&api.url, &with("content-type", "text/plain"), body.as_bytes()), invalid, "another header");
    let authorization = headers.iter().find(|(name, _)| name == "authorization").unwrap().1.clone();
    let (start, signature) = authorization.rsplit_once('=').unwrap();
    let flipped: String = signature.chars().map(|digit| if digit == 'a' { 'b' } else { 'a' }).collect();
    for forged in [format!("{start}={flipped}"), format!("{start}={}", &signature[..40]), format!("{start}=")] {
        assert_eq!(answered(&api.url, &with("authorization", &forged), body.as_bytes()), invalid, "{forged}");
    }
    let unsigned_host = authorization.replace(";host", "");
    let refused = answered(&api.url, &with("authorization", &unsigned_host), body.as_bytes());
    assert_eq!(refused, (403, "IncompleteSignatureException".to_owned()));

    let wrong_secret = Key { secret: "guess".to_owned(), ..Key::root() };
    let unknown = Key { access: "AKIAIOSFODNN7EXAMPLE".to_owned(), ..Key::root() };
    for (key, wanted) in [(wrong_secret, "InvalidSignatureException"), (unknown, "UnrecognizedClientException")] {
        let headers = signed(&key, &endpoint, &path, body.as_bytes());
        assert_eq!(answered(&api.url, &headers, body.as_bytes()), (403, wanted.to_owned()));
    }
    // Signed well, but for another service: S3 would even let the body go unsigned.
    let host = endpoint.trim_start_matches("http://");
    for service in ["s3", "dynamodb", "lambda"] {
        let headers = sigv4::sign(&Key::root(), service, host, &path, &[], body.as_bytes());
        assert_eq!(answered(&api.url, &headers, body.as_bytes()), invalid, "{service}");
    }
    // A signature is no credential where an API takes keys only.
    let keys = self::api(&world, "API_KEY");
    let (_, path) = split_url(&keys.url);
    let headers = signed(&Key::root(), &endpoint, &path, body.as_bytes());
    assert_eq!(answered(&keys.url, &headers, body.as_bytes()), (401, "UnauthorizedException".to_owned()));
}

#[test]
fn replayed_signatures_are_refused() {
    let world = World::start();
    let api = api(&world, "AWS_IAM");
    let (endpoint, path) = split_url(&api.url);
    let body = data("{ secret }");
    let headers = signed(&Key::root(), &endpoint, &path, body.as_bytes());
    let owner = Credential::Signed(Key::root());
    let (handshake, subscription) = (owner.authorization(&api.url, ("/connect", "{}")), data(SUBSCRIPTION));
    let start = owner.authorization(&api.url, ("", &subscription));

    let mut line = Line::open(&api.url, &handshake);
    assert_eq!(line.init()["type"], "connection_ack");
    let refused = |said: Value, what: &str| {
        let error = &said["payload"]["errors"][0];
        assert_eq!(
            (&said["type"], &error["errorType"]),
            (&json!("error"), &json!("UnauthorizedException")),
            "{what}: {said}"
        );
    };
    refused(line.begin("1", &subscription, &handshake), "the signature of the handshake for a subscription");
    let other = data("subscription { heard { word __typename } }");
    refused(line.begin("2", &other, &start), "the signature of another subscription");
    assert_eq!(line.begin("3", &subscription, &start)["type"], "start_ack");
    let query = Line::open(&api.url, &start).init();
    assert_eq!(query["type"], "connection_error", "the signature of a subscription for the handshake: {query}");

    // A quarter of an hour later, and as long before its time.
    world.pass(16 * 60);
    let late = answered(&api.url, &headers, body.as_bytes());
    assert_eq!(late, (403, "InvalidSignatureException".to_owned()));
    assert_eq!(Line::open(&api.url, &handshake).init()["type"], "connection_error");
    refused(line.begin("4", &subscription, &start), "an old signature");
    world.pass(-32 * 60);
    assert_eq!(answered(&api.url, &headers, body.as_bytes()), (403, "InvalidSignatureException".to_owned()));
}

/// Credentials of a role with a policy.
fn role(world: &World, policy: &Value) -> Key {
    let escaped =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let trust = json!({ "Statement": { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" } });
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let call = |service: &str, body: String| {
        let answer = post(&world.endpoint, service, "/", &form, body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    };
    call(
        "iam",
        format!(
            "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument={}",
            escaped(&trust.to_string())
        ),
    );
    let policy = escaped(&policy.to_string());
    call("iam", format!("Action=PutRolePolicy&Version=2010-05-08&RoleName=r&PolicyName=p&PolicyDocument={policy}"));
    let arn = escaped("arn:aws:iam::000000000000:role/r");
    let xml = call(
        "sts",
        format!("Action=AssumeRole&Version=2011-06-15&RoleArn={arn}&RoleSessionName=guard&DurationSeconds=900"),
    );
    let text = |name: &str| {
        let rest = xml.split(&format!("<{name}>")).nth(1).unwrap();
        rest.split(&format!("</{name}>")).next().unwrap().to_owned()
    };
    Key { access: text("AccessKeyId"), secret: text("SecretAccessKey"), token: Some(text("SessionToken")) }
}

#[test]
fn a_role_sees_the_fields_of_its_policy_by_every_name() {
    let world = World::start();
    let api = api(&world, "AWS_IAM");
    let arn = format!("arn:aws:appsync:us-east-1:000000000000:apis/{}/types", api.id);
    let policy = json!({ "Statement": {
        "Effect": "Allow", "Action": "appsync:GraphQL",
        "Resource": [format!("{arn}/Query/fields/other"), format!("{arn}/Mutation/*")],
    } });
    let key = role(&world, &policy);
    let caller = Credential::Signed(key.clone());
    for query in [
        "{ secret }",
        "{ other: secret }",
        "{ ...F } fragment F on Query { secret }",
        "{ ... on Query { secret } }",
        "{ ... @include(if: true) { s: secret } }",
    ] {
        let answer = caller.send(&api.url, query, &Value::Null).json();
        let error = &answer["errors"][0];
        assert!(answer["data"].as_object().unwrap().values().all(Value::is_null), "{query}: {answer}");
        assert_eq!(
            (&error["errorType"], &error["message"]),
            (&json!("Unauthorized"), &json!("Not Authorized to access secret on type Query")),
            "{query}"
        );
    }
    let both = caller.send(&api.url, "{ secret: other other: secret }", &Value::Null).json();
    assert_eq!(both["data"], json!({ "secret": "o", "other": null }), "{both}");
    let mut line = Line::open(&api.url, &caller.authorization(&api.url, ("/connect", "{}")));
    assert_eq!(line.init()["type"], "connection_ack");
    let data = data(SUBSCRIPTION);
    let said = line.begin("1", &data, &caller.authorization(&api.url, ("", &data)));
    assert_eq!(
        said["payload"]["errors"][0]["message"], "Not Authorized to access heard on type Subscription",
        "{said}"
    );

    // Without its token, with another's, and after its time the key of a session is nobody's.
    let body = self::data("{ other }");
    let (endpoint, path) = split_url(&api.url);
    for token in [None, Some("another".to_owned()), Some(String::new())] {
        let headers = signed(&Key { token, ..key.clone() }, &endpoint, &path, body.as_bytes());
        let refused = answered(&api.url, &headers, body.as_bytes());
        assert_eq!(refused, (403, "UnrecognizedClientException".to_owned()));
    }
    let headers = signed(&key, &endpoint, &path, body.as_bytes());
    world.pass(14 * 60);
    assert_eq!(answered(&api.url, &headers, body.as_bytes()), (200, String::new()));
    world.pass(61);
    // The signature is still of now: the session is not.
    assert_eq!(answered(&api.url, &headers, body.as_bytes()), (403, "ExpiredTokenException".to_owned()));
}
