//! Answers from flags, from the person, from defaults; and all missing ones at once.

use std::fmt::Write;

use clap::ValueEnum;

use crate::error::{Code, Diagnose, Hint};
use crate::ui::prompt::{Choice, PromptError, Prompter, Question};

/// Answers that nobody gave.
#[derive(Debug, thiserror::Error)]
#[error("{}", told(.missing))]
pub(crate) struct MissingAnswers {
    /// Flags with what they are for.
    pub(crate) missing: Vec<Missing>,
    /// The command to copy.
    pub(crate) command: String,
}

/// One missing answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The flag, without the hyphens.
    pub(crate) flag: &'static str,
    /// What it is for.
    pub(crate) help: &'static str,
    /// A value that would do.
    example: String,
}

fn told(missing: &[Missing]) -> String {
    let (number, verb) = match missing.len() {
        1 => ("1 answer".to_owned(), "is"),
        many => (format!("{many} answers"), "are"),
    };
    let width = missing.iter().map(|one| one.flag.len()).max().unwrap_or(0);
    let mut text = format!("{number} {verb} missing and there is no terminal to ask on");
    for one in missing {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  --{:width$}   {}", one.flag, one.help);
    }
    text
}

impl Diagnose for MissingAnswers {
    fn code(&self) -> Code {
        Code::AMP0201
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(&self.command)]
    }
}

/// Gathers the answers of one command.
pub(crate) struct Interview<'a> {
    prompter: &'a dyn Prompter,
    words: Vec<String>,
    missing: Vec<Missing>,
    asked: bool,
}

impl std::fmt::Debug for Interview<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Interview").field("words", &self.words).finish_non_exhaustive()
    }
}

impl<'a> Interview<'a> {
    /// An interview for a command: `ampup add auth`.
    pub(crate) fn new(prompter: &'a dyn Prompter, command: &str) -> Self {
        Self { prompter, words: vec![command.to_owned()], missing: Vec::new(), asked: false }
    }

    /// Notes an answer that needs no question, for the command to copy.
    pub(crate) fn given(&mut self, flag: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.note(flag, &value.to_string());
        }
    }

    fn note(&mut self, flag: &str, value: &str) {
        self.words.push(format!("--{flag} {}", quoted(value)));
    }

    /// A text that becomes a value of a type. A missing one is `None`, and [`Interview::finish`] fails.
    pub(crate) fn text<T>(&mut self, given: Option<T>, question: &Question<&str>) -> Result<Option<T>, PromptError>
    where
        T: std::str::FromStr + ToString,
        T::Err: std::fmt::Display,
    {
        let value = match given {
            Some(value) => Some(value),
            None if self.prompter.can_ask() => {
                self.asked = true;
                let check = |text: &str| text.parse::<T>().map(drop).map_err(|error| error.to_string());
                self.prompter.text(question, &check)?.parse().ok()
            }
            None => question.default.and_then(|default| default.parse().ok()),
        };
        match &value {
            Some(value) => self.note(question.flag, &value.to_string()),
            None => self.miss(question.flag, question.help, "<value>"),
        }
        Ok(value)
    }

    /// One of the values of an enum.
    pub(crate) fn pick<T: ValueEnum>(
        &mut self,
        given: Option<T>,
        question: &Question<usize>,
    ) -> Result<Option<T>, PromptError> {
        let all = T::value_variants();
        let value = match given {
            Some(value) => Some(value),
            None if self.prompter.can_ask() => {
                self.asked = true;
                let choices: Vec<Choice> = all.iter().filter_map(choice).collect();
                all.get(self.prompter.pick(question, &choices)?).cloned()
            }
            None => question.default.and_then(|index| all.get(index)).cloned(),
        };
        if let Some(choice) = value.as_ref().and_then(choice) {
            self.note(question.flag, &choice.value);
        } else {
            let example = all.first().and_then(choice).map_or_else(String::new, |choice| choice.value);
            self.miss(question.flag, question.help, &example);
        }
        Ok(value)
    }

    /// Yes or no.
    pub(crate) fn confirm(
        &mut self,
        given: Option<bool>,
        question: &Question<bool>,
    ) -> Result<Option<bool>, PromptError> {
        let value = match given {
            Some(value) => Some(value),
            None if self.prompter.can_ask() => {
                self.asked = true;
                Some(self.prompter.confirm(question)?)
            }
            None => question.default,
        };
        match value {
            Some(value) => self.note(question.flag, &value.to_string()),
            None => self.miss(question.flag, question.help, "true"),
        }
        Ok(value)
    }

    fn miss(&mut self, flag: &'static str, help: &'static str, example: &str) {
        self.missing.push(Missing { flag, help, example: example.to_owned() });
        self.words.push(format!("--{flag} {example}"));
    }

    /// Ends the interview: the same command with flags when something was asked.
    ///
    /// # Errors
    /// [`MissingAnswers`] with every flag that nobody gave.
    pub(crate) fn finish(self) -> Result<Option<String>, MissingAnswers> {
        let command = self.words.join(" ");
        if self.missing.is_empty() {
            Ok(self.asked.then_some(command))
        } else {
            Err(MissingAnswers { missing: self.missing, command: format!("`{command}`") })
        }
    }
}

fn choice<T: ValueEnum>(value: &T) -> Option<Choice> {
    let possible = value.to_possible_value()?;
    let text = possible.get_help().map_or_else(|| possible.get_name().to_owned(), ToString::to_string);
    Some(Choice { value: possible.get_name().to_owned(), text })
}

/// A value as a shell takes it.
pub(super) fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | ',' | '=' | '@');
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "'\\''"))
    }
}
