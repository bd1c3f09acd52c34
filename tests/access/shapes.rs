//! Values of any type of an API's schema, and the pieces of a request for a field of a root type.

use std::collections::BTreeMap;

use ampup::graphql::{TypeDefinition, TypeKind, TypeRef, parse};
use serde_json::{Map, Value, json};

/// The types of a schema.
pub(super) struct Shapes {
    types: BTreeMap<String, TypeDefinition>,
}

impl Shapes {
    pub(super) fn of(schema: &str) -> Self {
        let document = parse(schema).unwrap();
        Self { types: document.types.into_iter().map(|found| (found.name.clone(), found)).collect() }
    }

    /// A value of a type by its name; `mark` makes it one of its own where the type has room for that. `name` is that of
    /// the field.
    pub(super) fn named(&self, type_name: &str, name: &str, mark: &str) -> Value {
        let number = mark.bytes().fold(7_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(byte)));
        match type_name {
            "Int" => json!(number),
            "Float" => json!(1.5),
            "Boolean" => json!(true),
            "AWSDate" => json!("2026-01-02"),
            "AWSTime" => json!("03:04:05.678Z"),
            "AWSDateTime" => json!("2026-01-02T03:04:05.678Z"),
            "AWSTimestamp" => json!(1_767_323_045),
            "AWSEmail" => json!(format!("{mark}@example.com")),
            "AWSJSON" => json!("{\"a\":1}"),
            "AWSURL" => json!(format!("https://example.com/{mark}")),
            "AWSPhone" => json!("+14155550100"),
            "AWSIPAddress" => json!("127.0.0.1"),
            other => match self.types.get(other).map(|found| &found.kind) {
                Some(TypeKind::Enum(values)) => json!(values[0].name),
                Some(TypeKind::Input(fields)) => {
                    let needed = fields.iter().filter(|field| field.type_ref.is_required());
                    let member =
                        needed.map(|field| (field.name.clone(), self.value(&field.type_ref, &field.name, mark)));
                    Value::Object(member.collect())
                }
                Some(TypeKind::Object { fields, .. }) => {
                    let needed = fields.iter().filter(|field| field.type_ref.is_required());
                    let member =
                        needed.map(|field| (field.name.clone(), self.value(&field.type_ref, &field.name, mark)));
                    Value::Object(member.collect())
                }
                _ => json!(format!("{name}-{mark}")),
            },
        }
    }

    fn value(&self, type_ref: &TypeRef, name: &str, mark: &str) -> Value {
        match type_ref.element() {
            Some(element) => json!([self.value(element, name, mark)]),
            None => self.named(type_ref.name(), name, mark),
        }
    }

    /// A request for a field of a root type with everything that must be given: the document and its variables.
    pub(super) fn request(&self, root: &str, field: &str) -> (String, Value) {
        let found = self.types[root].fields().iter().find(|known| known.name == field).unwrap();
        let needed = found.arguments.iter().filter(|one| one.type_ref.is_required() && one.default.is_none());
        let (mut head, mut given, mut variables) = (Vec::new(), Vec::new(), Map::new());
        for argument in needed {
            let name = &argument.name;
            head.push(format!("${name}: {}", argument.type_ref));
            given.push(format!("{name}: ${name}"));
            variables.insert(name.clone(), self.value(&argument.type_ref, name, "1"));
        }
        let parenthesised = |parts: Vec<String>| {
            if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
        };
        let kind = self.types.get(found.type_ref.name()).map(|returned| &returned.kind);
        let leaf = matches!(kind, None | Some(TypeKind::Scalar | TypeKind::Enum(_)));
        let selection = if leaf { "" } else { " { __typename }" };
        let operation = root.to_lowercase();
        let text = format!("{operation} {} {{ {field}{}{selection} }}", parenthesised(head), parenthesised(given));
        (text, variables.into())
    }
}
