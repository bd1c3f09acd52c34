//! Input coercion: variables, arguments, literals, defaults.
//!
//! Not here: output, and the checks of documents that need no values.

use apollo_compiler::Node;
use apollo_compiler::ast::{InputValueDefinition, Type, Value as Literal, VariableDefinition};
use apollo_compiler::executable::Field;
use apollo_compiler::schema::{ExtendedType, Schema};
use serde_json::{Map, Value};

use super::scalars;

/// Why a value cannot be one of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud::appsync) enum Misfit {
    /// The variable, or a part of it, is not of the type.
    Invalid,
    /// Null where it may not be: the type. AppSync names the variable alone, also where a field deep inside is null.
    Null(String),
    /// A field that the input type does not have.
    Unknown(String, String),
}

/// The variables as resolvers see them, or AppSync's message and the definition of the variable at fault.
pub(in crate::cloud::appsync) fn variables<'a>(
    schema: &Schema,
    definitions: &'a [Node<VariableDefinition>],
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, (String, &'a Node<VariableDefinition>)> {
    let mut values = Map::new();
    for definition in definitions {
        let name = definition.name.as_str();
        let value = match (given.get(name), &definition.default_value) {
            (None, Some(default)) => literal(schema, &definition.ty, default, &Map::new()).ok_or(Misfit::Invalid),
            (None, None) if !definition.ty.is_non_null() => continue,
            (None, None) => Err(Misfit::Null(definition.ty.to_string())),
            (Some(value), _) => variable(schema, &definition.ty, value),
        };
        match value {
            Ok(value) => {
                values.insert(name.to_owned(), value);
            }
            Err(misfit) => return Err((message(name, &misfit), definition)),
        }
    }
    Ok(values)
}

fn message(name: &str, misfit: &Misfit) -> String {
    match misfit {
        Misfit::Invalid => format!("Variable '{name}' has an invalid value."),
        Misfit::Null(kind) => format!("Variable '{name}' has coerced Null value for NonNull type '{kind}'"),
        Misfit::Unknown(field, kind) => {
            format!(
                "The variables input contains a field name '{field}' that is not defined for input object type '{kind}' "
            )
        }
    }
}

fn variable(schema: &Schema, kind: &Type, value: &Value) -> Result<Value, Misfit> {
    if value.is_null() {
        return if kind.is_non_null() { Err(Misfit::Null(kind.to_string())) } else { Ok(Value::Null) };
    }
    if let Type::List(item) | Type::NonNullList(item) = kind {
        return match value {
            Value::Array(items) => items.iter().map(|one| variable(schema, item, one)).collect(),
            // One value stands for a list of it.
            one => Ok(Value::Array(vec![variable(schema, item, one)?])),
        };
    }
    match schema.types.get(kind.inner_named_type()) {
        Some(ExtendedType::Scalar(scalar)) => scalars::input(&scalar.name, value).ok_or(Misfit::Invalid),
        Some(ExtendedType::Enum(definition)) => match value.as_str() {
            Some(name) if definition.values.contains_key(name) => Ok(value.clone()),
            _ => Err(Misfit::Invalid),
        },
        Some(ExtendedType::InputObject(definition)) => {
            let Value::Object(given) = value else { return Err(Misfit::Invalid) };
            if let Some(unknown) = given.keys().find(|key| !definition.fields.contains_key(key.as_str())) {
                return Err(Misfit::Unknown(unknown.clone(), definition.name.to_string()));
            }
            let mut object = Map::new();
            for (name, member) in &definition.fields {
                let value = match (given.get(name.as_str()), &member.default_value) {
                    (Some(value), _) => variable(schema, &member.ty, value)?,
                    (None, Some(default)) => {
                        literal(schema, &member.ty, default, &Map::new()).ok_or(Misfit::Invalid)?
                    }
                    (None, None) if member.ty.is_non_null() => {
                        return Err(Misfit::Null(member.ty.to_string()));
                    }
                    (None, None) => continue,
                };
                object.insert(name.to_string(), value);
            }
            Ok(Value::Object(object))
        }
        _ => Err(Misfit::Invalid),
    }
}

/// The arguments of a field as its resolver sees them; the error names the argument.
pub(in crate::cloud::appsync) fn arguments(
    schema: &Schema,
    field: &Field,
    variables: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let mut values = Map::new();
    for definition in &field.definition.arguments {
        let given = field.arguments.iter().find(|argument| argument.name == definition.name);
        let given = given.map(|argument| &argument.value).filter(|value| !is_absent(value, variables));
        if let Some(value) = argument(schema, definition, given, variables)? {
            values.insert(definition.name.to_string(), value);
        }
    }
    Ok(values)
}

/// A variable that was not given counts as an argument that was not given.
fn is_absent(value: &Literal, variables: &Map<String, Value>) -> bool {
    value.as_variable().is_some_and(|name| !variables.contains_key(name.as_str()))
}

fn argument(
    schema: &Schema,
    definition: &InputValueDefinition,
    given: Option<&Node<Literal>>,
    variables: &Map<String, Value>,
) -> Result<Option<Value>, String> {
    let refused = || format!("Argument '{}' has an invalid value", definition.name);
    match (given, &definition.default_value) {
        (Some(value), _) => literal(schema, &definition.ty, value, variables).map(Some).ok_or_else(refused),
        (None, Some(default)) => literal(schema, &definition.ty, default, variables).map(Some).ok_or_else(refused),
        (None, None) if definition.ty.is_non_null() => {
            Err(format!("Argument '{}' of the non-null type '{}' is missing", definition.name, definition.ty))
        }
        (None, None) => Ok(None),
    }
}

/// A literal as resolvers see it, with variables filled in; none when it is not one of the type.
pub(in crate::cloud::appsync) fn literal(
    schema: &Schema,
    kind: &Type,
    value: &Literal,
    variables: &Map<String, Value>,
) -> Option<Value> {
    if let Literal::Variable(name) = value {
        let value = variables.get(name.as_str()).cloned().unwrap_or(Value::Null);
        return (!(value.is_null() && kind.is_non_null())).then_some(value);
    }
    if value.is_null() {
        return (!kind.is_non_null()).then_some(Value::Null);
    }
    if let Type::List(item) | Type::NonNullList(item) = kind {
        return match value {
            Literal::List(items) => items.iter().map(|one| literal(schema, item, one, variables)).collect(),
            one => Some(Value::Array(vec![literal(schema, item, one, variables)?])),
        };
    }
    match schema.types.get(kind.inner_named_type())? {
        ExtendedType::Scalar(scalar) => scalars::input(&scalar.name, &plain(value)?),
        ExtendedType::Enum(definition) => {
            let name = value.as_enum()?;
            definition.values.contains_key(name).then(|| name.to_string().into())
        }
        ExtendedType::InputObject(definition) => {
            let members = value.as_object()?;
            if members.iter().any(|(name, _)| !definition.fields.contains_key(name)) {
                return None;
            }
            let mut object = Map::new();
            for (name, member) in &definition.fields {
                let given = members.iter().find(|(one, _)| one == name).map(|(_, value)| value);
                let given = given.filter(|value| !is_absent(value, variables));
                if let Some(value) = argument(schema, member, given, variables).ok()? {
                    object.insert(name.to_string(), value);
                }
            }
            Some(Value::Object(object))
        }
        _ => None,
    }
}

/// A scalar literal as JSON.
fn plain(value: &Literal) -> Option<Value> {
    match value {
        Literal::String(text) => Some(text.clone().into()),
        Literal::Boolean(flag) => Some((*flag).into()),
        Literal::Int(number) => serde_json::from_str(number.as_str()).ok().map(Value::Number),
        Literal::Float(number) => number.try_to_f64().ok().and_then(serde_json::Number::from_f64).map(Value::Number),
        _ => None,
    }
}
