//! How large an operation is when its fragments are written out, and what is beyond AppSync's limits or ours.
//!
//! Fragments that spread each other cost nothing here: each is measured once.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::introspection::check_max_depth;
use apollo_compiler::validation::Valid;

use super::introspect;
use crate::cloud::appsync::fault::{Fault, Place};
use crate::cloud::appsync::schema::CompiledSchema;

/// The most fields of an operation with its fragments written out; graphql-java gives up at as many.
const FIELDS_LIMIT: usize = 100_000;

/// How many times larger than the schema an answer about it may become. The usual introspection query makes about a
/// hundred of it.
const INTROSPECTION_FACTOR: usize = 500;

/// What a small schema may be asked for beyond that.
const INTROSPECTION_LEAST: usize = 10_000;

/// The size of a selection with its fragments written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Fields; those of a fragment count wherever it is spread.
    pub fields: usize,
    /// How deep fields are nested.
    pub depth: usize,
    /// About how many values an answer about the schema has.
    values: usize,
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            depth: self.depth.max(other.depth),
            values: self.values.saturating_add(other.values),
        }
    }
}

struct Measure<'a> {
    schema: &'a CompiledSchema,
    document: &'a ExecutableDocument,
    fragments: BTreeMap<&'a str, Size>,
}

impl<'a> Measure<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> Size {
        let mut size = Size::default();
        // A fragment that is spread twice in one place adds nothing the second time.
        let mut spread = BTreeSet::new();
        for selection in &set.selections {
            size = size.and(match selection {
                Selection::Field(field) => {
                    let below = self.set(&field.selection_set);
                    let many = if set.ty.starts_with("__") { self.schema.members(&field.name) } else { 1 };
                    let asks = set.ty.starts_with("__") || field.name.starts_with("__");
                    Size {
                        fields: below.fields.saturating_add(1),
                        depth: below.depth.saturating_add(1),
                        values: if asks { below.values.saturating_add(1).saturating_mul(many) } else { below.values },
                    }
                }
                Selection::InlineFragment(inline) => self.set(&inline.selection_set),
                Selection::FragmentSpread(one) if spread.insert(one.fragment_name.as_str()) => {
                    self.fragment(&one.fragment_name)
                }
                Selection::FragmentSpread(_) => Size::default(),
            });
        }
        size
    }

    fn fragment(&mut self, name: &'a str) -> Size {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        let document = self.document;
        let size = document.fragments.get(name).map(|fragment| self.set(&fragment.selection_set)).unwrap_or_default();
        self.fragments.insert(name, size);
        size
    }
}

/// How deep the fields of an operation are nested; or what refuses it whole, since answering it would take too long.
pub(super) fn depth(
    schema: &CompiledSchema,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
) -> Result<usize, Fault> {
    let size = Measure { schema, document, fragments: BTreeMap::new() }.set(&operation.selection_set);
    if size.fields > FIELDS_LIMIT {
        return Err(Fault::document(format!("Maximum field count exceeded: {FIELDS_LIMIT}"), None));
    }
    let most = schema.members("").saturating_mul(INTROSPECTION_FACTOR).saturating_add(INTROSPECTION_LEAST);
    if introspect::asks(document, operation) && (size.values > most || check_max_depth(document, operation).is_err()) {
        let message = "This request asks for more of the schema than any tool needs.";
        return Err(Fault::raised("BadFaithIntrospection", message));
    }
    Ok(size.depth)
}

/// What a document asks of the schema, as faults: where introspection is switched off, its types have no fields but their
/// name (AppSync guide, "Configuring GraphQL run complexity, query depth, and introspection").
pub(super) fn introspections(document: &ExecutableDocument) -> Vec<Fault> {
    let mut found = Vec::new();
    for operation in document.operations.iter() {
        closed(document, &operation.selection_set, &mut Vec::new(), &mut found);
    }
    for fragment in document.fragments.values() {
        closed(document, &fragment.selection_set, &mut vec![fragment.name.to_string()], &mut found);
    }
    found
}

fn closed(document: &ExecutableDocument, set: &SelectionSet, path: &mut Vec<String>, found: &mut Vec<Fault>) {
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => {
                path.push(field.name.to_string());
                if set.ty.starts_with("__") && !field.name.starts_with("__") {
                    let place = field.location().and_then(|place| place.line_column(&document.sources));
                    let place = place.map(|place| Place { line: place.line, column: place.column });
                    let (name, kind, at) = (&field.name, &set.ty, path.join("/"));
                    let message = format!("Field '{name}' in type '{kind}' is undefined @ '{at}'");
                    found.push(Fault::document(format!("Validation error of type FieldUndefined: {message}"), place));
                } else {
                    closed(document, &field.selection_set, path, found);
                }
                path.pop();
            }
            Selection::InlineFragment(inline) => closed(document, &inline.selection_set, path, found),
            // Each fragment is looked at once, by itself.
            Selection::FragmentSpread(_) => {}
        }
    }
}
