//! `input AMPLIFY`: the one setting of an API that stands in the schema. It is no part of what is deployed.

use super::options::CompileOptions;
use super::report::Report;
use crate::error::Code;
use crate::graphql::{Document, InputValue, Literal, TypeDefinition, TypeKind, Value};

/// Takes `input AMPLIFY` out of a document; whether sandbox mode is on.
pub(super) fn take(document: &mut Document, options: &CompileOptions, report: &mut Report<'_>) -> bool {
    let mut sandbox = false;
    for found in document.types.extract_if(.., |found| found.name == "AMPLIFY") {
        let TypeKind::Input(fields) = &found.kind else {
            report.add(Code::AMP0306, &found.span, "AMPLIFY must be an input: `input AMPLIFY { … }`");
            continue;
        };
        check_directives(&found, fields, report);
        for field in fields {
            if field.name != "globalAuthRule" {
                let message = format!("\"{}\" is not a setting of input AMPLIFY", field.name);
                let hint = Some("the only one is globalAuthRule".to_owned());
                report.add_with_hint(Code::AMP0303, &field.span, message, hint);
            } else if is_open(field) {
                sandbox = true;
            } else {
                let message =
                    "there was a problem with your auth configuration: globalAuthRule must be { allow: public }";
                let hint = Some("write `globalAuthRule: AuthRule = { allow: public }`".to_owned());
                report.add_with_hint(Code::AMP0306, &field.span, message, hint);
            }
        }
    }
    options.sandbox.or(options.params.sandbox_mode_enabled).unwrap_or(sandbox)
}

/// `globalAuthRule: AuthRule = { allow: public }`: that type, and that entry first.
fn is_open(field: &InputValue) -> bool {
    let first = |rule: &Literal| match &rule.value {
        Value::Object(entries) => entries.first().is_some_and(|(name, value)| {
            name.name == "allow" && matches!(&value.value, Value::Enum(word) if word == "public")
        }),
        _ => false,
    };
    field.type_ref.to_string() == "AuthRule" && field.default.as_ref().is_some_and(first)
}

fn check_directives(found: &TypeDefinition, fields: &[InputValue], report: &mut Report<'_>) {
    for directive in found.directives.iter().chain(fields.iter().flat_map(|field| &field.directives)) {
        let message = format!("directive \"@{}\" may not be used on input AMPLIFY", directive.name);
        report.add(Code::AMP0305, &directive.span, message);
    }
}
