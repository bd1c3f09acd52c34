//! What can go wrong between us and a cloud, with the facts as fields.

use crate::base::{Label, Location, LogicalId, ResourceKind, StackName};
use crate::error::{Code, Diagnose, Hint, Problem, Problems};

/// The error below one of ours, kept for its text.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What can go wrong between us and a cloud.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// No answer from the target.
    #[error("{address} cannot be reached")]
    Unreachable {
        /// Where we called.
        address: String,
        /// Why.
        source: Cause,
    },
    /// There are no credentials.
    #[error("there are no AWS credentials{}", profile.as_ref().map_or_else(String::new, |name| format!(" for profile `{name}`")))]
    NoCredentials {
        /// The profile of the target.
        profile: Option<String>,
        /// Why.
        source: Cause,
    },
    /// The credentials were refused.
    #[error("the credentials were refused: {code}: {message}")]
    Refused {
        /// The cloud's code.
        code: String,
        /// The cloud's words.
        message: String,
    },
    /// The credentials may not do this.
    #[error("{operation} is not allowed: {message}")]
    Forbidden {
        /// The action of the service: `cloudformation:CreateChangeSet`.
        operation: String,
        /// The cloud's words.
        message: String,
    },
    /// The target's certificate bundle cannot be used.
    #[error("the certificate bundle `{path}` cannot be used: {reason}")]
    CaBundle {
        /// Its path.
        path: String,
        /// Why.
        reason: String,
    },
    /// An answer that is not of the protocol.
    #[error("{operation} was answered with something unexpected")]
    Unexpected {
        /// The action of the service.
        operation: String,
        /// What it was.
        source: Cause,
    },
    /// The service refused a request.
    #[error("{operation} was refused: {code}: {message}")]
    Service {
        /// The action of the service.
        operation: String,
        /// The cloud's code.
        code: String,
        /// The cloud's words.
        message: String,
    },
    /// Templates lead to files that are not there, or are no templates.
    #[error(transparent)]
    Package(#[from] Problems),
    /// Something would go from one stack to another.
    #[error(transparent)]
    Moved(Problems),
    /// The change set could not be made.
    #[error("the change set for {stack} could not be made: {reason}")]
    ChangeSet {
        /// The stack.
        stack: StackName,
        /// The cloud's words.
        reason: String,
    },
    /// Another operation is going on.
    #[error("stack {stack} is busy: {status}")]
    Busy {
        /// The stack.
        stack: StackName,
        /// Its state.
        status: String,
    },
    /// The stack cannot be updated.
    #[error("stack {stack} cannot be updated: it is in {status}{}", reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})")))]
    Stuck {
        /// The stack.
        stack: StackName,
        /// Its state.
        status: String,
        /// The cloud's words.
        reason: Option<String>,
    },
    /// The deployment failed.
    #[error("{stack} could not be deployed and {}: {cause}", how_left(status))]
    Failed {
        /// The stack.
        stack: StackName,
        /// Its state now.
        status: String,
        /// What failed first.
        cause: Box<FirstCause>,
    },
    /// The stack could not be deleted.
    #[error("stack {stack} could not be deleted: {cause}")]
    NotDeleted {
        /// The stack.
        stack: StackName,
        /// What failed first.
        cause: Box<FirstCause>,
    },
    /// Nothing is deployed.
    #[error("nothing is deployed: there is no stack {stack}")]
    NotDeployed {
        /// The stack.
        stack: StackName,
    },
    /// An artifact could not be uploaded.
    #[error("`{name}` could not be uploaded")]
    Upload {
        /// The file.
        name: String,
        /// Why.
        source: Box<DeployError>,
    },
    /// A file of the site could not be read.
    #[error("`{path}` of the site cannot be read")]
    SiteFile {
        /// The file or folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// There is no site to publish.
    #[error("there is no site in `{folder}`: {reason}")]
    NoSite {
        /// The folder.
        folder: String,
        /// What is missing.
        reason: &'static str,
    },
}

/// How a failed deployment left the stack.
fn how_left(status: &str) -> &'static str {
    match status {
        "ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" => "was rolled back",
        "UPDATE_ROLLBACK_FAILED" | "ROLLBACK_FAILED" => "could not be rolled back",
        _ => "stopped",
    }
}

/// What failed first in a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstCause {
    /// The stack that holds the resource.
    pub stack: StackName,
    /// The resource.
    pub resource: LogicalId,
    /// What the user knows it as.
    pub label: Label,
    /// Its type.
    pub kind: Option<ResourceKind>,
    /// The cloud's words.
    pub reason: String,
    /// The user's line it comes from.
    pub origin: Option<Location>,
    /// What helps, when the reason is a known one.
    pub hints: Vec<String>,
}

impl std::fmt::Display for FirstCause {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stack, resource, label, kind, reason, .. } = self;
        let kind = kind.as_ref().map_or_else(String::new, |kind| format!("{kind} "));
        write!(formatter, "{label} ({kind}`{resource}` in {stack}): {reason}")
    }
}

impl Diagnose for DeployError {
    fn code(&self) -> Code {
        match self {
            Self::Unreachable { .. } => Code::AMP0501,
            Self::NoCredentials { .. } => Code::AMP0502,
            Self::Refused { .. } => Code::AMP0503,
            Self::Forbidden { .. } => Code::AMP0504,
            Self::CaBundle { .. } => Code::AMP0505,
            Self::Unexpected { .. } => Code::AMP0506,
            Self::Service { .. } => Code::AMP0410,
            Self::Package(problems) | Self::Moved(problems) => problems.code(),
            Self::ChangeSet { .. } => Code::AMP0402,
            Self::Busy { .. } => Code::AMP0403,
            Self::Stuck { .. } => Code::AMP0404,
            Self::Failed { .. } => Code::AMP0401,
            Self::NotDeleted { .. } => Code::AMP0409,
            Self::NotDeployed { .. } => Code::AMP0406,
            // Credentials and network stay what they are, whichever call met them.
            Self::Upload { source, .. } => match source.code() {
                Code::AMP0410 => Code::AMP0405,
                other => other,
            },
            Self::SiteFile { .. } | Self::NoSite { .. } => Code::AMP0408,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        let texts: Vec<String> = match self {
            Self::Unreachable { address, .. } => vec![
                format!("see whether something listens there: `curl -i {address}`"),
                "another target: `ampup env add <name> --target local`".to_owned(),
            ],
            Self::NoCredentials { profile, .. } => vec![match profile {
                Some(profile) => format!("sign in: `aws sso login --profile {profile}`, or `aws configure --profile {profile}`"),
                None => "sign in: `aws configure`, or name a profile: `ampup env add <name> --target aws --profile <profile>`".to_owned(),
            }],
            Self::Refused { .. } => vec!["get new ones (`aws sso login`), and try `aws sts get-caller-identity`".to_owned()],
            Self::Forbidden { operation, .. } => vec![format!("let the caller's role do `{operation}`")],
            Self::CaBundle { path, .. } => vec![format!("name a PEM file as `ca_bundle` in ampup.toml: `openssl x509 -in {path} -noout -text` must show a certificate")],
            Self::Busy { .. } => vec!["wait for it: `ampup status`; then run this again".to_owned()],
            Self::Stuck { stack, status, .. } if status == "UPDATE_ROLLBACK_FAILED" => vec![
                format!("mend what its events name, then `aws cloudformation continue-update-rollback --stack-name {stack}`"),
                format!("or skip what cannot be mended: `aws cloudformation continue-update-rollback --stack-name {stack} --resources-to-skip <logical ids>`"),
            ],
            Self::Stuck { .. } => vec!["remove it and begin anew: `ampup delete`, then `ampup push`".to_owned()],
            Self::Failed { cause, .. } | Self::NotDeleted { cause, .. } => cause.hints.clone(),
            Self::NotDeployed { .. } => vec!["`ampup push` deploys it".to_owned()],
            Self::Upload { source, .. } => return source.hints(),
            Self::NoSite { .. } => vec!["build it first, or name another folder: `ampup publish --source <folder>`".to_owned()],
            Self::Unexpected { .. } => vec!["is that an AWS endpoint? `ampup doctor` asks it".to_owned()],
            Self::Service { .. } | Self::Package(_) | Self::Moved(_) | Self::ChangeSet { .. } | Self::SiteFile { .. } => Vec::new(),
        };
        texts.into_iter().map(Hint::new).collect()
    }

    fn location(&self) -> Option<Location> {
        match self {
            Self::Failed { cause, .. } | Self::NotDeleted { cause, .. } => cause.origin.clone(),
            Self::Package(problems) | Self::Moved(problems) => problems.location(),
            _ => None,
        }
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Package(problems) | Self::Moved(problems) => problems.list(),
            _ => &[],
        }
    }
}
