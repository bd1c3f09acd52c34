//! The stacks of a bucket and of a table.

use indexmap::IndexMap;
use serde::Serialize;

use super::policies::{self, Policy};
use super::{Attribute, BucketSpec, Expiry, TableSpec, bucket_arn, bucket_name, granted_groups};
use crate::base::LogicalId;
use crate::category::function::{FunctionSpec, UNIQUE};
use crate::category::synthesis::{Need, rendered};
use crate::category::{Context, ResourceSpec, Synthesis};
use crate::error::{Code, Problem};

/// Context of `storage/bucket.yaml`.
#[derive(Debug, Serialize)]
struct BucketStack<'a> {
    description: String,
    /// Text for `!Sub`.
    bucket_name: String,
    /// Text for `!Sub`.
    bucket_arn: String,
    /// Parameters that are part of its name.
    environment: bool,
    unique: bool,
    versioning: bool,
    /// `Retain` or `Delete`.
    deletion: &'static str,
    origins: &'a [String],
    expire: &'a [Expiry],
    /// Parameters that other stacks fill, with what they are.
    parameters: IndexMap<String, String>,
    policies: Vec<Policy>,
    listeners: Vec<Listener>,
}

/// A function that is told of changes.
#[derive(Debug, Serialize)]
struct Listener {
    /// Logical id of its permission.
    permission: String,
    label: String,
    /// The parameter with its ARN.
    parameter: String,
    /// What it is told.
    notices: Vec<Notice>,
}

#[derive(Debug, Serialize)]
struct Notice {
    event: &'static str,
    /// What keys begin with; every key when empty.
    prefix: String,
}

/// Context of `storage/table.yaml`.
#[derive(Debug, Serialize)]
struct TableStack {
    description: String,
    /// `Retain` or `Delete`.
    deletion: &'static str,
    attributes: Vec<KeyPart>,
    key: Vec<KeyPart>,
    indexes: Vec<Index>,
    stream: bool,
    expires: Option<String>,
    point_in_time_recovery: bool,
}

#[derive(Debug, Serialize)]
struct KeyPart {
    name: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Index {
    name: String,
    key: Vec<KeyPart>,
}

fn deletion(keep: bool) -> &'static str {
    if keep { "Retain" } else { "Delete" }
}

/// The stack of a bucket.
pub(super) fn bucket(spec: &BucketSpec, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
    let name = context.name;
    let policies = policies::policies(name, spec, &granted_groups(context.siblings));
    let listeners = listeners(context);
    let mut needs = Vec::new();
    let mut parameters = IndexMap::new();
    if let Some((auth, _)) = context.auth() {
        for role in policies.iter().flat_map(|policy| &policy.roles) {
            if parameters.insert(role.clone(), "Role of the identity pool".to_owned()).is_none() {
                needs.push(Need { parameter: id(role)?, of: auth.clone(), output: id(role)? });
            }
        }
    }
    for (function, listener) in &listeners {
        parameters.insert(listener.parameter.clone(), format!("Function {function}, which is told of files"));
        needs.push(Need { parameter: id(&listener.parameter)?, of: function.clone(), output: id("FunctionArn")? });
    }
    let bucket_name = bucket_name(name, spec);
    let stack = BucketStack {
        description: format!("The bucket {name}: files, and who may reach them"),
        environment: bucket_name.contains("${Environment}") || !policies.is_empty(),
        unique: bucket_name.contains(&format!("${{{UNIQUE}}}")),
        bucket_arn: bucket_arn(name, spec),
        bucket_name,
        versioning: spec.versioning,
        deletion: deletion(spec.keep),
        origins: &spec.origins,
        expire: &spec.expire,
        parameters,
        policies,
        listeners: listeners.into_values().collect(),
    };
    let mut synthesis = rendered(context, "storage/bucket.yaml", &stack, IndexMap::new())?;
    synthesis.needs = needs;
    Ok(synthesis)
}

fn id(text: &str) -> Result<LogicalId, Vec<Problem>> {
    LogicalId::new(text).map_err(|error| vec![Problem::new(Code::AMP0901, error.to_string())])
}

/// The functions with a trigger of this bucket.
fn listeners(context: &Context<'_>) -> IndexMap<crate::base::ResourceName, Listener> {
    let mut found = IndexMap::new();
    for (function, spec) in context.siblings {
        let ResourceSpec::Function(FunctionSpec { triggers, .. }) = spec else { continue };
        let notices = triggers.iter().filter_map(|trigger| trigger.of_bucket(context.name));
        let notices: Vec<Notice> = notices.map(|(event, prefix)| Notice { event, prefix: prefix.to_owned() }).collect();
        if !notices.is_empty() {
            let logical = function.logical();
            let listener = Listener {
                permission: format!("{logical}Permission"),
                label: format!("permission to tell {function}"),
                parameter: format!("{logical}FunctionArn"),
                notices,
            };
            found.insert(function.clone(), listener);
        }
    }
    found
}

/// The stack of a table.
pub(super) fn table(spec: &TableSpec, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
    let indexes = spec.indexes.iter();
    let indexes =
        indexes.map(|(name, index)| Index { name: name.clone(), key: key(&index.key, index.sort_key.as_ref()) });
    let attributes = spec.attributes().into_iter();
    let triggered = |spec: &ResourceSpec| match spec {
        ResourceSpec::Function(function) => function.triggers.iter().any(|trigger| trigger.is_of_table(context.name)),
        _ => false,
    };
    let stack = TableStack {
        description: format!("The table {}: items by their keys", context.name),
        deletion: deletion(spec.keep),
        attributes: attributes.map(|(name, kind)| KeyPart { name: name.to_owned(), kind: kind.letter() }).collect(),
        key: key(&spec.key, spec.sort_key.as_ref()),
        indexes: indexes.collect(),
        stream: spec.stream || context.siblings.values().any(triggered),
        expires: spec.expires.clone(),
        point_in_time_recovery: spec.point_in_time_recovery,
    };
    rendered(context, "storage/table.yaml", &stack, IndexMap::new())
}

fn key(key: &Attribute, sort: Option<&Attribute>) -> Vec<KeyPart> {
    let part = |attribute: &Attribute, kind| KeyPart { name: attribute.name.clone(), kind };
    std::iter::once(part(key, "HASH")).chain(sort.map(|sort| part(sort, "RANGE"))).collect()
}
