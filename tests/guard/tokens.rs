//! Tokens of user pools.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::world::{Doors, SCHEMA, World, bearer, gives, hmac_token, parts, token};
use crate::support::callers::Credential;
use crate::support::http::send;
use crate::support::users::Pool;

fn pool_of(pool: &Pool) -> Value {
    json!({ "userPoolId": pool.id, "awsRegion": "us-east-1", "defaultAction": "ALLOW" })
}

fn settings(pool: &Pool) -> Value {
    json!({ "authenticationType": "AMAZON_COGNITO_USER_POOLS", "userPoolConfig": pool_of(pool) })
}

fn doors<'a>(url: &'a str, friend: &str) -> Doors<'a> {
    let subscription = "subscription { heard { word } }";
    Doors { url, query: "{ secret }", subscription, friend: bearer(friend) }
}

/// An RSA public key in DER, as a file of it holds it (RFC 3279), from the parts that a key set gives.
fn public_key_der(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let wrapped = |tag: u8, content: Vec<u8>| {
        let length = content.len();
        let mut bytes = vec![tag];
        match u8::try_from(length) {
            Ok(short) if short < 128 => bytes.push(short),
            Ok(long) => bytes.extend([0x81, long]),
            Err(_) => {
                bytes.push(0x82);
                bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        bytes.extend(content);
        bytes
    };
    let number = |value: &[u8]| wrapped(2, [&[0], value].concat());
    let pair = wrapped(0x30, [number(modulus), number(exponent)].concat());
    let algorithm = wrapped(0x30, vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0]);
    let bits = wrapped(3, [vec![0], pair].concat());
    wrapped(0x30, [algorithm, bits].concat())
}

/// What anybody can know of a pool's key, in the forms in which it may be mistaken for a secret.
fn public_forms(pool: &Pool) -> Vec<Vec<u8>> {
    let path = format!("/{}/.well-known/jwks.json", pool.id);
    let set = send(&pool.endpoint, "GET", &path, &[], b"");
    let key = set.json()["keys"][0].clone();
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let der = public_key_der(&bytes("n"), &bytes("e"));
    let lines: Vec<String> =
        STANDARD.encode(&der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    vec![
        der,
        pem.trim_end().as_bytes().to_vec(),
        pem.into_bytes(),
        bytes("n"),
        key.to_string().into_bytes(),
        Vec::new(),
    ]
}

#[test]
fn forged_tokens_open_no_door() {
    let world = World::start();
    let pool = world.pool(&[("ada", None), ("eve", Some("Admins"))]);
    let api = world.api(&settings(&pool), SCHEMA, &[("Query.secret", gives("'s'"))]);
    let (good, other) = (pool.sign_in("ada"), pool.sign_in("eve"));
    let doors = doors(&api.url, &good.access);
    doors.are_open();

    let (head, claims, signature) = parts(&good.access);
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        token((&head, &claims), &signature)
    };
    let headed = |name: &str, value: Value| {
        let mut head = head.clone();
        head[name] = value;
        token((&head, &claims), &signature)
    };
    let mut forged = vec![
        ("another user", changed("sub", json!("someone-else"))),
        ("another name", changed("username", json!("eve"))),
        ("a group", changed("cognito:groups", json!(["Admins"]))),
        ("a longer life", changed("exp", json!(4_000_000_000_u64))),
        ("another issuer", changed("iss", json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"))),
        ("the signature of another token", token((&head, &claims), &parts(&other.access).2)),
        ("a signature that is cut", good.access[..good.access.len() - 8].to_owned()),
        ("no signature", token((&head, &claims), "")),
        ("a key that the pool does not have", headed("kid", json!("another"))),
        ("another algorithm with the same key", headed("alg", json!("RS512"))),
        ("no token", "nonsense".to_owned()),
        ("three parts of nothing", "..".to_owned()),
        ("four parts", format!("{}.x", good.access)),
        ("a refresh token", good.refresh.clone()),
    ];
    for spelling in ["none", "None", "NONE", "nOnE"] {
        forged.push(("algorithm none", token((&json!({ "alg": spelling, "typ": "JWT" }), &claims), "")));
        forged.push((
            "algorithm none with the key's id",
            token((&json!({ "alg": spelling, "kid": head["kid"] }), &claims), ""),
        ));
        forged.push((
            "algorithm none and a signature",
            token((&json!({ "alg": spelling, "kid": head["kid"] }), &claims), &signature),
        ));
    }
    for secret in public_forms(&pool) {
        forged.push(("the public key as a secret", hmac_token(&claims, &head["kid"], &secret)));
    }
    let mut told = std::collections::BTreeSet::new();
    for (what, token) in &forged {
        let words = doors.refuse(what, &bearer(token));
        assert!(!words.contains("ada") && !words.contains("Admins") && !words.contains(&pool.id), "{what}: {words}");
        told.insert(words);
    }
    assert_eq!(
        told.into_iter().collect::<Vec<_>>(),
        ["Unable to parse JWT token."],
        "nobody learns how far a forgery came"
    );
    doors.refuse("no credential", &Credential::Header("x-other", "1".to_owned()));
}

#[test]
fn tokens_of_other_pools_and_clients_open_no_door() {
    let (world, elsewhere) = (World::start(), World::start());
    let (pool, second) = (world.pool(&[("ada", None)]), world.pool(&[("ada", None)]));
    let foreign = elsewhere.pool(&[("ada", None)]).sign_in("ada");
    let api = world.api(&settings(&pool), SCHEMA, &[("Query.secret", gives("'s'"))]);
    let good = pool.sign_in("ada");
    let other_pool = second.sign_in("ada");
    let doors = doors(&api.url, &good.id);
    doors.are_open();
    doors.refuse("a pool of another cloud", &bearer(&foreign.access));
    doors.refuse("another pool of this cloud", &bearer(&other_pool.access));
    doors.refuse("its id token", &bearer(&other_pool.id));

    // An API may take the tokens of some of a pool's clients only.
    let only = |expression: &str| {
        let mut config = pool_of(&pool);
        config["appIdClientRegex"] = expression.into();
        let settings = json!({ "authenticationType": "AMAZON_COGNITO_USER_POOLS", "userPoolConfig": config });
        world.api(&settings, SCHEMA, &[("Query.secret", gives("'s'"))])
    };
    let (fits, fits_not) = (only(&format!("{}|x", pool.client)), only("another"));
    for token in [&good.access, &good.id] {
        assert_eq!(bearer(token).send(&fits.url, "{ secret }", &Value::Null).json()["data"]["secret"], "s");
        let refused = bearer(token).send(&fits_not.url, "{ secret }", &Value::Null);
        assert_eq!(refused.status, 401, "{}", refused.text());
    }
}

#[test]
fn an_expired_token_opens_no_door() {
    let world = World::start();
    let pool = world.pool(&[("ada", None)]);
    let api = world.api(&settings(&pool), SCHEMA, &[("Query.secret", gives("'s'"))]);
    let old = pool.sign_in("ada");
    world.pass(59 * 60);
    let fresh = json!({ "ClientId": pool.client, "RefreshToken": old.refresh });
    let fresh = pool.call("GetTokensFromRefreshToken", &fresh).json()["AuthenticationResult"]["AccessToken"].clone();
    doors(&api.url, &old.access).are_open();
    world.pass(61);
    let doors = doors(&api.url, fresh.as_str().unwrap());
    doors.are_open();
    for token in [&old.access, &old.id] {
        assert_eq!(doors.refuse("an hour later", &bearer(token)), "Token has expired.");
    }
}
