//! The compiler: a schema with directives → a [`Plan`].
//!
//! It reads everything before it adds anything, so that all problems are told at once. The rules are those of the
//! Amplify GraphQL transformer, version 2. It writes no templates and no resolvers.

mod access;
mod answers;
mod assemble;
mod connections;
mod conversation;
mod defaults;
mod directives;
mod draft;
mod extensions;
mod generation;
mod guards;
mod http;
mod keys;
mod limits;
mod many_to_many;
mod mapping;
pub(in crate::category::api) mod names;
mod operations;
mod options;
mod output;
mod owners;
pub(in crate::category::api) mod plural;
mod predictions;
mod reading;
mod relation_fields;
mod relations;
mod report;
mod rules;
mod sandbox;
mod search;
mod services;
mod signers;
mod sql;
mod sync;
mod validations;

#[cfg(test)]
mod refusals_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod verdicts;
#[cfg(test)]
mod whole_types_tests;

use indexmap::IndexMap;

use super::plan::{Plan, Rule};
use crate::error::{Code, Problem};
use crate::graphql::{Document, SyntaxError, TypeDefinition, check_declarations, check_interfaces, parse, print};

use assemble::Assembler;
use draft::{Catalogue, Draft};
use guards::Guard;
use output::Output;
use reading::{CustomRules, read_models, read_rules};
use report::Report;
use rules::ParsedRule;
use signers::Signers;

pub use options::{AuthKind, CompileOptions, Parameters, SqlModels, SqlOptions};
pub use report::SchemaSource;
pub use sync::{ConflictKind, ConflictOption};

/// Compiles a schema.
///
/// # Errors
/// Every problem of the schema, each with its place.
pub fn compile(source: &SchemaSource<'_>, options: &CompileOptions) -> Result<Plan, Vec<Problem>> {
    let mut report = Report::new(*source);
    let mut document = match parse(source.text) {
        Ok(document) => document,
        Err(errors) => return Err(syntax(&errors, report)),
    };
    let sandbox = sandbox::take(&mut document, options, &mut report);
    let written = document.clone();
    check_document(&document, options, &mut report);
    let added = conversation::extend(&mut document, &mut report);
    sync::check(&document, options, &mut report);
    let joins = many_to_many::expand(&mut document, &options.params, &mut report);
    sync::check_handlers(&document, options, &mut report);
    let modes = options.modes();
    let catalogue = Catalogue { added, ..Catalogue::new(&document, joins) };
    let mut drafts = read_models(&catalogue, options, &mut report);
    mapping::check(&catalogue, &drafts, &options.params, &mut report);
    let answers = answers::read(&catalogue, &mut report);
    let custom = read_rules(&mut drafts, &catalogue, &modes, options, &mut report);
    services::check(&catalogue, options, &mut report);
    limits::check(&drafts, &catalogue, &mut report);
    if !report.is_empty() {
        return Err(report.finish());
    }
    let mut output = Output::new(&document);
    expand(&drafts, &catalogue, options, &mut output);
    answers.expand(&mut output);
    let signers = Signers::of(options, &modes);
    Guard::new(&drafts, &catalogue, &modes, &signers, sandbox).apply(&custom, &mut output);
    let additions = services::build(&catalogue, &output, &mut report);
    // Not before: models get fields, and types of fields, that the user's text does not show.
    for fault in check_interfaces(output.types(), |found| drafts.contains_key(found.name.as_str())) {
        report.fault(fault);
    }
    if !report.is_empty() {
        return Err(report.finish());
    }
    let statements = sql::statements(&catalogue, &drafts, options, &custom, sandbox);
    let assembler = Assembler {
        drafts: &drafts,
        statements: &statements,
        catalogue: &catalogue,
        parameters: &options.params,
        sandbox,
        output: &output,
        report: &report,
    };
    let answered = answers::plan(&answers, &report);
    let (mut models, resolvers) = (assembler.models(), assembler.resolvers(&custom, &answered));
    owners::find_shown(&mut models, &resolvers, &output, &catalogue.roots.subscription);
    let (sources, mut functions) = (assembler.sources(&answered), assembler.functions(&models));
    functions.extend(answered.functions);
    let custom_rules = signers.join(&mut models, planned(&custom));
    let (returned, declared) = (assembler.returned(&custom), assembler.declared_operations());
    let mut plan = Plan {
        schema: print(&output.into_document()),
        modes,
        models,
        sources,
        resolvers,
        functions,
        introspection: introspected(&written, options),
        custom_rules,
        returned,
        declared,
        own_files: IndexMap::new(),
        own_answers: IndexMap::new(),
        switches: options.params.switches(),
        conflict: options.usual_conflict_handler(),
    };
    services::join(additions, &mut plan);
    Ok(plan)
}

fn introspected(written: &Document, options: &CompileOptions) -> serde_json::Value {
    let custom_keys = options.params.respect_primary_key_attributes_on_connection_field;
    super::codegen::introspection::document(written, custom_keys)
}

/// What is wrong with a document before anything is read out of it.
fn check_document(document: &Document, options: &CompileOptions, report: &mut Report<'_>) {
    if document.types.is_empty() && report.is_empty() {
        let hint = "declare a model, for example `type Todo @model { id: ID! }`".to_owned();
        report.add_with_hint(Code::AMP0317, &(0..0), "the schema declares no type", Some(hint));
    }
    report.extend(options.problems());
    let whole = |found: &TypeDefinition| found.directive("model").is_none();
    let interfaces = check_interfaces(&document.types, whole);
    for fault in check_declarations(document).into_iter().chain(interfaces) {
        report.fault(fault);
    }
    directives::check(document, report);
    extensions::check(document, report);
    search::check(document, report);
    sql::check(document, options, report);
}

/// The rules of fields that are of no model, by `Type.field`.
fn planned(custom: &CustomRules) -> IndexMap<String, Vec<Rule>> {
    let rules = |rules: &Vec<ParsedRule>| rules.iter().map(|rule| rule.plan(|_| false)).collect();
    custom.iter().map(|((type_name, field), list)| (format!("{type_name}.{field}"), rules(list))).collect()
}

fn syntax(errors: &[SyntaxError], mut report: Report<'_>) -> Vec<Problem> {
    for error in errors {
        report.add_with_hint(Code::AMP0301, &error.span, error.message.clone(), error.hint.clone());
    }
    report.finish()
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
    search::expand(drafts, catalogue, output);
    predictions::expand(catalogue, output);
}
