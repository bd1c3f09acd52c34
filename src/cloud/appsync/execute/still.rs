//! Parts of an answer below which no code runs: looked at once, then read off their parents item by item.
//!
//! A list of a hundred items has hundreds of fields. Waiting for each as for one that has a resolver would cost more than
//! all the rest of the request. Not here: fields with resolvers, interfaces and unions.

use std::sync::atomic::Ordering;

use apollo_compiler::Node;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::{Field, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use serde_json::{Map, Value};

use super::path::{Bubble, Path, Segment, null_for};
use super::selection::Merged;
use super::{Execution, FIELD_LIMIT, scalars};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::resolve::not_authorized;

/// What a selection makes of a type, where all of it is read off the parent.
pub(super) enum Shape<'a> {
    Scalar(&'a str),
    Enum(&'a apollo_compiler::schema::EnumType),
    Object(&'a str, Vec<Member<'a>>),
}

/// One field of an object.
pub(super) struct Member<'a> {
    key: &'a str,
    fields: Merged<'a>,
    /// None is `__typename`.
    shape: Option<Shape<'a>>,
    /// Whether the caller may see it.
    seen: bool,
}

impl<'a> Execution<'a> {
    /// The shape of a type under a selection; none when code may run somewhere below.
    pub(super) fn shape(&self, kind: &str, sets: &[&'a SelectionSet]) -> Option<Shape<'a>> {
        let (name, definition) = self.api.schema.schema.types.get_key_value(kind)?;
        match definition {
            ExtendedType::Scalar(_) => Some(Shape::Scalar(name)),
            ExtendedType::Enum(definition) => Some(Shape::Enum(definition)),
            ExtendedType::Object(_) => {
                let members = self.collect(name, sets).into_iter().map(|entry| self.member(name, entry));
                Some(Shape::Object(name, members.collect::<Option<_>>()?))
            }
            _ => None,
        }
    }

    fn member(&self, object: &str, (key, fields): (&'a str, Merged<'a>)) -> Option<Member<'a>> {
        let name = fields[0].name.as_str();
        if name == "__typename" {
            return Some(Member { key, fields, shape: None, seen: true });
        }
        if self.resolves && self.api.resolver(object, name).is_some() {
            return None;
        }
        let sets: Vec<&'a SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
        let shape = Some(self.shape(fields[0].definition.ty.inner_named_type(), &sets)?);
        let seen = self.requester.may_see(self.api, &self.backends.iam, (object, name));
        Some(Member { key, fields, shape, seen })
    }

    /// The answer of a field out of a value, by its shape.
    pub(super) fn at_once(
        &self,
        (kind, shape): (&Type, &Shape<'a>),
        (object, fields): (&str, &[&'a Node<Field>]),
        value: &Value,
        path: Path<'_>,
    ) -> Result<Value, Bubble> {
        if value.is_null() {
            return self.nothing(kind, (object, fields), path);
        }
        if let Type::List(item) | Type::NonNullList(item) = kind {
            let Value::Array(items) = value else { return self.no_list(kind, fields, path) };
            let each = items.iter().enumerate().map(|(index, value)| {
                let path = Path { parent: Some(&path), segment: Segment::Index(index) };
                self.at_once((item, shape), (object, fields), value, path)
            });
            // All of them, so that each tells what is wrong with it.
            let values: Vec<_> = each.collect();
            let values: Result<Vec<Value>, Bubble> = values.into_iter().collect();
            return values.map_or_else(|Bubble| null_for(kind), |values| Ok(Value::Array(values)));
        }
        let made = match shape {
            Shape::Scalar(name) => scalars::output(name, value.clone()).ok_or_else(|| {
                let wanted = described(value);
                format!("Can't serialize value ({}) : Expected type '{name}' but was '{wanted}'.", path.text())
            }),
            Shape::Enum(definition) => match value.as_str() {
                Some(text) if definition.values.contains_key(text) => Ok(value.clone()),
                _ => Err(format!(
                    "Can't serialize value ({}) : Invalid input for Enum '{}'. No value found for name '{}'",
                    path.text(),
                    definition.name,
                    plain_text(value)
                )),
            },
            Shape::Object(name, members) if value.is_object() => {
                return self.members((name, members), value, path).or_else(|Bubble| null_for(kind));
            }
            Shape::Object(..) => Err(no_object(path)),
        };
        made.or_else(|message| {
            self.record(Fault::document(message, None), fields, path);
            null_for(kind)
        })
    }

    fn members(
        &self,
        (object, members): (&str, &[Member<'a>]),
        value: &Value,
        path: Path<'_>,
    ) -> Result<Value, Bubble> {
        if self.fields.load(Ordering::Relaxed) >= FIELD_LIMIT {
            // The rest is not even looked at: that alone would take long.
            if let Some(first) = members.first() {
                let path = Path { parent: Some(&path), segment: Segment::Key(first.key) };
                let _ = self.too_many(&first.fields, path);
            }
            return Err(Bubble);
        }
        let mut made = Map::new();
        let mut bubbles = false;
        for member in members {
            let path = Path { parent: Some(&path), segment: Segment::Key(member.key) };
            match self.member_of((object, member), value, path) {
                Ok(value) => {
                    made.insert(member.key.to_owned(), value);
                }
                // The others still tell what is wrong with them.
                Err(Bubble) => bubbles = true,
            }
        }
        if bubbles { Err(Bubble) } else { Ok(Value::Object(made)) }
    }

    fn member_of(&self, (object, member): (&str, &Member<'a>), value: &Value, path: Path<'_>) -> Result<Value, Bubble> {
        if self.is_too_deep(path) {
            return self.too_deep(&member.fields, path);
        }
        let Some(shape) = &member.shape else { return Ok(object.into()) };
        let field = member.fields[0];
        if self.fields.fetch_add(1, Ordering::Relaxed) >= FIELD_LIMIT {
            return self.too_many(&member.fields, path);
        }
        if !member.seen {
            self.record(Fault::raised("Unauthorized", not_authorized(object, &field.name)), &member.fields, path);
            return null_for(&field.definition.ty);
        }
        let value = value.get(field.name.as_str()).unwrap_or(&Value::Null);
        self.at_once((&field.definition.ty, shape), (object, &member.fields), value, path)
    }

    /// Null where there is no value, told where the type takes none.
    pub(super) fn nothing(
        &self,
        kind: &Type,
        (object, fields): (&str, &[&'a Node<Field>]),
        path: Path<'_>,
    ) -> Result<Value, Bubble> {
        if kind.is_non_null() {
            let message = format!(
                "Cannot return null for non-nullable type: '{}' within parent '{object}' ({})",
                kind.inner_named_type(),
                path.text()
            );
            self.record(Fault::document(message, None), fields, path);
        }
        null_for(kind)
    }

    pub(super) fn no_list(&self, kind: &Type, fields: &[&'a Node<Field>], path: Path<'_>) -> Result<Value, Bubble> {
        let message = format!("Can't resolve value ({}) : type mismatch error, expected type LIST", path.text());
        self.record(Fault::document(message, None), fields, path);
        null_for(kind)
    }

    /// Whether a field lies below the levels that the API lets an operation have.
    pub(super) fn is_too_deep(&self, path: Path<'_>) -> bool {
        self.deepest.is_some_and(|deepest| path.depth() > deepest)
    }

    /// The refusal of such a field.
    pub(super) fn too_deep(&self, fields: &[&'a Node<Field>], path: Path<'_>) -> Result<Value, Bubble> {
        self.record(Fault::raised("QueryDepthLimitReached", "Query depth limit reached."), fields, path);
        null_for(&fields[0].definition.ty)
    }

    /// The refusal of an answer that is too large.
    pub(super) fn too_many(&self, fields: &[&'a Node<Field>], path: Path<'_>) -> Result<Value, Bubble> {
        let message = format!("The answer has more than {FIELD_LIMIT} fields.");
        self.record(Fault::raised("ResponseTooLarge", message), fields, path);
        null_for(&fields[0].definition.ty)
    }
}

/// That a value is none of an object type.
pub(super) fn no_object(path: Path<'_>) -> String {
    format!("Can't resolve value ({}) : type mismatch error, expected type OBJECT", path.text())
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
