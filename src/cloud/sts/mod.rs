//! STS: who am I, and roles for those who may take them.
//!
//! Web identity tokens come from identity providers that this cloud cannot ask: `AssumeRoleWithWebIdentity` is
//! refused by name. Cognito identity pools give credentials without it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;
use crate::base::clock::iso_ms;

use super::iam::{Credentials, Iam, RoleRequest};
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, Permission, ResourceHandler, Service, ServiceId, Shared,
};

/// How long credentials of the account's owner hold, in seconds.
const OWNER_SESSION_S: i64 = 3600;

/// STS: who am I, and roles for those who may take them.
pub(in crate::cloud) struct Sts {
    shared: Arc<Shared>,
    iam: Arc<Iam>,
}

impl Service for Sts {
    fn id(&self) -> ServiceId {
        ServiceId::Sts
    }

    fn access(&self, context: &CallContext, call: &ApiCall) -> Access {
        match (call.action.as_str(), &context.caller) {
            ("AssumeRoleWithWebIdentity" | "AssumeRoleWithSAML", _) => Access::Open,
            // Needs a signature and no permission; and a trust policy that names the caller is enough for AssumeRole.
            ("GetCallerIdentity" | "AssumeRole" | "GetSessionToken", _) => Access::Requires(Vec::new()),
            (action, _) => Access::Requires(vec![Permission::new(format!("sts:{action}"), "*")]),
        }
    }

    fn call<'a>(&'a self, context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move {
            match call.action.as_str() {
                "GetCallerIdentity" => Ok(self.caller_identity(&context.caller)),
                "AssumeRole" => self.assume_role(&context.caller, &call.input),
                "GetSessionToken" => self.session_token(&context.caller, &call.input),
                "DecodeAuthorizationMessage" => Err(no_message(&call.input)),
                "AssumeRoleWithWebIdentity" => Err(web_identity(&call.input)),
                action => Err(ApiError::not_built("sts", action)),
            }
        })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        Vec::new()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }
}

impl Sts {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>) -> Self {
        Self { shared, iam }
    }

    fn caller_identity(&self, caller: &Caller) -> ApiReply {
        let account = self.shared.account;
        let (arn, id) = match caller {
            Caller::Role(session) | Caller::Service(session) => (
                session.assumed_arn(account),
                format!("{}:{}", self.iam.role_id(&session.role_arn).unwrap_or_default(), session.session_name),
            ),
            Caller::Root | Caller::Anonymous => (format!("arn:aws:iam::{account}:root"), account.to_owned()),
        };
        ApiReply::json(json!({"Arn": arn, "UserId": id, "Account": account}))
    }

    fn assume_role(&self, caller: &Caller, input: &Value) -> Result<ApiReply, ApiError> {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let (Some(role_arn), Some(session_name)) = (text("RoleArn"), text("RoleSessionName")) else {
            return Err(invalid("RoleArn and RoleSessionName must not be null"));
        };
        if let Some(unbuilt) =
            ["Policy", "PolicyArns", "SerialNumber", "Tags"].iter().find(|name| input.get(**name).is_some())
        {
            return Err(ApiError::not_built("sts", &format!("AssumeRole with {unbuilt}")));
        }
        check_session_name(session_name)?;
        let seconds = match text("DurationSeconds").map(str::parse) {
            None => 3600,
            Some(Ok(seconds)) => seconds,
            Some(Err(_)) => return Err(invalid("DurationSeconds must be a whole number")),
        };
        let principal = match caller {
            Caller::Role(session) | Caller::Service(session) => {
                self.check_may_assume(caller, role_arn)?;
                session.role_arn.clone()
            }
            Caller::Root | Caller::Anonymous => format!("arn:aws:iam::{}:root", self.shared.account),
        };
        let context: BTreeMap<String, Vec<String>> = text("ExternalId")
            .map(|id| ("sts:ExternalId".to_owned(), vec![id.to_owned()]))
            .into_iter()
            .chain([("sts:RoleSessionName".to_owned(), vec![session_name.to_owned()])])
            .collect();
        let credentials = self.iam.assume(&RoleRequest {
            role_arn,
            session_name,
            principal: ("AWS", &principal),
            action: "sts:AssumeRole",
            context,
            seconds,
        })?;
        Ok(ApiReply::json(self.answer(&credentials)))
    }

    /// Temporary credentials of the account's owner. They hold for an hour at most ("`GetSessionToken`" in the STS API
    /// reference), and a session gives no further ones.
    fn session_token(&self, caller: &Caller, input: &Value) -> Result<ApiReply, ApiError> {
        if let Some(unbuilt) = ["SerialNumber", "TokenCode"].iter().find(|name| input.get(**name).is_some()) {
            return Err(ApiError::not_built("sts", &format!("GetSessionToken with {unbuilt}")));
        }
        if !matches!(caller, Caller::Root) {
            let message = "Cannot call GetSessionToken with session credentials";
            return Err(ApiError::new("AccessDenied", message).status(403));
        }
        let seconds = match input.get("DurationSeconds").and_then(Value::as_str) {
            None => OWNER_SESSION_S,
            Some(text) => text.parse().map_err(|_| invalid("DurationSeconds must be a whole number"))?,
        };
        if !(900..=129_600).contains(&seconds) {
            let bound = if seconds < 900 { "greater than or equal to 900" } else { "less than or equal to 129600" };
            return Err(invalid(&format!(
                "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: \
                 Member must have value {bound}"
            )));
        }
        let credentials = self.iam.owner_session(seconds.min(OWNER_SESSION_S))?;
        Ok(ApiReply::json(json!({"Credentials": self.answer(&credentials)["Credentials"]})))
    }

    /// A role takes another only when its own policy says so or the trust policy names it, not only its account.
    fn check_may_assume(&self, caller: &Caller, role_arn: &str) -> Result<(), ApiError> {
        self.iam.authorize(caller, &Permission::new("sts:AssumeRole", role_arn))
    }

    fn answer(&self, credentials: &Credentials) -> Value {
        let session = &credentials.session;
        json!({
            "Credentials": {
                "AccessKeyId": credentials.access_key,
                "SecretAccessKey": credentials.secret_key.reveal(),
                "SessionToken": credentials.session_token.reveal(),
                "Expiration": iso_ms(credentials.expires_at_s * 1000),
            },
            "AssumedRoleUser": {
                "Arn": session.assumed_arn(self.shared.account),
                "AssumedRoleId": format!(
                    "{}:{}", self.iam.role_id(&session.role_arn).unwrap_or_default(), session.session_name
                ),
            },
        })
    }
}

/// Refusals of this cloud are never encoded, so no message is one of its own.
fn no_message(input: &Value) -> ApiError {
    match input.get("EncodedMessage").and_then(Value::as_str) {
        Some(_) => ApiError::new("InvalidAuthorizationMessageException", "Message is not valid"),
        None => invalid("EncodedMessage must not be null"),
    }
}

/// Why a web identity is not taken: nothing here can verify the token.
fn web_identity(input: &Value) -> ApiError {
    let role = input.get("RoleArn").and_then(Value::as_str).unwrap_or_default();
    ApiError::new(
        "InvalidIdentityToken",
        format!(
            "No OpenIDConnect provider found in your account for the token that asks for {role}: the embedded cloud \
             verifies tokens of Cognito user pools only, by GetCredentialsForIdentity"
        ),
    )
}

fn check_session_name(name: &str) -> Result<(), ApiError> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if (2..=64).contains(&name.len()) && name.chars().all(good) {
        return Ok(());
    }
    Err(invalid(&format!(
        "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: [\\w+=,.@-]*"
    )))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new("ValidationError", message)
}
