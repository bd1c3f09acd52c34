//! Functions as stored.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::destinations::EventConfig;
use super::layers::Attached;
use super::names::LATEST;
use super::settings::Settings;
use super::versions::Alias;

/// A function as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct Function {
    pub name: String,
    pub arn: String,
    /// `$LATEST`, or the number of a version that was published.
    #[serde(default = "latest")]
    pub version: String,
    pub settings: Settings,
    pub code: Code,
    /// The layers with their code, in order.
    #[serde(default)]
    pub layers: Vec<Attached>,
    /// Changes with every change.
    pub revision: String,
    /// Changes with every change of code or configuration: processes run one build.
    pub build: String,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
    pub tags: BTreeMap<String, String>,
    /// The statements of the resource policy by their ids.
    pub statements: IndexMap<String, Value>,
    /// The same for versions and aliases, by their names. These members are empty in rows of versions.
    #[serde(default)]
    pub policies: BTreeMap<String, IndexMap<String, Value>>,
    #[serde(default)]
    pub aliases: BTreeMap<String, Alias>,
    /// What asynchronous invocations are held to, by qualifier.
    #[serde(default)]
    pub event_configs: BTreeMap<String, EventConfig>,
    /// The number of the last version that was published.
    #[serde(default)]
    pub last_version: u64,
}

/// Where the code of a function lies.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(in crate::cloud::lambda) struct Code {
    /// SHA-256 of the archive in hexadecimal: the name of its folder.
    pub key: String,
    /// The same in Base64, as the API gives it.
    pub sha256: String,
    /// Size of the archive in bytes.
    pub bytes: u64,
    /// What must be known to fetch the archive.
    pub ticket: String,
}

fn latest() -> String {
    LATEST.to_owned()
}

impl Function {
    /// What its processes are known by: the name and the version.
    pub(in crate::cloud::lambda) fn key(&self) -> String {
        format!("{}:{}", self.name, self.version)
    }

    /// The configuration as the API gives it.
    pub(in crate::cloud::lambda) fn configuration(&self) -> Value {
        let settings = &self.settings;
        let mut fields = json!({
            "FunctionName": self.name, "FunctionArn": self.arn, "Runtime": settings.runtime, "Role": settings.role,
            "Handler": settings.handler, "CodeSize": self.code.bytes, "Description": settings.description,
            "Timeout": settings.timeout_s, "MemorySize": settings.memory_mb,
            "LastModified": self.modified_text(), "CodeSha256": self.code.sha256, "Version": self.version,
            "TracingConfig": {"Mode": settings.tracing}, "RevisionId": self.revision, "State": "Active",
            "LastUpdateStatus": "Successful", "PackageType": "Zip", "Architectures": [settings.architecture],
            "EphemeralStorage": {"Size": settings.storage_mb},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": self.log_group()},
        });
        if !settings.environment.is_empty() {
            fields["Environment"] = json!({"Variables": settings.environment});
        }
        if let Some(key) = &settings.kms_key {
            fields["KMSKeyArn"] = json!(key);
        }
        if !self.layers.is_empty() {
            let told = self.layers.iter().map(|layer| json!({"Arn": layer.arn, "CodeSize": layer.bytes}));
            fields["Layers"] = told.collect();
        }
        if let Some(arn) = &settings.dead_letters {
            fields["DeadLetterConfig"] = json!({"TargetArn": arn});
        }
        fields
    }

    /// The log group of its invocations.
    pub(in crate::cloud::lambda) fn log_group(&self) -> String {
        self.settings.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", self.name))
    }

    /// Lambda writes the zone without a colon: `2026-01-02T03:04:05.678+0000`.
    fn modified_text(&self) -> String {
        crate::base::clock::iso_ms(self.modified_ms).replace('Z', "+0000")
    }

    /// The statements for a qualifier; `$LATEST` has its own, beside those of the function.
    pub(in crate::cloud::lambda) fn statements_of_mut(
        &mut self,
        qualifier: Option<&str>,
    ) -> &mut IndexMap<String, Value> {
        match qualifier {
            None => &mut self.statements,
            Some(qualifier) => self.policies.entry(qualifier.to_owned()).or_default(),
        }
    }

    /// The resource policy for a qualifier as the API gives it; `None` when there are no statements.
    pub(in crate::cloud::lambda) fn policy(&self, qualifier: Option<&str>) -> Option<Value> {
        let own = match qualifier {
            None => Some(&self.statements),
            Some(qualifier) => self.policies.get(qualifier),
        };
        let statements: Vec<&Value> = own?.values().collect();
        (!statements.is_empty()).then(|| json!({"Version": "2012-10-17", "Id": "default", "Statement": statements}))
    }
}
