//! Logical ids. A model keeps its own whatever else the schema holds, because a new id is a new, empty table.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::category::api::plan::Plan;
use crate::render::filters::logical_id;

/// The ids of one stack.
#[derive(Debug)]
pub(super) struct Names {
    models: IndexMap<String, String>,
    resolvers: BTreeSet<String>,
}

impl Names {
    pub(super) fn new(plan: &Plan) -> Self {
        let models = plan.models.keys().map(|name| (name.clone(), id(name))).collect();
        Self { models, resolvers: BTreeSet::new() }
    }

    /// The id of a model, to which its kinds of resources are appended.
    pub(super) fn model(&self, name: &str) -> String {
        self.models.get(name).cloned().unwrap_or_else(|| id(name))
    }

    /// The id of a resolver, without `Resolver`. One that is taken gets a suffix: a resolver holds nothing.
    pub(super) fn resolver(&mut self, type_name: &str, field: &str) -> String {
        let plain = format!("{}{}", logical_id(type_name).unwrap_or_default(), logical_id(field).unwrap_or_default());
        let full = format!("{type_name}.{field}");
        let id = if self.resolvers.contains(&plain) { format!("{plain}{}", digest(&full)) } else { plain };
        self.resolvers.insert(id.clone());
        id
    }
}

/// The output with the stream of a model's table.
pub(in crate::category) fn stream_output(model: &str) -> String {
    format!("{}TableStreamArn", id(model))
}

/// The id of a function of pipelines, without `Function`.
pub(super) fn function(name: &str) -> String {
    id(name)
}

/// Letters and digits alone; what an id cannot hold must not make two models one.
fn id(name: &str) -> String {
    let plain = logical_id(name).unwrap_or_default();
    if plain == name { plain } else { format!("{plain}{}", digest(name)) }
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..4])
}
