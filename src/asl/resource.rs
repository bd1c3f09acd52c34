//! `Resource`: who does the work of a Task state.

use std::fmt;

use crate::base::suggest::nearest;

/// Who does the work of a Task state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A Lambda function by its ARN, with the qualifier when it has one.
    Lambda(String),
    /// An activity by its ARN.
    Activity(String),
    /// An integration that Step Functions made for a service: `arn:aws:states:::sqs:sendMessage`.
    Service {
        /// The ARN as it was written.
        arn: String,
        /// `sqs`, `states`, `http`, …
        service: String,
        /// `sendMessage`, `startExecution`, `invoke`, …
        action: String,
        /// What the state waits for.
        pattern: Pattern,
    },
    /// Any action of any service: `arn:aws:states:::aws-sdk:sqs:sendMessage`.
    Sdk {
        /// The ARN as it was written.
        arn: String,
        /// `sqs`, `secretsmanager`, …
        service: String,
        /// `sendMessage`, …
        action: String,
        /// What the state waits for.
        pattern: Pattern,
    },
    /// A text with `${Name}` in it, which deployment replaces.
    Substituted(String),
    /// An ARN of a service that works for no task any more, or not yet.
    Other(String),
}

/// What a state waits for after its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pattern {
    /// The answer of the request.
    #[default]
    RequestResponse,
    /// The end of the job (`.sync`); its output stays text where it is JSON.
    Sync,
    /// The end of the job (`.sync:2`); its output is parsed.
    SyncTwo,
    /// Somebody who answers with the token (`.waitForTaskToken`).
    WaitForTaskToken,
}

impl Pattern {
    /// As it stands at the end of an ARN.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::RequestResponse => "",
            Self::Sync => ".sync",
            Self::SyncTwo => ".sync:2",
            Self::WaitForTaskToken => ".waitForTaskToken",
        }
    }
}

impl Resource {
    /// As it was written.
    pub fn text(&self) -> &str {
        match self {
            Self::Lambda(text) | Self::Activity(text) | Self::Substituted(text) | Self::Other(text) => text,
            Self::Service { arn, .. } | Self::Sdk { arn, .. } => arn,
        }
    }

    /// What the state waits for.
    pub fn pattern(&self) -> Pattern {
        match self {
            Self::Service { pattern, .. } | Self::Sdk { pattern, .. } => *pattern,
            _ => Pattern::RequestResponse,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

/// Why a text names nobody who works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::asl) struct Trouble {
    /// What is wrong.
    pub reason: String,
    /// What may be edited.
    pub hint: Option<String>,
}

impl Trouble {
    fn new(reason: impl Into<String>, hint: Option<String>) -> Self {
        Self { reason: reason.into(), hint }
    }
}

/// The services that Step Functions made integrations for, with their actions where they are few (AWS Step Functions
/// Developer Guide, "Integrating services with Step Functions").
const SERVICES: &[(&str, &[&str])] = &[
    ("apigateway", &["invoke"]),
    ("athena", &[]),
    ("batch", &["submitJob"]),
    ("bedrock", &["invokeModel", "createModelCustomizationJob"]),
    ("codebuild", &[]),
    ("databrew", &["startJobRun"]),
    ("dynamodb", &["getItem", "putItem", "updateItem", "deleteItem"]),
    ("ecs", &["runTask"]),
    ("eks", &[]),
    ("elasticmapreduce", &[]),
    ("emr-containers", &[]),
    ("emr-serverless", &[]),
    ("events", &["putEvents"]),
    ("glue", &["startJobRun"]),
    ("http", &["invoke"]),
    ("lambda", &["invoke"]),
    ("mediaconvert", &["createJob"]),
    ("s3", &["getObject", "listObjectsV2", "putObject"]),
    ("sagemaker", &[]),
    ("sns", &["publish"]),
    ("sqs", &["sendMessage"]),
    ("states", &["startExecution"]),
];

/// The names in `${Name}`, in order.
pub(in crate::asl) fn substitutions(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { break };
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c));
        if plain {
            names.push(name);
        }
        rest = if plain { behind } else { after };
    }
    names
}

impl Resource {
    /// Reads a `Resource`.
    pub(in crate::asl) fn parse(text: &str) -> Result<Self, Trouble> {
        if !substitutions(text).is_empty() {
            return Ok(Self::Substituted(text.to_owned()));
        }
        let scheme = text.split_once(':').filter(|(scheme, rest)| {
            !scheme.is_empty()
                && !rest.is_empty()
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        });
        if scheme.is_none() || text.contains(char::is_whitespace) {
            return Err(not_an_arn(text));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", _, service, _, _, resource] = parts[..] else {
            return Ok(Self::Other(text.to_owned()));
        };
        match service {
            "lambda" => lambda(text, resource),
            "states" => match resource.strip_prefix("activity:") {
                Some(_) => Ok(Self::Activity(text.to_owned())),
                None => integration(text, resource),
            },
            _ => Ok(Self::Other(text.to_owned())),
        }
    }

    /// What may be wrong with it, though AWS does not say so when a machine is made.
    pub(in crate::asl) fn doubt(&self) -> Option<Trouble> {
        if self.text().contains('<') {
            let reason = format!("`{}` still has a substitution in it", self.text().escape_debug());
            return Some(Trouble::new(
                reason,
                Some("write the real value, or `${Name}` for a substitution".to_owned()),
            ));
        }
        let Self::Service { service, action, .. } = self else { return None };
        let Some((_, actions)) = SERVICES.iter().find(|(name, _)| name == service) else {
            let near = nearest(service, SERVICES.iter().map(|(name, _)| *name));
            let hint = near.map_or_else(
                || format!("call its API: `arn:aws:states:::aws-sdk:{service}:{action}`"),
                |near| format!("did you mean `{near}`?"),
            );
            return Some(Trouble::new(format!("step functions has no integration `{service}`"), Some(hint)));
        };
        if actions.is_empty() || actions.contains(&action.as_str()) {
            return None;
        }
        let near = nearest(action, actions.iter().copied());
        let hint = near.map_or_else(
            || format!("call its API: `arn:aws:states:::aws-sdk:{service}:{action}`"),
            |near| format!("did you mean `{near}`?"),
        );
        Some(Trouble::new(format!("the integration `{service}` has no action `{action}`"), Some(hint)))
    }
}

fn not_an_arn(text: &str) -> Trouble {
    let shown = text.escape_debug();
    let example = "arn:aws:lambda:eu-west-1:111122223333:function:name";
    if text.is_empty() {
        return Trouble::new("the resource is empty", Some(format!("write an ARN: `{example}`")));
    }
    if text.starts_with('<') && text.ends_with('>') {
        let hint = format!("write the ARN of the function, `{example}`, or `${{Name}}` for a substitution");
        return Trouble::new(format!("`{shown}` is a placeholder, not an ARN"), Some(hint));
    }
    Trouble::new(format!("`{shown}` is no ARN"), Some(format!("write it like `{example}`")))
}

/// `function:NAME`, `function:NAME:QUALIFIER`.
fn lambda(text: &str, resource: &str) -> Result<Resource, Trouble> {
    let parts: Vec<&str> = resource.split(':').collect();
    let name_fits = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.<>".contains(c));
    let qualifier_fits = |qualifier: &str| {
        qualifier == "$LATEST"
            || (!qualifier.is_empty() && qualifier.chars().all(|c| c.is_ascii_alphanumeric() || "-_<>".contains(c)))
    };
    let wrong = match parts[..] {
        ["function", name] if name_fits(name) => return Ok(Resource::Lambda(text.to_owned())),
        ["function", name, qualifier] if name_fits(name) => {
            if qualifier_fits(qualifier) {
                return Ok(Resource::Lambda(text.to_owned()));
            }
            let hint = "write a version, an alias, `$LATEST`, or nothing behind the name";
            if qualifier.is_empty() {
                Trouble::new("the function's ARN ends in a colon", Some(hint.to_owned()))
            } else {
                let reason = format!("`{}` is no version and no alias of a function", qualifier.escape_debug());
                Trouble::new(reason, Some(hint.to_owned()))
            }
        }
        _ => {
            let reason = format!("`{}` is no ARN of a Lambda function", text.escape_debug());
            Trouble::new(reason, Some("write it like `arn:aws:lambda:eu-west-1:111122223333:function:name`".to_owned()))
        }
    };
    Err(wrong)
}

/// `sqs:sendMessage.waitForTaskToken`, `aws-sdk:sqs:sendMessage`.
fn integration(text: &str, resource: &str) -> Result<Resource, Trouble> {
    const SUFFIXES: [Pattern; 3] = [Pattern::SyncTwo, Pattern::Sync, Pattern::WaitForTaskToken];
    let (stem, pattern) = SUFFIXES
        .into_iter()
        .find_map(|pattern| resource.strip_suffix(pattern.suffix()).map(|stem| (stem, pattern)))
        .unwrap_or((resource, Pattern::RequestResponse));
    let arn = text.to_owned();
    let parts: Vec<&str> = stem.split(':').collect();
    if let Some((_, wrong)) = parts.last().and_then(|action| action.split_once('.')) {
        let near = nearest(wrong, ["sync", "sync:2", "waitForTaskToken"]);
        let hint = near.map_or("write `.sync`, `.sync:2`, `.waitForTaskToken` or nothing".to_owned(), |near| {
            format!("did you mean `.{near}`?")
        });
        return Err(Trouble::new(format!("`.{}` is no way to wait", wrong.escape_debug()), Some(hint)));
    }
    match parts[..] {
        ["aws-sdk", service, action] => {
            Ok(Resource::Sdk { arn, service: service.to_owned(), action: action.to_owned(), pattern })
        }
        [service, action] => {
            Ok(Resource::Service { arn, service: service.to_owned(), action: action.to_owned(), pattern })
        }
        _ => Ok(Resource::Other(arn)),
    }
}
