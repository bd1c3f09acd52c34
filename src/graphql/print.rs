//! [`Document`] → SDL. Order is kept; nothing is checked.

use std::fmt::Write as _;

use super::schema::{Directive, Document, Field, InputValue, Literal, TypeDefinition, TypeKind, TypeRef, Value};

/// The text of a schema, one blank line between types.
pub fn print(document: &Document) -> String {
    let mut parts = Vec::with_capacity(document.types.len() + 1);
    if document.roots.declared {
        parts.push(roots(document));
    }
    parts.extend(document.types.iter().map(definition));
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

fn roots(document: &Document) -> String {
    let roots = &document.roots;
    let exists = |name: &str| document.types.iter().any(|found| found.name == name);
    let lines: String = [("query", &roots.query), ("mutation", &roots.mutation), ("subscription", &roots.subscription)]
        .into_iter()
        .filter(|(_, name)| exists(name))
        .fold(String::new(), |mut lines, (operation, name)| {
            let _ = writeln!(lines, "  {operation}: {name}");
            lines
        });
    format!("schema {{\n{lines}}}")
}

fn definition(found: &TypeDefinition) -> String {
    let mut text = String::new();
    description(&mut text, found.description.as_deref(), "");
    let _ = write!(text, "{} {}", found.keyword(), found.name);
    if let [first, rest @ ..] = found.interfaces() {
        let _ = write!(text, " implements {}", first.name);
        for name in rest {
            text.extend([" & ", &name.name]);
        }
    }
    directives(&mut text, &found.directives);
    match &found.kind {
        TypeKind::Scalar => {}
        TypeKind::Union(members) => {
            let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            let _ = write!(text, " = {}", names.join(" | "));
        }
        TypeKind::Object { fields, .. } | TypeKind::Interface { fields, .. } => {
            block(&mut text, fields, field);
        }
        TypeKind::Input(fields) => block(&mut text, fields, |text, item| {
            description(text, item.description.as_deref(), "  ");
            text.push_str("  ");
            input_value(text, item);
            text.push('\n');
        }),
        TypeKind::Enum(values) => block(&mut text, values, |text, item| {
            description(text, item.description.as_deref(), "  ");
            let _ = write!(text, "  {}", item.name);
            directives(text, &item.directives);
            text.push('\n');
        }),
    }
    text
}

fn block<T>(text: &mut String, items: &[T], mut each: impl FnMut(&mut String, &T)) {
    if items.is_empty() {
        return;
    }
    text.push_str(" {\n");
    for item in items {
        each(text, item);
    }
    text.push('}');
}

fn field(text: &mut String, field: &Field) {
    description(text, field.description.as_deref(), "  ");
    let _ = write!(text, "  {}", field.name);
    if let [first, rest @ ..] = &field.arguments[..] {
        text.push('(');
        input_value(text, first);
        for argument in rest {
            text.push_str(", ");
            input_value(text, argument);
        }
        text.push(')');
    }
    text.push_str(": ");
    type_ref(text, &field.type_ref);
    directives(text, &field.directives);
    text.push('\n');
}

fn input_value(text: &mut String, value: &InputValue) {
    let _ = write!(text, "{}: ", value.name);
    type_ref(text, &value.type_ref);
    if let Some(default) = &value.default {
        text.push_str(" = ");
        literal(text, default);
    }
    directives(text, &value.directives);
}

fn type_ref(text: &mut String, found: &TypeRef) {
    match found {
        TypeRef::Named(named) => text.push_str(&named.name),
        TypeRef::List(inner) => {
            text.push('[');
            type_ref(text, inner);
            text.push(']');
        }
        TypeRef::NonNull(inner) => {
            type_ref(text, inner);
            text.push('!');
        }
    }
}

impl std::fmt::Display for TypeRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        type_ref(&mut text, self);
        formatter.write_str(&text)
    }
}

fn directives(text: &mut String, list: &[Directive]) {
    for directive in list {
        let _ = write!(text, " @{}", directive.name);
        if directive.arguments.is_empty() {
            continue;
        }
        text.push('(');
        entries(text, &directive.arguments);
        text.push(')');
    }
}

fn entries(text: &mut String, list: &[(super::Named, Literal)]) {
    for (index, (name, value)) in list.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        let _ = write!(text, "{}: ", name.name);
        literal(text, value);
    }
}

fn literal(text: &mut String, literal_value: &Literal) {
    match &literal_value.value {
        Value::Null => text.push_str("null"),
        Value::Boolean(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) | Value::Float(number) => text.push_str(number),
        Value::String(content) => quoted(text, content),
        Value::Enum(name) => text.push_str(name),
        Value::Variable(name) => text.extend(["$", name]),
        Value::List(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                literal(text, item);
            }
            text.push(']');
        }
        Value::Object(list) => {
            text.push('{');
            entries(text, list);
            text.push('}');
        }
    }
}

impl std::fmt::Display for Literal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        literal(&mut text, self);
        formatter.write_str(&text)
    }
}

fn quoted(text: &mut String, content: &str) {
    text.push('"');
    for letter in content.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(text, "\\u{:04X}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

/// A description stands on one line, quoted, so that any text survives.
fn description(text: &mut String, content: Option<&str>, indent: &str) {
    if let Some(content) = content {
        text.push_str(indent);
        quoted(text, content);
        text.push('\n');
    }
}
