//! What is told of an expression that fails, in the words of the language's reference implementation, which the service
//! uses. The evaluator has the same codes, and other words for some of them.

use jsonata_core::ast::{AstNode, BinaryOp, UnaryOp};
use jsonata_core::evaluator::Evaluator;
use jsonata_core::value::JValue;

use super::super::cursor::SyntaxError;
use super::evaluate::MAX_DEPTH;
use super::expression::read;
use super::{functions, values, walk};

/// As many parts of an expression as are evaluated again to find out which of them failed.
const MAX_PARTS: usize = 60;

/// How the parser names symbols, and how they are written.
const SYMBOLS: &[(&str, &str)] = &[
    ("LeftParen", "("),
    ("RightParen", ")"),
    ("LeftBracket", "["),
    ("RightBracket", "]"),
    ("LeftBrace", "{"),
    ("RightBrace", "}"),
    ("Comma", ","),
    ("Semicolon", ";"),
    ("Colon", ":"),
    ("ColonEqual", ":="),
    ("Plus", "+"),
    ("Minus", "-"),
    ("Star", "*"),
    ("StarStar", "**"),
    ("Slash", "/"),
    ("Percent", "%"),
    ("Equal", "="),
    ("NotEqual", "!="),
    ("LessThan", "<"),
    ("LessThanOrEqual", "<="),
    ("GreaterThan", ">"),
    ("GreaterThanOrEqual", ">="),
    ("Ampersand", "&"),
    ("Dot", "."),
    ("DotDot", ".."),
    ("Question", "?"),
    ("QuestionQuestion", "??"),
    ("QuestionColon", "?:"),
    ("TildeArrow", "~>"),
    ("Caret", "^"),
    ("Pipe", "|"),
    ("Hash", "#"),
    ("At", "@"),
    ("And", "and"),
    ("Or", "or"),
    ("In", "in"),
];

/// The messages that are the same whatever the values are.
const FIXED: &[(&str, &str)] = &[
    ("T1006", "Attempted to invoke a non-function"),
    ("T1008", "Attempted to partially apply a non-function"),
    ("T2003", "The left side of the range operator (..) must evaluate to an integer"),
    ("T2004", "The right side of the range operator (..) must evaluate to an integer"),
    ("D3001", "Attempting to invoke string function on Infinity or NaN"),
    ("D3010", "Second argument of replace function cannot be an empty string"),
    ("D3020", "Third argument of split function must evaluate to a positive number"),
    ("D3080", "The picture string must only contain a maximum of two sub-pictures"),
    ("D3081", "The sub-picture must not contain more than one instance of the 'decimal-separator' character"),
    ("D3082", "The sub-picture must not contain more than one instance of the 'percent' character"),
    ("D3083", "The sub-picture must not contain more than one instance of the 'per-mille' character"),
    ("D3084", "The sub-picture must not contain both a 'percent' and a 'per-mille' character"),
    (
        "D3085",
        "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit \
         character' or a member of the 'decimal digit family'",
    ),
    (
        "D3086",
        "The sub-picture must not contain a passive character that is preceded by an active character and that is \
         followed by another active character",
    ),
    (
        "D3087",
        "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a \
         'decimal-separator' character",
    ),
    ("D3088", "The sub-picture must not contain a 'grouping-separator' at the end of the integer part"),
    ("D3089", "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character"),
    (
        "D3090",
        "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed \
         by an instance of the 'optional digit character'",
    ),
    (
        "D3091",
        "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is \
         followed by a member of the 'decimal digit family'",
    ),
    (
        "D3092",
        "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an \
         'exponent-separator'",
    ),
    (
        "D3093",
        "The exponent part of the sub-picture must comprise only of one or more characters that are members of the \
         'decimal digit family'",
    ),
];

/// Why a text is no expression, and where: the shortest beginning of the text that fails in the same way ends there.
pub(super) fn syntax(text: &str, message: &str) -> SyntaxError {
    let edges: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let fails_alike = |at: &usize| read(&text[..*at]).is_err_and(|found| found == message);
    let first = edges.partition_point(|at| !fails_alike(at));
    let end = edges.get(first).copied().unwrap_or(text.len());
    // The last character of that beginning is the one that does not fit, unless the text simply ends too early.
    let ends = message.starts_with("S0203") || message.starts_with("S0207");
    let at = if ends { text.len() } else { text[..end].char_indices().next_back().map_or(0, |(at, _)| at) };
    let reason = symbols(message.split_once(": ").filter(|(code, _)| is_code(code)).map_or(message, |(_, rest)| rest));
    let regex = message.starts_with("S0101") && text[at..].starts_with('/');
    SyntaxError { at, reason: if regex { "No terminating / in regular expression".to_owned() } else { reason } }
}

/// A message with symbols instead of their names.
fn symbols(message: &str) -> String {
    let words = message.split(' ').map(|word| {
        let (bare, comma) = word.strip_suffix(',').map_or((word, ""), |bare| (bare, ","));
        match SYMBOLS.iter().find(|(name, _)| *name == bare) {
            Some((_, symbol)) => format!("\"{symbol}\"{comma}"),
            None if bare == "Eof" => format!("\"(end)\"{comma}"),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_code(text: &str) -> bool {
    text.len() == 5
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text[1..].chars().all(|c| c.is_ascii_digit())
}

/// The end of the sentence "… threw an error during evaluation".
pub(super) fn told(message: &str) -> String {
    match message.split_once(": ").filter(|(code, _)| is_code(code)) {
        Some(("D1011" | "U1001", _)) => format!(
            ": Stack overflow error: Check for non-terminating recursive function. Consider rewriting as \
             tail-recursive. Depth={} max={MAX_DEPTH}",
            MAX_DEPTH + 1
        ),
        Some(("D1012", _)) => ": Expression evaluation timeout: Check for infinite loop".to_owned(),
        Some(("D2015", _)) => format!(": {}", functions::MEMORY),
        Some((code, rest)) => format!(". {code}: {rest}"),
        None => format!(": {message}"),
    }
}

/// The message of an evaluation that failed, in the reference implementation's words. Where they name the part that
/// failed, the parts of the expression are evaluated one by one.
pub(super) fn explained(tree: &AstNode, evaluator: &mut Evaluator, message: &str) -> String {
    let Some((code, rest)) = message.split_once(": ").filter(|(code, _)| is_code(code)) else {
        return message.to_owned();
    };
    if let Some((_, fixed)) = FIXED.iter().find(|(known, _)| *known == code) {
        return format!("{code}: {fixed}");
    }
    let text = match code {
        "T2001" | "T2002" => operator_quoted(rest),
        "D3030" => cast(rest),
        "T0410" | "T0411" | "T0412" => arguments(code, rest, tree, (evaluator, message)),
        "D1002" | "T2009" | "T2010" => operands(code, tree, (evaluator, message)),
        "D1001" => values_quoted(rest, "Number out of range: "),
        _ => None,
    };
    format!("{code}: {}", text.unwrap_or_else(|| rest.to_owned()))
}

/// `the + operator` as `the "+" operator`.
fn operator_quoted(rest: &str) -> Option<String> {
    let (before, after) = rest.split_once(" of the ")?;
    let (operator, after) = after.split_once(" operator")?;
    let operator = operator.trim_matches('"');
    Some(format!("{before} of the \"{operator}\" operator{after}"))
}

fn cast(rest: &str) -> Option<String> {
    let value = rest.strip_prefix("Cannot convert '")?.strip_suffix("' to number")?;
    Some(format!("Unable to cast value to a number: {}", serde_json::Value::from(value)))
}

fn values_quoted(rest: &str, before: &str) -> Option<String> {
    rest.strip_prefix(before).map(|value| format!("{before}{value}"))
}

/// The first part, the inner before the outer, that fails in the same way when it is evaluated alone.
fn culprit<'a>(
    tree: &'a AstNode,
    failure: (&mut Evaluator, &str),
    wanted: impl Fn(&AstNode) -> bool,
) -> Option<&'a AstNode> {
    let (evaluator, message) = failure;
    let candidates: Vec<_> = walk::all(tree).into_iter().filter(|node| wanted(node)).collect();
    if let [only] = candidates.as_slice() {
        return Some(only);
    }
    let mut fallback = None;
    for node in candidates.into_iter().rev().take(MAX_PARTS) {
        match evaluator.evaluate(node, &JValue::Undefined) {
            Err(error) if error.message() == message => return Some(node),
            // A part that gets its input from the part before it fails otherwise when it stands alone.
            Err(_) => fallback = fallback.or(Some(node)),
            Ok(_) => {}
        }
    }
    fallback
}

/// What is told of an argument that a function does not take.
fn arguments(code: &str, rest: &str, tree: &AstNode, failure: (&mut Evaluator, &str)) -> Option<String> {
    let index = rest.split(' ').find_map(|word| word.parse::<usize>().ok());
    if rest.contains("function \"") {
        return None;
    }
    let node = culprit(tree, failure, |node| matches!(node, AstNode::Function { .. }));
    let name = match node {
        Some(AstNode::Function { name, .. }) => name,
        _ => applied(tree)?,
    };
    let index = match rest.strip_prefix("Argument count mismatch: ") {
        // One too many is the first that does not fit; one too few is told of the first that is missing.
        Some(counts) => {
            let numbers: Vec<usize> =
                counts.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
            let (expected, actual) = (*numbers.first()?, *numbers.last()?);
            expected.min(actual) + 1
        }
        None => index.unwrap_or(1),
    };
    Some(match code {
        "T0411" => format!("Context value is not a compatible type with argument {index} of function \"{name}\""),
        "T0412" => {
            let kind = rest.rsplit(' ').next().unwrap_or_default().trim_matches('"').to_lowercase();
            let kind = if kind.ends_with('s') || kind == "undefined" { kind } else { format!("{kind}s") };
            format!("Argument {index} of function \"{name}\" must be an array of \"{kind}\"")
        }
        _ => format!("Argument {index} of function \"{name}\" does not match function signature"),
    })
}

/// The function that a chain applies by name alone: `a ~> $abs`.
fn applied(tree: &AstNode) -> Option<&String> {
    walk::all(tree).into_iter().find_map(|node| match node {
        AstNode::Binary { op: BinaryOp::ChainPipe, rhs, .. } => match &**rhs {
            AstNode::Variable(name) => Some(name),
            _ => None,
        },
        _ => None,
    })
}

/// What is told of values that an operator does not take.
fn operands(code: &str, tree: &AstNode, failure: (&mut Evaluator, &str)) -> Option<String> {
    let (evaluator, message) = failure;
    let comparison = |op: &BinaryOp| symbol(*op).is_some();
    let node = culprit(tree, (&mut *evaluator, message), |node| match node {
        AstNode::Unary { op: UnaryOp::Negate, .. } => code == "D1002",
        AstNode::Binary { op, .. } => code != "D1002" && comparison(op),
        _ => false,
    })?;
    let mut shown = |node: &AstNode| {
        let value = evaluator.evaluate(node, &JValue::Undefined).ok()?;
        values::json(&value).map(|value| value.to_string())
    };
    match node {
        AstNode::Unary { operand, .. } => Some(format!("Cannot negate a non-numeric value: {}", shown(operand)?)),
        AstNode::Binary { op, lhs, rhs } => {
            let symbol = symbol(*op)?;
            if code == "T2010" {
                return Some(format!(
                    "The expressions either side of operator \"{symbol}\" must evaluate to numeric or string values"
                ));
            }
            let (left, right) = (shown(lhs)?, shown(rhs)?);
            Some(format!(
                "The values {left} and {right} either side of operator \"{symbol}\" must be of the same data type"
            ))
        }
        _ => None,
    }
}

fn symbol(op: BinaryOp) -> Option<&'static str> {
    match op {
        BinaryOp::LessThan => Some("<"),
        BinaryOp::LessThanOrEqual => Some("<="),
        BinaryOp::GreaterThan => Some(">"),
        BinaryOp::GreaterThanOrEqual => Some(">="),
        _ => None,
    }
}
