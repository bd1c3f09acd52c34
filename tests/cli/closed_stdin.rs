//! Every command with a closed stdin ends at once; a missing answer is exit 2 and names all missing flags.

use std::time::Duration;

use crate::support::sandbox::{Sandbox, finish};

/// Every command but those that run until stopped, with no answer given.
const COMMANDS: &[&[&str]] = &[
    &["init"],
    &["add", "auth"],
    &["add", "api"],
    &["add", "hosting"],
    &["update", "auth"],
    &["update", "blog"],
    &["remove", "auth"],
    &["render"],
    &["render", "--check"],
    &["status"],
    &["pull"],
    &["delete"],
    &["env", "list"],
    &["env", "add"],
    &["env", "add", "staging"],
    &["env", "use"],
    &["env", "remove"],
    &["doctor"],
    &["explain"],
    &["explain", "AMP0101"],
    &["completions"],
    &["completions", "bash"],
    &["push", "--dry-run"],
    &["push"],
    &["publish"],
    &["api", "compile"],
    &["quickstart", "--sample"],
    &[],
];

#[test]
fn no_command_waits_for_nobody() {
    for inside in [false, true] {
        for arguments in COMMANDS {
            for json in [false, true] {
                let sandbox = if inside { Sandbox::blog() } else { Sandbox::new() };
                let mut all = arguments.to_vec();
                if json {
                    all.push("--json");
                }
                let ran = sandbox.run(&all);
                // A second, measured on a quiet machine (benches/figures.py); here many suites share the cores.
                assert!(ran.elapsed < Duration::from_secs(15), "{all:?} took {:?}", ran.elapsed);
                assert!([0, 1, 2, 3, 4, 5, 6].contains(&ran.code), "{all:?}: {ran:?}");
                let wants_text = matches!(arguments.first(), None | Some(&"completions"));
                if json && !wants_text {
                    assert!(ran.json()["schema"].is_string(), "{all:?}: {ran:?}");
                }
                if ran.code != 0 && !json {
                    assert!(!ran.stderr.is_empty() || !ran.stdout.is_empty(), "{all:?} failed without a word");
                    assert!(
                        ran.stdout.is_empty() || !ran.stderr.contains("error["),
                        "{all:?} talks on stdout: {ran:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn missing_answers_are_named_all_at_once() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["init"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    for word in ["AMP0201", "--target", "ampup init"] {
        assert!(ran.stderr.contains(word), "{word} is not in {}", ran.stderr);
    }
    let json = sandbox.run(&["init", "--json"]).json();
    assert_eq!(json["code"], "AMP0201");
    assert_eq!(json["schema"], "ampup.failure/1");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let sandbox = Sandbox::new();
    let program = env!("CARGO_BIN_EXE_ampup");
    let script = format!("'{program}' completions bash | head -1 > /dev/null; exit ${{PIPESTATUS[0]}}");
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &script]).current_dir(sandbox.folder());
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let ran = finish(command, &["completions"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}
