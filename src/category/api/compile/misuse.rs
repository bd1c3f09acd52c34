//! Misuse of directives and options that are not built yet: their own mistakes are told besides the refusal.

use super::report::Report;
use crate::error::Code;
use crate::graphql::{Directive, Document, Field, Literal, TypeDefinition};

/// Checks a document.
pub(super) fn check(document: &Document, report: &mut Report<'_>) {
    for found in &document.types {
        type_directives(document, found, report);
        for field in found.fields() {
            for directive in &field.directives {
                if let Some(message) = field_mistake(field, directive) {
                    report.add(Code::AMP0305, &directive.span, message);
                }
            }
        }
    }
}

fn text<'a>(directive: &'a Directive, argument: &str) -> Option<&'a str> {
    directive.argument(argument).and_then(Literal::as_str)
}

fn type_directives(document: &Document, found: &TypeDefinition, report: &mut Report<'_>) {
    let name = &found.name;
    if let Some(directive) = found.directive("searchable").filter(|_| found.directive("model").is_none()) {
        let message = "types annotated with @searchable must also be annotated with @model";
        report.add(Code::AMP0305, &directive.span, message);
    }
    if let Some(directive) = found.directive("mapsTo") {
        let taken = |target: &str| document.types.iter().any(|other| other.name == target && other.name != *name);
        if let Some(target) = text(directive, "name").filter(|target| taken(target)) {
            let message = format!(
                "cannot apply @mapsTo with name \"{target}\" on type \"{name}\" because \"{target}\" model already \
                 exists in the schema"
            );
            report.add(Code::AMP0305, &directive.span, message);
        }
    }
}

fn field_mistake(field: &Field, directive: &Directive) -> Option<String> {
    match directive.name.as_str() {
        "function" => function(field, directive),
        "http" => http(directive),
        "validate" => validate(field, directive),
        _ => None,
    }
}

fn function(field: &Field, directive: &Directive) -> Option<String> {
    let event = directive.argument("invocationType").is_some_and(|value| value.to_string() == "Event");
    (event && field.type_ref.name() != "EventInvocationResponse").then(|| {
        format!(
            "invalid return type {} for {} @function(name: {}, invocationType: Event): use return type \
             'EventInvocationResponse' and, if necessary, add 'type EventInvocationResponse {{ success: Boolean! }}' to \
             your model schema",
            field.type_ref,
            field.name,
            text(directive, "name").unwrap_or_default()
        )
    })
}

fn http(directive: &Directive) -> Option<String> {
    let url = text(directive, "url").unwrap_or_default();
    let fits = url.starts_with("http://") || url.starts_with("https://");
    (!fits).then(|| {
        "the @http directive at this location requires a url parameter that begins with http:// or https://".to_owned()
    })
}

fn validate(field: &Field, directive: &Directive) -> Option<String> {
    let kind = directive.argument("type").map(ToString::to_string)?;
    let type_name = field.type_ref.name();
    let (allowed, what): (&[&str], &str) = match kind.as_str() {
        "gt" | "gte" | "lt" | "lte" => (&["Int", "Float"], "numeric fields (Int, Float)"),
        "minLength" | "maxLength" | "startsWith" | "endsWith" | "matches" => (&["String"], "'String' fields"),
        _ => return None,
    };
    (!allowed.contains(&type_name)).then(|| {
        format!(
            "validation type '{kind}' can only be used with {what}. Field '{}' is of type '{type_name}'",
            field.name
        )
    })
}
