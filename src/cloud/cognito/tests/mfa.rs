//! The second factor by an authenticator app.

use serde_json::{Value, json};

use super::super::mfa::{code_at, from_base32};
use super::{App, PASSWORD, World, by_password, world};
use crate::base::Clock as _;

const ADA: &str = "ada@example.com";

impl World {
    fn totp(&self, secret: &Value) -> String {
        code_at(&from_base32(secret.as_str().unwrap()).unwrap(), self.clock.now_s() / 30)
    }
}

fn pool(world: &World, mode: &str) -> App {
    let app = world.mail_pool();
    world.run(
        "SetUserPoolMfaConfig",
        json!({"UserPoolId": app.pool, "MfaConfiguration": mode,
        "SoftwareTokenMfaConfiguration": {"Enabled": true}}),
    );
    world.join(&app, ADA);
    app
}

fn respond(app: &App, challenge: &str, session: &Value, more: Value) -> Value {
    let mut answers = json!({"USERNAME": ADA});
    answers.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"ClientId": app.client, "ChallengeName": challenge, "Session": session, "ChallengeResponses": answers})
}

#[test]
fn an_optional_factor_is_asked_for_when_it_was_chosen() {
    let world = world();
    let app = pool(&world, "OPTIONAL");
    let token = world.sign_in(&app, ADA)["AccessToken"].clone();
    let on = json!({"AccessToken": token, "SMSMfaSettings": null, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    world.refuses(
        "SetUserMFAPreference",
        on.clone(),
        "InvalidParameterException",
        "User has not verified software token mfa",
    );
    let secret = world.run("AssociateSoftwareToken", json!({"AccessToken": token}))["SecretCode"].clone();
    let right = world.totp(&secret);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let verify = |code: &str| json!({"AccessToken": token, "UserCode": code});
    assert_eq!(world.refusal("VerifySoftwareToken", verify(wrong)).0, "EnableSoftwareTokenMFAException");
    assert_eq!(world.run("VerifySoftwareToken", verify(&right))["Status"], "SUCCESS");
    world.sign_in(&app, ADA);
    world.run("SetUserMFAPreference", on);
    let user = world.run("GetUser", json!({"AccessToken": token}));
    assert_eq!(
        (&user["PreferredMfaSetting"], &user["UserMFASettingList"]),
        (&json!("SOFTWARE_TOKEN_MFA"), &json!(["SOFTWARE_TOKEN_MFA"]))
    );

    let challenge = world.run("InitiateAuth", by_password(&app, ADA, PASSWORD));
    assert_eq!(challenge["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let answer = |code: &str| {
        respond(&app, "SOFTWARE_TOKEN_MFA", &challenge["Session"], json!({"SOFTWARE_TOKEN_MFA_CODE": code}))
    };
    world.refuses(
        "RespondToAuthChallenge",
        answer(&right),
        "ExpiredCodeException",
        "Your software token has already been used once.",
    );
    world.refuses("RespondToAuthChallenge", answer(wrong), "CodeMismatchException", "Invalid code received for user");
    world.clock.advance(30_000);
    // The session stayed usable after the wrong codes, and is used up by the right one.
    let done = world.run("RespondToAuthChallenge", answer(&world.totp(&secret)));
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
    world.clock.advance(30_000);
    world.refuses(
        "RespondToAuthChallenge",
        answer(&world.totp(&secret)),
        "NotAuthorizedException",
        "Invalid session for the user.",
    );

    let challenge = world.run("InitiateAuth", by_password(&app, ADA, PASSWORD));
    let answer = |code: &str| {
        respond(&app, "SOFTWARE_TOKEN_MFA", &challenge["Session"], json!({"SOFTWARE_TOKEN_MFA_CODE": code}))
    };
    for _ in 0..5 {
        world.refusal("RespondToAuthChallenge", answer("abcdef"));
    }
    world.refuses(
        "RespondToAuthChallenge",
        answer(&world.totp(&secret)),
        "NotAuthorizedException",
        "Invalid session for the user.",
    );
}

#[test]
fn a_required_factor_is_set_up_at_sign_in() {
    let world = world();
    let app = pool(&world, "ON");
    let (_, second) = world.srp(&app, ADA, PASSWORD);
    let challenge = second.unwrap();
    assert_eq!(challenge["ChallengeName"], "MFA_SETUP");
    assert_eq!(challenge["ChallengeParameters"]["MFAS_CAN_SETUP"], "[\"SOFTWARE_TOKEN_MFA\"]");
    let early = respond(&app, "MFA_SETUP", &challenge["Session"], json!({}));
    assert_eq!(world.refusal("RespondToAuthChallenge", early).0, "NotAuthorizedException");
    let given = world.run("AssociateSoftwareToken", json!({"Session": challenge["Session"]}));
    let verified = world.run(
        "VerifySoftwareToken",
        json!({"Session": given["Session"], "UserCode": world.totp(&given["SecretCode"]),
        "FriendlyDeviceName": "phone"}),
    );
    let done = world.run("RespondToAuthChallenge", respond(&app, "MFA_SETUP", &verified["Session"], json!({})));
    assert!(done["AuthenticationResult"]["IdToken"].is_string());
    let next = world.run("InitiateAuth", by_password(&app, ADA, PASSWORD));
    assert_eq!(next["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    assert_eq!(next["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"], "phone");
}

#[test]
fn a_pool_without_factors_has_none() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, ADA);
    let token = world.sign_in(&app, ADA)["AccessToken"].clone();
    world.refuses(
        "AssociateSoftwareToken",
        json!({"AccessToken": token}),
        "SoftwareTokenMFANotFoundException",
        "Software Token MFA has not been enabled by the userPool",
    );
    world.refuses(
        "SetUserPoolMfaConfig",
        json!({"UserPoolId": app.pool, "MfaConfiguration": "ON"}),
        "InvalidParameterException",
        "Invalid MFA configuration given, can't turn on MFA and disable all MFAs.",
    );
    assert_eq!(world.run("GetUserPoolMfaConfig", json!({"UserPoolId": app.pool})), json!({"MfaConfiguration": "OFF"}));
}
