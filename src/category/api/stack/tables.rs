//! The tables of a stack, and the roles by which resolvers reach them.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::Serialize;

use super::names::Names;
use super::syncing::{self, Kept};
use crate::category::api::plan::{
    Action, AttributeType, Index, Key, Model, Plan, Projection, Resolver, Source, Step, table_source,
};
use crate::category::api::services::ConversationStep;
use crate::error::{Code, Problem};

/// How many resources the table of a model is: itself and its data source.
pub(super) const RESOURCES: usize = 2;
/// How many tables share a role.
const TABLES_FOR_A_ROLE: usize = 15;
/// The policies of a role hold 10,240 characters without white space ("IAM and AWS STS quotas"); some are for the frame.
const LONGEST_POLICY: usize = 10_000;
/// The ARN of a table or of its indexes, without the name of the model: `"arn:aws-us-gov:dynamodb:ap-southeast-2:…"`.
const LONGEST_ARN: usize = 120;
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
    /// It has a stream of changes.
    stream: bool,
    /// What is kept of changes, with data sync.
    kept: Option<Kept>,
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
    /// Logical id of the table of recent changes.
    changes: Option<&'static str>,
    /// What AppSync does with that.
    changes_actions: Vec<&'static str>,
    /// Texts for `!Sub`: ARNs of functions that settle conflicts.
    handlers: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Grant {
    /// Id of the model.
    id: String,
    actions: Vec<&'static str>,
    indexes: bool,
}

/// The tables of some models with their roles. `api` is what `!Sub` knows the id of the API as.
pub(super) fn tables(plan: &Plan, models: &[&Model], names: &Names, api: &str) -> (Vec<Table>, Vec<Role>) {
    let mut tables = Vec::new();
    let mut roles = Vec::new();
    for (at, chunk) in chunks(plan, models, names).into_iter().enumerate() {
        let number = if at == 0 { String::new() } else { (at + 1).to_string() };
        let role = format!("TablesRole{number}");
        tables.extend(chunk.iter().map(|(model, _)| table(model, names.model(&model.name), &role, api)));
        let synced: Vec<&Model> =
            chunk.iter().map(|(model, _)| *model).filter(|model| syncing::is_synced(model)).collect();
        let handlers: BTreeSet<String> =
            synced.iter().filter_map(|model| syncing::function_arn(model.conflict.as_ref()?)).collect();
        let grants = chunk.into_iter().map(|(_, grant)| grant).filter(|grant| !grant.actions.is_empty()).collect();
        roles.push(Role {
            id: role,
            label: format!("role for the tables {number}").trim().to_owned(),
            grants,
            changes: (!synced.is_empty()).then_some(syncing::CHANGES),
            changes_actions: syncing::ACTIONS.to_vec(),
            handlers: handlers.into_iter().collect(),
        });
    }
    (tables, roles)
}

/// Models that share a role, each with what is granted for it.
type Chunk<'a> = Vec<(&'a Model, Grant)>;

fn chunks<'a>(plan: &Plan, models: &[&'a Model], names: &Names) -> Vec<Chunk<'a>> {
    let mut actions: BTreeMap<&str, BTreeSet<&'static str>> = BTreeMap::new();
    for resolver in &plan.resolvers {
        if let Some(model) = resolver.action.table() {
            actions.entry(model).or_default().extend(self::actions(&resolver.action));
        }
    }
    for function in plan.functions.values() {
        if let Some(Source::Table { model }) = plan.sources.get(&function.source) {
            actions.entry(model).or_default().extend(step_actions(&function.step));
        }
    }
    let mut chunks: Vec<Chunk<'a>> = Vec::new();
    let mut length = 0;
    for model in models {
        let mut used = actions.get(model.name.as_str()).cloned().unwrap_or_default();
        if syncing::is_synced(model) {
            used = syncing::ACTIONS.into();
        }
        if is_used_by_own_files(plan, &table_source(&model.name)) {
            used.extend(EVERY_ACTION);
        }
        let actions: Vec<&'static str> = used.into_iter().collect();
        let grant = Grant { id: names.model(&model.name), actions, indexes: !model.indexes.is_empty() };
        let more = grant.length(&model.table);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < TABLES_FOR_A_ROLE && length + more <= LONGEST_POLICY => {
                chunk.push((model, grant));
                length += more;
            }
            _ => {
                chunks.push(vec![(model, grant)]);
                length = more;
            }
        }
    }
    chunks
}

impl Grant {
    /// How long its statement is in a policy, at most: the ARNs are not known yet. A function that settles the
    /// conflicts of this model alone is counted as well.
    fn length(&self, table: &str) -> usize {
        let actions: usize = self.actions.iter().map(|action| action.len() + 3).sum();
        let arn = LONGEST_ARN + table.len();
        r#"{"Effect":"Allow","Action":[],"Resource":[]},"#.len() + actions + arn + usize::from(self.indexes) * arn
    }
}

fn table(model: &Model, id: String, role: &str, api: &str) -> Table {
    let (local, global): (Vec<&Index>, Vec<&Index>) = model.indexes.iter().partition(|index| index.local);
    Table {
        label: format!("table for {}", model.name),
        source_label: format!("data source for {}", model.name),
        source_name: format!("{}Table", model.name),
        name: format!("{}-${{{api}}}-${{Environment}}", model.table),
        role: role.to_owned(),
        stream: model.stream,
        kept: syncing::kept(model),
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

/// What AppSync can do with items ("Resolver mapping template reference for DynamoDB").
const EVERY_ACTION: [&str; 9] = [
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
];

/// Whether the user's own resolvers or functions use a data source.
fn is_used_by_own_files(plan: &Plan, source: &str) -> bool {
    let own = |path: String| plan.own_files.contains_key(&path);
    let in_resolver = |resolver: &Resolver| {
        resolver.source == source && own(format!("resolvers/{}.{}.js", resolver.type_name, resolver.field))
    };
    plan.resolvers.iter().any(in_resolver)
        || plan.functions.iter().any(|(name, step)| step.source == source && own(format!("functions/{name}.js")))
}

/// The calls of DynamoDB that AppSync makes. When a condition fails it reads the item, to hand it to the resolver.
fn actions(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Get { .. } => &["dynamodb:GetItem"],
        Action::List { .. } | Action::ListLatest { .. } | Action::Sync { .. } => &["dynamodb:Query", "dynamodb:Scan"],
        Action::QueryIndex { .. } | Action::RelatedMany { .. } => &["dynamodb:Query"],
        Action::RelatedOne { .. } => &["dynamodb:GetItem", "dynamodb:Query"],
        Action::Create { .. } => &["dynamodb:GetItem", "dynamodb:PutItem"],
        Action::Update { .. } => &["dynamodb:GetItem", "dynamodb:UpdateItem"],
        Action::Delete { .. } => &["dynamodb:DeleteItem", "dynamodb:GetItem"],
        Action::Subscribe { .. }
        | Action::Search { .. }
        | Action::Generate { .. }
        | Action::Converse { .. }
        | Action::SubscribeToAnswers
        | Action::Predict { .. }
        | Action::ProtectedField { .. }
        | Action::OwnerField { .. }
        | Action::SqlStatement(_)
        | Action::Pipeline { .. }
        | Action::Invoke { .. }
        | Action::Request(_)
        | Action::Own { .. } => &[],
    }
}

/// The same for the functions of pipelines.
fn step_actions(step: &Step) -> &'static [&'static str] {
    match step {
        Step::Converse { step, .. } => match step {
            ConversationStep::Touch | ConversationStep::Stream => &["dynamodb:GetItem", "dynamodb:UpdateItem"],
            ConversationStep::Write | ConversationStep::Respond => &["dynamodb:PutItem"],
            ConversationStep::Check => &["dynamodb:GetItem"],
            ConversationStep::Ask => &[],
        },
        // The resolver of a write counts for its functions.
        Step::CheckItem { .. } | Step::WriteItem { .. } => &[],
        Step::Predict { .. } | Step::Invoke { .. } | Step::Own | Step::Check { .. } => &[],
    }
}

/// Where a table would exceed what DynamoDB allows.
pub(super) fn limits(plan: &Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    for model in plan.models.values().filter(|model| model.sql.is_none()) {
        let name = &model.name;
        let local = model.indexes.iter().filter(|index| index.local).count();
        let checks = [
            (model.indexes.len() - local, MOST_GLOBAL_INDEXES, "global secondary indexes"),
            (local, MOST_LOCAL_INDEXES, "local secondary indexes"),
            (model.table.len() + TABLE_NAME_SUFFIX, LONGEST_TABLE_NAME, "characters in the name of the table"),
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
