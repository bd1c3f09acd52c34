//! The two faces of every result: one JSON document, and text for a person.

use std::fmt::{self, Write};

use serde::Serialize;

use super::style::{Style, Tone, clean};
use crate::error::ExitStatus;

/// Every command ends in one of these. `Serialize` is the JSON face; `human` is the other.
pub trait Report: Serialize {
    /// Name and version of the JSON document: `ampup.push/1`.
    const SCHEMA: &'static str;

    /// Writes the text for a person.
    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result;

    /// How the program ends after it.
    fn exit(&self) -> ExitStatus {
        ExitStatus::Success
    }
}

/// The document of a report: its schema first, then its fields.
pub(super) fn document<R: Report>(report: &R) -> Result<String, serde_json::Error> {
    let mut fields = serde_json::Map::new();
    fields.insert("schema".to_owned(), R::SCHEMA.into());
    if let serde_json::Value::Object(own) = serde_json::to_value(report)? {
        fields.extend(own);
    }
    serde_json::to_string_pretty(&fields).map(|text| text + "\n")
}

/// What a report is written on.
#[derive(Debug)]
pub struct Paper<'a> {
    text: &'a mut String,
    style: Style,
}

impl<'a> Paper<'a> {
    /// Paper over `text`.
    pub fn new(text: &'a mut String, style: Style) -> Self {
        Self { text, style }
    }

    /// How text is dressed here.
    pub fn style(&self) -> Style {
        self.style
    }

    /// The text in a tone, its control characters escaped.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        self.style.paint(tone, &clean(text))
    }

    /// One line.
    pub fn line(&mut self, text: impl fmt::Display) -> fmt::Result {
        writeln!(self.text, "{text}")
    }

    /// An empty line.
    pub fn blank(&mut self) -> fmt::Result {
        self.line("")
    }

    /// Indented rows of a name and a value, the values below each other. Empty values are left out.
    pub fn pairs(&mut self, rows: &[(&str, String)]) -> fmt::Result {
        let rows: Vec<_> = rows.iter().filter(|(_, value)| !value.is_empty()).collect();
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(10);
        for (name, value) in rows {
            self.line(format_args!("  {name:width$}  {}", clean(value)))?;
        }
        Ok(())
    }

    /// The commands that come next, each with what it does.
    pub fn next(&mut self, rows: &[(&str, &str)]) -> fmt::Result {
        self.blank()?;
        self.line("Next")?;
        let width = rows.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
        for (command, purpose) in rows {
            let command = self.paint(Tone::Accent, &format!("{command:width$}"));
            self.line(format_args!("  {command}  {purpose}"))?;
        }
        Ok(())
    }
}
