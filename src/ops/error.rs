//! What can go wrong in an operation itself, beyond what its rooms report.

use crate::base::suggest::nearest;
use crate::base::{EnvName, ResourceName};
use crate::error::{Code, Diagnose, Hint};

/// What can go wrong in an operation itself.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// A resource of that name is there.
    #[error("`{0}` exists already: names of resources are unique in a project")]
    ResourceExists(ResourceName),
    /// A resource of a kind that there can be one of is there.
    #[error("this project has {kind} already: it is `{name}`")]
    KindExists {
        /// The kind.
        kind: &'static str,
        /// Its name.
        name: ResourceName,
    },
    /// There is no such resource.
    #[error("there is no resource `{}`", wanted.escape_debug())]
    NoResource {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// There is no such model.
    #[error("there is no model `{}`", wanted.escape_debug())]
    NoModel {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// There is no resource of the kind.
    #[error("this project has no {kind}")]
    NoneOfKind {
        /// The kind.
        kind: &'static str,
    },
    /// The project has nothing to deploy: CloudFormation takes no empty stack.
    #[error("this project has no resources to deploy")]
    Empty,
    /// There are several, and none was named.
    #[error("this project has several resources of kind {kind}: {}", names.join(", "))]
    Several {
        /// The kind.
        kind: &'static str,
        /// Their names.
        names: Vec<String>,
    },
    /// Others need the resource.
    #[error("`{name}` cannot be removed: {} needs it", by.join(", "))]
    Needed {
        /// The resource.
        name: ResourceName,
        /// Who needs it.
        by: Vec<String>,
    },
    /// The environment is there.
    #[error("environment `{0}` exists already")]
    EnvironmentExists(EnvName),
    /// The rendered stacks are not what the settings make.
    #[error("the rendered stacks are out of date: {}", files.join(", "))]
    Stale {
        /// The files below `ampup/stacks/`.
        files: Vec<String>,
    },
    /// The user said no.
    #[error("nothing was changed: you said no")]
    Declined,
    /// Detached from a cloud that ends with the command.
    #[error("`--detach` cannot be used here: the local cloud ends with this command")]
    CannotDetach,
    /// To follow the logs of a cloud that does not run.
    #[error("`--follow` cannot be used here: no local cloud is running")]
    NothingRuns,
    /// Nothing writes logs.
    #[error("{} no logs", name.as_ref().map_or_else(|| "this project writes".to_owned(), |name| format!("`{name}` writes")))]
    NoLogs {
        /// The resource that was asked for.
        name: Option<ResourceName>,
    },
    /// The build command failed.
    #[error("the build command failed: `{command}` {how}")]
    Build {
        /// The command.
        command: String,
        /// "ended with exit status 1", "could not be started: …".
        how: String,
    },
    /// A deployed stack lacks an output that we need.
    #[error("the deployed stack has no output `{output}`")]
    NoOutput {
        /// Its name.
        output: String,
    },
    /// The first query was not answered as it should be.
    #[error("{asked} failed: {answer}")]
    FirstQuery {
        /// What was asked.
        asked: &'static str,
        /// What came back.
        answer: String,
    },
    /// A file given on the command line cannot be read or written.
    #[error("`{path}` cannot be {action}: {source}")]
    File {
        /// The file.
        path: String,
        /// `read`, `written`.
        action: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The folder cannot be watched.
    #[error("{path} cannot be watched: {reason}")]
    Watch {
        /// The folder.
        path: String,
        /// The system's words.
        reason: String,
    },
}

impl Diagnose for OperationError {
    fn code(&self) -> Code {
        match self {
            Self::ResourceExists(_) | Self::KindExists { .. } => Code::AMP0110,
            Self::NoResource { .. }
            | Self::NoModel { .. }
            | Self::NoneOfKind { .. }
            | Self::Empty
            | Self::NoLogs { .. } => Code::AMP0109,
            Self::Several { .. } | Self::CannotDetach | Self::NothingRuns => Code::AMP0202,
            Self::Needed { .. } => Code::AMP0115,
            Self::EnvironmentExists(_) => Code::AMP0114,
            Self::Stale { .. } => Code::AMP0112,
            Self::Declined => Code::AMP0204,
            Self::Build { .. } => Code::AMP0407,
            Self::NoOutput { .. } => Code::AMP0406,
            Self::FirstQuery { .. } => Code::AMP0411,
            Self::File { .. } | Self::Watch { .. } => Code::AMP0105,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        let texts = match self {
            Self::ResourceExists(name) => {
                vec![format!("`ampup update {name}` changes it; `--name <other>` makes another one")]
            }
            Self::KindExists { name, .. } => vec![format!("`ampup update {name}` changes it")],
            Self::NoResource { wanted, known } => {
                let near = nearest(wanted, known.iter().map(String::as_str));
                let near = near.map(|near| format!("did you mean `{near}`?"));
                let all = match &known[..] {
                    [] => "the project has none yet: `ampup add auth`".to_owned(),
                    known => format!("there are: {}", known.join(", ")),
                };
                near.into_iter().chain([all]).collect()
            }
            Self::NoModel { wanted, known } => {
                let near = nearest(wanted, known.iter().map(String::as_str));
                let near = near.map(|near| format!("did you mean `{near}`?"));
                let all = match &known[..] {
                    [] => "the schema has none".to_owned(),
                    known => format!("there are: {}", known.join(", ")),
                };
                near.into_iter().chain([all]).collect()
            }
            Self::NoneOfKind { kind } => vec![format!("`ampup add {kind}`")],
            Self::Empty => vec![
                "`ampup add auth` or `ampup add api` gives it one".to_owned(),
                "`ampup delete` removes what is deployed of it".to_owned(),
            ],
            Self::Several { names, .. } => vec![format!("name one: `--name {}`", names[0])],
            Self::Needed { by, .. } => vec![format!("remove what needs it first: `ampup remove {}`", by[0])],
            Self::EnvironmentExists(name) => vec![format!("`ampup env use {name}` makes it the one in use")],
            Self::Stale { .. } => vec!["`ampup render` writes them anew".to_owned()],
            Self::CannotDetach => vec!["start `ampup dev` in another terminal, or leave `--detach` out".to_owned()],
            Self::NothingRuns => vec!["start `ampup dev` in another terminal, or leave `--follow` out".to_owned()],
            Self::NoLogs { .. } => vec!["functions write logs: `ampup add function`".to_owned()],
            Self::NoOutput { .. } => vec!["`ampup push` brings it up to date".to_owned()],
            Self::Build { .. } => {
                vec!["run it by hand, or publish what is there: `ampup publish --no-build`".to_owned()]
            }
            Self::Declined | Self::FirstQuery { .. } | Self::File { .. } | Self::Watch { .. } => Vec::new(),
        };
        texts.into_iter().map(Hint::new).collect()
    }
}
