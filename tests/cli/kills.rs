//! A kill of a command at any moment leaves the project before it or after it, never between.

use std::process::Stdio;
use std::time::Duration;

use crate::support::sandbox::{Sandbox, snapshot};

/// How many kills of each command. `AMPUP_KILLS` sets another number for a longer run.
fn rounds() -> u32 {
    std::env::var("AMPUP_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

/// Kills the command after delays spread over the time that it takes, and compares the project with the two states
/// that it may have. `ampup status` is the next command: it finishes or undoes what was interrupted.
fn killed(arguments: &[&str], prepare: impl Fn(&Sandbox)) {
    let sandbox = Sandbox::blog();
    prepare(&sandbox);
    let before = snapshot(&sandbox.folder());
    let whole = sandbox.run(arguments).ok().elapsed;
    let after = snapshot(&sandbox.folder());
    assert_ne!(before, after, "{arguments:?} changes nothing");
    let (mut old, mut new) = (0, 0);
    for round in 0..rounds() {
        let sandbox = Sandbox::blog();
        prepare(&sandbox);
        let mut command = sandbox.command(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(
            u64::try_from(whole.as_micros()).unwrap() * u64::from(round) / u64::from(rounds()),
        ));
        let _ = child.kill();
        child.wait().unwrap();
        let _ = sandbox.run(&["render", "--check"]);
        let now = snapshot(&sandbox.folder());
        match (now == before, now == after) {
            (true, _) => old += 1,
            (_, true) => new += 1,
            _ => {
                let differing: Vec<_> =
                    now.iter().filter(|(name, bytes)| before.get(*name) != Some(bytes)).map(|(name, _)| name).collect();
                panic!("{arguments:?} left the project between, after {round} of {} parts: {differing:?}", rounds());
            }
        }
    }
    assert!(old > 0, "no kill came in time: {old} before, {new} after");
}

#[test]
fn a_killed_add_leaves_the_project_whole() {
    killed(&["add", "api", "--name", "shop", "--sample", "todo"], |_| ());
}

#[test]
fn a_killed_render_leaves_the_project_whole() {
    killed(&["render"], |sandbox| {
        let schema = sandbox.read("ampup/api/blog/schema.graphql");
        sandbox.write(
            "ampup/api/blog/schema.graphql",
            &(schema + "\ntype Extra @model @auth(rules: [{ allow: private }]) { id: ID! }\n"),
        );
    });
}
