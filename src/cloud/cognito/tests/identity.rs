//! Identity pools.

use serde_json::{Value, json};

use super::super::api::{Side, execute};
use super::{App, World, world};
use crate::cloud::service::ApiError;

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
    let foreign = json!({"IdentityId": guest, "Logins": logins(&app, &token)});
    let error = world.identity("GetCredentialsForIdentity", foreign).unwrap_err();
    assert!(error.message.starts_with("Logins don't match."), "{error}");
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
