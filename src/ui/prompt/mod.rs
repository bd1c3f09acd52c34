//! The only way to ask. A question cannot exist without a flag, and it never decides what happens with the answer.

mod scripted;
mod terminal;

pub use scripted::Scripted;
pub use terminal::Terminal;

use crate::base::Secret;
use crate::error::{Code, Diagnose, Hint};

/// A question with the flag that answers it.
#[derive(Clone, Copy, Debug)]
pub struct Question<T> {
    /// Its name: command and flag (`add auth/sign-in`).
    pub id: &'static str,
    /// The flag that answers it, without the hyphens.
    pub flag: &'static str,
    /// What is asked, without the question mark.
    pub text: &'static str,
    /// One line for who has to give the flag.
    pub help: &'static str,
    /// The answer of who just presses Enter, or cannot be asked.
    pub default: Option<T>,
}

/// One of the answers to pick from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value of the flag.
    pub value: String,
    /// What the person reads.
    pub text: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// There is nobody to ask.
    #[error("there is no terminal to ask on")]
    Refused,
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The terminal failed.
    #[error("the answer could not be read from the terminal: {0}")]
    Terminal(#[source] std::io::Error),
}

impl Diagnose for PromptError {
    fn code(&self) -> Code {
        match self {
            Self::Refused => Code::AMP0205,
            Self::Interrupted => Code::AMP0204,
            Self::Terminal(_) => Code::AMP0901,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Refused => vec![Hint::new("give `--yes` to go on without being asked")],
            Self::Interrupted => Vec::new(),
            Self::Terminal(_) => vec![Hint::new("give the answers as flags, with `--no-input`")],
        }
    }
}

/// Whoever answers questions.
pub trait Prompter {
    /// False when every question will be refused.
    fn can_ask(&self) -> bool {
        true
    }

    /// Asks for a line of text; `check` says why an answer is not good.
    fn text(
        &self,
        question: &Question<&str>,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<String, PromptError>;

    /// Asks for a text that nobody sees; `check` says why an answer is not good, without repeating it.
    fn secret(
        &self,
        question: &Question<&str>,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<Secret<String>, PromptError>;

    /// Asks for one of `choices`, by its position.
    fn pick(&self, question: &Question<usize>, choices: &[Choice]) -> Result<usize, PromptError>;

    /// Asks for yes or no.
    fn confirm(&self, question: &Question<bool>) -> Result<bool, PromptError>;
}

/// Refuses every question: there is no terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refusing;

impl Prompter for Refusing {
    fn can_ask(&self) -> bool {
        false
    }

    fn text(&self, _: &Question<&str>, _: &dyn Fn(&str) -> Result<(), String>) -> Result<String, PromptError> {
        Err(PromptError::Refused)
    }

    fn secret(
        &self,
        _: &Question<&str>,
        _: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<Secret<String>, PromptError> {
        Err(PromptError::Refused)
    }

    fn pick(&self, _: &Question<usize>, _: &[Choice]) -> Result<usize, PromptError> {
        Err(PromptError::Refused)
    }

    fn confirm(&self, _: &Question<bool>) -> Result<bool, PromptError> {
        Err(PromptError::Refused)
    }
}
