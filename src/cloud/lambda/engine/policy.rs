//! The resource policy of a function: statements that let services and accounts invoke it.
//!
//! Source: `AddPermission` in Lambda's API reference and "Viewing resource-based IAM policies" of its guide.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::not_found;
use super::record::Function;
use super::settings::invalid;
use crate::cloud::iam::ServiceVisitor;
use crate::cloud::iam::policy::{Policy, PolicyKind};
use crate::cloud::service::{ApiError, Permission, Shared};

/// A statement as `AddPermission` and CloudFormation ask for it.
pub(in crate::cloud::lambda) fn statement(sid: &str, input: &Value, resource: &str) -> Result<Value, ApiError> {
    let text = |name: &str| input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let action = text("Action").ok_or_else(|| missing("action"))?;
    let known = action == "lambda:*"
        || action.strip_prefix("lambda:").is_some_and(|rest| {
            !rest.is_empty() && rest.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '*')
        });
    if !known {
        return Err(constraint(action, "action", "(lambda:[*]|lambda:[a-zA-Z]+|[*])"));
    }
    let good = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if !(1..=100).contains(&sid.len()) || !sid.chars().all(good) {
        return Err(constraint(sid, "statementId", "([a-zA-Z0-9-_]+)"));
    }
    let principal = principal(text("Principal").ok_or_else(|| missing("principal"))?)?;
    let mut conditions = Map::new();
    let mut add = |operator: &str, key: &str, value: &str| {
        let members = conditions.entry(operator.to_owned()).or_insert_with(|| json!({}));
        members[key] = json!(value);
    };
    if let Some(account) = text("SourceAccount") {
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(constraint(account, "sourceAccount", "\\d{12}"));
        }
        add("StringEquals", "AWS:SourceAccount", account);
    }
    if let Some(source) = text("SourceArn") {
        if !source.starts_with("arn:") {
            return Err(constraint(source, "sourceArn", "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:(.*)"));
        }
        add("ArnLike", "AWS:SourceArn", source);
    }
    for (name, key) in [
        ("EventSourceToken", "lambda:EventSourceToken"),
        ("FunctionUrlAuthType", "lambda:FunctionUrlAuthType"),
        ("PrincipalOrgID", "aws:PrincipalOrgID"),
    ] {
        if let Some(value) = text(name) {
            add("StringEquals", key, value);
        }
    }
    if let Some(via) = input.get("InvokedViaFunctionUrl").filter(|via| !via.is_null()) {
        let flag = via.as_str().map_or_else(|| via.to_string(), str::to_owned);
        add("Bool", "lambda:InvokedViaFunctionUrl", &flag);
    }
    let mut statement =
        json!({"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource});
    if !conditions.is_empty() {
        statement["Condition"] = Value::Object(conditions);
    }
    Ok(statement)
}

/// A service, an account, a role, or anyone.
fn principal(text: &str) -> Result<Value, ApiError> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        "*" => Ok(json!("*")),
        text if is_account => Ok(json!({"AWS": format!("arn:aws:iam::{text}:root")})),
        text if text.starts_with("arn:aws:iam::") || text.starts_with("arn:aws:sts::") => Ok(json!({"AWS": text})),
        text if text.ends_with(".amazonaws.com") && !text.contains(' ') => Ok(json!({"Service": text})),
        _ => Err(invalid("The provided principal was invalid. Please check the principal and try again.")),
    }
}

/// Adds a statement to a policy, or refuses its id.
pub(in crate::cloud::lambda) fn add_statement(
    statements: &mut IndexMap<String, Value>,
    sid: &str,
    statement: Value,
) -> Result<(), ApiError> {
    if statements.contains_key(sid) {
        let message = format!(
            "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the \
             existing statement."
        );
        return Err(ApiError::new("ResourceConflictException", message).status(409));
    }
    statements.insert(sid.to_owned(), statement);
    Ok(())
}

/// Takes a statement out of a policy.
pub(in crate::cloud::lambda) fn remove_statement(
    statements: &mut IndexMap<String, Value>,
    sid: &str,
) -> Result<(), ApiError> {
    match statements.shift_remove(sid) {
        Some(_) => Ok(()),
        None => Err(not_found(format!("Statement {sid} is not found in resource policy."))),
    }
}

/// The resource policy, ready to be asked.
pub(in crate::cloud::lambda) fn parsed(
    function: &Function,
    qualifier: Option<&str>,
) -> Result<Option<Policy>, ApiError> {
    function.policy(qualifier).map(|document| Policy::parse(&document, PolicyKind::Resource)).transpose()
}

/// Whether the resource policy lets a service invoke the function.
pub(in crate::cloud::lambda) fn admits(
    shared: &Shared,
    function: &Function,
    qualifier: Option<&str>,
    resource: &str,
    visitor: &ServiceVisitor<'_>,
) -> Result<bool, ApiError> {
    let permission = Permission::new("lambda:InvokeFunction", resource);
    Ok(visitor.is_admitted(shared, parsed(function, qualifier)?.as_ref(), &permission))
}

fn missing(member: &str) -> ApiError {
    let message = format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    );
    ApiError::new("ValidationException", message)
}

fn constraint(value: &str, member: &str, pattern: &str) -> ApiError {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: {pattern}"
    );
    ApiError::new("ValidationException", message)
}
