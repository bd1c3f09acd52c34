//! How large a value is on the wire, and how large it may be.

use std::io::{self, Write};

use serde_json::Value;

/// The bytes of UTF-8 that the input or output of a state, a task or an execution may have (quota of Step Functions).
pub const MAX_BYTES: usize = 262_144;

/// The bytes that all variables of an execution may have together (quota of Step Functions).
pub const MAX_VARIABLES_BYTES: usize = 10 * 1024 * 1024;

/// The bytes of a value as JSON without blanks.
pub fn size(value: &Value) -> usize {
    struct Counter(usize);
    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // A value is always JSON, and counting cannot fail.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}
