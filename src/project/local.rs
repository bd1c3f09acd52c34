//! What this computer alone remembers: the environment in use, the running cloud, logs.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ProjectError, disk, layout, read};
use crate::base::EnvName;
use crate::error::{Code, Problem};

/// How many logs are kept.
const LOGS_KEPT: usize = 20;

/// The content of `.ampup/local.toml`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<EnvName>,
}

/// The environment in use.
pub(super) fn environment(root: &Path) -> Result<Option<EnvName>, ProjectError> {
    let Some(bytes) = disk::read(&root.join(layout::STATE))? else { return Ok(None) };
    let state: State = toml::from_slice(&bytes).map_err(|error| {
        let message = format!("{} cannot be read: {}", layout::STATE, error.message());
        read::wrong(vec![Problem::new(Code::AMP0102, message).hint(format!("remove {}", layout::STATE))])
    })?;
    Ok(state.environment)
}

/// Puts an environment in use.
pub(super) fn use_environment(root: &Path, name: &EnvName) -> Result<(), ProjectError> {
    let text = toml::to_string(&State { environment: Some(name.clone()) }).expect("a name is plain data");
    disk::write(&root.join(layout::STATE), text.as_bytes())
}

/// The address that a running cloud wrote down.
pub(super) fn cloud_address(root: &Path) -> Result<Option<String>, ProjectError> {
    let bytes = disk::read(&root.join(layout::CLOUD_ADDRESS))?;
    let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    Ok(text.filter(|text| !text.is_empty()))
}

/// A line that was remembered by a name.
pub(super) fn remembered(root: &Path, name: &str) -> Result<Option<String>, ProjectError> {
    let bytes = disk::read(&root.join(layout::BUILD).join(name))?;
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(|text| text.trim_end().to_owned()))
}

/// Remembers a line by a name.
pub(super) fn remember(root: &Path, name: &str, line: &str) -> Result<(), ProjectError> {
    disk::write(&root.join(layout::BUILD).join(name), format!("{line}\n").as_bytes())
}

/// Writes the address down, or takes it away.
pub(super) fn set_cloud_address(root: &Path, address: Option<&str>) -> Result<(), ProjectError> {
    let path = root.join(layout::CLOUD_ADDRESS);
    match address {
        Some(address) => disk::write(&path, format!("{address}\n").as_bytes()),
        // The folder stays: the cloud's state is in it.
        None => disk::remove(path.parent().unwrap_or(root), &path),
    }
}

/// A new log; the oldest go.
pub(super) fn new_log(root: &Path, name: &str) -> Result<(PathBuf, File), ProjectError> {
    let folder = root.join(layout::LOGS);
    disk::make_folder(&folder)?;
    let path = folder.join(format!("{name}.log"));
    let file = disk::create(&path)?;
    // Names begin with their time, so the order of names is the order of time.
    let logs: Vec<String> = disk::files_below(&folder)?
        .into_iter()
        .filter(|log| log.rsplit_once('.').is_some_and(|(_, ending)| ending == "log"))
        .collect();
    for log in logs.iter().take(logs.len().saturating_sub(LOGS_KEPT)).filter(|log| **log != format!("{name}.log")) {
        disk::remove(&folder, &folder.join(log))?;
    }
    Ok((path, file))
}
