//! Patterns of space-delimited events: `[address, user, ..., status = 4* || status = 5*, bytes > 1000]`.

use super::reader::Reader;
use super::value::{Operator, Wanted};

/// The fields of an event, in order.
#[derive(Debug)]
pub(super) struct Fields {
    before: Vec<Field>,
    /// What stands after `...`, counted from the end; nothing when every field is named.
    after: Option<Vec<Field>>,
}

/// Alternatives of conditions that hold together; none means that anything will do.
type Field = Vec<Vec<(Operator, Wanted)>>;

impl Fields {
    pub(super) fn matches(&self, message: &str) -> bool {
        let found = split(message);
        let holds = |fields: &[Field], found: &[String]| {
            fields.iter().zip(found).all(|(field, text)| {
                field.iter().any(|all| all.iter().all(|(operator, wanted)| wanted.compares(*operator, text)))
            })
        };
        match &self.after {
            None => found.len() == self.before.len() && holds(&self.before, &found),
            Some(after) => {
                found.len() >= self.before.len() + after.len()
                    && holds(&self.before, &found)
                    && holds(after, &found[found.len() - after.len()..])
            }
        }
    }
}

/// The fields of a message: words, and what stands in brackets or quotation marks.
fn split(message: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = message.trim();
    while let Some(first) = rest.chars().next() {
        let close = match first {
            '[' => Some(']'),
            '"' => Some('"'),
            _ => None,
        };
        let enclosed = close.and_then(|close| rest[1..].split_once(close));
        let (field, after) = enclosed.unwrap_or_else(|| rest.split_once(char::is_whitespace).unwrap_or((rest, "")));
        found.push(field.to_owned());
        rest = after.trim_start();
    }
    found
}

/// Reads `[ … ]`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Fields, String> {
    reader.take("[");
    let mut fields = Fields { before: Vec::new(), after: None };
    loop {
        reader.skip_space();
        if reader.take("...") {
            if fields.after.is_some() {
                return Err(reader.fault("`...` may stand here only once"));
            }
            fields.after = Some(Vec::new());
        } else {
            let field = field(reader)?;
            fields.after.as_mut().unwrap_or(&mut fields.before).push(field);
        }
        reader.skip_space();
        if reader.take("]") {
            return Ok(fields);
        }
        if !reader.take(",") {
            return Err(reader.fault("a `,` or `]` is expected"));
        }
    }
}

/// Reads `name`, `name = value`, `name = value || name = value`.
fn field(reader: &mut Reader<'_>) -> Result<Field, String> {
    let mut alternatives: Field = Vec::new();
    let mut together = Vec::new();
    loop {
        reader.skip_space();
        let name = reader.take_while(|letter| letter.is_alphanumeric() || "_-*".contains(letter));
        if name.is_empty() {
            return Err(reader.fault("the name of a field is expected"));
        }
        reader.skip_space();
        if let Some(operator) = Operator::read(reader) {
            reader.skip_space();
            together.push((operator, Wanted::read(reader, ",]&|")?));
        }
        reader.skip_space();
        if reader.take("&&") {
            continue;
        }
        alternatives.push(std::mem::take(&mut together));
        if !reader.take("||") {
            return Ok(alternatives);
        }
    }
}
