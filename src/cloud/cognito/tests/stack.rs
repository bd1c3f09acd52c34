//! The CloudFormation types.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{World, world};
use crate::cloud::service::{Provisioned, ResourceHandler, ResourceRequest, Service};

fn handler(world: &World, kind: &str) -> Box<dyn ResourceHandler> {
    let all = Arc::clone(&world.cognito).resources();
    all.into_iter().find(|handler| handler.kind() == kind).unwrap()
}

fn request(properties: Value, previous: Option<Value>) -> ResourceRequest {
    ResourceRequest {
        stack_name: "shop".to_owned(),
        logical_id: "Thing".to_owned(),
        properties,
        previous,
        tags: vec![("team".to_owned(), "a".to_owned())],
    }
}

fn pool_properties() -> Value {
    json!({
        "UsernameAttributes": ["email"],
        "AutoVerifiedAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": "false"},
        "Policies": {"PasswordPolicy": {"MinimumLength": "10", "RequireSymbols": "true"}},
        "MfaConfiguration": "OPTIONAL",
        "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
        "Schema": [{"Name": "email", "Required": "true", "Mutable": "true"}],
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
    })
}

#[tokio::test]
async fn a_stack_makes_a_pool_with_client_and_group() {
    let world = world();
    let pools = handler(&world, "AWS::Cognito::UserPool");
    let pool = pools.create(&request(pool_properties(), None)).await.unwrap();
    let id = pool.physical_id.clone();
    assert_eq!(pool.attributes["ProviderName"], format!("cognito-idp.eu-west-1.amazonaws.com/{id}"));
    assert_eq!(pool.attributes["Arn"], format!("arn:aws:cognito-idp:eu-west-1:000000000000:userpool/{id}"));
    let described = world.run("DescribeUserPool", json!({"UserPoolId": id}))["UserPool"].clone();
    assert_eq!(described["Policies"]["PasswordPolicy"]["MinimumLength"], 10);
    assert_eq!(described["Policies"]["PasswordPolicy"]["RequireSymbols"], true);
    assert_eq!(described["MfaConfiguration"], "OPTIONAL");
    assert_eq!(described["UserPoolTags"], json!({"team": "a"}));
    assert!(described["Name"].as_str().unwrap().starts_with("shop-Thing-"));

    let clients = handler(&world, "AWS::Cognito::UserPoolClient");
    let wanted = json!({"UserPoolId": id, "GenerateSecret": "true", "AccessTokenValidity": "10",
        "TokenValidityUnits": {"AccessToken": "minutes"}});
    let client = clients.create(&request(wanted.clone(), None)).await.unwrap();
    assert_eq!(client.attributes["ClientId"], client.physical_id);
    assert!(client.attributes["ClientSecret"].is_string());
    let mut changed = wanted.clone();
    changed["PreventUserExistenceErrors"] = json!("ENABLED");
    clients.update(&client, &request(changed, Some(wanted.clone()))).await.unwrap();
    let shown = world.run("DescribeUserPoolClient", json!({"UserPoolId": id, "ClientId": client.physical_id}));
    assert_eq!(shown["UserPoolClient"]["PreventUserExistenceErrors"], "ENABLED");
    assert_eq!(shown["UserPoolClient"]["ClientName"], client.attributes["Name"], "an update without a name keeps it");

    let groups = handler(&world, "AWS::Cognito::UserPoolGroup");
    let wanted_group = json!({"UserPoolId": id, "GroupName": "admins", "Precedence": "2"});
    let group = groups.create(&request(wanted_group.clone(), None)).await.unwrap();
    assert_eq!(group.physical_id, "admins");
    let shown = world.run("GetGroup", json!({"UserPoolId": id, "GroupName": "admins"}));
    assert_eq!(shown["Group"]["Precedence"], 2);

    groups.delete(&group, &request(wanted_group.clone(), None)).await.unwrap();
    clients.delete(&client, &request(wanted.clone(), None)).await.unwrap();
    pools.delete(&pool, &request(pool_properties(), None)).await.unwrap();
    // What is gone already is deleted.
    groups.delete(&group, &request(wanted_group, None)).await.unwrap();
    clients.delete(&client, &request(wanted, None)).await.unwrap();
    pools.delete(&pool, &request(pool_properties(), None)).await.unwrap();
}

#[tokio::test]
async fn a_pool_changes_where_aws_lets_it() {
    let world = world();
    let pools = handler(&world, "AWS::Cognito::UserPool");
    let pool = pools.create(&request(pool_properties(), None)).await.unwrap();
    let update = async |change: Value| -> Result<Provisioned, String> {
        let mut properties = pool_properties();
        properties.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        pools.update(&pool, &request(properties, Some(pool_properties()))).await.map_err(|error| error.0)
    };
    let refused = update(json!({"UsernameAttributes": ["phone_number"]})).await.unwrap_err();
    assert!(refused.starts_with("Updates are not allowed for property - UsernameAttributes."), "{refused}");
    let refused = update(json!({"Schema": []})).await.unwrap_err();
    assert!(refused.starts_with("Existing schema attributes cannot be modified or deleted."), "{refused}");
    let refused = update(json!({"EnabledMfas": ["SMS_MFA"]})).await.unwrap_err();
    assert!(refused.contains("EnabledMfas with SMS_MFA"), "{refused}");
    update(json!({"Schema": [{"Name": "email", "Required": true, "Mutable": true}, {"Name": "plan", "AttributeDataType": "String", "Mutable": true}],
        "MfaConfiguration": "OFF", "EnabledMfas": null})).await.unwrap();
    let described = world.run("DescribeUserPool", json!({"UserPoolId": pool.physical_id}))["UserPool"].clone();
    assert_eq!(described["MfaConfiguration"], "OFF");
    assert!(described["SchemaAttributes"].as_array().unwrap().iter().any(|one| one["Name"] == "custom:plan"));
}

#[tokio::test]
async fn a_stack_makes_an_identity_pool_with_roles() {
    let world = world();
    let app = world.mail_pool();
    let pools = handler(&world, "AWS::Cognito::IdentityPool");
    let provider = format!("cognito-idp.eu-west-1.amazonaws.com/{}", app.pool);
    let properties = json!({"AllowUnauthenticatedIdentities": "true",
        "CognitoIdentityProviders": [{"ProviderName": provider, "ClientId": app.client}]});
    let pool = pools.create(&request(properties.clone(), None)).await.unwrap();
    assert!(pool.physical_id.starts_with("eu-west-1:"));
    let same = pools.update(&pool, &request(properties.clone(), Some(properties.clone()))).await.unwrap();
    assert_eq!(same, pool);
    let roles = handler(&world, "AWS::Cognito::IdentityPoolRoleAttachment");
    let wanted = json!({"IdentityPoolId": pool.physical_id, "Roles": {"authenticated": "arn:aws:iam::000000000000:role/a"},
        "RoleMappings": {"users": {"IdentityProvider": format!("{provider}:{}", app.client), "Type": "Token",
            "AmbiguousRoleResolution": "AuthenticatedRole"}}});
    let attached = roles.create(&request(wanted.clone(), None)).await.unwrap();
    let get = || {
        super::super::api::execute(
            world.core(),
            super::super::api::Side::IdentityPools,
            "GetIdentityPoolRoles",
            &json!({"IdentityPoolId": pool.physical_id}),
        )
        .unwrap()
    };
    assert_eq!(get()["Roles"]["authenticated"], "arn:aws:iam::000000000000:role/a");
    assert_eq!(get()["RoleMappings"][format!("{provider}:{}", app.client)]["Type"], "Token");
    roles.delete(&attached, &request(wanted.clone(), None)).await.unwrap();
    assert_eq!(get()["Roles"], json!({}));
    pools.delete(&pool, &request(properties, None)).await.unwrap();
    roles.delete(&attached, &request(wanted, None)).await.unwrap();
}
