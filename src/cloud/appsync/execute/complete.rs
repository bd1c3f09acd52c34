//! The answer of a field out of its value, where fields below it have resolvers: lists, nested objects, interfaces, unions.
//!
//! Not here: what is read off its parent alone, which is in `still`.

use apollo_compiler::Node;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::{Field, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use serde_json::Value;

use super::Execution;
use super::fields::together;
use super::path::{Bubble, Path, Segment, null_for};
use super::still::no_object;
use crate::base::BoxFuture;
use crate::cloud::appsync::fault::Fault;

impl<'a> Execution<'a> {
    /// Makes the answer of a field out of what its resolver or its parent gave.
    pub(super) async fn complete(
        &self,
        kind: &Type,
        (object, fields): (&str, &[&'a Node<Field>]),
        value: &Value,
        path: Path<'_>,
    ) -> Result<Value, Bubble> {
        let sets: Vec<&'a SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
        match self.shape(kind.inner_named_type(), &sets) {
            Some(shape) => self.at_once((kind, &shape), (object, fields), value, path),
            None => self.moving(kind, (object, fields), value, path).await,
        }
    }

    fn moving<'f>(
        &'f self,
        kind: &'f Type,
        (object, fields): (&'f str, &'f [&'a Node<Field>]),
        value: &'f Value,
        path: Path<'f>,
    ) -> BoxFuture<'f, Result<Value, Bubble>> {
        Box::pin(async move {
            if value.is_null() {
                return self.nothing(kind, (object, fields), path);
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
                _ if value.is_object() => self.nested((kind, name), fields, value, path).await,
                _ => refused(no_object(path)),
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
        let Value::Array(items) = value else { return self.no_list(kind, fields, path) };
        let pending: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let path = Path { parent: Some(&path), segment: Segment::Index(index) };
                self.moving(item, (object, fields), value, path)
            })
            .collect();
        let values: Result<Vec<Value>, Bubble> = together(pending).await.into_iter().collect();
        values.map_or_else(|Bubble| null_for(kind), |values| Ok(Value::Array(values)))
    }
}
