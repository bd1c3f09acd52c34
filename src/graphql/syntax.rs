//! What the parser complains of, as a person should read it: causes without their echoes.
//!
//! The parser goes on after an error and stumbles over the rest of the same definition; only what it finds in the next
//! definition is news again. It decides nothing about the meaning of a schema.

use apollo_compiler::diagnostic::ToCliReport as _;
use apollo_compiler::validation::DiagnosticList;

use super::schema::Span;

/// Text that is not GraphQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What may help.
    pub hint: Option<String>,
}

/// The words that begin a definition.
const KEYWORDS: [&str; 9] = ["type", "input", "enum", "interface", "union", "scalar", "extend", "schema", "directive"];

/// The errors worth telling, by place. Nothing is left when all that is wrong is that some types are empty: the check
/// of types tells that better, together with everything else.
pub(super) fn causes(text: &str, found: &DiagnosticList) -> Vec<SyntaxError> {
    let mut complaints: Vec<(Span, String)> = found
        .iter()
        .map(|diagnostic| {
            let span =
                diagnostic.error.location().map_or(text.len()..text.len(), |span| span.offset()..span.end_offset());
            (span, readable(diagnostic.error.to_string().trim_end_matches('.')))
        })
        .collect();
    complaints.sort_by_key(|(span, _)| span.start);
    if complaints.iter().all(|(span, message)| is_empty_type(text, span, message)) {
        return Vec::new();
    }
    let brackets = Brackets::of(text);
    let mut errors: Vec<SyntaxError> = Vec::new();
    let mut reported: Option<usize> = None;
    for (span, message) in complaints {
        let echo =
            reported.is_some_and(|last| brackets.never_closed.is_some() || !definition_between(text, last, span.start));
        if !echo {
            reported = Some(span.start);
            let hint = brackets.hint(text, &span).or_else(|| foreign_letter(text, &span));
            errors.push(SyntaxError { message, span, hint });
        }
    }
    errors
}

/// `enum Kind { }`: the parser wants something between the braces.
fn is_empty_type(text: &str, span: &Span, message: &str) -> bool {
    let closes = text.get(span.clone()) == Some("}");
    let opened = text.get(..span.start).is_some_and(|before| without_comment(before).ends_with('{'));
    closes && opened && message.contains("expected")
}

/// The text up to the last thing that is no space and no comment.
fn without_comment(text: &str) -> &str {
    let mut rest = text.trim_end_matches([' ', '\t', '\r', '\n', ',']);
    while let Some(start) = rest.rfind('\n').map_or(Some(0), |at| Some(at + 1)) {
        match rest[start..].find('#') {
            Some(at) if !rest[start..start + at].contains('"') => {
                rest = rest[..start + at].trim_end_matches([' ', '\t', '\r', '\n', ',']);
            }
            _ => break,
        }
    }
    rest
}

/// Whether a line between two bytes begins a definition.
fn definition_between(text: &str, after: usize, until: usize) -> bool {
    let Some(part) = text.get(after..until) else { return false };
    part.match_indices('\n').any(|(at, _)| {
        let line = &text[after + at + 1..];
        let word_end = line.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(line.len());
        KEYWORDS.contains(&&line[..word_end]) && line[word_end..].starts_with(' ')
    })
}

/// The parser names some tokens as its source does.
fn readable(message: &str) -> String {
    let tokens = [
        ("R_BRACK", "`]`"),
        ("L_BRACK", "`[`"),
        ("R_CURLY", "`}`"),
        ("L_CURLY", "`{`"),
        ("R_PAREN", "`)`"),
        ("L_PAREN", "`(`"),
        ("Unexpected character", "unexpected character"),
        ("Enum Value Definition", "a value of the enum"),
        ("got EOF", "found <EOF>, the end of the schema"),
    ];
    tokens.iter().fold(message.to_owned(), |message, (name, token)| message.replace(name, token))
}

/// GraphQL's names are ASCII.
fn foreign_letter(text: &str, span: &Span) -> Option<String> {
    let letter = text.get(span.start..)?.chars().next()?;
    letter.is_alphabetic().then_some(())?;
    (!letter.is_ascii()).then(|| "names hold the letters A to Z, a to z, digits and _ alone".to_owned())
}

/// How the brackets of a text match.
#[derive(Debug, Default)]
struct Brackets {
    /// The outermost `{` that nothing closes.
    never_closed: Option<usize>,
    /// Brackets that something else closes: where it does, and where they open.
    crossed: Vec<(usize, usize)>,
}

impl Brackets {
    fn of(text: &str) -> Self {
        let mut brackets = Self::default();
        let mut open: Vec<(u8, usize)> = Vec::new();
        for (at, byte) in code_bytes(text) {
            let opening = match byte {
                b'{' | b'[' | b'(' => {
                    open.push((byte, at));
                    continue;
                }
                b'}' => b'{',
                b']' => b'[',
                b')' => b'(',
                _ => continue,
            };
            let Some(partner) = open.iter().rposition(|(kind, _)| *kind == opening) else { continue };
            brackets.crossed.extend(open.drain(partner + 1..).map(|(_, start)| (at, start)));
            open.pop();
        }
        brackets.never_closed = open.iter().find(|(kind, _)| *kind == b'{').map(|(_, at)| *at);
        brackets
    }

    fn hint(&self, text: &str, span: &Span) -> Option<String> {
        let crossed = self.crossed.iter().find(|(closer, _)| *closer == span.start).map(|(_, opener)| *opener);
        let opener = crossed.or(self.never_closed)?;
        let before = text.get(..opener)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(1, |start| start.chars().count() + 1);
        Some(format!("the `{}` of line {line}, column {column} is not closed", text.get(opener..=opener)?))
    }
}

/// The bytes that are neither in a comment nor in a string.
fn code_bytes(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let byte = *bytes.get(at)?;
            let rest = &text.as_bytes()[at..];
            let length = match byte {
                b'#' => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
                b'"' => string_length(rest),
                _ => {
                    at += 1;
                    return Some((at - 1, byte));
                }
            };
            at += length;
        }
    })
}

/// Length of the string literal that a text begins with; an open one ends with its line.
fn string_length(rest: &[u8]) -> usize {
    let block = rest.starts_with(b"\"\"\"");
    let mut at = if block { 3 } else { 1 };
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 1,
            b'"' if block && rest[at..].starts_with(b"\"\"\"") => return at + 3,
            b'"' | b'\n' if !block => return at + 1,
            _ => {}
        }
        at += 1;
    }
    rest.len()
}
