//! Interviews, questions and the clap definitions.

use super::args::{AddApiArgs, AddAuthArgs, InitArgs, SampleArg};
use super::interview::{Interview, quoted};
use super::{add, command, init, questions};
use crate::category::auth::{Mfa, SignIn};
use crate::error::Diagnose;
use crate::ui::prompt::{Refusing, Scripted};

#[test]
fn the_definitions_are_sound() {
    command().debug_assert();
}

#[test]
fn every_question_has_its_flag() {
    for asked in questions() {
        let mut command = command();
        command.build();
        for word in asked.command.split(' ') {
            command = command.find_subcommand(word).unwrap_or_else(|| panic!("no command `{}`", asked.command)).clone();
        }
        let found = command.get_arguments().any(|arg| arg.get_long() == Some(asked.flag));
        assert!(found, "`{}` has no flag for `{}`", asked.command, asked.id);
    }
}

#[test]
fn all_missing_answers_are_told_at_once() {
    let mut interview = Interview::new(&Refusing, "ampup init");
    init::ask(&mut interview, &InitArgs::default()).unwrap();
    let error = interview.finish().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("--name") && text.contains("--target"), "{text}");
    assert!(error.hints()[0].0.contains("--target local"));
}

#[test]
fn an_interview_becomes_settings_and_a_command() {
    let person = Scripted::new(&[
        ("add auth/sign-in", "username"),
        ("add auth/mfa", "optional"),
        ("add auth/self-signup", "no"),
    ]);
    let mut interview = Interview::new(&person, "ampup add auth");
    let spec = add::ask_auth(&mut interview, &AddAuthArgs::default()).unwrap().unwrap();
    assert_eq!((spec.sign_in, spec.mfa, spec.self_signup), (SignIn::Username, Mfa::Optional, false));
    let command = interview.finish().unwrap().unwrap();
    assert_eq!(command, "ampup add auth --sign-in username --mfa optional --self-signup false");
}

#[test]
fn only_what_is_missing_is_asked() {
    let person = Scripted::new(&[]);
    let mut interview = Interview::new(&person, "ampup add api");
    let args =
        AddApiArgs { name: Some("blog".parse().unwrap()), sample: Some(SampleArg::Blog), ..AddApiArgs::default() };
    assert!(add::ask_api(&mut interview, &args, true).is_err());
    assert_eq!(person.asked(), ["add api/auth"]);
}

#[test]
fn words_are_quoted_for_a_shell() {
    for (value, expected) in [("plain", "plain"), ("", "''"), ("it's $x", "'it'\\''s $x'")] {
        assert_eq!(quoted(value), expected);
    }
}

#[test]
fn the_reference_names_every_command() {
    let text = super::reference();
    for name in ["ampup init", "ampup add auth", "ampup push", "ampup env use", "ampup api compile"] {
        assert!(text.contains(&format!("## `{name}`")), "{name}");
    }
}
