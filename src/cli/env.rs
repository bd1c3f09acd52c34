//! `ampup env list|add|use|remove`.

use super::args::EnvCommand;
use super::interview::Interview;
use super::{Context, questions, target};
use crate::error::{ExitStatus, Failure};
use crate::ops::{OperationError, environment};

pub(super) fn run(context: &Context<'_>, command: EnvCommand) -> Result<ExitStatus, Failure> {
    let report = match command {
        EnvCommand::List => environment::list(&context.project()?),
        EnvCommand::Add(args) => {
            let mut project = context.project()?;
            let mut interview = Interview::new(context.prompter, &format!("ampup env add {}", args.name));
            let target = target::ask(&mut interview, &args.target, target::ENV)?;
            let command = interview.finish()?;
            let target = target.expect("`finish` fails when an answer is missing");
            let report = environment::add(&mut project, &args.name, &target)?;
            context.repeat(command);
            report
        }
        EnvCommand::Use(args) => environment::switch(&context.project()?, &args.name)?,
        EnvCommand::Remove(args) => {
            let mut project = context.project()?;
            // A wrong name is told before anybody is asked.
            project.environment(Some(&args.name))?;
            if !context.settings.yes && !context.prompter.confirm(&questions::ENV_REMOVE_YES)? {
                return Err(OperationError::Declined.into());
            }
            environment::remove(&mut project, &args.name)?
        }
    };
    Ok(context.ui.finish(&report))
}
