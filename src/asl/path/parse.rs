//! From text to path.

use super::super::cursor::{Cursor, SyntaxError};
use super::filter;
use super::{Function, Path, Root, Step};

/// As many steps as a path may have; nobody writes as many, and evaluation stays bounded.
const MAX_STEPS: usize = 500;

/// The functions of the dialect that are not `length`.
const FRUITLESS: &[&str] =
    &["min", "max", "avg", "stddev", "sum", "keys", "concat", "append", "first", "last", "index"];

/// A path that is the whole text.
pub(super) fn whole(text: &str) -> Result<Path, SyntaxError> {
    let mut cursor = Cursor::new(text);
    let root = root(&mut cursor)?;
    let steps = steps(&mut cursor, &|_| false)?;
    if let Some(extra) = cursor.peek() {
        return Err(cursor.error(format!("unexpected `{extra}`")));
    }
    Ok(Path { text: text.to_owned(), root, steps })
}

/// A path inside a filter: `@…` or `$…`, up to a blank or an operator.
pub(super) fn inside(cursor: &mut Cursor<'_>) -> Result<Path, SyntaxError> {
    let start = cursor.at;
    let root = if cursor.take("@") { Root::Current } else { root(cursor)? };
    let steps = steps(cursor, &|c| c.is_whitespace() || "=<>!&|),]~".contains(c))?;
    Ok(Path { text: cursor.text[start..cursor.at].to_owned(), root, steps })
}

fn root(cursor: &mut Cursor<'_>) -> Result<Root, SyntaxError> {
    if !cursor.take("$") {
        return Err(cursor.error("a path begins with `$`"));
    }
    if cursor.take("$") {
        return Ok(Root::Context);
    }
    if cursor.peek().is_some_and(is_name_start) {
        let name = cursor.until(|c| !is_name(c));
        return Ok(Root::Variable(name.to_owned()));
    }
    Ok(Root::Input)
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn steps(cursor: &mut Cursor<'_>, stop: &dyn Fn(char) -> bool) -> Result<Vec<Step>, SyntaxError> {
    let mut steps = Vec::new();
    while let Some(next) = cursor.peek() {
        if stop(next) {
            break;
        }
        if steps.len() > MAX_STEPS {
            return Err(cursor.error(format!("a path has at most {MAX_STEPS} steps")));
        }
        match next {
            '.' => dotted(cursor, stop, &mut steps)?,
            '[' => steps.push(bracket(cursor)?),
            other => return Err(cursor.error(format!("expected `.` or `[`, found `{other}`"))),
        }
    }
    Ok(steps)
}

fn dotted(cursor: &mut Cursor<'_>, stop: &dyn Fn(char) -> bool, steps: &mut Vec<Step>) -> Result<(), SyntaxError> {
    cursor.expect(".")?;
    if cursor.take(".") {
        if cursor.peek() == Some('.') {
            return Err(cursor.error("`..` is followed by a name, `*` or `[`"));
        }
        steps.push(Step::Deep);
        if cursor.peek() == Some('[') {
            steps.push(bracket(cursor)?);
            return Ok(());
        }
    } else if cursor.peek() == Some('[') {
        // `$.[0]` is `$[0]`.
        steps.push(bracket(cursor)?);
        return Ok(());
    }
    if cursor.take("*") {
        steps.push(Step::Every);
        return Ok(());
    }
    let start = cursor.at;
    let name = cursor.until(|c| c == '.' || c == '[' || c == '(' || c.is_whitespace() || stop(c));
    if cursor.peek() == Some('(') {
        steps.push(Step::Function(function(cursor, name, start)?));
        return Ok(());
    }
    if cursor.peek().is_some_and(|c| c.is_whitespace() && !stop(c)) {
        return Err(cursor.error("a name with blanks is written in brackets: `['a b']`"));
    }
    if name.is_empty() {
        return Err(cursor.error("a path does not end with a dot"));
    }
    steps.push(Step::Field(name.to_owned()));
    Ok(())
}

fn function(cursor: &mut Cursor<'_>, name: &str, start: usize) -> Result<Function, SyntaxError> {
    cursor.expect("(")?;
    let mut depth = 1_usize;
    while depth > 0 {
        match cursor.next() {
            Some('(') => depth += 1,
            Some(')') => depth -= 1,
            Some(_) => {}
            None => return Err(cursor.error(format!("the arguments of `{name}` have no end"))),
        }
    }
    match name {
        "length" | "size" => Ok(Function::Length),
        _ => match FRUITLESS.iter().find(|known| **known == name) {
            Some(known) => Ok(Function::Fruitless(known)),
            None => Err(SyntaxError { at: start, reason: format!("a path has no function `{name}`") }),
        },
    }
}

fn bracket(cursor: &mut Cursor<'_>) -> Result<Step, SyntaxError> {
    cursor.expect("[")?;
    cursor.blanks();
    let step = match cursor.peek() {
        Some('*') => {
            cursor.next();
            Step::Every
        }
        Some('\'' | '"') => names(cursor)?,
        Some('?') => filters(cursor)?,
        Some(c) if c.is_ascii_digit() || c == '-' || c == ':' => positions(cursor)?,
        Some(other) => {
            return Err(cursor.error(format!("expected a name in quotes, a position, `*` or `?`, found `{other}`")));
        }
        None => return Err(cursor.error("`[` is not closed")),
    };
    cursor.blanks();
    cursor.expect("]")?;
    Ok(step)
}

fn names(cursor: &mut Cursor<'_>) -> Result<Step, SyntaxError> {
    let mut names = vec![quoted(cursor)?];
    loop {
        cursor.blanks();
        if !cursor.take(",") {
            break;
        }
        cursor.blanks();
        names.push(quoted(cursor)?);
    }
    Ok(if names.len() == 1 { Step::Field(names.remove(0)) } else { Step::Fields(names) })
}

/// A text in single or double quotes; a backslash takes the next character as it is.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let Some(quote @ ('\'' | '"')) = cursor.peek() else {
        return Err(cursor.error("expected a text in quotes"));
    };
    let start = cursor.at;
    cursor.next();
    let mut text = String::new();
    loop {
        match cursor.next() {
            Some('\\') => text.push(cursor.next().ok_or_else(|| cursor.error("a text ends with a backslash"))?),
            Some(c) if c == quote => return Ok(text),
            Some(c) => text.push(c),
            None => return Err(SyntaxError { at: start, reason: "a text in quotes has no end".to_owned() }),
        }
    }
}

fn filters(cursor: &mut Cursor<'_>) -> Result<Step, SyntaxError> {
    let mut all = Vec::new();
    loop {
        cursor.expect("?")?;
        cursor.blanks();
        cursor.expect("(")?;
        all.push(filter::parse(cursor)?);
        cursor.blanks();
        cursor.expect(")")?;
        cursor.blanks();
        if !cursor.take(",") {
            return Ok(Step::Filters(all));
        }
        cursor.blanks();
    }
}

fn positions(cursor: &mut Cursor<'_>) -> Result<Step, SyntaxError> {
    let start = cursor.at;
    let text = cursor.until(|c| c == ']');
    let wrong = |reason: &str| SyntaxError { at: start, reason: format!("{reason}: `{text}`") };
    let number = |part: &str| {
        let part = part.trim();
        if part.is_empty() {
            return Ok(None);
        }
        part.parse::<i64>().map(Some).map_err(|_| wrong("not a position"))
    };
    if text.contains(':') {
        // Whatever follows a second colon is ignored, as the service's library does.
        let mut parts = text.split(':');
        let from = number(parts.next().unwrap_or_default())?;
        let to = number(parts.next().unwrap_or_default())?;
        return if from.is_none() && to.is_none() {
            Err(wrong("a slice needs a position"))
        } else {
            Ok(Step::Slice(from, to))
        };
    }
    let mut all = Vec::new();
    for part in text.split(',') {
        all.push(number(part)?.ok_or_else(|| wrong("a position is missing"))?);
    }
    Ok(if all.len() == 1 { Step::Index(all[0]) } else { Step::Indexes(all) })
}
