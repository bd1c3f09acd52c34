//! The compiler: a schema with directives → a [`Plan`].
//!
//! It reads everything before it adds anything, so that all problems are told at once. The rules are those of the
//! Amplify GraphQL transformer, version 2. It writes no templates and no resolvers.

mod access;
mod assemble;
mod connections;
mod defaults;
mod directives;
mod draft;
mod guards;
mod introspection;
mod keys;
mod misuse;
mod names;
mod operations;
mod options;
mod output;
mod plural;
mod relations;
mod report;
mod rules;

#[cfg(test)]
mod tests;

use indexmap::{IndexMap, IndexSet};

use super::plan::{Modes, Plan};
use crate::error::{Code, Problem};
use crate::graphql::{Document, Field, Literal, Span, SyntaxError, TypeKind, check, parse, print};

use access::Access;
use assemble::Assembler;
use draft::{Catalogue, Draft};
use guards::Guard;
use output::Output;
use report::Report;
use rules::{Level, ParsedRule, RuleReader};

pub use options::{AuthKind, CompileOptions, Parameters};
pub use report::SchemaSource;

/// Rules of fields of types that are no models, by type and field.
type CustomRules = IndexMap<(String, String), Vec<ParsedRule>>;

/// Compiles a schema.
///
/// # Errors
/// Every problem of the schema, each with its place.
pub fn compile(source: &SchemaSource<'_>, options: &CompileOptions) -> Result<Plan, Vec<Problem>> {
    let mut report = Report::new(*source);
    report.extend(options.refused());
    let mut document = match parse(source.text) {
        Ok(document) => document,
        Err(errors) => {
            syntax(&errors, &mut report);
            return Err(report.finish());
        }
    };
    let sandbox = take_amplify(&mut document, options, &mut report);
    for fault in check(&document) {
        report.fault(fault);
    }
    directives::check(&document, &mut report);
    misuse::check(&document, options, &mut report);
    let modes = options.modes();
    let catalogue = Catalogue::new(&document);
    let mut drafts = read_models(&catalogue, options, &mut report);
    let custom = read_rules(&mut drafts, &catalogue, &modes, options, &mut report);
    check_names(&drafts, &catalogue, &mut report);
    if !report.is_empty() {
        return Err(report.finish());
    }
    let mut output = Output::new(&document);
    expand(&drafts, &catalogue, options, &mut output);
    Guard { drafts: &drafts, catalogue: &catalogue, modes: &modes, sandbox, reached: IndexMap::new() }
        .apply(&custom, &mut output);
    let assembler = Assembler {
        drafts: &drafts,
        catalogue: &catalogue,
        parameters: &options.params,
        sandbox,
        output: &output,
        report: &report,
    };
    let (models, resolvers) = (assembler.models(), assembler.resolvers(&custom));
    let introspection = introspection::document(&assembler);
    let custom_rules = custom
        .iter()
        .map(|((type_name, field), rules)| {
            (format!("{type_name}.{field}"), rules.iter().map(|rule| rule.plan(|_| false)).collect())
        })
        .collect();
    let schema = print(&output.into_document());
    Ok(Plan { schema, modes, models, resolvers, introspection, custom_rules })
}

fn syntax(errors: &[SyntaxError], report: &mut Report<'_>) {
    for error in errors {
        report.add(Code::AMP0301, &error.span, error.message.clone());
    }
}

/// Takes `input AMPLIFY` out of a document; whether sandbox mode is on.
fn take_amplify(document: &mut Document, options: &CompileOptions, report: &mut Report<'_>) -> bool {
    let mut sandbox = false;
    for found in document.types.extract_if(.., |found| found.name == "AMPLIFY") {
        let TypeKind::Input(fields) = &found.kind else {
            report.add(Code::AMP0306, &found.span, "AMPLIFY must be an input: `input AMPLIFY { … }`");
            continue;
        };
        for field in fields {
            let open = |value: &Literal| matches!(value.get("allow"), Some(allow) if allow.to_string() == "public");
            if field.name != "globalAuthRule" {
                let message = format!("\"{}\" is not a setting of input AMPLIFY", field.name);
                let hint = Some("the only one is globalAuthRule".to_owned());
                report.add_with_hint(Code::AMP0303, &field.span, message, hint);
            } else if field.default.as_ref().is_some_and(open) {
                sandbox = true;
            } else {
                let message =
                    "there was a problem with your auth configuration: globalAuthRule must be { allow: public }";
                report.add(Code::AMP0306, &field.span, message);
            }
        }
    }
    options.sandbox.or(options.params.sandbox_mode_enabled).unwrap_or(sandbox)
}

/// Reads models, keys, relations and defaults.
fn read_models<'a>(
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
        let mut draft = Draft::new(definition, &options.params);
        draft.key = keys::read_primary(&draft, catalogue, report);
        draft.indexes = keys::read_indexes(&draft, catalogue, &options.params, report);
        draft.defaults = defaults::read(&draft, catalogue, report);
        drafts.insert(name, draft);
    }
    let relations = relations::read(&drafts, catalogue, report);
    for (draft, relations) in drafts.values_mut().zip(relations) {
        draft.relations = relations;
    }
    drafts
}

/// Reads the rules of models and of all fields.
fn read_rules<'a>(
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
    found: &crate::graphql::TypeDefinition,
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
fn misplaced(found: &crate::graphql::TypeDefinition, field: &Field, report: &mut Report<'_>) {
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
            name if relations::RELATIONS.contains(&name) => {
                (Code::AMP0308, format!("@{name} must be on an @model object type field"))
            }
            _ => continue,
        };
        let hint = Some(format!("write `type {} @model`", found.name));
        report.add_with_hint(code, &directive.span, message, hint);
    }
}

/// Operations of models must not share names with each other or with fields of the user's root types.
fn check_names(drafts: &IndexMap<&str, Draft<'_>>, catalogue: &Catalogue<'_>, report: &mut Report<'_>) {
    let roots = catalogue.roots;
    let mut taken: IndexSet<(&str, &str)> = IndexSet::new();
    for root in [&roots.query, &roots.mutation, &roots.subscription] {
        let fields = catalogue.types.get(root.as_str()).map(|found| found.fields()).unwrap_or_default();
        taken.extend(fields.iter().map(|field| (root.as_str(), field.name.as_str())));
    }
    let mut add = |root, name, span: &Span| {
        if !taken.insert((root, name)) {
            let message = format!("two operations share a name: {root}.{name} exists already");
            let hint = Some("name the operation in @model or the queryField in @index".to_owned());
            report.add_with_hint(Code::AMP0316, span, message, hint);
        }
    };
    for draft in drafts.values() {
        let (config, span) = (&draft.config, &draft.definition.span);
        for name in [&config.get, &config.list].into_iter().flatten() {
            add(&roots.query, name, span);
        }
        for name in [&config.create, &config.update, &config.delete].into_iter().flatten() {
            add(&roots.mutation, name, span);
        }
        for index in &draft.indexes {
            if let Some(name) = &index.query_field {
                add(&roots.query, name, &index.span);
            }
        }
        let names: IndexSet<&str> = config.live_subscriptions().map(|(_, name, _)| name).collect();
        for name in names {
            add(&roots.subscription, name, span);
        }
    }
}

/// Adds what models, indexes and relations imply.
fn expand(
    drafts: &IndexMap<&str, Draft<'_>>,
    catalogue: &Catalogue<'_>,
    options: &CompileOptions,
    output: &mut Output,
) {
    for draft in drafts.values() {
        operations::expand(draft, catalogue, output);
    }
    for draft in drafts.values() {
        operations::expand_indexes(draft, catalogue, output);
    }
    connections::expand(drafts, catalogue, &options.params, output);
}
