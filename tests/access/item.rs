//! Items of a model, as they stand to a caller, and the pieces of requests that are about them.

use ampup::category::api::access::{Identity, Who};
use ampup::category::api::plan::{Allow, Field, FieldKind, Key, Model};
use serde_json::{Map, Value, json};

use super::cases::Case;
use super::world::{TEAM, World};

/// A name that nobody has.
const NOBODY: &str = "nobody";

/// Fields by which rules know owners and groups, each with whether it holds a list.
pub(super) fn named_fields(model: &Model) -> Vec<(String, bool)> {
    let rules = model.rules.iter().chain(model.field_rules.values().flatten());
    let mut found: Vec<(String, bool)> = Vec::new();
    for rule in rules {
        if let Allow::Owner { field, list, .. } | Allow::DynamicGroups { field, list, .. } = &rule.allow {
            found.push((field.clone(), *list));
        }
    }
    found.dedup();
    found
}

/// A value of a field's type; `mark` makes it one of its own.
pub(super) fn value(case: &Case, field: &Field, mark: &str) -> Value {
    let one = case.shapes.named(&field.type_name, &field.name, mark);
    if field.list { json!([one]) } else { one }
}

/// Whether a field can be set, changed and read by itself; objects are only given where they must be.
fn is_plain(field: &Field) -> bool {
    field.kind != FieldKind::NonModel
}

/// What the item names where a rule looks: the identity, or nobody.
pub(super) fn names(world: &World, model: &Model, identity: &Identity) -> Map<String, Value> {
    let named = named_fields(model).into_iter().map(|(field, list)| {
        let name = match &identity.who {
            Who::Owner { field: own, .. } if *own == field => world.owner_name(identity).unwrap(),
            Who::GroupOfItem { field: own, .. } if *own == field => TEAM.to_owned(),
            _ => NOBODY.to_owned(),
        };
        (field, if list { json!([name]) } else { json!(name) })
    });
    named.collect()
}

/// A stored item that names the identity, or nobody.
pub(super) fn stored(
    world: &World,
    case: &Case,
    model: &Model,
    (identity, mark): (&Identity, &str),
) -> Map<String, Value> {
    let mut item: Map<String, Value> = Map::new();
    for field in model.fields.values().filter(|field| is_plain(field) || field.required) {
        item.insert(field.name.clone(), value(case, field, mark));
    }
    item.extend(names(world, model, identity));
    item.insert("__typename".to_owned(), model.name.clone().into());
    for key in std::iter::once(&model.key).chain(model.indexes.iter().map(|index| &index.key)) {
        if key.sort.len() > 1 {
            let parts: Vec<String> = key.sort.iter().map(|part| text(&item[&part.name])).collect();
            item.insert(key.sort_attribute().unwrap(), parts.join("#").into());
        }
    }
    item
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The fields of the key of a model.
pub(super) fn key_fields(key: &Key) -> Vec<&str> {
    std::iter::once(&key.partition).chain(&key.sort).map(|part| part.name.as_str()).collect()
}

/// The members of the key.
pub(super) fn key(model: &Model, item: &Map<String, Value>) -> Map<String, Value> {
    key_fields(&model.key).into_iter().map(|name| (name.to_owned(), item[name].clone())).collect()
}

/// Fields that an input may name, without those of the key.
pub(super) fn writable(model: &Model) -> Vec<&Field> {
    let keys = key_fields(&model.key);
    model
        .fields
        .values()
        .filter(|field| !field.implied && is_plain(field) && !keys.contains(&field.name.as_str()))
        .collect()
}

/// The input of a create: what must be there and what the caller may set, without names of owners and groups.
pub(super) fn created(case: &Case, model: &Model, mark: &str, left_out: &[&str]) -> Map<String, Value> {
    let named = named_fields(model);
    let mut input: Map<String, Value> = Map::new();
    for name in key_fields(&model.key) {
        input.insert(name.to_owned(), value(case, &model.fields[name], mark));
    }
    for field in writable(model) {
        let names = named.iter().any(|(name, _)| *name == field.name);
        if !names && !left_out.contains(&field.name.as_str()) {
            input.insert(field.name.clone(), value(case, field, mark));
        }
    }
    let objects = model.fields.values().filter(|field| !is_plain(field) && field.required && !field.implied);
    input.extend(objects.map(|field| (field.name.clone(), value(case, field, mark))));
    input
}

/// The caller's own group where an item names groups.
pub(super) fn own_groups(model: &Model, identity: &Identity) -> Map<String, Value> {
    let Who::Group { group, claim } = &identity.who else { return Map::new() };
    let fields = model.rules.iter().filter_map(|rule| match &rule.allow {
        Allow::DynamicGroups { claim: wanted, field, list } if wanted == claim => Some((field.clone(), *list)),
        _ => None,
    });
    fields.map(|(field, list)| (field, if list { json!([group]) } else { json!(group) })).collect()
}

/// A selection of everything that is stored.
pub(super) fn selection(model: &Model) -> String {
    let fields = model.fields.values().filter(|field| field.kind != FieldKind::NonModel);
    fields.map(|field| field.name.as_str()).collect::<Vec<_>>().join(" ")
}
