//! Reads the user's files, and names every one that cannot be used.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ProjectError, code, disk, layout};
use crate::base::Location;
use crate::category::{Renderer, Sources};
use crate::error::{Code, Problem, Problems};
use crate::manifest::{self, Manifest};

/// Folders with files that go into stacks.
const SOURCE_FOLDERS: [&str; 2] = [layout::API, layout::OVERRIDES];
/// Names of such files end in one of these; whatever else lies there (backups, notes, pictures) is not ours to read.
const SOURCE_ENDINGS: [&str; 10] = ["graphql", "graphqls", "gql", "js", "json", "mjs", "sql", "toml", "yaml", "yml"];
/// A file above this size is no schema, resolver or patch. AppSync takes 1 MB of schema.
const LARGEST_BYTES: usize = 4 * 1024 * 1024;

/// The manifest's text and what it means.
pub(super) fn manifest(root: &Path) -> Result<Option<(String, Manifest)>, ProjectError> {
    let Some(bytes) = disk::read(&root.join(layout::MANIFEST))? else { return Ok(None) };
    let text = text(layout::MANIFEST, bytes, Code::AMP0102).map_err(|problem| wrong(vec![*problem]))?;
    let manifest = manifest::parse(&text).map_err(wrong)?;
    Ok(Some((text, manifest)))
}

/// Problems, of which there is at least one, as an error.
pub(super) fn wrong(problems: Vec<Problem>) -> ProjectError {
    ProjectError::Wrong(Problems::some(problems).expect("an error has a problem"))
}

/// The user's files that go into stacks.
pub(super) fn sources(root: &Path) -> Result<Sources, ProjectError> {
    let mut sources = Sources::default();
    let mut problems = Vec::new();
    for folder in SOURCE_FOLDERS {
        let below = |path: &str| SOURCE_ENDINGS.iter().any(|ending| has_ending(path, ending));
        for (path, text) in texts(root, folder, below, &mut problems)? {
            sources.insert(format!("{folder}/{path}"), text);
        }
    }
    sources.set_code(code::paths(root)?);
    if problems.is_empty() { Ok(sources) } else { Err(wrong(problems)) }
}

/// A renderer in which the ejected templates win.
pub(super) fn renderer(root: &Path) -> Result<Renderer, ProjectError> {
    let mut problems = Vec::new();
    let templates = texts(root, layout::TEMPLATES, |path| has_ending(path, "tera"), &mut problems)?;
    if !problems.is_empty() {
        return Err(wrong(problems));
    }
    let name = |path: String| path.strip_suffix(".tera").map(str::to_owned).unwrap_or(path);
    Ok(Renderer::new(templates.into_iter().map(|(path, text)| (name(path), text)).collect()))
}

/// The rendered stacks, by path relative to their folder.
pub(super) fn stacks(root: &Path) -> Result<BTreeMap<String, String>, ProjectError> {
    let mut problems = Vec::new();
    let ours = |path: &str| SOURCE_ENDINGS.iter().any(|ending| has_ending(path, ending));
    let stacks = texts(root, layout::STACKS, ours, &mut problems)?;
    if problems.is_empty() { Ok(stacks) } else { Err(wrong(problems)) }
}

fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == ending)
}

/// The wanted files below a folder by their path in it; those that cannot be used become problems.
fn texts(
    root: &Path,
    folder: &str,
    wanted: impl Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) -> Result<BTreeMap<String, String>, ProjectError> {
    let mut found = BTreeMap::new();
    for path in disk::files_below(&root.join(folder))?.into_iter().filter(|path| wanted(path)) {
        let shown = format!("{folder}/{path}");
        match disk::read(&root.join(&shown)) {
            Ok(None) => {}
            Ok(Some(bytes)) => match text(&shown, bytes, Code::AMP0105) {
                Ok(text) => {
                    found.insert(path, text);
                }
                Err(problem) => problems.push(*problem),
            },
            Err(ProjectError::Disk { source, .. }) => {
                let problem = Problem::new(Code::AMP0105, format!("the file cannot be read: {source}"));
                problems.push(problem.at(Location::new(shown, 1, 1)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The text of a file, without the mark that some editors put before it.
fn text(path: &str, bytes: Vec<u8>, code: Code) -> Result<String, Box<Problem>> {
    if bytes.len() > LARGEST_BYTES {
        let message = format!("the file is too large: {} bytes, and at most {LARGEST_BYTES} are read", bytes.len());
        return Err(Box::new(Problem::new(code, message).at(Location::new(path, 1, 1))));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
        let problem = Problem::new(code, "the file is not UTF-8 text").at(Location::at_offset(path, &before, good));
        Box::new(problem.hint(format!("save it as UTF-8: `iconv -f latin1 -t utf-8 '{path}'`")))
    })
}
