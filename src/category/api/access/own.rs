//! The fields that the user's own resolver files answer.

use serde::Serialize;

use crate::category::api::plan::{OwnAnswer, Plan};

/// A field that a resolver file of the user's own answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnFile {
    /// The type.
    pub type_name: String,
    /// Its field.
    pub field: String,
    /// The file, relative to the project.
    pub file: String,
    /// Whether the rules of the field are checked before it; else the file alone decides who gets what.
    pub checked: bool,
}

/// The fields that files of the user answer.
pub(super) fn files(plan: &Plan) -> Vec<OwnFile> {
    let file = |(name, answer): (&String, &OwnAnswer)| {
        let (type_name, field) = name.split_once('.')?;
        let (type_name, field) = (type_name.to_owned(), field.to_owned());
        Some(OwnFile { type_name, field, file: answer.file.clone(), checked: answer.checked })
    };
    plan.own_answers.iter().filter_map(file).collect()
}

/// Whether a file of the user answers a field, and nothing is checked before it.
pub(super) fn is_left_to_file(plan: &Plan, type_name: &str, field: &str) -> bool {
    plan.own_answers.get(&format!("{type_name}.{field}")).is_some_and(|answer| !answer.checked)
}
