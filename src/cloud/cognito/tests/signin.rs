//! Signing up and in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{App, PASSWORD, attribute, by_password, claims, open, world};

#[test]
fn a_user_signs_up_and_in_by_srp() {
    let world = world();
    let app = world.mail_pool();
    let made =
        world.run("SignUp", json!({"ClientId": app.client, "Username": "Ada@Example.com", "Password": PASSWORD}));
    assert_eq!(made["CodeDeliveryDetails"]["Destination"], "A***@E***");
    assert_eq!(made["UserConfirmed"], false);
    let sub = made["UserSub"].as_str().unwrap();

    let (_, refused) = world.srp(&app, "ada@example.com", PASSWORD);
    assert_eq!(refused.unwrap_err().code, "UserNotConfirmedException");
    let code = world.code("Ada@Example.com");
    world
        .run("ConfirmSignUp", json!({"ClientId": app.client, "Username": "ada@example.com", "ConfirmationCode": code}));

    // The address in any case; the id for SRP is the username, which is the sub.
    let (first, second) = world.srp(&app, "ADA@example.COM", PASSWORD);
    assert_eq!(first["ChallengeParameters"]["USER_ID_FOR_SRP"], sub);
    let result = second.unwrap()["AuthenticationResult"].clone();
    let user = world.run("GetUser", json!({"AccessToken": result["AccessToken"]}));
    assert_eq!(user["Username"], sub);
    assert_eq!(attribute(&user["UserAttributes"], "email_verified"), Some("true"));
    assert_eq!(claims(&result["IdToken"])["email_verified"], true);

    let (_, refused) = world.srp(&app, "ada@example.com", "Wrong0ne!");
    assert_eq!(refused.unwrap_err().message, "Incorrect username or password.");
}

#[test]
fn a_public_value_that_gives_the_key_away_is_refused() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, "ada@example.com");
    let prime = super::PRIME.to_str_radix(16);
    for value in ["0", prime.as_str(), "not a number"] {
        let input = json!({"AuthFlow": "USER_SRP_AUTH", "ClientId": app.client,
            "AuthParameters": {"USERNAME": "ada@example.com", "SRP_A": value}});
        assert_eq!(world.refusal("InitiateAuth", input).0, "InvalidParameterException", "{value}");
    }
}

#[test]
fn a_proof_works_once() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, "ada@example.com");
    let (first, second) = world.srp(&app, "ada@example.com", PASSWORD);
    second.unwrap();
    let again = json!({"ChallengeName": "PASSWORD_VERIFIER", "ClientId": app.client, "ChallengeResponses": {
        "USERNAME": "ada@example.com", "TIMESTAMP": "x", "PASSWORD_CLAIM_SIGNATURE": "AAAA",
        "PASSWORD_CLAIM_SECRET_BLOCK": first["ChallengeParameters"]["SECRET_BLOCK"]}});
    world.refuses("RespondToAuthChallenge", again, "NotAuthorizedException", "Invalid session for the user.");
}

#[test]
fn unknown_users_cannot_be_told_from_known_ones_when_the_client_hides_them() {
    let world = world();
    let app = world.mail_pool();
    let open_words = [
        ("InitiateAuth", by_password(&app, "no@example.com", PASSWORD)),
        ("ForgotPassword", json!({"ClientId": app.client, "Username": "no@example.com"})),
        ("ResendConfirmationCode", json!({"ClientId": app.client, "Username": "no@example.com"})),
    ];
    for (action, input) in open_words {
        world.refuses(action, input, "UserNotFoundException", "User does not exist.");
    }
    let made = world.run(
        "CreateUserPoolClient",
        json!({"UserPoolId": app.pool, "ClientName": "hiding",
        "PreventUserExistenceErrors": "ENABLED",
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}),
    );
    let hiding = App { client: made["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned(), ..app };
    world.refuses(
        "InitiateAuth",
        by_password(&hiding, "no@example.com", PASSWORD),
        "NotAuthorizedException",
        "Incorrect username or password.",
    );
    let forgot = world.run("ForgotPassword", json!({"ClientId": hiding.client, "Username": "no@example.com"}));
    assert_eq!(forgot["CodeDeliveryDetails"]["Destination"], "n***@e***");
    assert!(world.cognito.mailbox(None, None).is_empty(), "nothing was sent");
    let (first, second) = world.srp(&hiding, "no@example.com", PASSWORD);
    let (again, _) = world.srp(&hiding, "no@example.com", PASSWORD);
    assert_eq!(first["ChallengeParameters"]["SALT"], again["ChallengeParameters"]["SALT"]);
    assert_eq!(first["ChallengeParameters"]["USER_ID_FOR_SRP"], again["ChallengeParameters"]["USER_ID_FOR_SRP"]);
    assert_eq!(second.unwrap_err().message, "Incorrect username or password.");
}

#[test]
fn sign_up_is_refused_in_aws_words() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, "ada@example.com");
    let named = world.app(
        json!({"AliasAttributes": ["email"], "Schema": [
        {"Name": "given_name", "AttributeDataType": "String", "Required": true},
        {"Name": "plan", "AttributeDataType": "String", "StringAttributeConstraints": {"MaxLength": "3"}}]}),
        json!({}),
    );
    let closed = world.app(json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}}), json!({}));
    let with = |app: &App, name: &str, attributes: Value| json!({"ClientId": app.client, "Username": name, "Password": PASSWORD, "UserAttributes": attributes});
    let cases = [
        (with(&app, "ada", json!([])), "InvalidParameterException", "Username should be an email."),
        (
            with(&app, "ADA@example.com", json!([])),
            "UsernameExistsException",
            "An account with the given email already exists.",
        ),
        (
            with(&named, "a@example.com", json!([])),
            "InvalidParameterException",
            "Username cannot be of email format, since user pool is configured for email alias.",
        ),
        (
            with(&named, "ada", json!([])),
            "InvalidParameterException",
            "Attributes did not conform to the schema: given_name: The attribute is required\n",
        ),
        (
            with(
                &named,
                "ada",
                json!([{"Name": "given_name", "Value": "A"}, {"Name": "custom:plan", "Value": "long"}]),
            ),
            "InvalidParameterException",
            "Attributes did not conform to the schema: custom:plan: String must be no longer than 3 characters\n",
        ),
        (
            with(&named, "ada", json!([{"Name": "custom:no", "Value": "x"}])),
            "InvalidParameterException",
            "Attributes did not conform to the schema: Type for attribute {custom:no} could not be determined",
        ),
        (
            with(&named, "ada", json!([{"Name": "email_verified", "Value": "true"}])),
            "NotAuthorizedException",
            "A client attempted to write unauthorized attribute",
        ),
        (with(&closed, "ada", json!([])), "NotAuthorizedException", "SignUp is not permitted for this user pool"),
        (
            json!({"ClientId": "nobody", "Username": "x", "Password": PASSWORD}),
            "ResourceNotFoundException",
            "User pool client nobody does not exist.",
        ),
        (
            json!({"ClientId": app.client, "Password": PASSWORD}),
            "InvalidParameterException",
            "1 validation error detected: Value null at 'username' failed to satisfy constraint: Member must not be null",
        ),
    ];
    for (input, code, text) in cases {
        world.refuses("SignUp", input, code, text);
    }
}

#[test]
fn a_client_with_a_secret_must_prove_it() {
    let world = world();
    let app = world.app(json!({}), json!({"GenerateSecret": true}));
    let described = world.run("DescribeUserPoolClient", json!({"UserPoolId": app.pool, "ClientId": app.client}));
    let secret = described["UserPoolClient"]["ClientSecret"].as_str().unwrap();
    let sign_up =
        |hash: Value| json!({"ClientId": app.client, "Username": "ada", "Password": PASSWORD, "SecretHash": hash});
    let missing = format!("Client {} is configured with secret but SECRET_HASH was not received", app.client);
    world.refuses("SignUp", sign_up(Value::Null), "NotAuthorizedException", &missing);
    let wrong = format!("Unable to verify secret hash for client {}", app.client);
    world.refuses("SignUp", sign_up(json!("AAAA")), "NotAuthorizedException", &wrong);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("ada{}", app.client).as_bytes());
    world.run("SignUp", sign_up(json!(STANDARD.encode(mac.finalize().into_bytes()))));
}

#[test]
fn only_flows_that_the_client_was_given() {
    let world = world();
    let app = world.app(json!({}), json!({"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]}));
    world.refuses(
        "InitiateAuth",
        by_password(&app, "ada", PASSWORD),
        "InvalidParameterException",
        "USER_PASSWORD_AUTH flow not enabled for this client",
    );
    let srp =
        json!({"AuthFlow": "USER_SRP_AUTH", "ClientId": app.client, "AuthParameters": {"USERNAME": "a", "SRP_A": "5"}});
    world.refuses("InitiateAuth", srp, "InvalidParameterException", "USER_SRP_AUTH is not enabled for the client.");
    let custom = json!({"AuthFlow": "CUSTOM_AUTH", "ClientId": app.client, "AuthParameters": {}});
    world.refuses("InitiateAuth", custom, "InvalidParameterException", "Auth flow not enabled for this client");
    let choice = json!({"AuthFlow": "USER_AUTH", "ClientId": app.client, "AuthParameters": {}});
    assert_eq!(world.refusal("InitiateAuth", choice).0, "NotImplemented");
    let default = world.app(json!({}), json!({"ExplicitAuthFlows": null}));
    world.refuses(
        "InitiateAuth",
        by_password(&default, "ada", PASSWORD),
        "InvalidParameterException",
        "USER_PASSWORD_AUTH flow not enabled for this client",
    );
}

#[test]
fn an_administrators_user_chooses_a_password() {
    let world = world();
    let app =
        world.app(json!({"Schema": [{"Name": "name", "AttributeDataType": "String", "Required": true}]}), json!({}));
    let refused = json!({"UserPoolId": app.pool, "Username": "ada", "TemporaryPassword": "short"});
    assert_eq!(world.refusal("AdminCreateUser", refused).0, "InvalidPasswordException");
    let made = world.run(
        "AdminCreateUser",
        json!({"UserPoolId": app.pool, "Username": "ada",
        "UserAttributes": [{"Name": "email", "Value": "ada@example.com"}, {"Name": "email_verified", "Value": "True"}],
        "DesiredDeliveryMediums": ["EMAIL"]}),
    );
    assert_eq!(made["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
    let temporary = world.code("ada@example.com");
    let challenge = world.run(
        "AdminInitiateAuth",
        json!({"UserPoolId": app.pool, "ClientId": app.client,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "ada", "PASSWORD": temporary}}),
    );
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(challenge["ChallengeParameters"]["requiredAttributes"], "[\"userAttributes.name\"]");
    let answer = |more: Value| {
        let mut answers = json!({"USERNAME": "ada", "NEW_PASSWORD": PASSWORD});
        answers.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"UserPoolId": app.pool, "ClientId": app.client, "ChallengeName": "NEW_PASSWORD_REQUIRED",
               "Session": challenge["Session"], "ChallengeResponses": answers})
    };
    let (code, text) = world.refusal("AdminRespondToAuthChallenge", answer(json!({})));
    assert_eq!((code.as_str(), text.contains("name: The attribute is required")), ("InvalidParameterException", true));
    let done = world.run("AdminRespondToAuthChallenge", answer(json!({"userAttributes.name": "Ada"})));
    assert!(done["AuthenticationResult"]["RefreshToken"].is_string());
    let user = world.run("AdminGetUser", json!({"UserPoolId": app.pool, "Username": "ada"}));
    assert_eq!(user["UserStatus"], "CONFIRMED");
    assert_eq!(attribute(&user["UserAttributes"], "name"), Some("Ada"));
    world.refuses(
        "AdminRespondToAuthChallenge",
        answer(json!({})),
        "NotAuthorizedException",
        "Invalid session for the user.",
    );
}

#[test]
fn temporary_passwords_and_sessions_end() {
    let world = world();
    let app = world.app(json!({}), json!({}));
    let make =
        json!({"UserPoolId": app.pool, "Username": "ada", "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS"});
    world.run("AdminCreateUser", make.clone());
    world.refuses("AdminCreateUser", make, "UsernameExistsException", "User account already exists");
    assert!(world.cognito.mailbox(None, None).is_empty());
    let challenge = world.run("InitiateAuth", by_password(&app, "ada", PASSWORD));
    world.clock.advance(3 * 60_000);
    let late = json!({"ClientId": app.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": "ada", "NEW_PASSWORD": PASSWORD}});
    world.refuses(
        "RespondToAuthChallenge",
        late,
        "NotAuthorizedException",
        "Invalid session for the user, session is expired.",
    );
    world.clock.advance(7 * 86_400_000);
    world.refuses(
        "InitiateAuth",
        by_password(&app, "ada", PASSWORD),
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.",
    );
}

#[test]
fn wrong_passwords_in_a_row_make_a_pause() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, "ada@example.com");
    for _ in 0..5 {
        world.refuses(
            "InitiateAuth",
            by_password(&app, "ada@example.com", "Wrong0ne!"),
            "NotAuthorizedException",
            "Incorrect username or password.",
        );
    }
    world.refuses(
        "InitiateAuth",
        by_password(&app, "ada@example.com", PASSWORD),
        "NotAuthorizedException",
        "Password attempts exceeded",
    );
    world.clock.advance(1000);
    world.sign_in(&app, "ada@example.com");
}

#[test]
fn users_outlive_the_process() {
    let first = world();
    let app = first.mail_pool();
    first.join(&app, "ada@example.com");
    let result = first.sign_in(&app, "ada@example.com");
    let again = open(std::sync::Arc::clone(&first.shared.store), std::sync::Arc::clone(&first.clock));
    again.cognito.verify(result["AccessToken"].as_str().unwrap()).unwrap();
    assert_eq!(again.cognito.mailbox(Some(&app.pool), None).len(), 1);
    again.run("GetTokensFromRefreshToken", json!({"ClientId": app.client, "RefreshToken": result["RefreshToken"]}));
    again.srp(&app, "ada@example.com", PASSWORD).1.unwrap();
    let rows = first.shared.store.range("cognito-users", b"");
    assert!(rows.iter().all(|(_, row)| !String::from_utf8_lossy(row).contains(PASSWORD)), "no password is stored");
}
