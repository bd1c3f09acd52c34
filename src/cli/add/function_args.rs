//! The flags of `ampup add function`.

use clap::{Args, ValueEnum};

use super::pairs::Pair;
use crate::base::ResourceName;
use crate::category::function::{Access, FunctionSample, Language, NeededSecret, Runtime, Schedule, Trigger};

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
    /// Node.js 22, with code in TypeScript that the project's own esbuild bundles
    #[value(name = "typescript", alias = "ts")]
    TypeScript,
    /// Rust: a program that cargo builds
    Rust,
    /// A program of your own, called bootstrap
    #[value(name = "provided.al2023", alias = "provided")]
    Provided,
}

impl RuntimeArg {
    /// The language of samples, where the runtime leaves it open.
    pub(crate) fn language(self) -> Option<Language> {
        match self {
            Self::TypeScript => Some(Language::TypeScript),
            Self::Rust => Some(Language::Rust),
            _ => None,
        }
    }
}

impl From<RuntimeArg> for Runtime {
    fn from(runtime: RuntimeArg) -> Self {
        match runtime {
            RuntimeArg::Node20 => Self::Node20,
            RuntimeArg::Node22 | RuntimeArg::TypeScript => Self::Node22,
            RuntimeArg::Node24 => Self::Node24,
            RuntimeArg::Python311 => Self::Python311,
            RuntimeArg::Python312 => Self::Python312,
            RuntimeArg::Python313 => Self::Python313,
            RuntimeArg::Rust | RuntimeArg::Provided => Self::Provided,
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
    /// Makes, reads, lists and deletes items of a table
    Table,
    /// Cognito asks it about users
    Users,
    /// Runs by the clock
    Scheduled,
    /// Is told of the changes of a table
    Stream,
    /// Lets callers of an API in
    Authoriser,
}

impl From<FunctionSampleArg> for FunctionSample {
    fn from(sample: FunctionSampleArg) -> Self {
        match sample {
            FunctionSampleArg::Hello => Self::Hello,
            FunctionSampleArg::Graphql => Self::Graphql,
            FunctionSampleArg::Table => Self::Table,
            FunctionSampleArg::Users => Self::Users,
            FunctionSampleArg::Scheduled => Self::Scheduled,
            FunctionSampleArg::Stream => Self::Stream,
            FunctionSampleArg::Authoriser => Self::Authoriser,
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
    /// A secret that it may read, once for each: `STRIPE_KEY`, `DB_PASSWORD:secrets-manager`; never its value
    #[arg(long = "secret", value_name = "NAME")]
    pub(crate) secrets: Option<Vec<NeededSecret>>,
    /// How many days the log is kept
    #[arg(long, value_name = "DAYS")]
    pub(crate) log_retention: Option<u16>,
    /// How many invocations may run at the same time; 0 for as many as the account allows
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(crate) reserved_concurrency: Option<u16>,
    /// ARN of a layer, once for each, the lowest first
    #[arg(long = "layer", value_name = "ARN")]
    pub(crate) layers: Option<Vec<String>>,
    /// What it may do with another resource of the project or a model of an API, once for each: `photos:read`,
    /// `blog.Post:read,write`
    #[arg(long, value_name = "RESOURCE:ACTIONS")]
    pub(crate) access: Option<Vec<Access>>,
    /// When it runs by the clock, once for each: `rate(5 minutes)`, `cron(0 9 * * ? *) Europe/Athens`
    #[arg(long = "schedule", value_name = "EXPRESSION")]
    pub(crate) schedules: Option<Vec<Schedule>>,
    /// What else makes it run, once for each: `photos:upload`, `orders:change`, `blog.Post:change`,
    /// `queue`, `auth:post-confirmation`
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
