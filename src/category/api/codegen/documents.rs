//! Operations as text: GraphQL documents, alone or in a script for each kind of operation.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::selection::{Fragment, Operation, OperationKind, Selected};
use crate::category::api::models::words;
use crate::graphql::Value;

/// Beyond this many columns arguments stand one a line.
const WIDTH: usize = 80;

/// The scripts that hold documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// JavaScript, typed or not.
    Plain,
    /// TypeScript, where each document carries the types of its variables and result.
    Typed,
}

/// The operations of one kind as a `.graphql` file.
pub(super) fn graphql(operations: &[&Operation<'_>]) -> String {
    operations.iter().map(|operation| document(operation, 0)).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// The shared fragments as a `.graphql` file; none when there is none.
pub(super) fn fragments(operations: &[Operation<'_>]) -> Option<String> {
    let mut shared: IndexMap<&str, &Fragment<'_>> = IndexMap::new();
    for operation in operations {
        collect_shared(&operation.field, &mut shared);
    }
    let texts: Vec<String> = shared
        .into_iter()
        .map(|(name, fragment)| {
            let mut text = format!("fragment {name} on {name} {{\n");
            selections(&mut text, &fragment.fields, &[], 2);
            text + "}"
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n") + "\n")
}

fn collect_shared<'a>(selected: &'a Selected<'_>, shared: &mut IndexMap<&'a str, &'a Fragment<'a>>) {
    for fragment in &selected.fragments {
        if fragment.shared {
            shared.insert(fragment.on, fragment);
        }
    }
    let own = selected.fragments.iter().filter(|fragment| !fragment.shared).flat_map(|fragment| &fragment.fields);
    for field in own.chain(&selected.fields) {
        collect_shared(field, shared);
    }
}

/// The operations of one kind as a script; `types` is where it finds the types, without an ending.
pub(super) fn script(kind: OperationKind, operations: &[&Operation<'_>], script: Script, types: &str) -> String {
    let title = kind.title();
    let mut text = String::new();
    if script == Script::Typed {
        let _ = write!(
            text,
            "import * as APITypes from \"{types}\";\ntype Generated{title}<InputType, OutputType> = string & {{\n  \
             __generated{title}Input: InputType;\n  __generated{title}Output: OutputType;\n}};\n\n"
        );
    }
    for operation in operations {
        let name = words::declarable(operation.field.name);
        let indent = if script == Script::Typed { 0 } else { 2 };
        let document = document(operation, indent).replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${");
        let _ = match script {
            Script::Plain => writeln!(text, "export const {name} = /* GraphQL */ `\n{document}\n`;"),
            Script::Typed => {
                let types = format!("APITypes.{}{title}", operation.name);
                let line = format!("` as Generated{title}<{types}Variables, {types}>;");
                let line = if line.len() > WIDTH {
                    format!("` as Generated{title}<\n  {types}Variables,\n  {types}\n>;")
                } else {
                    line
                };
                writeln!(text, "export const {name} = /* GraphQL */ `{document}\n{line}")
            }
        };
    }
    text
}

/// One operation, indented as a whole.
fn document(operation: &Operation<'_>, indent: usize) -> String {
    let space = " ".repeat(indent);
    let variables: Vec<String> = operation
        .arguments
        .iter()
        .map(|argument| {
            let default = argument.default.as_ref().filter(|default| says_something(&default.value));
            let default = default.map(|default| format!(" = {default}")).unwrap_or_default();
            format!("${}: {}{default}", argument.name, argument.type_ref)
        })
        .collect();
    let mut text = space.clone();
    listed(&mut text, &format!("{} {}", operation.kind.keyword(), operation.name), &variables, indent, true);
    text.push_str(" {\n");
    let arguments: Vec<String> =
        operation.arguments.iter().map(|argument| format!("{0}: ${0}", argument.name)).collect();
    let field = &operation.field;
    let has_body = !field.fields.is_empty() || !field.fragments.is_empty();
    text.push_str(&" ".repeat(indent + 2));
    listed(&mut text, field.name, &arguments, indent + 2, has_body);
    if has_body {
        text.push_str(" {\n");
        selections(&mut text, &field.fields, &field.fragments, indent + 4);
        let _ = write!(text, "{space}  }}");
    }
    let _ = write!(text, "\n{space}}}");
    text
}

/// Whether a default is written: what is empty, zero or false is left to the API, which has the same default.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Boolean(false) => false,
        Value::Int(number) | Value::Float(number) => number.parse::<f64>().is_ok_and(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// `name(a, b)`, on one line when it fits there with the brace that follows.
fn listed(text: &mut String, name: &str, items: &[String], indent: usize, has_body: bool) {
    text.push_str(name);
    if items.is_empty() {
        return;
    }
    let line = items.join(", ");
    if indent + name.len() + line.len() + 2 + if has_body { 2 } else { 0 } <= WIDTH {
        let _ = write!(text, "({line})");
        return;
    }
    let space = " ".repeat(indent);
    text.push_str("(\n");
    for item in items {
        let _ = writeln!(text, "{space}  {item}");
    }
    let _ = write!(text, "{space})");
}

fn selections(text: &mut String, fields: &[Selected<'_>], fragments: &[Fragment<'_>], indent: usize) {
    let space = " ".repeat(indent);
    for field in fields {
        let _ = write!(text, "{space}{}", field.name);
        if !field.fields.is_empty() || !field.fragments.is_empty() {
            text.push_str(" {\n");
            selections(text, &field.fields, &field.fragments, indent + 2);
            let _ = write!(text, "{space}}}");
        }
        text.push('\n');
    }
    for fragment in fragments {
        if fragment.shared {
            let _ = writeln!(text, "{space}...{}", fragment.on);
        } else {
            let _ = writeln!(text, "{space}... on {} {{", fragment.on);
            selections(text, &fragment.fields, &[], indent + 2);
            let _ = writeln!(text, "{space}}}");
        }
    }
}
