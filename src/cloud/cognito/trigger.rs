//! Lambda triggers of user pools: which functions a pool asks, the frame of the event, and what an answer or a failure
//! means.
//!
//! Source: "Customizing user pool workflows with Lambda triggers" of the Cognito developer guide.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Core;
use super::client::Client;
use super::fault::invalid;
use super::input::Input;
use super::pool::Pool;
use super::user::User;
use crate::cloud::lambda::{Asked, Invoker, Lambda, ServiceVisitor};
use crate::cloud::service::ApiError;

/// How long a function may take, and how often it is asked when it takes longer.
const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: usize = 3;

/// Members of `LambdaConfig` that are the ARN of a function.
const FUNCTIONS: [&str; 10] = [
    "PreSignUp",
    "CustomMessage",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "DefineAuthChallenge",
    "CreateAuthChallenge",
    "VerifyAuthChallengeResponse",
    "PreTokenGeneration",
    "UserMigration",
];

/// What came of asking a function.
pub(super) enum Heard {
    /// It answered with these bytes.
    Answer(Vec<u8>),
    /// It failed with this message.
    Failed(String),
    /// Lambda refused with this code.
    Refused(String),
    /// It took longer than it may.
    TooLate,
}

/// Who runs the functions of triggers.
pub(super) trait Functions: Send + Sync {
    /// Invokes a function in the name of a pool and waits for its answer; it blocks the thread.
    fn ask(&self, function: &str, pool_arn: &str, event: &Value) -> Heard;
}

impl Functions for Arc<Lambda> {
    fn ask(&self, function: &str, pool_arn: &str, event: &Value) -> Heard {
        let visitor = ServiceVisitor { service: "cognito-idp.amazonaws.com", source_arn: pool_arn };
        let asked = Asked::new(function, event.to_string(), Invoker::Service(visitor));
        let answer = tokio::runtime::Handle::current()
            .block_on(async { tokio::time::timeout(PATIENCE, self.invoke(asked)).await });
        match answer {
            Err(_) => Heard::TooLate,
            Ok(Err(error)) => Heard::Refused(error.code),
            Ok(Ok(invocation)) if invocation.failed => {
                let error: Value = serde_json::from_slice(&invocation.payload).unwrap_or_default();
                Heard::Failed(error["errorMessage"].as_str().unwrap_or_default().to_owned())
            }
            Ok(Ok(invocation)) => Heard::Answer(invocation.payload.to_vec()),
        }
    }
}

/// `LambdaConfig` as it is kept: checked, and both members of the token trigger there when one is.
pub(super) fn accepted(config: &Value, action: &str) -> Result<Value, ApiError> {
    let mut kept = Map::new();
    for (name, value) in config.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            function if FUNCTIONS.contains(&function) => {
                check_arn(value.as_str().unwrap_or_default(), function)?;
                kept.insert(name.clone(), value.clone());
            }
            "PreTokenGenerationConfig" => {
                check_arn(value["LambdaArn"].as_str().unwrap_or_default(), "PreTokenGenerationConfig.LambdaArn")?;
                let version = value["LambdaVersion"].as_str().unwrap_or_default();
                if !matches!(version, "V1_0" | "V2_0" | "V3_0") {
                    return Err(invalid(format!(
                        "1 validation error detected: Value '{version}' at 'lambdaConfig.preTokenGenerationConfig.\
                         lambdaVersion' failed to satisfy constraint: Member must satisfy enum value set: [V1_0, V2_0, V3_0]"
                    )));
                }
                kept.insert(name.clone(), value.clone());
            }
            _ => return Err(ApiError::not_built("cognito-idp", &format!("{action} with LambdaConfig.{name}"))),
        }
    }
    match (kept.get("PreTokenGeneration").cloned(), kept.get("PreTokenGenerationConfig").cloned()) {
        (Some(function), Some(config)) if config["LambdaArn"] != function => {
            return Err(invalid("PreTokenGeneration and PreTokenGenerationConfig must name the same function."));
        }
        (None, Some(config)) => {
            kept.insert("PreTokenGeneration".to_owned(), config["LambdaArn"].clone());
        }
        (Some(function), None) => {
            let config = json!({ "LambdaVersion": "V1_0", "LambdaArn": function });
            kept.insert("PreTokenGenerationConfig".to_owned(), config);
        }
        _ => {}
    }
    Ok(Value::Object(kept))
}

fn check_arn(arn: &str, member: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = arn.split(':').collect();
    let right = parts.len() >= 6
        && parts.len() <= 8
        && parts[0] == "arn"
        && parts.iter().all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
        && parts[4].bytes().all(|byte| byte.is_ascii_digit());
    if right {
        return Ok(());
    }
    let member = format!("{}{}", member[..1].to_lowercase(), &member[1..]);
    Err(invalid(format!(
        "1 validation error detected: Value '{arn}' at 'lambdaConfig.{member}' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: arn:[\\w+=/,.@-]+:[\\w+=/,.@-]+:([\\w+=/,.@-]*)?:[0-9]+:[\\w+=/,.@-]+\
         (:[\\w+=/,.@-]+)?(:[\\w+=/,.@-]+)?"
    )))
}

/// Who set off a trigger: the client, and the data that the caller gave for functions.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub client_id: &'a str,
    pub metadata: Option<&'a Value>,
}

impl<'a> Origin<'a> {
    /// A call through a client of the pool.
    pub(super) fn client(client: &'a Client, input: Input<'a>) -> Self {
        Self { client_id: &client.id, metadata: metadata(input) }
    }

    /// A call with rights of the account, which names no client.
    pub(super) fn admin(input: Input<'a>) -> Self {
        Self { client_id: "CLIENT_ID_NOT_APPLICABLE", metadata: metadata(input) }
    }

    /// The same caller, whose data the functions that follow do not get.
    pub(super) fn without_metadata(self) -> Self {
        Self { metadata: None, ..self }
    }

    /// A request of a trigger, with `clientMetadata` when there is some.
    pub(super) fn request(self, mut members: Value) -> Value {
        if let Some(metadata) = self.metadata {
            members["clientMetadata"] = metadata.clone();
        }
        members
    }
}

fn metadata(input: Input<'_>) -> Option<&Value> {
    input.get("ClientMetadata").filter(|given| given.as_object().is_some_and(|members| !members.is_empty()))
}

/// What a function is asked.
pub(super) struct Question<'a> {
    /// The member of `LambdaConfig`.
    pub trigger: &'static str,
    /// `triggerSource`: the occasion.
    pub source: &'a str,
    pub username: &'a str,
    pub request: Value,
    /// The members of the answer, as they are when the function sets none.
    pub response: Value,
}

/// The `response` of a function's answer.
pub(super) struct Answer(pub Map<String, Value>);

impl Answer {
    /// A member that is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A boolean; false when the function set none.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
            Some(_) => Err(unrecognizable()),
        }
    }

    /// A text, when the function set one.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(unrecognizable()),
        }
    }

    /// An object of texts, empty when the function set none. Numbers and booleans are taken as text.
    pub(super) fn texts(&self, name: &str) -> Result<Map<String, Value>, ApiError> {
        match self.get(name) {
            None => Ok(Map::new()),
            Some(Value::Object(members)) => members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| Ok((name.clone(), Value::String(scalar(value)?))))
                .collect(),
            Some(_) => Err(unrecognizable()),
        }
    }
}

/// A text, number or boolean as text.
pub(super) fn scalar(value: &Value) -> Result<String, ApiError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(unrecognizable()),
    }
}

/// What a caller is told when a function's answer is none.
pub(super) fn unrecognizable() -> ApiError {
    ApiError::new("InvalidLambdaResponseException", "Unrecognizable lambda output")
}

/// `userAttributes` of a user who is there.
pub(super) fn attributes(user: &User) -> Value {
    let mut shown: Map<String, Value> =
        user.attributes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    shown.insert("sub".to_owned(), json!(user.sub));
    shown.insert("cognito:user_status".to_owned(), json!(user.status.name()));
    Value::Object(shown)
}

impl Pool {
    /// The ARN of the function that the pool asks on an occasion.
    pub(super) fn trigger(&self, name: &str) -> Option<&str> {
        self.settings.get("LambdaConfig")?.get(name)?.as_str()
    }

    /// Which form the token trigger has: 1, 2 or 3.
    pub(super) fn token_trigger_version(&self) -> &str {
        let version = self.settings.get("LambdaConfig").and_then(|config| {
            config["PreTokenGenerationConfig"]["LambdaVersion"].as_str()?.strip_prefix('V')?.strip_suffix("_0")
        });
        version.unwrap_or("1")
    }
}

impl Core {
    /// Asks the function of a trigger; nothing when the pool has none. No lock may be held: the function may call
    /// this pool.
    ///
    /// # Errors
    /// `UserLambdaValidationException` when the function fails, `UnexpectedLambdaException` when it cannot be asked or
    /// takes too long, `InvalidLambdaResponseException` when its answer is none.
    pub(super) fn ask(
        &self,
        pool: &Pool,
        origin: Origin<'_>,
        question: Question<'_>,
    ) -> Result<Option<Answer>, ApiError> {
        let Question { trigger, source, username, request, response } = question;
        let Some(function) = pool.trigger(trigger) else {
            return Ok(None);
        };
        let event = json!({
            "version": if trigger == "PreTokenGeneration" { pool.token_trigger_version() } else { "1" },
            "region": self.shared.region.as_str(),
            "userPoolId": pool.id,
            "userName": username,
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": origin.client_id },
            "triggerSource": source,
            "request": request,
            "response": response,
        });
        let unexpected = |why: &str| {
            Err(ApiError::new("UnexpectedLambdaException", format!("{trigger} invocation failed due to error {why}.")))
        };
        let mut heard = (0..TRIES).map(|_| self.functions.ask(function, &pool.arn, &event));
        match heard.find(|heard| !matches!(heard, Heard::TooLate)) {
            None | Some(Heard::TooLate) => unexpected("Socket timeout while invoking Lambda function"),
            Some(Heard::Refused(code)) => unexpected(&code),
            Some(Heard::Failed(message)) => {
                let text = format!("{trigger} failed with error {message}.");
                Err(ApiError::new("UserLambdaValidationException", text))
            }
            Some(Heard::Answer(bytes)) => match serde_json::from_slice::<Value>(&bytes) {
                Ok(Value::Object(mut event)) => match event.remove("response") {
                    Some(Value::Object(response)) => Ok(Some(Answer(response))),
                    _ => Err(unrecognizable()),
                },
                _ => Err(unrecognizable()),
            },
        }
    }
}
