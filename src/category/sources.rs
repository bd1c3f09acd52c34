//! The user's files as data, read before we start, and which stacks were rendered from them before.

use std::collections::{BTreeMap, BTreeSet};

/// Text files of the project by their path relative to it, with `/` between the parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<String, String>,
    rendered: BTreeSet<String>,
    code: BTreeSet<String>,
}

impl Sources {
    /// Adds a file.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.files.insert(path.into(), text.into());
    }

    /// Tells which files are below `ampup/stacks/` now, by their path in it.
    pub fn set_rendered(&mut self, paths: impl IntoIterator<Item = String>) {
        self.rendered = paths.into_iter().collect();
    }

    /// The files that are below `ampup/stacks/`, by their path in it.
    pub fn rendered(&self) -> impl Iterator<Item = &str> {
        self.rendered.iter().map(String::as_str)
    }

    /// Tells which files are code of functions; what they hold is read when they are packaged.
    pub fn set_code(&mut self, paths: impl IntoIterator<Item = String>) {
        self.code = paths.into_iter().collect();
    }

    /// Whether there is such a file, read or not.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.code.contains(path)
    }

    /// The paths of the files below a folder, read or not.
    pub fn paths_below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.code.iter().chain(self.files.keys().filter(|path| !self.code.contains(*path)));
        all.map(String::as_str).filter(move |path| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The files below a folder, with their paths.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let entries = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        entries.filter(move |(path, _)| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    }
}
