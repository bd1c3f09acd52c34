//! A project in, its rendered stacks out. Each case is a folder in `cases/`: a project, and `expected/` beside it.
//!
//! `SNAPSHOTS=overwrite cargo test golden` writes the expected files anew: read the difference before you commit it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::project;
use crate::support::sandbox::{Sandbox, snapshot};

fn render(case: &Path) -> BTreeMap<String, Vec<u8>> {
    let sandbox = Sandbox::new();
    for (path, bytes) in snapshot(case) {
        if !path.starts_with("expected/") {
            sandbox.write(&path, &String::from_utf8(bytes).unwrap());
        }
    }
    let _ = sandbox.run(&["render"]).ok();
    assert_eq!(sandbox.run(&["render", "--check"]).code, 0, "rendering twice gives the same");
    snapshot(&sandbox.path("ampup/stacks"))
}

#[test]
fn stacks_are_as_expected() {
    let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite");
    let mut cases = 0;
    for entry in std::fs::read_dir(project().join("tests/golden/cases")).unwrap() {
        let case = entry.unwrap().path();
        let rendered = render(&case);
        let expected = case.join("expected");
        if overwrite {
            let _ = std::fs::remove_dir_all(&expected);
            for (path, bytes) in &rendered {
                let path = expected.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
        }
        let wanted = snapshot(&expected);
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&rendered), names(&wanted), "{}: other files", case.display());
        for (path, bytes) in &rendered {
            snapbox::assert_data_eq!(
                String::from_utf8_lossy(bytes).into_owned(),
                snapbox::Data::text(String::from_utf8_lossy(&wanted[path]).into_owned()).raw()
            );
        }
        cases += 1;
    }
    assert!(cases >= 4, "the cases are gone");
}
