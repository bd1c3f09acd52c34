//! Screen and keyboard: results, progress, prompts, failures. The only holder of the standard streams.
//!
//! Results go to standard output, the conversation to standard error. Nothing here decides what a command does.

pub mod change_set;
mod failure;
pub mod progress;
pub mod prompt;
pub mod report;
mod reports;
pub mod style;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crate::base::Reporter;
use crate::error::{Code, Diagnose, ExitStatus, Failure};
use crate::ops::dev::{DevEvent, Happening};
use crate::ops::logs::LogLine;

pub use progress::ProgressMode;
pub use report::{Paper, Report};
pub use style::Style;

/// How the screen is used; settled before the first word is written.
#[derive(Clone, Copy, Debug)]
pub struct UiSettings {
    /// One JSON document on standard output instead of text.
    pub json: bool,
    /// Nothing on standard error but failures.
    pub quiet: bool,
    /// How progress is shown.
    pub progress: ProgressMode,
    /// The dress of standard output.
    pub out_style: Style,
    /// The dress of standard error.
    pub err_style: Style,
}

/// The screen.
pub struct Ui {
    settings: UiSettings,
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
}

impl std::fmt::Debug for Ui {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ui").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Standard output could not take the result.
#[derive(Debug, thiserror::Error)]
#[error("the result could not be written to standard output: {0}")]
struct OutputError(#[source] io::Error);

impl Diagnose for OutputError {
    fn code(&self) -> Code {
        Code::AMP0902
    }
}

impl Ui {
    /// The screen over the standard streams.
    pub fn standard(settings: UiSettings) -> Self {
        Self::new(settings, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// A screen over any two streams.
    pub fn new(settings: UiSettings, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self { settings, out: Mutex::new(out), err: Mutex::new(err) }
    }

    /// How the screen is used.
    pub fn settings(&self) -> &UiSettings {
        &self.settings
    }

    /// Takes progress events, in the settled way.
    pub fn reporter(&self) -> Box<dyn Reporter> {
        let mode = if self.settings.quiet { ProgressMode::None } else { self.settings.progress };
        progress::reporter(mode, self.settings.err_style)
    }

    /// Writes a result, and says how the program ends.
    pub fn finish<R: Report>(&self, report: &R) -> ExitStatus {
        match self.show(report) {
            Ok(()) => report.exit(),
            Err(status) => status,
        }
    }

    /// Writes a result of a program that goes on (`dev`).
    ///
    /// # Errors
    /// How the program has to end, when nobody reads the result any more.
    pub fn show<R: Report>(&self, report: &R) -> Result<(), ExitStatus> {
        let text = if self.settings.json {
            report::document(report).map_err(|error| self.output_failed(io::Error::other(error)))?
        } else {
            let mut text = String::new();
            let fine = report.human(&mut Paper::new(&mut text, self.settings.out_style));
            fine.map_err(|error| self.output_failed(io::Error::other(error)))?;
            text
        };
        self.result(&text)
    }

    /// Tells a failure, and says how the program ends.
    pub fn fail(&self, failure: &Failure) -> ExitStatus {
        let status = ExitStatus::from(failure.code().kind());
        if self.settings.json {
            return self.result(&failure::document(failure)).err().unwrap_or(status);
        }
        self.say(&failure::human(failure, self.settings.err_style));
        status
    }

    /// A line of the conversation; nothing when quiet.
    pub fn note(&self, line: &str) {
        if !self.settings.quiet {
            self.say(&format!("{line}\n"));
        }
    }

    /// A line of the log of `dev`.
    pub fn dev_event(&self, event: &DevEvent, clock: &str) {
        self.note(&reports::log_line(event, clock, self.settings.err_style));
    }

    /// An event of a log: a line for a person, with a colour for each resource by its `place`, or one JSON document in a
    /// line.
    ///
    /// # Errors
    /// How the program has to end, when nobody reads any more.
    pub fn log_event(&self, line: &LogLine, place: usize, width: usize) -> Result<(), ExitStatus> {
        if !self.settings.json {
            return self.result(&reports::event_lines(line, (place, width), self.settings.out_style));
        }
        let document = serde_json::to_string(line).map_err(|error| self.output_failed(io::Error::other(error)))?;
        self.result(&(document + "\n"))
    }

    /// The preview of a deployment, as part of the conversation.
    pub fn preview(&self, stack: &str, changes: &crate::cfn::ChangeSet) {
        let style = self.settings.err_style;
        let mut text = format!(
            "Changes to {}

",
            style::clean(stack)
        );
        // Writing to a string cannot fail.
        let _ = change_set::write(&mut Paper::new(&mut text, style), changes);
        self.note(text.trim_end());
    }

    fn result(&self, text: &str) -> Result<(), ExitStatus> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            // The reader has seen enough (`| head`): that is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ExitStatus::Success),
            Err(error) => Err(self.output_failed(error)),
        }
    }

    fn output_failed(&self, error: io::Error) -> ExitStatus {
        self.say(&failure::human(&OutputError(error).into(), self.settings.err_style));
        ExitStatus::Internal
    }

    fn say(&self, text: &str) {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody to tell when standard error is gone.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}
