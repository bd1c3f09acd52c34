//! What is wrong with a definition: AWS's code and text for the wire, place, reason and a hint for people.

use crate::asl::Span;
use crate::error::{Code, Problem};

/// One fault of a definition, or one doubt about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// AWS's code for it.
    pub code: FindingCode,
    /// Whether the definition is refused for it.
    pub severity: Severity,
    /// The way to it: `/States/X/Resource`; `None` where it is about the whole definition.
    pub location: Option<String>,
    /// What AWS says.
    pub message: String,
    /// What happened and why, lower case, no full stop.
    pub reason: String,
    /// What may be edited.
    pub hint: Option<String>,
    /// Its bytes in the definition.
    pub span: Span,
    /// Whether AWS tells it too. It is silent about some things, and about what follows from another fault.
    pub told_by_aws: bool,
}

/// Whether a definition is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is.
    Error,
    /// It is not.
    Warning,
}

impl Severity {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $name:literal;)+) => {
        /// The codes of diagnostics (AWS Step Functions API Reference, ValidateStateMachineDefinitionDiagnostic).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FindingCode {
            $($(#[$doc])* $variant,)+
        }

        impl FindingCode {
            /// As the API writes it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

codes! {
    /// The text is no JSON.
    InvalidJson "INVALID_JSON_DESCRIPTION";
    /// There is no text.
    MissingDescription "MISSING_DESCRIPTION";
    /// A field is missing, unknown, or holds something that it cannot hold.
    Schema "SCHEMA_VALIDATION_FAILED";
    /// A machine, or a branch, has no state that ends it.
    MissingEndState "MISSING_END_STATE";
    /// Two states share a name.
    DuplicateStateName "DUPLICATE_STATE_NAME";
    /// The name of a state is empty or too long.
    InvalidStateName "INVALID_STATE_NAME";
    /// Two Map states share a label.
    DuplicateLabelName "DUPLICATE_LABEL_NAME";
    /// A label has characters that it cannot have, or too many.
    InvalidLabelName "INVALID_LABEL_NAME";
    /// A transition leads nowhere, or nothing leads to a state.
    MissingTransitionTarget "MISSING_TRANSITION_TARGET";
    /// States are nested too deeply.
    TooDeeplyNested "TOO_DEEPLY_NESTED";
    /// An expression of JSONata cannot be parsed.
    InvalidJsonata "INVALID_JSONATA_EXPRESSION";
    /// An expression of JSONata reads what is not there.
    UnsupportedJsonata "UNSUPPORTED_JSONATA_EXPRESSION";
    /// A value looks like a path, but its key does not end in `.$`.
    NoDollar "NO_DOLLAR";
    /// A value looks like a path, but its field does not end in `Path`.
    NoPath "NO_PATH";
    /// A state fails with the input that was given.
    Runtime "RUNTIME";
    /// `Result` of a Pass state is never evaluated, but holds a path.
    PassResultIsStatic "PASS_RESULT_IS_STATIC";
}

impl Finding {
    /// A fault at a place of the definition; `message` is AWS's text, and until [`Finding::because`] ours too.
    pub(in crate::asl) fn new(code: FindingCode, location: &str, span: &Span, message: impl Into<String>) -> Self {
        let message = message.into();
        let warning = matches!(code, FindingCode::NoDollar | FindingCode::NoPath | FindingCode::PassResultIsStatic);
        Self {
            code,
            severity: if warning { Severity::Warning } else { Severity::Error },
            location: Some(location.to_owned()),
            reason: plain(&message),
            message,
            hint: None,
            span: span.clone(),
            told_by_aws: true,
        }
    }

    /// The same, said in our words.
    #[must_use]
    pub(in crate::asl) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// The same, with what may be edited.
    #[must_use]
    pub(in crate::asl) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with what may be edited when there is something.
    #[must_use]
    pub(in crate::asl) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// The same as a doubt of ours, which AWS does not have.
    #[must_use]
    pub(in crate::asl) fn doubt(mut self) -> Self {
        self.severity = Severity::Warning;
        self.told_by_aws = false;
        self
    }

    /// The same about the whole definition.
    #[must_use]
    pub(in crate::asl) fn nowhere(mut self) -> Self {
        self.location = None;
        self
    }

    /// Whether the definition is refused for it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// As `CreateStateMachine` says it: `CODE: text at /States/X`.
    pub fn sentence(&self) -> String {
        let location = self.location.as_deref().unwrap_or("null");
        format!("{}: {} at {location}", self.code.name(), self.message.trim_end())
    }

    /// As a problem of the file `origin`, whose content is `text`.
    pub fn problem(&self, origin: &str, text: &str) -> Problem {
        let message = match self.location.as_deref() {
            Some(location) if location != "/" => format!("{}: {}", location.escape_debug(), self.reason),
            _ => self.reason.clone(),
        };
        let problem = Problem::new(self.problem_code(), message).at_span(origin, text, self.span.clone());
        match &self.hint {
            Some(hint) => problem.hint(hint.clone()),
            None => problem,
        }
    }

    fn problem_code(&self) -> Code {
        match self.code {
            FindingCode::InvalidJson | FindingCode::MissingDescription | FindingCode::TooDeeplyNested => Code::AMP0323,
            FindingCode::MissingEndState | FindingCode::MissingTransitionTarget | FindingCode::DuplicateStateName => {
                Code::AMP0325
            }
            FindingCode::InvalidJsonata | FindingCode::UnsupportedJsonata => Code::AMP0326,
            FindingCode::Runtime => Code::AMP0328,
            _ => Code::AMP0324,
        }
    }
}

/// The error message of the calls that take definitions: every fault that AWS tells, in one text.
pub fn refusal(findings: &[Finding]) -> String {
    let told = findings.iter().filter(|finding| finding.is_error() && finding.told_by_aws);
    let sentences: Vec<String> = told.map(Finding::sentence).collect();
    format!("Invalid State Machine Definition: '{}'", sentences.join(", "))
}

/// AWS's sentence as a reason: lower case at the beginning, no full stop at the end.
fn plain(message: &str) -> String {
    let mut plain = message.trim_end().trim_end_matches('.').to_owned();
    let second_is_lower = plain.chars().nth(1).is_some_and(|c| c.is_lowercase() || c.is_whitespace());
    if second_is_lower && let Some(first) = plain.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    plain.replace('\'', "`")
}
