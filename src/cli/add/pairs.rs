//! A name with a value on the command line: `NAME=VALUE`.

use std::fmt;
use std::str::FromStr;

/// A name with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=').filter(|(name, _)| !name.is_empty()) {
            Some((name, value)) => Ok(Self { name: name.to_owned(), value: value.to_owned() }),
            None => Err("it must be NAME=VALUE, for example `STAGE=${env}`".to_owned()),
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.name, self.value)
    }
}
