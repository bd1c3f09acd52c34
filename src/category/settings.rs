//! Values of settings that are wrong although their type allows them.

/// A setting with a value that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingProblem {
    /// The setting, with dots between the parts: `password.minimum-length`.
    pub setting: &'static str,
    /// Why it cannot be.
    pub why: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl SettingProblem {
    /// A problem without a hint.
    pub fn new(setting: &'static str, why: impl Into<String>) -> Self {
        Self { setting, why: why.into(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Whether a path stays inside the project: relative, with `/` between plain parts, not in our own folder `.ampup`.
pub fn inside(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.starts_with(' ');
    let forbidden = |c: char| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    path.len() <= 400
        && path.split('/').all(plain)
        && !path.contains(forbidden)
        && !path.split('/').next().is_some_and(|first| first.eq_ignore_ascii_case(".ampup") || first == ".git")
}
