//! The attributes of users: the standard ones, a pool's own, and what values they take.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fault::invalid;
use super::input::Input;
use super::pool::Pool;
use crate::cloud::service::ApiError;

/// The standard claims of OpenID Connect that Cognito has, and the longest value of each.
const STANDARD: [(&str, u64); 20] = [
    ("sub", 2048),
    ("name", 2048),
    ("given_name", 2048),
    ("family_name", 2048),
    ("middle_name", 2048),
    ("nickname", 2048),
    ("preferred_username", 2048),
    ("profile", 2048),
    ("picture", 2048),
    ("website", 2048),
    ("email", 2048),
    ("email_verified", 5),
    ("gender", 2048),
    ("birthdate", 10),
    ("zoneinfo", 2048),
    ("locale", 2048),
    ("phone_number", 2048),
    ("phone_number_verified", 5),
    ("address", 2048),
    ("updated_at", 20),
];

/// Who sets an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// A user through a client: cannot say that an address is verified, or change what is immutable.
    User,
    /// An administrator.
    Admin,
}

/// An attribute of the pool's schema by the name it has on users (`email`, `custom:plan`).
fn declared<'a>(pool: &'a Pool, name: &str) -> Option<&'a Value> {
    let bare = name.strip_prefix("custom:");
    let list = pool.settings.get("Schema").and_then(Value::as_array).into_iter().flatten();
    list.into_iter().find(|attribute| {
        let declared = attribute["Name"].as_str().unwrap_or_default();
        let is_standard = STANDARD.iter().any(|(standard, _)| *standard == declared);
        match bare {
            Some(bare) => !is_standard && declared.strip_prefix("custom:").unwrap_or(declared) == bare,
            None => is_standard && declared == name,
        }
    })
}

/// The standard attributes that the pool requires.
pub(super) fn required(pool: &Pool) -> Vec<&str> {
    let list = pool.settings.get("Schema").and_then(Value::as_array).into_iter().flatten();
    list.filter(|attribute| Input(attribute).flag("Required"))
        .filter_map(|attribute| attribute["Name"].as_str())
        .collect()
}

/// Refuses new users who lack what the pool requires.
pub(super) fn check_required(pool: &Pool, attributes: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let missing: Vec<String> = required(pool)
        .into_iter()
        .filter(|name| attributes.get(*name).is_none_or(String::is_empty))
        .map(|name| format!("{name}: The attribute is required\n"))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(does_not_conform(&missing.concat())) }
}

fn does_not_conform(why: &str) -> ApiError {
    invalid(format!("Attributes did not conform to the schema: {why}"))
}

/// Refuses values that the schema does not admit.
pub(super) fn check(
    pool: &Pool,
    attributes: &BTreeMap<String, String>,
    writer: Writer,
    is_new: bool,
) -> Result<(), ApiError> {
    for (name, value) in attributes {
        if name == "sub" {
            return Err(invalid("Cannot modify the non-mutable attribute sub"));
        }
        if writer == Writer::User && name.ends_with("_verified") {
            return Err(super::fault::not_authorized("A client attempted to write unauthorized attribute"));
        }
        let declaration = declared(pool, name);
        let standard = STANDARD.iter().find(|(standard, _)| standard == name);
        if declaration.is_none() && standard.is_none() {
            return Err(does_not_conform(&format!("Type for attribute {{{name}}} could not be determined")));
        }
        // Mutable unless the schema says otherwise; a custom attribute too must say it.
        let mutable = declaration.and_then(|one| one.get("Mutable")).is_none_or(|flag| flag == true || flag == "true");
        if !is_new && !mutable {
            return Err(does_not_conform(&format!("{name}: Attribute cannot be updated.\n")));
        }
        let longest = standard.map_or(2048, |(_, longest)| *longest);
        check_value(name, value, declaration, longest)?;
    }
    Ok(())
}

fn check_value(name: &str, value: &str, declaration: Option<&Value>, longest: u64) -> Result<(), ApiError> {
    match name {
        "email" if !value.is_empty() && !is_email(value) => return Err(invalid("Invalid email address format.")),
        "phone_number" if !value.is_empty() && !is_phone(value) => {
            return Err(invalid("Invalid phone number format."));
        }
        "email_verified" | "phone_number_verified" if !matches!(value, "true" | "false" | "True" | "False") => {
            return Err(does_not_conform(&format!("{name}: Attribute is not a boolean.\n")));
        }
        _ => {}
    }
    let bound = |limits: &str, name: &str| {
        let value = declaration.and_then(|one| one.get(limits)).and_then(|limits| limits.get(name));
        value.and_then(|value| value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok())))
    };
    match declaration.and_then(|one| one["AttributeDataType"].as_str()) {
        Some("Number") => {
            let Ok(number) = value.parse::<i64>() else {
                return Err(does_not_conform(&format!("{name}: Attribute is not a number.\n")));
            };
            let limits = "NumberAttributeConstraints";
            if bound(limits, "MinValue").is_some_and(|least| number < least)
                || bound(limits, "MaxValue").is_some_and(|most| number > most)
            {
                return Err(does_not_conform(&format!("{name}: Number is out of range.\n")));
            }
        }
        Some("Boolean") if !matches!(value, "true" | "false") => {
            return Err(does_not_conform(&format!("{name}: Attribute is not a boolean.\n")));
        }
        _ => {
            let limits = "StringAttributeConstraints";
            let length = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
            let most = bound(limits, "MaxLength").unwrap_or(i64::try_from(longest).unwrap_or(i64::MAX));
            if bound(limits, "MinLength").is_some_and(|least| length < least) {
                return Err(does_not_conform(&format!("{name}: String must be longer.\n")));
            }
            if length > most {
                return Err(does_not_conform(&format!("{name}: String must be no longer than {most} characters\n")));
            }
        }
    }
    Ok(())
}

/// `name@host.tld`, without spaces.
pub(super) fn is_email(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.contains(|letter: char| letter.is_whitespace() || letter == '@');
    text.split_once('@').is_some_and(|(name, host)| {
        plain(name) && plain(host) && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
    })
}

/// `+` and digits, E.164.
pub(super) fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `SchemaAttributes` of a pool's description: the standard ones and its own.
pub(super) fn described(pool: &Pool) -> Value {
    let data_type = |name: &str| match name {
        "email_verified" | "phone_number_verified" => "Boolean",
        "updated_at" => "Number",
        _ => "String",
    };
    let standard = STANDARD.iter().map(|(name, longest)| {
        let declaration = declared(pool, name);
        let flag = |member: &str, otherwise: bool| {
            declaration.and_then(|one| one.get(member)).map_or(otherwise, |flag| flag == true || flag == "true")
        };
        let mut attribute = json!({
            "Name": name,
            "AttributeDataType": data_type(name),
            "DeveloperOnlyAttribute": false,
            "Mutable": flag("Mutable", *name != "sub"),
            "Required": flag("Required", *name == "sub"),
        });
        if data_type(name) == "String" {
            attribute["StringAttributeConstraints"] = json!({ "MinLength": "0", "MaxLength": longest.to_string() });
        }
        attribute
    });
    let list = pool.settings.get("Schema").and_then(Value::as_array).into_iter().flatten();
    let own = list.filter_map(|attribute| {
        let name = attribute["Name"].as_str()?;
        let name = name.strip_prefix("custom:").unwrap_or(name);
        if STANDARD.iter().any(|(standard, _)| *standard == name) {
            return None;
        }
        let mut attribute = attribute.clone();
        attribute["Name"] = json!(format!("custom:{name}"));
        Some(attribute)
    });
    standard.chain(own).collect()
}
