//! Who may do what with the files on a path: `signed-in:read,write`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::suggest::nearest;
use crate::category::SettingProblem;

/// What stands in a path for the identity of the caller.
pub(super) const OWNER: &str = "{owner}";

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Callers who are not signed in.
    Guests,
    /// Users who are signed in.
    SignedIn,
    /// The user whose identity stands in the path.
    Owner,
    /// Users of a group.
    Group(String),
}

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Get files and list them.
    Read,
    /// Get files by their names.
    Get,
    /// List files.
    List,
    /// Make and overwrite files.
    Write,
    /// Delete files.
    Delete,
}

const ACTIONS: [(&str, Action); 5] = [
    ("read", Action::Read),
    ("get", Action::Get),
    ("list", Action::List),
    ("write", Action::Write),
    ("delete", Action::Delete),
];

/// Who may do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Grant {
    /// Who.
    pub who: Who,
    /// What; at least one.
    pub actions: Vec<Action>,
}

impl Grant {
    /// Whether an action is allowed; reading is getting and listing.
    pub fn allows(&self, action: Action) -> bool {
        let both = matches!(action, Action::Get | Action::List) && self.actions.contains(&Action::Read);
        both || self.actions.contains(&action)
    }
}

impl FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "guests" => Ok(Self::Guests),
            "signed-in" => Ok(Self::SignedIn),
            "owner" => Ok(Self::Owner),
            _ => match text.strip_prefix("group/") {
                Some(group) if !group.is_empty() => Ok(Self::Group(group.to_owned())),
                _ => {
                    let near = nearest(text, ["guests", "signed-in", "owner", "group/"]);
                    let near = near.map_or(String::new(), |near| format!(", did you mean `{near}`?"));
                    let shown = text.escape_debug();
                    Err(format!("nobody is called `{shown}`: it is guests, signed-in, owner or group/NAME{near}"))
                }
            },
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guests => formatter.write_str("guests"),
            Self::SignedIn => formatter.write_str("signed-in"),
            Self::Owner => formatter.write_str("owner"),
            Self::Group(name) => write!(formatter, "group/{name}"),
        }
    }
}

impl FromStr for Grant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "`signed-in:read,write`";
        let Some((who, actions)) = text.rsplit_once(':') else {
            return Err(format!("`{}` does not say who may do what, for example {example}", text.escape_debug()));
        };
        let action = |word: &str| {
            let found = ACTIONS.iter().find(|(name, _)| *name == word).map(|(_, action)| *action);
            found.ok_or_else(|| {
                let names = ACTIONS.map(|(name, _)| name);
                let near = nearest(word, names).map_or(String::new(), |near| format!(", did you mean `{near}`?"));
                format!(
                    "nothing can be done that is called `{}`: it is {}{near}",
                    word.escape_debug(),
                    names.join(", ")
                )
            })
        };
        Ok(Self { who: who.parse()?, actions: actions.split(',').map(action).collect::<Result<_, _>>()? })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |action: &Action| ACTIONS.iter().find(|(_, known)| known == action).map_or("", |(name, _)| *name);
        let actions: Vec<&str> = self.actions.iter().map(word).collect();
        write!(formatter, "{}:{}", self.who, actions.join(","))
    }
}

impl TryFrom<String> for Grant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Grant> for String {
    fn from(grant: Grant) -> String {
        grant.to_string()
    }
}

/// A path that cannot be, and grants that cannot hold on it.
pub(super) fn check(path: &str, grants: &[Grant]) -> Vec<SettingProblem> {
    let problem = |why: String, hint: &str| vec![SettingProblem::new("bucket.access", why).hint(hint)];
    let shown = path.escape_debug();
    let plain = path.replace(OWNER, "owner");
    let inner = plain.strip_suffix('*').unwrap_or(&plain);
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '!' | '(' | ')');
    if path.is_empty() || path.starts_with('/') || path.contains("//") || !inner.chars().all(good) {
        let why = format!("`{shown}` is no path: letters, digits, `/-_.!()`, and `*` at its end");
        return problem(why, "`\"public/*\" = [\"guests:read\"]`");
    }
    let owners = path.split('/').filter(|part| *part == OWNER).count();
    if owners != path.matches(OWNER).count() || owners > 1 {
        return problem(format!("`{OWNER}` in `{shown}` must be a folder, and one"), "`\"private/{owner}/*\"`");
    }
    if owners == 0 && grants.iter().any(|grant| grant.who == Who::Owner) {
        let why = format!("`{shown}` is not an owner's: it does not name whose it is");
        return problem(why, "`\"private/{owner}/*\" = [\"owner:read,write,delete\"]`");
    }
    if plain.len() > 400 {
        return problem(format!("`{shown}` is too long: 400 characters at most"), "shorten it");
    }
    Vec::new()
}
