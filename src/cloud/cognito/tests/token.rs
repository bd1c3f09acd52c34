//! Tokens: claims, signatures, expiry, revocation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use super::{App, START_MS, World, by_password, claims, world};
use crate::cloud::service::ReplyBody;

fn document(world: &World, pool: &str, name: &str) -> Value {
    let reply = world.cognito.well_known(pool, name).unwrap();
    let ReplyBody::Bytes(bytes) = reply.body else { panic!("bytes") };
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_stranger_can_verify_with_the_key_set() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, "ada@example.com");
    let token = world.sign_in(&app, "ada@example.com")["IdToken"].as_str().unwrap().to_owned();
    let discovery = document(&world, &app.pool, "openid-configuration");
    assert_eq!(discovery["jwks_uri"], format!("http://localhost:4700/{}/.well-known/jwks.json", app.pool));
    let key = document(&world, &app.pool, "jwks.json")["keys"][0].clone();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let head: Value = serde_json::from_slice(&bytes(signed.split('.').next().unwrap())).unwrap();
    assert_eq!((&head["kid"], &head["alg"]), (&key["kid"], &json!("RS256")));
    let public = RsaPublicKeyComponents { n: bytes(key["n"].as_str().unwrap()), e: bytes(key["e"].as_str().unwrap()) };
    public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &bytes(signature)).unwrap();
    assert_eq!(world.cognito.well_known("eu-west-1_nope", "jwks.json").unwrap_err().status, 404);
}

#[test]
fn claims_are_those_of_cognito() {
    let world = world();
    let app = world.app(json!({"UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"]}), json!({
        "AccessTokenValidity": 5, "IdTokenValidity": 600, "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "seconds"}}));
    world.join(&app, "ada@example.com");
    for (name, precedence, role) in
        [("late", 9, None), ("first", 1, Some("arn:aws:iam::000000000000:role/a")), ("none", 0, None)]
    {
        let mut input = json!({"UserPoolId": app.pool, "GroupName": name, "RoleArn": role});
        if name != "none" {
            input["Precedence"] = json!(precedence);
        }
        world.run("CreateGroup", input);
        world.run(
            "AdminAddUserToGroup",
            json!({"UserPoolId": app.pool, "Username": "ada@example.com", "GroupName": name}),
        );
    }
    let result = world.sign_in(&app, "ada@example.com");
    let (id, access) = (claims(&result["IdToken"]), claims(&result["AccessToken"]));
    let now_s = START_MS / 1000;
    let user =
        world.run("AdminGetUser", json!({"UserPoolId": app.pool, "Username": "ada@example.com"}))["Username"].clone();
    let issuer = format!("https://cognito-idp.eu-west-1.amazonaws.com/{}", app.pool);
    for (claims, expected) in [
        (
            &id,
            json!({"aud": app.client, "cognito:username": user, "email": "ada@example.com", "email_verified": true,
            "token_use": "id", "exp": now_s + 600, "cognito:roles": ["arn:aws:iam::000000000000:role/a"],
            "cognito:preferred_role": "arn:aws:iam::000000000000:role/a"}),
        ),
        (
            &access,
            json!({"client_id": app.client, "username": user, "scope": "aws.cognito.signin.user.admin",
            "token_use": "access", "exp": now_s + 300}),
        ),
        (&id, json!({"iss": issuer, "sub": user, "iat": now_s, "auth_time": now_s})),
        (
            &access,
            json!({"iss": issuer, "sub": user, "iat": now_s, "auth_time": now_s, "origin_jti": id["origin_jti"]}),
        ),
    ] {
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&claims[name], value, "{name}");
        }
        assert_eq!(claims["cognito:groups"], json!(["first", "late", "none"]));
    }
    assert_eq!(result["ExpiresIn"], 300);
    assert!(access.get("email").is_none());
    let checked = world.cognito.verify(result["IdToken"].as_str().unwrap()).unwrap();
    assert_eq!((checked.token_use.as_str(), checked.client_id.as_str()), ("id", app.client.as_str()));
    assert_eq!(checked.groups, ["first", "late", "none"]);
}

#[test]
fn forged_foreign_and_old_tokens_are_refused() {
    let world = world();
    let (app, other) = (world.mail_pool(), world.mail_pool());
    world.join(&app, "ada@example.com");
    let token = world.sign_in(&app, "ada@example.com")["AccessToken"].as_str().unwrap().to_owned();
    let refused = |token: &str| world.cognito.verify(token).unwrap_err().message;
    let parts: Vec<&str> = token.split('.').collect();
    let body = claims(&json!(token));
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let with = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    let pool = |app: &App| world.core().pool(&app.pool).unwrap();
    // Another name in the body, no signature, no algorithm, a key that is not ours.
    assert_eq!(
        refused(&format!("{}.{}.{}", parts[0], encoded(&with("username", json!("eve"))), parts[2])),
        "Invalid token"
    );
    assert_eq!(refused(&format!("{}.{}.", parts[0], parts[1])), "Invalid token");
    let none = encoded(&json!({"alg": "none", "kid": world.core().keys.id(&app.pool).unwrap()}));
    assert_eq!(refused(&format!("{none}.{}.", parts[1])), "Invalid token");
    assert_eq!(refused("not.a.token"), "Invalid token");
    assert_eq!(refused(""), "Invalid token");
    // Signed by us with another pool's key id, for this pool's issuer; and for a pool that is gone.
    assert_eq!(refused(&world.core().jwt(&pool(&other), &body).unwrap()), "Invalid token");
    let gone = with("iss", json!("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_gone"));
    assert_eq!(refused(&world.core().jwt(&pool(&app), &gone).unwrap()), "Invalid token");
    let evil = with("iss", json!(format!("https://evil.example/{}", app.pool)));
    assert_eq!(refused(&world.core().jwt(&pool(&app), &evil).unwrap()), "Invalid token");
    assert_eq!(refused(&world.core().jwt(&pool(&app), &with("token_use", json!("refresh"))).unwrap()), "Invalid token");
    world.cognito.verify(&token).unwrap();
    world.clock.advance(3_600_000);
    assert_eq!(refused(&token), "Token has expired");
    world.refuses("GetUser", json!({"AccessToken": token}), "NotAuthorizedException", "Access Token has expired");
}

#[test]
fn refresh_tokens_renew_until_revoked() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, "ada@example.com");
    let result = world.sign_in(&app, "ada@example.com");
    let refresh = |token: &Value| json!({"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": {"REFRESH_TOKEN": token}});
    world.clock.advance(3_600_000);
    let renewed = world.run("InitiateAuth", refresh(&result["RefreshToken"]))["AuthenticationResult"].clone();
    assert!(renewed.get("RefreshToken").is_none());
    assert_eq!(claims(&renewed["AccessToken"])["auth_time"], START_MS / 1000);
    assert_eq!(claims(&renewed["AccessToken"])["origin_jti"], claims(&result["AccessToken"])["origin_jti"]);
    let second = world.sign_in(&app, "ada@example.com");

    let foreign = world.mail_pool();
    let stolen = json!({"ClientId": foreign.client, "RefreshToken": result["RefreshToken"]});
    world.refuses("GetTokensFromRefreshToken", stolen, "NotAuthorizedException", "Invalid Refresh Token");
    let text = result["RefreshToken"].as_str().unwrap();
    let forged = format!("{}.{}", text.split('.').next().unwrap(), URL_SAFE_NO_PAD.encode([7; 32]));
    world.refuses("InitiateAuth", refresh(&json!(forged)), "NotAuthorizedException", "Invalid Refresh Token");
    world.run("RevokeToken", json!({"ClientId": app.client, "Token": forged}));
    world.run("InitiateAuth", refresh(&result["RefreshToken"]));

    world.run("RevokeToken", json!({"ClientId": app.client, "Token": result["RefreshToken"]}));
    world.refuses(
        "InitiateAuth",
        refresh(&result["RefreshToken"]),
        "NotAuthorizedException",
        "Refresh Token has been revoked",
    );
    world.refuses(
        "GetUser",
        json!({"AccessToken": renewed["AccessToken"]}),
        "NotAuthorizedException",
        "Access Token has been revoked",
    );
    world.run("GetUser", json!({"AccessToken": second["AccessToken"]}));
    world.clock.advance(30 * 86_400_000);
    world.refuses(
        "InitiateAuth",
        refresh(&second["RefreshToken"]),
        "NotAuthorizedException",
        "Refresh Token has expired",
    );
}

#[test]
fn a_global_sign_out_ends_every_token_and_no_later_one() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, "ada@example.com");
    let before = [world.sign_in(&app, "ada@example.com"), world.sign_in(&app, "ada@example.com")];
    world.run("GlobalSignOut", json!({"AccessToken": before[0]["AccessToken"]}));
    for result in &before {
        let token = result["IdToken"].as_str().unwrap();
        assert_eq!(world.core().verify(token, "token").unwrap_err().message, "Token has been revoked");
        world.cognito.verify(token).expect("other services take it until it expires");
        let refresh = json!({"ClientId": app.client, "RefreshToken": result["RefreshToken"]});
        world.refuses("GetTokensFromRefreshToken", refresh, "NotAuthorizedException", "Refresh Token has been revoked");
    }
    // In the same second.
    let after = world.sign_in(&app, "ada@example.com");
    world.cognito.verify(after["AccessToken"].as_str().unwrap()).unwrap();

    let named = json!({"UserPoolId": app.pool, "Username": "ada@example.com"});
    world.run("AdminDisableUser", named.clone());
    world.refuses(
        "InitiateAuth",
        by_password(&app, "ada@example.com", super::PASSWORD),
        "NotAuthorizedException",
        "User is disabled.",
    );
    assert!(world.core().verify(after["AccessToken"].as_str().unwrap(), "token").is_err());
    world.run("AdminEnableUser", named);
    let last = world.sign_in(&app, "ada@example.com");
    world.run("DeleteUser", json!({"AccessToken": last["AccessToken"]}));
    assert!(world.core().verify(last["AccessToken"].as_str().unwrap(), "token").is_err());
}
