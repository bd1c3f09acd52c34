//! Lambda triggers, with functions that are closures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::super::trigger::{Functions, Heard};
use super::{App, PASSWORD, World, attribute, by_password, claims, world};

type Code = Box<dyn Fn(&mut Value) -> Option<Heard> + Send>;

/// Functions by `triggerSource`; those that are not written give the event back.
#[derive(Clone, Default)]
pub(super) struct Script {
    codes: Arc<Mutex<BTreeMap<&'static str, Code>>>,
    seen: Arc<Mutex<Vec<(String, String, Value)>>>,
}

impl Script {
    /// A function that changes the event and gives it back.
    fn on(&self, source: &'static str, code: impl Fn(&mut Value) + Send + 'static) {
        self.told(source, move |event| {
            code(event);
            None
        });
    }

    fn told(&self, source: &'static str, code: impl Fn(&mut Value) -> Option<Heard> + Send + 'static) {
        self.codes.lock().unwrap().insert(source, Box::new(code));
    }

    /// The events so far, and none from now on.
    fn taken(&self) -> Vec<Value> {
        std::mem::take(&mut *self.seen.lock().unwrap()).into_iter().map(|(_, _, event)| event).collect()
    }

    /// The sources of the events so far.
    fn sources(&self) -> Vec<String> {
        self.taken().iter().map(|event| event["triggerSource"].as_str().unwrap().to_owned()).collect()
    }
}

impl Functions for Script {
    fn ask(&self, function: &str, pool_arn: &str, event: &Value) -> Heard {
        self.seen.lock().unwrap().push((function.to_owned(), pool_arn.to_owned(), event.clone()));
        let mut event = event.clone();
        let source = event["triggerSource"].as_str().unwrap().to_owned();
        let heard = self.codes.lock().unwrap().get(source.as_str()).and_then(|code| code(&mut event));
        heard.unwrap_or_else(|| Heard::Answer(event.to_string().into_bytes()))
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:lambda:eu-west-1:000000000000:function:{name}")
}

/// A pool with e-mail names whose functions all are asked.
fn asking(world: &World, names: &[&str]) -> App {
    let config: BTreeMap<&str, String> = names.iter().map(|name| (*name, arn(name))).collect();
    world.app(
        json!({"UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"], "LambdaConfig": config}),
        json!({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_CUSTOM_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]}),
    )
}

fn sign_up(app: &App, mail: &str) -> Value {
    json!({"ClientId": app.client, "Username": mail, "Password": PASSWORD, "ClientMetadata": {"from": "web"},
           "ValidationData": [{"Name": "invite", "Value": "42"}]})
}

#[test]
fn who_signs_up_is_confirmed_verified_or_refused_by_the_function() {
    let world = world();
    let app = asking(&world, &["PreSignUp", "PostConfirmation"]);
    world.functions.on("PreSignUp_SignUp", |event| {
        event["response"]["autoConfirmUser"] = json!(true);
        event["response"]["autoVerifyEmail"] = json!(true);
    });
    let made = world.run("SignUp", sign_up(&app, "ann@example.com"));
    assert_eq!(made["UserConfirmed"], json!(true));
    assert!(made.get("CodeDeliveryDetails").is_none(), "nobody needs a code");
    let (function, source_arn, event) = world.functions.seen.lock().unwrap()[0].clone();
    assert_eq!((function, source_arn), (arn("PreSignUp"), pool_arn(&app)));
    assert_eq!(
        event,
        json!({
            "version": "1", "region": "eu-west-1", "userPoolId": app.pool, "userName": made["UserSub"],
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": app.client},
            "triggerSource": "PreSignUp_SignUp",
            "request": {"userAttributes": {"email": "ann@example.com"}, "validationData": {"invite": "42"},
                        "clientMetadata": {"from": "web"}},
            "response": {"autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false},
        })
    );
    let after = world.functions.taken().remove(1);
    assert_eq!(after["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(
        after["request"],
        json!({"userAttributes": {"email": "ann@example.com", "email_verified": "true", "sub": made["UserSub"],
               "cognito:user_status": "CONFIRMED"}, "clientMetadata": {"from": "web"}})
    );
    world.sign_in(&app, "ann@example.com");

    world.functions.told("PreSignUp_SignUp", |_| Some(Heard::Failed("Only members may join".to_owned())));
    let text = "PreSignUp failed with error Only members may join.";
    world.refuses("SignUp", sign_up(&app, "bob@example.com"), "UserLambdaValidationException", text);
    let found = world.run("ListUsers", json!({"UserPoolId": app.pool}));
    assert_eq!(found["Users"].as_array().unwrap().len(), 1, "who was refused is not there");
}

fn pool_arn(app: &App) -> String {
    format!("arn:aws:cognito-idp:eu-west-1:000000000000:userpool/{}", app.pool)
}

#[test]
fn answers_that_are_none_refusals_and_slow_functions_have_names_of_their_own() {
    let world = world();
    let app = asking(&world, &["PreSignUp"]);
    let strange = ("InvalidLambdaResponseException", "Unrecognizable lambda output");
    let cases: [(fn() -> Heard, (&str, &str)); 7] = [
        (|| Heard::Answer(b"null".to_vec()), strange),
        (|| Heard::Answer(b"not json".to_vec()), strange),
        (|| Heard::Answer(b"{\"statusCode\":200}".to_vec()), strange),
        (|| Heard::Answer(br#"{"response":{"autoConfirmUser":7}}"#.to_vec()), strange),
        (
            || Heard::Answer(br#"{"response":{"autoVerifyPhone":true}}"#.to_vec()),
            ("InvalidLambdaResponseException", "PreSignUp cannot verify phone_number: the user has none."),
        ),
        (
            || Heard::Refused("AccessDeniedException".to_owned()),
            ("UnexpectedLambdaException", "PreSignUp invocation failed due to error AccessDeniedException."),
        ),
        (
            || Heard::TooLate,
            (
                "UnexpectedLambdaException",
                "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.",
            ),
        ),
    ];
    for (heard, (code, text)) in cases {
        world.functions.taken();
        world.functions.told("PreSignUp_SignUp", move |_| Some(heard()));
        world.refuses("SignUp", sign_up(&app, "ann@example.com"), code, text);
        let tries = if matches!(heard(), Heard::TooLate) { 3 } else { 1 };
        assert_eq!(world.functions.taken().len(), tries, "{text}");
    }
}

#[test]
fn every_occasion_has_its_source_and_only_its_data() {
    let world = world();
    let all = [
        "PreSignUp",
        "PostConfirmation",
        "PreAuthentication",
        "PostAuthentication",
        "PreTokenGeneration",
        "CustomMessage",
    ];
    let app = asking(&world, &all);
    world.run("SignUp", sign_up(&app, "ann@example.com"));
    assert_eq!(world.functions.sources(), ["PreSignUp_SignUp", "CustomMessage_SignUp"]);
    let data = json!({"k": "v"});
    let named = |more: Value| {
        let mut input = json!({"ClientId": app.client, "Username": "ann@example.com", "ClientMetadata": data});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    world.run("ResendConfirmationCode", named(json!({})));
    assert_eq!(world.functions.sources(), ["CustomMessage_ResendCode"]);
    let code = world.code("ann@example.com");
    world.run("ConfirmSignUp", named(json!({"ConfirmationCode": code})));
    assert_eq!(world.functions.sources(), ["PostConfirmation_ConfirmSignUp"]);

    let mut input = by_password(&app, "ann@example.com", PASSWORD);
    input["ClientMetadata"] = data.clone();
    let tokens = world.run("InitiateAuth", input)["AuthenticationResult"].clone();
    let events = world.functions.taken();
    let sources: Vec<&str> = events.iter().map(|event| event["triggerSource"].as_str().unwrap()).collect();
    assert_eq!(
        sources,
        ["PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"]
    );
    assert_eq!(events[0]["request"]["validationData"], data);
    assert_eq!(events[1]["request"]["newDeviceUsed"], json!(false));
    assert!(events[1..].iter().all(|event| event["request"].get("clientMetadata").is_none()));

    let refresh = json!({"ClientId": app.client, "RefreshToken": tokens["RefreshToken"], "ClientMetadata": data});
    world.run("GetTokensFromRefreshToken", refresh);
    let event = world.functions.taken().remove(0);
    assert_eq!(event["triggerSource"], "TokenGeneration_RefreshTokens");
    assert_eq!(event["request"]["clientMetadata"], data);

    world.run("ForgotPassword", named(json!({})));
    let code = world.code("ann@example.com");
    world.run("ConfirmForgotPassword", named(json!({"ConfirmationCode": code, "Password": PASSWORD})));
    assert_eq!(world.functions.sources(), ["CustomMessage_ForgotPassword", "PostConfirmation_ConfirmForgotPassword"]);
    world.run(
        "GetUserAttributeVerificationCode",
        json!({"AccessToken": tokens["AccessToken"], "AttributeName": "email"}),
    );
    world.run(
        "UpdateUserAttributes",
        json!({"AccessToken": tokens["AccessToken"],
        "UserAttributes": [{"Name": "email", "Value": "new@example.com"}]}),
    );
    assert_eq!(world.functions.sources(), ["CustomMessage_VerifyUserAttribute", "CustomMessage_UpdateUserAttribute"]);
}

#[test]
fn who_was_invited_is_asked_about_when_made_and_at_the_first_password() {
    let world = world();
    let app = asking(&world, &["PreSignUp", "PostAuthentication", "PreTokenGeneration", "CustomMessage"]);
    let data = json!({"k": "v"});
    world.run(
        "AdminCreateUser",
        json!({"UserPoolId": app.pool, "Username": "bob@example.com",
        "TemporaryPassword": PASSWORD, "DesiredDeliveryMediums": ["EMAIL"]}),
    );
    let events = world.functions.taken();
    assert_eq!(events[0]["triggerSource"], "PreSignUp_AdminCreateUser");
    assert_eq!(events[0]["callerContext"]["clientId"], "CLIENT_ID_NOT_APPLICABLE");
    assert_eq!(events[1]["triggerSource"], "CustomMessage_AdminCreateUser");
    assert_eq!(events[1]["request"]["usernameParameter"], "{username}");
    let asked = world.run("InitiateAuth", by_password(&app, "bob@example.com", PASSWORD));
    world.functions.taken();
    world.run(
        "RespondToAuthChallenge",
        json!({"ClientId": app.client, "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": asked["Session"], "ClientMetadata": data,
        "ChallengeResponses": {"USERNAME": "bob@example.com", "NEW_PASSWORD": "An0ther!one"}}),
    );
    let events = world.functions.taken();
    assert_eq!(events[1]["triggerSource"], "TokenGeneration_NewPasswordChallenge");
    assert!(events.iter().all(|event| event["request"]["clientMetadata"] == data));
}

#[test]
fn a_function_before_or_after_the_proof_refuses_the_sign_in() {
    let world = world();
    let app = asking(&world, &["PreAuthentication", "PostAuthentication"]);
    world.join(&app, "ann@example.com");
    for (source, trigger) in [
        ("PostAuthentication_Authentication", "PostAuthentication"),
        ("PreAuthentication_Authentication", "PreAuthentication"),
    ] {
        world.functions.told(source, |_| Some(Heard::Failed("Not today".to_owned())));
        let text = format!("{trigger} failed with error Not today.");
        world.refuses(
            "InitiateAuth",
            by_password(&app, "ann@example.com", PASSWORD),
            "UserLambdaValidationException",
            &text,
        );
    }
}

#[test]
fn messages_are_in_the_words_of_the_function_when_they_hold_the_code() {
    let world = world();
    let app = asking(&world, &["CustomMessage"]);
    world.functions.on("CustomMessage_SignUp", |event| {
        let code = event["request"]["codeParameter"].as_str().unwrap().to_owned();
        event["response"]["emailSubject"] = json!("Welcome");
        event["response"]["emailMessage"] = json!(format!("Type {code}"));
    });
    world.functions.on("CustomMessage_ResendCode", |event| {
        event["response"]["emailMessage"] = json!("No code here");
    });
    world.run("SignUp", sign_up(&app, "ann@example.com"));
    let mail = world.cognito.mailbox(None, Some("ann@example.com")).remove(0);
    assert_eq!((mail.subject.as_str(), mail.body), ("Welcome", format!("Type {}", mail.code)));
    world.run("ResendConfirmationCode", json!({"ClientId": app.client, "Username": "ann@example.com"}));
    let mail = world.cognito.mailbox(None, Some("ann@example.com")).remove(0);
    assert_eq!(mail.body, format!("Your confirmation code is {}", mail.code));
}

#[test]
fn claims_are_added_changed_and_suppressed_in_either_form() {
    let world = world();
    let app = asking(&world, &["PreTokenGeneration"]);
    world.join(&app, "ann@example.com");
    world.run("CreateGroup", json!({"UserPoolId": app.pool, "GroupName": "staff"}));
    world.run(
        "AdminAddUserToGroup",
        json!({"UserPoolId": app.pool, "GroupName": "staff", "Username": "ann@example.com"}),
    );
    world.functions.on("TokenGeneration_Authentication", |event| {
        assert_eq!(event["request"]["groupConfiguration"]["groupsToOverride"], json!(["staff"]));
        event["response"] = json!({"claimsOverrideDetails": {
            "claimsToAddOrOverride": {"plan": "pro", "seats": 3, "sub": "someone-else", "gone": "x"},
            "claimsToSuppress": ["email", "iss", "gone"],
            "groupOverrideDetails": {"groupsToOverride": ["admins"], "iamRolesToOverride": ["arn:r"], "preferredRole": "arn:r"},
        }});
    });
    let tokens = world.sign_in(&app, "ann@example.com");
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    assert_eq!((&id["plan"], &id["seats"]), (&json!("pro"), &json!("3")), "the first form knows texts alone");
    assert!(id.get("email").is_none() && id.get("gone").is_none() && id["iss"].is_string());
    assert_eq!(id["sub"], access["sub"]);
    assert_eq!((&id["cognito:groups"], &access["cognito:groups"]), (&json!(["admins"]), &json!(["admins"])));
    assert_eq!((&id["cognito:roles"], &id["cognito:preferred_role"]), (&json!(["arn:r"]), &json!("arn:r")));
    assert!(access.get("plan").is_none(), "the first form leaves access tokens alone");

    world.run(
        "UpdateUserPool",
        json!({"UserPoolId": app.pool, "AutoVerifiedAttributes": ["email"], "LambdaConfig":
        {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": arn("tokens")}}}),
    );
    world.functions.on("TokenGeneration_Authentication", |event| {
        assert_eq!(event["version"], "2");
        assert_eq!(event["request"]["scopes"], json!(["aws.cognito.signin.user.admin"]));
        event["response"] = json!({"claimsAndScopeOverrideDetails": {
            "idTokenGeneration": {"claimsToAddOrOverride": {"plan": {"name": "pro"}}},
            "accessTokenGeneration": {"claimsToAddOrOverride": {"tenant": 7, "username": "other"},
                "claimsToSuppress": ["auth_time"], "scopesToAdd": ["orders/read"],
                "scopesToSuppress": ["aws.cognito.signin.user.admin"]},
            "groupOverrideDetails": null,
        }});
    });
    let tokens = world.sign_in(&app, "ann@example.com");
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    assert_eq!((&id["plan"], &access["tenant"]), (&json!({"name": "pro"}), &json!(7)));
    assert_eq!(access["scope"], "orders/read");
    assert_eq!(access["username"], id["cognito:username"]);
    assert!(access["auth_time"].is_i64() && access.get("cognito:groups").is_none(), "{access}");
}

#[test]
fn a_user_comes_over_from_another_directory() {
    let world = world();
    let app = asking(&world, &["UserMigration"]);
    for source in ["UserMigration_Authentication", "UserMigration_ForgotPassword"] {
        world.functions.told(source, |event| {
            if event["userName"] == "no@example.com" {
                return Some(Heard::Failed("Bad password".to_owned()));
            }
            event["response"]["userAttributes"] = json!({"email_verified": "true", "name": "Ann", "username": "ann"});
            event["response"]["messageAction"] = json!("SUPPRESS");
            None
        });
    }
    let tokens = world.run("InitiateAuth", by_password(&app, "ann@example.com", "Old1!pass"));
    assert_eq!(claims(&tokens["AuthenticationResult"]["IdToken"])["name"], "Ann");
    assert_eq!(world.functions.taken()[0]["request"]["password"], "Old1!pass");
    world.run("InitiateAuth", by_password(&app, "ann@example.com", "Old1!pass"));
    assert!(world.functions.taken().is_empty(), "who is here is asked for no more");
    let text = format!("Exception migrating user in app client {}", app.client);
    world.refuses("InitiateAuth", by_password(&app, "no@example.com", "x"), "UserNotFoundException", &text);

    world.run("ForgotPassword", json!({"ClientId": app.client, "Username": "eve@example.com"}));
    let code = world.code("eve@example.com");
    world.run(
        "ConfirmForgotPassword",
        json!({"ClientId": app.client, "Username": "eve@example.com",
        "ConfirmationCode": code, "Password": PASSWORD}),
    );
    world.sign_in(&app, "eve@example.com");
}

#[test]
fn challenges_of_ones_own_end_in_tokens_or_in_a_refusal() {
    let world = world();
    let app = asking(&world, &["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"]);
    world.join(&app, "ann@example.com");
    world.functions.on("DefineAuthChallenge_Authentication", |event| {
        let session = event["request"]["session"].as_array().unwrap().clone();
        let right = session.last().is_some_and(|last| last["challengeResult"] == json!(true));
        event["response"] = match session.len() {
            _ if right => json!({"issueTokens": true, "failAuthentication": false}),
            0 | 1 => json!({"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false}),
            _ => json!({"issueTokens": false, "failAuthentication": true}),
        };
    });
    world.functions.on("CreateAuthChallenge_Authentication", |event| {
        let asked = event["request"]["session"].as_array().unwrap().len();
        event["response"] = json!({"publicChallengeParameters": {"question": "colour"},
            "privateChallengeParameters": {"answer": "blue"}, "challengeMetadata": format!("Q{asked}")});
    });
    world.functions.on("VerifyAuthChallengeResponse_Authentication", |event| {
        let right = event["request"]["challengeAnswer"] == event["request"]["privateChallengeParameters"]["answer"];
        event["response"]["answerCorrect"] = json!(right);
    });
    let begin = || {
        world.run(
            "InitiateAuth",
            json!({"AuthFlow": "CUSTOM_AUTH", "ClientId": app.client,
        "AuthParameters": {"USERNAME": "ann@example.com"}}),
        )
    };
    let answer = |session: &Value, text: &str| {
        json!({"ClientId": app.client, "ChallengeName": "CUSTOM_CHALLENGE",
        "Session": session, "ClientMetadata": {"k": "v"},
        "ChallengeResponses": {"USERNAME": "ann@example.com", "ANSWER": text}})
    };
    let first = begin();
    assert_eq!(first["ChallengeName"], "CUSTOM_CHALLENGE");
    assert_eq!(first["ChallengeParameters"]["question"], "colour");
    assert!(first["ChallengeParameters"].get("answer").is_none());
    let second = world.run("RespondToAuthChallenge", answer(&first["Session"], "red"));
    assert_eq!(second["ChallengeName"], "CUSTOM_CHALLENGE");
    world.functions.taken();
    let done = world.run("RespondToAuthChallenge", answer(&second["Session"], "blue"));
    assert!(done["AuthenticationResult"]["IdToken"].is_string());
    let events = world.functions.taken();
    assert_eq!(events[0]["request"]["clientMetadata"], json!({"k": "v"}));
    assert_eq!(
        events[1]["request"]["session"],
        json!([{"challengeName": "CUSTOM_CHALLENGE", "challengeResult": false, "challengeMetadata": "Q0"},
               {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": true, "challengeMetadata": "Q1"}])
    );
    let (first, refused) = (begin(), ("NotAuthorizedException", "Incorrect username or password."));
    let second = world.run("RespondToAuthChallenge", answer(&first["Session"], "red"));
    world.refuses("RespondToAuthChallenge", answer(&second["Session"], "red"), refused.0, refused.1);
    let again = world.refusal("RespondToAuthChallenge", answer(&first["Session"], "blue"));
    assert_eq!(again.0, "NotAuthorizedException", "a session is answered once");
}

#[test]
fn triggers_are_kept_described_and_checked() {
    let world = world();
    let app = asking(&world, &["PreSignUp", "PreTokenGeneration"]);
    let config = |world: &World| {
        world.run("DescribeUserPool", json!({"UserPoolId": app.pool}))["UserPool"]["LambdaConfig"].clone()
    };
    assert_eq!(
        config(&world),
        json!({"PreSignUp": arn("PreSignUp"), "PreTokenGeneration": arn("PreTokenGeneration"),
            "PreTokenGenerationConfig": {"LambdaVersion": "V1_0", "LambdaArn": arn("PreTokenGeneration")}})
    );
    world.run("UpdateUserPool", json!({"UserPoolId": app.pool, "AutoVerifiedAttributes": ["email"]}));
    assert_eq!(config(&world), json!({}), "what is not said goes");
    world.run("SignUp", sign_up(&app, "ann@example.com"));
    assert!(world.functions.taken().is_empty());
    for (wrong, code) in [
        (json!({"PreSignUp": "hello"}), "InvalidParameterException"),
        (
            json!({"PreTokenGenerationConfig": {"LambdaVersion": "V9", "LambdaArn": arn("a")}}),
            "InvalidParameterException",
        ),
        (
            json!({"PreTokenGeneration": arn("b"), "PreTokenGenerationConfig": {"LambdaVersion": "V1_0", "LambdaArn": arn("a")}}),
            "InvalidParameterException",
        ),
        (json!({"CustomEmailSender": {"LambdaVersion": "V1_0", "LambdaArn": arn("a")}}), "NotImplemented"),
    ] {
        let refusal = world.refusal("CreateUserPool", json!({"PoolName": "x", "LambdaConfig": wrong}));
        assert_eq!(refusal.0, code, "{refusal:?}");
    }
    world.refuses(
        "InitiateAuth",
        json!({"AuthFlow": "CUSTOM_AUTH", "ClientId": app.client, "AuthParameters": {"USERNAME": "ann@example.com"}}),
        "InvalidParameterException",
        "Custom auth lambda trigger is not configured for the user pool.",
    );
    let user = world.run("AdminGetUser", json!({"UserPoolId": app.pool, "Username": "ann@example.com"}));
    assert_eq!(attribute(&user["UserAttributes"], "email"), Some("ann@example.com"));
}
