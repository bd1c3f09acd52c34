//! A file that `add` creates for the user.

/// A file to be written when it is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the project, with `/` between the parts.
    pub path: String,
    /// Its content.
    pub text: String,
}
