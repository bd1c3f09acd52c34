//! What the user types: clap definitions, interviews, settings, exit codes.
