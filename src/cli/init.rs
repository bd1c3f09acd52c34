//! `ampup init`.

use super::args::InitArgs;
use super::interview::Interview;
use super::{Context, questions, target};
use crate::base::{EnvName, ProjectName, Target};
use crate::error::{ExitStatus, Failure};
use crate::ops::init::{InitRequest, init};

/// The first environment where none is named.
const ENVIRONMENT: &str = "dev";

pub(super) fn run(context: &Context<'_>, args: InitArgs) -> Result<ExitStatus, Failure> {
    let mut interview = Interview::new(context.prompter, "ampup init");
    let (name, target) = ask(&mut interview, &args)?;
    let environment = match &context.settings.environment {
        Some(name) => name.clone(),
        None => EnvName::new(ENVIRONMENT)?,
    };
    interview.given("env", context.settings.environment.as_ref());
    let command = interview.finish()?;
    let (name, target) = name.zip(target).expect("`finish` fails when an answer is missing");
    let report = init(&InitRequest { folder: context.folder().to_owned(), name, environment, target })?;
    context.repeat(command);
    Ok(context.ui.finish(&report))
}

/// The answers; a missing one is `None`.
pub(super) fn ask(
    interview: &mut Interview<'_>,
    args: &InitArgs,
) -> Result<(Option<ProjectName>, Option<Target>), Failure> {
    let given = args.positional.clone().or_else(|| args.name.clone());
    let name = interview.text(given, &questions::INIT_NAME)?;
    let target = target::ask(interview, &args.target, target::INIT)?;
    Ok((name, target))
}
