//! Codes out of what a user typed. It does not guess which code was meant.

use std::str::FromStr;

use super::{Code, Diagnose};

/// Text that is no code of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an error code of ampup: codes look like `AMP0101`", .0.escape_debug())]
pub struct UnknownCode(pub String);

impl Diagnose for UnknownCode {
    fn code(&self) -> Code {
        Code::AMP0206
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let wanted = text.to_ascii_uppercase();
        Self::ALL.iter().copied().find(|code| code.name() == wanted).ok_or_else(|| UnknownCode(text.to_owned()))
    }
}
