//! What a process prints, cut into invocations.
//!
//! Answers and output come by different ways. So that the log of an invocation is whole, our runtimes print a mark before
//! they answer; what stands before the mark belongs to the invocation.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::watch;

/// The most that is kept of one invocation, in bytes; of more, the end is kept.
const KEPT_BYTES: usize = 1024 * 1024;

/// What [`Output::settle`] takes to wait for the end of the output.
pub(super) const ENDED: u64 = u64::MAX - 1;

/// What was printed and not yet taken.
#[derive(Debug)]
pub(super) struct Output {
    mark: Vec<u8>,
    text: Mutex<Vec<u8>>,
    /// How many marks came; the largest number when the output has ended.
    marks: watch::Sender<u64>,
}

impl Output {
    /// Output whose invocations end with a zero byte, `token` and a line feed.
    pub(super) fn new(token: &str) -> Self {
        let mark = [b"\0", token.as_bytes(), b"\n"].concat();
        Self { mark, text: Mutex::default(), marks: watch::Sender::new(0) }
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
        let mut marks = 0;
        {
            let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
            // A mark may have come in two pieces.
            let mut from = text.len().saturating_sub(self.mark.len());
            text.extend_from_slice(piece);
            while let Some(at) = text[from..].windows(self.mark.len()).position(|window| window == self.mark) {
                text.drain(from + at..from + at + self.mark.len());
                from += at;
                marks += 1;
            }
            if text.len() > KEPT_BYTES {
                let excess = text.len() - KEPT_BYTES;
                text.drain(..excess);
            }
        }
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

    /// Takes what was printed since the last time, as whole lines.
    pub(super) fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.text.lock().unwrap_or_else(PoisonError::into_inner));
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}
