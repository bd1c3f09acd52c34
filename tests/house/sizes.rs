//! Small files, each with a sentence on top; nothing of a machine in them.

use crate::support::{files_below, project, relative};

const LONGEST_FILE: usize = 600;
const LONGEST_CONTENTS_PAGE: usize = 250;
const LONGEST_COMMAND: usize = 250;
const DEEPEST_FOLDER: usize = 5;

#[test]
fn files_are_small() {
    let mut wrong = Vec::new();
    for file in files_below(&project().join("src"), "rs") {
        let path = relative(&file);
        if path.ends_with("tests.rs") {
            continue;
        }
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        let limit = match path.as_str() {
            path if path.starts_with("src/cli/") => {
                LONGEST_COMMAND.max(LONGEST_FILE * usize::from(path.contains("args")))
            }
            path if path.ends_with("/mod.rs") => LONGEST_CONTENTS_PAGE,
            _ => LONGEST_FILE,
        };
        if lines > limit {
            wrong.push(format!("{path} has {lines} lines, more than {limit}"));
        }
        if path.split('/').count() > DEEPEST_FOLDER {
            wrong.push(format!("{path} lies too deep"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_say_what_they_are() {
    for file in files_below(&project().join("src"), "rs") {
        let path = relative(&file);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(path.ends_with("tests.rs") || text.starts_with("//! "), "{path} does not open with `//!`");
    }
}

#[test]
fn nothing_of_a_machine_is_in_the_project() {
    let root = project();
    let mut files = vec![root.join("README.md"), root.join("ARCHITECTURE.md"), root.join("CONTRIBUTING.md")];
    for (folder, extension) in
        [("src", "rs"), ("tests", "rs"), ("tests", "mjs"), ("tests", "py"), ("templates", "tera")]
    {
        files.extend(files_below(&root.join(folder), extension));
    }
    let forbidden =
        [["/ro", "ot/"].concat(), ["/wo", "rk/"].concat(), ["crates", ".io"].concat(), ["npmjs", ".org"].concat()];
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in &forbidden {
            assert!(!text.contains(word.as_str()), "{} names {word}", relative(&file));
        }
    }
}
