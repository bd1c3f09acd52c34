//! Accounts: codes, passwords, attributes, groups, listings, pools.

use serde_json::{Value, json};

use super::{App, PASSWORD, World, attribute, by_password, world};

const ADA: &str = "ada@example.com";

fn named(app: &App, name: &str) -> Value {
    json!({"UserPoolId": app.pool, "Username": name})
}

fn status(world: &World, app: &App, name: &str) -> String {
    world.run("AdminGetUser", named(app, name))["UserStatus"].as_str().unwrap().to_owned()
}

#[test]
fn codes_are_wrong_old_or_right() {
    let world = world();
    let app = world.mail_pool();
    world.run("SignUp", json!({"ClientId": app.client, "Username": ADA, "Password": PASSWORD}));
    let confirm = |code: &str| json!({"ClientId": app.client, "Username": ADA, "ConfirmationCode": code});
    let first = world.code(ADA);
    let wrong = if first == "000000" { "000001" } else { "000000" };
    world.refuses(
        "ConfirmSignUp",
        confirm(wrong),
        "CodeMismatchException",
        "Invalid verification code provided, please try again.",
    );
    world.clock.advance(24 * 3_600_000);
    world.refuses(
        "ConfirmSignUp",
        confirm(&first),
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
    );
    let sent = world.run("ResendConfirmationCode", json!({"ClientId": app.client, "Username": ADA}));
    assert_eq!(sent["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
    let messages = world.cognito.mailbox(Some(&app.pool), Some(ADA));
    assert_eq!((messages.len(), messages[0].kind.as_str()), (2, "ResendCode"));
    assert!(messages[0].body.contains(&messages[0].code));
    world.run("ConfirmSignUp", confirm(&messages[0].code));
    world.refuses(
        "ConfirmSignUp",
        confirm(&messages[0].code),
        "NotAuthorizedException",
        "User cannot be confirmed. Current status is CONFIRMED",
    );
    world.refuses(
        "ResendConfirmationCode",
        json!({"ClientId": app.client, "Username": ADA}),
        "InvalidParameterException",
        "User is already confirmed.",
    );
}

#[test]
fn a_forgotten_password_is_replaced() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, ADA);
    let sent = world.run("ForgotPassword", json!({"ClientId": app.client, "Username": ADA}));
    assert_eq!(sent["CodeDeliveryDetails"]["Destination"], "a***@e***");
    let confirm = |password: &str| json!({"ClientId": app.client, "Username": ADA, "ConfirmationCode": world.code(ADA), "Password": password});
    assert_eq!(world.refusal("ConfirmForgotPassword", confirm("weak")).0, "InvalidPasswordException");
    world.run("ConfirmForgotPassword", confirm("N3w-password"));
    assert_eq!(world.refusal("ConfirmForgotPassword", confirm("N3w-password")).0, "ExpiredCodeException");
    assert_eq!(world.refusal("InitiateAuth", by_password(&app, ADA, PASSWORD)).1, "Incorrect username or password.");
    world.run("InitiateAuth", by_password(&app, ADA, "N3w-password"));

    world.run("AdminResetUserPassword", named(&app, ADA));
    assert_eq!(status(&world, &app, ADA), "RESET_REQUIRED");
    world.refuses(
        "InitiateAuth",
        by_password(&app, ADA, "N3w-password"),
        "PasswordResetRequiredException",
        "Password reset required for the user",
    );
    world.run("ConfirmForgotPassword", confirm(PASSWORD));
    world.sign_in(&app, ADA);

    let unverified = world.app(json!({}), json!({}));
    world.run("AdminCreateUser", named(&unverified, "bob"));
    world.refuses(
        "ForgotPassword",
        json!({"ClientId": unverified.client, "Username": "bob"}),
        "NotAuthorizedException",
        "User password cannot be reset in the current state.",
    );
    world.run(
        "AdminSetUserPassword",
        json!({"UserPoolId": unverified.pool, "Username": "bob", "Password": PASSWORD, "Permanent": true}),
    );
    world.refuses(
        "ForgotPassword",
        json!({"ClientId": unverified.client, "Username": "bob"}),
        "InvalidParameterException",
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
    );
}

#[test]
fn a_signed_in_user_changes_the_password() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, ADA);
    let token = world.sign_in(&app, ADA)["AccessToken"].clone();
    let change = |old: &str, new: &str| json!({"AccessToken": token, "PreviousPassword": old, "ProposedPassword": new});
    world.refuses(
        "ChangePassword",
        change("Wrong0ne!", "N3w-password"),
        "NotAuthorizedException",
        "Incorrect username or password.",
    );
    assert_eq!(world.refusal("ChangePassword", change(PASSWORD, "weak")).0, "InvalidPasswordException");
    world.run("ChangePassword", change(PASSWORD, "N3w-password"));
    world.run("InitiateAuth", by_password(&app, ADA, "N3w-password"));
    let id =
        world.run("InitiateAuth", by_password(&app, ADA, "N3w-password"))["AuthenticationResult"]["IdToken"].clone();
    world.refuses("GetUser", json!({"AccessToken": id}), "NotAuthorizedException", "Invalid Access Token");
}

#[test]
fn a_changed_address_is_verified_anew() {
    let world = world();
    let app = world.app(
        json!({"UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}}),
        json!({}),
    );
    let quick = world.mail_pool();
    for app in [&app, &quick] {
        world.join(app, ADA);
    }
    let new = json!([{"Name": "email", "Value": "eva@example.com"}]);
    let user = |token: &Value| world.run("GetUser", json!({"AccessToken": token}))["UserAttributes"].clone();

    let token = world.sign_in(&app, ADA)["AccessToken"].clone();
    let sent = world.run("UpdateUserAttributes", json!({"AccessToken": token, "UserAttributes": new}));
    assert_eq!(sent["CodeDeliveryDetailsList"][0]["Destination"], "e***@e***");
    assert_eq!(attribute(&user(&token), "email"), Some(ADA), "the old one stays until the code comes");
    let code = world.code("eva@example.com");
    world.run("VerifyUserAttribute", json!({"AccessToken": token, "AttributeName": "email", "Code": code}));
    assert_eq!(attribute(&user(&token), "email"), Some("eva@example.com"));
    world.sign_in(&app, "eva@example.com");
    assert_eq!(world.refusal("InitiateAuth", by_password(&app, ADA, PASSWORD)).0, "UserNotFoundException");

    let token = world.sign_in(&quick, ADA)["AccessToken"].clone();
    world.run("UpdateUserAttributes", json!({"AccessToken": token, "UserAttributes": new}));
    assert_eq!(attribute(&user(&token), "email_verified"), Some("false"));
    world.run("GetUserAttributeVerificationCode", json!({"AccessToken": token, "AttributeName": "email"}));
    let code = world.code("eva@example.com");
    world.run("VerifyUserAttribute", json!({"AccessToken": token, "AttributeName": "email", "Code": code}));
    assert_eq!(attribute(&user(&token), "email_verified"), Some("true"));

    world.run(
        "UpdateUserAttributes",
        json!({"AccessToken": token, "UserAttributes": [{"Name": "nickname", "Value": "E"}]}),
    );
    world.run("DeleteUserAttributes", json!({"AccessToken": token, "UserAttributeNames": ["nickname"]}));
    assert_eq!(attribute(&user(&token), "nickname"), None);
    let email = json!({"AccessToken": token, "UserAttributeNames": ["email"]});
    assert_eq!(world.refusal("DeleteUserAttributes", email).0, "InvalidParameterException");
}

#[test]
fn an_alias_belongs_to_who_verified_it_last_only_by_force() {
    let world = world();
    let app = world.app(json!({"AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"]}), json!({}));
    let join = |name: &str| {
        world.run(
            "SignUp",
            json!({"ClientId": app.client, "Username": name, "Password": PASSWORD,
        "UserAttributes": [{"Name": "email", "Value": ADA}]}),
        )
    };
    let confirm = |name: &str, force: bool| {
        json!({"ClientId": app.client, "Username": name,
        "ConfirmationCode": world.code(ADA), "ForceAliasCreation": force})
    };
    join("one");
    assert_eq!(world.refusal("InitiateAuth", by_password(&app, ADA, PASSWORD)).0, "UserNotFoundException");
    world.run("ConfirmSignUp", confirm("one", false));
    world.sign_in(&app, ADA);
    join("two");
    world.refuses(
        "ConfirmSignUp",
        confirm("two", false),
        "AliasExistsException",
        "An account with the given email already exists.",
    );
    assert_eq!(status(&world, &app, "two"), "UNCONFIRMED");
    world.run("ConfirmSignUp", confirm("two", true));
    let token = world.sign_in(&app, ADA)["AccessToken"].clone();
    assert_eq!(world.run("GetUser", json!({"AccessToken": token}))["Username"], "two");
    world.run("AdminDeleteUser", named(&app, "one"));
    world.sign_in(&app, ADA);
}

#[test]
fn users_are_listed_by_filter_and_page() {
    let world = world();
    let app = world.app(json!({}), json!({}));
    for name in ["ann", "anna", "bob"] {
        world.run(
            "AdminCreateUser",
            json!({"UserPoolId": app.pool, "Username": name, "UserAttributes": [
            {"Name": "email", "Value": format!("{name}@example.com")}]}),
        );
    }
    world.run("AdminDisableUser", named(&app, "bob"));
    let names = |input: Value| -> Vec<String> {
        let mut all = json!({"UserPoolId": app.pool});
        all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        let listed = world.run("ListUsers", all);
        listed["Users"].as_array().unwrap().iter().map(|user| user["Username"].as_str().unwrap().to_owned()).collect()
    };
    for (filter, expected) in [
        ("", vec!["ann", "anna", "bob"]),
        ("username = \"ann\"", vec!["ann"]),
        ("username ^= \"ann\"", vec!["ann", "anna"]),
        ("email^=\"anna\"", vec!["anna"]),
        ("status = \"Disabled\"", vec!["bob"]),
        ("cognito:user_status = \"FORCE_CHANGE_PASSWORD\"", vec!["ann", "anna", "bob"]),
        ("email = \"nobody\"", vec![]),
    ] {
        assert_eq!(names(json!({"Filter": filter})), expected, "{filter}");
    }
    for filter in ["email", "email = ann", "custom:x = \"1\"", "email ~ \"x\""] {
        let input = json!({"UserPoolId": app.pool, "Filter": filter});
        assert_eq!(world.refusal("ListUsers", input).0, "InvalidParameterException", "{filter}");
    }
    let first = world.run("ListUsers", json!({"UserPoolId": app.pool, "Limit": 2, "AttributesToGet": ["email"]}));
    assert_eq!(first["Users"][0]["Attributes"], json!([{"Name": "email", "Value": "ann@example.com"}]));
    assert_eq!(names(json!({"PaginationToken": first["PaginationToken"]})), ["bob"]);
    assert_eq!(world.refusal("ListUsers", json!({"UserPoolId": app.pool, "Limit": 61})).0, "InvalidParameterException");
}

#[test]
fn groups_have_members() {
    let world = world();
    let app = world.app(json!({}), json!({}));
    world.run("AdminCreateUser", named(&app, "ann"));
    let group = json!({"UserPoolId": app.pool, "GroupName": "editors"});
    let member = json!({"UserPoolId": app.pool, "GroupName": "editors", "Username": "ann"});
    world.refuses("AdminAddUserToGroup", member.clone(), "ResourceNotFoundException", "Group not found.");
    world.run("CreateGroup", group.clone());
    world.refuses("CreateGroup", group.clone(), "GroupExistsException", "A group with the name already exists.");
    world.run("AdminAddUserToGroup", member.clone());
    world.run("AdminAddUserToGroup", member.clone());
    assert_eq!(world.run("AdminListGroupsForUser", named(&app, "ann"))["Groups"].as_array().unwrap().len(), 1);
    assert_eq!(world.run("ListUsersInGroup", group.clone())["Users"][0]["Username"], "ann");
    world.run("AdminRemoveUserFromGroup", member.clone());
    assert_eq!(world.run("ListUsersInGroup", group.clone())["Users"], json!([]));
    world.run("AdminAddUserToGroup", member);
    world.run("DeleteGroup", group.clone());
    world.run("CreateGroup", group.clone());
    assert_eq!(world.run("ListUsersInGroup", group)["Users"], json!([]), "a group of the same name starts empty");
}

#[test]
fn what_is_absent_is_refused_by_name() {
    let world = world();
    let app = world.app(json!({}), json!({}));
    for (action, input, named) in [
        ("StartWebAuthnRegistration", json!({}), "StartWebAuthnRegistration"),
        (
            "CreateUserPool",
            json!({"PoolName": "x", "LambdaConfig": {"CustomSMSSender": {"LambdaVersion": "V1_0", "LambdaArn": "arn"}}}),
            "LambdaConfig.CustomSMSSender",
        ),
        ("CreateUserPool", json!({"PoolName": "x", "DeviceConfiguration": {}}), "DeviceConfiguration"),
        (
            "CreateUserPoolClient",
            json!({"UserPoolId": app.pool, "ClientName": "x", "AllowedOAuthFlowsUserPoolClient": true}),
            "AllowedOAuthFlowsUserPoolClient",
        ),
        (
            "CreateUserPoolClient",
            json!({"UserPoolId": app.pool, "ClientName": "x", "SupportedIdentityProviders": ["Google"]}),
            "Google",
        ),
        (
            "CreateUserPool",
            json!({"PoolName": "x", "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK"}}),
            "CONFIRM_WITH_LINK",
        ),
        (
            "CreateUserPool",
            json!({"PoolName": "x", "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}}),
            "SignInPolicy",
        ),
        ("SetUserPoolMfaConfig", json!({"UserPoolId": app.pool, "SmsMfaConfiguration": {}}), "SmsMfaConfiguration"),
    ] {
        let (code, text) = world.refusal(action, input);
        assert_eq!(code, "NotImplemented", "{action}");
        assert!(text.contains(named), "{text}");
    }
}

#[test]
fn a_pool_goes_with_all_that_is_in_it() {
    let world = world();
    let app = world.app(json!({"DeletionProtection": "ACTIVE"}), json!({}));
    world.run("AdminCreateUser", json!({"UserPoolId": app.pool, "Username": "ann"}));
    world.run("CreateGroup", json!({"UserPoolId": app.pool, "GroupName": "g"}));
    let pool = json!({"UserPoolId": app.pool});
    let (code, text) = world.refusal("DeleteUserPool", pool.clone());
    assert_eq!((code.as_str(), text.contains("deletion protection is activated")), ("InvalidParameterException", true));
    world.run("UpdateUserPool", json!({"UserPoolId": app.pool, "DeletionProtection": "INACTIVE"}));
    world.run("DeleteUserPool", pool.clone());
    let gone = format!("User pool {} does not exist.", app.pool);
    world.refuses("DescribeUserPool", pool, "ResourceNotFoundException", &gone);
    for table in ["cognito-users", "cognito-groups", "cognito-clients", "cognito-aliases", "cognito-sessions"] {
        assert!(world.shared.store.range(table, b"").is_empty(), "{table}");
    }
}

#[test]
fn token_validity_has_limits() {
    let world = world();
    let app = world.app(json!({}), json!({}));
    for settings in [
        json!({"AccessTokenValidity": 4, "TokenValidityUnits": {"AccessToken": "minutes"}}),
        json!({"IdTokenValidity": 25}),
        json!({"RefreshTokenValidity": 3651}),
        json!({"RefreshTokenValidity": 1, "AccessTokenValidity": 2, "TokenValidityUnits": {"RefreshToken": "hours"}}),
        json!({"ExplicitAuthFlows": ["ALLOW_NOTHING"]}),
    ] {
        let mut input = json!({"UserPoolId": app.pool, "ClientName": "x"});
        input.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        assert_eq!(world.refusal("CreateUserPoolClient", input).0, "InvalidParameterException", "{settings}");
    }
}
