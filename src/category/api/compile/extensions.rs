//! What `extend type` may hold: what it extends must be there, and directives of ours stand where a type is declared.

use super::directives::is_kept;
use super::report::Report;
use crate::base::suggest::nearest;
use crate::error::Code;
use crate::graphql::{Document, Extension};

/// The directives that fields of extended roots may have.
const ON_ROOTS: [&str; 3] = ["auth", "function", "http"];

/// Checks every extension of a document.
pub(super) fn check(document: &Document, report: &mut Report<'_>) {
    for extension in &document.extensions {
        if extension.found {
            directives(document, extension, report);
        } else {
            missing(document, extension, report);
        }
    }
}

fn missing(document: &Document, extension: &Extension, report: &mut Report<'_>) {
    let (name, keyword) = (&extension.definition.name, extension.definition.keyword());
    let declared = |name: &&str| !document.extensions.iter().any(|own| !own.found && own.definition.name == **name);
    let near = nearest(name, document.types.iter().map(|found| found.name.as_str()).filter(declared));
    let hint = near.map_or_else(
        || format!("write `{keyword} {name}` where nothing else declares it"),
        |near| format!("did you mean \"{near}\"?"),
    );
    let message = format!("cannot extend nonexistent type '{name}'");
    report.add_with_hint(Code::AMP0302, &extension.definition.span, message, Some(hint));
}

fn directives(document: &Document, extension: &Extension, report: &mut Report<'_>) {
    let found = &extension.definition;
    for directive in found.directives.iter().filter(|directive| !is_kept(&directive.name)) {
        let message = format!(
            "directives are not supported on object or interface extensions: see the '@{}' directive on '{}'",
            directive.name, found.name
        );
        let hint = Some(format!("put it where {} is declared", found.name));
        report.add_with_hint(Code::AMP0305, &directive.span, message, hint);
    }
    let root = document.roots.contains(&found.name);
    for field in found.fields() {
        for directive in field.directives.iter().filter(|directive| !is_kept(&directive.name)) {
            if root && ON_ROOTS.contains(&directive.name.as_str()) {
                continue;
            }
            let message = format!("the '@{}' directive is not supported on fields of extended types", directive.name);
            let hint = Some(format!("declare {} in the type {} itself", field.name, found.name));
            report.add_with_hint(Code::AMP0305, &directive.span, message, hint);
        }
    }
}
