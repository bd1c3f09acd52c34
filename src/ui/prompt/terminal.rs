//! Questions on the terminal: the one place that knows dialoguer.
//!
//! Everything is written to standard error. Ctrl-C shows the cursor again, which dialoguer leaves hidden.

use console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Password, Select};

use super::{Choice, PromptError, Prompter, Question};
use crate::base::Secret;

/// Asks the person at the terminal.
#[derive(Debug)]
pub struct Terminal {
    colour: bool,
    interrupt: Option<InterruptCatcher>,
}

/// Keeps Ctrl-C from ending the process while a question hides the cursor: with a handler in place the terminal library
/// returns an error that we can tidy up after.
#[derive(Debug)]
struct InterruptCatcher {
    _runtime: tokio::runtime::Runtime,
}

impl InterruptCatcher {
    #[cfg(unix)]
    fn install() -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let kind = tokio::signal::unix::SignalKind::interrupt();
        let signal = {
            let _context = runtime.enter();
            tokio::signal::unix::signal(kind)
        };
        // The handler stays when the stream goes: that is all that is wanted of it.
        signal.is_ok().then_some(Self { _runtime: runtime })
    }

    #[cfg(not(unix))]
    fn install() -> Option<Self> {
        None
    }
}

impl Terminal {
    /// The terminal of this process.
    pub fn new(colour: bool) -> Self {
        Self { colour, interrupt: InterruptCatcher::install() }
    }

    fn theme(&self) -> Box<dyn Theme> {
        if self.colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) }
    }

    fn failed(&self, dialoguer::Error::IO(error): dialoguer::Error) -> PromptError {
        let _ = Term::stderr().show_cursor();
        let caught = self.interrupt.is_some() && error.kind() == std::io::ErrorKind::Interrupted;
        if caught || error.kind() == std::io::ErrorKind::UnexpectedEof {
            PromptError::Interrupted
        } else {
            PromptError::Terminal(error)
        }
    }
}

impl Prompter for Terminal {
    fn text(
        &self,
        question: &Question<&str>,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<String, PromptError> {
        let theme = self.theme();
        let mut input = Input::<String>::with_theme(&*theme).with_prompt(question.text);
        if let Some(default) = question.default {
            input = input.default(default.to_owned());
        }
        let input = input.validate_with(|answer: &String| check(answer));
        input.interact_text_on(&Term::stderr()).map_err(|error| self.failed(error))
    }

    fn secret(
        &self,
        question: &Question<&str>,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<Secret<String>, PromptError> {
        let theme = self.theme();
        let password =
            Password::with_theme(&*theme).with_prompt(question.text).report(false).allow_empty_password(true);
        let password = password.validate_with(|answer: &String| check(answer));
        password.interact_on(&Term::stderr()).map(Secret::new).map_err(|error| self.failed(error))
    }

    fn pick(&self, question: &Question<usize>, choices: &[Choice]) -> Result<usize, PromptError> {
        let theme = self.theme();
        let texts: Vec<&str> = choices.iter().map(|choice| choice.text.as_str()).collect();
        let select = Select::with_theme(&*theme).with_prompt(question.text).items(&texts);
        let select = select.default(question.default.unwrap_or(0));
        select.interact_on(&Term::stderr()).map_err(|error| self.failed(error))
    }

    fn confirm(&self, question: &Question<bool>) -> Result<bool, PromptError> {
        let theme = self.theme();
        let confirm = Confirm::with_theme(&*theme).with_prompt(question.text);
        let confirm = confirm.default(question.default.unwrap_or(false));
        confirm.interact_on(&Term::stderr()).map_err(|error| self.failed(error))
    }
}
