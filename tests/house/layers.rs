//! Who may import whom, and which file alone may use which crate.

use crate::support::{files_below, project, relative};

/// A room and the rooms that it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("error", &["base"]),
    ("cfn", &["base", "error"]),
    ("graphql", &["base", "error"]),
    ("asl", &["base", "error"]),
    ("render", &["base", "error"]),
    ("category", &["base", "error", "cfn", "graphql", "asl", "render"]),
    ("manifest", &["base", "error", "category"]),
    ("blueprint", &["base", "error", "cfn", "render", "category", "manifest"]),
    ("project", &["base", "error", "category", "manifest", "render"]),
    ("deploy", &["base", "error", "cfn", "blueprint"]),
    ("cloud", &["base", "error", "cfn", "graphql", "asl"]),
    (
        "ops",
        &[
            "base",
            "error",
            "cfn",
            "graphql",
            "asl",
            "render",
            "category",
            "manifest",
            "blueprint",
            "project",
            "deploy",
            "cloud",
        ],
    ),
    ("ui", &["base", "error", "cfn", "ops"]),
    ("cli", &["ops", "ui", "base", "error", "category"]),
];

/// The services of the cloud, in order: each may call those before it.
const SERVICES: &[&str] = &[
    "iam",
    "sts",
    "s3",
    "sqs",
    "dynamodb",
    "logs",
    "ssm",
    "secretsmanager",
    "lambda",
    "cognito",
    "delivery",
    "sns",
    "eventbridge",
    "scheduler",
    "opensearch",
    "appsync",
    "cloudfront",
    "cloudformation",
    "studio",
];

/// A crate, and the only places (files, or folders ending in `/`) that may name it.
const OWNERS: &[(&str, &[&str])] = &[
    ("aws_config", &["src/deploy/connection.rs"]),
    ("aws_sdk_cloudformation", &["src/deploy/stacks_sdk.rs"]),
    ("dialoguer", &["src/ui/prompt/", "src/ui/prompt.rs"]),
    ("indicatif", &["src/ui/progress/"]),
    ("tera", &["src/render/"]),
    ("clap", &["src/cli/"]),
    ("axum::serve", &["src/cloud/gateway/", "src/cloud/lambda/engine/runtime_api.rs"]),
    ("rusqlite", &["src/cloud/store/", "src/cloud/logs/database.rs", "src/cloud/dynamodb/"]),
    ("dynoxide", &["src/cloud/dynamodb/"]),
    ("std::env::var", &["src/cli/settings.rs"]),
    ("SystemTime::now", &["src/base/clock.rs"]),
];

/// The lines of code of a file: no comments, no test modules of their own files.
fn code(path: &std::path::Path) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line.to_owned()))
        .collect()
}

/// The names that follow `prefix` in a line, as far as they are identifiers.
fn names_after(line: &str, prefix: &str) -> Vec<String> {
    let parts = line.split(prefix).skip(1);
    parts
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default().split(',').map(str::trim).collect(),
            None => vec![rest],
        })
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for file in files_below(&project().join("src"), "rs") {
        let path = relative(&file);
        let Some(room) = path.strip_prefix("src/").and_then(|rest| rest.split_once('/')).map(|(room, _)| room) else {
            continue;
        };
        let (_, allowed) = ROOMS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("{room} is no room"));
        for (number, line) in code(&file) {
            for name in names_after(&line, "crate::") {
                let known = ROOMS.iter().any(|(room, _)| *room == name);
                if known && name != room && !allowed.contains(&name.as_str()) {
                    wrong.push(format!("{path}:{number}: {room} may not import {name}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn services_call_only_those_before_them() {
    let mut wrong = Vec::new();
    for file in files_below(&project().join("src/cloud"), "rs") {
        let path = relative(&file);
        let folder = path.trim_start_matches("src/cloud/").split('/').next().unwrap().to_owned();
        let Some(place) = SERVICES.iter().position(|service| **service == folder) else { continue };
        for (number, line) in code(&file) {
            for name in names_after(&line, "cloud::") {
                let later = SERVICES.iter().position(|service| **service == name).is_some_and(|other| other > place);
                if later && !path.ends_with("tests.rs") {
                    wrong.push(format!("{path}:{number}: {folder} may not call {name}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn some_crates_have_one_owner() {
    let mut wrong = Vec::new();
    for file in files_below(&project().join("src"), "rs") {
        let path = relative(&file);
        for (number, line) in code(&file) {
            for (name, owners) in OWNERS {
                let used = line.match_indices(name).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    let after = line[at + name.len()..].chars().next();
                    !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
                        && (name.contains("::") || after == Some(':'))
                        && !(name.contains("var") && after.is_some_and(|c| c.is_ascii_alphanumeric()))
                });
                let owner =
                    owners.iter().any(|owner| path == *owner || (owner.ends_with('/') && path.starts_with(owner)));
                if used && !owner && !path.ends_with("tests.rs") {
                    wrong.push(format!("{path}:{number}: only {} may use {name}", owners.join(", ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_detector_sees_a_forbidden_import() {
    assert_eq!(names_after("use crate::ops::push;", "crate::"), ["ops"]);
    assert_eq!(names_after("use crate::{base, ui::Report};", "crate::"), ["base", "ui"]);
    assert_eq!(names_after("let x = crate::cli::main();", "crate::"), ["cli"]);
}
