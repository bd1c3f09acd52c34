//! Identity pools.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::api::{Side, execute};
use super::{App, World, claims, world};
use crate::cloud::service::{ApiError, ResourceRequest, Service as _};

const ADA: &str = "ada@example.com";

impl World {
    fn identity(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        execute(self.core(), Side::IdentityPools, action, &input)
    }

    fn identity_pool(&self, app: &App, guests: bool) -> String {
        let made = self.identity(
            "CreateIdentityPool",
            json!({"IdentityPoolName": "people",
            "AllowUnauthenticatedIdentities": guests,
            "CognitoIdentityProviders": [{"ProviderName": provider(app), "ClientId": app.client}]}),
        );
        made.unwrap()["IdentityPoolId"].as_str().unwrap().to_owned()
    }
}

fn provider(app: &App) -> String {
    format!("cognito-idp.eu-west-1.amazonaws.com/{}", app.pool)
}

fn logins(app: &App, token: &Value) -> Value {
    let mut logins = json!({});
    logins[provider(app)] = token.clone();
    logins
}

#[test]
fn a_user_is_one_identity_and_each_guest_another() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, ADA);
    let pool = world.identity_pool(&app, true);
    let token = world.sign_in(&app, ADA)["IdToken"].clone();
    let id = |logins: Value| {
        let answer = world.identity("GetId", json!({"IdentityPoolId": pool, "Logins": logins})).unwrap();
        answer["IdentityId"].as_str().unwrap().to_owned()
    };
    let (guest, other) = (id(Value::Null), id(json!({})));
    assert!(guest.starts_with("eu-west-1:") && guest.len() == 46, "{guest}");
    assert_ne!(guest, other);
    let user = id(logins(&app, &token));
    assert_eq!(user, id(logins(&app, &world.sign_in(&app, ADA)["IdToken"])));
    assert_ne!(user, guest);
    let described = world.identity("DescribeIdentity", json!({"IdentityId": user})).unwrap();
    assert_eq!(described["Logins"], json!([provider(&app)]));
    let alone = world.identity("GetCredentialsForIdentity", json!({"IdentityId": user})).unwrap_err();
    assert_eq!(alone.message, format!("Access to Identity '{user}' is forbidden."));
    world.join(&app, "bob@example.com");
    let bob = world.sign_in(&app, "bob@example.com")["IdToken"].clone();
    let bobs = id(logins(&app, &bob));
    for (id, token) in [(&bobs, &token), (&user, &bob)] {
        let foreign = json!({"IdentityId": id, "Logins": logins(&app, token)});
        let error = world.identity("GetCredentialsForIdentity", foreign).unwrap_err();
        assert!(error.message.starts_with("Logins don't match."), "{error}");
    }
}

#[test]
fn only_good_id_tokens_of_a_known_client_are_logins() {
    let world = world();
    let (app, stranger) = (world.mail_pool(), world.mail_pool());
    for app in [&app, &stranger] {
        world.join(app, ADA);
    }
    let pool = world.identity_pool(&app, false);
    let tokens = world.sign_in(&app, ADA);
    let foreign = world.sign_in(&stranger, ADA)["IdToken"].clone();
    let second = world.run(
        "CreateUserPoolClient",
        json!({"UserPoolId": app.pool, "ClientName": "b", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}),
    );
    let second =
        App { pool: app.pool.clone(), client: second["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned() };
    let unlisted = world.sign_in(&second, ADA)["IdToken"].clone();
    let refused =
        |logins: Value| world.identity("GetId", json!({"IdentityPoolId": pool, "Logins": logins})).unwrap_err().message;
    assert_eq!(refused(json!({})), "Unauthenticated access is not supported for this identity pool.");
    assert_eq!(
        refused(logins(&app, &tokens["AccessToken"])),
        "Invalid login token. Not a valid OpenId Connect identity token."
    );
    assert_eq!(refused(logins(&app, &json!("x"))), "Invalid login token. Not a valid OpenId Connect identity token.");
    assert_eq!(refused(logins(&app, &foreign)), "Invalid login token. Issuer doesn't match providerName");
    assert_eq!(refused(logins(&stranger, &foreign)), "Token is not from a supported provider of this identity pool.");
    assert_eq!(refused(logins(&app, &unlisted)), "Token is not from a supported provider of this identity pool.");
    world.clock.advance(3_600_000);
    assert_eq!(refused(logins(&app, &tokens["IdToken"])), "Invalid login token. Token expired.");
}

#[test]
fn a_pool_without_roles_gives_no_credentials() {
    let world = world();
    let app = world.mail_pool();
    let pool = world.identity_pool(&app, true);
    let guest = world.identity("GetId", json!({"IdentityPoolId": pool})).unwrap();
    let error = world.identity("GetCredentialsForIdentity", json!({"IdentityId": guest["IdentityId"]})).unwrap_err();
    assert_eq!(error.code, "InvalidIdentityPoolConfigurationException");
    let rules = json!({"IdentityPoolId": pool, "Roles": {}, "RoleMappings": {"p:c": {"Type": "Rules"}}});
    assert_eq!(world.identity("SetIdentityPoolRoles", rules).unwrap_err().code, "NotImplemented");
    assert_eq!(world.identity("GetOpenIdToken", json!({})).unwrap_err().code, "NotImplemented");
    world.identity("DeleteIdentityPool", json!({"IdentityPoolId": pool})).unwrap();
    let error = world.identity("GetId", json!({"IdentityPoolId": pool})).unwrap_err();
    assert_eq!(error.message, format!("IdentityPool '{pool}' not found."));
    assert!(world.shared.store.range("cognito-identities", b"").is_empty());
}

/// A role that admits one identity pool's guests or users.
async fn role(world: &World, name: &str, pool: &str, amr: &str) -> String {
    let handlers = Arc::clone(&world.core().iam).resources();
    let handler = handlers.into_iter().find(|handler| handler.kind() == "AWS::IAM::Role").unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": "cognito-identity.amazonaws.com"},
    "Condition": {
        "StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
        "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": amr},
    }}]});
    let request = ResourceRequest {
        stack_name: "shop".to_owned(),
        logical_id: name.to_owned(),
        properties: json!({"RoleName": name, "AssumeRolePolicyDocument": trust}),
        previous: None,
        tags: Vec::new(),
    };
    let made = handler.create(&request).await.unwrap();
    made.attributes["Arn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn credentials_are_those_of_the_role_that_admits_the_caller() {
    let world = world();
    let app = world.mail_pool();
    world.join(&app, ADA);
    let pool = world.identity_pool(&app, true);
    let users = role(&world, "users", &pool, "authenticated").await;
    let guests = role(&world, "guests", &pool, "unauthenticated").await;
    let editors = role(&world, "editors", &pool, "authenticated").await;
    let set = |roles: Value, mappings: Value| {
        let input = json!({"IdentityPoolId": pool, "Roles": roles, "RoleMappings": mappings});
        world.identity("SetIdentityPoolRoles", input).unwrap();
    };
    set(json!({"authenticated": users, "unauthenticated": guests}), json!({}));
    let token = world.sign_in(&app, ADA)["IdToken"].clone();
    let id = |logins: &Value| {
        world.identity("GetId", json!({"IdentityPoolId": pool, "Logins": logins})).unwrap()["IdentityId"].clone()
    };
    let credentials = |id: &Value, logins: &Value| {
        world.identity("GetCredentialsForIdentity", json!({"IdentityId": id, "Logins": logins}))
    };
    let signed_in = logins(&app, &token);
    let guest = id(&json!({}));
    let given = credentials(&guest, &json!({})).unwrap();
    assert_eq!(given["IdentityId"], guest);
    assert_eq!(given["Credentials"]["Expiration"], super::START_MS / 1000 + 3600);
    for name in ["AccessKeyId", "SecretKey", "SessionToken"] {
        assert!(given["Credentials"][name].as_str().is_some_and(|text| text.len() >= 16), "{name}");
    }
    // The guest signs in and keeps the identity.
    credentials(&guest, &signed_in).unwrap();
    assert_eq!(id(&signed_in), guest);
    assert_eq!(credentials(&guest, &json!({})).unwrap_err().code, "NotAuthorizedException");
    // Who was a guest again and comes back is the one of before.
    let again = id(&json!({}));
    assert_eq!(credentials(&again, &signed_in).unwrap()["IdentityId"], guest);
    assert_eq!(credentials(&again, &json!({})).unwrap_err().code, "ResourceNotFoundException");

    // Roles the other way round: the trust policies do not admit them.
    set(json!({"authenticated": guests, "unauthenticated": users}), json!({}));
    let other = id(&json!({}));
    for (id, logins) in [(&guest, &signed_in), (&other, &json!({}))] {
        assert_eq!(credentials(id, logins).unwrap_err().code, "InvalidIdentityPoolConfigurationException");
    }

    // By the token: the role of the user's group, or none.
    let mut mapping = json!({});
    mapping[format!("{}:{}", provider(&app), app.client)] = json!({"Type": "Token", "AmbiguousRoleResolution": "Deny"});
    set(json!({"authenticated": users}), mapping);
    let refused = credentials(&guest, &signed_in).unwrap_err();
    assert_eq!(refused.message, "Token does not contain a role.");
    world.run("CreateGroup", json!({"UserPoolId": app.pool, "GroupName": "editors", "RoleArn": editors}));
    world.run("AdminAddUserToGroup", json!({"UserPoolId": app.pool, "GroupName": "editors", "Username": ADA}));
    let token = world.sign_in(&app, ADA)["IdToken"].clone();
    assert_eq!(claims(&token)["cognito:preferred_role"], json!(editors));
    credentials(&guest, &logins(&app, &token)).unwrap();
    let chosen = |role: &str| {
        let input = json!({"IdentityId": guest, "Logins": logins(&app, &token), "CustomRoleArn": role});
        world.identity("GetCredentialsForIdentity", input)
    };
    chosen(&editors).unwrap();
    assert_eq!(chosen(&users).unwrap_err().code, "NotAuthorizedException");
}
