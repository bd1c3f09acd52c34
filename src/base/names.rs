//! Names as types: a value of one of these types is proof that the name is good.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A name that was refused, with the rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be {what}: {rule}", shown(.text))]
pub struct NameError {
    /// What the name was for, with its article: "a project name".
    pub what: &'static str,
    /// The rule for such names.
    pub rule: &'static str,
    /// What was given.
    pub text: String,
}

/// The text as it may stand in one line of a terminal: escaped, and cut when it is long.
fn shown(text: &str) -> String {
    let escaped: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().count() > 40 { format!("{escaped}…") } else { escaped }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The rule for such names, as a sentence fragment.
            pub const RULE: &'static str = $rule;

            /// Takes a good name.
            ///
            /// # Errors
            /// [`NameError`] when the text breaks [`Self::RULE`].
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(NameError { what: $what, rule: $rule, text }) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

/// A letter first, then letters, digits or one of `extra`; at most `longest` characters, all ASCII.
fn word(text: &str, longest: usize, extra: &[char]) -> bool {
    text.len() <= longest
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(&c))
}

/// As [`word`], in lower case.
fn lower_word(text: &str, longest: usize, extra: &[char]) -> bool {
    word(text, longest, extra) && !text.contains(|c: char| c.is_ascii_uppercase())
}

name_type!(
    /// The name of a project; part of stack and bucket names.
    ProjectName, "a project name",
    "1 to 40 lower-case letters, digits or hyphens, beginning with a letter",
    |text| lower_word(text, 40, &['-'])
);
name_type!(
    /// The name of an environment (`dev`, `prod`).
    EnvName, "an environment name",
    "1 to 16 lower-case letters or digits, beginning with a letter",
    |text| lower_word(text, 16, &[])
);
name_type!(
    /// The name of a resource that the user added (`blog`, `auth`).
    ResourceName, "a resource name",
    "1 to 40 letters, digits or hyphens, beginning with a letter",
    |text| word(text, 40, &['-'])
);
name_type!(
    /// The name of a CloudFormation stack.
    StackName, "a stack name",
    "1 to 128 letters, digits or hyphens, beginning with a letter",
    |text| word(text, 128, &['-'])
);
name_type!(
    /// The name of something inside a template: a resource, parameter, output or condition.
    LogicalId, "a logical id",
    "1 to 255 letters and digits",
    |text| !text.is_empty() && text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric())
);
name_type!(
    /// A CloudFormation resource type: `AWS::DynamoDB::Table`.
    ResourceKind, "a resource type",
    "three words joined by `::`, like `AWS::DynamoDB::Table`",
    |text| text.split("::").count() >= 2 && text.split("::").all(|part| word(part, 64, &['_', '-', '@']))
);

/// A few words of plain English for a resource: "table for Post".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Label(pub String);

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl ResourceName {
    /// The name as a logical id: `my-blog` becomes `MyBlog`.
    pub fn logical(&self) -> LogicalId {
        let camel = self.0.split('-').flat_map(|part| {
            let mut letters = part.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        });
        LogicalId(camel.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{EnvName, ProjectName, ResourceName};

    #[test]
    fn hostile_names_are_refused_and_shown_on_one_line() {
        let long = "a".repeat(200);
        for bad in ["", "a b", "it's", "a\"b", "{{ x }}", "${x}", "a\nb", "1a", "ä", "A", long.as_str()] {
            let error = ProjectName::new(bad).unwrap_err().to_string();
            assert!(!error.contains('\n') && error.len() < 200, "{error}");
        }
        assert!(EnvName::new("dev-1").is_err());
    }

    #[test]
    fn a_resource_name_becomes_a_logical_id() {
        assert_eq!(ResourceName::new("my-blog2").unwrap().logical().as_str(), "MyBlog2");
    }
}
