//! Types of a schema one by one, and the schema as text.
//!
//! Source: "CreateType", "GetType" and "GetIntrospectionSchema" in the AppSync API reference. Not here: types that are given
//! as JSON.

use apollo_compiler::ast::{self, Definition, Document};
use serde_json::Value;

use crate::cloud::service::ApiError;

use super::engine::{Engine, bad_request, not_found};
use super::schema::{CompiledSchema, messages};

/// Directives that are GraphQL's own: those of AppSync are what a caller may do without.
const STANDARD: [&str; 2] = ["deprecated", "specifiedBy"];

fn parse(text: &str) -> Result<Document, ApiError> {
    if text.trim().is_empty() {
        return Ok(Document::new());
    }
    Document::parse(text, "schema.graphql").map_err(|found| bad_request(messages(&found.errors).join("\n")))
}

/// The name of the type that a definition makes; none where it makes no type.
fn type_name(definition: &Definition) -> Option<&str> {
    let makes = matches!(
        definition,
        Definition::ScalarTypeDefinition(_)
            | Definition::ObjectTypeDefinition(_)
            | Definition::InterfaceTypeDefinition(_)
            | Definition::UnionTypeDefinition(_)
            | Definition::EnumTypeDefinition(_)
            | Definition::InputObjectTypeDefinition(_)
    );
    definition.name().filter(|_| makes).map(apollo_compiler::Name::as_str)
}

fn absent(name: &str) -> ApiError {
    not_found(format!("No type named {name} found."))
}

impl Engine {
    /// The definitions of an API's schema; none yet where it has no schema.
    fn definitions(&self, api_id: &str) -> Result<Document, ApiError> {
        parse(self.api(api_id)?.schema.as_deref().unwrap_or_default())
    }

    fn put_definitions(&self, api_id: &str, document: &Document) -> Result<(), ApiError> {
        let text = document.to_string();
        CompiledSchema::compile(&text).map_err(|errors| bad_request(errors.join("\n")))?;
        self.put_schema(api_id, &text).map(|_| ())
    }

    /// Adds a type to a schema; its name.
    pub(super) fn create_type(&self, api_id: &str, definition: &str) -> Result<String, ApiError> {
        let (name, definition) = one_type(definition)?;
        let mut document = self.definitions(api_id)?;
        if document.definitions.iter().any(|known| type_name(known) == Some(name.as_str())) {
            return Err(bad_request(format!("Type with name {name} already exists.")));
        }
        document.definitions.push(definition);
        self.put_definitions(api_id, &document)?;
        Ok(name)
    }

    /// Puts another definition in the place of a type's.
    pub(super) fn update_type(&self, api_id: &str, name: &str, definition: &str) -> Result<(), ApiError> {
        let mut document = self.definitions(api_id)?;
        let known = document.definitions.iter_mut().find(|known| type_name(known) == Some(name));
        let known = known.ok_or_else(|| absent(name))?;
        let (given, definition) = one_type(definition)?;
        if given != name {
            return Err(bad_request(format!("The definition is of the type {given}, not of {name}.")));
        }
        *known = definition;
        self.put_definitions(api_id, &document)
    }

    /// Takes a type out of a schema.
    pub(super) fn delete_type(&self, api_id: &str, name: &str) -> Result<(), ApiError> {
        let mut document = self.definitions(api_id)?;
        let before = document.definitions.len();
        document.definitions.retain(|known| type_name(known) != Some(name));
        if document.definitions.len() == before {
            return Err(absent(name));
        }
        self.put_definitions(api_id, &document)
    }
}

/// The one type that a text defines, with its name.
fn one_type(text: &str) -> Result<(String, Definition), ApiError> {
    let mut document = parse(text)?;
    match (document.definitions.pop(), document.definitions.is_empty()) {
        (Some(definition), true) => match type_name(&definition).map(str::to_owned) {
            Some(name) => Ok((name, definition)),
            None => Err(bad_request("The definition is not of a type.")),
        },
        _ => Err(bad_request("The definition must be of one type.")),
    }
}

/// One type in a format, `SDL` or `JSON`.
pub(super) fn definition(schema: &CompiledSchema, name: &str, format: &str) -> Result<String, ApiError> {
    let kind = schema.schema.types.get(name).ok_or_else(|| absent(name))?;
    if format == "SDL" {
        return Ok(kind.to_string());
    }
    let all: Value = serde_json::from_str(&schema.introspection_json()).unwrap_or_default();
    let types = all.pointer("/data/__schema/types").and_then(Value::as_array).into_iter().flatten();
    let found = types.into_iter().find(|kind| kind["name"] == name);
    found.map(Value::to_string).ok_or_else(|| absent(name))
}

/// A schema without the directives of AppSync.
pub(super) fn without_directives(text: &str) -> Result<String, ApiError> {
    let mut document = parse(text)?;
    document.definitions.retain(|definition| !matches!(definition, Definition::DirectiveDefinition(_)));
    document.definitions.iter_mut().for_each(strip);
    Ok(document.to_string())
}

fn bare(list: &mut ast::DirectiveList) {
    list.0.retain(|directive| STANDARD.contains(&directive.name.as_str()));
}

fn bare_fields(fields: &mut [apollo_compiler::Node<ast::FieldDefinition>]) {
    for field in fields {
        let field = field.make_mut();
        bare(&mut field.directives);
        bare_inputs(&mut field.arguments);
    }
}

fn bare_inputs(inputs: &mut [apollo_compiler::Node<ast::InputValueDefinition>]) {
    for input in inputs {
        bare(&mut input.make_mut().directives);
    }
}

fn strip(definition: &mut Definition) {
    match definition {
        Definition::SchemaDefinition(schema) => bare(&mut schema.make_mut().directives),
        Definition::ScalarTypeDefinition(scalar) => bare(&mut scalar.make_mut().directives),
        Definition::UnionTypeDefinition(union) => bare(&mut union.make_mut().directives),
        Definition::ObjectTypeDefinition(object) => {
            let object = object.make_mut();
            bare(&mut object.directives);
            bare_fields(&mut object.fields);
        }
        Definition::InterfaceTypeDefinition(interface) => {
            let interface = interface.make_mut();
            bare(&mut interface.directives);
            bare_fields(&mut interface.fields);
        }
        Definition::EnumTypeDefinition(choice) => {
            let choice = choice.make_mut();
            bare(&mut choice.directives);
            choice.values.iter_mut().for_each(|value| bare(&mut value.make_mut().directives));
        }
        Definition::InputObjectTypeDefinition(input) => {
            let input = input.make_mut();
            bare(&mut input.directives);
            bare_inputs(&mut input.fields);
        }
        _ => {}
    }
}
