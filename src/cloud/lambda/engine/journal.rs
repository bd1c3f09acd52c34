//! The log of an invocation in Lambda's words: events for CloudWatch Logs, and its end for the caller.
//!
//! Source: "Log formats" and "Viewing CloudWatch logs for Lambda functions" of the Lambda guide.

use std::fmt::Write as _;

use super::output::Line;
use crate::cloud::logs::LogEvent;

/// How much of a log `LogType: Tail` gives, in bytes.
const TAIL_BYTES: usize = 4096;

/// What is known of an invocation when it has ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts<'a> {
    pub request_id: &'a str,
    /// `$LATEST` or a number.
    pub version: &'a str,
    /// The log stream of the process.
    pub stream: String,
    /// What is said of a process that was started for this event.
    pub start: Option<Line>,
    /// What the process printed before the event came, and after.
    pub before: Vec<Line>,
    pub during: Vec<Line>,
    /// When the event came and when it had its answer, in milliseconds since 1970.
    pub began_ms: i64,
    pub ended_ms: i64,
    pub duration_ms: f64,
    /// How long the process took to start, for its first event.
    pub init_ms: Option<f64>,
    pub memory_mb: u64,
    /// The most memory that the process has had, where the system tells.
    pub used_mb: Option<u64>,
    /// `timeout`, or `error` and its type.
    pub status: Option<(&'static str, Option<String>)>,
    /// The end of what the log has already, when it was begun while the function ran.
    pub told: Option<String>,
}

impl Facts<'_> {
    /// What the log does not have yet of an invocation that goes on; from now on it has it.
    pub(super) fn so_far(&mut self) -> Vec<Line> {
        let lines = self.open_lines();
        let told = self.told.take().unwrap_or_default() + &text(&lines);
        self.told = Some(tail(&told).to_owned());
        self.during.clear();
        lines
    }

    /// The lines before the end.
    fn open_lines(&self) -> Vec<Line> {
        let Self { request_id: id, version, .. } = self;
        if self.told.is_some() {
            return self.during.clone();
        }
        let mut lines: Vec<Line> = self.start.iter().chain(&self.before).cloned().collect();
        lines.push(Line::new(self.began_ms, format!("START RequestId: {id} Version: {version}")));
        lines.extend(self.during.iter().cloned());
        lines
    }

    /// The log, or what it does not have yet of it, with the `REPORT` line.
    pub(super) fn lines(&self) -> Vec<Line> {
        let id = self.request_id;
        let mut lines = self.open_lines();
        lines.push(Line::new(self.ended_ms, format!("END RequestId: {id}")));
        lines.push(Line::new(self.ended_ms, self.report()));
        lines
    }

    fn report(&self) -> String {
        let mut line = format!("REPORT RequestId: {}\tDuration: {:.2} ms\t", self.request_id, self.duration_ms);
        let billed = (self.duration_ms + self.init_ms.unwrap_or_default()).ceil().max(1.0);
        // Writing to a text cannot fail.
        let _ = write!(line, "Billed Duration: {billed} ms\tMemory Size: {} MB\t", self.memory_mb);
        if let Some(used) = self.used_mb {
            let _ = write!(line, "Max Memory Used: {used} MB\t");
        }
        if let Some(init) = self.init_ms {
            let _ = write!(line, "Init Duration: {init:.2} ms\t");
        }
        if let Some((status, kind)) = &self.status {
            let _ = write!(line, "Status: {status}");
            if let Some(kind) = kind {
                let _ = write!(line, "\tError Type: {kind}");
            }
        }
        line
    }
}

/// Lines as one text.
pub(super) fn text(lines: &[Line]) -> String {
    lines.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect()
}

/// Lines as events of a log.
pub(super) fn events(lines: Vec<Line>) -> Vec<LogEvent> {
    lines.into_iter().map(|line| LogEvent { at_ms: line.at_ms, message: line.text + "\n" }).collect()
}

/// The end of a log, as `LogType: Tail` gives it.
pub(super) fn tail(log: &str) -> &str {
    let from = log.len().saturating_sub(TAIL_BYTES);
    let from = (from..=log.len()).find(|at| log.is_char_boundary(*at)).unwrap_or(log.len());
    &log[from..]
}
