//! A model by itself: its own fields, primary key, timestamps, and the keys that its fields declare.

use serde_json::{Map, Value as Json, json};

use super::{Attribute, FieldDirective, KeyKind, ModelField, ModelType, PrimaryKey, Reading, Shape, literals};
use crate::category::api::compile::names;
use crate::graphql::TypeDefinition;

/// Reads a model.
pub(super) fn model(found: &TypeDefinition, reading: Reading) -> ModelType {
    let attributes = found
        .directives
        .iter()
        .map(|directive| Attribute { name: directive.name.clone(), arguments: literals::arguments(directive) })
        .collect();
    let fields = found.fields().iter().map(ModelField::read).collect();
    let mut model = ModelType { name: found.name.clone(), fields, attributes, key: None };
    complete(&mut model, reading);
    model
}

/// Adds what every model has: a primary key and timestamps. `id` stands first.
pub(super) fn complete(model: &mut ModelType, reading: Reading) {
    let declared = model.fields.iter().find_map(|field| Some((field.name.clone(), field.directive("primaryKey")?)));
    let key = declared.map(|(partition, directive)| (partition, directive.texts("sortKeyFields")));
    if !(reading.custom_keys || reading.keys_always) {
        ensure_id(model);
    } else if let Some((partition, sort)) = key {
        let alone = partition == "id" && sort.is_empty();
        let kind = if alone { KeyKind::OptionallyManaged } else { KeyKind::Custom };
        model.key = Some(PrimaryKey { kind, partition, sort });
        for directive in model.fields.iter_mut().flat_map(|field| &mut field.directives) {
            directive.seen = true;
        }
    } else {
        ensure_id(model);
        model.key = Some(PrimaryKey { kind: KeyKind::Managed, partition: "id".to_owned(), sort: Vec::new() });
    }
    timestamps(model);
    if let Some(place) = model.fields.iter().position(|field| field.name == "id") {
        model.fields[..=place].rotate_right(1);
    }
}

fn ensure_id(model: &mut ModelType) {
    match model.fields.iter_mut().find(|field| field.name == "id") {
        Some(id) => id.shape.nullable = false,
        None => model.fields.insert(0, ModelField::implied("id", Shape::one("ID", false))),
    }
}

fn timestamps(model: &mut ModelType) {
    let directive = model.attributes.iter().find(|attribute| attribute.name == "model");
    let given = directive.and_then(|directive| directive.arguments.get("timestamps"));
    if given.is_some_and(Json::is_null) {
        return;
    }
    let names = ["createdAt", "updatedAt"].map(|default| {
        let name = given.and_then(|given| given.get(default)).and_then(Json::as_str);
        name.filter(|name| !name.is_empty()).unwrap_or(default).to_owned()
    });
    for name in names {
        model.add(ModelField { read_only: true, ..ModelField::implied(&name, Shape::one("AWSDateTime", true)) });
    }
}

/// Adds a `key` attribute for the primary key and for each index.
pub(super) fn add_keys(model: &mut ModelType) {
    let primary = model.fields.iter().find_map(|field| Some(primary_key(field, field.directive("primaryKey")?)));
    let mut keys: Vec<Attribute> = primary.into_iter().collect();
    for field in &model.fields {
        let indexes = field.directives.iter().filter(|directive| directive.name == "index");
        keys.extend(indexes.map(|directive| index(&model.name, field, directive)));
    }
    model.attributes.extend(keys);
}

fn primary_key(field: &ModelField, directive: &FieldDirective) -> Attribute {
    key(Map::from_iter([("fields".to_owned(), json!(key_names(field, directive)))]))
}

fn index(model: &str, field: &ModelField, directive: &FieldDirective) -> Attribute {
    let fields = key_names(field, directive);
    let names: Vec<&str> = fields.iter().map(String::as_str).collect();
    let default = || Json::from(names::index_query(model, &names));
    let name = directive.arguments.get("name").filter(|name| !name.is_null()).cloned().unwrap_or_else(default);
    let mut arguments = Map::from_iter([("name".to_owned(), name)]);
    if let Some(query) = directive.arguments.get("queryField") {
        arguments.insert("queryField".to_owned(), query.clone());
    }
    arguments.insert("fields".to_owned(), json!(fields));
    key(arguments)
}

fn key_names(field: &ModelField, directive: &FieldDirective) -> Vec<String> {
    std::iter::once(field.name.clone()).chain(directive.texts("sortKeyFields")).collect()
}

/// A `key` attribute.
pub(super) fn key(arguments: Map<String, Json>) -> Attribute {
    Attribute { name: "key".to_owned(), arguments }
}
