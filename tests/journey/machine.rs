//! A computer without Node.js and Python: functions say what they miss, and everything else goes on.

use serde_json::json;

use crate::support::functions::{FUNCTIONS, post};
use crate::support::sandbox::Sandbox;
use crate::support::users::Pool;

/// What a function of each runtime misses, and the hint.
const MISSED: [(&str, &str, &str); 2] = [
    ("nodejs22.x", "the runtime nodejs22.x needs `node`, which does not run on this machine", "install Node.js"),
    ("python3.13", "the runtime python3.13 needs `python3`, which does not run on this machine", "install Python"),
];

#[test]
fn without_interpreters_functions_are_refused_and_all_else_works() {
    let mut sandbox = Sandbox::new();
    let everything = std::mem::take(&mut sandbox.programs);
    sandbox.programs = sandbox.folder().to_string_lossy().into_owned();
    let _ = sandbox.run(&["init", "bare", "--target", "local"]).ok();
    let _ = sandbox.run(&["add", "auth", "--sign-in", "email"]).ok();
    let _ = sandbox.run(&["push", "--yes"]).ok();
    for (runtime, why, hint) in MISSED {
        let _ = sandbox.run(&["add", "function", "--name", "greet", "--runtime", runtime, "--sample", "hello"]).ok();
        let refused = sandbox.run(&["push", "--yes"]);
        assert_eq!(refused.code, 1, "{refused:?}");
        for words in ["AMP0401", "greet", why, hint] {
            assert!(refused.stderr.contains(words), "`{words}` is not in {}", refused.stderr);
        }
        let seen = sandbox.run(&["doctor"]);
        assert!(seen.stdout.contains(hint), "{seen:?}");
        // What is there stays.
        assert_eq!(sandbox.run(&["remove", "greet", "--yes"]).code, 0);
        assert_eq!(sandbox.run(&["push", "--yes", "--json"]).ok().json()["outcome"], "nothing-to-do");
        std::fs::remove_dir_all(sandbox.path("ampup/function")).unwrap_or_default();
    }

    // What was deployed with them: users sign in, the function alone says what it misses.
    let bare = std::mem::replace(&mut sandbox.programs, everything);
    let _ = sandbox.run(&["add", "function", "--name", "greet", "--sample", "hello"]).ok();
    let pushed = sandbox.run(&["push", "--yes", "--json"]).ok().json();
    let function = pushed["outputs"]["GreetFunctionName"].as_str().unwrap().to_owned();
    sandbox.programs = bare;
    let dev = sandbox.dev();
    let pool = Pool::of(&dev.endpoint, &sandbox.outputs());
    pool.sign_up("ada@example.com");
    let _ = pool.sign_in("ada@example.com");
    let answer = post(&dev.endpoint, "lambda", &format!("{FUNCTIONS}/{function}/invocations"), &[], b"{}");
    assert_eq!(answer.header("x-amzn-errortype"), Some("InvalidRuntimeException"), "{}", answer.text());
    let (_, why, hint) = MISSED[0];
    let message = answer.json();
    let message = message.get("Message").or_else(|| message.get("message")).cloned().unwrap_or(json!(null));
    assert!(message.as_str().is_some_and(|text| text.contains(why) && text.contains(hint)), "{}", answer.text());
}
