//! Tokens of OpenID Connect providers.

use serde_json::{Value, json};

use super::world::{Doors, SCHEMA, World, bearer, gives, hmac_token, parts, token};
use crate::support::issuer::Issuer;

#[test]
fn tokens_that_a_provider_did_not_give_to_this_api_open_no_door() {
    let world = World::start();
    let (issuer, other) = (Issuer::start(), Issuer::start());
    let settings = json!({
        "authenticationType": "OPENID_CONNECT",
        "openIDConnectConfig": { "issuer": issuer.address, "clientId": "web|app", "iatTTL": 600_000, "authTTL": 900_000 },
    });
    let api = world.api(&settings, SCHEMA, &[("Query.secret", gives("'s'"))]);
    let now = jiff::Timestamp::now().as_second();
    let of = |claims: Value| {
        let mut all = json!({ "sub": "ada", "auth_time": now });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        issuer.token(&all)
    };
    let good = of(json!({}));
    let subscription = "subscription { heard { word } }";
    let doors = Doors { url: &api.url, query: "{ secret }", subscription, friend: bearer(&good) };
    doors.are_open();
    for audience in [json!("app"), json!(["x", "web"])] {
        assert_eq!(bearer(&of(json!({ "aud": audience }))).send(&api.url, "{ secret }", &Value::Null).status, 200);
    }

    let (head, claims, signature) = parts(&good);
    let mut changed = claims.clone();
    changed["sub"] = json!("eve");
    let key_set = crate::support::http::send(&issuer.address, "GET", "/keys", &[], b"").text();
    let forged = [
        ("another user", token((&head, &changed), &signature)),
        ("algorithm none", token((&json!({ "alg": "none", "kid": "k1" }), &claims), "")),
        ("algorithm none with a signature", token((&json!({ "alg": "none", "kid": "k1" }), &claims), &signature)),
        ("the public key as a secret", hmac_token(&claims, &json!("k1"), key_set.as_bytes())),
        ("no secret", hmac_token(&claims, &json!("k1"), b"")),
        (
            "a key that the provider does not have",
            token((&json!({ "alg": "ES256", "kid": "k2" }), &claims), &signature),
        ),
        ("another algorithm", token((&json!({ "alg": "RS256", "kid": "k1" }), &claims), &signature)),
        ("a signature that is cut", good[..good.len() - 8].to_owned()),
        ("an audience, unsigned", token((&head, &json!({ "iss": issuer.address, "aud": "x" })), &signature)),
        ("an expiry, unsigned", token((&head, &json!({ "iss": issuer.address, "aud": "web", "exp": 1 })), &signature)),
    ];
    for (what, token) in &forged {
        let words = doors.refuse(what, &bearer(token));
        assert_eq!(words, "Unable to parse JWT token.", "{what}: a token that nobody signed learns nothing");
    }
    let named_other = other.token(&json!({ "sub": "ada", "auth_time": now }));
    let claimed = other.token(&json!({ "iss": issuer.address, "sub": "ada", "auth_time": now }));
    for (what, token) in [
        ("another provider", named_other),
        ("another provider that claims to be this one", claimed),
        ("another audience", of(json!({ "aud": "webs" }))),
        ("no audience", of(json!({ "aud": null }))),
        ("not valid yet", of(json!({ "nbf": now + 600 }))),
        ("expired", of(json!({ "exp": now - 1 }))),
        ("no expiry", of(json!({ "exp": null }))),
        ("issued too long ago", of(json!({ "iat": now - 601 }))),
        ("signed in too long ago", of(json!({ "auth_time": now - 901 }))),
        ("never signed in", of(json!({ "auth_time": null }))),
    ] {
        let words = doors.refuse(what, &bearer(&token));
        assert!(!words.contains(&issuer.address) && !words.contains("ada"), "{what}: {words}");
    }
}

#[test]
fn a_provider_that_cannot_be_reached_is_not_told_of() {
    let world = World::start();
    let issuer = Issuer::start();
    // Nothing listens on the port of a socket that is bound and no more.
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{dead}");
    let settings = json!({ "authenticationType": "OPENID_CONNECT", "openIDConnectConfig": { "issuer": address } });
    let api = world.api(&settings, SCHEMA, &[("Query.secret", gives("'s'"))]);
    let token = issuer.token(&json!({ "iss": address, "sub": "ada" }));
    let answer = bearer(&token).send(&api.url, "{ secret }", &Value::Null);
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.json(),
        json!({
            "errors": [{ "errorType": "UnauthorizedException", "message": "Unable to parse JWT token." }]
        })
    );
}
