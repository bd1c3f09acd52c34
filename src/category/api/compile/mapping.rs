//! `@mapsTo`: a model that was renamed keeps the table of its old name.
//!
//! What the old name stands in besides the name of the table is the names of implied foreign keys: relations of a
//! renamed model have to name their fields, which are called today what they were called before.

use indexmap::IndexMap;

use super::draft::{Catalogue, Draft};
use super::relations::By;
use super::report::Report;
use crate::error::Code;
use crate::graphql::{Document, Literal, TypeDefinition};

/// What a model's table and the indexes of its relations are named after.
pub(super) fn stored_name(found: &TypeDefinition) -> &str {
    mapped_name(found).unwrap_or(&found.name)
}

fn mapped_name(found: &TypeDefinition) -> Option<&str> {
    found.directive("mapsTo")?.argument("name").and_then(Literal::as_str)
}

/// Tells what is wrong with the mappings of a document.
pub(super) fn check(catalogue: &Catalogue<'_>, drafts: &IndexMap<&str, Draft<'_>>, report: &mut Report<'_>) {
    for (name, found) in &catalogue.types {
        let Some(directive) = found.directive("mapsTo") else { continue };
        if !catalogue.models.contains(name) {
            let message = format!("@mapsTo is not supported on type {name}: it can only be used on a @model type");
            report.add_with_hint(Code::AMP0305, &directive.span, message, Some(format!("write `type {name} @model`")));
        }
        let Some(target) = mapped_name(found) else { continue };
        let apply = format!("cannot apply @mapsTo with name \"{target}\" on type \"{name}\" because");
        let other = |(other, found): &(&&str, &&TypeDefinition)| *other != name && mapped_name(found) == Some(target);
        if catalogue.models.contains(target) {
            let message = format!("{apply} \"{target}\" model already exists in the schema");
            report.add(Code::AMP0305, &directive.span, message);
        } else if let Some((other, _)) = catalogue.types.iter().find(other) {
            let message = format!("{apply} \"{other}\" model already has the same name mapping");
            report.add(Code::AMP0305, &directive.span, message);
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if target.is_empty() || !target.chars().all(fits) {
            report.add(Code::AMP0305, &directive.span, format!("\"{target}\" cannot be part of the name of a table"));
        }
    }
    check_relations(catalogue, drafts, report);
}

fn check_relations(catalogue: &Catalogue<'_>, drafts: &IndexMap<&str, Draft<'_>>, report: &mut Report<'_>) {
    let is_mapped = |name: &str| catalogue.types.get(name).is_some_and(|found| mapped_name(found).is_some());
    for draft in drafts.values() {
        for relation in &draft.relations {
            if relation.by == By::Implicit && (is_mapped(draft.name()) || is_mapped(relation.related)) {
                let message = format!(
                    "a relation of a renamed model without named fields is not built yet: {}.{} would lose its foreign \
                     key, which has the old name",
                    draft.name(),
                    relation.field.name
                );
                let hint = "declare the foreign key by its old name, and name it: `references: [\"oldNameId\"]`";
                report.add_with_hint(Code::AMP0304, &relation.span, message, Some(hint.to_owned()));
            }
        }
    }
}

/// Tells of `@manyToMany` with a renamed model, before the models that join are made.
pub(super) fn check_joins(document: &Document, report: &mut Report<'_>) {
    let is_mapped = |name: &str| document.types.iter().any(|found| found.name == name && mapped_name(found).is_some());
    for found in &document.types {
        for field in found.fields() {
            let Some(directive) = field.directive("manyToMany") else { continue };
            if mapped_name(found).is_some() || is_mapped(field.type_ref.name()) {
                let message = "@manyToMany with a renamed model is not built yet: its foreign keys have the old name";
                report.add(Code::AMP0304, &directive.span, message);
            }
        }
    }
}
