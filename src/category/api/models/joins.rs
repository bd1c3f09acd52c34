//! Many-to-many relations: a join model for each, and `@hasMany` on both sides.

use indexmap::IndexMap;
use serde_json::{Map, json};

use super::{Attribute, FieldDirective, ModelField, ModelType, Models, Reading, Shape, keys, words};
use crate::category::api::compile::names;

/// Where a `@manyToMany` stands.
struct Side {
    model: String,
    field: String,
}

/// Adds the join models. A relation that does not have two sides is left out.
pub(super) fn add(models: &mut Models, reading: Reading) {
    let mut relations: IndexMap<String, Vec<Side>> = IndexMap::new();
    for model in models.stored.values() {
        for field in &model.fields {
            for directive in field.directives.iter().filter(|directive| directive.name == "manyToMany") {
                let name = names::upper(directive.text("relationName").unwrap_or_default());
                let side = Side { model: model.name.clone(), field: field.name.clone() };
                relations.entry(name).or_default().push(side);
            }
        }
    }
    for (name, sides) in relations {
        let [first, second] = &sides[..] else { continue };
        let (Some(one), Some(two)) = (models.stored.get(&first.model), models.stored.get(&second.model)) else {
            continue;
        };
        let join = join_model(&name, [one, two], reading);
        models.stored.insert(name.clone(), join);
        for side in &sides {
            convert(models, side, &name);
        }
    }
}

fn join_model(name: &str, sides: [&ModelType; 2], reading: Reading) -> ModelType {
    let mut fields = vec![ModelField::implied("id", Shape::one("ID", false))];
    for side in sides {
        let sort = sort_fields(side);
        let columns: Vec<String> = sort.iter().map(|field| names::lower(&side.name) + &field.name).collect();
        let mut arguments = Map::from_iter([("name".to_owned(), json!(format!("by{}", side.name)))]);
        arguments.insert("sortKeyFields".to_owned(), json!(columns));
        let key = foreign_key(side, reading);
        fields.push(with_directive(ModelField::implied(&key, Shape::one("ID", true)), "index", arguments));
        for (column, field) in columns.iter().zip(&sort) {
            fields.push(ModelField::implied(column, Shape { nullable: true, ..field.shape.clone() }));
        }
    }
    for side in sides {
        let sort = sort_fields(side).into_iter().map(|field| names::lower(&side.name) + &field.name);
        let targets: Vec<String> = std::iter::once(foreign_key(side, reading)).chain(sort).collect();
        let relation = ModelField::implied(&words::camel(&side.name), Shape::one(&side.name, false));
        let arguments = Map::from_iter([("fields".to_owned(), json!(targets))]);
        fields.push(with_directive(relation, "belongsTo", arguments));
    }
    let mut attributes = vec![Attribute { name: "model".to_owned(), arguments: Map::new() }];
    for rules in sides.iter().flat_map(|side| side.attributes.iter().filter(|found| found.name == "auth")) {
        if !attributes.iter().any(|known| known.name == "auth" && known.arguments == rules.arguments) {
            attributes.push(rules.clone());
        }
    }
    let mut join = ModelType { name: name.to_owned(), fields, attributes, key: None };
    keys::add_keys(&mut join);
    keys::complete(&mut join, reading);
    join
}

fn with_directive(field: ModelField, name: &str, arguments: Map<String, serde_json::Value>) -> ModelField {
    let directive = FieldDirective { name: name.to_owned(), arguments, seen: false };
    ModelField { directives: vec![directive], ..field }
}

/// The field of a join model that holds the partition key of a side.
fn foreign_key(side: &ModelType, reading: Reading) -> String {
    match (&side.key, reading.custom_keys) {
        (Some(key), true) => names::camel(&[&side.name, &key.partition]),
        _ => words::camel(&side.name) + "ID",
    }
}

/// The sort key fields that `@primaryKey` names.
fn sort_fields(model: &ModelType) -> Vec<&ModelField> {
    let declared = model.fields.iter().find_map(|field| field.directive("primaryKey"));
    let names = declared.map(|directive| directive.texts("sortKeyFields")).unwrap_or_default();
    names.iter().filter_map(|name| model.field(name)).collect()
}

/// `@manyToMany` becomes `@hasMany` by the index of the join model.
fn convert(models: &mut Models, side: &Side, relation: &str) {
    let Some(model) = models.stored.get_mut(&side.model) else { return };
    let partition = model.fields.iter().rev().find(|field| field.directive("primaryKey").is_some());
    let partition = partition.map_or("id", |field| &field.name).to_owned();
    let sort = sort_fields(model).into_iter().map(|field| field.name.clone());
    let fields: Vec<String> = std::iter::once(partition).chain(sort).collect();
    let mut arguments = Map::from_iter([("indexName".to_owned(), json!(format!("by{}", side.model)))]);
    arguments.insert("fields".to_owned(), json!(fields));
    let Some(field) = model.fields.iter_mut().find(|field| field.name == side.field) else { return };
    field.directives.retain(|directive| directive.name != "manyToMany");
    relation.clone_into(&mut field.shape.type_name);
    field.directives.push(FieldDirective { name: "hasMany".to_owned(), arguments, seen: false });
}
