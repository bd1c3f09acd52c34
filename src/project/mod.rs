//! The project on disk: find, read, edit, remember.
