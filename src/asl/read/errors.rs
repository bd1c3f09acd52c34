//! `Retry` and `Catch`.

use super::machine::Names;
use super::scalars::{self, Bounds, LONGEST_SECONDS};
use super::{Field, Object, Reader};
use crate::asl::finding::{Finding, FindingCode};
use crate::asl::task::Jitter;
use crate::asl::template::Placement;
use crate::asl::{Catcher, QueryLanguage, Retrier};
use crate::base::suggest::nearest;

/// The errors that Step Functions itself raises; names that begin with `States.` are its own.
pub(super) const ERRORS: &[&str] = &[
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
];

const RETRIER_FIELDS: &[&str] =
    &["Comment", "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"];
const CATCHER_FIELDS: &[&str] = &["Comment", "ErrorEquals", "Next", "ResultPath", "Assign", "Output"];

/// The longest that a retry may be put off, in seconds.
const LONGEST_DELAY: u64 = 31_622_400;

const ALL: &str = "States.ALL";

impl Reader {
    pub(super) fn retry(&mut self, object: &Object<'_>) -> Vec<Retrier> {
        let Some(field) = object.field("Retry") else { return Vec::new() };
        let Some(items) = self.handlers(&field) else { return Vec::new() };
        let last = items.len().saturating_sub(1);
        let mut read = Vec::new();
        for (index, (location, node)) in items.into_iter().enumerate() {
            let Some(object) = self.object(node, &location) else { continue };
            self.only(&object, RETRIER_FIELDS, "a retrier");
            self.optional_text(&object, "Comment");
            let errors = self.errors(&object, index == last);
            read.extend(errors.map(|errors| self.retrier(&object, errors)));
        }
        read
    }

    /// The retriers or catchers of a state; an empty list is as good as none.
    fn handlers<'n>(&mut self, field: &Field<'n>) -> Option<Vec<(String, &'n super::Node)>> {
        let items = field.items();
        if items.is_none() {
            self.wrong_type(field.node, &field.location, "Array");
        }
        items
    }

    fn retrier(&mut self, object: &Object<'_>, errors: Vec<String>) -> Retrier {
        let mut integer = |name: &str, least: u64, most: u64| {
            object.field(name).and_then(|field| self.integer(&field, Bounds { least, most }))
        };
        let interval = integer("IntervalSeconds", 1, LONGEST_SECONDS);
        let attempts = integer("MaxAttempts", 0, LONGEST_SECONDS);
        let delay = integer("MaxDelaySeconds", 1, LONGEST_DELAY);
        let rate = object.field("BackoffRate").and_then(|field| self.number(&field, 1.0, f64::MAX));
        let jitter = object
            .field("JitterStrategy")
            .and_then(|field| self.choice(&field, &[("FULL", Jitter::Full), ("NONE", Jitter::None)]));
        if let (Some(delay), Some(interval), Some(field)) = (delay, interval, object.field("MaxDelaySeconds"))
            && delay <= interval
        {
            let message = "MaxDelaySeconds must be greater than IntervalSeconds";
            let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
                .because(format!("the longest delay, {delay}, is no longer than the first, {interval}"));
            self.find(finding.hint("make `MaxDelaySeconds` greater than `IntervalSeconds`"));
        }
        Retrier {
            errors,
            interval_seconds: interval.unwrap_or(1),
            max_attempts: attempts.unwrap_or(3),
            backoff_rate: rate.unwrap_or(2.0),
            max_delay_seconds: delay,
            jitter: jitter.unwrap_or_default(),
        }
    }

    pub(super) fn catch(&mut self, object: &Object<'_>, language: QueryLanguage, names: &Names) -> Vec<Catcher> {
        let Some(field) = object.field("Catch") else { return Vec::new() };
        let Some(items) = self.handlers(&field) else { return Vec::new() };
        let last = items.len().saturating_sub(1);
        let mut read = Vec::new();
        for (index, (location, node)) in items.into_iter().enumerate() {
            let Some(object) = self.object(node, &location) else { continue };
            self.only(&object, CATCHER_FIELDS, "a catcher");
            self.optional_text(&object, "Comment");
            let errors = self.errors(&object, index == last);
            read.extend(self.catcher(&object, errors, language, names));
        }
        read
    }

    fn catcher(
        &mut self,
        object: &Object<'_>,
        errors: Option<Vec<String>>,
        language: QueryLanguage,
        names: &Names,
    ) -> Option<Catcher> {
        self.require(object, &["Next"]);
        let next = object.field("Next").and_then(|field| self.target(&field, names));
        let (mut result, mut output) = (Placement::Replace, None);
        match (language, object.field("ResultPath"), object.field("Output")) {
            (QueryLanguage::Jsonata, Some(field), _) => {
                self.other_language(object, &field, language, QueryLanguage::JsonPath);
            }
            (QueryLanguage::JsonPath, _, Some(field)) => {
                self.other_language(object, &field, language, QueryLanguage::Jsonata);
            }
            (QueryLanguage::JsonPath, _, None) => result = self.result_path(object),
            (QueryLanguage::Jsonata, None, field) => output = field.map(|field| self.jsonata_template(&field)),
        }
        let assign = self.assign(object, language);
        Some(Catcher { errors: errors?, next: next?, result, output, assign })
    }

    /// `ErrorEquals`: names, at least one; `States.ALL` stands alone, and in the last of the list.
    fn errors(&mut self, object: &Object<'_>, is_last: bool) -> Option<Vec<String>> {
        self.require(object, &["ErrorEquals"]);
        let field = object.field("ErrorEquals")?;
        let items = self.list(&field)?;
        let mut names = Vec::new();
        for (location, node) in &items {
            match scalars::text(node) {
                Some(name) => {
                    self.error_name(name, location, node);
                    names.push(name.to_owned());
                }
                None => self.wrong_type(node, location, "String"),
            }
        }
        if names.iter().any(|name| name == ALL) {
            let wrong = if names.len() > 1 {
                Some(("`States.ALL` stands for every error: it stands alone", "remove the other names"))
            } else if is_last {
                None
            } else {
                Some(("`States.ALL` matches everything: what comes after it is never asked", "move it to the end"))
            };
            if let Some((reason, hint)) = wrong {
                let message = "'States.ALL' can only appear alone and in the last element of the list";
                let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message);
                self.find(finding.because(reason).hint(hint));
            }
        }
        Some(names)
    }

    fn error_name(&mut self, name: &str, location: &str, node: &super::Node) {
        if !name.starts_with("States.") || ERRORS.contains(&name) {
            return;
        }
        let message = format!("Error name '{name}' is reserved");
        let near = nearest(name, ERRORS.iter().copied());
        let finding = Finding::new(FindingCode::Schema, location, &node.span, message)
            .because(format!("`{}` is no error of Step Functions", name.escape_debug()))
            .hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "names of your own do not begin with `States.`".to_owned(),
            });
        self.find(finding);
    }
}
