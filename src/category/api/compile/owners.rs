//! Where owners lose the part of their name that only the API needs: in the resolvers that give an item, so that the
//! field needs none of its own, or, where that cannot be, in a resolver of the field.
//!
//! An owner is stored as `sub::username` and read as `username`. Whoever gets an item from somewhere else, or needs the
//! stored value of it, keeps the resolver of the field.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::output::Output;
use crate::category::api::plan::{Action, Allow, Model, Resolver, Rule};
use crate::graphql::TypeKind;

/// Finds the owner fields of each model that need no resolver.
pub(super) fn find_shown(
    models: &mut IndexMap<String, Model>,
    resolvers: &[Resolver],
    output: &Output,
    subscription: &str,
) {
    let owned: Vec<(&str, &str)> = resolvers
        .iter()
        .filter_map(|resolver| match &resolver.action {
            Action::OwnerField { model } => Some((model.as_str(), resolver.field.as_str())),
            _ => None,
        })
        .collect();
    let reached = reached(&owned.iter().map(|(model, _)| *model).collect(), resolvers, output, subscription);
    for (name, field) in owned {
        let Some(model) = models.get(name) else { continue };
        let own = resolvers.iter().filter(|resolver| resolver.type_name == name);
        let needed = own.into_iter().any(|resolver| needs_stored(resolver, model, field));
        if !needed && !reached.contains(name) {
            models[name].shown_owners.push(field.to_owned());
        }
    }
}

/// Whether the resolver of a field looks at the stored owner of the item that the field stands in.
fn needs_stored(resolver: &Resolver, model: &Model, owner: &str) -> bool {
    let tested = |rules: &[Rule]| {
        rules.iter().any(|rule| match &rule.allow {
            Allow::Owner { field, .. } | Allow::DynamicGroups { field, .. } => field == owner,
            _ => false,
        })
    };
    let own_rules = model.field_rules.get(&resolver.field);
    match &resolver.action {
        Action::OwnerField { .. } => false,
        Action::RelatedMany { fields, .. } | Action::RelatedOne { fields, .. } => {
            fields.iter().any(|field| field == owner) || own_rules.is_some_and(|rules| tested(rules))
        }
        Action::ProtectedField { .. } => tested(own_rules.unwrap_or(&model.rules)),
        // Whatever else there may be gets the item as it is stored.
        _ => true,
    }
}

/// Whether a resolver gives items of its model with the owners as people know them.
fn shows_owners(action: &Action) -> bool {
    matches!(
        action,
        Action::Get { .. }
            | Action::List { .. }
            | Action::QueryIndex { .. }
            | Action::Create { .. }
            | Action::Update { .. }
            | Action::Delete { .. }
            | Action::RelatedMany { .. }
            | Action::RelatedOne { .. }
    )
}

/// Those of the models whose items come from other fields as well: of functions, of the user's own types, of unions.
fn reached<'a>(
    models: &BTreeSet<&'a str>,
    resolvers: &[Resolver],
    output: &'a Output,
    subscription: &str,
) -> BTreeSet<&'a str> {
    let givers: BTreeSet<(&str, &str)> = resolvers
        .iter()
        .filter(|resolver| shows_owners(&resolver.action))
        .map(|resolver| (resolver.type_name.as_str(), resolver.field.as_str()))
        .collect();
    let mut reached = BTreeSet::new();
    for found in output.types() {
        match &found.kind {
            TypeKind::Object { .. } if models.contains(found.name.as_str()) && !found.interfaces().is_empty() => {
                reached.insert(found.name.as_str());
            }
            TypeKind::Union(members) => reached.extend(members.iter().map(|member| member.name.as_str())),
            _ => {}
        }
        // Subscribers get what the mutation gave.
        if !found.is_object() || found.name == subscription {
            continue;
        }
        for field in found.fields() {
            let name = field.type_ref.name();
            let listed = name.strip_prefix("Model").and_then(|rest| rest.strip_suffix("Connection"));
            let found_model = models.get(name).or_else(|| listed.and_then(|listed| models.get(listed)));
            let Some(model) = found_model.copied() else { continue };
            let is_page = found.name == format!("Model{model}Connection");
            if !is_page && !givers.contains(&(found.name.as_str(), field.name.as_str())) {
                reached.insert(model);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests;
