//! A user's patch, applied to a template: merged as RFC 7396 says, section by section, by logical id.
//!
//! A patch cannot add resources: a logical id that the template does not have is a slip of the finger, and told with
//! its nearest neighbour. Parameters, mappings, conditions and outputs may be added.

use super::parse::{parse_patch, path_at};
use super::{Map, Template, Value, parse, print};
use crate::base::suggest::nearest;
use crate::error::{Code, Problem};

/// The sections that a patch may touch.
const SECTIONS: &[&str] = &["Description", "Metadata", "Parameters", "Mappings", "Conditions", "Resources", "Outputs"];

/// The template with the patch in `text` applied. Maps are merged, null removes, everything else replaces.
///
/// # Errors
/// Every problem of the patch, with its place in `origin`: its grammar, sections and logical ids that do not exist, and
/// whatever would make the result no template.
pub fn apply(template: &Template, text: &str, origin: &str) -> Result<Template, Vec<Problem>> {
    if text.trim().is_empty() {
        return Ok(template.clone());
    }
    let patch = parse_patch(text, origin)?;
    let mut problems = Vec::new();
    for (section, value) in &patch.sections {
        if !SECTIONS.contains(&section.as_str()) {
            let message = format!("the patch touches `{}`: no such section", section.escape_debug());
            let problem = Problem::new(Code::AMP0113, with_suggestion(message, section, SECTIONS.iter().copied()));
            problems.push(patch.place(problem, std::slice::from_ref(section)));
        }
        if section == "Resources" {
            let ids = value.as_map().into_iter().flat_map(Map::keys);
            for id in ids.filter(|id| !template.resources.contains_key(id.as_str())) {
                let message = format!("the patch names `{}`, which is no resource of this stack", id.escape_debug());
                let known = template.resources.keys().map(AsRef::as_ref);
                let problem = Problem::new(Code::AMP0113, with_suggestion(message, id, known));
                problems.push(patch.place(problem, &[section.clone(), id.clone()]));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut document = print::document(template);
    merge(&mut document, &Value::Map(patch.sections.clone()));
    let merged = document.to_json().to_string();
    let mut result = parse(&merged, origin).map_err(|problems| {
        let place = |problem: Problem| {
            // The merged text is one line, so that the column tells the character.
            let column = problem.location.as_ref().map_or(1, |location| location.column);
            let offset = merged.char_indices().nth(column - 1).map_or(0, |(offset, _)| offset);
            patch.place(Problem { code: Code::AMP0113, ..problem }, &path_at(&merged, offset))
        };
        problems.into_iter().map(place).collect::<Vec<_>>()
    })?;
    for (id, resource) in &mut result.resources {
        resource.origin = template.resources.get(id).and_then(|old| old.origin.clone());
    }
    Ok(result)
}

fn with_suggestion<'a>(message: String, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message,
    }
}

/// The algorithm of RFC 7396, section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Map(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !matches!(target, Value::Map(_)) {
        *target = Value::Map(Map::new());
    }
    let Value::Map(target) = target else { return };
    for (key, value) in patch {
        if *value == Value::Null {
            target.shift_remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests;
