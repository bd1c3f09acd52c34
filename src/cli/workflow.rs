//! `ampup workflow`: state machines in files, checked and drawn.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Context;
use crate::error::{ExitStatus, Failure};
use crate::ops::workflow::{self, Format, MachineType};

/// What to do with a state machine.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum WorkflowCommand {
    /// Check the definition of a state machine
    Validate(ValidateArgs),
    /// Draw a state machine
    Graph(GraphArgs),
}

/// Arguments of `workflow validate`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ValidateArgs {
    /// The definition, JSON or YAML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Type of the machine
    #[arg(long = "type", value_enum, value_name = "TYPE", default_value_t = TypeArg::Standard, ignore_case = true)]
    kind: TypeArg,
    /// A sample of its input, a JSON file: what fails with it is told too
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

/// Arguments of `workflow graph`.
#[derive(Clone, Debug, Args)]
pub(crate) struct GraphArgs {
    /// The definition, JSON or YAML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to draw it as
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = FormatArg::Text)]
    format: FormatArg,
    /// A file for the picture, instead of the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What a picture is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// Boxes and lines of characters
    Text,
    /// A flowchart that Markdown renders
    Mermaid,
    /// A picture for a browser
    Svg,
}

impl From<FormatArg> for Format {
    fn from(argument: FormatArg) -> Self {
        match argument {
            FormatArg::Text => Self::Text,
            FormatArg::Mermaid => Self::Mermaid,
            FormatArg::Svg => Self::Svg,
        }
    }
}

/// The types of state machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TypeArg {
    /// Lasts up to a year, each step is done once
    Standard,
    /// Lasts up to five minutes, and cannot wait for others
    Express,
}

impl From<TypeArg> for MachineType {
    fn from(argument: TypeArg) -> Self {
        match argument {
            TypeArg::Standard => Self::Standard,
            TypeArg::Express => Self::Express,
        }
    }
}

pub(super) fn run(context: &Context<'_>, command: &WorkflowCommand) -> Result<ExitStatus, Failure> {
    match command {
        WorkflowCommand::Validate(args) => {
            let report = workflow::validate(&context.session(), &args.file, args.kind.into(), args.input.as_deref())?;
            Ok(context.ui.finish(&report))
        }
        WorkflowCommand::Graph(args) => {
            let report = workflow::graph(&args.file, args.format.into(), args.out.as_deref())?;
            Ok(context.ui.finish(&report))
        }
    }
}
