//! The schema compiler alone, for scripts and conformance runs.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{OperationError, backend};
use crate::error::Failure;

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct CompileReport {
    /// The folder.
    pub out: String,
    /// The files in it.
    pub files: Vec<String>,
}

/// Compiles a schema into a folder.
pub fn compile(schema: &Path, options: Option<&Path>, out: &Path) -> Result<CompileReport, Failure> {
    let text = read(schema)?;
    let options = options.map_or_else(|| Ok("{}".to_owned()), read)?;
    let files = crate::category::api::conformance::compile_case(&schema.display().to_string(), &text, &options);
    let files = files.map_err(backend::problems)?;
    let failed = |path: PathBuf| {
        let path = path.display().to_string();
        move |source| OperationError::File { path, action: "written", source }
    };
    std::fs::create_dir_all(out).map_err(failed(out.to_owned()))?;
    for (name, text) in &files {
        let path = out.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed(folder.to_owned()))?;
        }
        std::fs::write(&path, text).map_err(failed(path.clone()))?;
    }
    Ok(CompileReport { out: out.display().to_string(), files: files.into_keys().collect() })
}

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|source| OperationError::File { path: path.display().to_string(), action: "read", source }.into())
}
