//! The answer of a field out of its value: lists, nested objects, scalars, and the errors of what does not fit its type.

use apollo_compiler::Node;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::{Field, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use serde_json::Value;

use super::fields::together;
use super::path::{Bubble, Path, Segment, null_for};
use super::{Execution, scalars};
use crate::base::BoxFuture;
use crate::cloud::appsync::fault::Fault;

impl<'a> Execution<'a> {
    /// Makes the answer of a field out of what its resolver or its parent gave.
    pub(super) fn complete<'f>(
        &'f self,
        kind: &'f Type,
        (object, fields): (&'f str, &'f [&'a Node<Field>]),
        value: &'f Value,
        path: Path<'f>,
    ) -> BoxFuture<'f, Result<Value, Bubble>> {
        Box::pin(async move {
            if value.is_null() {
                if kind.is_non_null() {
                    let message = format!(
                        "Cannot return null for non-nullable type: '{}' within parent '{object}' ({})",
                        kind.inner_named_type(),
                        path.text()
                    );
                    self.record(Fault::document(message, None), fields, path);
                }
                return null_for(kind);
            }
            if let Type::List(item) | Type::NonNullList(item) = kind {
                return self.list((kind, item), (object, fields), value, path).await;
            }
            let name = kind.inner_named_type();
            let refused = |message: String| {
                self.record(Fault::document(message, None), fields, path);
                null_for(kind)
            };
            match self.api.schema.schema.types.get(name) {
                Some(ExtendedType::Scalar(_)) => match scalars::output(name, value.clone()) {
                    Some(value) => Ok(value),
                    None => refused(format!(
                        "Can't serialize value ({}) : Expected type '{name}' but was '{}'.",
                        path.text(),
                        described(value)
                    )),
                },
                Some(ExtendedType::Enum(definition)) => match value.as_str() {
                    Some(text) if definition.values.contains_key(text) => Ok(value.clone()),
                    _ => refused(format!(
                        "Can't serialize value ({}) : Invalid input for Enum '{name}'. No value found for name '{}'",
                        path.text(),
                        plain_text(value)
                    )),
                },
                Some(ExtendedType::Object(_)) if value.is_object() => {
                    self.nested((kind, name), fields, value, path).await
                }
                Some(ExtendedType::Interface(_) | ExtendedType::Union(_)) if value.is_object() => {
                    let actual = value.get("__typename").and_then(Value::as_str);
                    match actual.filter(|actual| self.api.schema.schema.is_subtype(name, actual)) {
                        Some(actual) => self.nested((kind, actual), fields, value, path).await,
                        None => refused(format!(
                            "Abstract type '{name}' must resolve to an Object type at runtime for field {object}.{}: `__typename` is missing or not one of its types.",
                            fields[0].name
                        )),
                    }
                }
                _ => refused(format!(
                    "Can't resolve value ({}) : type mismatch error, expected type OBJECT",
                    path.text()
                )),
            }
        })
    }

    async fn nested(
        &self,
        (kind, name): (&Type, &str),
        fields: &[&'a Node<Field>],
        value: &Value,
        path: Path<'_>,
    ) -> Result<Value, Bubble> {
        let sets: Vec<&'a SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
        let inner = self.collect(name, &sets);
        self.object((name, false), inner, value, Some(&path)).await.or_else(|Bubble| null_for(kind))
    }

    async fn list(
        &self,
        (kind, item): (&Type, &Type),
        (object, fields): (&str, &[&'a Node<Field>]),
        value: &Value,
        path: Path<'_>,
    ) -> Result<Value, Bubble> {
        let Value::Array(items) = value else {
            let message = format!("Can't resolve value ({}) : type mismatch error, expected type LIST", path.text());
            self.record(Fault::document(message, None), fields, path);
            return null_for(kind);
        };
        let pending: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let path = Path { parent: Some(&path), segment: Segment::Index(index) };
                self.complete(item, (object, fields), value, path)
            })
            .collect();
        let values: Result<Vec<Value>, Bubble> = together(pending).await.into_iter().collect();
        values.map_or_else(|Bubble| null_for(kind), |values| Ok(Value::Array(values)))
    }
}

/// What a value is, in graphql-java's words.
fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "Double",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "ArrayList",
        Value::Object(_) => "LinkedHashMap",
    }
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
