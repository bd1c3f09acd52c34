//! `ampup add auth|api|hosting|function|storage`.

mod api;
mod auth;
mod conflict;
mod function;
mod function_args;
mod hosting;
mod pairs;
mod sql;
mod storage;

use super::Context;
use super::args::AddCommand;
use super::interview::Interview;
use crate::base::ResourceName;
use crate::category::ResourceSpec;
use crate::error::{ExitStatus, Failure};
use crate::ops::add::{AddRequest, add};

pub(super) use api::{apply as apply_api, ask as ask_api};
pub(super) use auth::{apply as apply_auth, ask as ask_auth};
pub(super) use conflict::{ConflictArg, ModelConflictArg};
pub(super) use function::{apply as apply_function, ask as ask_function};
pub(super) use function_args::{AddFunctionArgs, FunctionFlags};
pub(super) use hosting::{AddHostingArgs, HostingFlags, apply as apply_hosting, ask as ask_hosting};
pub(super) use sql::{SqlFlags, check as check_sql};
pub(super) use storage::{AddStorageArgs, StorageFlags, apply as apply_storage, ask as ask_storage};

pub(super) fn run(context: &Context<'_>, command: AddCommand) -> Result<ExitStatus, Failure> {
    // Before any question: there must be something to add to.
    let mut project = context.project()?;
    let (command, answers) = match command {
        AddCommand::Auth(args) => {
            let mut interview = Interview::new(context.prompter, "ampup add auth");
            let spec = ask_auth(&mut interview, &args)?;
            let name = args.name.map_or_else(|| ResourceName::new("auth"), Ok)?;
            (interview.finish()?, spec.map(|spec| (name, ResourceSpec::Auth(spec))))
        }
        AddCommand::Api(args) => {
            let mut interview = Interview::new(context.prompter, "ampup add api");
            let has_auth = project.manifest().resources.values().any(|spec| spec.kind() == "auth");
            let answers = ask_api(&mut interview, &args, has_auth)?;
            (interview.finish()?, answers.map(|(name, spec)| (name, ResourceSpec::Api(spec))))
        }
        AddCommand::Hosting(args) => {
            let mut interview = Interview::new(context.prompter, "ampup add hosting");
            let spec = ask_hosting(&mut interview, &args)?;
            let name = args.name.map_or_else(|| ResourceName::new("hosting"), Ok)?;
            (interview.finish()?, spec.map(|spec| (name, ResourceSpec::Hosting(spec))))
        }
        AddCommand::Function(args) => {
            let mut interview = Interview::new(context.prompter, "ampup add function");
            let answers = ask_function(&mut interview, &args)?;
            (interview.finish()?, answers.map(|(name, spec)| (name, ResourceSpec::Function(spec))))
        }
        AddCommand::Storage(args) => {
            let mut interview = Interview::new(context.prompter, "ampup add storage");
            let answers = ask_storage(&mut interview, &args)?;
            (interview.finish()?, answers.map(|(name, spec)| (name, ResourceSpec::Storage(spec))))
        }
    };
    let (name, spec) = answers.expect("`finish` fails when an answer is missing");
    let report = add(&mut project, &AddRequest { name, spec })?;
    context.repeat(command);
    Ok(context.ui.finish(&report))
}
