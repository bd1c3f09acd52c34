//! The user's own code, run by AWS Lambda: one folder of code, one function, its log and its role.

mod access;
mod circle;
mod environment;
mod handler;
mod models;
mod names;
mod runtime;
mod sample;
mod schedule;
mod secret;
mod stack;
mod trigger;

#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Among, Context, SettingProblem, SourceFile, Synthesis};
use crate::base::ResourceName;
use crate::error::Problem;
use crate::render::Renderer;

pub use access::Access;
pub use circle::circles;
pub use handler::file as handler_file;
pub use names::{UNIQUE, code_folder, own_function};
pub use runtime::{Architecture, Family, Runtime, is_typescript};
pub use sample::{FunctionSample, Language};
pub use schedule::Schedule;
pub use secret::{NeededSecret, PROJECT, ProjectSecret, SecretName, secrets, secrets_folder};
pub use trigger::{Trigger, followed_models, user_triggers};

pub(in crate::category) use names::arn;

/// How long CloudWatch Logs may keep events, in days ("PutRetentionPolicy" in its API reference).
const RETENTION_DAYS: [u16; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
/// Memory that Lambda gives, in MiB, and the longest time-out, in seconds ("Lambda quotas").
const MEMORY_MB: std::ops::RangeInclusive<u32> = 128..=10_240;
const TIMEOUT_S: std::ops::RangeInclusive<u32> = 1..=900;

/// Settings of a function. Its code is the folder `ampup/function/<name>/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FunctionSpec {
    /// What runs the code.
    #[serde(default)]
    pub runtime: Runtime,
    /// The file, without its ending, and the function in it: `index.handler`.
    #[serde(default = "handler")]
    pub handler: String,
    /// Memory in MiB; the processor's share follows it.
    #[serde(default = "memory")]
    pub memory: u32,
    /// How many seconds one invocation may take.
    #[serde(default = "timeout")]
    pub timeout: u32,
    /// The processor.
    #[serde(default)]
    pub architecture: Architecture,
    /// Variables that the code finds; `${env}` in a value stands for the environment's name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub environment: IndexMap<String, String>,
    /// Secrets that it may read; their values are kept by the environment alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<NeededSecret>,
    /// How many days the log is kept.
    #[serde(default = "log_retention")]
    pub log_retention: u16,
    /// How many invocations may run at the same time; as many as the account allows when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_concurrency: Option<u16>,
    /// ARNs of layers, the lowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
    /// What it may do with the project's other resources: `photos:read`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Access>,
    /// When it runs by the clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
    /// What else makes it run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    /// Patterns of events on the account's bus that make it run, as JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Who may call it by an address of its own; there is none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<UrlCallers>,
    /// The sample that the code starts as; only used by `scaffold`, never stored.
    #[serde(skip)]
    pub sample: Option<FunctionSample>,
    /// The language of that sample, where the runtime leaves it open; never stored.
    #[serde(skip)]
    pub language: Option<Language>,
}

/// Who may call a function by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UrlCallers {
    /// Whoever signs requests with credentials that may.
    Iam,
    /// Everyone.
    Public,
}

fn handler() -> String {
    "index.handler".to_owned()
}

fn memory() -> u32 {
    256
}

fn timeout() -> u32 {
    10
}

fn log_retention() -> u16 {
    30
}

impl Default for FunctionSpec {
    fn default() -> Self {
        Self {
            runtime: Runtime::default(),
            handler: handler(),
            memory: memory(),
            timeout: timeout(),
            architecture: Architecture::default(),
            environment: IndexMap::new(),
            secrets: Vec::new(),
            log_retention: log_retention(),
            reserved_concurrency: None,
            layers: Vec::new(),
            access: Vec::new(),
            schedules: Vec::new(),
            triggers: Vec::new(),
            events: Vec::new(),
            url: None,
            sample: None,
            language: None,
        }
    }
}

impl FunctionSpec {
    /// Values that their types cannot refuse.
    pub fn check(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        if !MEMORY_MB.contains(&self.memory) {
            let why = format!("Lambda gives 128 to 10240 MiB of memory, not {}", self.memory);
            problems.push(SettingProblem::new("memory", why).hint("`memory = 256`"));
        }
        if !TIMEOUT_S.contains(&self.timeout) {
            let why = format!("an invocation takes 1 to 900 seconds, not {}", self.timeout);
            problems.push(SettingProblem::new("timeout", why).hint("`timeout = 10`"));
        }
        if !RETENTION_DAYS.contains(&self.log_retention) {
            let days: Vec<String> = RETENTION_DAYS.iter().map(ToString::to_string).collect();
            let why = format!("CloudWatch keeps logs for {} days, not for {}", days.join(", "), self.log_retention);
            problems.push(SettingProblem::new("log-retention", why).hint("`log-retention = 30`"));
        }
        problems.extend(handler::check(self.runtime.family(), &self.handler));
        problems.extend(environment::check(&self.environment));
        problems.extend(secret::check(self));
        problems.extend(self.check_layers());
        for pattern in &self.events {
            let parsed = serde_json::from_str::<serde_json::Value>(pattern);
            let why = match &parsed {
                Ok(serde_json::Value::Object(members)) if !members.is_empty() => continue,
                Ok(_) => "a pattern is a JSON object with at least one member".to_owned(),
                Err(error) => format!("`{}` is no JSON: {error}", pattern.escape_debug()),
            };
            problems.push(SettingProblem::new("events", why).hint("`events = ['{\"source\": [\"shop\"]}']`"));
        }
        problems
    }

    /// Layers that Lambda would refuse: their ARNs name a version ("Lambda quotas": five of them).
    fn check_layers(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        if self.layers.len() > 5 {
            let why = format!("there are {} layers: Lambda takes five", self.layers.len());
            problems.push(SettingProblem::new("layers", why));
        }
        for layer in &self.layers {
            let parts: Vec<&str> = layer.split(':').collect();
            let good =
                matches!(parts[..], ["arn", _, "lambda", _, _, "layer", _, version] if version.parse::<u32>().is_ok());
            if !good || layer.contains(char::is_whitespace) {
                let why = format!("`{}` is no ARN of a layer's version", layer.escape_debug());
                let hint = "`arn:aws:lambda:eu-west-1:123456789012:layer:tools:3`";
                problems.push(SettingProblem::new("layers", why).hint(hint));
            }
        }
        problems
    }

    /// What only shows when it is seen with its name among the others.
    pub fn check_among(&self, among: &Among<'_>) -> Vec<SettingProblem> {
        let mut problems: Vec<SettingProblem> = names::check(among.name).into_iter().collect();
        problems.extend(access::check(&self.access, among));
        problems.extend(trigger::check(&self.triggers, among));
        problems.extend(secret::check_among(&self.secrets, among));
        problems
    }

    /// Whether a queue is made for it.
    pub fn has_queue(&self) -> bool {
        self.triggers.contains(&Trigger::Queue)
    }

    /// The code that the resource starts with.
    pub fn scaffold(&self, name: &ResourceName, render: &Renderer) -> Result<Vec<SourceFile>, Vec<Problem>> {
        match self.sample {
            Some(sample) => sample::files(sample, self, name, render),
            None => Ok(Vec::new()),
        }
    }

    /// The stack.
    pub fn synthesize(&self, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
        stack::synthesize(self, context)
    }
}
