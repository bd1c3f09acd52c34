//! TypeScript types of an API: everything that operations take and give, and the variables and result of each.

use std::fmt::Write as _;

use indexmap::IndexSet;

use super::selection::{Fragment, Operation, Selected, Types};
use crate::graphql::{InputValue, TypeDefinition, TypeKind, TypeRef};

/// The TypeScript type of a scalar; none when the name is no scalar of AppSync.
pub(super) fn scalar(name: &str) -> Option<&'static str> {
    match name {
        "Int" | "Float" | "AWSTimestamp" => Some("number"),
        "Boolean" => Some("boolean"),
        other => crate::graphql::scalars::is_scalar(other).then_some("string"),
    }
}

/// `API.ts`.
pub(super) fn document(types: &Types<'_>, operations: &[Operation<'_>]) -> String {
    let mut used = Used { types, names: IndexSet::new() };
    for operation in operations {
        for argument in operation.arguments {
            used.add(argument.type_ref.name());
        }
        used.selected(&operation.field);
    }
    let names = used.names;
    let mut writer = Writer { types, text: String::new() };
    for name in names {
        if let Some(found) = types.by_name.get(name) {
            writer.declare(found);
        }
    }
    for operation in operations {
        writer.operation(operation);
    }
    writer.shared(operations);
    writer.text
}

/// The types that operations reach.
struct Used<'t, 'a> {
    types: &'t Types<'a>,
    names: IndexSet<&'a str>,
}

impl<'a> Used<'_, 'a> {
    fn add(&mut self, name: &str) {
        let mut waiting = vec![name];
        while let Some(name) = waiting.pop() {
            let Some((name, found)) = self.types.by_name.get_key_value(name) else { continue };
            if !self.names.insert(name) {
                continue;
            }
            let mut next: Vec<&str> = Vec::new();
            if let Some(members) = self.types.members(name) {
                next.extend(members.iter().map(|member| member.name.as_str()));
            }
            next.extend(found.input_fields().iter().map(|field| field.type_ref.name()));
            if found.is_object() {
                next.extend(found.interfaces().iter().map(|interface| interface.name.as_str()));
                next.extend(found.fields().iter().map(|field| field.type_ref.name()));
            }
            waiting.extend(next.into_iter().rev());
        }
    }

    fn selected(&mut self, field: &Selected<'a>) {
        if let Some(type_ref) = field.type_ref {
            self.add(type_ref.name());
        }
        let inner = field.fragments.iter().flat_map(|fragment| &fragment.fields);
        for inner in field.fields.iter().chain(inner) {
            self.selected(inner);
        }
    }
}

/// How the names of types are written inside a selection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// As the literal name.
    Literal,
    /// As any text: below a member of a union or interface.
    Text,
}

struct Writer<'t, 'a> {
    types: &'t Types<'a>,
    text: String,
}

impl Writer<'_, '_> {
    fn declare(&mut self, found: &TypeDefinition) {
        let name = &found.name;
        match &found.kind {
            TypeKind::Enum(values) => {
                self.comment(found.description.as_deref(), 0);
                let _ = writeln!(self.text, "export enum {name} {{");
                for value in values {
                    self.comment(value.description.as_deref(), 2);
                    let _ = writeln!(self.text, "  {0} = \"{0}\",", value.name);
                }
                self.text.push_str("}\n\n");
            }
            TypeKind::Union(members) => {
                let members: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
                self.comment(found.description.as_deref(), 0);
                let _ = write!(self.text, "export type {name} = {};\n\n", members.join(" | "));
            }
            TypeKind::Input(fields) => {
                self.comment(found.description.as_deref(), 0);
                self.values(name, fields);
            }
            TypeKind::Object { fields, .. } | TypeKind::Interface { fields, .. } => {
                self.comment(found.description.as_deref(), 0);
                let _ = write!(self.text, "export type {name} = {{\n  __typename: \"{name}\",\n");
                for field in fields {
                    self.comment(field.description.as_deref(), 2);
                    self.property(&field.name, &field.type_ref, 2);
                }
                self.text.push_str("};\n\n");
            }
            TypeKind::Scalar => {}
        }
    }

    fn values(&mut self, name: &str, values: &[InputValue]) {
        let _ = writeln!(self.text, "export type {name} = {{");
        for value in values {
            self.comment(value.description.as_deref(), 2);
            self.property(&value.name, &value.type_ref, 2);
        }
        self.text.push_str("};\n\n");
    }

    fn comment(&mut self, description: Option<&str>, indent: usize) {
        // Whatever ends a line ends the comment.
        let lines = description.into_iter().flat_map(|text| text.split(['\n', '\r', '\u{2028}', '\u{2029}']));
        for line in lines.filter(|line| !line.trim().is_empty()) {
            let _ = writeln!(self.text, "{:indent$}// {}", "", line.trim());
        }
    }

    fn property(&mut self, name: &str, type_ref: &TypeRef, indent: usize) {
        let optional = if type_ref.is_required() { "" } else { "?" };
        let _ = writeln!(self.text, "{:indent$}{name}{optional}: {},", "", typed(type_ref));
    }

    fn operation(&mut self, operation: &Operation<'_>) {
        let name = format!("{}{}", operation.name, operation.kind.title());
        self.values(&format!("{name}Variables"), operation.arguments);
        let _ = writeln!(self.text, "export type {name} = {{");
        self.field(&operation.field, 2, Names::Literal);
        self.text.push_str("};\n\n");
    }

    /// A selected field; objects are written out.
    fn field(&mut self, field: &Selected<'_>, indent: usize, names: Names) {
        let Some(type_ref) = field.type_ref else { return };
        self.comment(field.description, indent);
        if field.fields.is_empty() && field.fragments.is_empty() {
            return self.property(field.name, type_ref, indent);
        }
        let choice = self.types.members(type_ref.name());
        let optional = if type_ref.is_required() || choice.is_some() { "" } else { "?" };
        let _ = write!(self.text, "{:indent$}{}{optional}: ", "", field.name);
        self.wrapped(type_ref, field, indent, names);
        self.text.push_str(",\n");
    }

    /// A type around a selected object: lists, and what may be null.
    fn wrapped(&mut self, type_ref: &TypeRef, field: &Selected<'_>, indent: usize, names: Names) {
        match type_ref {
            TypeRef::NonNull(inner) => self.bare(inner, field, indent, names),
            other => {
                self.bare(other, field, indent, names);
                self.text.push_str(" | null");
            }
        }
    }

    fn bare(&mut self, type_ref: &TypeRef, field: &Selected<'_>, indent: usize, names: Names) {
        match type_ref {
            TypeRef::List(inner) => {
                self.text.push_str("Array<");
                self.wrapped(inner, field, indent, names);
                self.text.push('>');
            }
            TypeRef::NonNull(inner) => self.bare(inner, field, indent, names),
            TypeRef::Named(named) => self.object(&named.name, field, indent, names),
        }
    }

    fn object(&mut self, name: &str, field: &Selected<'_>, indent: usize, names: Names) {
        let shared = field.fragments.iter().filter(|fragment| fragment.shared).flat_map(|fragment| &fragment.fields);
        let Some(members) = self.types.members(name) else {
            let fields: Vec<&Selected<'_>> = field.fields.iter().chain(shared).collect();
            return self.block(name, &fields, indent, names, names);
        };
        self.text.push('(');
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                self.text.push_str(" | ");
            }
            let own = field.fragments.iter().find(|fragment| fragment.on == member.name);
            let inside = if own.is_some() { Names::Text } else { names };
            let own = own.into_iter().flat_map(|fragment| &fragment.fields);
            let fields: Vec<&Selected<'_>> = field.fields.iter().chain(own).collect();
            self.block(&member.name, &fields, indent, Names::Literal, inside);
        }
        self.text.push(')');
    }

    /// `{ … }`: the name of the type as `names` says, below it as `inside` says.
    fn block(&mut self, name: &str, fields: &[&Selected<'_>], indent: usize, names: Names, inside: Names) {
        let name = if names == Names::Literal { format!("\"{name}\"") } else { "string".to_owned() };
        let _ = writeln!(self.text, "{{\n{:indent$}  __typename: {name},", "");
        for field in fields {
            self.field(field, indent + 2, inside);
        }
        let _ = write!(self.text, "{:indent$}}}", "");
    }

    /// The types of the shared fragments.
    fn shared(&mut self, operations: &[Operation<'_>]) {
        let mut done: IndexSet<&str> = IndexSet::new();
        let mut waiting: Vec<&Selected<'_>> = operations.iter().map(|operation| &operation.field).rev().collect();
        while let Some(field) = waiting.pop() {
            waiting.extend(field.fields.iter().rev());
            for Fragment { on, fields, shared } in &field.fragments {
                if !shared {
                    waiting.extend(fields);
                } else if done.insert(on) {
                    let _ = write!(self.text, "export type {on}Fragment = ");
                    let fields: Vec<&Selected<'_>> = fields.iter().collect();
                    self.block(on, &fields, 0, Names::Literal, Names::Literal);
                    self.text.push_str(";\n\n");
                }
            }
        }
    }
}

/// A type as TypeScript.
fn typed(type_ref: &TypeRef) -> String {
    match type_ref {
        TypeRef::NonNull(inner) => not_null(inner),
        other => format!("{} | null", not_null(other)),
    }
}

fn not_null(type_ref: &TypeRef) -> String {
    match type_ref {
        TypeRef::List(inner) => format!("Array<{}>", typed(inner)),
        TypeRef::NonNull(inner) => not_null(inner),
        TypeRef::Named(named) => scalar(&named.name).map_or_else(|| named.name.clone(), str::to_owned),
    }
}
