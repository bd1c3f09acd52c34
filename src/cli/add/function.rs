//! The flags and the interview of `ampup add function`.

use clap::{Args, ValueEnum};

use super::pairs::Pair;
use crate::base::ResourceName;
use crate::category::FunctionSpec;
use crate::category::function::{Access, Architecture, FunctionSample, Runtime, Schedule, Trigger, UrlCallers};
use crate::cli::interview::Interview;
use crate::cli::questions;
use crate::error::Failure;

/// What runs the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeArg {
    /// Node.js 22
    #[value(name = "nodejs22.x", alias = "node", alias = "nodejs")]
    Node22,
    /// Node.js 24
    #[value(name = "nodejs24.x")]
    Node24,
    /// Node.js 20
    #[value(name = "nodejs20.x")]
    Node20,
    /// Python 3.13
    #[value(name = "python3.13", alias = "python")]
    Python313,
    /// Python 3.12
    #[value(name = "python3.12")]
    Python312,
    /// Python 3.11
    #[value(name = "python3.11")]
    Python311,
}

impl From<RuntimeArg> for Runtime {
    fn from(runtime: RuntimeArg) -> Self {
        match runtime {
            RuntimeArg::Node20 => Self::Node20,
            RuntimeArg::Node22 => Self::Node22,
            RuntimeArg::Node24 => Self::Node24,
            RuntimeArg::Python311 => Self::Python311,
            RuntimeArg::Python312 => Self::Python312,
            RuntimeArg::Python313 => Self::Python313,
        }
    }
}

/// The processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArchitectureArg {
    /// Intel and AMD
    #[value(name = "x86_64")]
    X86,
    /// AWS's own, which costs less
    #[value(name = "arm64")]
    Arm,
}

/// What the code starts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FunctionSampleArg {
    /// Answers whom it is asked to greet
    Hello,
    /// Answers fields of a GraphQL schema
    Graphql,
}

impl From<FunctionSampleArg> for FunctionSample {
    fn from(sample: FunctionSampleArg) -> Self {
        match sample {
            FunctionSampleArg::Hello => Self::Hello,
            FunctionSampleArg::Graphql => Self::Graphql,
        }
    }
}

/// Settings of a function.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct FunctionFlags {
    /// What runs the code
    #[arg(long, value_enum)]
    pub(crate) runtime: Option<RuntimeArg>,
    /// File, without its ending, and function in it
    #[arg(long, value_name = "FILE.FUNCTION")]
    pub(crate) handler: Option<String>,
    /// Memory in MiB, 128 to 10240
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(128..=10_240))]
    pub(crate) memory: Option<u32>,
    /// How many seconds one invocation may take, 1 to 900
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=900))]
    pub(crate) timeout: Option<u32>,
    /// Processor
    #[arg(long, value_enum)]
    pub(crate) architecture: Option<ArchitectureArg>,
    /// A variable that the code finds, once for each; an empty value takes it away
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub(crate) variables: Option<Vec<Pair>>,
    /// How many days the log is kept
    #[arg(long, value_name = "DAYS")]
    pub(crate) log_retention: Option<u16>,
    /// How many invocations may run at the same time; 0 for as many as the account allows
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(crate) reserved_concurrency: Option<u16>,
    /// ARN of a layer, once for each, the lowest first
    #[arg(long = "layer", value_name = "ARN")]
    pub(crate) layers: Option<Vec<String>>,
    /// What it may do with another resource of the project, once for each
    #[arg(long, value_name = "RESOURCE:ACTIONS")]
    pub(crate) access: Option<Vec<Access>>,
    /// When it runs by the clock, once for each: `rate(5 minutes)`, `cron(0 9 * * ? *) Europe/Athens`
    #[arg(long = "schedule", value_name = "EXPRESSION")]
    pub(crate) schedules: Option<Vec<Schedule>>,
    /// What else makes it run, once for each: `photos:upload`, `orders:change`, `queue`, `auth:post-confirmation`
    #[arg(long = "trigger", value_name = "TRIGGER")]
    pub(crate) triggers: Option<Vec<Trigger>>,
    /// A pattern of events on the account's bus that make it run, as JSON, once for each
    #[arg(long = "event", value_name = "PATTERN")]
    pub(crate) events: Option<Vec<String>>,
    /// Who may call it by an address of its own
    #[arg(long, value_enum)]
    pub(crate) url: Option<UrlArg>,
}

/// Who may call a function by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UrlArg {
    /// There is no address
    Off,
    /// Whoever signs requests with credentials that may
    Iam,
    /// Everyone
    Public,
}

/// Arguments of `add function`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AddFunctionArgs {
    /// Name of the resource
    #[arg(long)]
    pub(crate) name: Option<ResourceName>,
    /// What the code starts as
    #[arg(long, value_enum)]
    pub(crate) sample: Option<FunctionSampleArg>,
    /// Its settings
    #[command(flatten)]
    pub(crate) flags: FunctionFlags,
}

/// Name and settings; `None` when an answer is missing.
pub(in crate::cli) fn ask(
    interview: &mut Interview<'_>,
    args: &AddFunctionArgs,
) -> Result<Option<(ResourceName, FunctionSpec)>, Failure> {
    let flags = &args.flags;
    let name: Option<ResourceName> = interview.text(args.name.clone(), &questions::FUNCTION_NAME)?;
    let runtime = interview.pick(flags.runtime, &questions::FUNCTION_RUNTIME)?;
    let sample = interview.pick(args.sample, &questions::FUNCTION_SAMPLE)?;
    interview.given("handler", flags.handler.as_ref());
    interview.given("memory", flags.memory);
    interview.given("timeout", flags.timeout);
    interview.given("architecture", flags.architecture.map(|value| crate::cli::args::word(&value)));
    for pair in flags.variables.iter().flatten() {
        interview.given("variable", Some(pair));
    }
    interview.given("log-retention", flags.log_retention);
    note(interview, flags);
    let Some(((name, runtime), sample)) = name.zip(runtime).zip(sample) else { return Ok(None) };
    let mut spec = FunctionSpec { sample: Some(sample.into()), ..FunctionSpec::default() };
    apply(&mut spec, &FunctionFlags { runtime: Some(runtime), ..flags.clone() });
    Ok(Some((name, spec)))
}

/// Notes what makes it run and what it may do.
fn note(interview: &mut Interview<'_>, flags: &FunctionFlags) {
    interview.given("reserved-concurrency", flags.reserved_concurrency);
    flags.layers.iter().flatten().for_each(|layer| interview.given("layer", Some(layer)));
    flags.access.iter().flatten().for_each(|access| interview.given("access", Some(access)));
    flags.schedules.iter().flatten().for_each(|schedule| interview.given("schedule", Some(schedule)));
    flags.triggers.iter().flatten().for_each(|trigger| interview.given("trigger", Some(trigger)));
    flags.events.iter().flatten().for_each(|event| interview.given("event", Some(event)));
    interview.given("url", flags.url.map(|url| crate::cli::args::word(&url)));
}

/// Lays flags over settings; true when there were any.
pub(in crate::cli) fn apply(spec: &mut FunctionSpec, flags: &FunctionFlags) -> bool {
    let FunctionFlags { runtime, handler, memory, timeout, architecture, variables, log_retention, .. } = flags;
    if let Some(runtime) = *runtime {
        spec.runtime = runtime.into();
    }
    if let Some(handler) = handler {
        spec.handler.clone_from(handler);
    }
    spec.memory = memory.unwrap_or(spec.memory);
    spec.timeout = timeout.unwrap_or(spec.timeout);
    spec.log_retention = log_retention.unwrap_or(spec.log_retention);
    if let Some(architecture) = architecture {
        spec.architecture = match architecture {
            ArchitectureArg::X86 => Architecture::X86,
            ArchitectureArg::Arm => Architecture::Arm,
        };
    }
    for Pair { name, value } in variables.iter().flatten() {
        if value.is_empty() {
            spec.environment.shift_remove(name);
        } else {
            spec.environment.insert(name.clone(), value.clone());
        }
    }
    let sizes = memory.or(*timeout).is_some() || log_retention.is_some();
    let runs = apply_triggers(spec, flags);
    runs || sizes || runtime.is_some() || handler.is_some() || architecture.is_some() || variables.is_some()
}

/// Lays flags about what it may do and what makes it run over settings; true when there were any.
fn apply_triggers(spec: &mut FunctionSpec, flags: &FunctionFlags) -> bool {
    fn lay<T: Clone>(setting: &mut Vec<T>, flag: Option<&Vec<T>>) -> bool {
        flag.is_some_and(|values| {
            setting.clone_from(values);
            true
        })
    }
    let lists = [
        lay(&mut spec.layers, flags.layers.as_ref()),
        lay(&mut spec.access, flags.access.as_ref()),
        lay(&mut spec.schedules, flags.schedules.as_ref()),
        lay(&mut spec.triggers, flags.triggers.as_ref()),
        lay(&mut spec.events, flags.events.as_ref()),
    ];
    if let Some(most) = flags.reserved_concurrency {
        spec.reserved_concurrency = Some(most).filter(|most| *most > 0);
    }
    if let Some(url) = flags.url {
        spec.url = match url {
            UrlArg::Off => None,
            UrlArg::Iam => Some(UrlCallers::Iam),
            UrlArg::Public => Some(UrlCallers::Public),
        };
    }
    lists.contains(&true) || flags.reserved_concurrency.is_some() || flags.url.is_some()
}
