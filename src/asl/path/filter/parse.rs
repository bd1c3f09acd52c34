//! From text to filter.

use regex::RegexBuilder;
use serde_json::Value;

use super::super::super::cursor::{Cursor, SyntaxError};
use super::super::parse::{inside, quoted};
use super::{Filter, OPERATORS, Operand, Operator};

/// How deep parentheses and filters may nest.
const MAX_DEPTH: usize = 40;

/// A filter up to the parenthesis that closes it, which is not read.
pub(in super::super) fn parse(cursor: &mut Cursor<'_>) -> Result<Filter, SyntaxError> {
    let depth = cursor.text[..cursor.at].matches("?(").count();
    if depth > MAX_DEPTH {
        return Err(cursor.error("filters nest too deep"));
    }
    any(cursor, 0)
}

fn any(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, SyntaxError> {
    if depth > MAX_DEPTH {
        return Err(cursor.error("parentheses nest too deep"));
    }
    let mut parts = vec![all(cursor, depth)?];
    while operator(cursor, "||") {
        parts.push(all(cursor, depth)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Any(parts) })
}

fn all(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, SyntaxError> {
    let mut parts = vec![not(cursor, depth)?];
    while operator(cursor, "&&") {
        parts.push(not(cursor, depth)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
}

fn operator(cursor: &mut Cursor<'_>, word: &str) -> bool {
    cursor.blanks();
    cursor.take(word)
}

fn not(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, SyntaxError> {
    cursor.blanks();
    let mut negations = 0_usize;
    while cursor.take("!") {
        negations += 1;
        cursor.blanks();
    }
    let inner = if cursor.take("(") {
        let inner = any(cursor, depth + 1)?;
        cursor.blanks();
        cursor.expect(")")?;
        inner
    } else {
        comparison(cursor)?
    };
    Ok(if negations % 2 == 1 { Filter::Not(Box::new(inner)) } else { inner })
}

fn comparison(cursor: &mut Cursor<'_>) -> Result<Filter, SyntaxError> {
    let start = cursor.at;
    let left = operand(cursor)?;
    cursor.blanks();
    let Some(operator) = comparator(cursor) else {
        return match left {
            Operand::Path(path) => Ok(Filter::Exists(path)),
            _ => Err(SyntaxError { at: start, reason: "a value alone is no test; compare it".to_owned() }),
        };
    };
    cursor.blanks();
    let right = operand(cursor)?;
    Ok(Filter::Compare(left, operator, right))
}

fn comparator(cursor: &mut Cursor<'_>) -> Option<Operator> {
    let rest = cursor.rest();
    let spelt = |word: &str| {
        let head = rest.get(..word.len());
        let is_word = word.chars().all(char::is_alphabetic);
        head.is_some_and(|head| head.eq_ignore_ascii_case(word))
            && !(is_word && rest[word.len()..].starts_with(char::is_alphanumeric))
    };
    let (word, operator) = OPERATORS.iter().find(|(word, _)| spelt(word))?;
    cursor.at += word.len();
    Some(*operator)
}

fn operand(cursor: &mut Cursor<'_>) -> Result<Operand, SyntaxError> {
    match cursor.peek() {
        Some('@' | '$') => Ok(Operand::Path(inside(cursor)?)),
        Some('\'' | '"') => Ok(Operand::Literal(Value::String(quoted(cursor)?))),
        Some('/') => pattern(cursor),
        Some('[' | '{') => json(cursor),
        Some(_) => word(cursor),
        None => Err(cursor.error("expected a path or a value, found the end")),
    }
}

fn word(cursor: &mut Cursor<'_>) -> Result<Operand, SyntaxError> {
    let start = cursor.at;
    let text = cursor.until(|c| c.is_whitespace() || "=<>!&|),]~".contains(c));
    let value = match text.to_ascii_lowercase().as_str() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ => serde_json::from_str::<serde_json::Number>(text).ok().map(Value::Number),
    };
    let reason = || format!("expected a path, a number, a text in quotes, true, false or null, found `{text}`");
    value.map(Operand::Literal).ok_or_else(|| SyntaxError { at: start, reason: reason() })
}

/// A list or an object; its texts may stand in single quotes.
fn json(cursor: &mut Cursor<'_>) -> Result<Operand, SyntaxError> {
    let start = cursor.at;
    let mut text = String::new();
    let mut depth = 0_usize;
    loop {
        match cursor.peek() {
            Some('\'' | '"') => text.push_str(&Value::String(quoted(cursor)?).to_string()),
            Some(c) => {
                cursor.next();
                text.push(c);
                depth = match c {
                    '[' | '{' => depth + 1,
                    ']' | '}' => depth.saturating_sub(1),
                    _ => depth,
                };
                if depth == 0 {
                    break;
                }
            }
            None => return Err(SyntaxError { at: start, reason: "a list or an object has no end".to_owned() }),
        }
    }
    let value = serde_json::from_str(&text);
    value.map(Operand::Literal).map_err(|_| SyntaxError { at: start, reason: format!("not JSON: `{text}`") })
}

fn pattern(cursor: &mut Cursor<'_>) -> Result<Operand, SyntaxError> {
    let start = cursor.at;
    cursor.expect("/")?;
    let mut text = String::new();
    loop {
        match cursor.next() {
            Some('\\') if cursor.peek() == Some('/') => text.extend(cursor.next()),
            Some('\\') => {
                text.push('\\');
                text.extend(cursor.next());
            }
            Some('/') => break,
            Some(c) => text.push(c),
            None => return Err(SyntaxError { at: start, reason: "a pattern has no end".to_owned() }),
        }
    }
    let flags = cursor.until(|c| !c.is_ascii_alphabetic());
    // The whole text has to match.
    let built = RegexBuilder::new(&format!("^(?:{text})$"))
        .case_insensitive(flags.contains('i'))
        .dot_matches_new_line(flags.contains('s'))
        .multi_line(flags.contains('m'))
        .ignore_whitespace(flags.contains('x'))
        .size_limit(1 << 20)
        .build();
    built.map(Operand::Pattern).map_err(|_| SyntaxError { at: start, reason: format!("not a pattern: `{text}`") })
}
