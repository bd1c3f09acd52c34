//! Which settings of a user pool cannot be, alone or together.

use super::{AuthSpec, Recovery, SignIn};
use crate::category::SettingProblem;

/// The shortest and the longest minimum length of passwords (Cognito, PasswordPolicyType).
const PASSWORD_LENGTH: std::ops::RangeInclusive<u8> = 6..=99;
/// The longest name of a group (Cognito, CreateGroup).
const GROUP_NAME_LENGTH: usize = 128;
/// The most groups of one user pool that a stack takes, well below CloudFormation's 500 resources.
const GROUPS: usize = 300;

/// Every value that cannot be.
pub(super) fn check(spec: &AuthSpec) -> Vec<SettingProblem> {
    let mut problems = groups(&spec.groups);
    if !PASSWORD_LENGTH.contains(&spec.password.minimum_length) {
        let why = format!("passwords of at least {} characters: Cognito takes 6 to 99", spec.password.minimum_length);
        problems.push(SettingProblem::new("password.minimum-length", why).hint("`minimum-length = 12` is a good one"));
    }
    match (spec.sign_in, spec.recovery) {
        (SignIn::Email, Recovery::Phone) => {
            let why = "people who sign in with their e-mail address have no verified phone number";
            problems.push(SettingProblem::new("recovery", why).hint("write `recovery = \"email\"`"));
        }
        (SignIn::Phone, Recovery::Email) => {
            let why = "people who sign in with their phone number have no verified e-mail address";
            problems.push(SettingProblem::new("recovery", why).hint("write `recovery = \"phone\"`"));
        }
        _ => {}
    }
    problems
}

fn groups(groups: &[String]) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    if groups.len() > GROUPS {
        problems.push(SettingProblem::new("groups", format!("{} groups: at most {GROUPS} fit", groups.len())));
    }
    for (index, group) in groups.iter().enumerate() {
        if !is_group_name(group) {
            let why = format!(
                "`{}` cannot be a group name",
                group.chars().take(40).flat_map(char::escape_debug).collect::<String>()
            );
            let rule =
                "a group name is 1 to 128 letters, digits or `_` `-` `.` `+` `@`, beginning with a letter or digit";
            problems.push(SettingProblem::new("groups", why).hint(rule));
        }
        if groups[..index].contains(group) {
            let why = format!("`{}` is there twice", group.escape_debug());
            problems.push(SettingProblem::new("groups", why).hint("remove one of them"));
        }
    }
    problems
}

/// Stricter than Cognito, which takes any printable character: such names end in tokens, rules and templates.
fn is_group_name(name: &str) -> bool {
    name.len() <= GROUP_NAME_LENGTH
        && name.starts_with(char::is_alphanumeric)
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '@'))
}
