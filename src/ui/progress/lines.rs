//! Progress as one line a fact, for logs and pipes.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::board::Board;
use super::words;
use crate::base::{Event, Outcome, Reporter};
use crate::ui::style::{Style, clean, elapsed, size};

/// Events as lines.
#[derive(Clone, Debug, Default)]
pub struct LineView {
    board: Board,
}

impl LineView {
    /// The line of an event, when it is worth one.
    pub fn line(&mut self, event: &Event, now: Duration, style: Style) -> Option<String> {
        self.board.fold(event, now);
        match event {
            Event::StepFinished { step, outcome, elapsed: time } => {
                let (running, done) = words::step(*step);
                Some(match outcome {
                    Outcome::Done { facts } => ended(done, facts, *time),
                    Outcome::Skipped => ended(done, "nothing to do", *time),
                    Outcome::Failed => format!("{} {running}: failed", style.failed()),
                })
            }
            Event::StepStarted { .. } | Event::ArtifactUploaded { skipped: true, .. } => None,
            Event::ArtifactUploaded { name, bytes, .. } => Some(format!("    {} ({})", clean(name), size(*bytes))),
            Event::ResourceChanged { stack, label, status, reason, .. } => {
                let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {}", clean(reason)));
                Some(format!("    {stack}: {}: {}{reason}", clean(&label.0), words::status(*status)))
            }
            Event::Noted { note } => Some(format!("  {}", clean(&words::note(note)))),
        }
    }
}

/// A settled step: what, facts, time.
pub(super) fn ended(done: &str, facts: &str, time: Duration) -> String {
    format!("  {done:30} {:40} {:>7}", clean(facts), elapsed(time)).trim_end().to_owned()
}

/// Writes lines to standard error.
#[derive(Debug)]
pub(super) struct LineReporter {
    view: Mutex<LineView>,
    style: Style,
    began: Instant,
}

impl LineReporter {
    pub(super) fn new(style: Style) -> Self {
        Self { view: Mutex::default(), style, began: Instant::now() }
    }
}

impl Reporter for LineReporter {
    fn report(&self, event: Event) {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = view.line(&event, self.began.elapsed(), self.style) {
            // Nobody to tell when standard error is gone.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }
}
