//! What front ends know of the models of a schema: types, fields and relations of the schema as the user wrote it.
//!
//! It follows the model generator of the reference (`appsync-modelgen-plugin` 2.15), which knows nothing of the API
//! and differs from it in places: timestamps are optional, implied owner fields are left out, and foreign keys are
//! always nullable. No text is made here.

mod joins;
mod keys;
mod literals;
mod relations;
pub(super) mod words;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::graphql::{Directive, Document, Field, TypeDefinition, TypeKind, TypeRef};

/// The models and other types of a schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Models {
    /// Every `@model` type, then the join models of many-to-many relations.
    pub stored: IndexMap<String, ModelType>,
    /// Every other object type that is no root.
    pub others: IndexMap<String, ModelType>,
    /// Every enum with its values.
    pub enums: IndexMap<String, Vec<String>>,
    /// Foreign keys are named and typed after whole primary keys.
    pub custom_keys: bool,
}

/// A model, or another object type.
#[derive(Clone, Debug)]
pub(super) struct ModelType {
    pub name: String,
    pub fields: Vec<ModelField>,
    pub attributes: Vec<Attribute>,
    /// The primary key; `None` for types that are no models, and for models whose keys are not looked at.
    pub key: Option<PrimaryKey>,
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PrimaryKey {
    pub kind: KeyKind,
    pub partition: String,
    pub sort: Vec<String>,
}

/// Who gives a primary key its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// The client library: no field is named by `@primaryKey`.
    Managed,
    /// The caller, or else the client library: `@primaryKey` on `id` alone.
    OptionallyManaged,
    /// The caller.
    Custom,
}

/// A directive of a type, as front ends see it.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub name: String,
    pub arguments: Map<String, Json>,
}

/// A field.
#[derive(Clone, Debug)]
pub(super) struct ModelField {
    pub name: String,
    pub shape: Shape,
    pub read_only: bool,
    pub directives: Vec<FieldDirective>,
    pub association: Option<Association>,
}

/// A directive of a field.
#[derive(Clone, Debug)]
pub(super) struct FieldDirective {
    pub name: String,
    pub arguments: Map<String, Json>,
    /// A relation has looked at it. The digest of a schema depends on this.
    pub seen: bool,
}

/// A type in a field, as front ends see it: of nested lists only the outermost counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub type_name: String,
    /// The value, or an element of the list, may be null.
    pub nullable: bool,
    /// `Some` for lists: whether the list may be null.
    pub list: Option<bool>,
}

/// How a field is related to another model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Association {
    /// `@hasMany`: the fields of the other model that hold this one's key, or its relation field.
    HasMany { with: Vec<String> },
    /// `@hasOne`: the key of the other model, and the fields here that hold it; `None` when they are over there.
    HasOne { with: Vec<String>, targets: Option<Vec<String>> },
    /// `@belongsTo`: the fields here that hold the key of the other model.
    BelongsTo { targets: Vec<String>, references: bool },
}

impl Shape {
    /// One scalar.
    fn one(type_name: &str, nullable: bool) -> Self {
        Self { type_name: type_name.to_owned(), nullable, list: None }
    }

    /// The shape of a type.
    pub(super) fn of(type_ref: &TypeRef) -> Self {
        match type_ref {
            TypeRef::Named(named) => Self::one(&named.name, true),
            TypeRef::List(inner) => Self { list: Some(true), ..Self::of(inner) },
            TypeRef::NonNull(inner) => match &**inner {
                TypeRef::List(element) => Self { list: Some(false), ..Self::of(element) },
                other => Self { nullable: false, ..Self::of(other) },
            },
        }
    }

    /// Whether the field as a whole may be null.
    pub(super) fn is_optional(&self) -> bool {
        self.list.unwrap_or(self.nullable)
    }
}

impl ModelField {
    /// A field that the user did not write.
    fn implied(name: &str, shape: Shape) -> Self {
        Self { name: name.to_owned(), shape, read_only: false, directives: Vec::new(), association: None }
    }

    fn read(field: &Field) -> Self {
        let directives = field.directives.iter().map(FieldDirective::read).collect();
        Self { directives, ..Self::implied(&field.name, Shape::of(&field.type_ref)) }
    }

    fn directive(&self, name: &str) -> Option<&FieldDirective> {
        self.directives.iter().find(|found| found.name == name)
    }
}

impl FieldDirective {
    fn read(directive: &Directive) -> Self {
        let mut arguments = literals::arguments(directive);
        let relation = matches!(directive.name.as_str(), "hasOne" | "hasMany" | "belongsTo");
        if let Some(references) = arguments.get_mut("references").filter(|given| relation && given.is_string()) {
            *references = Json::Array(vec![references.take()]);
        }
        Self { name: directive.name.clone(), arguments, seen: false }
    }

    /// An argument that is text.
    fn text(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    /// The texts of an argument; one text counts as a list of one.
    fn texts(&self, name: &str) -> Vec<String> {
        match self.arguments.get(name) {
            Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            Some(Json::String(text)) => vec![text.clone()],
            _ => Vec::new(),
        }
    }
}

impl ModelType {
    pub(super) fn field(&self, name: &str) -> Option<&ModelField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields of the primary key, the partition key first; empty when the key is not looked at.
    fn key_fields(&self) -> Vec<&ModelField> {
        let names = self.key.iter().flat_map(|key| std::iter::once(&key.partition).chain(&key.sort));
        names.filter_map(|name| self.field(name)).collect()
    }

    /// Adds a field unless there is one of that name.
    fn add(&mut self, field: ModelField) {
        if self.field(&field.name).is_none() {
            self.fields.push(field);
        }
    }

    /// The names of the fields that only the service writes.
    pub(super) fn read_only(&self) -> Vec<&str> {
        self.fields.iter().filter(|field| field.read_only).map(|field| field.name.as_str()).collect()
    }
}

/// How models are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Foreign keys are named and typed after whole primary keys.
    pub custom_keys: bool,
    /// Primary keys are looked at in any case, as model introspection does.
    pub keys_always: bool,
}

/// Reads the models of a schema.
pub(super) fn read(document: &Document, reading: Reading) -> Models {
    let mut models = Models { custom_keys: reading.custom_keys, ..Models::default() };
    for found in &document.types {
        match &found.kind {
            TypeKind::Object { .. } if document.roots.contains(&found.name) => {}
            TypeKind::Object { .. } if found.directive("model").is_some() => {
                models.stored.insert(found.name.clone(), keys::model(found, reading));
            }
            TypeKind::Object { .. } => {
                models.others.insert(found.name.clone(), other(found));
            }
            TypeKind::Enum(values) => {
                let values = values.iter().map(|value| value.name.clone()).collect();
                models.enums.insert(found.name.clone(), values);
            }
            _ => {}
        }
    }
    for model in models.stored.values_mut() {
        keys::add_keys(model);
    }
    joins::add(&mut models, reading);
    relations::connect(&mut models, reading);
    for model in models.stored.values_mut() {
        literals::settle_rules(&mut model.attributes);
    }
    models
}

fn other(found: &TypeDefinition) -> ModelType {
    ModelType {
        name: found.name.clone(),
        fields: found.fields().iter().map(ModelField::read).collect(),
        attributes: Vec::new(),
        key: None,
    }
}
