//! Machines, branches, and what every state has.

use std::sync::Arc;

use indexmap::IndexMap;

use super::fields::{KINDS, Kind};
use super::scalars::DURATION;
use super::{Field, Object, Reader, head};
use crate::asl::finding::{Finding, FindingCode};
use crate::asl::{Branch, Common, Machine, QueryLanguage, State, Target, Transition};
use crate::base::document::Node;

/// The longest name of a state, in characters.
const LONGEST_NAME: usize = 80;

const MACHINE_FIELDS: &[&str] = &["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"];
const BRANCH_FIELDS: &[&str] = &["Comment", "StartAt", "States"];

const LANGUAGES: &[(&str, QueryLanguage)] =
    &[("JSONPath", QueryLanguage::JsonPath), ("JSONata", QueryLanguage::Jsonata)];

/// The names of the states of a branch, by place: what its transitions may lead to.
pub(super) type Names = [Arc<str>];

/// Reads a machine. What comes back is whole only when there are no errors among the findings.
pub(in crate::asl) fn machine(reader: &mut Reader, root: &Node) -> Option<Machine> {
    let object = reader.object(root, "/")?;
    reader.only(&object, MACHINE_FIELDS, "a state machine");
    if let Some(field) = object.field("Version") {
        reader.choice(&field, &[("1.0", ())]);
    }
    if let Some(field) = object.field("QueryLanguage") {
        reader.language = reader.choice(&field, LANGUAGES).unwrap_or_default();
    }
    let timeout_seconds = object.field("TimeoutSeconds").and_then(|field| reader.integer(&field, DURATION));
    let branch = reader.branch(&object);
    let language = reader.language;
    branch.map(|root| Machine { comment: root.comment.clone(), language, timeout_seconds, root })
}

/// Reads a state that stands alone, whose transitions lead to states that are not known.
pub(in crate::asl) fn lone_state(reader: &mut Reader, root: &Node, name: &str) -> Option<State> {
    let object = reader.object(root, "/")?;
    reader.state(&object, name, &head(&root.span), &[])
}

impl Reader {
    /// The branch that an object is: its states, and the one that it begins with.
    pub(super) fn branch(&mut self, object: &Object<'_>) -> Option<Branch> {
        self.require(object, &["StartAt", "States"]);
        let comment = self.optional_text(object, "Comment");
        let start = object.field("StartAt").and_then(|field| Some((self.text(&field)?, field)));
        let states = object.field("States").and_then(|field| self.object(field.node, &field.location));
        let states = states?;
        let fields: IndexMap<&str, Field<'_>> = states.fields().map(|field| (field.name, field)).collect();
        let names: Vec<Arc<str>> = fields.keys().map(|name| Arc::from(*name)).collect();
        if fields.is_empty() {
            let message = "These fields are required: [at least one state]";
            let finding = Finding::new(FindingCode::Schema, &states.location, &head(&states.span), message);
            self.find(finding.because("`States` is empty").hint("add a state"));
        }
        let mut read = IndexMap::new();
        for (field, name) in fields.values().zip(&names) {
            self.state_name(field);
            let state = self.object(field.node, &field.location);
            if let Some(state) = state.and_then(|state| self.state(&state, name, &field.key.span, &names)) {
                read.insert(Arc::clone(name), state);
            }
        }
        let start = target_named(start?.0, &names);
        (read.len() == names.len()).then_some(Branch { comment, start, states: read })
    }

    /// A branch of a Parallel state.
    pub(super) fn inner_branch(&mut self, node: &Node, location: &str) -> Option<Branch> {
        let object = self.object(node, location)?;
        self.only(&object, BRANCH_FIELDS, "a branch");
        self.branch(&object)
    }

    fn state_name(&mut self, field: &Field<'_>) {
        let length = field.name.chars().count();
        let (message, reason) = match length {
            0 => ("State name cannot be empty", "the name of a state is empty".to_owned()),
            _ if length > LONGEST_NAME => (
                "State name exceeds the maximum length of 80",
                format!("the name of a state has {length} characters, {LONGEST_NAME} are the most"),
            ),
            _ => return,
        };
        let finding = Finding::new(FindingCode::InvalidStateName, &field.location, &field.key.span, message);
        self.find(finding.because(reason));
    }

    fn state(&mut self, object: &Object<'_>, name: &str, span: &super::Span, names: &Names) -> Option<State> {
        let language = self.state_language(object);
        let comment = self.optional_text(object, "Comment");
        self.require(object, &["Type"]);
        let kind = object.field("Type").and_then(|field| self.choice(&field, KINDS))?;
        self.state_fields(object, kind, language);
        let common = Common {
            name: Arc::from(name),
            comment,
            language,
            location: Arc::from(object.location.as_str()),
            span: span.clone(),
        };
        match kind {
            Kind::Task => self.task(object, common, names).map(|task| State::Task(Box::new(task))),
            Kind::Pass => self.pass(object, common, names).map(State::Pass),
            Kind::Choice => self.choice_state(object, common, names).map(State::Choice),
            Kind::Wait => self.wait(object, common, names).map(State::Wait),
            Kind::Succeed => self.succeed(object, common).map(State::Succeed),
            Kind::Fail => self.fail(object, common).map(State::Fail),
            Kind::Parallel => self.parallel(object, common, names).map(State::Parallel),
            Kind::Map => self.map(object, common, names).map(|map| State::Map(Box::new(map))),
        }
    }

    /// The language of a state: a machine of JSONPath may have states of JSONata, not the other way round.
    fn state_language(&mut self, object: &Object<'_>) -> QueryLanguage {
        let Some(field) = object.field("QueryLanguage") else { return self.language };
        let found = self.choice(&field, LANGUAGES).unwrap_or(QueryLanguage::Jsonata);
        if self.language == QueryLanguage::Jsonata && found == QueryLanguage::JsonPath {
            let message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            let finding = Finding::new(FindingCode::Schema, &object.location, &field.node.span, message)
                .because("a state cannot go back to JSONPath where the machine is JSONata")
                .hint("remove `QueryLanguage` of the machine, and set it in the states that are JSONata");
            self.find(finding);
        }
        found
    }

    /// What comes after a state: exactly one of `Next` and `End`.
    pub(super) fn transition(&mut self, object: &Object<'_>, names: &Names) -> Option<Transition> {
        let end = match object.field("End") {
            Some(field) => self.boolean(&field)?,
            None => false,
        };
        let Some(next) = object.field("Next") else {
            if end {
                return Some(Transition::End);
            }
            let finding = Finding::new(
                FindingCode::Schema,
                &object.location,
                &head(&object.span),
                "These fields are required: [Next]",
            )
            .because("nothing says what comes after this state")
            .hint("add `\"Next\": \"…\"`, or `\"End\": true`");
            self.find(finding);
            return None;
        };
        if end {
            let message = "Only one of these fields can be specified: [Next, End]";
            let finding = Finding::new(FindingCode::Schema, &object.location, &next.key.span, message)
                .because("a state goes on or ends: `Next` and `End` exclude each other")
                .hint("remove `End`, or `Next`");
            self.find(finding);
        }
        self.target(&next, names).map(Transition::Next)
    }

    /// The state that a field names. Whether it exists is found out for all of them at once.
    pub(super) fn target(&mut self, field: &Field<'_>, names: &Names) -> Option<Target> {
        let name = self.text(field)?;
        Some(target_named(name, names))
    }
}

fn target_named(name: &str, names: &Names) -> Target {
    let index = names.iter().position(|known| **known == *name);
    Target { name: index.map_or_else(|| Arc::from(name), |index| Arc::clone(&names[index])), index }
}
