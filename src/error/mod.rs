//! The catalogue of everything that can go wrong, and the shape in which it is told.
//!
//! Each room has its own error enum with facts as fields; [`Diagnose`] gives it a place in the catalogue.
//! This room knows no other room but `base`.

pub mod catalogue;
pub mod exit;
pub mod problem;
mod unknown_code;

use crate::base::{Location, NameError};

pub use catalogue::Code;
pub use exit::{ExitStatus, Kind};
pub use problem::{Problem, Problems};
pub use unknown_code::UnknownCode;

/// What the user may type or edit next.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Hint(pub String);

impl Hint {
    /// A hint.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// An error that knows its place in the catalogue.
///
/// Its `Display` is `what happened: why`, lower case, no full stop; its `source` chain is printed below it.
pub trait Diagnose: std::error::Error + Send + Sync + 'static {
    /// Its code.
    fn code(&self) -> Code;

    /// Commands or edits that help.
    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }

    /// Where in the user's material.
    fn location(&self) -> Option<Location> {
        None
    }

    /// The single faults, when the error is about many; they are printed instead of the message alone.
    fn problems(&self) -> &[Problem] {
        &[]
    }
}

/// What crosses from operations to the command line: any error of any room.
#[derive(Debug)]
pub struct Failure(Box<dyn Diagnose>);

impl Failure {
    /// The error inside.
    pub fn inner(&self) -> &dyn Diagnose {
        &*self.0
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code()
    }
}

impl<E: Diagnose> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl Diagnose for NameError {
    fn code(&self) -> Code {
        Code::AMP0203
    }
}

impl Diagnose for crate::base::EndpointError {
    fn code(&self) -> Code {
        Code::AMP0203
    }
}
