//! What must happen to `ampup/stacks/` so that it holds a blueprint, without losing a hand edit.
//!
//! Each file begins with a line that carries the hash of the rest as we rendered it: that tells our text from the
//! user's. Line ends are not part of the hash, because git may change them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::Blueprint;
use crate::base::Location;
use crate::category::Kept;
use crate::error::{Code, Problem, Problems};
use crate::manifest::{Existing, FileChange, OVERRIDES, STACKS};

/// What follows the comment sign in the first line of a rendered file; then the hash.
const MARK: &str = "Rendered by ampup; sha256:";

/// What must happen to `ampup/stacks/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderPlan {
    /// Files to write, with what they hold now.
    pub writes: Vec<StackFile>,
    /// Files of ours that nothing needs any more.
    pub removals: Vec<StackFile>,
    /// Files that were edited by hand; they stay as they are.
    pub edited: Vec<StackFile>,
    /// Files elsewhere in the project that are written with the stacks.
    pub kept: Vec<Kept>,
}

/// A file below `ampup/stacks/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackFile {
    /// Path relative to `ampup/stacks/`.
    pub path: String,
    /// What it holds now.
    pub before: Option<String>,
    /// What it should hold; `None` when it should go.
    pub after: Option<String>,
}

/// The files of a blueprint by their path below `ampup/stacks/`, each with its first line.
pub(super) fn files(blueprint: &Blueprint) -> IndexMap<String, String> {
    let mut files = IndexMap::from([("root.yaml".to_owned(), marked("root.yaml", &blueprint.root_text))]);
    for (name, stack) in &blueprint.nested {
        let path = format!("{name}.yaml");
        files.insert(path.clone(), marked(&path, &stack.text));
        for (name, part) in &stack.parts {
            let path = format!("{name}.yaml");
            files.insert(path.clone(), marked(&path, &part.text));
        }
        files.extend(stack.files.iter().map(|(path, text)| (path.clone(), marked(path, text))));
    }
    files
}

/// A rendered text below its first line.
fn marked(path: &str, text: &str) -> String {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let comment = if ["js", "mjs"].contains(&ending) { "//" } else { "#" };
    format!("{comment} {MARK}{}\n{text}", hash(text))
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// Whose text a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    /// It is what we rendered.
    Ours,
    /// We rendered it, and somebody changed it.
    Edited,
    /// It has no line of ours.
    Foreign,
}

fn hand(text: &str) -> Hand {
    let text = text.replace("\r\n", "\n");
    let Some((first, rest)) = text.split_once('\n') else { return Hand::Foreign };
    match first.split_once(MARK) {
        Some((_, found)) if found.trim() == hash(rest) => Hand::Ours,
        Some(_) => Hand::Edited,
        None => Hand::Foreign,
    }
}

/// What must happen so that the files (`current`: path relative to `ampup/stacks/` to text) hold the blueprint.
pub fn render_plan(blueprint: &Blueprint, current: &BTreeMap<String, String>) -> RenderPlan {
    let mut plan = RenderPlan::default();
    let wanted = files(blueprint);
    for (path, after) in &wanted {
        let before = current.get(path).cloned();
        let file = StackFile { path: path.clone(), before: before.clone(), after: Some(after.clone()) };
        match before {
            Some(before) if before.replace("\r\n", "\n") == *after => {}
            Some(before) if hand(&before) != Hand::Ours => plan.edited.push(file),
            _ => plan.writes.push(file),
        }
    }
    for (path, before) in current.iter().filter(|(path, _)| !wanted.contains_key(*path)) {
        let file = StackFile { path: path.clone(), before: Some(before.clone()), after: None };
        match hand(before) {
            Hand::Ours => plan.removals.push(file),
            Hand::Edited => plan.edited.push(file),
            Hand::Foreign => {}
        }
    }
    let kept = blueprint.nested.values().flat_map(|stack| &stack.kept);
    let is_stale =
        |kept: &&Kept| kept.before.as_deref().map(|text| text.replace("\r\n", "\n")).as_ref() != Some(&kept.text);
    plan.kept = kept.filter(is_stale).cloned().collect();
    plan
}

impl RenderPlan {
    /// Nothing is to be done.
    pub fn is_fresh(&self) -> bool {
        self.writes.is_empty() && self.removals.is_empty() && self.edited.is_empty() && self.kept.is_empty()
    }

    /// The error for hand edits (AMP0107), when there are any.
    pub fn refuse_edited(&self) -> Result<(), Problems> {
        match Problems::some(self.edited.iter().map(edited).collect()) {
            Some(problems) => Err(problems),
            None => Ok(()),
        }
    }

    /// Gives the hand edits up: they are overwritten.
    #[must_use]
    pub fn overwriting(self) -> Self {
        let Self { mut writes, mut removals, edited, kept } = self;
        let (rewritten, gone): (Vec<_>, Vec<_>) = edited.into_iter().partition(|file| file.after.is_some());
        writes.extend(rewritten);
        removals.extend(gone);
        Self { writes, removals, edited: Vec::new(), kept }
    }

    /// The changes of files, for an `Edit`. Hand-edited files are left alone.
    pub fn file_changes(&self) -> Vec<FileChange> {
        let change = |file: &StackFile| {
            let path = format!("{STACKS}/{}", file.path);
            match &file.after {
                Some(text) => FileChange::Replace { path, before: file.before.clone(), text: text.clone() },
                None => FileChange::Remove { path, before: file.before.clone() },
            }
        };
        self.writes.iter().chain(&self.removals).map(change).chain(self.kept.iter().flat_map(kept)).collect()
    }
}

/// A kept file, with what git is told of it when it is new.
fn kept(kept: &Kept) -> Vec<FileChange> {
    let Kept { path, before, text, attributes } = kept;
    let mut changes = vec![FileChange::Replace { path: path.clone(), before: before.clone(), text: text.clone() }];
    if let (None, Some((folder, _))) = (before, path.rsplit_once('/')) {
        let text = format!("{attributes}\n");
        let path = format!("{folder}/.gitattributes");
        changes.push(FileChange::Create { path, text, existing: Existing::Keep });
    }
    changes
}

/// The problem of a hand edit, at the first line that differs from what we would write.
fn edited(file: &StackFile) -> Problem {
    let path = format!("{STACKS}/{}", file.path);
    let before = file.before.as_deref().unwrap_or_default();
    // The first line is the hash, which says nothing to the reader.
    let after = file.after.as_deref().unwrap_or_default().lines().skip(1).chain(std::iter::repeat(""));
    let line = before.lines().skip(1).zip(after).position(|(ours, theirs)| ours != theirs).map_or(1, |line| line + 2);
    let fate = if file.after.is_some() { "it would be overwritten" } else { "it would be removed" };
    let stack = file.path.split(['/', '.']).next().unwrap_or(&file.path);
    let keep = match file.path.split_once('/') {
        Some(_) if file.path.rsplit_once('.').is_some_and(|(_, ending)| ending == "yaml") => {
            format!("move the change into {OVERRIDES}/{}, which is merged into the stack", file.path)
        }
        None => format!("move the change into {OVERRIDES}/{stack}.yaml, which is merged into the stack"),
        Some((_, rest)) => format!("move the change into ampup/api/{stack}/{rest}, which replaces ours"),
    };
    Problem::new(Code::AMP0107, format!("a rendered file was edited by hand: {fate}"))
        .at(Location::new(path, line, 1))
        .hint(keep)
        .hint("`ampup render --overwrite` gives the edit up")
}
