//! The letters of a filter pattern, one after the other.

/// Reads a pattern from left to right.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    pub(super) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Takes `text` if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Takes a word (in any case) if it comes next as a whole word.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.rest().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !self.rest()[word.len()..].starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|letter| !wanted(letter)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// What stands between two marks of the same kind, the first of which comes next. A backslash takes the mark's
    /// meaning away; it stays in a regular expression, where it has a meaning of its own.
    pub(super) fn quoted(&mut self, mark: char) -> Result<String, String> {
        let begun = self.at;
        self.next();
        let mut text = String::new();
        while let Some(letter) = self.next() {
            match letter {
                '\\' if mark != '%' && matches!(self.peek(), Some('\\' | '"' | '\'')) => text.extend(self.next()),
                '\\' => {
                    text.push(letter);
                    text.extend(self.next());
                }
                letter if letter == mark => return Ok(text),
                letter => text.push(letter),
            }
        }
        self.at = begun;
        Err(self.fault(&format!("the `{mark}` here has no end")))
    }

    /// A fault at this place, by column.
    pub(super) fn fault(&self, what: &str) -> String {
        let column = self.text[..self.at].chars().count() + 1;
        format!("Invalid filter pattern: {what} (column {column})")
    }
}
