//! Patterns of terms: all that are named, none with `-`, or any of those with `?`.

use regex::Regex;

use super::reader::Reader;
use super::value::expression;

/// The terms of a pattern.
#[derive(Debug, Default)]
pub(super) struct Terms {
    all: Vec<Term>,
    none: Vec<Term>,
    any: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Shape(Regex),
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text.as_str()),
            Self::Shape(shape) => shape.is_match(message),
        }
    }
}

impl Terms {
    /// Terms with `?` count only when there are no others, as in CloudWatch.
    pub(super) fn matches(&self, message: &str) -> bool {
        let named = self.all.is_empty() && self.none.is_empty() && !self.any.is_empty();
        self.all.iter().all(|term| term.is_in(message))
            && !self.none.iter().any(|term| term.is_in(message))
            && (!named || self.any.iter().any(|term| term.is_in(message)))
    }
}

/// Reads terms to the end of the pattern.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Terms, String> {
    let mut terms = Terms::default();
    loop {
        reader.skip_space();
        let Some(first) = reader.peek() else { return Ok(terms) };
        let list = match first {
            '?' => &mut terms.any,
            '-' => &mut terms.none,
            _ => &mut terms.all,
        };
        if matches!(first, '?' | '-') {
            reader.next();
        }
        let term = match reader.peek() {
            Some('"') => Term::Text(reader.quoted('"')?),
            Some('%') => Term::Shape(expression(reader)?),
            _ => Term::Text(reader.take_while(|letter| !letter.is_whitespace()).to_owned()),
        };
        if matches!(&term, Term::Text(text) if text.is_empty()) && first != '"' {
            return Err(reader.fault("a term is missing"));
        }
        list.push(term);
    }
}
