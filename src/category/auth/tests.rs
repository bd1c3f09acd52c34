use indexmap::IndexMap;

use super::client::{Deployed, outputs, resources_config};
use super::{AuthSpec, Mfa, PasswordPolicy, Recovery, SignIn};
use crate::base::ResourceName;
use crate::category::{Context, ResourceSpec, Sources, Synthesis};
use crate::error::Problem;
use crate::render::Renderer;

fn synthesize(spec: &AuthSpec) -> Result<Synthesis, Vec<Problem>> {
    let (name, sources, render) = (ResourceName::new("auth").unwrap(), Sources::default(), Renderer::default());
    let siblings = IndexMap::from([(name.clone(), ResourceSpec::Auth(spec.clone()))]);
    spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render })
}

/// Everything that is not the default.
fn full() -> AuthSpec {
    AuthSpec {
        sign_in: SignIn::Username,
        self_signup: false,
        mfa: Mfa::Required,
        recovery: Recovery::Phone,
        guests: true,
        groups: vec!["Admins".to_owned(), "news-Editors".to_owned()],
        password: PasswordPolicy {
            minimum_length: 12,
            lowercase: true,
            uppercase: false,
            digits: true,
            symbols: false,
        },
    }
}

#[test]
fn stacks_are_as_approved() {
    let phone =
        AuthSpec { sign_in: SignIn::Phone, recovery: Recovery::Admin, mfa: Mfa::Optional, ..AuthSpec::default() };
    let check = |spec: &AuthSpec, golden: snapbox::Data| {
        let stack = synthesize(spec).unwrap();
        assert!(crate::cfn::check(&stack.template).is_empty());
        snapbox::assert_data_eq!(stack.text, golden.raw());
    };
    check(&AuthSpec::default(), snapbox::file!["../../../tests/golden/stacks/auth-default.yaml": Text]);
    check(&full(), snapbox::file!["../../../tests/golden/stacks/auth-full.yaml": Text]);
    check(&phone, snapbox::file!["../../../tests/golden/stacks/auth-phone.yaml": Text]);
}

#[test]
fn every_resource_has_a_label_and_every_promised_output_is_there() {
    let stack = synthesize(&full()).unwrap();
    assert!(stack.template.resources.values().all(|resource| resource.label.is_some()));
    let offers: Vec<&str> = stack.offers.iter().map(|offer| offer.output.as_str()).collect();
    let promised = [
        "UserPoolId",
        "UserPoolArn",
        "UserPoolClientId",
        "IdentityPoolId",
        "AuthenticatedRoleName",
        "AuthenticatedRoleArn",
        "UnauthenticatedRoleName",
        "UnauthenticatedRoleArn",
    ];
    assert_eq!(offers, promised);
}

#[test]
fn a_group_keeps_its_logical_id_and_shares_it_with_none() {
    let ids = |groups: &[&str]| -> Vec<String> {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        let stack = synthesize(&AuthSpec { groups, ..AuthSpec::default() }).unwrap();
        let ids = stack.template.resources.keys().map(ToString::to_string);
        ids.filter(|id| id.starts_with("Group")).collect()
    };
    let first = ids(&["ab", "a-b", "a.b", "école", "2"]);
    assert_eq!(first.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
    let mut turned = ids(&["2", "école", "a.b", "a-b", "ab"]);
    turned.reverse();
    assert_eq!(first, turned);
}

#[test]
fn hostile_group_names_are_refused() {
    for name in ["", " ", "it's", "a\"b", "${AWS::Region}", "{{ x }}", "<< x >>", "a\nb", "a: b", "#", &"x".repeat(129)]
    {
        let problems = synthesize(&AuthSpec { groups: vec![name.to_owned()], ..AuthSpec::default() }).unwrap_err();
        assert!(problems.len() == 1 && !problems[0].message.contains('\n'), "{name}: {problems:?}");
    }
}

#[test]
fn hostile_values_that_are_no_names_change_no_structure() {
    // Settings refuse such names; the template alone must stand them, too.
    for name in ["it's", "a\"b", "${AWS::Region}", "<< x >>", "a\nb: c", "- x", "!Ref y", "\u{2028}", "#"] {
        let text = Renderer::default().render("auth/stack.yaml", &hostile(name)).unwrap();
        let template = crate::cfn::parse(&text, "x").unwrap();
        let group = &template.resources["GroupX"];
        assert_eq!(group.properties.get("GroupName").and_then(crate::cfn::Value::as_text), Some(name));
        assert_eq!(group.label.as_ref().unwrap().0, name);
    }
}

fn hostile(name: &str) -> serde_json::Value {
    serde_json::json!({
        "description": name, "username_attributes": ["email"], "verified_attributes": ["email"],
        "administrators_create_users": false, "recovery": "verified_email", "mfa": "OFF", "text_messages": false,
        "password": { "minimum_length": 8, "lowercase": true, "uppercase": true, "digits": true, "symbols": true },
        "groups": [{ "logical_id": "GroupX", "label": name, "name": name, "precedence": 0, "role": null }],
        "group_roles": false, "triggers": [],
        "guests": false, "roles": [],
    })
}

#[test]
fn front_ends_are_told_what_is_deployed() {
    let deployed =
        Deployed { region: "eu-west-1", user_pool_id: "eu-west-1_A", client_id: "c", identity_pool_id: "eu-west-1:1" };
    let wanted = serde_json::json!({
        "aws_region": "eu-west-1",
        "user_pool_id": "eu-west-1_A",
        "user_pool_client_id": "c",
        "identity_pool_id": "eu-west-1:1",
        "mfa_methods": ["TOTP"],
        "standard_required_attributes": ["phone_number"],
        "username_attributes": [],
        "user_verification_types": ["phone_number"],
        "mfa_configuration": "REQUIRED",
        "password_policy": {
            "min_length": 12, "require_lowercase": true, "require_numbers": true,
            "require_symbols": false, "require_uppercase": false,
        },
        "unauthenticated_identities_enabled": true,
        "groups": [{ "Admins": { "precedence": 0 } }, { "news-Editors": { "precedence": 1 } }],
    });
    assert_eq!(outputs(&full(), &deployed), wanted);
    let config = resources_config(&AuthSpec::default(), &deployed, "http://localhost:4700");
    let pool = &config["Cognito"];
    assert_eq!(pool["userPoolEndpoint"], "http://localhost:4700");
    assert_eq!(pool["loginWith"], serde_json::json!({ "email": true }));
    assert_eq!(pool["userAttributes"], serde_json::json!({ "email": { "required": true } }));
    assert_eq!((&pool["mfa"]["status"], &pool["allowGuestAccess"]), (&"off".into(), &false.into()));
    assert!(pool.get("groups").is_none());
}
