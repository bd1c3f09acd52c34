//! Resolver code as text: what APPSYNC_JS does not have is refused, and the module is turned into a function that makes
//! a fresh instance of it, so that nothing which one request leaves behind reaches the next.
//!
//! Not here: the engine, which has the last word on what is well formed.

use std::fmt::Write as _;

use super::scan::{Kind, Token, scan};
use super::through::hands_through;

/// The longest code that AppSync takes, in bytes (AppSync quotas: 32,768 characters).
pub(in crate::cloud::appsync) const CODE_LIMIT_BYTES: usize = 32_768;

/// What the modules export (AppSync developer guide, "JavaScript resolver built-in modules").
const MODULES: [(&str, &[&str]); 4] = [
    ("@aws-appsync/utils", &["util", "extensions", "runtime"]),
    ("@aws-appsync/utils/ai", &["invokeModel", "converse"]),
    ("@aws-appsync/utils/dynamodb", &["get", "put", "remove", "update", "query", "scan", "sync", "operations"]),
    (
        "@aws-appsync/utils/rds",
        &[
            "sql",
            "select",
            "insert",
            "update",
            "remove",
            "createMySQLStatement",
            "createPgStatement",
            "toJsonObject",
            "typeHint",
        ],
    ),
];

/// Words that APPSYNC_JS has no meaning for (AppSync developer guide, "Supported runtime features").
const REFUSED_WORDS: [&str; 16] = [
    "async", "await", "catch", "class", "continue", "do", "eval", "finally", "super", "this", "throw", "try", "while",
    "with", "yield", "debugger",
];

/// A fault in the code, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub(in crate::cloud::appsync) struct CodeError {
    /// `PARSER_ERROR`, `INVALID_IMPORT`, ….
    pub kind: &'static str,
    pub message: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// Code ready for a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud::appsync) struct Program {
    /// The text of a function that takes the modules and gives an instance's exports.
    pub factory: String,
    /// The exported names.
    pub exports: Vec<String>,
    /// Whether the code may look at `ctx.info` and so needs all of it.
    pub uses_info: bool,
    /// Whether `response` hands the data source's result on without looking at it.
    pub hands_through: bool,
}

impl Program {
    /// Reads a module; the errors are all that the text alone shows.
    pub(in crate::cloud::appsync) fn read(code: &str) -> Result<Self, Vec<CodeError>> {
        if code.len() > CODE_LIMIT_BYTES {
            let message = format!("the code is longer than {CODE_LIMIT_BYTES} characters");
            return Err(vec![CodeError { kind: "CODE_TOO_LONG", message, line: 1, column: 1 }]);
        }
        let tokens = scan(code).map_err(|offset| {
            vec![error_at(code, offset, "PARSER_ERROR", "a text, a template or a comment is never closed".to_owned())]
        })?;
        let mut reading = Reading { code, tokens: &tokens, output: code.to_owned(), ..Reading::default() };
        reading.refuse_constructs();
        reading.modules();
        if !reading.errors.is_empty() {
            return Err(reading.errors);
        }
        let exports: String = reading.exports.iter().fold(String::new(), |mut text, (outer, inner)| {
            let _ = write!(text, "{outer}: {inner}, ");
            text
        });
        let factory = format!(
            "(function ($modules) {{ 'use strict'; {}{}\nreturn {{ {exports}}}; }})",
            reading.imports, reading.output
        );
        let exports = reading.exports.into_iter().map(|(outer, _)| outer).collect();
        Ok(Self { factory, exports, uses_info: code.contains("info"), hands_through: hands_through(&tokens) })
    }
}

/// Line and column of an offset in bytes, from 1.
fn place(code: &str, offset: usize) -> (usize, usize) {
    let before = &code[..offset.min(code.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

fn error_at(code: &str, offset: usize, kind: &'static str, message: String) -> CodeError {
    let (line, column) = place(code, offset);
    CodeError { kind, message, line, column }
}

#[derive(Default)]
struct Reading<'a> {
    code: &'a str,
    tokens: &'a [Token<'a>],
    /// The code with imports and the word `export` blanked out.
    output: String,
    imports: String,
    /// Exported name, inner name.
    exports: Vec<(String, String)>,
    errors: Vec<CodeError>,
}

impl<'a> Reading<'a> {
    fn token(&self, index: usize) -> Option<&Token<'a>> {
        self.tokens.get(index)
    }

    fn is(&self, index: usize, text: &str) -> bool {
        self.token(index).is_some_and(|token| token.is(text))
    }

    fn word(&self, index: usize) -> Option<&'a str> {
        self.token(index).filter(|token| token.kind == Kind::Word).map(|token| token.text)
    }

    fn refuse(&mut self, offset: usize, kind: &'static str, message: String) {
        self.errors.push(error_at(self.code, offset, kind, message));
    }

    /// A word that stands as the name of a property: `a.in`, `{ in: 1 }`.
    fn names_property(&self, index: usize) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.token(before));
        before.is_some_and(|before| before.is(".") || before.is("?."))
            || (self.is(index + 1, ":") && before.is_some_and(|before| before.is("{") || before.is(",")))
    }

    fn refuse_constructs(&mut self) {
        let mut loop_heads: Vec<usize> = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Pattern => {
                    self.refuse(
                        token.start,
                        "PARSER_ERROR",
                        "regular expressions are not supported: use `util.matches`".into(),
                    );
                }
                Kind::Sign => self.refuse_sign(index, token, &mut loop_heads),
                Kind::Word if !self.names_property(index) => self.refuse_word(index, token, &mut loop_heads),
                _ => {}
            }
        }
    }

    fn refuse_sign(&mut self, index: usize, token: &Token<'_>, loop_heads: &mut Vec<usize>) {
        match token.text {
            "++" | "--" | "~" => {
                self.refuse(token.start, "PARSER_ERROR", format!("the operator `{}` is not supported", token.text));
            }
            ")" if loop_heads.last() == Some(&token.depth) => {
                loop_heads.pop();
            }
            ";" if token.depth > 0 && loop_heads.last() == Some(&(token.depth - 1)) => {
                let message = "`for (…; …; …)` is not supported: use `for … of` or `for … in`".to_owned();
                self.refuse(token.start, "PARSER_ERROR", message);
                loop_heads.pop();
            }
            "*" if index > 0 && self.is(index - 1, "function") => {
                self.refuse(token.start, "PARSER_ERROR", "generators are not supported".into());
            }
            _ => {}
        }
    }

    fn refuse_word(&mut self, index: usize, token: &Token<'_>, loop_heads: &mut Vec<usize>) {
        match token.text {
            "for" if self.is(index + 1, "(") => loop_heads.push(token.depth),
            // The head of `for (const key in map)`.
            "in" if token.depth > 0 && loop_heads.last() == Some(&(token.depth - 1)) => {}
            "in" => self.refuse(
                token.start,
                "PARSER_ERROR",
                "the operator `in` is not supported: use `Object.hasOwn`".into(),
            ),
            "import" if self.is(index + 1, "(") || self.is(index + 1, ".") => {
                self.refuse(token.start, "PARSER_ERROR", "only import declarations are supported".into());
            }
            word if REFUSED_WORDS.contains(&word) => {
                self.refuse(token.start, "PARSER_ERROR", format!("`{word}` is not supported"));
            }
            _ => {}
        }
    }

    /// Takes the imports and exports out of the text.
    fn modules(&mut self) {
        let mut index = 0;
        while let Some(token) = self.token(index).copied() {
            index += 1;
            if token.depth > 0 || token.kind != Kind::Word || self.names_property(index - 1) {
                continue;
            }
            index = match token.text {
                "import" => self.import(index),
                "export" => self.export(index),
                _ => index,
            };
        }
        // With brackets left open the engine has the better message.
        let closed = self.tokens.last().is_none_or(|last| last.depth == 0);
        for name in ["request", "response"] {
            if closed && self.errors.is_empty() && !self.exports.iter().any(|(outer, _)| outer == name) {
                self.refuse(0, "PARSER_ERROR", format!("the code does not export a function `{name}`"));
            }
        }
    }

    /// Replaces the text from one token to another by spaces, keeping the lines.
    fn blank(&mut self, first: usize, last: usize) {
        let (Some(first), Some(last)) = (self.token(first), self.token(last)) else { return };
        let range = first.start..last.end();
        let spaces: String =
            self.output[range.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
        self.output.replace_range(range, &spaces);
    }

    /// An import declaration, from the token after `import`; gives the index after it.
    fn import(&mut self, start: usize) -> usize {
        let from = (start..self.tokens.len()).find(|&index| self.tokens[index].kind == Kind::Text);
        let Some(from) = from else {
            self.refuse(self.tokens[start - 1].start, "PARSER_ERROR", "an import names no module".into());
            return self.tokens.len();
        };
        let specifier = self.tokens[from].text.trim_matches(['"', '\'', '`']);
        let Some((_, names)) = MODULES.iter().find(|(name, _)| *name == specifier) else {
            self.refuse(
                self.tokens[from].start,
                "INVALID_IMPORT",
                format!("the embedded cloud has no module `{specifier}`"),
            );
            return from + 1;
        };
        if self.is(start, "*") && self.is(start + 1, "as") {
            let name = self.word(start + 2).unwrap_or_default().to_owned();
            let _ = write!(self.imports, "const {name} = $modules('{specifier}'); ");
        } else if self.is(start, "{") {
            let pairs = self.pairs(start + 1);
            for (outer, inner, offset) in pairs {
                if !names.contains(&outer.as_str()) {
                    self.refuse(offset, "INVALID_IMPORT", format!("the module `{specifier}` has no `{outer}`"));
                }
                let _ = write!(self.imports, "const {inner} = $modules('{specifier}').{outer}; ");
            }
        } else if from != start {
            self.refuse(
                self.tokens[start].start,
                "INVALID_IMPORT",
                format!("the module `{specifier}` has no default export"),
            );
        }
        let end = if self.is(from + 1, ";") { from + 1 } else { from };
        self.blank(start - 1, end);
        end + 1
    }

    /// `a, b as c }`: outer and inner names with their places.
    fn pairs(&self, start: usize) -> Vec<(String, String, usize)> {
        let mut pairs = Vec::new();
        let mut index = start;
        while let Some(token) = self.token(index).filter(|token| !token.is("}")) {
            index += 1;
            if token.kind != Kind::Word {
                continue;
            }
            let mut inner = token.text;
            if self.is(index, "as") {
                inner = self.word(index + 1).unwrap_or(inner);
                index += 2;
            }
            pairs.push((token.text.to_owned(), inner.to_owned(), token.start));
        }
        pairs
    }

    /// An export declaration, from the token after `export`; gives the index after what was understood.
    fn export(&mut self, start: usize) -> usize {
        let keyword = start - 1;
        match self.word(start) {
            Some("function" | "const" | "let" | "var") => {
                if let Some(name) = self.word(start + 1) {
                    self.exports.push((name.to_owned(), name.to_owned()));
                }
                self.blank(keyword, keyword);
                start + 1
            }
            None if self.is(start, "{") => {
                let pairs = self.pairs(start + 1);
                let close = (start..self.tokens.len()).find(|&index| self.is(index, "}")).unwrap_or(start);
                if self.is(close + 1, "from") {
                    self.refuse(self.tokens[keyword].start, "PARSER_ERROR", "re-exports are not supported".into());
                }
                // In an export the first name is the inner one.
                self.exports.extend(pairs.into_iter().map(|(inner, outer, _)| (outer, inner)));
                let end = if self.is(close + 1, ";") { close + 1 } else { close };
                self.blank(keyword, end);
                end + 1
            }
            _ => {
                let message = "only named exports of functions and constants are supported".to_owned();
                self.refuse(self.tokens[keyword].start, "PARSER_ERROR", message);
                start
            }
        }
    }
}
