//! Filter patterns: which log events a search wants, by their text, their JSON or their fields.
//!
//! Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail" of the
//! CloudWatch Logs guide. Terms match anywhere in the text, and case matters.

mod fields;
mod json;
mod reader;
mod terms;
mod value;

use fields::Fields;
use json::Expression;
use reader::Reader;
use terms::Terms;

/// A pattern that was read.
#[derive(Debug)]
pub(super) struct Pattern(Kind);

#[derive(Debug)]
enum Kind {
    /// `ERROR -health`, `?ERROR ?WARN`, `"an exact phrase"`, `%[45]..%`.
    Terms(Terms),
    /// `{ $.level = "error" && $.code > 499 }`.
    Json(Expression),
    /// `[address, ..., status = 4*, bytes]`.
    Fields(Fields),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader::new(text);
        reader.skip_space();
        let pattern = match reader.peek() {
            Some('{') => Kind::Json(json::read(&mut reader)?),
            Some('[') => Kind::Fields(fields::read(&mut reader)?),
            _ => Kind::Terms(terms::read(&mut reader)?),
        };
        reader.skip_space();
        match reader.peek() {
            None => Ok(Self(pattern)),
            Some(letter) => Err(reader.fault(&format!("nothing may follow here, but there is `{letter}`"))),
        }
    }

    /// Whether a message is one that the pattern wants.
    pub(super) fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Kind::Terms(terms) => terms.matches(message),
            Kind::Json(expression) => {
                serde_json::from_str(message.trim()).is_ok_and(|document| expression.matches(&document))
            }
            Kind::Fields(fields) => fields.matches(message),
        }
    }
}
