//! The metadata that DataStore reads at run time: `schema.js` or `schema.ts`, with the digest by which a client sees
//! that its local data are of another schema.

use md5::{Digest as _, Md5};
use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value as Json, json};

use crate::category::api::compile::plural::plural;
use crate::category::api::models::words;
use crate::category::api::models::{Association, FieldDirective, ModelField, ModelType, Models};

/// The version of the metadata's format that DataStore reads.
const FORMAT: &str = "3.4.4";

/// `schema.js`.
pub(super) fn script(models: &Models) -> String {
    format!("export const schema = {};\n", text(&metadata(models)))
}

/// `schema.ts`.
pub(super) fn typed(models: &Models) -> String {
    format!(
        "import {{ Schema }} from \"@aws-amplify/datastore\";\n\nexport const schema: Schema = {};\n",
        text(&metadata(models))
    )
}

/// `schema.d.ts`.
pub(super) fn declaration() -> String {
    "import { Schema } from '@aws-amplify/datastore';\n\nexport declare const schema: Schema;\n".to_owned()
}

fn text(value: &Json) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    // Writing to memory cannot fail, and JSON is text.
    let _ = value.serialize(&mut serializer);
    // A script may not hold these two, though JSON may.
    String::from_utf8_lossy(&bytes).replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn metadata(models: &Models) -> Json {
    let described: Map<String, Json> =
        models.stored.iter().map(|(name, model)| (name.clone(), describe(models, model))).collect();
    let others: Map<String, Json> = models
        .others
        .iter()
        .map(|(name, other)| (name.clone(), json!({ "name": name, "fields": fields(models, other) })))
        .collect();
    json!({
        "models": described,
        "enums": enums(models),
        "nonModels": others,
        "codegenVersion": FORMAT,
        "version": digest(models),
    })
}

/// Every enum with its name and values.
pub(super) fn enums(models: &Models) -> Map<String, Json> {
    let entry = |(name, values): (&String, &Vec<String>)| (name.clone(), json!({ "name": name, "values": values }));
    models.enums.iter().map(entry).collect()
}

/// An enum's values by the names that scripts use: `IN_PROGRESS` for `inProgress`. Where two values would share a name,
/// every value is its own.
pub(super) fn enum_names(values: &[String]) -> Map<String, Json> {
    let named: Map<String, Json> =
        values.iter().map(|value| (words::constant(value), Json::from(value.as_str()))).collect();
    if named.len() == values.len() && !named.contains_key("") {
        return named;
    }
    values.iter().map(|value| (value.clone(), Json::from(value.as_str()))).collect()
}

fn describe(models: &Models, model: &ModelType) -> Json {
    let attributes: Vec<Json> = model
        .attributes
        .iter()
        .map(|attribute| json!({ "type": attribute.name, "properties": attribute.arguments }))
        .collect();
    json!({
        "name": model.name,
        "fields": fields(models, model),
        "syncable": true,
        "pluralName": plural(&model.name),
        "attributes": attributes,
    })
}

fn fields(models: &Models, model: &ModelType) -> Map<String, Json> {
    let mut fields = model_fields(model, |name| models.reference(name));
    if !models.custom_keys {
        for association in fields.values_mut().filter_map(|field| field.get_mut("association")) {
            single(association);
        }
    }
    fields
}

/// Without custom keys, an association names one field.
fn single(association: &mut Json) {
    let Some(entries) = association.as_object_mut() else { return };
    let first = |value: &Json| value.get(0).cloned();
    if let Some(with) = entries.get("associatedWith").and_then(first) {
        entries.insert("associatedWith".to_owned(), with);
    }
    if let Some(target) = entries.shift_remove("targetNames").as_ref().and_then(first) {
        entries.insert("targetName".to_owned(), target);
    }
}

/// The fields of a type; those whose type `reference` does not know are left out.
pub(super) fn model_fields(model: &ModelType, reference: impl Fn(&str) -> Option<Json>) -> Map<String, Json> {
    let entry = |field: &ModelField| {
        let mut value = json!({
            "name": field.name,
            "isArray": field.shape.list.is_some(),
            "type": reference(&field.shape.type_name)?,
            "isRequired": !field.shape.nullable,
            "attributes": [],
        });
        if let Some(nullable) = field.shape.list {
            value["isArrayNullable"] = Json::Bool(nullable);
        }
        if field.read_only {
            value["isReadOnly"] = Json::Bool(true);
        }
        if let Some(association) = &field.association {
            value["association"] = association_json(association);
        }
        Some((field.name.clone(), value))
    };
    model.fields.iter().filter_map(entry).collect()
}

fn association_json(association: &Association) -> Json {
    match association {
        Association::HasMany { with } => json!({ "connectionType": "HAS_MANY", "associatedWith": with }),
        Association::HasOne { with, targets: None } => json!({ "connectionType": "HAS_ONE", "associatedWith": with }),
        Association::HasOne { with, targets } => {
            json!({ "connectionType": "HAS_ONE", "associatedWith": with, "targetNames": targets })
        }
        Association::BelongsTo { targets, .. } => json!({ "connectionType": "BELONGS_TO", "targetNames": targets }),
    }
}

/// The digest of names, types and relations, the same that the reference generator makes of the schema. A client
/// whose local data carry another one drops them, so it must not depend on anything else.
fn digest(models: &Models) -> String {
    let mut types: Vec<&ModelType> = models.stored.values().chain(models.others.values()).collect();
    types.sort_by(|left, right| left.name.cmp(&right.name));
    let described: Vec<Json> = types
        .into_iter()
        .map(|found| {
            let mut fields: Vec<&ModelField> = found.fields.iter().collect();
            fields.sort_by(|left, right| left.name.cmp(&right.name));
            let fields: Vec<Json> = fields.into_iter().map(field_facts).collect();
            json!({ "name": found.name, "directives": [], "fields": fields })
        })
        .collect();
    hex::encode(Md5::digest(Json::Array(described).to_string().as_bytes()))
}

fn field_facts(field: &ModelField) -> Json {
    let related = |directive: &&FieldDirective| {
        matches!(directive.name.as_str(), "hasOne" | "belongsTo" | "hasMany" | "manyToMany")
    };
    let directives: Vec<Json> = field
        .directives
        .iter()
        .filter(related)
        .map(|directive| {
            let mut facts = json!({ "name": directive.name, "arguments": directive.arguments });
            if directive.seen {
                facts["fieldName"] = Json::from(field.name.as_str());
            }
            facts
        })
        .collect();
    let mut facts = json!({
        "name": field.name,
        "directives": directives,
        "type": field.shape.type_name,
        "isNullable": field.shape.nullable,
        "isList": field.shape.list.is_some(),
    });
    if let Some(nullable) = field.shape.list {
        facts["isListNullable"] = Json::Bool(nullable);
    }
    facts
}
