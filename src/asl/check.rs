//! A definition's text to a machine, or to everything that is wrong with it.

use indexmap::IndexSet;

use super::finding::{Finding, FindingCode, Severity};
use super::reach::reach;
use super::read::{Reader, lone_state, machine};
use super::{Machine, QueryLanguage, State, Type};
use crate::base::document::{self, Content, Language, Node};

/// How deep a definition may be nested; each branch inside a branch takes five levels.
const DEEPEST: usize = 120;

/// The largest definition, in bytes (AWS Step Functions Developer Guide, "Service quotas").
const LARGEST: usize = 1_048_576;

/// What a definition came to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The machine; `None` when there are errors.
    pub machine: Option<Machine>,
    /// Errors and warnings, in the order in which AWS tells them: the grammar, the schema, the transitions.
    pub findings: Vec<Finding>,
    /// The names of the substitutions `${Name}`, each once: what deployment has to fill in.
    pub substitutions: Vec<String>,
}

impl Checked {
    /// Whether the definition is taken.
    pub fn is_valid(&self) -> bool {
        self.machine.is_some()
    }

    fn refused(findings: Vec<Finding>) -> Self {
        Self { machine: None, findings, substitutions: Vec::new() }
    }
}

/// Checks a definition of a machine of a type, in JSON or YAML.
pub fn check(text: &str, machine_type: Type) -> Checked {
    let language = Language::of(text);
    checked(text, language, machine_type)
}

/// Checks a definition as the API takes it: in JSON alone.
pub fn check_json(text: &str, machine_type: Type) -> Checked {
    checked(text, Language::Json, machine_type)
}

fn checked(text: &str, language: Language, machine_type: Type) -> Checked {
    let root = match tree(text, language) {
        Ok(root) => root,
        Err(finding) => return Checked::refused(vec![*finding]),
    };
    let mut reader = reader(machine_type);
    size(&mut reader, text);
    double_keys(&mut reader, &root);
    let read = machine(&mut reader, &root);
    reach(&mut reader, &root);
    let machine = read.filter(|_| !reader.has_errors());
    if let Some(machine) = &machine {
        unset_variables(&mut reader, machine);
    }
    if machine.is_none() && !reader.has_errors() {
        // What is read in part always has a finding; this keeps the promise if a rule should ever forget its own.
        let finding = Finding::new(FindingCode::Schema, "/", &(0..1), "Definition must be a valid JSON object");
        reader.find(finding);
    }
    let substitutions = reader.substitutions.into_iter().collect();
    Checked { machine, findings: reader.findings, substitutions }
}

/// Reads one state that stands alone, as `TestState` takes it.
///
/// # Errors
/// Every finding of it, when there are errors among them.
pub fn check_state(text: &str, name: &str, machine_type: Type) -> Result<State, Vec<Finding>> {
    let root = tree(text, Language::Json).map_err(|finding| vec![*finding])?;
    let mut reader = reader(machine_type);
    double_keys(&mut reader, &root);
    let state = lone_state(&mut reader, &root, name);
    state.filter(|_| !reader.has_errors()).ok_or(reader.findings)
}

/// Variables that are read and never set: Step Functions notices it when the state runs.
fn unset_variables(reader: &mut Reader, machine: &Machine) {
    for (name, states) in super::variables::unset(machine) {
        for state in states {
            let common = state.common();
            let reason = format!("`${name}` is read here, and no state sets it");
            let finding = Finding::new(FindingCode::Schema, &common.location, &common.span, reason)
                .hint(format!("set it in a state before: `\"Assign\": {{ \"{name}\": … }}`"));
            reader.find(finding.doubt());
        }
    }
}

fn reader(machine_type: Type) -> Reader {
    Reader {
        machine_type,
        language: QueryLanguage::default(),
        findings: Vec::new(),
        substitutions: IndexSet::new(),
        labels: IndexSet::new(),
    }
}

/// The tree of a text that is an object.
fn tree(text: &str, language: Language) -> Result<Node, Box<Finding>> {
    if text.is_empty() {
        let finding = Finding::new(FindingCode::MissingDescription, "/", &(0..0), "Definition must not be empty");
        return Err(Box::new(finding.nowhere().because("the definition is empty")));
    }
    let no_object = || {
        let finding = Finding::new(FindingCode::Schema, "/", &(0..1), "Definition must be a valid JSON object");
        let hint = "begin with `{ \"StartAt\": \"…\", \"States\": { … } }`";
        Box::new(finding.nowhere().because("the definition is no object").hint(hint))
    };
    if text.trim().is_empty() {
        return Err(no_object());
    }
    let root = document::read(text, language, DEEPEST).map_err(|fault| {
        let reason = format!("the definition is not {}: {}", fault.language.name(), fault.reason);
        let deep = fault.reason.contains("nested too deeply");
        let code = if deep { FindingCode::TooDeeplyNested } else { FindingCode::InvalidJson };
        let finding = Finding::new(code, "/", &fault.span, grammar_message(text, &fault));
        Box::new(finding.nowhere().because(reason))
    })?;
    if matches!(root.content, Content::Map(_)) { Ok(root) } else { Err(no_object()) }
}

/// AWS's parser names the place by line and column.
fn grammar_message(text: &str, fault: &document::Fault) -> String {
    let place = crate::base::Location::at_offset("", text, fault.span.start);
    let mut reason = fault.reason.clone();
    if let Some(first) = reason.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{reason} at [Source: (String); line: {}, column: {}]", place.line, place.column)
}

fn size(reader: &mut Reader, text: &str) {
    if text.len() > LARGEST {
        let message = format!("Definition exceeds the maximum size of {LARGEST} bytes");
        let finding = Finding::new(FindingCode::Schema, "/", &(0..1), message)
            .because(format!("the definition has {} bytes, {LARGEST} are the most", text.len()))
            .hint("move parts of it into machines of their own, and start them by `states:startExecution`");
        reader.find(finding.nowhere());
    }
}

fn double_keys(reader: &mut Reader, root: &Node) {
    for key in document::duplicates(root) {
        let finding = Finding::new(FindingCode::InvalidJson, "/", &key.span, format!("Duplicate field '{}'", key.text))
            .because(format!("the key `{}` stands twice in one object", key.text.escape_debug()))
            .hint("remove one of them, or name it differently");
        reader.find(finding.nowhere());
    }
}

/// The findings of a severity, or of a worse one.
pub fn at_least(findings: &[Finding], severity: Severity) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(move |finding| finding.severity <= severity)
}
