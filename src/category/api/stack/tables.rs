//! The tables of a stack, and the roles by which resolvers reach them.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;

use super::names::Names;
use crate::category::api::plan::{Action, AttributeType, Index, Key, Model, Plan, Projection};
use crate::error::{Code, Problem};

/// How many tables share a role: the policies of a role hold 10,240 characters ("IAM and AWS STS quotas").
const TABLES_FOR_A_ROLE: usize = 15;
/// What DynamoDB allows ("Quotas in Amazon DynamoDB").
const MOST_GLOBAL_INDEXES: usize = 20;
const MOST_LOCAL_INDEXES: usize = 5;
const LONGEST_TABLE_NAME: usize = 255;
/// `-`, 26 characters of the API's id, `-`, 16 of the environment's name.
const TABLE_NAME_SUFFIX: usize = 44;

#[derive(Debug, Serialize)]
pub(super) struct Table {
    pub(super) id: String,
    label: String,
    source_label: String,
    source_name: String,
    /// Text for `!Sub`.
    name: String,
    role: String,
    attributes: Vec<Attribute>,
    key: Vec<KeyPart>,
    global_indexes: Vec<IndexEntry>,
    local_indexes: Vec<IndexEntry>,
}

#[derive(Debug, Serialize)]
struct Attribute {
    name: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct KeyPart {
    name: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct IndexEntry {
    name: String,
    key: Vec<KeyPart>,
    projection: &'static str,
    include: Vec<String>,
}

/// A role for some of the tables.
#[derive(Debug, Serialize)]
pub(super) struct Role {
    id: String,
    label: String,
    grants: Vec<Grant>,
}

#[derive(Debug, Serialize)]
struct Grant {
    /// Id of the model.
    id: String,
    actions: Vec<&'static str>,
    indexes: bool,
}

/// The tables of a plan with their roles.
pub(super) fn tables(plan: &Plan, names: &mut Names) -> (Vec<Table>, Vec<Role>) {
    let models: Vec<&Model> = plan.models.values().collect();
    let mut tables = Vec::new();
    let mut roles = Vec::new();
    for (at, chunk) in models.chunks(TABLES_FOR_A_ROLE).enumerate() {
        let number = if at == 0 { String::new() } else { (at + 1).to_string() };
        let role = format!("TablesRole{number}");
        tables.extend(chunk.iter().map(|model| table(model, names.model(&model.name), &role)));
        let grants = chunk.iter().map(|model| grant(plan, model, names.model(&model.name)));
        let grants: Vec<Grant> = grants.filter(|grant| !grant.actions.is_empty()).collect();
        let label = format!("role for the tables {number}").trim().to_owned();
        roles.push(Role { id: role, label, grants });
    }
    (tables, roles)
}

fn table(model: &Model, id: String, role: &str) -> Table {
    let (local, global): (Vec<&Index>, Vec<&Index>) = model.indexes.iter().partition(|index| index.local);
    Table {
        label: format!("table for {}", model.name),
        source_label: format!("data source for {}", model.name),
        source_name: format!("{}Table", model.name),
        name: format!("{}-${{GraphQLApi.ApiId}}-${{Environment}}", model.name),
        role: role.to_owned(),
        attributes: attributes(model),
        key: key_parts(&model.key),
        global_indexes: global.into_iter().map(index_entry).collect(),
        local_indexes: local.into_iter().map(index_entry).collect(),
        id,
    }
}

/// Every attribute that is part of a key, once.
fn attributes(model: &Model) -> Vec<Attribute> {
    let mut attributes: IndexMap<String, AttributeType> = IndexMap::new();
    for key in std::iter::once(&model.key).chain(model.indexes.iter().map(|index| &index.key)) {
        attributes.entry(key.partition.name.clone()).or_insert(key.partition.attribute);
        if let (Some(name), Some(kind)) = (key.sort_attribute(), key.sort_type()) {
            attributes.entry(name).or_insert(kind);
        }
    }
    let kind = |kind| if kind == AttributeType::N { "N" } else { "S" };
    attributes.into_iter().map(|(name, attribute)| Attribute { name, kind: kind(attribute) }).collect()
}

fn key_parts(key: &Key) -> Vec<KeyPart> {
    let partition = KeyPart { name: key.partition.name.clone(), kind: "HASH" };
    let sort = key.sort_attribute().map(|name| KeyPart { name, kind: "RANGE" });
    std::iter::once(partition).chain(sort).collect()
}

fn index_entry(index: &Index) -> IndexEntry {
    let (projection, include) = match &index.projection {
        Projection::All => ("ALL", Vec::new()),
        Projection::KeysOnly => ("KEYS_ONLY", Vec::new()),
        Projection::Include(fields) => ("INCLUDE", fields.clone()),
    };
    IndexEntry { name: index.name.clone(), key: key_parts(&index.key), projection, include }
}

/// What the resolvers do with a model's table.
fn grant(plan: &Plan, model: &Model, id: String) -> Grant {
    let used = plan.resolvers.iter().filter(|resolver| resolver.action.table() == Some(&model.name));
    let actions: BTreeSet<&'static str> = used.flat_map(|resolver| actions(&resolver.action)).copied().collect();
    Grant { id, actions: actions.into_iter().collect(), indexes: !model.indexes.is_empty() }
}

/// The calls of DynamoDB that AppSync makes. When a condition fails it reads the item, to hand it to the resolver.
fn actions(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Get { .. } => &["dynamodb:GetItem"],
        Action::List { .. } | Action::Sync { .. } => &["dynamodb:Query", "dynamodb:Scan"],
        Action::QueryIndex { .. } | Action::RelatedMany { .. } => &["dynamodb:Query"],
        Action::RelatedOne { .. } => &["dynamodb:GetItem", "dynamodb:Query"],
        Action::Create { .. } => &["dynamodb:GetItem", "dynamodb:PutItem"],
        Action::Update { .. } => &["dynamodb:GetItem", "dynamodb:UpdateItem"],
        Action::Delete { .. } => &["dynamodb:DeleteItem", "dynamodb:GetItem"],
        Action::Subscribe { .. }
        | Action::ProtectedField { .. }
        | Action::OwnerField { .. }
        | Action::Pipeline { .. } => &[],
    }
}

/// Where a table would exceed what DynamoDB allows.
pub(super) fn limits(plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    for model in plan.models.values() {
        let name = &model.name;
        let local = model.indexes.iter().filter(|index| index.local).count();
        let checks = [
            (model.indexes.len() - local, MOST_GLOBAL_INDEXES, "global secondary indexes"),
            (local, MOST_LOCAL_INDEXES, "local secondary indexes"),
            (name.len() + TABLE_NAME_SUFFIX, LONGEST_TABLE_NAME, "characters in the name of the table"),
        ];
        for (count, most, what) in checks {
            if count > most {
                let message = format!("the table for `{name}` would have {count} {what}: DynamoDB allows {most}");
                problems.push(Problem::new(Code::AMP0314, message).at(model.origin.clone()));
            }
        }
    }
    problems
}
