//! The data sources of a stack that are no tables: those stand with their tables, and others with what they need.

use serde::Serialize;

use super::names::Names;
use super::{search, services};
use crate::category::api::plan::{Plan, Source};

/// A data source as the template writes it.
#[derive(Debug, Serialize)]
pub(super) struct SourceEntry {
    /// Logical id.
    id: String,
    /// What it is, as a comment.
    comment: &'static str,
    label: String,
    /// Its name in AppSync.
    name: String,
    /// AppSync's type of it.
    kind: &'static str,
}

/// Logical id of a data source.
pub(super) fn id(plan: &Plan, names: &Names, source: &str) -> String {
    match plan.sources.get(source) {
        Some(Source::Table { model }) => format!("{}DataSource", names.model(model)),
        Some(Source::Sql { .. }) => "SqlSource".to_owned(),
        Some(Source::Service { service }) => services::id(source, service),
        Some(Source::Speech) => services::SPEECH_ID.to_owned(),
        Some(Source::ConversationHandler { .. }) => services::handler_id(source),
        Some(Source::Search) => search::SOURCE_ID.to_owned(),
        Some(Source::None) | None => "NoneSource".to_owned(),
    }
}

/// The data sources that something uses.
pub(super) fn sources(plan: &Plan, used: impl Fn(&str) -> bool) -> Vec<SourceEntry> {
    let entry = |(name, source): (&String, &Source)| match source {
        // These stand with what they need.
        Source::Table { .. }
        | Source::Sql { .. }
        | Source::Search
        | Source::Service { .. }
        | Source::Speech
        | Source::ConversationHandler { .. } => None,
        Source::None => Some(SourceEntry {
            id: "NoneSource".to_owned(),
            comment: "For fields that need no data of their own.",
            label: "data source without data".to_owned(),
            name: name.clone(),
            kind: "NONE",
        }),
    };
    plan.sources.iter().filter(|(name, _)| used(name)).filter_map(entry).collect()
}
