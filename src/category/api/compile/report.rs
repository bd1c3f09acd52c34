//! The problems found so far, and the places of bytes in the user's text.

use crate::base::Location;
use crate::error::{Code, Problem};
use crate::graphql::{Fault, FaultKind, Span};

/// A schema as the user wrote it.
#[derive(Clone, Copy, Debug)]
pub struct SchemaSource<'a> {
    /// Path of the file, for problems and places.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Collects problems.
#[derive(Debug)]
pub(super) struct Report<'a> {
    source: SchemaSource<'a>,
    line_starts: Vec<usize>,
    problems: Vec<Problem>,
}

impl<'a> Report<'a> {
    pub(super) fn new(source: SchemaSource<'a>) -> Self {
        let ends = source.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
        Self { source, line_starts: std::iter::once(0).chain(ends).collect(), problems: Vec::new() }
    }

    /// The place of a byte.
    pub(super) fn location(&self, offset: usize) -> Location {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts[line - 1];
        let column = self.source.text.get(start..offset).map_or(1, |before| before.chars().count() + 1);
        Location::new(self.source.path, line, column)
    }

    /// One more problem.
    pub(super) fn add(&mut self, code: Code, span: &Span, message: impl Into<String>) {
        self.add_with_hint(code, span, message, None);
    }

    /// One more problem, with what may help.
    pub(super) fn add_with_hint(&mut self, code: Code, span: &Span, message: impl Into<String>, hint: Option<String>) {
        let mut problem = Problem::new(code, message).at_span(self.source.path, self.source.text, span.clone());
        if let Some(hint) = hint {
            problem = problem.hint(hint);
        }
        self.problems.push(problem);
    }

    /// A breach of GraphQL's own rules.
    pub(super) fn fault(&mut self, fault: Fault) {
        let code = match fault.kind {
            FaultKind::Unknown => Code::AMP0302,
            FaultKind::Duplicate => Code::AMP0316,
            FaultKind::Refused => Code::AMP0317,
        };
        self.add_with_hint(code, &fault.span, fault.message, fault.hint);
    }

    /// Problems without a place.
    pub(super) fn extend(&mut self, problems: Vec<Problem>) {
        self.problems.extend(problems);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// All of them, by place.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by(|left, right| left.location.cmp(&right.location));
        self.problems.dedup();
        self.problems
    }
}
