//! One of many faults in the user's material, with its place.

use std::fmt;

use serde::Serialize;

use super::{Code, Diagnose, Hint};
use crate::base::Location;

/// A fault in the user's material. Rooms that read such material return all of them at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its code.
    pub code: Code,
    /// `what happened: why`, lower case, no full stop.
    pub message: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The line of the file, to be shown with a mark below it.
    #[serde(skip)]
    pub excerpt: Option<Excerpt>,
    /// Commands or edits that help.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Hint>,
}

/// A line of the user's file and the part of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The whole line, without its end.
    pub line: String,
    /// First character that is meant, from 0.
    pub start: usize,
    /// How many characters are meant, at least 1.
    pub length: usize,
}

impl Problem {
    /// A problem without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), location: None, excerpt: None, hints: Vec::new() }
    }

    /// The same problem, at a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// The same problem, at the bytes `span` of `text`, the content of `file`.
    #[must_use]
    pub fn at_span(mut self, file: &str, text: &str, span: std::ops::Range<usize>) -> Self {
        let location = Location::at_offset(file, text, span.start);
        let line = text.lines().nth(location.line - 1).unwrap_or_default().to_owned();
        let start = location.column - 1;
        let meant = text.get(span).map_or(1, |part| part.lines().next().unwrap_or_default().chars().count());
        let room = line.chars().count().saturating_sub(start);
        self.excerpt = Some(Excerpt { length: meant.clamp(1, room.max(1)), start, line });
        self.location = Some(location);
        self
    }

    /// The same problem with one more hint.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(Hint::new(text));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(formatter, "{location}: {}", self.message),
            None => formatter.write_str(&self.message),
        }
    }
}

/// All faults that were found, at least one, by file, line and column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Sorts them by place; `None` when there are none.
    pub fn some(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort_by(|left, right| left.location.cmp(&right.location));
        problems.dedup();
        (!problems.is_empty()).then_some(Self(problems))
    }

    /// Each of them.
    pub fn list(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [one] => one.fmt(formatter),
            many => write!(formatter, "{} problems were found", many.len()),
        }
    }
}

impl std::error::Error for Problems {}

impl Diagnose for Problems {
    fn code(&self) -> Code {
        self.0.first().map_or(Code::AMP0901, |first| first.code)
    }

    fn problems(&self) -> &[Problem] {
        &self.0
    }
}
