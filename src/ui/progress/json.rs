//! Progress as one JSON document a line.

use std::io::Write;

use crate::base::{Event, Reporter};

/// Writes events to standard error.
#[derive(Debug)]
pub(super) struct JsonReporter;

impl Reporter for JsonReporter {
    fn report(&self, event: Event) {
        if let Ok(line) = serde_json::to_string(&event) {
            // Nobody to tell when standard error is gone.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }
}
