//! Layers: archives that functions share, and the folder in which those of a function lie together.
//!
//! Source: "Managing Lambda dependencies with layers" of the Lambda guide. On AWS the folder is `/opt`; here it is a
//! folder of the state, whose path the variables `PATH`, `NODE_PATH`, `PYTHONPATH` and `LD_LIBRARY_PATH` have. Code
//! that names `/opt` itself does not find it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::record::{Code, Function};
use super::settings::{constraint, invalid};
use super::{Engine, Source, not_found};
use crate::cloud::service::{ApiError, Shared};

/// How many layers a function may have ("Lambda quotas").
pub(super) const MOST_LAYERS: usize = 5;

/// One version of a layer as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct LayerVersion {
    pub name: String,
    pub version: u64,
    pub description: String,
    pub license: Option<String>,
    pub runtimes: Vec<String>,
    pub architectures: Vec<String>,
    pub code: Code,
    pub created_ms: i64,
}

/// The ARN of a layer.
pub(in crate::cloud::lambda) fn layer_arn(shared: &Shared, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:layer:{name}", shared.region, shared.account)
}

fn layer_key(name: &str, version: u64) -> String {
    format!("{name}:{version:010}")
}

impl LayerVersion {
    pub(in crate::cloud::lambda) fn arn(&self, shared: &Shared) -> String {
        format!("{}:{}", layer_arn(shared, &self.name), self.version)
    }

    /// The version as lists give it.
    pub(in crate::cloud::lambda) fn summary(&self, shared: &Shared) -> Value {
        let mut told = json!({
            "LayerVersionArn": self.arn(shared), "Version": self.version, "Description": self.description,
            "CreatedDate": crate::base::clock::iso_ms(self.created_ms).replace('Z', "+0000"),
        });
        if let Some(license) = &self.license {
            told["LicenseInfo"] = json!(license);
        }
        for (name, list) in [("CompatibleRuntimes", &self.runtimes), ("CompatibleArchitectures", &self.architectures)] {
            if !list.is_empty() {
                told[name] = json!(list);
            }
        }
        told
    }

    /// The version with where its content lies.
    pub(in crate::cloud::lambda) fn described(&self, shared: &Shared) -> Value {
        let location = format!(
            "{}/2018-10-31/layers/{}/versions/{}/archive?ticket={}",
            shared.endpoint, self.name, self.version, self.code.ticket
        );
        let mut told = self.summary(shared);
        told["LayerArn"] = json!(layer_arn(shared, &self.name));
        told["Content"] = json!({"Location": location, "CodeSha256": self.code.sha256, "CodeSize": self.code.bytes});
        told
    }
}

impl Engine {
    /// Publishes a version of a layer.
    pub(in crate::cloud::lambda) fn publish_layer(
        &self,
        name: &str,
        input: &Value,
        source: &Source,
    ) -> Result<LayerVersion, ApiError> {
        let good = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if !(1..=140).contains(&name.len()) || !name.chars().all(good) {
            let rule = "satisfy regular expression pattern: [a-zA-Z0-9-_]+";
            return Err(constraint(name, "layerName", rule));
        }
        let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        let texts = |name: &str| -> Vec<String> {
            let list = input.get(name).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        // The numbers of versions that were deleted are not given again.
        let version = self.layer_counts.get(name).unwrap_or_default() + 1;
        let layer = LayerVersion {
            name: name.to_owned(),
            version,
            description: text("Description").unwrap_or_default(),
            license: text("LicenseInfo"),
            runtimes: texts("CompatibleRuntimes"),
            architectures: texts("CompatibleArchitectures"),
            code: self.keep(source)?,
            created_ms: self.shared.clock.now_ms(),
        };
        self.layers.put(&layer_key(name, version), &layer)?;
        self.layer_counts.put(name, &version)?;
        Ok(layer)
    }

    /// The versions of a layer, latest first; of all layers for an empty name.
    pub(in crate::cloud::lambda) fn layer_versions(&self, name: &str) -> Vec<LayerVersion> {
        let prefix = if name.is_empty() { String::new() } else { format!("{name}:") };
        self.layers.starting_with(&prefix).into_iter().rev().map(|(_, layer)| layer).collect()
    }

    /// A version of a layer, or `ResourceNotFoundException`.
    pub(in crate::cloud::lambda) fn layer(&self, name: &str, version: &str) -> Result<LayerVersion, ApiError> {
        let found = version.parse().ok().and_then(|version| self.layers.get(&layer_key(name, version)));
        found.ok_or_else(|| not_found("The resource you requested does not exist."))
    }

    /// A version of a layer by its ARN.
    pub(in crate::cloud::lambda) fn layer_by_arn(&self, arn: &str) -> Result<LayerVersion, ApiError> {
        let rest = arn.strip_prefix(&layer_arn(&self.shared, ""));
        let (name, version) = rest
            .and_then(|rest| rest.split_once(':'))
            .ok_or_else(|| not_found(format!("Layer version {arn} does not exist in this cloud.")))?;
        self.layer(name, version)
    }

    /// Deletes a version. Functions that have it keep it.
    pub(in crate::cloud::lambda) fn delete_layer(&self, name: &str, version: &str) -> Result<(), ApiError> {
        if let Ok(layer) = self.layer(name, version) {
            self.layers.remove(&layer_key(&layer.name, layer.version))?;
            self.sweep();
        }
        Ok(())
    }

    /// The layers of a function by their ARNs, with their code; refused when one does not exist.
    pub(super) fn attached(&self, arns: &[String]) -> Result<Vec<Attached>, ApiError> {
        let find = |arn: &String| {
            let layer = self.layer_by_arn(arn).map_err(|_| invalid(format!("Layer version {arn} does not exist.")))?;
            Ok(Attached { arn: arn.clone(), key: layer.code.key, bytes: layer.code.bytes })
        };
        arns.iter().map(find).collect()
    }

    /// The folder with the layers of a function, one over the other; `None` without layers.
    pub(super) fn layer_folder(&self, function: &Function) -> io::Result<Option<PathBuf>> {
        if function.layers.is_empty() {
            return Ok(None);
        }
        let folder = self.code.folder(&opt_key(function));
        if !folder.is_dir() {
            let fresh = self.code.folder(&format!("new-{}", self.shared.ids.uuid()));
            for layer in &function.layers {
                merge(&self.code.folder(&layer.key), &fresh)?;
            }
            // Another process may have made it meanwhile; then this one is not needed.
            if fs::rename(&fresh, &folder).is_err() {
                fs::remove_dir_all(&fresh)?;
            }
        }
        Ok(folder.is_dir().then_some(folder))
    }
}

/// A layer of a function, kept with it: it stays when the layer is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct Attached {
    pub arn: String,
    pub key: String,
    pub bytes: u64,
}

/// The name of the folder with the layers of a function.
pub(super) fn opt_key(function: &Function) -> String {
    let mut hash = Sha256::new();
    for layer in &function.layers {
        hash.update(&layer.key);
    }
    format!("opt-{}", hex::encode(hash.finalize()))
}

/// Puts the files of one folder into another; the later one wins. They are the same files, not copies.
fn merge(from: &Path, into: &Path) -> io::Result<()> {
    fs::create_dir_all(into)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = into.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            merge(&entry.path(), &target)?;
            continue;
        }
        if target.symlink_metadata().is_ok() {
            fs::remove_file(&target)?;
        }
        // File systems without hard links have copies.
        fs::hard_link(entry.path(), &target).or_else(|_| fs::copy(entry.path(), &target).map(|_| ()))?;
    }
    Ok(())
}
