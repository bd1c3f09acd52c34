//! Answers written down beforehand, by the id of the question; for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::base::Secret;

use super::{Choice, PromptError, Prompter, Question};

/// Answers from a script; a question that is not in it is answered as Ctrl-C would.
#[derive(Debug, Default)]
pub struct Scripted {
    answers: BTreeMap<String, String>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    /// A script of question ids and answers: text, the value of a choice, `yes` or `no`.
    pub fn new(answers: &[(&str, &str)]) -> Self {
        let answers = answers.iter().map(|(id, answer)| ((*id).to_owned(), (*answer).to_owned())).collect();
        Self { answers, asked: Mutex::default() }
    }

    /// The ids of what was asked, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, id: &str) -> Result<&str, PromptError> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
        self.answers.get(id).map(String::as_str).ok_or(PromptError::Interrupted)
    }
}

impl Prompter for Scripted {
    fn text(
        &self,
        question: &Question<&str>,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<String, PromptError> {
        let answer = self.answer(question.id)?;
        check(answer).map_err(|reason| PromptError::Terminal(std::io::Error::other(reason)))?;
        Ok(answer.to_owned())
    }

    fn secret(
        &self,
        question: &Question<&str>,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<Secret<String>, PromptError> {
        self.text(question, check).map(Secret::new)
    }

    fn pick(&self, question: &Question<usize>, choices: &[Choice]) -> Result<usize, PromptError> {
        let answer = self.answer(question.id)?;
        choices.iter().position(|choice| choice.value == answer).ok_or(PromptError::Interrupted)
    }

    fn confirm(&self, question: &Question<bool>) -> Result<bool, PromptError> {
        Ok(self.answer(question.id)? == "yes")
    }
}
