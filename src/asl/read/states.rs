//! The states that let nobody work: Pass, Wait, Succeed, Fail; and Parallel.

use std::sync::Arc;

use jiff::Timestamp;

use super::machine::Names;
use super::scalars::{self, Bounds, LONGEST_SECONDS};
use super::{Field, Object, Reader, head};
use crate::asl::finding::{Finding, FindingCode};
use crate::asl::path::Root;
use crate::asl::template::{Placement, Selection};
use crate::asl::{Common, Dynamic, Fail, Flow, Parallel, Pass, PathFlow, QueryLanguage, Succeed, Wait, WaitFor};

/// Functions whose result is a text, or may be one.
const TEXT_FUNCTIONS: &[&str] = &[
    "States.Format",
    "States.JsonToString",
    "States.ArrayGetItem",
    "States.Base64Encode",
    "States.Base64Decode",
    "States.Hash",
    "States.UUID",
];

impl Reader {
    /// What a state does with its input and its result; fields that it does not have are absent.
    pub(super) fn flow(&mut self, object: &Object<'_>, language: QueryLanguage, has_parameters: bool) -> Flow {
        if language == QueryLanguage::Jsonata {
            let arguments = object.field("Arguments").map(|field| self.jsonata_template(&field));
            let output = object.field("Output").map(|field| self.jsonata_template(&field));
            return Flow::Jsonata { arguments, output };
        }
        let parameters = object.field("Parameters").filter(|_| has_parameters);
        Flow::Path(Box::new(PathFlow {
            input: self.path_or_null(object, "InputPath"),
            parameters: parameters.map(|field| self.path_template(&field)),
            result_selector: object.field("ResultSelector").map(|field| self.path_template(&field)),
            result: self.result_path(object),
            output: self.path_or_null(object, "OutputPath"),
        }))
    }

    /// `InputPath` or `OutputPath`.
    fn path_or_null(&mut self, object: &Object<'_>, name: &str) -> Selection {
        let Some(field) = object.field(name) else { return Selection::Whole };
        if scalars::is_null(field.node) {
            return Selection::Nothing;
        }
        match self.path(&field) {
            Some(path) if !path.is_root() || *path.root() != Root::Input => Selection::At(path),
            _ => Selection::Whole,
        }
    }

    pub(super) fn result_path(&mut self, object: &Object<'_>) -> Placement {
        let Some(field) = object.field("ResultPath") else { return Placement::Replace };
        if scalars::is_null(field.node) {
            return Placement::Discard;
        }
        let Some(path) = self.path(&field) else { return Placement::Replace };
        if !path.is_reference() || *path.root() != Root::Input {
            let finding =
                Finding::new(FindingCode::Schema, &field.location, &field.node.span, "Value is not a Reference Path")
                    .because(format!("a result cannot be written to `{path}`"))
                    .hint("name one place of the input: `$.result`");
            self.find(finding);
        }
        if path.is_root() { Placement::Replace } else { Placement::At(path) }
    }

    pub(super) fn pass(&mut self, object: &Object<'_>, common: Common, names: &Names) -> Option<Pass> {
        let flow = self.flow(object, common.language, true);
        let result = object.field("Result").map(|field| {
            self.static_result(&field);
            Arc::new(scalars::value(field.node))
        });
        let assign = self.assign(object, common.language);
        Some(Pass { flow, result, assign, transition: self.transition(object, names)?, common })
    }

    /// `Result` is never evaluated: a path in it stays text.
    fn static_result(&mut self, field: &Field<'_>) {
        let super::Content::Map(entries) = &field.node.content else { return };
        for (key, node) in entries {
            let looks = scalars::text(node).is_some_and(|text| text.starts_with("$.") || text.starts_with("$$."));
            if looks && key.text.ends_with(".$") {
                let finding = Finding::new(
                    FindingCode::PassResultIsStatic,
                    &field.location,
                    &key.span,
                    "The 'Result' field of a Pass state is static and does not evaluate paths",
                )
                .because(format!("`Result` is never evaluated: `{}` stays as it is", key.text.escape_debug()))
                .hint("write `Parameters` instead of `Result`");
                self.find(finding);
            }
        }
    }

    pub(super) fn succeed(&mut self, object: &Object<'_>, common: Common) -> Option<Succeed> {
        Some(Succeed { flow: self.flow(object, common.language, false), common })
    }

    pub(super) fn wait(&mut self, object: &Object<'_>, common: Common, names: &Names) -> Option<Wait> {
        let language = common.language;
        let flow = self.flow(object, language, false);
        let assign = self.assign(object, language);
        let until = self.wait_for(object, language);
        let transition = self.transition(object, names);
        Some(Wait { flow, until: until?, assign, transition: transition?, common })
    }

    fn wait_for(&mut self, object: &Object<'_>, language: QueryLanguage) -> Option<WaitFor> {
        const ALL: [&str; 4] = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
        let present: Vec<&str> = ALL.into_iter().filter(|name| object.has(name)).collect();
        let wanted = if language == QueryLanguage::Jsonata { &["Seconds", "Timestamp"][..] } else { &ALL[..] };
        if present.is_empty() {
            let message = format!("One of these fields is required: [{}]", wanted.join(", "));
            let finding = Finding::new(FindingCode::Schema, &object.location, &head(&object.span), message)
                .because("nothing says how long to wait")
                .hint("add `\"Seconds\": 10`, or another of them");
            self.find(finding);
            return None;
        }
        // Those of one quantity exclude each other where they are read.
        let seconds = present.iter().any(|name| name.starts_with("Seconds"));
        if seconds && present.iter().any(|name| name.starts_with("Timestamp")) {
            self.exclude(object, &ALL);
        }
        if seconds {
            let bounds = Bounds { least: 0, most: LONGEST_SECONDS };
            return self.dynamic_integer(object, language, "Seconds", bounds).map(WaitFor::Seconds);
        }
        self.dynamic(object, language, "Timestamp", Self::timestamp).map(WaitFor::Timestamp)
    }

    /// A point in time as RFC 3339 writes it, with a capital `T`, and `Z` or an offset.
    pub(super) fn timestamp(&mut self, field: &Field<'_>) -> Option<Timestamp> {
        let text = self.text(field)?;
        let substitutions = crate::asl::resource::substitutions(text);
        if !substitutions.is_empty() {
            self.note_substitutions(text);
            return Some(Timestamp::UNIX_EPOCH);
        }
        let found = crate::asl::timestamp::parse(text);
        if found.is_none() {
            let message = "String does not match RFC3339 timestamp";
            let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
                .because(format!("`{}` is no point in time of RFC 3339", text.escape_debug()))
                .hint("write it like `2030-01-31T18:00:00Z`");
            self.find(finding);
        }
        found
    }

    pub(super) fn fail(&mut self, object: &Object<'_>, common: Common) -> Option<Fail> {
        let error = self.fail_text(object, common.language, "Error");
        let cause = self.fail_text(object, common.language, "Cause");
        Some(Fail { common, error, cause })
    }

    fn fail_text(&mut self, object: &Object<'_>, language: QueryLanguage, name: &str) -> Option<Dynamic<String>> {
        let by_path = format!("{name}Path");
        self.exclude(object, &[name, by_path.as_str()]);
        if language == QueryLanguage::JsonPath
            && let Some(field) = object.field(&by_path)
        {
            return self.path_or_intrinsic(&field);
        }
        self.dynamic(object, language, name, |reader, field| reader.text(field).map(str::to_owned))
    }

    /// `ErrorPath` and `CausePath`: a path, or a function that gives a text.
    fn path_or_intrinsic(&mut self, field: &Field<'_>) -> Option<Dynamic<String>> {
        let text = self.text(field)?;
        if text.starts_with('$') {
            return self.path(field).map(Dynamic::Path);
        }
        let found = self.intrinsic(text, &field.location, &field.node.span)?;
        let function = text.split('(').next().unwrap_or_default();
        if TEXT_FUNCTIONS.contains(&function) {
            return Some(Dynamic::Intrinsic(found));
        }
        let message = "The value for the field must be a valid JSONPath or an intrinsic function that returns a string";
        let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
            .because(format!("`{function}` gives no string"))
            .hint(format!("write one of {}", TEXT_FUNCTIONS.join(", ")));
        self.find(finding);
        None
    }

    pub(super) fn parallel(&mut self, object: &Object<'_>, common: Common, names: &Names) -> Option<Parallel> {
        let flow = self.flow(object, common.language, true);
        self.require(object, &["Branches"]);
        let list = object.field("Branches").and_then(|field| self.list(&field)).unwrap_or_default();
        let wanted = list.len();
        let read = list.into_iter().filter_map(|(location, node)| self.inner_branch(node, &location));
        let branches: Vec<crate::asl::Branch> = read.collect();
        let (retry, catch) = (self.retry(object), self.catch(object, common.language, names));
        let assign = self.assign(object, common.language);
        let transition = self.transition(object, names);
        let whole = wanted > 0 && branches.len() == wanted;
        let transition = transition.filter(|_| whole)?;
        Some(Parallel { common, flow, branches, retry, catch, assign, transition })
    }
}
