//! `ampup codegen`: its flags, and whether they mean a project or a schema alone.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Context;
use crate::category::api::Target;
use crate::error::{ExitStatus, Failure};
use crate::ops::codegen::{CodegenFlags, from_schema, in_project};

/// Arguments of `codegen`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CodegenArgs {
    /// The API; every API of the project when absent
    #[arg(value_name = "API")]
    api: Option<String>,
    /// What to generate, separated by commas; the settings', or what suits the front end, when absent
    #[arg(long, value_name = "KINDS", value_enum, value_delimiter = ',')]
    target: Vec<TargetArg>,
    /// How many levels of objects documents select, 1 to 8; 2 when absent
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=8))]
    depth: Option<u8>,
    /// Folder of the documents, relative to the project; `src/graphql` when absent
    #[arg(long, value_name = "DIR")]
    statements: Option<String>,
    /// File of the TypeScript types, relative to the project; `src/API.ts` when absent
    #[arg(long, value_name = "FILE")]
    types: Option<String>,
    /// Folder of the models, relative to the project; `src/models` when absent
    #[arg(long, value_name = "DIR")]
    models: Option<String>,
    /// Write the flags into `ampup.toml`, so that `push` and `dev` keep the code up to date
    #[arg(long, conflicts_with = "schema")]
    save: bool,
    /// A schema, instead of the project's
    #[arg(long, value_name = "FILE", conflicts_with = "api", requires = "out")]
    schema: Option<PathBuf>,
    /// Options of that schema, a JSON file
    #[arg(long, value_name = "FILE", requires = "schema")]
    options: Option<PathBuf>,
    /// Folder for the code of that schema, made when it is not there
    #[arg(long, value_name = "DIR", requires = "schema")]
    out: Option<PathBuf>,
}

/// Code for a front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetArg {
    /// Documents as .graphql files
    Graphql,
    /// Documents in JavaScript
    Js,
    /// Documents in TypeScript
    Ts,
    /// Documents in JavaScript for Flow
    Flow,
    /// Documents as .graphql files for Angular
    Angular,
    /// TypeScript types of the API
    Types,
    /// DataStore models in JavaScript
    ModelsJs,
    /// DataStore models in TypeScript
    ModelsTs,
}

impl From<TargetArg> for Target {
    fn from(value: TargetArg) -> Self {
        match value {
            TargetArg::Graphql => Self::Graphql,
            TargetArg::Js => Self::Js,
            TargetArg::Ts => Self::Ts,
            TargetArg::Flow => Self::Flow,
            TargetArg::Angular => Self::Angular,
            TargetArg::Types => Self::Types,
            TargetArg::ModelsJs => Self::ModelsJs,
            TargetArg::ModelsTs => Self::ModelsTs,
        }
    }
}

pub(super) fn run(context: &Context<'_>, args: CodegenArgs) -> Result<ExitStatus, Failure> {
    let flags = CodegenFlags {
        targets: args.target.into_iter().map(Target::from).collect(),
        depth: args.depth,
        statements: args.statements,
        types: args.types,
        models: args.models,
    };
    let report = match (args.schema, args.out) {
        (Some(schema), Some(out)) => from_schema(&schema, args.options.as_deref(), &out, &flags)?,
        _ => in_project(&mut context.project()?, args.api.as_deref(), &flags, args.save)?,
    };
    Ok(context.ui.finish(&report))
}
