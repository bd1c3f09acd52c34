//! Every error code has a page that explains it, and every page a code.

use ampup::error::Code;

use crate::support::{files_below, project};

#[test]
fn every_code_has_a_page_of_substance_and_every_page_a_code() {
    for code in Code::ALL {
        let page = code.page();
        assert!(
            page.starts_with(&format!("# {code}: {}\n", code.title())),
            "{code}: the page opens with another title"
        );
        assert!(page.lines().count() >= 7, "{code}: the page does not explain");
        for heading in ["## Why", "## What to do"] {
            assert!(page.contains(heading), "{code}: the page lacks `{heading}`");
        }
    }
    let names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    for file in files_below(&project().join("src/error/pages"), "md") {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(names.contains(&name.as_str()), "{name}.md belongs to no code");
    }
}

#[test]
fn every_code_is_used() {
    let mut sources = String::new();
    for file in files_below(&project().join("src"), "rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        // The table itself names every code; below it stand uses like any other.
        sources.push_str(if file.ends_with("error/catalogue.rs") {
            text.split_once("\n}\n\nimpl").unwrap().1
        } else {
            &text
        });
    }
    let unused: Vec<&str> = Code::ALL.iter().map(|code| code.name()).filter(|name| !sources.contains(name)).collect();
    assert!(unused.is_empty(), "nothing gives these codes: {unused:?}");
}
