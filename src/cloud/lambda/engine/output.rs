//! What a process prints, cut into invocations and lines.
//!
//! Answers and output come by different ways. So that the log of an invocation is whole, our runtimes print a mark before
//! they answer; what stands before the mark belongs to the invocation.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::{Notify, watch};

use crate::base::Clock;

/// The most that is kept of one invocation, in bytes; of more, the end is kept.
const KEPT_BYTES: usize = 1024 * 1024;

/// What [`Output::settle`] takes to wait for the end of the output.
pub(super) const ENDED: u64 = u64::MAX - 1;

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// When it was printed, in milliseconds since 1970.
    pub at_ms: i64,
    /// Without the line feed at its end. Our Node.js runtime writes a line feed within a message as a carriage return,
    /// so that a message stays one line until here.
    pub text: String,
}

impl Line {
    pub(super) fn new(at_ms: i64, text: impl Into<String>) -> Self {
        Self { at_ms, text: text.into() }
    }
}

/// What was printed and not yet taken.
pub(super) struct Output {
    mark: Vec<u8>,
    clock: Arc<dyn Clock>,
    printed: Mutex<Printed>,
    /// How many marks came; the largest number when the output has ended.
    marks: watch::Sender<u64>,
    /// Told when something was printed.
    grown: Notify,
}

#[derive(Debug, Default)]
struct Printed {
    text: Vec<u8>,
    /// From which place on the text came at which time.
    times: Vec<(usize, i64)>,
}

impl Printed {
    fn remove(&mut self, from: usize, length: usize) {
        self.text.drain(from..from + length);
        for (at, _) in &mut self.times {
            *at = if *at >= from + length { *at - length } else { (*at).min(from) };
        }
        // Of several times at one place, the last is that of what stands there.
        self.times.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut from = 0;
        for piece in self.text.split_inclusive(|byte| *byte == b'\n') {
            let at_ms = self.times.iter().rev().find(|(at, _)| *at <= from).map_or(0, |(_, at_ms)| *at_ms);
            let line = String::from_utf8_lossy(piece);
            let line = line.strip_suffix('\n').unwrap_or(&line);
            lines.push(Line::new(at_ms, line.trim_end_matches('\r').replace('\r', "\n")));
            from += piece.len();
        }
        lines
    }
}

impl Output {
    /// Output whose invocations end with a zero byte, `token` and a line feed.
    pub(super) fn new(token: &str, clock: Arc<dyn Clock>) -> Self {
        let mark = [b"\0", token.as_bytes(), b"\n"].concat();
        Self { mark, clock, printed: Mutex::default(), marks: watch::Sender::new(0), grown: Notify::new() }
    }

    /// Reads until the end.
    pub(super) async fn read(&self, mut stream: impl AsyncRead + Unpin) {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            self.add(&piece[..length]);
        }
        self.marks.send_replace(u64::MAX);
    }

    fn add(&self, piece: &[u8]) {
        let now_ms = self.clock.now_ms();
        let mut marks = 0;
        {
            let mut printed = self.lock();
            let length = printed.text.len();
            // A mark may have come in two pieces.
            let mut from = length.saturating_sub(self.mark.len());
            if printed.times.last().is_none_or(|(_, at_ms)| *at_ms != now_ms) {
                printed.times.push((length, now_ms));
            }
            printed.text.extend_from_slice(piece);
            while let Some(at) = printed.text[from..].windows(self.mark.len()).position(|window| window == self.mark) {
                printed.remove(from + at, self.mark.len());
                from += at;
                marks += 1;
            }
            if let Some(excess) = printed.text.len().checked_sub(KEPT_BYTES + 1) {
                printed.remove(0, excess + 1);
            }
        }
        self.grown.notify_one();
        if marks > 0 {
            self.marks.send_modify(|count| *count = count.saturating_add(marks).min(ENDED));
        }
    }

    /// How many marks have come so far.
    pub(super) fn marks(&self) -> u64 {
        *self.marks.borrow()
    }

    /// Waits for a mark after `seen`, or for the end, but not longer than `patience`.
    pub(super) async fn settle(&self, seen: u64, patience: Duration) {
        let mut marks = self.marks.subscribe();
        // Without a mark, what has been read by now is the output.
        let _ = tokio::time::timeout(patience, marks.wait_for(|count| *count > seen)).await;
    }

    /// Waits until something was printed. For one waiter; what came before the wait counts.
    pub(super) async fn grown(&self) {
        self.grown.notified().await;
    }

    /// Takes what was printed since the last time, as whole lines.
    pub(super) fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *self.lock()).lines()
    }

    /// As [`Self::take`], but leaves a line that has no end yet: its rest, or a mark, may be on its way.
    pub(super) fn take_ended(&self) -> Vec<Line> {
        let mut printed = self.lock();
        let end = printed.text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let ended = Printed { text: printed.text[..end].to_vec(), times: printed.times.clone() };
        printed.remove(0, end);
        ended.lines()
    }

    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Output").field("marks", &self.marks).finish_non_exhaustive()
    }
}
