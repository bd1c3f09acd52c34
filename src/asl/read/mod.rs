//! From the tree of a definition to a [`Machine`](super::Machine): every field is read into its type, and what cannot be
//! read is a finding.

mod choices;
mod errors;
mod fields;
mod machine;
mod map;
mod map_parts;
mod scalars;
mod states;
mod task;
mod templates;

use super::finding::{Finding, FindingCode, Severity};
use super::{QueryLanguage, Span, Type};
use crate::base::document::{Content, Key, Node};

pub(in crate::asl) use machine::{lone_state, machine};

/// Reads one definition, and keeps every finding.
pub(in crate::asl) struct Reader {
    /// The type of the machine that the states are part of.
    pub machine_type: Type,
    /// The language of the machine.
    pub language: QueryLanguage,
    /// What was found so far.
    pub findings: Vec<Finding>,
    /// The names of the substitutions `${Name}`, each once, in the order of the definition.
    pub substitutions: indexmap::IndexSet<String>,
    /// The labels of Map states so far.
    pub labels: indexmap::IndexSet<String>,
}

/// A map of the definition, and the way to it.
pub(in crate::asl) struct Object<'n> {
    entries: &'n [(Key, Node)],
    pub location: String,
    pub span: Span,
}

/// A field of a map, and the way to it.
pub(in crate::asl) struct Field<'n> {
    pub name: &'n str,
    pub key: &'n Key,
    pub node: &'n Node,
    pub location: String,
}

impl<'n> Object<'n> {
    /// The map that a node is.
    pub(in crate::asl) fn of(node: &'n Node, location: &str) -> Option<Self> {
        let Content::Map(entries) = &node.content else { return None };
        Some(Object { entries, location: location.to_owned(), span: node.span.clone() })
    }

    /// The field of that name.
    pub(in crate::asl) fn field(&self, name: &str) -> Option<Field<'n>> {
        // Of double keys, which are a finding of their own, the last counts, as it does for AWS.
        let (key, node) = self.entries.iter().rfind(|(key, _)| key.text == name)?;
        Some(self.at(key, node))
    }

    pub(in crate::asl) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.text == name)
    }

    /// Every field.
    pub(in crate::asl) fn fields(&self) -> impl Iterator<Item = Field<'n>> {
        self.entries.iter().map(|(key, node)| self.at(key, node))
    }

    fn at(&self, key: &'n Key, node: &'n Node) -> Field<'n> {
        Field { name: &key.text, key, node, location: join(&self.location, &key.text) }
    }
}

impl<'n> Field<'n> {
    /// The items of a list, each with the way to it.
    pub(in crate::asl) fn items(&self) -> Option<Vec<(String, &'n Node)>> {
        let Content::List(list) = &self.node.content else { return None };
        Some(list.iter().enumerate().map(|(index, node)| (format!("{}[{index}]", self.location), node)).collect())
    }
}

/// The way to a field of what is at `location`.
pub(in crate::asl) fn join(location: &str, name: &str) -> String {
    format!("{}/{name}", location.trim_end_matches('/'))
}

impl Reader {
    pub(in crate::asl) fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Whether the definition is refused by now.
    pub(in crate::asl) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// A map; a finding for anything else.
    pub(in crate::asl) fn object<'n>(&mut self, node: &'n Node, location: &str) -> Option<Object<'n>> {
        let found = Object::of(node, location);
        if found.is_none() {
            self.wrong_type(node, location, "Object");
        }
        found
    }

    /// A list that is not empty; findings for anything else.
    pub(in crate::asl) fn list<'n>(&mut self, field: &Field<'n>) -> Option<Vec<(String, &'n Node)>> {
        let Some(items) = field.items() else {
            self.wrong_type(field.node, &field.location, "Array");
            return None;
        };
        if items.is_empty() {
            let finding = Finding::new(
                FindingCode::Schema,
                &field.location,
                &field.node.span,
                "Array must have at least 1 items",
            )
            .because(format!("`{}` is empty", field.name));
            self.find(finding);
            return None;
        }
        Some(items)
    }

    pub(in crate::asl) fn wrong_type(&mut self, node: &Node, location: &str, wanted: &str) {
        let found = scalars::kind(node);
        let finding =
            Finding::new(FindingCode::Schema, location, &node.span, format!("Expected value of type {wanted}"));
        let article = if matches!(wanted, "Array" | "Object" | "Integer") { "an" } else { "a" };
        self.find(finding.because(format!("it must be {article} {}, here is {found}", wanted.to_lowercase())));
    }

    /// A finding for each of the fields that is missing.
    pub(in crate::asl) fn require(&mut self, object: &Object<'_>, names: &[&str]) {
        let missing: Vec<&str> = names.iter().copied().filter(|name| !object.has(name)).collect();
        if missing.is_empty() {
            return;
        }
        let message = format!("These fields are required: [{}]", missing.join(", "));
        let listed: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        let finding = Finding::new(FindingCode::Schema, &object.location, &head(&object.span), message)
            .because(format!("{} missing", phrase(&listed, "is", "are")));
        self.find(finding);
    }

    /// A finding for each pair of fields that exclude each other.
    pub(in crate::asl) fn exclude(&mut self, object: &Object<'_>, names: &[&str]) {
        let present: Vec<Field<'_>> = names.iter().filter_map(|name| object.field(name)).collect();
        if present.len() < 2 {
            return;
        }
        let listed: Vec<&str> = present.iter().map(|field| field.name).collect();
        let message = format!("Only one of these fields can be specified: [{}]", listed.join(", "));
        let names: Vec<String> = listed.iter().map(|name| format!("`{name}`")).collect();
        let finding = Finding::new(FindingCode::Schema, &object.location, &present[1].key.span, message)
            .because(format!("{} exclude each other", names.join(" and ")))
            .hint(format!("keep one of {}", names.join(" and ")));
        self.find(finding);
    }

    /// A finding for every field that is none of `known`.
    pub(in crate::asl) fn only(&mut self, object: &Object<'_>, known: &[&str], what: &str) {
        for field in object.fields().filter(|field| !known.contains(&field.name)) {
            self.unknown_field(object, &field, known, what);
        }
    }

    pub(in crate::asl) fn unknown_field(&mut self, object: &Object<'_>, field: &Field<'_>, known: &[&str], what: &str) {
        let name = field.name;
        let near = crate::base::suggest::nearest(name, known.iter().copied());
        let message = format!("Field '{name}' is not supported");
        let finding = Finding::new(FindingCode::Schema, &object.location, &field.key.span, message)
            .because(format!("`{}` is no field of {what}", name.escape_debug()))
            .maybe_hint(near.map(|near| format!("did you mean `{near}`?")));
        self.find(finding);
    }
}

/// The first byte of a span: a whole state is too much to point at.
pub(in crate::asl) fn head(span: &Span) -> Span {
    span.start..(span.start + 1).min(span.end.max(span.start))
}

/// `a is`, `a and b are`.
fn phrase(names: &[String], one: &str, many: &str) -> String {
    format!("{} {}", names.join(" and "), if names.len() == 1 { one } else { many })
}
