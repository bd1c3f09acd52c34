//! Patterns of JSON events: `{ ($.level = "error" || $.code > 499) && $.user NOT EXISTS }`.

use serde_json::Value;

use super::reader::Reader;
use super::value::{Operator, Wanted};

/// How deep parentheses may be nested.
const DEEPEST: usize = 32;

/// A condition on a document.
#[derive(Debug)]
pub(super) enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Test { steps: Vec<Step>, test: Test },
}

/// One step from a value to a value in it.
#[derive(Debug)]
pub(super) enum Step {
    Member(String),
    Item(usize),
    Every,
}

/// What is asked of a value.
#[derive(Debug)]
pub(super) enum Test {
    IsNull,
    Is(bool),
    NotExists,
    Exists,
    Compares(Operator, Wanted),
}

impl Expression {
    pub(super) fn matches(&self, document: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(document)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(document)),
            Self::Test { steps, test } => {
                let found = values(document, steps);
                match test {
                    Test::NotExists => found.is_empty(),
                    Test::Exists => !found.is_empty(),
                    Test::IsNull => found.iter().any(|value| value.is_null()),
                    Test::Is(flag) => found.iter().any(|value| value.as_bool() == Some(*flag)),
                    Test::Compares(operator, wanted) => found.iter().any(|value| compares(value, *operator, wanted)),
                }
            }
        }
    }
}

fn compares(value: &Value, operator: Operator, wanted: &Wanted) -> bool {
    match value {
        Value::String(text) => wanted.compares(operator, text),
        Value::Number(number) => wanted.compares(operator, &number.to_string()),
        Value::Bool(flag) => wanted.compares(operator, &flag.to_string()),
        _ => false,
    }
}

/// The values that a selector leads to.
fn values<'a>(document: &'a Value, steps: &[Step]) -> Vec<&'a Value> {
    let mut found = vec![document];
    for step in steps {
        found = found
            .into_iter()
            .flat_map(|value| -> Vec<&Value> {
                match step {
                    Step::Member(name) => value.get(name).into_iter().collect(),
                    Step::Item(at) => value.get(at).into_iter().collect(),
                    Step::Every => match value {
                        Value::Array(items) => items.iter().collect(),
                        Value::Object(members) => members.values().collect(),
                        _ => Vec::new(),
                    },
                }
            })
            .collect();
    }
    found
}

/// Reads `{ … }`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Expression, String> {
    reader.take("{");
    let expression = any(reader, 0)?;
    reader.skip_space();
    if reader.take("}") { Ok(expression) } else { Err(reader.fault("a `}` is missing")) }
}

fn any(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, String> {
    let mut parts = vec![all(reader, depth)?];
    loop {
        reader.skip_space();
        if !reader.take("||") {
            break;
        }
        parts.push(all(reader, depth)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
}

fn all(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, String> {
    let mut parts = vec![one(reader, depth)?];
    loop {
        reader.skip_space();
        if !reader.take("&&") {
            break;
        }
        parts.push(one(reader, depth)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
}

fn one(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, String> {
    reader.skip_space();
    if reader.take("(") {
        if depth == DEEPEST {
            return Err(reader.fault("the parentheses are nested too deep"));
        }
        let expression = any(reader, depth + 1)?;
        reader.skip_space();
        return if reader.take(")") { Ok(expression) } else { Err(reader.fault("a `)` is missing")) };
    }
    let steps = selector(reader)?;
    reader.skip_space();
    let test = if reader.take_word("IS") {
        reader.skip_space();
        let facts = [("NULL", Test::IsNull), ("TRUE", Test::Is(true)), ("FALSE", Test::Is(false))];
        let found = facts.into_iter().find_map(|(word, test)| reader.take_word(word).then_some(test));
        found.ok_or_else(|| reader.fault("after IS, one of NULL, TRUE, FALSE is expected"))?
    } else if reader.take_word("NOT") {
        reader.skip_space();
        if !reader.take_word("EXISTS") {
            return Err(reader.fault("after NOT, EXISTS is expected"));
        }
        Test::NotExists
    } else if reader.take_word("EXISTS") {
        Test::Exists
    } else {
        let operator = Operator::read(reader).ok_or_else(|| reader.fault("an operator is expected"))?;
        reader.skip_space();
        Test::Compares(operator, Wanted::read(reader, "(){}&|")?)
    };
    Ok(Expression::Test { steps, test })
}

/// Reads `$.a.b[0]`, `$.a[*]`, `$['a b']`.
fn selector(reader: &mut Reader<'_>) -> Result<Vec<Step>, String> {
    if !reader.take("$") {
        return Err(reader.fault("a selector that begins with `$` is expected"));
    }
    let mut steps = Vec::new();
    loop {
        if reader.take(".") {
            let name = reader.take_while(|letter| letter.is_alphanumeric() || "_-*@:".contains(letter));
            match name {
                "" => return Err(reader.fault("a name is missing")),
                "*" => steps.push(Step::Every),
                name => steps.push(Step::Member(name.to_owned())),
            }
        } else if reader.take("[") {
            let step = match reader.peek() {
                Some(mark @ ('\'' | '"')) => Step::Member(reader.quoted(mark)?),
                Some('*') => {
                    reader.next();
                    Step::Every
                }
                _ => {
                    let digits = reader.take_while(|letter| letter.is_ascii_digit());
                    Step::Item(digits.parse().map_err(|_| reader.fault("a number is expected"))?)
                }
            };
            if !reader.take("]") {
                return Err(reader.fault("a `]` is missing"));
            }
            steps.push(step);
        } else {
            return Ok(steps);
        }
    }
}
