//! `@mapsTo`: a model that was renamed keeps the table of its old name.
//!
//! The old name also stands in foreign keys that relations imply: in the API they have the new name, and in the table the
//! old one.

use indexmap::IndexMap;

use super::connections::{foreign_keys, owns_key};
use super::draft::{Catalogue, Draft};
use super::names;
use super::options::Parameters;
use super::relations::{By, RelationKind};
use super::report::Report;
use crate::category::api::plan::Model;
use crate::error::Code;
use crate::graphql::{Literal, TypeDefinition};

/// What a model's table and the indexes of its relations are named after.
pub(super) fn stored_name(found: &TypeDefinition) -> &str {
    mapped_name(found).unwrap_or(&found.name)
}

fn mapped_name(found: &TypeDefinition) -> Option<&str> {
    found.directive("mapsTo")?.argument("name").and_then(Literal::as_str)
}

/// Tells what is wrong with the mappings of a document.
pub(super) fn check(
    catalogue: &Catalogue<'_>,
    drafts: &IndexMap<&str, Draft<'_>>,
    parameters: &Parameters,
    report: &mut Report<'_>,
) {
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
    check_attributes(catalogue, drafts, parameters, report);
}

/// The attributes of fields that have another name in the API: by model, then by the name in the API. They are the foreign
/// keys that relations imply, which are named after the models.
pub(super) fn attributes(
    drafts: &IndexMap<&str, Draft<'_>>,
    catalogue: &Catalogue<'_>,
    parameters: &Parameters,
) -> IndexMap<String, IndexMap<String, String>> {
    let mut all: IndexMap<String, IndexMap<String, String>> = IndexMap::new();
    let mut add = |model: &str, names: Vec<(String, String)>| {
        let other = names.into_iter().filter(|(name, attribute)| name != attribute);
        all.entry(model.to_owned()).or_default().extend(other);
    };
    for draft in drafts.values() {
        let old = stored_name(draft.definition);
        for relation in &draft.relations {
            let Some(related) = drafts.get(relation.related) else { continue };
            let keys = |target: &Draft<'_>| {
                let named = |owner| foreign_keys(owner, &relation.field.name, target, parameters).into_iter();
                named(draft.name()).zip(named(old)).map(|(new, old)| (new.name, old.name)).collect()
            };
            match &relation.by {
                By::Implicit if matches!(relation.kind, RelationKind::Many { .. }) => add(related.name(), keys(draft)),
                By::Implicit if owns_key(relation) => add(draft.name(), keys(related)),
                By::Fields(columns) if catalogue.joins.contains(draft.name()) => {
                    let (stem, old) = (names::lower(related.name()), names::lower(stored_name(related.definition)));
                    let column = |name: &String| Some((name.clone(), format!("{old}{}", name.strip_prefix(&stem)?)));
                    add(draft.name(), columns.iter().filter_map(column).collect());
                }
                _ => {}
            }
        }
    }
    all.retain(|_, names| !names.is_empty());
    all
}

/// Gives a model the names of its attributes.
pub(super) fn apply(model: &mut Model, attributes: IndexMap<String, String>) {
    let rename = |name: &mut String| {
        if let Some(attribute) = attributes.get(name) {
            name.clone_from(attribute);
        }
    };
    let keys = std::iter::once(&mut model.key).chain(model.indexes.iter_mut().map(|index| &mut index.key));
    for key in keys {
        std::iter::once(&mut key.partition).chain(&mut key.sort).for_each(|part| rename(&mut part.name));
    }
    for (_, mut field) in std::mem::take(&mut model.fields) {
        rename(&mut field.name);
        model.fields.insert(field.name.clone(), field);
    }
    model.attributes = attributes;
}

/// Tells of names that a table cannot have twice, and of what is not built for renamed fields.
fn check_attributes(
    catalogue: &Catalogue<'_>,
    drafts: &IndexMap<&str, Draft<'_>>,
    parameters: &Parameters,
    report: &mut Report<'_>,
) {
    for (model, attributes) in attributes(drafts, catalogue, parameters) {
        let Some(draft) = drafts.get(model.as_str()) else { continue };
        for (name, attribute) in &attributes {
            if let Some(field) = draft.fields.get(attribute.as_str()) {
                let message =
                    format!("the table of {model} keeps {name} as \"{attribute}\", so no other field can be that");
                let hint = Some(format!("name the relation's key: `references: [\"{attribute}\"]`"));
                report.add_with_hint(Code::AMP0305, &field.span, message, hint);
            }
        }
        if draft.search.is_some() {
            let message =
                format!("a search of {model} is not built yet: a model was renamed that its relations are named after");
            report.add(Code::AMP0304, &draft.definition.span, message);
        }
    }
}
