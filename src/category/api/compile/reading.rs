//! Models and rules as the schema states them: keys, relations, defaults, who may do what.
//!
//! It reads only; nothing is added to the schema here.

use indexmap::IndexMap;

use super::access::{self, Access};
use super::draft::{Catalogue, Draft};
use super::report::Report;
use super::rules::{self, Level, ParsedRule, RuleReader};
use super::{CompileOptions, defaults, keys, many_to_many, relation_fields, relations, sql, validations};
use crate::category::api::plan::Modes;
use crate::error::Code;
use crate::graphql::{Field, TypeDefinition};

/// Rules of fields of types that are no models, by type and field.
pub(super) type CustomRules = IndexMap<(String, String), Vec<ParsedRule>>;

/// Reads models, keys, relations and defaults.
pub(super) fn read_models<'a>(
    catalogue: &Catalogue<'a>,
    options: &CompileOptions,
    report: &mut Report<'_>,
) -> IndexMap<&'a str, Draft<'a>> {
    let mut drafts: IndexMap<&str, Draft<'_>> = IndexMap::with_capacity(catalogue.models.len());
    for name in &catalogue.models {
        let Some(definition) = catalogue.types.get(name).copied() else { continue };
        if catalogue.roots.contains(name) {
            let message =
                format!("'{name}' is a reserved type name and currently in use within the default schema element");
            report.add(Code::AMP0305, &definition.span, message);
            continue;
        }
        let mut draft = Draft::new(definition, options);
        // What a conversation adds has tables of its own.
        if !catalogue.added.types.iter().any(|added| added == name) {
            draft.sql = sql::read_table(definition, options);
        }
        draft.key = keys::read_primary(&draft, catalogue, report);
        draft.indexes = keys::read_indexes(&draft, catalogue, &options.params, report);
        draft.defaults = defaults::read(&draft, catalogue, report);
        draft.validations = validations::read(&draft, report);
        drafts.insert(name, draft);
    }
    let relations = relations::read(&drafts, catalogue, report);
    for (draft, relations) in drafts.values_mut().zip(relations) {
        draft.relations = relations;
    }
    relation_fields::check(&drafts, catalogue, &options.params, report);
    drafts
}

/// Reads the rules of models and of all fields.
pub(super) fn read_rules<'a>(
    drafts: &mut IndexMap<&'a str, Draft<'a>>,
    catalogue: &Catalogue<'a>,
    modes: &Modes,
    options: &CompileOptions,
    report: &mut Report<'_>,
) -> CustomRules {
    let reader = RuleReader { modes, parameters: &options.params };
    let mut custom = CustomRules::new();
    for (name, found) in &catalogue.types {
        let Some(draft) = drafts.get_mut(name) else {
            custom.extend(read_custom_rules(found, catalogue, &reader, report));
            continue;
        };
        if let Some(directive) = found.directive("auth") {
            draft.rules = reader.read(directive, Level::Model, name, report);
            if catalogue.joins.contains(*name) {
                draft.rules = many_to_many::last_of_each_role(std::mem::take(&mut draft.rules));
            }
        }
        for field in found.fields() {
            if let Some(directive) = field.directive("auth") {
                let rules = reader.read(directive, Level::Field, &field.name, report);
                draft.field_rules.insert(field.name.clone(), rules);
            }
        }
        rules::check_owner_keys(draft, report);
        draft.access = Access::of(draft, report);
        access::check_required_fields(draft, report);
    }
    custom
}

fn read_custom_rules(
    found: &TypeDefinition,
    catalogue: &Catalogue<'_>,
    reader: &RuleReader<'_>,
    report: &mut Report<'_>,
) -> CustomRules {
    let mut custom = CustomRules::new();
    if let Some(directive) = found.directive("auth").filter(|_| found.is_object()) {
        let message = "types annotated with @auth must also be annotated with @model";
        report.add(Code::AMP0306, &directive.span, message);
    }
    if !found.is_object() {
        return custom;
    }
    let level = if catalogue.roots.contains(&found.name) { Level::Root } else { Level::NonModel };
    for field in found.fields() {
        if let Some(directive) = field.directive("auth") {
            let rules = reader.read(directive, level, &field.name, report);
            custom.insert((found.name.clone(), field.name.clone()), rules);
        }
        misplaced(found, field, report);
    }
    custom
}

/// Directives that only mean something on fields of models.
fn misplaced(found: &TypeDefinition, field: &Field, report: &mut Report<'_>) {
    for directive in &field.directives {
        let (code, message) = match directive.name.as_str() {
            name @ ("primaryKey" | "index") => {
                let what =
                    format!("the @{name} directive may only be added to object definitions annotated with @model");
                (Code::AMP0307, what)
            }
            name @ "default" => {
                let what =
                    format!("the @{name} directive may only be added to object definitions annotated with @model");
                (Code::AMP0309, what)
            }
            "validate" => (Code::AMP0305, "@validate can only be used on fields within @model types".to_owned()),
            name if relations::RELATIONS.contains(&name) => {
                (Code::AMP0308, format!("@{name} must be on an @model object type field"))
            }
            _ => continue,
        };
        let hint = Some(format!("write `type {} @model`", found.name));
        report.add_with_hint(code, &directive.span, message, hint);
    }
}
