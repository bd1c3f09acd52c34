//! The project in a cloud: package, upload, preview, execute, watch, explain failures.
