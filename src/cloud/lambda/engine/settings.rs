//! The configuration of a function: what may be said, in which limits, and what is refused by name.
//!
//! Source: `CreateFunction` in Lambda's API reference, "Lambda quotas" and "Defined runtime environment variables" of its
//! guide. The input is the wire's and CloudFormation's alike; CloudFormation may write numbers as text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::layers::MOST_LAYERS;
use crate::cloud::service::ApiError;

/// Variables that belong to the runtime ("Defined runtime environment variables").
const RESERVED: [&str; 17] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_TASK_ROOT",
];

/// The most bytes of all variables together.
const ENVIRONMENT_BYTES: usize = 4096;

/// Members whose meaning is not built. Empty ones say nothing and pass.
const UNBUILT: [&str; 9] = [
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DurableConfig",
    "FileSystemConfigs",
    "ImageConfig",
    "PublishTo",
    "SnapStart",
    "TenancyConfig",
    "VpcConfig",
];

/// The configuration of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct Settings {
    pub role: String,
    pub handler: String,
    pub runtime: String,
    pub description: String,
    /// How long one invocation may take, in seconds.
    pub timeout_s: u64,
    /// In MiB.
    pub memory_mb: u64,
    pub environment: BTreeMap<String, String>,
    /// `x86_64` or `arm64`. Kept; code runs on the machine that there is.
    pub architecture: String,
    /// Size of `/tmp` in MiB. Kept, not enforced.
    pub storage_mb: u64,
    /// `PassThrough` or `Active`. Kept; there are no traces.
    pub tracing: String,
    /// Kept; the state folder is the machine's to encrypt.
    pub kms_key: Option<String>,
    pub log_group: Option<String>,
    /// How many invocations may run at the same time, when that is limited.
    pub reserved: Option<u64>,
    /// The ARNs of the layers, in order.
    #[serde(default)]
    pub layers: Vec<String>,
    /// Where events go that failed for the last time: the ARN of a queue or topic.
    #[serde(default)]
    pub dead_letters: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            role: String::new(),
            handler: String::new(),
            runtime: String::new(),
            description: String::new(),
            timeout_s: 3,
            memory_mb: 128,
            environment: BTreeMap::new(),
            architecture: "x86_64".to_owned(),
            storage_mb: 512,
            tracing: "PassThrough".to_owned(),
            kms_key: None,
            log_group: None,
            reserved: None,
            layers: Vec::new(),
            dead_letters: None,
        }
    }
}

/// A refusal of a value, `InvalidParameterValueException`.
pub(in crate::cloud::lambda) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValueException", message)
}

/// A refusal of a member by its constraint, `ValidationException`.
pub(super) fn constraint(value: &str, member: &str, rule: &str) -> ApiError {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    );
    ApiError::new("ValidationException", message)
}

impl Settings {
    /// These settings with the members of an input in their place; what the input does not name stays.
    pub(in crate::cloud::lambda) fn with(mut self, input: &Value) -> Result<Self, ApiError> {
        refuse_unbuilt(input)?;
        let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(role) = text("Role") {
            check_role(&role)?;
            self.role = role;
        }
        if let Some(handler) = text("Handler") {
            if handler.is_empty() || handler.len() > 128 || handler.contains(char::is_whitespace) {
                return Err(constraint(&handler, "handler", "satisfy regular expression pattern: [^\\s]+"));
            }
            self.handler = handler;
        }
        if let Some(runtime) = text("Runtime") {
            check_runtime(&runtime)?;
            self.runtime = runtime;
        }
        if let Some(description) = text("Description") {
            if description.chars().count() > 256 {
                return Err(constraint(&description, "description", "have length less than or equal to 256"));
            }
            self.description = description;
        }
        if let Some(seconds) = number(input, "Timeout", "timeout", 1..=900)? {
            self.timeout_s = seconds;
        }
        if let Some(megabytes) = number(input, "MemorySize", "memorySize", 128..=10_240)? {
            self.memory_mb = megabytes;
        }
        if let Some(environment) = input.get("Environment") {
            self.environment = variables(environment.get("Variables"))?;
        }
        self.with_rest(input)
    }

    /// The members that are kept more than used.
    fn with_rest(mut self, input: &Value) -> Result<Self, ApiError> {
        match input.get("Architectures").and_then(Value::as_array).map(Vec::as_slice) {
            None | Some([]) => {}
            Some([Value::String(one)]) if one == "x86_64" || one == "arm64" => self.architecture.clone_from(one),
            Some(other) => {
                let rule = "satisfy enum value set: [x86_64, arm64]";
                return Err(constraint(&Value::from(other).to_string(), "architectures", rule));
            }
        }
        if let Some(storage) = input.get("EphemeralStorage")
            && let Some(size) = number(storage, "Size", "ephemeralStorage.size", 512..=10_240)?
        {
            self.storage_mb = size;
        }
        if let Some(mode) = input.pointer("/TracingConfig/Mode").and_then(Value::as_str) {
            if !matches!(mode, "Active" | "PassThrough") {
                return Err(constraint(mode, "tracingConfig.mode", "satisfy enum value set: [Active, PassThrough]"));
            }
            mode.clone_into(&mut self.tracing);
        }
        for name in ["KMSKeyArn", "KmsKeyArn"] {
            if let Some(key) = input.get(name).and_then(Value::as_str) {
                self.kms_key = (!key.is_empty()).then(|| key.to_owned());
            }
        }
        if let Some(logging) = input.get("LoggingConfig").and_then(Value::as_object) {
            let format = logging.get("LogFormat").and_then(Value::as_str).unwrap_or("Text");
            if format != "Text" {
                return Err(ApiError::not_built("lambda", &format!("LoggingConfig with LogFormat {format}")));
            }
            self.log_group = logging.get("LogGroup").and_then(Value::as_str).map(str::to_owned);
        }
        if let Some(reserved) = reserved(input)? {
            self.reserved = Some(reserved);
        }
        if let Some(layers) = input.get("Layers").and_then(Value::as_array) {
            self.layers = layers.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            if self.layers.len() > MOST_LAYERS {
                return Err(constraint(
                    &Value::from(layers.clone()).to_string(),
                    "layers",
                    "have length less than or equal to 5",
                ));
            }
        }
        if let Some(config) = input.get("DeadLetterConfig") {
            let arn = config.get("TargetArn").and_then(Value::as_str).filter(|arn| !arn.is_empty());
            if let Some(arn) = arn.filter(|arn| !matches!(arn.split(':').nth(2), Some("sqs" | "sns"))) {
                return Err(invalid(format!(
                    "The provided target {arn} for the DeadLetterConfig must be a queue of SQS or a topic of SNS."
                )));
            }
            self.dead_letters = arn.map(str::to_owned);
        }
        if let Some(kind) = input.get("PackageType").and_then(Value::as_str).filter(|kind| *kind != "Zip") {
            return Err(ApiError::not_built("lambda", &format!("functions of PackageType {kind}")));
        }
        Ok(self)
    }

    /// What a function of an archive must have.
    pub(in crate::cloud::lambda) fn check_complete(&self) -> Result<(), ApiError> {
        if self.role.is_empty() {
            return Err(constraint("null", "role", "not be null"));
        }
        if self.runtime.is_empty() || self.handler.is_empty() {
            let message =
                "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
            return Err(invalid(message));
        }
        Ok(())
    }
}

/// How many invocations an input reserves.
pub(super) fn reserved(input: &Value) -> Result<Option<u64>, ApiError> {
    number(input, "ReservedConcurrentExecutions", "reservedConcurrentExecutions", 0..=1000)
}

fn refuse_unbuilt(input: &Value) -> Result<(), ApiError> {
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        // `{"SubnetIds": [], "SecurityGroupIds": []}`, `{"ApplyOn": "None"}` ask for nothing.
        Value::Object(members) => members.values().any(|member| match member {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty() && text != "None",
            Value::Array(items) => !items.is_empty(),
            _ => true,
        }),
        _ => true,
    };
    match UNBUILT.iter().find(|name| input.get(**name).is_some_and(says)) {
        Some(name) => Err(ApiError::not_built("lambda", &format!("functions with {name}"))),
        None => Ok(()),
    }
}

fn check_role(role: &str) -> Result<(), ApiError> {
    let rest = role.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    let good = rest.is_some_and(|(account, name)| {
        account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty()
    });
    if good {
        return Ok(());
    }
    let rule = "satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";
    Err(constraint(role, "role", rule))
}

/// Runtimes by their family; the machine has one version of each interpreter, which then runs it.
fn check_runtime(runtime: &str) -> Result<(), ApiError> {
    let versioned = |prefix: &str, suffix: &str| {
        runtime.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix)).is_some_and(|version| {
            !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        })
    };
    if versioned("nodejs", ".x") || versioned("python", "") || matches!(runtime, "provided.al2" | "provided.al2023") {
        return Ok(());
    }
    if ["java", "dotnet", "ruby", "go1", "provided"].iter().any(|family| runtime.starts_with(family)) {
        return Err(ApiError::not_built("lambda", &format!("functions of the runtime {runtime}")));
    }
    Err(invalid(format!(
        "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs24.x, \
         nodejs22.x, nodejs20.x, python3.14, python3.13, python3.12, python3.11, provided.al2023, provided.al2] or be \
         a valid ARN"
    )))
}

/// A whole number in its limits; CloudFormation may give it as text.
pub(super) fn number(
    input: &Value,
    name: &str,
    member: &str,
    limits: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, ApiError> {
    let value = match input.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let read: i64 = shown
        .parse()
        .map_err(|_| ApiError::new("SerializationException", format!("{name} must be a whole number, not {shown}")))?;
    let (least, most) = (*limits.start(), *limits.end());
    match u64::try_from(read) {
        Ok(read) if limits.contains(&read) => Ok(Some(read)),
        Ok(read) if read > most => Err(constraint(&shown, member, &format!("have value less than or equal to {most}"))),
        _ => Err(constraint(&shown, member, &format!("have value greater than or equal to {least}"))),
    }
}

fn variables(given: Option<&Value>) -> Result<BTreeMap<String, String>, ApiError> {
    let mut found = BTreeMap::new();
    for (name, value) in given.and_then(Value::as_object).into_iter().flatten() {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(invalid(format!("the environment variable {name} must be a text"))),
        };
        let mut letters = name.chars();
        let good = name.len() > 1
            && letters.next().is_some_and(|letter| letter.is_ascii_alphabetic() || name == "_HANDLER")
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !good || value.contains('\0') {
            return Err(constraint(
                name,
                "environment.variables",
                "satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+",
            ));
        }
        found.insert(name.clone(), value);
    }
    let reserved: Vec<&str> = found.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    let bytes: usize = found.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > ENVIRONMENT_BYTES {
        return Err(invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the 4KB limit.",
        ));
    }
    Ok(found)
}
