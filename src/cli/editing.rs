//! `ampup remove`, `render`, `completions`: commands that need no cloud.

use clap::CommandFactory;
use serde::Serialize;

use super::args::{Cli, CompletionsArgs, RemoveArgs, RenderArgs};
use super::{Context, questions};
use crate::error::{ExitStatus, Failure};
use crate::ops::render::RenderMode;
use crate::ops::{OperationError, backend, remove as removing, render as rendering};
use crate::ui::{Paper, Report};

pub(super) fn remove(context: &Context<'_>, args: &RemoveArgs) -> Result<ExitStatus, Failure> {
    let mut project = context.project()?;
    let name = backend::resource(project.manifest(), &args.resource)?;
    if !context.settings.yes && !context.prompter.confirm(&questions::REMOVE_YES)? {
        return Err(OperationError::Declined.into());
    }
    let report = removing::remove(&mut project, &name, args.keep_files)?;
    Ok(context.ui.finish(&report))
}

pub(super) fn render(context: &Context<'_>, args: RenderArgs) -> Result<ExitStatus, Failure> {
    let mode = match (args.check, args.overwrite) {
        (true, _) => RenderMode::Check,
        (_, true) => RenderMode::Overwrite,
        _ => RenderMode::Write,
    };
    let report = rendering::render(&mut context.project()?, mode)?;
    Ok(context.ui.finish(&report))
}

/// A completion script.
#[derive(Debug, Serialize)]
struct CompletionsReport {
    shell: String,
    script: String,
}

impl Report for CompletionsReport {
    const SCHEMA: &'static str = "ampup.completions/1";

    fn human(&self, paper: &mut Paper<'_>) -> std::fmt::Result {
        paper.line(self.script.trim_end())
    }
}

pub(super) fn completions(context: &Context<'_>, args: CompletionsArgs) -> ExitStatus {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ampup", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    context.ui.finish(&CompletionsReport { shell: args.shell.to_string(), script })
}
