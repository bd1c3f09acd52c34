//! `PreTokenGeneration`: what a function adds to tokens, changes in them and takes out.
//!
//! Source: "Pre token generation Lambda trigger" of the Cognito developer guide, forms 1 to 3 of the event.

use serde_json::{Map, Value, json};

use super::Core;
use super::groups::Group;
use super::pool::Pool;
use super::trigger::{Answer, Origin, Question, attributes, scalar, unrecognizable};
use super::user::User;
use crate::cloud::service::ApiError;

/// Why tokens are made.
#[derive(Clone, Copy)]
pub(super) struct Cause<'a> {
    /// `TokenGeneration_Authentication`, ….
    pub source: &'a str,
    pub origin: Origin<'a>,
}

/// The groups that tokens tell of.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Membership {
    pub groups: Vec<String>,
    pub roles: Vec<String>,
    pub preferred_role: Option<String>,
}

impl Membership {
    /// Of groups in the order of their precedence.
    pub(super) fn of(groups: &[Group]) -> Self {
        let with_role: Vec<&Group> = groups.iter().filter(|group| group.role_arn.is_some()).collect();
        // Two roles of the same precedence: neither is preferred ("Assigning precedence values to groups").
        let preferred = with_role.first().filter(|first| {
            let mut rivals = with_role.iter().filter(|group| group.precedence == first.precedence);
            rivals.all(|group| group.role_arn == first.role_arn)
        });
        Self {
            groups: groups.iter().map(|group| group.name.clone()).collect(),
            preferred_role: preferred.and_then(|group| group.role_arn.clone()),
            roles: with_role.into_iter().filter_map(|group| group.role_arn.clone()).collect(),
        }
    }

    /// `groupConfiguration` of the event.
    fn shown(&self) -> Value {
        json!({
            "groupsToOverride": self.groups,
            "iamRolesToOverride": self.roles,
            "preferredRole": self.preferred_role,
        })
    }

    /// `groupOverrideDetails` of an answer: it takes the place of everything.
    fn read(given: &Value) -> Result<Self, ApiError> {
        let list = |name: &str| -> Result<Vec<String>, ApiError> {
            match &given[name] {
                Value::Null => Ok(Vec::new()),
                Value::Array(items) => {
                    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(unrecognizable)).collect()
                }
                _ => Err(unrecognizable()),
            }
        };
        if !given.is_null() && !given.is_object() {
            return Err(unrecognizable());
        }
        let preferred_role = given["preferredRole"].as_str().filter(|role| !role.is_empty()).map(str::to_owned);
        Ok(Self { groups: list("groupsToOverride")?, roles: list("iamRolesToOverride")?, preferred_role })
    }

    /// Writes itself into the claims of an access and an id token.
    pub(super) fn write(&self, access: &mut Value, id: &mut Value) {
        if !self.groups.is_empty() {
            access["cognito:groups"] = json!(self.groups);
            id["cognito:groups"] = json!(self.groups);
        }
        if !self.roles.is_empty() {
            id["cognito:roles"] = json!(self.roles);
        }
        if let Some(role) = &self.preferred_role {
            id["cognito:preferred_role"] = json!(role);
        }
    }
}

/// Claims that no function changes.
const FIXED: [&str; 17] = [
    "acr",
    "amr",
    "aud",
    "at_hash",
    "auth_time",
    "azp",
    "cognito:username",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
];

/// Further claims of access tokens that no function changes; scopes have members of their own.
const FIXED_IN_ACCESS: [&str; 6] = ["client_id", "device_key", "event_id", "scope", "username", "version"];

/// Asks the pool's function about the claims of both tokens, and does as it says.
pub(super) fn adjust(
    core: &Core,
    (pool, user): (&Pool, &User),
    cause: Cause<'_>,
    membership: Membership,
    (access, id): (&mut Value, &mut Value),
) -> Result<(), ApiError> {
    let first_form = pool.token_trigger_version() == "1";
    let details = if first_form { "claimsOverrideDetails" } else { "claimsAndScopeOverrideDetails" };
    let mut request = json!({ "userAttributes": attributes(user), "groupConfiguration": membership.shown() });
    if !first_form {
        request["scopes"] = access["scope"].as_str().unwrap_or_default().split(' ').collect();
    }
    let question = Question {
        trigger: "PreTokenGeneration",
        source: cause.source,
        username: &user.username,
        request: cause.origin.request(request),
        response: json!({ details: null }),
    };
    let answer = match core.ask(pool, cause.origin, question)? {
        None => None,
        Some(answer) => match answer.get(details) {
            None => None,
            Some(Value::Object(members)) => Some(Answer(members.clone())),
            Some(_) => return Err(unrecognizable()),
        },
    };
    let Some(answer) = answer else {
        membership.write(access, id);
        return Ok(());
    };
    // Null takes the groups away; without the member they stay.
    match answer.0.get("groupOverrideDetails") {
        Some(given) => Membership::read(given)?.write(access, id),
        None => membership.write(access, id),
    }
    if first_form {
        return change(id, &answer, true, &[]);
    }
    let part = |name: &str| -> Result<Answer, ApiError> {
        match answer.get(name) {
            None => Ok(Answer(Map::new())),
            Some(Value::Object(members)) => Ok(Answer(members.clone())),
            Some(_) => Err(unrecognizable()),
        }
    };
    change(id, &part("idTokenGeneration")?, false, &[])?;
    let of_access = part("accessTokenGeneration")?;
    change(access, &of_access, false, &FIXED_IN_ACCESS)?;
    change_scopes(access, &of_access)
}

/// Adds and suppresses claims; suppression has the last word.
fn change(token: &mut Value, answer: &Answer, only_texts: bool, fixed: &[&str]) -> Result<(), ApiError> {
    let may = |name: &str| !FIXED.contains(&name) && !fixed.contains(&name) && !name.starts_with("dev:");
    match answer.get("claimsToAddOrOverride") {
        None => {}
        Some(Value::Object(members)) => {
            for (name, value) in members.iter().filter(|(name, value)| may(name) && !value.is_null()) {
                token[name.as_str()] = if only_texts { json!(scalar(value)?) } else { value.clone() };
            }
        }
        Some(_) => return Err(unrecognizable()),
    }
    let suppressed = names(answer, "claimsToSuppress")?;
    if let Some(claims) = token.as_object_mut() {
        suppressed.iter().filter(|name| may(name)).for_each(|name| drop(claims.shift_remove(name)));
    }
    Ok(())
}

/// Adds and suppresses scopes of an access token.
fn change_scopes(access: &mut Value, answer: &Answer) -> Result<(), ApiError> {
    let mut scopes: Vec<String> = access["scope"]
        .as_str()
        .unwrap_or_default()
        .split(' ')
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect();
    for scope in names(answer, "scopesToAdd")? {
        if scope.is_empty() || scope.contains(char::is_whitespace) {
            return Err(unrecognizable());
        }
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let suppressed = names(answer, "scopesToSuppress")?;
    scopes.retain(|scope| !suppressed.contains(scope));
    access["scope"] = json!(scopes.join(" "));
    Ok(())
}

fn names(answer: &Answer, member: &str) -> Result<Vec<String>, ApiError> {
    match answer.get(member) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(unrecognizable)).collect()
        }
        Some(_) => Err(unrecognizable()),
    }
}
