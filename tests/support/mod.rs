//! What the suites share.

pub(crate) mod api;
pub(crate) mod callers;
pub(crate) mod doorkeeper;
pub(crate) mod evaluate;
pub(crate) mod files;
pub(crate) mod functions;
pub(crate) mod http;
pub(crate) mod issuer;
pub(crate) mod roles;
pub(crate) mod sandbox;
pub(crate) mod sigv4;
pub(crate) mod socket;
pub(crate) mod stub;
pub(crate) mod users;

use std::path::{Path, PathBuf};

/// Every file below a folder with an extension, sorted; `node_modules` is passed over.
pub(crate) fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "node_modules") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A path below the project, with `/` between the parts.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_string_lossy().replace('\\', "/")
}

/// The folder of the project.
pub(crate) fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
