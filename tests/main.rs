//! The suites of the one test binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![allow(clippy::disallowed_methods, reason = "tests play the part of the user and of the system")]

mod access;
mod cli;
mod golden;
mod graphql;
mod guard;
mod house;
mod journey;
mod local;
mod privilege;
mod resolvers;
mod support;
mod sync;

/// A test file that is not listed as a module is a test that never runs.
#[test]
fn no_test_file_is_forgotten() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for file in support::files_below(&root, "rs") {
        if file.file_name().is_some_and(|name| name == "main.rs" || name == "mod.rs") {
            continue;
        }
        let folder = file.parent().unwrap();
        let owner = if folder == root { root.join("main.rs") } else { folder.join("mod.rs") };
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let listed = std::fs::read_to_string(&owner).unwrap_or_default().contains(&format!("mod {name};"));
        assert!(listed, "{} is not listed in {}", file.display(), owner.display());
    }
}
