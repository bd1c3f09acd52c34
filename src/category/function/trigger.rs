//! What makes a function run besides a call of its name: files, changes of items, messages, sign-ups.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::models;
use crate::base::ResourceName;
use crate::base::suggest::nearest;
use crate::category::storage::StorageSpec;
use crate::category::{Among, ResourceSpec, SettingProblem};

/// Something that makes a function run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Trigger {
    /// `queue`: messages of a queue that is made for it.
    Queue,
    /// `photos:upload`, `photos/incoming/:remove`: files of a bucket.
    File {
        /// The bucket's resource.
        resource: String,
        /// What the file's key begins with.
        prefix: String,
        /// Uploaded, or else removed.
        uploaded: bool,
    },
    /// `orders:change`, `blog.Post:change`: items of a table.
    Item {
        /// The table's resource, or the API's.
        resource: String,
        /// The model, when the table is of an API.
        model: Option<String>,
    },
    /// `auth:post-confirmation`: users who sign up or in.
    User {
        /// The auth resource.
        resource: String,
        /// When.
        event: UserEvent,
    },
}

/// When Cognito asks ("Customizing user pool workflows with Lambda triggers").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserEvent(usize);

/// Our word, and the member of `LambdaConfig`.
const USER_EVENTS: [(&str, &str); 10] = [
    ("pre-sign-up", "PreSignUp"),
    ("post-confirmation", "PostConfirmation"),
    ("pre-authentication", "PreAuthentication"),
    ("post-authentication", "PostAuthentication"),
    ("pre-token-generation", "PreTokenGeneration"),
    ("custom-message", "CustomMessage"),
    ("user-migration", "UserMigration"),
    ("define-auth-challenge", "DefineAuthChallenge"),
    ("create-auth-challenge", "CreateAuthChallenge"),
    ("verify-auth-challenge", "VerifyAuthChallengeResponse"),
];

impl UserEvent {
    /// The member of the user pool's `LambdaConfig`.
    pub fn member(self) -> &'static str {
        USER_EVENTS[self.0].1
    }
}

impl FromStr for Trigger {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "queue" {
            return Ok(Self::Queue);
        }
        let Some((place, word)) = text.rsplit_once(':').filter(|(place, _)| !place.is_empty()) else {
            let shown = text.escape_debug();
            return Err(format!(
                "`{shown}` is no trigger: `queue`, `photos:upload`, `orders:change`, `auth:pre-sign-up`"
            ));
        };
        let (resource, prefix) = place.split_once('/').unwrap_or((place, ""));
        let resource = resource.to_owned();
        match word {
            "upload" | "remove" => Ok(Self::File { resource, prefix: prefix.to_owned(), uploaded: word == "upload" }),
            _ if !prefix.is_empty() => Err(format!("`{}`: only files lie on a path", text.escape_debug())),
            "change" => {
                let (resource, model) = models::parted(&resource);
                Ok(Self::Item { resource, model })
            }
            word => {
                if let Some(event) = USER_EVENTS.iter().position(|(name, _)| *name == word) {
                    return Ok(Self::User { resource, event: UserEvent(event) });
                }
                let words = ["upload", "remove", "change"].into_iter().chain(USER_EVENTS.map(|(name, _)| name));
                let all: Vec<&str> = words.collect();
                let near = nearest(word, all.iter().copied());
                let near = near.map_or(String::new(), |near| format!(", did you mean `{near}`?"));
                Err(format!("nothing happens that is called `{}`: it is {}{near}", word.escape_debug(), all.join(", ")))
            }
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue => formatter.write_str("queue"),
            Self::File { resource, prefix, uploaded } => {
                let slash = if prefix.is_empty() { "" } else { "/" };
                write!(formatter, "{resource}{slash}{prefix}:{}", if *uploaded { "upload" } else { "remove" })
            }
            Self::Item { resource, model } => {
                write!(formatter, "{}:change", models::joined(resource, model.as_deref()))
            }
            Self::User { resource, event } => write!(formatter, "{resource}:{}", USER_EVENTS[event.0].0),
        }
    }
}

impl TryFrom<String> for Trigger {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Trigger> for String {
    fn from(trigger: Trigger) -> String {
        trigger.to_string()
    }
}

impl Trigger {
    /// S3's event and the prefix of keys, when it is about a bucket.
    pub fn of_bucket(&self, bucket: &ResourceName) -> Option<(&'static str, &str)> {
        match self {
            Self::File { resource, prefix, uploaded } if resource == bucket.as_str() => {
                Some((if *uploaded { "s3:ObjectCreated:*" } else { "s3:ObjectRemoved:*" }, prefix))
            }
            _ => None,
        }
    }

    /// Whether it is about the items of a table.
    pub fn is_of_table(&self, table: &ResourceName) -> bool {
        matches!(self, Self::Item { resource, model: None } if resource == table.as_str())
    }

    /// The model whose items it is about, when it is one of an API's.
    pub fn model_of(&self, api: &ResourceName) -> Option<&str> {
        match self {
            Self::Item { resource, model } if resource == api.as_str() => model.as_deref(),
            _ => None,
        }
    }

    /// The resource that it is about.
    fn resource(&self) -> Option<&str> {
        match self {
            Self::Queue => None,
            Self::File { resource, .. } | Self::Item { resource, .. } | Self::User { resource, .. } => Some(resource),
        }
    }

    /// Whether a resource is of the kind that it is about, and what that kind is called.
    fn fits(&self, spec: &ResourceSpec) -> (bool, &'static str) {
        match self {
            Self::Queue => (true, "queue"),
            Self::File { .. } => {
                (matches!(spec, ResourceSpec::Storage(StorageSpec { bucket: Some(_), .. })), "a bucket")
            }
            Self::Item { model: None, .. } => {
                (matches!(spec, ResourceSpec::Storage(StorageSpec { table: Some(_), .. })), "a table")
            }
            Self::Item { .. } => (matches!(spec, ResourceSpec::Api(_)), "a model of an API"),
            Self::User { .. } => (matches!(spec, ResourceSpec::Auth(_)), "auth"),
        }
    }
}

/// Triggers of what is not there, is of another kind, or has one already.
pub(super) fn check(triggers: &[Trigger], among: &Among<'_>) -> Vec<SettingProblem> {
    let problem = |why: String| SettingProblem::new("triggers", why);
    let mut problems = Vec::new();
    for (index, trigger) in triggers.iter().enumerate() {
        if triggers[..index].contains(trigger) {
            problems.push(problem(format!("`{trigger}` stands there twice")));
        }
        let Some(resource) = trigger.resource() else { continue };
        let found = among.resources.iter().find(|(name, _)| name.as_str() == resource);
        let Some((_, spec)) = found else {
            let near = nearest(resource, among.resources.keys().map(ResourceName::as_str));
            let wrong = problem(format!("the project has no resource `{}`", resource.escape_debug()));
            problems.push(near.map_or(wrong.clone(), |near| wrong.hint(format!("did you mean `{near}`?"))));
            continue;
        };
        let (fits, what) = trigger.fits(spec);
        if !fits {
            let wrong = problem(format!("`{trigger}` is about {what}, and `{resource}` is {}", spec.kind()));
            let is_model = matches!((trigger, spec), (Trigger::Item { .. }, ResourceSpec::Api(_)));
            problems.push(if is_model {
                wrong.hint(format!("name the model whose items are meant: `{resource}.Model:change`"))
            } else {
                wrong
            });
        }
        if let Trigger::User { event, .. } = trigger {
            let other = among.resources.iter().find(|(name, other)| {
                let same = |other: &Trigger| matches!(other, Trigger::User { event: other, .. } if other == event);
                *name != among.name
                    && matches!(other, ResourceSpec::Function(function) if function.triggers.iter().any(same))
            });
            if let Some((other, _)) = other {
                problems.push(problem(format!(
                    "Cognito asks one function, and `{other}` has the trigger `{trigger}`, too"
                )));
            }
        }
    }
    problems
}

/// The models of an API whose changes make functions run.
pub fn followed_models<'a>(
    api: &ResourceName,
    resources: &'a indexmap::IndexMap<ResourceName, ResourceSpec>,
) -> std::collections::BTreeSet<&'a str> {
    let triggers = resources.values().flat_map(|spec| match spec {
        ResourceSpec::Function(function) => function.triggers.as_slice(),
        _ => &[],
    });
    triggers.filter_map(|trigger| trigger.model_of(api)).collect()
}

/// The functions that an auth resource's pool asks: member of `LambdaConfig` and function.
pub fn user_triggers<'a>(
    resources: &'a indexmap::IndexMap<ResourceName, ResourceSpec>,
) -> Vec<(&'static str, &'a ResourceName)> {
    let of = |(name, spec): (&'a ResourceName, &'a ResourceSpec)| match spec {
        ResourceSpec::Function(function) => {
            let events = function.triggers.iter().filter_map(|trigger| match trigger {
                Trigger::User { event, .. } => Some((event.member(), name)),
                _ => None,
            });
            events.collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    resources.iter().flat_map(of).collect()
}
