//! Bad input of every kind: a code, a place, a reason, a next step, and nothing half-written.

use crate::support::sandbox::{Sandbox, snapshot};

/// The command fails with a code and exit status, says each word, gives a hint, and changes no file.
fn refuses(sandbox: &Sandbox, arguments: &[&str], code: &str, exit: i32, words: &[&str]) {
    let before = snapshot(&sandbox.folder());
    let ran = sandbox.run(arguments);
    assert_eq!(ran.code, exit, "{arguments:?}: {ran:?}");
    for word in [code, "hint:"].iter().chain(words) {
        assert!(ran.stderr.contains(word), "{arguments:?}: `{word}` is not in\n{}", ran.stderr);
    }
    assert_eq!(snapshot(&sandbox.folder()), before, "{arguments:?} changed the project");
}

#[test]
fn broken_toml() {
    let sandbox = Sandbox::blog();
    let good = sandbox.read("ampup.toml");
    sandbox.write("ampup.toml", &good.replacen("[resources.auth]", "[resources.auth", 1));
    refuses(&sandbox, &["render"], "AMP0102", 3, &["ampup.toml:"]);
}

#[test]
fn unknown_settings_are_all_named_with_their_nearest() {
    let sandbox = Sandbox::blog();
    let good = sandbox.read("ampup.toml");
    let bad = good.replacen("[resources.auth]", "[resources.auth]\nself-sign-up = true\ngruops = []", 1);
    sandbox.write("ampup.toml", &bad);
    refuses(&sandbox, &["render"], "AMP0103", 3, &["self-sign-up", "self-signup", "gruops", "groups", "ampup.toml:"]);
}

#[test]
fn three_errors_in_a_schema_are_all_shown() {
    let sandbox = Sandbox::blog();
    let schema = "type Post @model @auth(rules: [{ allow: owner }]) {\n  id: ID!\n  title: Strng!\n  other: Missing\n  n: Int @default(value: \"x\")\n}\n";
    sandbox.write("ampup/api/blog/schema.graphql", schema);
    let places = ["schema.graphql:3:", "schema.graphql:4:", "schema.graphql:5:", "String"];
    refuses(&sandbox, &["render"], "AMP03", 3, &places);
}

#[test]
fn three_syntax_errors_are_all_shown() {
    let sandbox = Sandbox::blog();
    let schema = "type A @model {\n  id ID!\n}\ntype B @model {\n  id: \n}\ntype C @model {\n  : ID!\n}\n";
    sandbox.write("ampup/api/blog/schema.graphql", schema);
    refuses(
        &sandbox,
        &["push", "--yes"],
        "AMP0301",
        3,
        &["schema.graphql:2:", "schema.graphql:6:", "schema.graphql:8:"],
    );
}

#[test]
fn unknown_and_unbuilt_directives() {
    let sandbox = Sandbox::blog();
    sandbox.write(
        "ampup/api/blog/schema.graphql",
        "type A @modle {\n  id: ID!\n}\ntype B @model @mapsTo(name: \"Bee\") { id: ID! cs: [C] @hasMany }\ntype C @model @searchable { id: ID! }\n",
    );
    refuses(
        &sandbox,
        &["render"],
        "AMP0303",
        3,
        &["@modle", "@model", "schema.graphql:1:", "AMP0304", "a search of C", "schema.graphql:5:"],
    );
}

#[test]
fn hostile_names() {
    let sandbox = Sandbox::new();
    let long = "a".repeat(200);
    for name in ["it's", "a\"b", "a b", "{{ x }}", "${x}", "a\nb", long.as_str(), "../up", "-x", ""] {
        let name = format!("--name={name}");
        refuses(&sandbox, &["init", &name, "--target", "local"], "AMP0203", 2, &[]);
    }
    let sandbox = Sandbox::blog();
    for name in ["it's", "a b", "{{ x }}", "${x}", "a\nb", long.as_str(), "../up"] {
        let name = format!("--name={name}");
        refuses(&sandbox, &["add", "api", &name, "--sample", "todo"], "AMP0203", 2, &[]);
    }
}

#[test]
fn the_port_is_in_use() {
    let sandbox = Sandbox::blog();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refuses(&sandbox, &["dev", "--port", &port], "AMP0601", 1, &[&port, "--port"]);
}

#[test]
fn the_endpoint_is_down() {
    let sandbox = Sandbox::blog();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{free}");
    let _ = sandbox.run(&["env", "add", "emulator", "--target", "localstack", "--endpoint", &endpoint]).ok();
    refuses(&sandbox, &["push", "--env", "emulator", "--yes"], "AMP0501", 4, &[&endpoint]);
}

#[test]
fn wrong_credentials() {
    let sandbox = Sandbox::blog();
    let dev = sandbox.dev();
    let _ = sandbox.run(&["env", "add", "emulator", "--target", "localstack", "--endpoint", &dev.endpoint]).ok();
    let mut command = sandbox.command(&["push", "--env", "emulator", "--yes"]);
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "wrong-secret-of-nobody");
    let ran = crate::support::sandbox::finish(command, &["push"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("AMP0503") && ran.stderr.contains("hint:"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("wrong-secret-of-nobody"), "the secret is in the message");
}

#[test]
fn no_credentials_for_aws() {
    let sandbox = Sandbox::blog();
    let _ = sandbox.run(&["env", "add", "prod", "--target", "aws", "--region", "eu-west-1"]).ok();
    refuses(&sandbox, &["push", "--env", "prod", "--yes"], "AMP0502", 4, &["aws"]);
}

#[test]
fn a_read_only_folder() {
    let sandbox = Sandbox::blog();
    // A file where a folder must be: as good as read-only, and it stops root too.
    sandbox.write("ampup/api/shop", "");
    refuses(&sandbox, &["add", "api", "--name", "shop", "--sample", "todo"], "AMP0105", 3, &["ampup/api/shop"]);
}

#[test]
fn a_hand_edited_stack_is_kept() {
    let sandbox = Sandbox::blog();
    let edited = sandbox.read("ampup/stacks/auth.yaml") + "# mine\n";
    sandbox.write("ampup/stacks/auth.yaml", &edited);
    for arguments in [&["render"][..], &["push", "--yes"], &["update", "auth", "--groups", "Writers"]] {
        refuses(&sandbox, arguments, "AMP0107", 3, &["ampup/stacks/auth.yaml", "--overwrite"]);
    }
    let _ = sandbox.run(&["render", "--overwrite"]).ok();
    assert!(!sandbox.read("ampup/stacks/auth.yaml").contains("# mine"));
}

#[test]
fn stale_stacks_fail_the_check() {
    let sandbox = Sandbox::blog();
    assert_eq!(sandbox.run(&["render", "--check"]).code, 0);
    let schema = sandbox.read("ampup/api/blog/schema.graphql");
    sandbox.write(
        "ampup/api/blog/schema.graphql",
        &(schema + "\ntype Extra @model @auth(rules: [{ allow: private }]) { id: ID! }\n"),
    );
    let before = snapshot(&sandbox.folder());
    let stale = sandbox.run(&["render", "--check"]);
    assert_eq!(stale.code, 6, "{stale:?}");
    for word in ["ampup/stacks/blog.yaml", "ampup render"] {
        assert!(stale.stdout.contains(word), "`{word}` is not in {}", stale.stdout);
    }
    assert_eq!(snapshot(&sandbox.folder()), before, "a check changes nothing");
}

#[test]
fn no_project_and_no_such_things() {
    let sandbox = Sandbox::new();
    refuses(&sandbox, &["status"], "AMP0101", 3, &["ampup init"]);
    refuses(&sandbox, &["explain", "AMP9999"], "AMP0206", 2, &["AMP9999"]);
    let sandbox = Sandbox::blog();
    refuses(&sandbox, &["push", "--env", "nowhere", "--yes"], "AMP0108", 3, &["nowhere"]);
    refuses(&sandbox, &["update", "blgo"], "AMP0109", 3, &["blog"]);
    refuses(&sandbox, &["add", "auth", "--sign-in", "email"], "AMP0110", 3, &["auth"]);
    refuses(&sandbox, &["init", "other", "--target", "local"], "AMP0111", 3, &[]);
    refuses(&sandbox, &["remove", "auth", "--yes"], "AMP0115", 3, &["blog"]);
}

#[test]
fn a_project_without_resources_is_a_project() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["init", "--name", "shop", "--target", "local"]).code, 0);
    for arguments in [&["render"][..], &["status"]] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    }
    refuses(&sandbox, &["push", "--yes"], "AMP0109", 3, &["no resources to deploy", "ampup add"]);
    for arguments in [
        &["add", "auth", "--sign-in", "email", "--mfa", "off", "--self-signup", "true"][..],
        &["remove", "auth", "--yes"],
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    }
    assert!(!sandbox.read("ampup.toml").contains("[resources"), "the last resource went too");
}

#[test]
fn a_bucket_without_settings_is_a_bucket() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["init", "--name", "shop", "--target", "local"]).code, 0);
    let ran = sandbox.run(&["add", "storage", "--name", "photos", "--kind", "bucket"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(sandbox.read("ampup.toml").contains("bucket = {}"), "{}", sandbox.read("ampup.toml"));
}
