//! Misuse of directives and options that are not built yet: their own mistakes are told besides the refusal.

use super::options::CompileOptions;
use super::report::Report;
use crate::error::Code;
use crate::graphql::{Document, TypeDefinition};

/// Checks a document.
pub(super) fn check(document: &Document, options: &CompileOptions, report: &mut Report<'_>) {
    for found in &document.types {
        type_directives(found, report);
    }
    if options.sql.is_some() {
        sql_keys(document, report);
    }
}

fn models(document: &Document) -> impl Iterator<Item = &TypeDefinition> {
    document.types.iter().filter(|found| found.directive("model").is_some())
}

fn sql_keys(document: &Document, report: &mut Report<'_>) {
    for model in models(document) {
        if !model.fields().iter().any(|field| field.directive("primaryKey").is_some()) {
            let message = format!("SQL model \"{}\" must contain a primary key field", model.name);
            report.add(Code::AMP0307, &model.span, message);
        }
    }
}

fn type_directives(found: &TypeDefinition, report: &mut Report<'_>) {
    let name = &found.name;
    if let Some(directive) = found.directive("searchable").filter(|_| found.directive("model").is_none()) {
        let message = "types annotated with @searchable must also be annotated with @model";
        report.add(Code::AMP0305, &directive.span, message);
    }
    if let Some(directive) = found.directive("refersTo") {
        let message = format!("@refersTo is only supported on SQL models: {name} is not a SQL model");
        report.add(Code::AMP0305, &directive.span, message);
    }
}
