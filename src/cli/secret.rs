//! `ampup secret set|list|remove`. A value is typed unseen or read from standard input, and is never an argument.

use std::io::Read as _;

use clap::{Args, Subcommand};

use super::runner::Runner;
use super::{Context, logging, questions};
use crate::base::{Secret, SecretStore};
use crate::category::function::SecretName;
use crate::error::{Code, Diagnose, ExitStatus, Failure, Hint};
use crate::ops::secret::{SecretRequest, check_value};
use crate::ops::{self, OperationError};
use crate::ui::prompt::PromptError;

/// More than any value may have.
const LARGEST_BYTES: u64 = 1_048_576;

/// What can be done with secrets.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Set the value of a secret in an environment; it is asked for, unseen
    Set(SecretSetArgs),
    /// Show which secrets of an environment have a value; never the values
    List,
    /// Take the value of a secret away from an environment
    Remove(SecretRemoveArgs),
}

/// Arguments of `secret set`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SecretSetArgs {
    /// Its name, as functions have it in `secrets`
    name: SecretName,
    /// What keeps it: `parameter` or `secrets-manager`; as the functions say when absent
    #[arg(long, value_name = "STORE")]
    store: Option<SecretStore>,
    /// Read the value from standard input, without the line end behind it
    #[arg(long)]
    value_from_stdin: bool,
    /// Taken so that it can be refused without being repeated.
    #[arg(hide = true)]
    value: Vec<String>,
}

/// Arguments of `secret remove`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SecretRemoveArgs {
    /// Its name
    name: SecretName,
    /// What keeps it: `parameter` or `secrets-manager`; as the functions say when absent
    #[arg(long, value_name = "STORE")]
    store: Option<SecretStore>,
}

/// What is wrong with how a value was given.
#[derive(Debug, thiserror::Error)]
enum ValueError {
    /// As an argument.
    #[error("the value of a secret is no argument: other users of this computer and the shell's history would see it")]
    Argument { name: SecretName },
    /// Not at all.
    #[error("the value is missing and there is no terminal to ask on")]
    Missing { name: SecretName },
    /// Standard input cannot be read.
    #[error("the value cannot be read from standard input: {0}")]
    Input(String),
    /// The value itself.
    #[error("{0}")]
    Value(String),
}

impl Diagnose for ValueError {
    fn code(&self) -> Code {
        match self {
            Self::Argument { .. } => Code::AMP0202,
            Self::Missing { .. } => Code::AMP0201,
            Self::Input(_) | Self::Value(_) => Code::AMP0203,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Argument { name } => vec![
                Hint::new(format!("`ampup secret set {name}` asks for it")),
                Hint::new("if it was a real one, take a new one: this one is in the history of your shell"),
            ],
            Self::Missing { name } => {
                vec![Hint::new(format!("`ampup secret set {name} --value-from-stdin < FILE`"))]
            }
            Self::Input(_) | Self::Value(_) => Vec::new(),
        }
    }
}

pub(super) fn run(context: &Context<'_>, command: SecretCommand) -> Result<ExitStatus, Failure> {
    let project = context.project()?;
    // A wrong name is told before anybody is asked.
    let environment = project.environment(context.settings.environment.as_ref())?.name;
    let report = match command {
        SecretCommand::Set(args) => {
            if !args.value.is_empty() {
                return Err(ValueError::Argument { name: args.name }.into());
            }
            let request = SecretRequest { name: args.name, store: args.store };
            let store = request.store_in(&project)?;
            let value = if args.value_from_stdin { piped(store)? } else { asked(context, &request.name, store)? };
            logging::begin(context, &project, "secret");
            let (runner, session) = (Runner::new()?, context.session());
            runner.run(ops::secret::set(&session, &project, Some(&environment), &request, &value))?
        }
        SecretCommand::List => {
            logging::begin(context, &project, "secret");
            let (runner, session) = (Runner::new()?, context.session());
            runner.run(ops::secret::list(&session, &project, Some(&environment)))?
        }
        SecretCommand::Remove(args) => {
            context.needs_confirmation()?;
            if !context.settings.yes && !context.prompter.confirm(&questions::SECRET_REMOVE_YES)? {
                return Err(OperationError::Declined.into());
            }
            let request = SecretRequest { name: args.name, store: args.store };
            logging::begin(context, &project, "secret");
            let (runner, session) = (Runner::new()?, context.session());
            runner.run(ops::secret::remove(&session, &project, Some(&environment), &request))?
        }
    };
    Ok(context.ui.finish(&report))
}

/// The value from standard input.
fn piped(store: SecretStore) -> Result<Secret<String>, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LARGEST_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| ValueError::Input(error.to_string()))?;
    let mut text = String::from_utf8(bytes).map_err(|_| ValueError::Input("it is not UTF-8 text".to_owned()))?;
    for end in ["\n", "\r"] {
        if text.ends_with(end) {
            text.pop();
        }
    }
    check_value(store, &text).map_err(ValueError::Value)?;
    Ok(Secret::new(text))
}

/// The value from the person at the terminal.
fn asked(context: &Context<'_>, name: &SecretName, store: SecretStore) -> Result<Secret<String>, Failure> {
    match context.prompter.secret(&questions::SECRET_VALUE, &|value| check_value(store, value)) {
        Ok(value) => Ok(value),
        Err(PromptError::Refused) => Err(ValueError::Missing { name: name.clone() }.into()),
        Err(error) => Err(error.into()),
    }
}
