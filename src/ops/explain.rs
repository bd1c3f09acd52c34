//! The explanation of an error code.

use serde::Serialize;

use crate::error::{Code, Failure, Kind};

/// A page of the catalogue.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainReport {
    /// The code.
    pub code: Code,
    /// What an error of it is about.
    pub kind: Kind,
    /// One line.
    pub title: &'static str,
    /// The page, markdown.
    pub page: &'static str,
}

/// The page of a code.
pub fn explain(code: &str) -> Result<ExplainReport, Failure> {
    let code: Code = code.parse()?;
    Ok(ExplainReport { code, kind: code.kind(), title: code.title(), page: code.page() })
}
