//! From text to call.

use serde_json::Value;

use super::super::cursor::{Cursor, SyntaxError};
use super::super::path::Path;
use super::{Argument, Call, FUNCTIONS, MAX_NESTING};
use crate::base::suggest;

/// A call that is the whole text.
pub(super) fn whole(text: &str) -> Result<Call, SyntaxError> {
    let mut cursor = Cursor::new(text);
    cursor.blanks();
    let call = call(&mut cursor, 1)?;
    cursor.blanks();
    match cursor.peek() {
        Some(extra) => Err(cursor.error(format!("unexpected `{extra}` after the call"))),
        None => Ok(call),
    }
}

fn call(cursor: &mut Cursor<'_>, depth: usize) -> Result<Call, SyntaxError> {
    let start = cursor.at;
    if depth > MAX_NESTING {
        return Err(cursor.error(format!("calls nest at most {MAX_NESTING} deep")));
    }
    cursor.expect("States.")?;
    let name = cursor.until(|c| !c.is_ascii_alphanumeric());
    let Some((_, function, least, most)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
        let near = suggest::nearest(name, FUNCTIONS.iter().map(|(known, ..)| *known));
        let hint = near.map(|near| format!("; did you mean `States.{near}`?")).unwrap_or_default();
        return Err(SyntaxError { at: start, reason: format!("there is no function `States.{name}`{hint}") });
    };
    cursor.blanks();
    cursor.expect("(")?;
    let arguments = arguments(cursor, depth)?;
    let count = arguments.len();
    if count < *least || count > *most {
        let wanted = if least == most {
            least.to_string()
        } else if *most == usize::MAX {
            format!("at least {least}")
        } else {
            format!("{least} to {most}")
        };
        let reason = format!("`States.{name}` takes {wanted} arguments, not {count}");
        return Err(SyntaxError { at: start, reason });
    }
    Ok(Call { function: *function, arguments })
}

fn arguments(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Argument>, SyntaxError> {
    let mut all = Vec::new();
    cursor.blanks();
    if cursor.take(")") {
        return Ok(all);
    }
    loop {
        cursor.blanks();
        all.push(argument(cursor, depth)?);
        cursor.blanks();
        if cursor.take(")") {
            return Ok(all);
        }
        cursor.expect(",")?;
    }
}

fn argument(cursor: &mut Cursor<'_>, depth: usize) -> Result<Argument, SyntaxError> {
    match cursor.peek() {
        Some('\'') => text(cursor),
        Some('$') => path(cursor),
        Some('S') if cursor.rest().starts_with("States.") => Ok(Argument::Call(Box::new(call(cursor, depth + 1)?))),
        Some(_) => word(cursor),
        None => Err(cursor.error("expected an argument, found the end")),
    }
}

/// A text in single quotes. `\'`, `\{`, `\}` and `\\` stand for the character itself.
fn text(cursor: &mut Cursor<'_>) -> Result<Argument, SyntaxError> {
    let start = cursor.at;
    cursor.expect("'")?;
    let (mut said, begin) = (String::new(), cursor.at);
    loop {
        let at = cursor.at;
        match cursor.next() {
            Some('\'') => return Ok(Argument::Text(said, cursor.text[begin..at].to_owned())),
            Some('\\') => match cursor.next() {
                Some(c) if "'{}\\".contains(c) => said.push(c),
                // A text in JSON brings its own escapes along: `'{\"a\": 1}'`.
                Some(c @ '"') => said.push(c),
                _ => return Err(SyntaxError { at, reason: "after `\\` stands one of ' { } \\".to_owned() }),
            },
            Some(c) => said.push(c),
            None => return Err(SyntaxError { at: start, reason: "a text in quotes has no end".to_owned() }),
        }
    }
}

/// A path up to the comma or parenthesis that ends the argument; those in brackets, quotes and calls belong to it.
fn path(cursor: &mut Cursor<'_>) -> Result<Argument, SyntaxError> {
    let start = cursor.at;
    let (mut brackets, mut parentheses, mut quote) = (0_usize, 0_usize, None);
    while let Some(next) = cursor.peek() {
        match (quote, next) {
            (Some(_), '\\') => {
                cursor.next();
            }
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') if brackets > 0 => quote = Some(next),
            (None, '[') => brackets += 1,
            (None, ']') => brackets = brackets.saturating_sub(1),
            (None, '(') => parentheses += 1,
            (None, ')') if parentheses > 0 => parentheses -= 1,
            (None, ',' | ')') if brackets == 0 => break,
            _ => {}
        }
        cursor.next();
    }
    let text = cursor.text[start..cursor.at].trim_end();
    let parsed = Path::parse(text).map_err(|error| SyntaxError { at: start + error.at, ..error })?;
    Ok(Argument::Path(parsed))
}

fn word(cursor: &mut Cursor<'_>) -> Result<Argument, SyntaxError> {
    let start = cursor.at;
    let text = cursor.until(|c| c == ',' || c == ')' || c.is_whitespace());
    let value = match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ => serde_json::from_str::<serde_json::Number>(text).ok().map(Value::Number),
    };
    let reason =
        || format!("expected a text in single quotes, a number, true, false, null, a path or a call, found `{text}`");
    value.map(Argument::Literal).ok_or_else(|| SyntaxError { at: start, reason: reason() })
}
