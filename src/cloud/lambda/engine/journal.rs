//! The log of an invocation in Lambda's words, its end for the caller, and a file for the developer.
//!
//! Source: "Log formats" and "Viewing CloudWatch logs for Lambda functions" of the Lambda guide. There is no CloudWatch
//! Logs here: a function's log lies in `lambda/logs/<function>.log` of the state.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::names::LATEST;

/// How much of a log `LogType: Tail` gives, in bytes.
const TAIL_BYTES: usize = 4096;

/// A log file is put aside when it is longer than this, in bytes.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

/// What is known of an invocation when it has ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts<'a> {
    pub request_id: &'a str,
    /// What the process printed before the event came, and after.
    pub before: String,
    pub during: String,
    pub duration_ms: f64,
    /// How long the process took to start, for its first event.
    pub init_ms: Option<f64>,
    pub memory_mb: u64,
    /// The most memory that the process has had, where the system tells.
    pub used_mb: Option<u64>,
    /// `timeout`, or `error` and its type.
    pub status: Option<(&'static str, Option<String>)>,
}

impl Facts<'_> {
    /// The log, with the `REPORT` line.
    pub(super) fn text(&self) -> String {
        let id = self.request_id;
        let mut text = self.before.clone();
        let mut line = format!("REPORT RequestId: {id}\tDuration: {:.2} ms\t", self.duration_ms);
        let billed = (self.duration_ms + self.init_ms.unwrap_or_default()).ceil().max(1.0);
        // Writing to a text cannot fail.
        let _ = write!(text, "START RequestId: {id} Version: {LATEST}\n{}END RequestId: {id}\n", self.during);
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
        text + &line + "\n"
    }
}

/// The end of a log, as `LogType: Tail` gives it.
pub(super) fn tail(log: &str) -> &str {
    let from = log.len().saturating_sub(TAIL_BYTES);
    let from = (from..=log.len()).find(|at| log.is_char_boundary(*at)).unwrap_or(log.len());
    &log[from..]
}

/// The files with the logs.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    writing: Mutex<()>,
}

impl Journal {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, writing: Mutex::default() }
    }

    /// Adds the log of an invocation to the function's file.
    pub(super) fn write(&self, function: &str, log: &str) {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.add(function, log) {
            tracing::warn!(%error, function, "the log of a function could not be written");
        }
    }

    fn add(&self, function: &str, log: &str) -> std::io::Result<()> {
        let path = self.folder.join(format!("{function}.log"));
        let open = || std::fs::File::options().create(true).append(true).open(&path);
        let mut file = match open() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir_all(&self.folder)?;
                open()?
            }
            opened => opened?,
        };
        if file.metadata()?.len() > FILE_BYTES {
            std::fs::rename(&path, self.folder.join(format!("{function}.log.1")))?;
            file = open()?;
        }
        file.write_all(log.as_bytes())
    }
}
