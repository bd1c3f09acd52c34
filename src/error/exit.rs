//! The exit codes, and which kind of error gives which.

/// What an error is about; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Wrong usage, or an answer missing without a terminal.
    Usage,
    /// The project is wrong.
    Project,
    /// The cloud could not be used.
    Cloud,
    /// The operation failed.
    Operation,
    /// The user said no.
    Declined,
    /// A fault of ours.
    Internal,
}

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done.
    Success,
    /// The operation failed.
    Failure,
    /// Wrong usage.
    Usage,
    /// The project is wrong.
    Project,
    /// The cloud could not be used.
    Cloud,
    /// The user said no.
    Declined,
    /// Changes are pending.
    Pending,
    /// A fault of ours.
    Internal,
    /// Interrupted.
    Interrupted,
}

impl ExitStatus {
    /// The number for the shell.
    pub const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Project => 3,
            Self::Cloud => 4,
            Self::Declined => 5,
            Self::Pending => 6,
            Self::Internal => 70,
            Self::Interrupted => 130,
        }
    }
}

impl From<Kind> for ExitStatus {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Usage => Self::Usage,
            Kind::Project => Self::Project,
            Kind::Cloud => Self::Cloud,
            Kind::Operation => Self::Failure,
            Kind::Declined => Self::Declined,
            Kind::Internal => Self::Internal,
        }
    }
}
