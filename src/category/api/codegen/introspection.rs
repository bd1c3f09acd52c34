//! The model introspection document for front ends: models and custom operations of the schema as JSON.
//!
//! Fields and operations whose type is a union or interface are left out, as front ends cannot select from them.

use serde_json::{Map, Value as Json, json};

use super::metadata::{enums, model_fields};
use super::routes;
use crate::category::api::compile::plural::plural;
use crate::category::api::models::{self, KeyKind, ModelType, Models, Reading, Shape};
use crate::graphql::{Document, Field, InputValue, TypeDefinition, TypeKind, scalars};

/// The document of a schema as the user wrote it; `custom_keys` as in [`Reading`].
pub(in crate::category::api) fn document(schema: &Document, custom_keys: bool) -> Json {
    let models = models::read(schema, Reading { custom_keys, keys_always: true });
    let types = Types { models: &models, schema };
    let described: Map<String, Json> =
        models.stored.iter().map(|(name, found)| (name.clone(), model(found, &types))).collect();
    let others: Map<String, Json> = models
        .others
        .iter()
        .map(|(name, found)| {
            (name.clone(), json!({ "name": name, "fields": model_fields(found, |name| types.of(name)) }))
        })
        .collect();
    let mut all = json!({ "version": 1, "models": described, "enums": enums(&models), "nonModels": others });
    let (mut queries, mut generations) = (Map::new(), Map::new());
    for field in root(schema, &schema.roots.query) {
        let Some(operation) = types.operation(field) else { continue };
        let group = if field.directive("generation").is_some() { &mut generations } else { &mut queries };
        group.insert(field.name.clone(), operation);
    }
    let (mut mutations, mut conversations) = (Map::new(), Map::new());
    for field in root(schema, &schema.roots.mutation) {
        if field.directive("conversation").is_some() {
            let send = types.described(field, &Json::Null);
            conversations.insert(field.name.clone(), routes::conversation(&field.name, send));
        } else if let Some(operation) = types.operation(field) {
            mutations.insert(field.name.clone(), operation);
        }
    }
    let subscriptions = root(schema, &schema.roots.subscription)
        .iter()
        .filter_map(|field| Some((field.name.clone(), types.operation(field)?)))
        .collect();
    for (name, group) in [
        ("queries", queries),
        ("generations", generations),
        ("mutations", mutations),
        ("conversations", conversations),
        ("subscriptions", subscriptions),
        ("inputs", inputs(schema, &types)),
    ] {
        if !group.is_empty() {
            all[name] = Json::Object(group);
        }
    }
    all
}

fn root<'a>(schema: &'a Document, name: &str) -> &'a [Field] {
    schema.types.iter().find(|found| found.name == name).map_or(&[], TypeDefinition::fields)
}

fn inputs(schema: &Document, types: &Types<'_>) -> Map<String, Json> {
    let inputs = schema.types.iter().filter_map(|found| match &found.kind {
        TypeKind::Input(fields) => {
            Some((found.name.clone(), json!({ "name": found.name, "attributes": types.values(fields) })))
        }
        _ => None,
    });
    inputs.collect()
}

fn model(found: &ModelType, types: &Types<'_>) -> Json {
    let mut fields = model_fields(found, |name| types.of(name));
    for association in fields.values_mut().filter_map(|field| field.get_mut("association")) {
        if association["connectionType"] == "HAS_ONE" && association.get("targetNames").is_none() {
            association["targetNames"] = json!([]);
        }
    }
    let attributes: Vec<Json> = found
        .attributes
        .iter()
        .map(|attribute| json!({ "type": attribute.name, "properties": attribute.arguments }))
        .collect();
    let key = found.key.as_ref();
    json!({
        "name": found.name,
        "fields": fields,
        "syncable": true,
        "pluralName": plural(&found.name),
        "attributes": attributes,
        "primaryKeyInfo": {
            "isCustomPrimaryKey": key.is_some_and(|key| key.kind == KeyKind::Custom),
            "primaryKeyFieldName": key.map_or("id", |key| key.partition.as_str()),
            "sortKeyFieldNames": key.map(|key| key.sort.clone()).unwrap_or_default(),
        },
    })
}

/// What the names of types stand for.
struct Types<'a> {
    models: &'a Models,
    schema: &'a Document,
}

impl Types<'_> {
    /// `None` for unions and interfaces.
    fn of(&self, name: &str) -> Option<Json> {
        if let Some(known) = self.models.reference(name) {
            return Some(known);
        }
        let found = self.schema.types.iter().find(|found| found.name == name);
        match found.map(|found| &found.kind) {
            Some(TypeKind::Input(_)) => Some(json!({ "input": name })),
            _ => None,
        }
    }

    fn operation(&self, field: &Field) -> Option<Json> {
        Some(self.described(field, &self.of(field.type_ref.name())?))
    }

    /// An operation that gives `of`.
    fn described(&self, field: &Field, of: &Json) -> Json {
        let mut value = value(&field.name, &Shape::of(&field.type_ref), of);
        if !field.arguments.is_empty() {
            value["arguments"] = Json::Object(self.values(&field.arguments));
        }
        value
    }

    fn values(&self, values: &[InputValue]) -> Map<String, Json> {
        let known = values.iter().filter_map(|one| {
            let of = self.of(one.type_ref.name())?;
            Some((one.name.clone(), value(&one.name, &Shape::of(&one.type_ref), &of)))
        });
        known.collect()
    }
}

/// An argument, or an operation.
fn value(name: &str, shape: &Shape, of: &Json) -> Json {
    let mut value = json!({
        "name": name,
        "isArray": shape.list.is_some(),
        "type": of,
        "isRequired": !shape.nullable,
    });
    if let Some(nullable) = shape.list {
        value["isArrayNullable"] = Json::Bool(nullable);
    }
    value
}

impl Models {
    /// A scalar, enum, model or other object type as JSON.
    pub(super) fn reference(&self, name: &str) -> Option<Json> {
        if scalars::is_scalar(name) {
            Some(Json::from(name))
        } else if self.enums.contains_key(name) {
            Some(json!({ "enum": name }))
        } else if self.others.contains_key(name) {
            Some(json!({ "nonModel": name }))
        } else {
            self.stored.contains_key(name).then(|| json!({ "model": name }))
        }
    }
}
