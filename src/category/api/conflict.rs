//! The setting that turns data sync on: who settles a write on an old version of an item.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::compile::{ConflictKind, ConflictOption};
use crate::category::SettingProblem;

/// The longest name of a Lambda function.
const LONGEST_FUNCTION: usize = 64;

/// The words of the handlers that are no functions, and what begins those that are.
const AUTO_MERGE: &str = "auto-merge";
const OPTIMISTIC: &str = "optimistic-concurrency";
const LAMBDA: &str = "lambda";

/// Who settles a write on an old version of an item: `"auto-merge"`, `"optimistic-concurrency"` or
/// `{ lambda = "name" }` in the manifest; on the command line the last is `lambda:name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// AppSync joins lists and sets; of other values the stored one stays.
    AutoMerge,
    /// The write is refused.
    OptimisticConcurrency,
    /// A Lambda function decides.
    Lambda(
        /// Its name; `${env}` stands for the environment.
        String,
    ),
}

impl Conflict {
    /// The same for the compiler.
    pub(super) fn option(&self) -> ConflictOption {
        match self {
            Self::AutoMerge => ConflictOption::Kind(ConflictKind::AutoMerge),
            Self::OptimisticConcurrency => ConflictOption::Kind(ConflictKind::OptimisticConcurrency),
            Self::Lambda(function) => ConflictOption::Function { lambda: function.clone() },
        }
    }

    /// A name that no function can have.
    pub(super) fn problem(&self) -> Option<SettingProblem> {
        let Self::Lambda(function) = self else { return None };
        let plain = function.replace("${env}", "env");
        let letters = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let fits = !plain.is_empty() && plain.len() <= LONGEST_FUNCTION && letters;
        let why = format!(
            "no Lambda function can be named `{function}`: 1 to {LONGEST_FUNCTION} letters, digits, hyphens and underscores"
        );
        let hint = "`${env}` in the name stands for the name of the environment";
        (!fits).then(|| SettingProblem::new("conflict", why).hint(hint))
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AutoMerge => formatter.write_str(AUTO_MERGE),
            Self::OptimisticConcurrency => formatter.write_str(OPTIMISTIC),
            Self::Lambda(function) => write!(formatter, "{LAMBDA}:{function}"),
        }
    }
}

/// The words in which handlers are given.
fn expected() -> String {
    format!("expected `{AUTO_MERGE}`, `{OPTIMISTIC}` or a function")
}

impl FromStr for Conflict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            AUTO_MERGE => Ok(Self::AutoMerge),
            OPTIMISTIC => Ok(Self::OptimisticConcurrency),
            _ => match text.split_once(':') {
                Some((LAMBDA, function)) => Ok(Self::Lambda(function.to_owned())),
                _ => Err(format!("unknown conflict handler `{text}`, {}: `{LAMBDA}:NAME`", expected())),
            },
        }
    }
}

impl Serialize for Conflict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Lambda(function) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(LAMBDA, function)?;
                map.end()
            }
            other => serializer.collect_str(other),
        }
    }
}

impl<'de> Deserialize<'de> for Conflict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Conflict;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{AUTO_MERGE}`, `{OPTIMISTIC}` or `{{ {LAMBDA} = \"name\" }}`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Conflict, E> {
        match text {
            AUTO_MERGE => Ok(Conflict::AutoMerge),
            OPTIMISTIC => Ok(Conflict::OptimisticConcurrency),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Conflict, A::Error> {
        let mut function = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != LAMBDA {
                return Err(de::Error::unknown_field(&key, &[LAMBDA]));
            }
            function = Some(map.next_value::<String>()?);
        }
        function.map(Conflict::Lambda).ok_or_else(|| de::Error::missing_field(LAMBDA))
    }
}

#[cfg(test)]
mod tests {
    use super::Conflict;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Settings {
        conflict: Conflict,
    }

    #[test]
    fn handlers_are_words_or_functions_in_the_manifest_and_on_the_command_line() {
        let lambda = Conflict::Lambda("merge-${env}".to_owned());
        let cases = [
            (Conflict::AutoMerge, "conflict = \"auto-merge\"\n", "auto-merge"),
            (Conflict::OptimisticConcurrency, "conflict = \"optimistic-concurrency\"\n", "optimistic-concurrency"),
            (lambda, "[conflict]\nlambda = \"merge-${env}\"\n", "lambda:merge-${env}"),
        ];
        for (conflict, manifest, word) in cases {
            let settings = Settings { conflict: conflict.clone() };
            assert_eq!(toml::to_string(&settings).expect("it can be written"), manifest);
            assert_eq!(toml::from_str::<Settings>(manifest).expect(manifest), settings);
            assert_eq!(conflict.to_string(), word);
            assert_eq!(word.parse::<Conflict>(), Ok(conflict));
        }
    }

    #[test]
    fn what_is_no_handler_is_refused_with_those_that_are() {
        for manifest in ["conflict = \"merge\"", "conflict = 3", "conflict = { function = \"x\" }", "conflict = {}"] {
            let error = toml::from_str::<Settings>(manifest).expect_err(manifest).to_string();
            assert!(error.contains("lambda"), "{error}");
        }
        assert!("merge".parse::<Conflict>().expect_err("no handler").contains("`auto-merge`"));
        assert!(Conflict::Lambda("a b".to_owned()).problem().is_some());
        assert!(Conflict::Lambda("merge-${env}".to_owned()).problem().is_none());
    }
}
