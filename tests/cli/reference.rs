//! The command reference and the questions, held against the command tree.

use crate::support::project;

#[test]
fn the_command_reference_is_up_to_date() {
    snapbox::assert_data_eq!(
        ampup::cli::reference(),
        snapbox::Data::read_from(&project().join("docs/cli.md"), None).raw()
    );
}

#[test]
fn every_question_has_a_flag() {
    let command = ampup::cli::command();
    let mut flags = Vec::new();
    let mut commands = vec![&command];
    while let Some(next) = commands.pop() {
        flags.extend(next.get_arguments().map(|argument| match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => format!("--{}", argument.get_id()),
        }));
        commands.extend(next.get_subcommands());
    }
    assert!(!ampup::cli::questions().is_empty());
    for question in ampup::cli::questions() {
        let flag = format!("--{}", question.flag);
        assert!(flags.contains(&flag), "question `{}` has no flag {flag}", question.id);
    }
}
