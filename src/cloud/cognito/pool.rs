//! A user pool: what it was told, and what follows from it.
//!
//! Settings are kept in the form of Cognito's API. A setting whose behaviour is absent is refused when it is made.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fault::invalid;
use super::input::{Input, date, without_nulls};
use super::password::PasswordPolicy;
use super::trigger;
use crate::cloud::service::ApiError;

/// A user pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pool {
    /// `eu-west-1_Ab3dE6gH9`.
    pub id: String,
    pub arn: String,
    pub name: String,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// The members of `CreateUserPool`'s input, and `SoftwareTokenMfaConfiguration`.
    pub settings: Map<String, Value>,
}

/// Members of `CreateUserPool` that are understood; those of `UpdateUserPool` are the same without the first four.
const MEMBERS: [&str; 22] = [
    "Schema",
    "AliasAttributes",
    "UsernameAttributes",
    "UsernameConfiguration",
    "Policies",
    "DeletionProtection",
    "AutoVerifiedAttributes",
    "VerificationMessageTemplate",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "SmsVerificationMessage",
    "SmsAuthenticationMessage",
    "MfaConfiguration",
    "UserAttributeUpdateSettings",
    "EmailConfiguration",
    "SmsConfiguration",
    "UserPoolTags",
    "AdminCreateUserConfig",
    "AccountRecoverySetting",
    "UserPoolTier",
    "LambdaConfig",
    "UserPoolAddOns",
];

/// How many of them cannot change.
const FIXED: usize = 4;

/// The members of an input that make settings; what is not understood is refused by name.
pub(super) fn accepted(input: Input<'_>, action: &str) -> Result<Map<String, Value>, ApiError> {
    let creating = action == "CreateUserPool";
    let mut settings = Map::new();
    for (name, value) in input.0.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let place = MEMBERS.iter().position(|member| member == name);
        match (name.as_str(), place) {
            ("PoolName" | "UserPoolId", _) => {}
            ("LambdaConfig", _) => {
                settings.insert(name.clone(), trigger::accepted(value, action)?);
            }
            ("UserPoolAddOns", _) if value["AdvancedSecurityMode"] != "OFF" => {
                return Err(ApiError::not_built("cognito-idp", &format!("{action} with AdvancedSecurityMode")));
            }
            (_, Some(place)) if creating || place >= FIXED => {
                settings.insert(name.clone(), value.clone());
            }
            _ => return Err(ApiError::not_built("cognito-idp", &format!("{action} with {name}"))),
        }
    }
    check(&settings)?;
    Ok(settings)
}

fn check(settings: &Map<String, Value>) -> Result<(), ApiError> {
    let texts = |name: &str| {
        let list = settings.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    for (name, allowed) in [
        ("UsernameAttributes", &["email", "phone_number"][..]),
        ("AutoVerifiedAttributes", &["email", "phone_number"][..]),
        ("AliasAttributes", &["email", "phone_number", "preferred_username"][..]),
    ] {
        if let Some(wrong) = texts(name).into_iter().find(|value| !allowed.contains(value)) {
            return Err(invalid(format!("Invalid value `{wrong}` in {name}: allowed are {}.", allowed.join(", "))));
        }
    }
    if !texts("UsernameAttributes").is_empty() && !texts("AliasAttributes").is_empty() {
        return Err(invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool."));
    }
    check_absent(settings)?;
    let length = settings.get("Policies").and_then(|policies| policies["PasswordPolicy"]["MinimumLength"].as_u64());
    if length.is_some_and(|length| !(6..=99).contains(&length)) {
        return Err(invalid(
            "1 validation error detected: Value at 'policies.passwordPolicy.minimumLength' failed to satisfy \
             constraint: Member must have value between 6 and 99",
        ));
    }
    Ok(())
}

/// Refuses what lies deeper in the settings and is absent.
fn check_absent(settings: &Map<String, Value>) -> Result<(), ApiError> {
    let at = |outer: &str, inner: &str| settings.get(outer).map_or(&Value::Null, |value| &value[inner]);
    let factors = at("Policies", "SignInPolicy")["AllowedFirstAuthFactors"].as_array();
    if factors.is_some_and(|factors| factors.iter().any(|factor| factor != "PASSWORD")) {
        return Err(ApiError::not_built("cognito-idp", "SignInPolicy with a first factor besides PASSWORD"));
    }
    if at("Policies", "PasswordPolicy")["PasswordHistorySize"].as_i64().is_some_and(|size| size > 0) {
        return Err(ApiError::not_built("cognito-idp", "PasswordPolicy with PasswordHistorySize"));
    }
    if at("VerificationMessageTemplate", "DefaultEmailOption") == "CONFIRM_WITH_LINK" {
        return Err(ApiError::not_built("cognito-idp", "VerificationMessageTemplate with CONFIRM_WITH_LINK"));
    }
    Ok(())
}

impl Pool {
    fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.settings.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).collect()
    }

    /// The part of the id after the region: what SRP hashes.
    pub(super) fn short_id(&self) -> &str {
        self.id.split_once('_').map_or(&self.id, |(_, short)| short)
    }

    /// The name under which SRP knows a user.
    pub(super) fn identity(&self, username: &str) -> String {
        format!("{}{username}", self.short_id())
    }

    pub(super) fn password_policy(&self) -> PasswordPolicy {
        let policy = self.settings.get("Policies").and_then(|policies| policies.get("PasswordPolicy"));
        let mut policy = PasswordPolicy::of(policy);
        let days =
            self.settings.get("AdminCreateUserConfig").and_then(|config| config.get("UnusedAccountValidityDays"));
        if let Some(days) = days.and_then(Value::as_i64) {
            policy.temporary_days = days;
        }
        policy
    }

    /// Attributes that are the username (`email`, `phone_number`).
    pub(super) fn username_attributes(&self) -> Vec<&str> {
        self.texts("UsernameAttributes")
    }

    /// Attributes by which one may sign in besides the username, once they are verified.
    pub(super) fn alias_attributes(&self) -> Vec<&str> {
        self.texts("AliasAttributes")
    }

    /// Attributes for which a code is sent by itself.
    pub(super) fn auto_verified(&self) -> Vec<&str> {
        self.texts("AutoVerifiedAttributes")
    }

    /// Attributes that keep their old value until the new one is verified.
    pub(super) fn verified_before_update(&self) -> Vec<&str> {
        let settings = self.settings.get("UserAttributeUpdateSettings");
        let list = settings.and_then(|settings| settings["AttributesRequireVerificationBeforeUpdate"].as_array());
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Names differ in case alone are the same name. A pool that does not say is case sensitive.
    pub(super) fn folds_case(&self) -> bool {
        let configuration = self.settings.get("UsernameConfiguration");
        configuration.is_some_and(|configuration| !Input(configuration).flag("CaseSensitive"))
    }

    /// A name in the form in which names are compared.
    pub(super) fn folded(&self, name: &str) -> String {
        if self.folds_case() { name.to_lowercase() } else { name.to_owned() }
    }

    pub(super) fn admin_only(&self) -> bool {
        let config = self.settings.get("AdminCreateUserConfig");
        config.is_some_and(|config| Input(config).flag("AllowAdminCreateUserOnly"))
    }

    pub(super) fn is_protected(&self) -> bool {
        self.settings.get("DeletionProtection").is_some_and(|value| value == "ACTIVE")
    }

    /// `OFF`, `OPTIONAL` or `ON`.
    pub(super) fn mfa(&self) -> &str {
        self.settings.get("MfaConfiguration").and_then(Value::as_str).unwrap_or("OFF")
    }

    /// Whether users may set up an authenticator app.
    pub(super) fn has_software_token(&self) -> bool {
        let configuration = self.settings.get("SoftwareTokenMfaConfiguration");
        self.mfa() != "OFF" && configuration.is_some_and(|configuration| Input(configuration).flag("Enabled"))
    }

    /// The attributes by which a forgotten password may be recovered, best first; empty leaves it to administrators.
    pub(super) fn recovery(&self) -> Vec<&'static str> {
        let setting = self.settings.get("AccountRecoverySetting");
        let Some(list) = setting.and_then(|setting| setting["RecoveryMechanisms"].as_array()) else {
            // As pools without the setting do: the phone number before the e-mail address.
            return vec!["phone_number", "email"];
        };
        let mut list: Vec<&Value> = list.iter().collect();
        list.sort_by_key(|mechanism| mechanism["Priority"].as_i64());
        let attribute = |mechanism: &Value| match mechanism["Name"].as_str() {
            Some("verified_email") => Some("email"),
            Some("verified_phone_number") => Some("phone_number"),
            _ => None,
        };
        list.into_iter().filter_map(attribute).collect()
    }

    /// What `DescribeUserPool` says.
    pub(super) fn description(&self, users: usize) -> Value {
        let mut shown = self.settings.clone();
        shown.remove("SoftwareTokenMfaConfiguration");
        shown.remove("Schema");
        shown.entry("LambdaConfig").or_insert_with(|| json!({}));
        let policy = self.password_policy();
        shown.insert(
            "Policies".to_owned(),
            json!({ "PasswordPolicy": {
                "MinimumLength": policy.minimum_length,
                "RequireUppercase": policy.uppercase,
                "RequireLowercase": policy.lowercase,
                "RequireNumbers": policy.digits,
                "RequireSymbols": policy.symbols,
                "TemporaryPasswordValidityDays": policy.temporary_days,
            } }),
        );
        let facts = json!({
            "Id": self.id,
            "Name": self.name,
            "Arn": self.arn,
            "CreationDate": date(self.created_ms),
            "LastModifiedDate": date(self.modified_ms),
            "MfaConfiguration": self.mfa(),
            "SchemaAttributes": super::attribute::described(self),
            "EstimatedNumberOfUsers": users,
            "DeletionProtection": if self.is_protected() { "ACTIVE" } else { "INACTIVE" },
        });
        shown.extend(facts.as_object().cloned().unwrap_or_default());
        without_nulls(Value::Object(shown))
    }
}
