//! The user's own code, run by AWS Lambda: one folder of code, one function, its log and its role.

mod environment;
mod handler;
mod names;
mod runtime;
mod sample;
mod stack;

#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Context, SettingProblem, SourceFile, Synthesis};
use crate::base::ResourceName;
use crate::error::Problem;
use crate::render::Renderer;

pub use names::{UNIQUE, code_folder, own_function};
pub use runtime::{Architecture, Family, Runtime};
pub use sample::FunctionSample;

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
    /// How many days the log is kept.
    #[serde(default = "log_retention")]
    pub log_retention: u16,
    /// The sample that the code starts as; only used by `scaffold`, never stored.
    #[serde(skip)]
    pub sample: Option<FunctionSample>,
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
            log_retention: log_retention(),
            sample: None,
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
        problems
    }

    /// What only shows when the name is known.
    pub fn check_named(&self, name: &ResourceName) -> Vec<SettingProblem> {
        names::check(name).into_iter().collect()
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
