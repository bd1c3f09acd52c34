//! A place in an expression's text, and what is said when the text cannot be read there.

use std::fmt;

/// An expression that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The byte of the expression at which reading stopped.
    pub at: usize,
    /// Why, in lower case, without a full stop.
    pub reason: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at character {}", self.reason, self.at + 1)
    }
}

impl std::error::Error for SyntaxError {}

/// Reads a text from left to right.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    /// The whole text.
    pub(super) text: &'a str,
    /// The byte to read next; always at the edge of a character.
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    /// At the beginning of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The next character, read.
    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Whether the text goes on with `word`, which is then read.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// Everything up to the first character that `stop` wants, read.
    pub(super) fn until(&mut self, stop: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(stop).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Reads blanks.
    pub(super) fn blanks(&mut self) {
        self.until(|c| !c.is_whitespace());
    }

    /// An error here.
    pub(super) fn error(&self, reason: impl Into<String>) -> SyntaxError {
        SyntaxError { at: self.at, reason: reason.into() }
    }

    /// Reads `word`, or says what else is there.
    pub(super) fn expect(&mut self, word: &str) -> Result<(), SyntaxError> {
        if self.take(word) {
            return Ok(());
        }
        Err(self.error(match self.peek() {
            Some(other) => format!("expected `{word}`, found `{other}`"),
            None => format!("expected `{word}`, found the end"),
        }))
    }
}
