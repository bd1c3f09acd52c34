//! The command line: parse, settle, ask, run, and end with the right code.
//!
//! Nothing here knows how anything is done; commands are handed to [`crate::ops`] and results to [`crate::ui`].

mod add;
mod args;
mod codegen;
mod deploying;
mod editing;
mod env;
mod init;
mod interview;
mod logging;
mod logs;
mod questions;
mod reference;
mod runner;
mod running;
mod secret;
mod settings;
mod target;
mod update;
mod workflow;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use crate::base::suggest::nearest;
use crate::error::{Code, Diagnose, ExitStatus, Failure, Hint};
use crate::ops::{Project, Session};
use crate::ui::prompt::{PromptError, Prompter, Refusing, Terminal};
use crate::ui::{Paper, Report, Ui};

use args::{ApiCommand, Cli, Command};
use runner::Interrupted;
use settings::Settings;

pub use questions::{Asked, questions};
pub use reference::reference;

/// The clap definitions of the whole command line.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program.
pub fn main() -> ExitCode {
    ExitCode::from(run().number())
}

fn run() -> ExitStatus {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    let settings = match settings::settle(&cli.global) {
        Ok(settings) => settings,
        Err(failure) => return Ui::standard(settings::early_ui(settings::wants_json())).fail(&failure),
    };
    let ui = Ui::standard(settings.ui);
    let prompter: Box<dyn Prompter> =
        if settings.interactive { Box::new(Terminal::new(settings.ui.err_style.colour)) } else { Box::new(Refusing) };
    let context = Context { ui: &ui, prompter: &*prompter, settings: &settings };
    match dispatch(&context, cli.command) {
        Ok(status) => status,
        Err(failure) if was_interrupted(&failure) => {
            ui.fail(&failure);
            ExitStatus::Interrupted
        }
        Err(failure) => ui.fail(&failure),
    }
}

/// What every command is handed.
pub(crate) struct Context<'a> {
    pub(crate) ui: &'a Ui,
    pub(crate) prompter: &'a dyn Prompter,
    pub(crate) settings: &'a Settings,
}

impl Context<'_> {
    /// A session that reports to the screen.
    pub(crate) fn session(&self) -> Session {
        Session {
            clock: Arc::clone(&self.settings.clock),
            ids: Arc::clone(&self.settings.ids),
            reporter: Arc::from(self.ui.reporter()),
            keys: self.settings.keys.clone(),
            endpoints: self.settings.endpoints.clone(),
        }
    }

    /// The project that the folder is in.
    pub(crate) fn project(&self) -> Result<Project, Failure> {
        Ok(Project::discover(self.folder())?)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.settings.folder
    }

    /// After an interview: the same without questions.
    pub(crate) fn repeat(&self, command: Option<String>) {
        if let Some(command) = command {
            self.ui.note(&format!("Same without questions: `{command}`\n"));
        }
    }

    /// Refuses at once what would end in a question that nobody can answer.
    pub(crate) fn needs_confirmation(&self) -> Result<(), Failure> {
        if self.settings.yes || self.prompter.can_ask() { Ok(()) } else { Err(PromptError::Refused.into()) }
    }
}

fn dispatch(context: &Context<'_>, command: Command) -> Result<ExitStatus, Failure> {
    match command {
        Command::Init(args) => init::run(context, args),
        Command::Add(args) => add::run(context, args),
        Command::Update(args) => update::run(context, &args),
        Command::Remove(args) => editing::remove(context, &args),
        Command::Render(args) => editing::render(context, args),
        Command::Push(args) => deploying::push(context, args),
        Command::Publish(args) => deploying::publish(context, &args),
        Command::Status(args) => deploying::status(context, args),
        Command::Logs(args) => logs::run(context, args),
        Command::Pull(args) => deploying::pull(context, args),
        Command::Delete => deploying::delete(context),
        Command::Env(args) => env::run(context, args),
        Command::Secret(args) => secret::run(context, args),
        Command::Dev(args) => running::dev(context, args),
        Command::Quickstart(args) => running::quickstart(context, args),
        Command::Doctor => deploying::doctor(context),
        Command::Explain(args) => Ok(context.ui.finish(&crate::ops::explain::explain(&args.code)?)),
        Command::Completions(args) => Ok(editing::completions(context, args)),
        Command::Api(ApiCommand::Access(args)) => {
            let model = args.model.as_deref();
            let report = match &args.schema {
                Some(schema) => crate::ops::access::of_schema(schema, args.options.as_deref(), model)?,
                None => crate::ops::access::of_project(&context.project()?, model)?,
            };
            Ok(context.ui.finish(&report))
        }
        Command::Codegen(args) => codegen::run(context, args),
        Command::Workflow(command) => workflow::run(context, &command),
        Command::Api(ApiCommand::Compile(args)) => {
            let report = crate::ops::compile::compile(&args.schema, args.options.as_deref(), &args.out)?;
            Ok(context.ui.finish(&report))
        }
    }
}

/// True when the person pressed Ctrl-C.
fn was_interrupted(failure: &Failure) -> bool {
    let error: &(dyn std::error::Error + 'static) = failure.inner();
    error.is::<Interrupted>() || matches!(error.downcast_ref(), Some(PromptError::Interrupted))
}

/// A command line that clap refused.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct UsageError {
    code: Code,
    message: String,
    hints: Vec<String>,
}

impl Diagnose for UsageError {
    fn code(&self) -> Code {
        self.code
    }

    fn hints(&self) -> Vec<Hint> {
        self.hints.iter().map(Hint::new).collect()
    }
}

/// Help or version, as asked for.
#[derive(Debug, serde::Serialize)]
struct HelpReport {
    version: &'static str,
    text: String,
}

impl Report for HelpReport {
    const SCHEMA: &'static str = "ampup.help/1";

    fn human(&self, paper: &mut Paper<'_>) -> std::fmt::Result {
        paper.line(self.text.trim_end())
    }
}

/// Help and version are results; everything else is an error in our own form.
fn unparsed(error: &clap::Error) -> ExitStatus {
    let ui = Ui::standard(settings::early_ui(settings::wants_json()));
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return ui.finish(&HelpReport { version: env!("CARGO_PKG_VERSION"), text: error.render().to_string() });
    }
    ui.fail(&usage_error(error).into())
}

fn usage_error(error: &clap::Error) -> UsageError {
    let argument = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    let mut hints = Vec::new();
    // The reason that a type of ours gives is a whole sentence; the frame that clap puts around it repeats it.
    let own = std::error::Error::source(error).map(ToString::to_string);
    let (code, message) = match (error.kind(), own) {
        (ErrorKind::ValueValidation, Some(reason)) => {
            hints.extend(argument.map(|argument| format!("give `{argument}` another value")));
            (Code::AMP0203, reason)
        }
        (ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand, _) => {
            (Code::AMP0202, "a command is missing".to_owned())
        }
        _ => {
            let text = error.render().to_string();
            let head: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
            (Code::AMP0202, head.join("\n").trim_start_matches("error: ").to_owned())
        }
    };
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
        match error.get(kind) {
            Some(ContextValue::String(near)) => hints.push(format!("did you mean `{near}`?")),
            Some(ContextValue::Strings(near)) if !near.is_empty() => {
                hints.push(format!("did you mean `{}`?", near.join("` or `")));
            }
            _ => {}
        }
    }
    if let (Some(ContextValue::String(wrong)), true) = (error.get(ContextKind::InvalidSubcommand), hints.is_empty()) {
        let command = command();
        let near = nearest(wrong, command.get_subcommands().map(clap::Command::get_name));
        hints.extend(near.map(|near| format!("did you mean `{near}`?")));
    }
    hints.push("`ampup --help` shows every command, `ampup <command> --help` its flags".to_owned());
    UsageError { code, message, hints }
}
