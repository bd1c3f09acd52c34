//! Splits JavaScript into tokens: enough to see which constructs a program uses and where its imports and exports are.
//!
//! Not a parser: whether the program is well formed is decided by the engine.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number.
    Number,
    /// Text in quotes, or a piece of a template.
    Text,
    /// A regular expression.
    Pattern,
    /// Punctuation: one operator.
    Sign,
}

/// A piece of the text, with how many brackets are open around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// Offset in bytes.
    pub start: usize,
    /// Open `(`, `[`, `{` before it.
    pub depth: usize,
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }
}

const SIGNS: [&str; 31] = [
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=", "<=", ">=", "&&",
    "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "**", "<<", ">>", "|=",
];

/// Words after which a `/` begins a regular expression.
const BEFORE_VALUE: [&str; 11] =
    ["return", "typeof", "case", "in", "of", "delete", "void", "new", "throw", "else", "do"];

/// The tokens of `text`, or the offset at which a text, template or comment was never closed.
pub(super) fn scan(text: &str) -> Result<Vec<Token<'_>>, usize> {
    let mut scanner = Scanner { text, at: 0, depth: 0, templates: Vec::new(), tokens: Vec::new() };
    while scanner.step()? {}
    Ok(scanner.tokens)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// The depths at which a `}` goes on with a template.
    templates: Vec<usize>,
    tokens: Vec<Token<'a>>,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, kind: Kind, length: usize) {
        let text = &self.text[self.at..self.at + length];
        self.tokens.push(Token { kind, text, start: self.at, depth: self.depth });
        self.at += length;
    }

    /// Takes one token, comment or space; false at the end.
    fn step(&mut self) -> Result<bool, usize> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(false) };
        if first.is_whitespace() || first == '\u{feff}' {
            self.at += first.len_utf8();
        } else if rest.starts_with("//") {
            self.at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            self.at += rest.find("*/").ok_or(self.at)? + 2;
        } else if first.is_alphabetic() || first == '_' || first == '$' || first == '\\' || first == '#' {
            let inside =
                |one: char| one.is_alphanumeric() || matches!(one, '_' | '$' | '\\' | '#' | '\u{200c}' | '\u{200d}');
            self.take(Kind::Word, rest.find(|one| !inside(one)).unwrap_or(rest.len()));
        } else if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|one: char| one.is_ascii_digit())) {
            self.take(Kind::Number, number_length(rest));
        } else if first == '"' || first == '\'' {
            let length = quoted_length(rest, first).ok_or(self.at)?;
            self.take(Kind::Text, length);
        } else if first == '`' {
            self.template(1)?;
        } else if first == '/' && self.value_may_begin() {
            let length = pattern_length(rest).ok_or(self.at)?;
            self.take(Kind::Pattern, length);
        } else {
            self.sign(first)?;
        }
        Ok(true)
    }

    fn sign(&mut self, first: char) -> Result<(), usize> {
        match first {
            '}' if self.templates.last() == Some(&self.depth) => {
                self.templates.pop();
                self.depth = self.depth.saturating_sub(1);
                return self.template(1);
            }
            ')' | ']' | '}' => {
                self.depth = self.depth.saturating_sub(1);
                self.take(Kind::Sign, 1);
            }
            '(' | '[' | '{' => {
                self.take(Kind::Sign, 1);
                self.depth += 1;
            }
            _ => {
                let rest = self.rest();
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                // `a?.5:b` is a choice, not a chain.
                let chain = rest.starts_with("?.") && rest[2..].starts_with(|one: char| one.is_ascii_digit());
                let length = sign.map_or(first.len_utf8(), |sign| if chain { 1 } else { sign.len() });
                self.take(Kind::Sign, length);
            }
        }
        Ok(())
    }

    /// Takes the text of a template up to its end or its next `${`.
    fn template(&mut self, opening: usize) -> Result<(), usize> {
        let rest = self.rest();
        let mut escaped = false;
        for (index, one) in rest.char_indices().skip(opening) {
            if escaped {
                escaped = false;
            } else if one == '\\' {
                escaped = true;
            } else if one == '`' {
                self.take(Kind::Text, index + 1);
                return Ok(());
            } else if one == '$' && rest[index + 1..].starts_with('{') {
                self.take(Kind::Text, index + 2);
                self.depth += 1;
                self.templates.push(self.depth);
                return Ok(());
            }
        }
        Err(self.at)
    }

    /// Whether a value may stand here, so that `/` is not a division.
    fn value_may_begin(&self) -> bool {
        self.tokens.last().is_none_or(|last| match last.kind {
            Kind::Word => BEFORE_VALUE.contains(&last.text),
            Kind::Number | Kind::Pattern => false,
            Kind::Text => last.text.ends_with("${"),
            Kind::Sign => !matches!(last.text, ")" | "]" | "}" | "++" | "--"),
        })
    }
}

fn number_length(rest: &str) -> usize {
    let mut before = ' ';
    for (index, one) in rest.char_indices() {
        let exponent = matches!(one, '+' | '-') && matches!(before, 'e' | 'E') && !rest.starts_with("0x");
        if !(one.is_alphanumeric() || one == '.' || one == '_' || exponent) {
            return index;
        }
        before = one;
    }
    rest.len()
}

fn quoted_length(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (index, one) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if one == '\\' {
            escaped = true;
        } else if one == quote {
            return Some(index + 1);
        } else if one == '\n' {
            return None;
        }
    }
    None
}

fn pattern_length(rest: &str) -> Option<usize> {
    let (mut escaped, mut class) = (false, false);
    for (index, one) in rest.char_indices().skip(1) {
        match one {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => {
                let flags = rest[index + 1..].find(|one: char| !one.is_alphanumeric());
                return Some(index + 1 + flags.unwrap_or(rest.len() - index - 1));
            }
            _ => {}
        }
    }
    None
}
