//! Resolvers that search: a filter, a sort order and aggregations as a request of OpenSearch.

use serde::Serialize;

use super::access::{Guard, field_rules_for};
use super::script::{is_one_of, text};
use super::{Helpers, Scene, all, denied, key_fields};
use crate::category::api::plan::{FieldKind, Operation, Rule};
use crate::render::{RenderError, Renderer};

/// What a page holds unless the caller says otherwise.
const PAGE: u32 = 100;

/// Types whose values OpenSearch compares as they are; texts are compared by their `.keyword`.
const PLAIN: [&str; 6] = ["Int", "Float", "Boolean", "AWSTimestamp", "AWSDate", "AWSDateTime"];

/// Context of `search.js`.
#[derive(Debug, Serialize)]
struct Searching {
    title: String,
    /// JavaScript for the path of the index.
    path: String,
    limit: u32,
    key_fields: Vec<String>,
    /// Fields that are compared as they are.
    plain_fields: Vec<String>,
    dynamic: bool,
    /// Fields follow different rules, so that aggregations over them are checked one by one.
    guarded: bool,
    /// The first is about items, the others about single fields; the last of those about all that are left.
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// `Query.searchPosts`
pub(super) fn search(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    let model = scene.model;
    let rules = scene.reading_rules(&[Operation::Search]);
    let comment = format!("What the rules of {} let the caller find.", model.name);
    let guard = Guard::new("access", comment, &all(&rules), None);
    if guard.is_closed() {
        return denied(scene, render);
    }
    let mut guards = vec![guard];
    if !model.field_rules.is_empty() {
        guards.extend(field_guards(scene));
    }
    let plain = |name: &&String| {
        let field = &model.fields[*name];
        field.kind == FieldKind::Scalar && PLAIN.contains(&field.type_name.as_str())
    };
    let context = Searching {
        title: format!("{}: {} that match a filter.", scene.name(), model.plural),
        path: text(&format!("/{}/_search", index_name(&model.name))),
        limit: PAGE,
        key_fields: key_fields(&model.key),
        plain_fields: model.fields.keys().filter(plain).cloned().collect(),
        dynamic: guards[0].dynamic,
        guarded: guards.len() > 1,
        helpers: Helpers::of(&guards, false),
        guards,
    };
    render.render("api/resolver/search.js", &context)
}

/// Name of a model's index: the streaming function takes it from the name of the table.
pub(in crate::category::api) fn index_name(model: &str) -> String {
    model.to_lowercase()
}

/// One guard for each set of fields that follow the same rules; the last is for the fields without their own.
fn field_guards(scene: &Scene<'_>) -> Vec<Guard> {
    let model = scene.model;
    let mut sets: Vec<(Vec<String>, Vec<Rule>)> = Vec::new();
    let own = model.fields.keys().filter(|name| model.field_rules.contains_key(*name));
    for name in own {
        let rules = field_rules_for(model, name, &[Operation::Search]);
        match sets.iter_mut().find(|(_, known)| *known == rules) {
            Some((fields, _)) => fields.push(name.clone()),
            None => sets.push((vec![name.clone()], rules)),
        }
    }
    let mut guards: Vec<Guard> = Vec::new();
    for (fields, rules) in &sets {
        let what = format!("Whose values of {} the caller may aggregate.", fields.join(", "));
        guards.push(Guard { about: is_one_of(fields), ..Guard::new("access", what, &all(rules), None) });
    }
    let rules = super::access::rules_for(model, &[Operation::Search]);
    let what = "Whose values of all other fields the caller may aggregate.".to_owned();
    guards.push(Guard::new("access", what, &all(&rules), None));
    for (at, guard) in guards.iter_mut().enumerate() {
        guard.function = format!("access{}", at + 1);
        guard.dynamic = true;
    }
    guards
}
