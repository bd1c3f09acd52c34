//! What a pattern compares with: a text with wildcards, a number, a regular expression.

use regex::Regex;

use super::reader::Reader;

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What is compared with.
#[derive(Debug)]
pub(super) enum Wanted {
    /// As it is written, for texts; as a number too, when it is one.
    Plain { text: String, number: Option<f64> },
    /// With `*` for anything, or between `%`.
    Shape(Regex),
}

impl Operator {
    /// Reads `=`, `!=`, `<`, `<=`, `>`, `>=`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let operators = [
            ("!=", Self::Unequal),
            ("<=", Self::LessOrEqual),
            (">=", Self::GreaterOrEqual),
            ("<", Self::Less),
            (">", Self::Greater),
            ("=", Self::Equal),
        ];
        operators.into_iter().find_map(|(text, operator)| reader.take(text).then_some(operator))
    }

    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => (left - right).abs() < f64::EPSILON * right.abs().max(1.0),
            Self::Unequal => !Self::Equal.holds(left, right),
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

impl Wanted {
    /// Reads a value: quoted, between `%`, or bare up to one of `ends` or white space.
    pub(super) fn read(reader: &mut Reader<'_>, ends: &str) -> Result<Self, String> {
        match reader.peek() {
            Some('%') => expression(reader).map(Self::Shape),
            Some('"') => reader.quoted('"').map(|text| Self::of(text, false)),
            _ => {
                let text = reader.take_while(|letter| !letter.is_whitespace() && !ends.contains(letter));
                if text.is_empty() {
                    return Err(reader.fault("a value is missing"));
                }
                Ok(Self::of(text.to_owned(), true))
            }
        }
    }

    fn of(text: String, bare: bool) -> Self {
        if text.contains('*') {
            let parts: Vec<String> = text.split('*').map(regex::escape).collect();
            if let Ok(shape) = Regex::new(&format!("(?s)^{}$", parts.join(".*"))) {
                return Self::Shape(shape);
            }
        }
        let number = bare.then(|| text.parse().ok()).flatten();
        Self::Plain { text, number }
    }

    /// Whether a text compares so.
    pub(super) fn compares(&self, operator: Operator, text: &str) -> bool {
        match (self, operator) {
            (Self::Shape(shape), Operator::Equal) => shape.is_match(text),
            (Self::Shape(shape), Operator::Unequal) => !shape.is_match(text),
            (Self::Shape(_), _) => false,
            (Self::Plain { text: wanted, number }, operator) => match (number, text.parse::<f64>(), operator) {
                (Some(wanted), Ok(given), operator) => operator.holds(given, *wanted),
                (_, _, Operator::Equal) => wanted == text,
                (_, _, Operator::Unequal) => wanted != text,
                _ => false,
            },
        }
    }
}

/// A regular expression between two `%`.
pub(super) fn expression(reader: &mut Reader<'_>) -> Result<Regex, String> {
    let text = reader.quoted('%')?;
    Regex::new(&text).map_err(|_| reader.fault(&format!("`{text}` is no regular expression")))
}
