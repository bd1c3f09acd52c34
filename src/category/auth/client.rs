//! What front ends are told of the users: the `auth` section of the outputs file, and its form for local targets.

use serde_json::{Map, Value, json};

use super::{AuthSpec, Mfa, PasswordPolicy, SignIn, stack};

/// The facts of a deployed auth stack that front ends need.
#[derive(Clone, Copy, Debug)]
pub struct Deployed<'a> {
    /// Region of the stack.
    pub region: &'a str,
    /// Output `UserPoolId`.
    pub user_pool_id: &'a str,
    /// Output `UserPoolClientId`.
    pub client_id: &'a str,
    /// Output `IdentityPoolId`.
    pub identity_pool_id: &'a str,
}

/// The section `auth` of `amplify_outputs.json`, version 1.4.
pub fn outputs(spec: &AuthSpec, deployed: &Deployed<'_>) -> Value {
    let PasswordPolicy { minimum_length, lowercase, uppercase, digits, symbols } = spec.password;
    let verified = stack::verified_attribute(spec);
    let mut section = json!({
        "aws_region": deployed.region,
        "user_pool_id": deployed.user_pool_id,
        "user_pool_client_id": deployed.client_id,
        "identity_pool_id": deployed.identity_pool_id,
        "mfa_methods": if spec.mfa == Mfa::Off { vec![] } else { vec!["TOTP"] },
        "standard_required_attributes": [verified],
        "username_attributes": stack::username_attribute(spec.sign_in).into_iter().collect::<Vec<_>>(),
        "user_verification_types": [verified],
        "mfa_configuration": match spec.mfa {
            Mfa::Off => "NONE",
            Mfa::Optional => "OPTIONAL",
            Mfa::Required => "REQUIRED",
        },
        "password_policy": {
            "min_length": minimum_length,
            "require_lowercase": lowercase,
            "require_numbers": digits,
            "require_symbols": symbols,
            "require_uppercase": uppercase,
        },
        "unauthenticated_identities_enabled": spec.guests,
    });
    if !spec.groups.is_empty() {
        section["groups"] = groups(spec);
    }
    section
}

/// The section `Auth` of a `ResourcesConfig`, which is the only form that can name an endpoint for Cognito.
pub fn resources_config(spec: &AuthSpec, deployed: &Deployed<'_>, endpoint: &str) -> Value {
    let PasswordPolicy { minimum_length, lowercase, uppercase, digits, symbols } = spec.password;
    let attribute = stack::verified_attribute(spec);
    let login = match spec.sign_in {
        SignIn::Email => "email",
        SignIn::Phone => "phone",
        SignIn::Username => "username",
    };
    let mut pool = json!({
        "userPoolId": deployed.user_pool_id,
        "userPoolClientId": deployed.client_id,
        "userPoolEndpoint": endpoint,
        "identityPoolId": deployed.identity_pool_id,
        "identityPoolEndpoint": endpoint,
        "allowGuestAccess": spec.guests,
        "signUpVerificationMethod": "code",
        "loginWith": { login: true },
        "userAttributes": { attribute: { "required": true } },
        "mfa": {
            "status": match spec.mfa {
                Mfa::Off => "off",
                Mfa::Optional => "optional",
                Mfa::Required => "on",
            },
            "totpEnabled": spec.mfa != Mfa::Off,
            "smsEnabled": false,
        },
        "passwordFormat": {
            "minLength": minimum_length,
            "requireLowercase": lowercase,
            "requireNumbers": digits,
            "requireSpecialCharacters": symbols,
            "requireUppercase": uppercase,
        },
    });
    if !spec.groups.is_empty() {
        pool["groups"] = groups(spec);
    }
    json!({ "Cognito": pool })
}

/// Each group with its precedence, as the schema of the outputs file wants it: a list of maps with one entry.
fn groups(spec: &AuthSpec) -> Value {
    let entry = |(precedence, name): (usize, &String)| {
        Value::Object(Map::from_iter([(name.clone(), json!({ "precedence": precedence }))]))
    };
    spec.groups.iter().enumerate().map(entry).collect()
}
