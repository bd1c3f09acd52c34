//! The code of functions on disk: which files it has, and what they hold.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use super::{ProjectError, archives, disk, layout};
use crate::category::inside;

/// How deep code is searched: packages of Node.js lie in each other.
const DEEPEST: usize = 40;
/// Folders that hold what others made: many files, none of them the user's.
const MADE: [&str; 3] = ["node_modules", "target", "__pycache__"];
/// What packages keep beside themselves and no function reads.
const UNUSED_IN_PACKAGES: [&str; 3] = [".bin", ".cache", ".package-lock.json"];

/// The paths of all files that are code of functions, relative to the project; packages of others are left out.
pub(super) fn paths(root: &Path) -> Result<Vec<String>, ProjectError> {
    let wanted = |path: &str| !is_hidden(path) && !MADE.contains(&name(path));
    let found = disk::tree(&root.join(layout::FUNCTION), DEEPEST, &wanted)?;
    Ok(found.into_iter().map(|path| format!("{}/{path}", layout::FUNCTION)).collect())
}

/// What the code of a function holds, by path relative to its folder: what is hidden or only a trace of a build is left
/// out, packages are not.
///
/// # Errors
/// When a file cannot be read, or `folder` leads out of the project.
pub(super) fn read(root: &Path, folder: &str) -> Result<BTreeMap<String, Vec<u8>>, ProjectError> {
    let place = root.join(folder);
    if !inside(folder) || !disk::stays_inside(root, &place) {
        return Err(ProjectError::Outside(folder.to_owned()));
    }
    let mut files = BTreeMap::new();
    for path in disk::tree(&place, DEEPEST, &is_packaged)? {
        if let Some(bytes) = disk::read(&place.join(&path))? {
            files.insert(path, bytes);
        }
    }
    Ok(files)
}

/// What tells of a change of the files that [`read`] reads, without reading them: a hash of their paths, sizes and times of
/// change, and the newest of these times.
pub(super) fn mark(root: &Path, folder: &str) -> Result<(String, Option<SystemTime>), ProjectError> {
    let place = root.join(folder);
    if !inside(folder) || !disk::stays_inside(root, &place) {
        return Err(ProjectError::Outside(folder.to_owned()));
    }
    let mut lines = Vec::new();
    let mut newest = None;
    for path in disk::tree(&place, DEEPEST, &is_packaged)? {
        let at = disk::changed(&place.join(&path));
        let since = at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default();
        lines.push(format!("{path}\0{}\0{}", disk::size(&place.join(&path)), since.as_nanos()));
        newest = newest.max(at);
    }
    let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    Ok((archives::hash(&lines), newest))
}

/// Whether a file, or what is below a folder, belongs into the package.
fn is_packaged(path: &str) -> bool {
    let last = name(path);
    let in_packages = path.split('/').rev().skip(1).any(|part| part == "node_modules");
    let hidden = is_hidden(path) && (!in_packages || UNUSED_IN_PACKAGES.contains(&last));
    let compiled = last.rsplit_once('.').is_some_and(|(_, ending)| ending == "pyc");
    let trace = last == "__pycache__" || compiled || last.ends_with('~');
    !hidden && !trace
}

fn is_hidden(path: &str) -> bool {
    name(path).starts_with('.')
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{is_packaged, paths, read};

    #[test]
    fn packages_are_taken_and_traces_are_not() {
        for path in ["index.mjs", "node_modules", "node_modules/a/.prisma/x", "node_modules/@b/c.js", "lib/index.py"] {
            assert!(is_packaged(path), "{path}");
        }
        for path in [".env", "lib/.git", "node_modules/.bin", "a/__pycache__", "x.pyc", "index.mjs~"] {
            assert!(!is_packaged(path), "{path}");
        }
    }

    #[test]
    fn code_is_read_whole_and_listed_without_packages() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for path in ["index.mjs", "lib/a.mjs", ".env", "node_modules/p/index.js", "node_modules/.bin/p"] {
            let path = root.join("ampup/function/hello").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        assert_eq!(paths(&root).unwrap(), ["ampup/function/hello/index.mjs", "ampup/function/hello/lib/a.mjs"]);
        let files = read(&root, "ampup/function/hello").unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["index.mjs", "lib/a.mjs", "node_modules/p/index.js"]);
        assert!(read(&root, "../elsewhere").is_err());
        assert!(read(&root, "ampup/function/none").unwrap().is_empty());
    }
}
