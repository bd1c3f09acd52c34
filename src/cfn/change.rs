//! What differs between two templates.
//!
//! Whether a changed property means a new resource is known to the cloud alone: here it is
//! [`Replacement::Conditional`] unless the type itself changed.

use serde_json::Value as Json;

use super::{Action, Change, ChangeSet, Replacement, Resource, Template};
use crate::base::{Label, LogicalId, StackName};

/// The changes that lead from `before` to `after`: modified and added resources in the order of `after`, then the
/// removed ones.
pub fn compare(stack: &StackName, before: &Template, after: &Template) -> ChangeSet {
    let change = |id: &LogicalId, resource: &Resource, action, replacement, why| Change {
        stack: stack.clone(),
        resource: id.clone(),
        label: resource.label.clone().unwrap_or_else(|| Label(id.to_string())),
        kind: resource.kind.clone(),
        action,
        replacement,
        why,
    };
    let mut changes = Vec::new();
    for (id, new) in &after.resources {
        match before.resources.get(id) {
            None => changes.push(change(id, new, Action::Add, Replacement::Never, Vec::new())),
            Some(old) => {
                if let Some((replacement, why)) = difference(old, new) {
                    changes.push(change(id, new, Action::Modify, replacement, why));
                }
            }
        }
    }
    for (id, old) in &before.resources {
        if !after.resources.contains_key(id) {
            changes.push(change(id, old, Action::Remove, Replacement::Never, Vec::new()));
        }
    }
    ChangeSet { changes }
}

/// Where the resources differ, `None` when they do not.
fn difference(old: &Resource, new: &Resource) -> Option<(Replacement, Vec<String>)> {
    if old.kind != new.kind {
        return Some((Replacement::Always, vec!["Type".to_owned()]));
    }
    let mut why = differing_paths(&old.properties.to_json(), &new.properties.to_json());
    let replacement = if why.is_empty() { Replacement::Never } else { Replacement::Conditional };
    for (name, differs) in [
        ("DependsOn", old.depends_on != new.depends_on),
        ("Condition", old.condition != new.condition),
        ("DeletionPolicy", old.deletion != new.deletion),
        ("UpdateReplacePolicy", old.update_replace != new.update_replace),
        ("Metadata", old.metadata != new.metadata),
    ] {
        if differs {
            why.push(name.to_owned());
        }
    }
    (!why.is_empty()).then_some((replacement, why))
}

/// The paths (`Keys.0.Name`) at which two values differ, in the order of the file. Lists of different length differ as
/// a whole.
pub fn differing_paths(before: &Json, after: &Json) -> Vec<String> {
    let mut found = Vec::new();
    collect(before, after, String::new(), &mut found);
    found
}

fn collect(before: &Json, after: &Json, path: String, found: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (before, after) {
        (before, after) if before == after => {}
        (Json::Object(before), Json::Object(after)) => {
            for (key, value) in after {
                match before.get(key) {
                    Some(old) => collect(old, value, below(key), found),
                    None => found.push(below(key)),
                }
            }
            found.extend(before.keys().filter(|key| !after.contains_key(*key)).map(|key| below(key)));
        }
        (Json::Array(before), Json::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                collect(before, after, below(&index.to_string()), found);
            }
        }
        _ => found.push(path),
    }
}

#[cfg(test)]
mod tests;
