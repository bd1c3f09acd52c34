//! The reference of every command, as Markdown, made of the clap definitions.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use super::args::Cli;

/// The text of `docs/cli.md`.
pub fn reference() -> String {
    let mut root = Cli::command();
    root.build();
    let mut text = String::from("# Commands of `ampup`\n\nMade from the program itself; a test compares it.\n");
    let global: Vec<&Arg> = root.get_arguments().filter(|arg| arg.is_global_set() && !is_help(arg)).collect();
    text.push_str("\n## Flags of every command\n\n");
    table(&mut text, &global);
    for command in root.get_subcommands().filter(|command| command.get_name() != "help") {
        section(&mut text, "ampup", command);
    }
    text
}

fn is_help(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "help" | "version")
}

fn section(text: &mut String, parent: &str, command: &Command) {
    let name = format!("{parent} {}", command.get_name());
    let inner: Vec<&Command> = command.get_subcommands().filter(|one| one.get_name() != "help").collect();
    if inner.is_empty() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n## `{name}`\n\n{about}.\n");
        let own: Vec<&Arg> = command.get_arguments().filter(|arg| !arg.is_global_set() && !is_help(arg)).collect();
        if !own.is_empty() {
            table(text, &own);
        }
    }
    for one in inner {
        section(text, &name, one);
    }
}

fn table(text: &mut String, args: &[&Arg]) {
    text.push_str("| flag | meaning |\n| --- | --- |\n");
    for arg in args {
        let mut names = Vec::new();
        names.extend(arg.get_short().map(|short| format!("`-{short}`")));
        names.extend(arg.get_long().map(|long| format!("`--{long}`")));
        if names.is_empty() {
            names.push(format!("`<{}>`", arg.get_id().as_str().to_uppercase()));
        }
        let values: Vec<String> = if arg.get_action().takes_values() {
            arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect()
        } else {
            Vec::new()
        };
        let mut meaning = arg.get_help().map(ToString::to_string).unwrap_or_default();
        if !values.is_empty() {
            let _ = write!(meaning, ": {}", values.join(", "));
        }
        let _ = writeln!(text, "| {} | {} |", names.join(", "), meaning.replace('|', "\\|"));
    }
}
