//! What can be typed: the whole command line as clap definitions. It decides nothing.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::add::{
    AddFunctionArgs, AddHostingArgs, AddStorageArgs, ConflictArg, FunctionFlags, HostingFlags, ModelConflictArg,
    SqlFlags, StorageFlags,
};
use super::logs::LogsArgs;
use crate::base::{Endpoint, EnvName, ProfileName, ProjectName, Region, ResourceName};

/// From an empty folder to a running, secure, full-stack AWS backend.
#[derive(Clone, Debug, Parser)]
#[command(name = "ampup", version, max_term_width = 100, propagate_version = false, subcommand_required = true)]
pub(crate) struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Folder of the project; the current one when absent
    #[arg(short = 'C', long = "project", global = true, help_heading = "Everywhere", value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Environment; the one in use when absent
    #[arg(long = "env", global = true, help_heading = "Everywhere", value_name = "NAME")]
    pub(crate) environment: Option<EnvName>,
    /// Print one JSON document on standard output
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// How progress is shown on standard error
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "WAY", value_enum)]
    pub(crate) progress: Option<ProgressArg>,
    /// Go on without asking for confirmation
    #[arg(short = 'y', long, global = true, help_heading = "Everywhere")]
    pub(crate) yes: bool,
    /// Ask nothing; a missing answer is an error
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) no_input: bool,
    /// Tell more; twice for everything
    #[arg(short = 'v', long, global = true, help_heading = "Everywhere", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing but results and errors
    #[arg(short = 'q', long, global = true, help_heading = "Everywhere", conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// When to use colours
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "WHEN", value_enum)]
    pub(crate) color: Option<ColorArg>,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressArg {
    /// A tree on a terminal, lines elsewhere
    Auto,
    /// A live tree
    Tree,
    /// One line a fact
    Lines,
    /// One JSON document a line
    Json,
    /// Not at all
    None,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorArg {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a project in this folder
    Init(InitArgs),
    /// Add a resource to the project
    #[command(subcommand)]
    Add(AddCommand),
    /// Change the settings of a resource
    Update(Box<UpdateArgs>),
    /// Take a resource out of the project
    Remove(RemoveArgs),
    /// Write the CloudFormation stacks of the project
    Render(RenderArgs),
    /// Deploy the backend
    Push(PushArgs),
    /// Build the front end and put it on its hosting
    Publish(PublishArgs),
    /// Compare the project with what is deployed
    Status(StatusArgs),
    /// Show the logs of what is deployed
    Logs(LogsArgs),
    /// Write the client configuration of a deployed environment
    Pull(PullArgs),
    /// Generate code for the front end
    Codegen(super::codegen::CodegenArgs),
    /// Delete everything that is deployed of an environment
    Delete,
    /// Environments of the project
    #[command(subcommand)]
    Env(EnvCommand),
    /// Secrets that functions read, in an environment
    #[command(subcommand)]
    Secret(super::secret::SecretCommand),
    /// Run the backend on this computer
    Dev(DevArgs),
    /// From nothing to a signed-in query, on this computer
    Quickstart(QuickstartArgs),
    /// Check this computer and the project
    Doctor,
    /// Explain an error code
    Explain(ExplainArgs),
    /// Print a completion script
    Completions(CompletionsArgs),
    /// Work on GraphQL schemas
    #[command(subcommand)]
    Api(ApiCommand),
    /// Work on state machines
    #[command(subcommand)]
    Workflow(super::workflow::WorkflowCommand),
}

/// Where an environment lives.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TargetArgs {
    /// Where it lives
    #[arg(long, value_enum)]
    pub(crate) target: Option<TargetKind>,
    /// AWS region
    #[arg(long)]
    pub(crate) region: Option<Region>,
    /// AWS profile
    #[arg(long)]
    pub(crate) profile: Option<ProfileName>,
    /// Address of the cloud, for localstack
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<Endpoint>,
    /// Certificate authorities to trust for the address, a PEM file
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<String>,
}

/// The kinds of clouds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetKind {
    /// The embedded cloud on this computer, no account needed
    #[default]
    Local,
    /// An AWS account
    Aws,
    /// LocalStack or another cloud at one address
    Localstack,
}

/// Arguments of `init`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct InitArgs {
    /// Name of the project
    #[arg(value_name = "NAME", conflicts_with = "name")]
    pub(crate) positional: Option<ProjectName>,
    /// Name of the project
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<ProjectName>,
    /// Where its first environment lives
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// What can be added.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum AddCommand {
    /// Let people sign in: a Cognito user pool
    Auth(AddAuthArgs),
    /// Data behind GraphQL: AppSync and DynamoDB
    Api(Box<AddApiArgs>),
    /// A place for the front end: S3 and CloudFront
    Hosting(AddHostingArgs),
    /// Code of your own: a Lambda function
    Function(AddFunctionArgs),
    /// A place for files or items: S3 or DynamoDB
    Storage(AddStorageArgs),
}

/// Settings of auth.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AuthFlags {
    /// What people sign in with; cannot be changed once deployed
    #[arg(long, value_enum)]
    pub(crate) sign_in: Option<SignInArg>,
    /// Second factor by an authenticator app
    #[arg(long, value_enum)]
    pub(crate) mfa: Option<MfaArg>,
    /// Anyone may sign up
    #[arg(long, value_name = "BOOL")]
    pub(crate) self_signup: Option<bool>,
    /// Callers who are not signed in get credentials
    #[arg(long, value_name = "BOOL")]
    pub(crate) guests: Option<bool>,
    /// How a forgotten password is recovered
    #[arg(long, value_enum)]
    pub(crate) recovery: Option<RecoveryArg>,
    /// Groups of users, separated by commas, in order of precedence
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) groups: Option<Vec<String>>,
    /// Shortest password, 6 to 99 characters
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(6..=99))]
    pub(crate) password_length: Option<u8>,
}

/// Arguments of `add auth`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AddAuthArgs {
    /// Name of the resource
    #[arg(long)]
    pub(crate) name: Option<ResourceName>,
    /// Its settings
    #[command(flatten)]
    pub(crate) flags: AuthFlags,
}

/// Settings of an API.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ApiFlags {
    /// How callers identify themselves where a rule names no other way
    #[arg(long, value_enum)]
    pub(crate) auth: Option<ApiAuthArg>,
    /// Other ways for callers to identify themselves, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) additional_auth: Option<Vec<ApiAuthArg>>,
    /// Address of the OpenID Connect provider, for the way `oidc`
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) oidc_issuer: Option<String>,
    /// Audience of the provider's tokens, or a regular expression for it
    #[arg(long, value_name = "ID")]
    pub(crate) oidc_client_id: Option<String>,
    /// How many seconds a token is taken after its user signed in
    #[arg(long, value_name = "SECONDS")]
    pub(crate) oidc_auth_ttl: Option<u32>,
    /// How many seconds a token is taken after it was issued
    #[arg(long, value_name = "SECONDS")]
    pub(crate) oidc_iat_ttl: Option<u32>,
    /// Name of the Lambda function that lets callers in, for the way `lambda`; `${env}` stands for the environment
    #[arg(long, value_name = "FUNCTION")]
    pub(crate) authoriser: Option<String>,
    /// How many seconds its answers are kept, 0 to 3600
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub(crate) authoriser_ttl: Option<u32>,
    /// Names of roles and users whose signed requests pass all rules, separated by commas; empty for none
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) admin_roles: Option<Vec<String>>,
    /// Every signed request passes all rules, unless its credentials are of an identity pool
    #[arg(long, value_name = "BOOL")]
    pub(crate) iam_access: Option<bool>,
    /// How long an API key lives, 1 to 365 days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=365))]
    pub(crate) api_key_days: Option<u16>,
    /// Bucket whose pictures below public/ @predictions may read
    #[arg(long, value_name = "BUCKET")]
    pub(crate) predictions_bucket: Option<String>,
    /// Data sync, and who settles conflicts: `auto-merge`, `optimistic-concurrency`, `lambda:NAME` or `off`
    #[arg(long, value_name = "HANDLER")]
    pub(crate) conflict: Option<ConflictArg>,
    /// Who settles the conflicts of single models, as MODEL=HANDLER, separated by commas
    #[arg(long, value_name = "MODEL=HANDLER", value_delimiter = ',')]
    pub(crate) conflict_models: Option<Vec<ModelConflictArg>>,
    /// Its database
    #[command(flatten)]
    pub(crate) sql: SqlFlags,
}

/// Arguments of `add api`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AddApiArgs {
    /// Name of the resource
    #[arg(long)]
    pub(crate) name: Option<ResourceName>,
    /// A schema to begin with
    #[arg(long, value_name = "FILE", conflicts_with = "sample")]
    pub(crate) schema: Option<PathBuf>,
    /// A sample to begin with
    #[arg(long, value_enum)]
    pub(crate) sample: Option<SampleArg>,
    /// Its settings
    #[command(flatten)]
    pub(crate) flags: ApiFlags,
}

/// Arguments of `update`.
#[derive(Clone, Debug, Args)]
pub(crate) struct UpdateArgs {
    /// The resource
    pub(crate) resource: String,
    /// Settings, when it is auth
    #[command(flatten, next_help_heading = "Settings of auth")]
    pub(crate) auth: AuthFlags,
    /// Settings, when it is an API
    #[command(flatten, next_help_heading = "Settings of an API")]
    pub(crate) api: ApiFlags,
    /// Settings, when it is hosting
    #[command(flatten, next_help_heading = "Settings of hosting")]
    pub(crate) hosting: HostingFlags,
    /// Settings, when it is a function
    #[command(flatten, next_help_heading = "Settings of a function")]
    pub(crate) function: FunctionFlags,
    /// Settings, when it is storage
    #[command(flatten, next_help_heading = "Settings of storage")]
    pub(crate) storage: StorageFlags,
}

/// Arguments of `remove`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The resource
    pub(crate) resource: String,
    /// Keep its files below `ampup/`
    #[arg(long)]
    pub(crate) keep_files: bool,
}

/// Arguments of `render`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct RenderArgs {
    /// Write nothing; end with 6 when the stacks are out of date
    #[arg(long)]
    pub(crate) check: bool,
    /// Give up hand edits of rendered stacks
    #[arg(long, conflicts_with = "check")]
    pub(crate) overwrite: bool,
}

/// Arguments of `push`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PushArgs {
    /// Show what would change and deploy nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// With --dry-run: end with 6 when something would change
    #[arg(long, requires = "dry_run")]
    pub(crate) exit_code: bool,
    /// Begin the deployment and leave
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) detach: bool,
}

/// Arguments of `publish`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PublishArgs {
    /// The hosting resource, when there are several
    #[arg(long)]
    pub(crate) name: Option<ResourceName>,
    /// Folder of the built site; the setting's when absent
    #[arg(long, value_name = "DIR")]
    pub(crate) source: Option<PathBuf>,
    /// Do not run the build command
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Do not deploy the backend first
    #[arg(long)]
    pub(crate) no_push: bool,
}

/// Arguments of `status`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct StatusArgs {
    /// End with 6 when a push would change something
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// Arguments of `pull`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PullArgs {
    /// The file to write; the setting's when absent
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What can be done with environments.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum EnvCommand {
    /// Show all environments
    List,
    /// Add an environment
    Add(EnvAddArgs),
    /// Make an environment the one in use on this computer
    Use(EnvNameArgs),
    /// Take an environment out of the project; what is deployed stays
    Remove(EnvNameArgs),
}

/// Arguments of `env add`.
#[derive(Clone, Debug, Args)]
pub(crate) struct EnvAddArgs {
    /// Its name
    pub(crate) name: EnvName,
    /// Where it lives
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// The name of an environment.
#[derive(Clone, Debug, Args)]
pub(crate) struct EnvNameArgs {
    /// Its name
    pub(crate) name: EnvName,
}

/// Arguments of `dev`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct DevArgs {
    /// Port of the local cloud, 0 for any that is free; 4700 when absent
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Begin with an empty cloud
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Do not deploy again when files change
    #[arg(long)]
    pub(crate) no_watch: bool,
}

/// Arguments of `quickstart`.
#[derive(Clone, Debug, Args)]
pub(crate) struct QuickstartArgs {
    /// Folder of the project, made when it is not there; `ampup-quickstart` when absent
    pub(crate) folder: Option<PathBuf>,
    /// What the API begins as
    #[arg(long, value_enum)]
    pub(crate) sample: Option<SampleArg>,
    /// Stop after the first query
    #[arg(long)]
    pub(crate) once: bool,
    /// Port of the local cloud, 0 for any that is free; 4700 when absent
    #[arg(long)]
    pub(crate) port: Option<u16>,
}

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, like AMP0101
    pub(crate) code: String,
}

/// Arguments of `completions`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// What can be done with schemas.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ApiCommand {
    /// Compile a schema into a folder
    Compile(CompileArgs),
    /// Show who may do what with the models of an API
    Access(AccessArgs),
}

/// Arguments of `api access`.
#[derive(Clone, Debug, Args)]
pub(crate) struct AccessArgs {
    /// The model; every model when absent
    #[arg(value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// A schema, instead of the project's
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// Options of that schema, a JSON file
    #[arg(long, value_name = "FILE", requires = "schema")]
    pub(crate) options: Option<PathBuf>,
}

/// Arguments of `api compile`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CompileArgs {
    /// The schema
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: PathBuf,
    /// Options, a JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) options: Option<PathBuf>,
    /// Folder for the results, made when it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident => $core:path { $($(#[$option:meta])* $variant:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name { $($(#[$option])* $variant,)+ }

        impl From<$name> for $core {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant,)+ }
            }
        }

        impl From<$core> for $name {
            fn from(value: $core) -> Self {
                match value { $(<$core>::$variant => Self::$variant,)+ }
            }
        }
    };
}

choice!(
    /// What people sign in with.
    SignInArg => crate::category::auth::SignIn {
        /// E-mail address
        Email,
        /// A name of their choice
        Username,
        /// Phone number
        Phone
    }
);
choice!(
    /// Whether a second factor is asked for.
    MfaArg => crate::category::auth::Mfa {
        /// Never
        Off,
        /// When the user set one up
        Optional,
        /// Always
        Required
    }
);
choice!(
    /// How a forgotten password is recovered.
    RecoveryArg => crate::category::auth::Recovery {
        /// By a code to the e-mail address
        Email,
        /// By a code to the phone
        Phone,
        /// By administrators alone
        Admin
    }
);
/// A way for callers to identify themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApiAuthArg {
    /// A token of the project's user pool
    UserPool,
    /// An API key
    ApiKey,
    /// A signature with credentials of a role
    Iam,
    /// A token of an OpenID Connect provider
    Oidc,
    /// What a Lambda function lets through
    Lambda,
}

choice!(
    /// What a schema starts as.
    SampleArg => crate::category::api::Sample {
        /// One model
        Todo,
        /// Posts, comments, categories, with owners, groups and public reading
        Blog,
        /// An empty model to fill in
        Blank
    }
);

/// The word for a value on the command line.
pub(super) fn word<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map_or_else(String::new, |possible| possible.get_name().to_owned())
}
