//! The model introspection document for front ends: what the user declared and what relations imply, as JSON.
//!
//! It follows the model generator of the reference, which differs from the API in places: timestamps are optional,
//! owner fields are left out, and foreign keys are always nullable.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::assemble::Assembler;
use super::connections::{ForeignKey, foreign_keys, owns_key};
use super::draft::{Catalogue, Draft, Kind};
use super::names;
use super::relations::{By, Relation, RelationKind, index_name};
use crate::graphql::{Field, InputValue, Literal, TypeDefinition, TypeKind, TypeRef, Value};

/// The document.
pub(super) fn document(assembler: &Assembler<'_, '_, '_>) -> Json {
    let catalogue = assembler.catalogue;
    let foreign = foreign_fields(assembler);
    let none = Vec::new();
    let models: Map<String, Json> = assembler
        .drafts
        .iter()
        .map(|(name, draft)| ((*name).to_owned(), model(assembler, draft, foreign.get(name).unwrap_or(&none))))
        .collect();
    let (mut enums, mut others, mut inputs) = (Map::new(), Map::new(), Map::new());
    for (name, found) in &catalogue.types {
        match &found.kind {
            TypeKind::Enum(values) => {
                let values: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
                enums.insert((*name).to_owned(), json!({ "name": name, "values": values }));
            }
            TypeKind::Object { fields, .. }
                if catalogue.kind(name) == Kind::Object && !catalogue.roots.contains(name) =>
            {
                others.insert((*name).to_owned(), json!({ "name": name, "fields": plain_fields(catalogue, fields) }));
            }
            TypeKind::Input(fields) => {
                let attributes = named_values(catalogue, fields);
                inputs.insert((*name).to_owned(), json!({ "name": name, "attributes": attributes }));
            }
            _ => {}
        }
    }
    let mut all = json!({ "version": 1, "models": models, "enums": enums, "nonModels": others });
    let roots = catalogue.roots;
    for (key, root) in
        [("queries", &roots.query), ("mutations", &roots.mutation), ("subscriptions", &roots.subscription)]
    {
        let operations = catalogue.types.get(root.as_str()).map(|found| custom_operations(catalogue, found));
        if let Some(operations) = operations.filter(|operations| !operations.is_empty()) {
            all[key] = Json::Object(operations);
        }
    }
    if !inputs.is_empty() {
        all["inputs"] = Json::Object(inputs);
    }
    all
}

/// What relations add to models: foreign keys, and the keys of indexes that nothing else declares.
#[derive(Default)]
struct Foreign {
    fields: Vec<(String, TypeRef)>,
    keys: Vec<Json>,
}

fn foreign_fields<'a>(assembler: &Assembler<'_, 'a, '_>) -> IndexMap<&'a str, Vec<Foreign>> {
    let mut all: IndexMap<&str, Vec<Foreign>> = IndexMap::new();
    for (name, draft) in assembler.drafts {
        for relation in &draft.relations {
            let Some(related) = assembler.drafts.get(relation.related) else { continue };
            let many = matches!(relation.kind, RelationKind::Many { .. });
            let by_key = many && relation.index.is_none() && matches!(relation.by, By::Fields(_));
            if by_key && !names_back(related, name) {
                let key = implied_key(name, relation, &[joined_field(draft, related, relation)]);
                all.entry(relation.related).or_default().push(Foreign { keys: vec![key], ..Foreign::default() });
            }
            if relation.by != By::Implicit {
                continue;
            }
            let (target, keyed) = if many { (relation.related, draft) } else { (*name, related) };
            let inverse = relation.inverse.filter(|_| !many && !owns_key(relation));
            let (owner, field) = match inverse {
                Some(inverse) => (related.name(), inverse.field.name.as_str()),
                None => (*name, relation.field.name.as_str()),
            };
            let keys = foreign_keys(owner, field, keyed, assembler.parameters);
            let keys: Vec<ForeignKey> = keys.into_iter().take(shown_columns(assembler)).collect();
            let mut foreign = Foreign::default();
            if many && !names_back(related, name) && relation.index.is_none() {
                let names: Vec<String> = keys.iter().map(|key| key.name.clone()).collect();
                foreign.keys.push(implied_key(name, relation, &names));
            }
            // What a list implies is nullable, however the list is declared.
            let required = !many && relation.field.type_ref.is_required();
            let type_ref = |name: String| if required { TypeRef::required(name) } else { TypeRef::named(name) };
            foreign.fields = keys.into_iter().map(|key| (key.name, type_ref(key.type_name))).collect();
            all.entry(target).or_default().push(foreign);
        }
    }
    all
}

/// How many columns of a foreign key are shown: all, unless they are not named after primary keys.
fn shown_columns(assembler: &Assembler<'_, '_, '_>) -> usize {
    if assembler.parameters.respect_primary_key_attributes_on_connection_field { usize::MAX } else { 1 }
}

/// Whether the first field of a model that leads to `model` belongs to it.
fn names_back(related: &Draft<'_>, model: &str) -> bool {
    let first = related.fields.values().find(|field| field.type_ref.name() == model);
    first.is_some_and(|field| field.directive("belongsTo").is_some())
}

/// The key of the index that a `@hasMany` implies.
fn implied_key(model: &str, relation: &Relation<'_>, fields: &[String]) -> Json {
    json!({ "name": index_name(model, &relation.field.name), "fields": fields })
}

fn model(assembler: &Assembler<'_, '_, '_>, draft: &Draft<'_>, foreign: &[Foreign]) -> Json {
    let catalogue = assembler.catalogue;
    let mut fields = Map::new();
    if !draft.key.declared && !draft.fields.contains_key("id") {
        fields.insert("id".to_owned(), entry(catalogue, "id", &TypeRef::required("ID"), true));
    }
    for field in draft.fields.values() {
        let relation = draft.relations.iter().find(|relation| relation.field.name == field.name);
        let known = type_json(catalogue, field.type_ref.name()).is_some();
        if !known || (relation.is_none() && catalogue.kind(field.type_ref.name()) == Kind::Model) {
            continue;
        }
        let (name, type_ref) = shown(catalogue, draft, field);
        let mut value = entry(catalogue, &name, &type_ref, true);
        if let Some(relation) = relation {
            value["association"] = association(assembler, draft, relation);
        }
        fields.insert(name, value);
    }
    let timestamps = draft.definition.directive("model").and_then(|model| model.argument("timestamps"));
    let off = timestamps.is_some_and(Literal::is_null);
    for default in ["createdAt", "updatedAt"].into_iter().filter(|_| !off) {
        let given = timestamps.and_then(|value| value.get(default)).and_then(Literal::as_str);
        let name = given.filter(|name| !name.is_empty()).unwrap_or(default);
        if !fields.contains_key(name) {
            let mut value = entry(catalogue, name, &TypeRef::named("AWSDateTime"), true);
            value["isReadOnly"] = Json::Bool(true);
            fields.insert(name.to_owned(), value);
        }
    }
    for (name, type_ref) in foreign.iter().flat_map(|foreign| &foreign.fields) {
        if !fields.contains_key(name) {
            fields.insert(name.clone(), entry(catalogue, name, type_ref, true));
        }
    }
    if !assembler.parameters.respect_primary_key_attributes_on_connection_field {
        hide_foreign_keys(assembler, draft, &mut fields);
    }
    json!({
        "name": draft.name(),
        "fields": fields,
        "syncable": true,
        "pluralName": super::plural::plural(draft.name()),
        "attributes": attributes(assembler, draft, foreign),
        "primaryKeyInfo": {
            "isCustomPrimaryKey": draft.key.declared,
            "primaryKeyFieldName": draft.key.partition,
            "sortKeyFieldNames": draft.key.sort,
        },
    })
}

/// Where foreign keys are not named after primary keys, the first column of a `@belongsTo` is not shown, unless it is the
/// key of its own model.
fn hide_foreign_keys(assembler: &Assembler<'_, '_, '_>, draft: &Draft<'_>, fields: &mut Map<String, Json>) {
    let join = assembler.catalogue.joins.contains(draft.name());
    for relation in &draft.relations {
        let columns = match &relation.by {
            By::Fields(names) => names.clone(),
            By::Implicit => assembler.implied_fields(draft, relation),
            By::References(_) => continue,
        };
        let belongs = relation.kind == RelationKind::Belongs || join;
        let own_key = |column: &&String| draft.key.partition == **column || *column == "id";
        if let Some(column) = columns.first().filter(|column| belongs && !own_key(column)) {
            fields.shift_remove(column);
        }
    }
}

/// Name and type of a field. A join model's columns are nullable and its partition columns of type ID, whatever the API
/// says; its relation fields are named by words, `httpPost`.
fn shown(catalogue: &Catalogue<'_>, draft: &Draft<'_>, field: &Field) -> (String, TypeRef) {
    let (name, type_ref) = (&field.name, &field.type_ref);
    if !catalogue.joins.contains(draft.name()) || name == "id" {
        return (name.clone(), type_ref.clone());
    }
    if catalogue.kind(type_ref.name()) == Kind::Model {
        return (names::words(type_ref.name()), type_ref.clone());
    }
    let type_name = if field.directive("index").is_some() { "ID" } else { type_ref.name() };
    (name.clone(), TypeRef::named(type_name))
}

/// `model`, then `key`s, then `auth`.
fn attributes(assembler: &Assembler<'_, '_, '_>, draft: &Draft<'_>, foreign: &[Foreign]) -> Vec<Json> {
    let mut attributes = Vec::new();
    let directive = |name: &str| draft.definition.directives.iter().filter(move |found| found.name == name).collect();
    let models: Vec<_> = directive("model");
    for found in models {
        let properties: Map<String, Json> =
            found.arguments.iter().map(|(name, value)| (name.name.clone(), plain(value))).collect();
        attributes.push(json!({ "type": "model", "properties": properties }));
    }
    if draft.key.declared {
        let fields: Vec<&str> = draft.key.all().collect();
        attributes.push(json!({ "type": "key", "properties": { "fields": fields } }));
    }
    for field in draft.definition.fields() {
        for index in field.directives.iter().filter(|found| found.name == "index") {
            let mut properties = Map::new();
            for name in ["name", "queryField"] {
                if let Some(value) = index.argument(name) {
                    properties.insert(name.to_owned(), plain(value));
                }
            }
            if let Some(found) = draft.indexes.iter().find(|found| found.span == index.span) {
                properties.entry("name").or_insert_with(|| Json::from(found.name.as_str()));
            }
            let sort = index.argument("sortKeyFields").map(Literal::strings).unwrap_or_default();
            let fields: Vec<&str> =
                std::iter::once(field.name.as_str()).chain(sort.iter().map(String::as_str)).collect();
            properties.insert("fields".to_owned(), json!(fields));
            attributes.push(json!({ "type": "key", "properties": properties }));
        }
    }
    let implied = foreign.iter().flat_map(|foreign| &foreign.keys);
    attributes.extend(implied.map(|key| json!({ "type": "key", "properties": key })));
    let ruled = if assembler.catalogue.joins.contains(draft.name()) { sides(assembler, draft) } else { vec![draft] };
    let rules = ruled.iter().flat_map(|draft| draft.definition.directives.iter().filter(|found| found.name == "auth"));
    for found in rules {
        let rules = found.argument("rules").map(Literal::elements).unwrap_or_default();
        let rules: Vec<Json> = rules.into_iter().map(auth_rule).collect();
        let attribute = json!({ "type": "auth", "properties": { "rules": rules } });
        if !attributes.contains(&attribute) {
            attributes.push(attribute);
        }
    }
    attributes
}

/// The models that a join model joins: it has the rules of each.
fn sides<'r, 'a>(assembler: &Assembler<'r, 'a, '_>, draft: &Draft<'_>) -> Vec<&'r Draft<'a>> {
    draft.relations.iter().filter_map(|relation| assembler.drafts.get(relation.related)).collect()
}

/// A rule as given, with the defaults of its strategy.
fn auth_rule(rule: &Literal) -> Json {
    let Json::Object(mut entries) = plain(rule) else { return Json::Null };
    let default = |entries: &mut Map<String, Json>, name: &str, value: Json| {
        entries.entry(name.to_owned()).or_insert(value);
    };
    default(&mut entries, "operations", json!(["create", "update", "delete", "read"]));
    match entries.get("allow").and_then(Json::as_str) {
        Some("owner") => {
            default(&mut entries, "provider", json!("userPools"));
            default(&mut entries, "ownerField", json!("owner"));
            let claim = match entries.get("identityClaim").and_then(Json::as_str) {
                None | Some("username") => "cognito:username".to_owned(),
                Some(claim) => claim.to_owned(),
            };
            entries.insert("identityClaim".to_owned(), Json::from(claim));
        }
        Some("groups") => {
            default(&mut entries, "provider", json!("userPools"));
            default(&mut entries, "groupClaim", json!("cognito:groups"));
            if !entries.contains_key("groups") {
                default(&mut entries, "groupField", json!("groups"));
            }
        }
        _ => {}
    }
    Json::Object(entries)
}

fn association(assembler: &Assembler<'_, '_, '_>, draft: &Draft<'_>, relation: &Relation<'_>) -> Json {
    let drafts = assembler.drafts;
    let (Some(related), Some(draft)) = (drafts.get(relation.related), drafts.get(draft.name())) else {
        return Json::Null;
    };
    let Some(relation) = draft.relations.iter().find(|own| own.field.name == relation.field.name) else {
        return Json::Null;
    };
    let own_keys = || {
        let keys = foreign_keys(draft.name(), &relation.field.name, draft, assembler.parameters);
        keys.into_iter().map(|key| key.name).take(shown_columns(assembler)).collect::<Vec<String>>()
    };
    let implied = || -> Vec<String> {
        assembler.implied_fields(draft, relation).into_iter().take(shown_columns(assembler)).collect()
    };
    match (relation.kind, &relation.by) {
        (RelationKind::Many { .. }, By::References(names)) => {
            json!({ "connectionType": "HAS_MANY", "associatedWith": names })
        }
        (RelationKind::Many { .. }, By::Implicit) => {
            json!({ "connectionType": "HAS_MANY", "associatedWith": own_keys() })
        }
        (RelationKind::Many { .. }, By::Fields(_)) => {
            let join = assembler.catalogue.joins.contains(related.name());
            let field = if join { names::words(draft.name()) } else { joined_field(draft, related, relation) };
            json!({ "connectionType": "HAS_MANY", "associatedWith": [field] })
        }
        (RelationKind::One, By::References(names)) => {
            json!({ "connectionType": "HAS_ONE", "associatedWith": names, "targetNames": [] })
        }
        (RelationKind::One, by) => {
            let targets = match by {
                By::Fields(fields) => fields.clone(),
                _ => implied(),
            };
            if assembler.catalogue.joins.contains(draft.name()) {
                return json!({ "connectionType": "BELONGS_TO", "targetNames": targets });
            }
            let respected = assembler.parameters.respect_primary_key_attributes_on_connection_field;
            let keys: Vec<String> = if respected {
                related.key.all().map(str::to_owned).collect()
            } else {
                vec![joined_field(draft, related, relation)]
            };
            json!({ "connectionType": "HAS_ONE", "associatedWith": keys, "targetNames": targets })
        }
        (RelationKind::Belongs, by) => {
            let targets = match by {
                By::Fields(names) | By::References(names) => names.clone(),
                By::Implicit => implied(),
            };
            json!({ "connectionType": "BELONGS_TO", "targetNames": targets })
        }
    }
}

/// The field of the other side by which a `@hasMany` with fields finds it: the `@belongsTo` over the same key field,
/// or that key field.
fn joined_field(draft: &Draft<'_>, related: &Draft<'_>, relation: &Relation<'_>) -> String {
    let belongs = |field: &&Field| field.type_ref.name() == draft.name() && field.directive("belongsTo").is_some();
    let index = relation.index.as_ref().and_then(|name| related.indexes.iter().find(|index| index.name == *name));
    let key = match index {
        Some(index) => index.partition.clone(),
        None if related.key.declared => related.key.partition.clone(),
        None => {
            related.fields.values().copied().find(|field| belongs(field)).map_or("id", |field| &field.name).to_owned()
        }
    };
    let by_key = |field: &&Field| {
        let fields = field.directive("belongsTo").and_then(|found| found.argument("fields"));
        belongs(field) && fields.is_some_and(|fields| fields.strings().first() == Some(&key))
    };
    related.fields.values().copied().find(|field| by_key(field)).map_or(key.clone(), |field| field.name.clone())
}

fn plain_fields(catalogue: &Catalogue<'_>, fields: &[Field]) -> Map<String, Json> {
    let known = fields.iter().filter(|field| type_json(catalogue, field.type_ref.name()).is_some());
    known.map(|field| (field.name.clone(), entry(catalogue, &field.name, &field.type_ref, true))).collect()
}

fn named_values(catalogue: &Catalogue<'_>, values: &[InputValue]) -> Map<String, Json> {
    values.iter().map(|value| (value.name.clone(), entry(catalogue, &value.name, &value.type_ref, false))).collect()
}

fn custom_operations(catalogue: &Catalogue<'_>, root: &TypeDefinition) -> Map<String, Json> {
    let mut operations = Map::new();
    for field in root.fields() {
        let mut value = entry(catalogue, &field.name, &field.type_ref, false);
        if !field.arguments.is_empty() {
            value["arguments"] = Json::Object(named_values(catalogue, &field.arguments));
        }
        operations.insert(field.name.clone(), value);
    }
    operations
}

/// A field or argument.
fn entry(catalogue: &Catalogue<'_>, name: &str, type_ref: &TypeRef, with_attributes: bool) -> Json {
    let list = type_ref.is_list();
    let inner = type_ref.element().unwrap_or(type_ref);
    let mut value = json!({
        "name": name,
        "isArray": list,
        "type": type_json(catalogue, type_ref.name()),
        "isRequired": inner.is_required(),
    });
    if with_attributes {
        value["attributes"] = json!([]);
    }
    if list {
        value["isArrayNullable"] = Json::Bool(!type_ref.is_required());
    }
    value
}

fn type_json(catalogue: &Catalogue<'_>, name: &str) -> Option<Json> {
    match catalogue.kind(name) {
        Kind::Scalar => Some(Json::from(name)),
        Kind::Enum => Some(json!({ "enum": name })),
        Kind::Model => Some(json!({ "model": name })),
        Kind::Object => Some(json!({ "nonModel": name })),
        Kind::Other => match catalogue.types.get(name).map(|found| &found.kind) {
            Some(TypeKind::Input(_)) => Some(json!({ "input": name })),
            _ => None,
        },
        Kind::Unknown => None,
    }
}

/// A literal as JSON; names of enums become texts.
fn plain(literal: &Literal) -> Json {
    match &literal.value {
        Value::Null => Json::Null,
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::Int(number) | Value::Float(number) => {
            serde_json::from_str(number).unwrap_or_else(|_| Json::from(number.as_str()))
        }
        Value::String(text) | Value::Enum(text) | Value::Variable(text) => Json::from(text.as_str()),
        Value::List(items) => Json::Array(items.iter().map(plain).collect()),
        Value::Object(entries) => {
            Json::Object(entries.iter().map(|(name, value)| (name.name.clone(), plain(value))).collect())
        }
    }
}
